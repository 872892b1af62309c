//! What is imported is valid in the language.

mod support;

use loomwork_workflow::{Severity, analyze};
use support::SAMPLES;

fn problems(text: &str) -> Vec<String> {
    let diagnostics = analyze(text).diagnostics;
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|error| format!("{} line {}: {}", error.code, error.span.start.line, error.message)).collect()
}

#[test]
fn every_imported_file_is_valid() {
    let mut wrong = Vec::new();
    for sample in &SAMPLES {
        let found: Vec<String> = sample.import().files.iter().flat_map(|file| problems(&file.text)).collect();
        if !found.is_empty() {
            wrong.push(format!("{}:\n  {}", sample.title(), found.join("\n  ")));
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
