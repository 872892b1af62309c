//! The pages of the language: their whole examples are workflows without problems (hints are none), and expressions have the values that the
//! tables say. What comes of the examples when they run is tested with the whole system.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::disallowed_methods, reason = "the tests read files of the repository; the crate itself reads none")]

use std::collections::BTreeSet;
use std::path::Path;

use loomwork_workflow::{Action, Scope, Severity, analyze, functions};
use serde_json::Value;

/// Name and text of each page.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_whole_example_is_valid() {
    let mut count = 0;
    for (name, page) in pages() {
        for block in page.split("\n```yaml").skip(1).filter_map(|rest| rest.split("\n```").next()) {
            let (head, text) = block.split_once('\n').unwrap();
            if !text.starts_with("loomwork: 1\n") || head.contains("invalid") {
                continue;
            }
            let analysis = analyze(text);
            let hints = analysis.diagnostics.iter().all(|found| found.severity == Severity::Hint);
            assert!(hints, "{name}: {:#?}\n{text}", analysis.diagnostics);
            count += 1;
        }
    }
    assert!(count > 5, "{count} examples");
}

/// The rows of all tables of expressions and values.
fn rows(page: &str) -> Vec<(String, Value)> {
    let mut rows = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line != "| expression | value |" {
            continue;
        }
        for row in lines.by_ref().skip(1).take_while(|row| row.starts_with('|')) {
            let cells = row.trim_start_matches("| `").trim_end_matches("` |");
            let (expression, value) = cells.split_once("` | `").unwrap_or_else(|| panic!("{row}"));
            let value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{row}: {error}"));
            rows.push((expression.replace("\\|", "|"), value));
        }
    }
    rows
}

fn evaluate(expression: &str) -> Value {
    let text = Value::from(format!("${{{{ {expression} }}}}"));
    let source = format!("loomwork: 1\nid: table\nsteps:\n  - {{ id: row, set: {{ value: {text} }} }}\n");
    let analysis = analyze(&source);
    let workflow = analysis.workflow.unwrap_or_else(|| panic!("{expression}: {:#?}", analysis.diagnostics));
    let Action::Set(values) = &workflow.body.steps[0].action else { panic!("it is a `set`") };
    values["value"].evaluate(&Scope::default()).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

#[test]
fn expressions_have_the_values_that_the_tables_say() {
    let rows: Vec<_> = pages().iter().flat_map(|(_, page)| rows(page)).collect();
    assert!(rows.len() > 80, "{} rows", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .map(|(expression, said)| (expression, said, evaluate(expression)))
        // 2 and 2.0 differ.
        .filter(|(_, said, is)| is != *said)
        .map(|(expression, said, is)| format!("{expression} is {is}, the page says {said}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_has_an_example() {
    let functions: BTreeSet<&str> = functions().into_iter().map(|function| function.name).collect();
    assert!(functions.len() > 60, "{functions:?}");
    let shown: String = pages().iter().flat_map(|(_, page)| rows(page)).map(|(expression, _)| expression + "\n").collect();
    let missing: Vec<_> = functions.iter().filter(|name| !shown.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}

/// The keys that can be written between two texts.
fn keys_between(before: &str, after: &str) -> Vec<String> {
    let offered = complete(&format!("{before}{after}"), before.len());
    let offered = offered.into_iter().filter(|completion| completion.kind == CompletionKind::Key);
    offered.map(|completion| completion.label.trim_end_matches(": ").trim_end_matches(':').to_owned()).collect()
}

#[test]
fn every_key_has_an_example_or_is_said_not_to_be_run() {
    let top = keys_between("loomwork: 1\nid: t\nsteps: []\n", "");
    let step = keys_between("loomwork: 1\nid: t\nsteps:\n  - id: a\n    ", "\n    run: x\n");
    assert!(top.contains(&"concurrency".to_owned()) && step.contains(&"compensate".to_owned()), "{top:?} {step:?}");
    let mut shown = BTreeSet::new();
    for (name, page) in pages() {
        for example in page.split("\n```yaml run").skip(1).filter_map(|rest| rest.split("\n```").next()) {
            let fields = example.split(['\n', '{', ',']).filter_map(|field| field.split_once(':'));
            shown.extend(fields.map(|(key, _)| key.trim_start_matches([' ', '-']).to_owned()));
        }
        if name == "not-yet.md" {
            let rows = page.lines().filter(|line| line.starts_with("| `"));
            shown.extend(rows.flat_map(|row| row.split('`').skip(1).step_by(2)).map(str::to_owned));
        }
    }
    let missing: Vec<_> = top.iter().chain(&step).filter(|key| !shown.contains(*key)).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}
