//! What is imported is valid in the language, as far as `loomwork-workflow` knows the language already.

mod support;

use loomwork_workflow::{Severity, analyze};
use support::SAMPLES;

/// Imports that need parts of the language which cannot be validated yet, by the title of their sample. An entry is removed
/// as soon as its files validate: the test fails while one stands here for nothing.
const PENDING: &[(&str, &str)] = &[("serverless-workflow-tools", "groups, `tool`, `container`, `first_of`, `jq` and `workflow`")];

fn problems(text: &str) -> Vec<String> {
    let diagnostics = analyze(text).diagnostics;
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|error| format!("{} line {}: {}", error.code, error.span.start.line, error.message)).collect()
}

#[test]
fn imported_files_validate_unless_they_are_pending() {
    let mut wrong = Vec::new();
    for sample in &SAMPLES {
        let title = sample.title();
        let found: Vec<String> = sample.import().files.iter().flat_map(|file| problems(&file.text)).collect();
        let pending = PENDING.iter().find(|(pending, _)| *pending == title);
        match (found.is_empty(), pending) {
            (true, Some((_, reason))) => {
                wrong.push(format!("{title} validates now; it is no longer pending because of: {reason}"))
            }
            (false, None) => wrong.push(format!("{title}:\n  {}", found.join("\n  "))),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_imported_is_broken_at_the_level_of_yaml_or_expressions() {
    for sample in &SAMPLES {
        for file in sample.import().files {
            for problem in problems(&file.text) {
                let broken = ["LW0101", "LW0102", "LW0104", "LW0105", "LW0111", "LW0121", "LW0122", "LW0301", "LW0306"];
                assert!(!broken.iter().any(|code| problem.starts_with(code)), "{}: {problem}\n{}", sample.title(), file.text);
            }
        }
    }
}

#[test]
fn every_expression_that_is_written_is_one_of_the_language() {
    for sample in &SAMPLES {
        for file in sample.import().files {
            let written = file.text.split("${{ ").skip(1).filter_map(|rest| rest.split(" }}").next());
            for expression in written.filter(|expression| !expression.contains(['\\', '\n'])) {
                let value = serde_json::Value::from(format!("${{{{ {expression} }}}}"));
                let alone = format!("loomwork: 1\nid: x\nsteps:\n  - id: only\n    set: {{ value: {value} }}\n");
                let found = problems(&alone);
                let broken = found
                    .iter()
                    .find(|problem| ["LW0301", "LW0303", "LW0305", "LW0308"].iter().any(|code| problem.starts_with(code)));
                assert!(broken.is_none(), "{}: {expression}: {broken:?}", sample.title());
            }
        }
    }
}
