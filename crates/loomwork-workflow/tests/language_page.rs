//! The examples of the language's page are workflows without problems; hints are no problems.

#[test]
fn every_whole_example_of_the_language_page_is_valid() {
    let page = include_str!("../../../docs/language.md");
    let examples: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples.into_iter().filter(|example| example.starts_with("loomwork:")) {
        let analysis = loomwork_workflow::analyze(example);
        let hints = analysis.diagnostics.iter().all(|found| found.severity == loomwork_workflow::Severity::Hint);
        assert!(hints, "{:?}\n{example}", analysis.diagnostics);
    }
}
