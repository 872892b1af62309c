//! Problems of a workflow with the other files of its workspace: the pages of their codes show them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use loomwork_api::Diagnostic;
use loomwork_app::check_file;
use loomwork_workflow::codes;

/// Files of a page's half: their paths and texts.
fn files(half: &str) -> Vec<(&str, &str)> {
    let parts = half.split("```yaml\n").collect::<Vec<_>>();
    let pairs = parts.windows(2).map(|pair| {
        let path = pair[0].trim_end().trim_end_matches("`:").rsplit('`').next().expect("a path stands before the text");
        (path, pair[1].split("```").next().expect("the text has an end"))
    });
    pairs.collect()
}

/// Bytes of a text in which `<E9>` stands for one byte.
fn bytes(text: &str) -> Vec<u8> {
    match text.split_once("<E9>") {
        Some((before, after)) => [before.as_bytes(), &[0xE9], after.as_bytes()].concat(),
        None => text.as_bytes().to_vec(),
    }
}

fn check(half: &str) -> Vec<Diagnostic> {
    let place = tempfile::tempdir().unwrap();
    place_files(place.path(), half);
    check_file(&place.path().join("workflows/example.yaml")).unwrap().diagnostics
}

fn place_files(place: &Path, half: &str) {
    for (path, text) in files(half) {
        let path = place.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes(text)).unwrap();
    }
}

fn found(half: &str) -> Vec<String> {
    check(half).into_iter().map(|found| found.code).collect()
}

fn halves(code: &str) -> (&'static str, &'static str) {
    codes::find(code).unwrap().page.split_once("## Mended").unwrap()
}

#[test]
fn the_examples_of_the_pages_show_their_problem_and_the_mended_ones_do_not() {
    for code in ["LW0901", "LW0903", "LW0904", "LW0905", "LW0906", "LW0907", "LW0908", "LW0909", "LW0911"] {
        let (bad, good) = halves(code);
        assert_eq!(found(bad), [code], "{bad}");
        assert_eq!(found(good), Vec::<String>::new(), "{good}");
    }
    assert_eq!(found(halves("LW0910").0), ["LW0910"]);
}

#[test]
fn a_fault_of_a_jq_program_stands_at_its_place_in_the_file() {
    let place_of = |program: &str| {
        let text =
            format!("`workflows/example.yaml`:\n\n```yaml\nloomwork: 1\nid: example\nsteps:\n  - id: a\n    jq: {program}\n```");
        let problems = check(&text);
        assert_eq!(problems.len(), 1, "{program}: {problems:?}");
        let found = &problems[0];
        assert_eq!((found.code.as_str(), found.step.as_deref()), ("LW0911", Some("a")), "{program}");
        ((found.line, found.column, found.end_line, found.end_column), found.message.clone())
    };
    let (place, message) = place_of("{ program: \"[.a, sorted]\" }");
    assert_eq!(place, (5, 26, 5, 32));
    assert!(message.contains("filter `sorted`"), "{message}");
    assert_eq!(place_of("\n      program: |\n        map(.a)\n        | $x + 1").0, (8, 11, 8, 13));
    assert_eq!(place_of("{ program: \".a | map(\" }").0, (5, 29, 5, 30));
    // Where the line cannot be told, the first line of the program is marked.
    assert_eq!(place_of("\n      program: |\n        . |\n        . |\n        | 1").0.0, 9);
    assert_eq!(place_of("\n      program: |\n        bad\n        | bad").0.0, 7);
    assert_eq!(place_of("{ program: \"\" }").0, (5, 20, 5, 22));
}

#[test]
fn a_secret_with_a_value_is_no_problem() {
    let place = tempfile::tempdir().unwrap();
    place_files(place.path(), halves("LW0910").0);
    let store = place.path().join(".loomwork/secrets.json");
    fs::create_dir_all(store.parent().unwrap()).unwrap();
    fs::write(&store, r#"{"PUBLISH_TOKEN": "x"}"#).unwrap();
    fs::set_permissions(&store, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(check_file(&place.path().join("workflows/example.yaml")).unwrap().diagnostics, []);
}

#[test]
fn the_whole_circle_of_calls_is_named_at_the_call_that_begins_it() {
    let problems = check(halves("LW0905").0);
    assert!(problems[0].message.contains("`example` → `other` → `example`"), "{}", problems[0].message);
    assert_eq!((problems[0].line, problems[0].column, problems[0].step.as_deref()), (5, 21, Some("again")));
}

#[test]
fn problems_with_other_files_stand_at_the_word_and_are_mended_by_it() {
    for (code, column, word) in [("LW0904", 21, "sub"), ("LW0907", 46, "count")] {
        let problems = check(halves(code).0);
        let fix = &problems[0].fixes[0];
        assert_eq!((problems[0].line, problems[0].column), (5, column), "{code}");
        assert_eq!((fix.edits[0].column, fix.edits[0].text.as_str()), (column, word), "{code}");
    }
}
