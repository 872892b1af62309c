//! Every sample imports as its snapshot says, is recognised, and loses no key.

#![allow(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod support;

use std::fmt::Write;

use loomwork_dialects::{Dialect, ImportError, ImportOptions, Severity, detect, import};
use serde_json::Value;
use support::SAMPLES;

#[test]
fn every_sample_imports_as_its_snapshot_says() {
    for sample in &SAMPLES {
        let imported = sample.import();
        let mut shown = String::new();
        for file in &imported.files {
            let _ = writeln!(shown, "=== {}\n{}", file.path, file.text);
        }
        shown.push_str("=== report\n");
        for finding in &imported.report {
            let line = finding.line.map_or_else(String::new, |line| format!("{}:{line}", finding.file));
            let _ = writeln!(shown, "{} {line} {}\n    {}", finding.severity.as_str(), finding.path, finding.message);
        }
        insta::assert_snapshot!(sample.title(), shown);
    }
}

#[test]
fn every_sample_is_recognised_as_its_dialect() {
    for sample in &SAMPLES {
        assert_eq!(detect(sample.name, sample.text), Some(sample.dialect), "{}", sample.title());
        for file in sample.import().files {
            assert_eq!(detect(&file.path, &file.text), None, "{}", file.path);
        }
    }
    assert_eq!(detect("x.yaml", "just: a map\n"), None);
    assert_eq!(detect("x.yaml", "- [\n"), None);
}

/// Files and findings without lines: what a person gets to see. And the places that the report says are not in the files.
fn outcome(sample: &support::Sample, value: &Value) -> Result<(String, Vec<String>), ImportError> {
    let imported = import(sample.dialect, sample.name, &format!("{value:#}"), &sample.options())?;
    let mut seen = String::new();
    imported.files.iter().for_each(|file| seen.push_str(&file.text));
    let mut dropped = Vec::new();
    for finding in &imported.report {
        let _ = write!(seen, "{}{}{}", finding.severity.as_str(), finding.path, finding.message);
        if finding.severity == Severity::Dropped {
            dropped.push(finding.path.clone());
        }
    }
    Ok((seen, dropped))
}

/// Whether a place, or one that it lies in, is among some.
fn covered(pointer: &str, places: &[String]) -> bool {
    places.iter().any(|place| pointer == place || pointer.starts_with(&format!("{place}/")))
}

/// The pointers of all values below the root; of long lists only the first three and the last.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |key: &str, child: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(pointer.clone());
        pointers(child, &pointer, found);
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, child)| visit(key, child)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .filter(|(index, _)| *index < 3 || index + 1 == items.len())
            .for_each(|(index, child)| visit(&index.to_string(), child)),
        _ => {}
    }
}

fn as_json(sample: &support::Sample) -> Value {
    reader::read(sample.text)
}

/// A reader of YAML that shares no code with the one under test.
mod reader {
    use saphyr_parser::{Event, Parser, ScalarStyle};
    use serde_json::Value;

    enum Open {
        List(Vec<Value>),
        Map(serde_json::Map<String, Value>, Option<String>),
    }

    pub(crate) fn read(text: &str) -> Value {
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let value = match event.unwrap().0 {
                Event::Scalar(text, style, ..) => {
                    if let Some(Open::Map(_, key @ None)) = open.last_mut() {
                        *key = Some(text.into_owned());
                        continue;
                    }
                    let json =
                        serde_json::from_str::<Value>(&text).ok().filter(|json| style == ScalarStyle::Plain && !json.is_string());
                    if style == ScalarStyle::Plain && text.is_empty() {
                        Value::Null
                    } else {
                        json.unwrap_or_else(|| text.into_owned().into())
                    }
                }
                Event::SequenceStart(..) => {
                    open.push(Open::List(Vec::new()));
                    continue;
                }
                Event::MappingStart(..) => {
                    open.push(Open::Map(serde_json::Map::new(), None));
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(Open::List(items)) => items.into(),
                    Some(Open::Map(entries, _)) => entries.into(),
                    None => continue,
                },
                _ => continue,
            };
            match open.last_mut() {
                None => return value,
                Some(Open::List(items)) => items.push(value),
                Some(Open::Map(entries, key)) => {
                    entries.insert(key.take().unwrap(), value);
                }
            }
        }
        Value::Null
    }
}

/// A source without one of its values.
fn without(source: &Value, pointer: &str) -> Value {
    let mut without = source.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match without.pointer_mut(parent).unwrap() {
        Value::Object(entries) => {
            entries.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(items) => {
            items.remove(key.parse().unwrap());
        }
        _ => unreachable!("a parent holds its child"),
    }
    without
}

#[test]
fn every_value_of_a_sample_matters_to_the_files_or_is_in_the_report() {
    let mut lost = Vec::new();
    for sample in &SAMPLES {
        let source = as_json(sample);
        let (whole, dropped) = outcome(sample, &source).unwrap();
        let mut all = Vec::new();
        pointers(&source, "", &mut all);
        for pointer in all.iter().filter(|pointer| !covered(pointer, &dropped)) {
            let others = [Value::from("zzz other"), serde_json::json!({"zzz": ["other"]}), Value::from(77)];
            let replaced = others.into_iter().map(|other| {
                let mut changed = source.clone();
                *changed.pointer_mut(pointer).unwrap() = other;
                changed
            });
            // A default may be taken away, and a value that is told twice; but then another value makes a difference.
            let silent = |changed: Value| outcome(sample, &changed).is_ok_and(|(seen, _)| seen == whole);
            if std::iter::once(without(&source, pointer)).chain(replaced).all(silent) {
                lost.push(format!("{}: {pointer}", sample.title()));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new(), "whatever these are changes neither a file nor the report");
}

#[test]
fn no_value_of_a_sample_can_be_replaced_in_silence() {
    let mut lost = Vec::new();
    for sample in &SAMPLES {
        let source = as_json(sample);
        let (whole, dropped) = outcome(sample, &source).unwrap();
        let mut all = Vec::new();
        pointers(&source, "", &mut all);
        for pointer in all.iter().filter(|pointer| !covered(pointer, &dropped)) {
            for other in [Value::from("zzz other"), serde_json::json!({"zzz": ["other"]})] {
                let mut changed = source.clone();
                *changed.pointer_mut(pointer).unwrap() = other;
                if outcome(sample, &changed).is_ok_and(|(seen, _)| seen == whole) {
                    lost.push(format!("{}: {pointer}", sample.title()));
                }
            }
        }
    }
    lost.dedup();
    assert_eq!(lost, Vec::<String>::new(), "replacing these changes neither a file nor the report");
}

#[test]
fn an_unknown_key_anywhere_is_in_the_report() {
    let mut lost = Vec::new();
    for sample in &SAMPLES {
        let source = as_json(sample);
        let (_, dropped) = outcome(sample, &source).unwrap();
        let mut all = vec![String::new()];
        pointers(&source, "", &mut all);
        for pointer in all {
            let mut with = source.clone();
            if covered(&pointer, &dropped) {
                continue;
            }
            let Some(Value::Object(entries)) = with.pointer_mut(&pointer) else { continue };
            entries.insert("zzz_unknown".to_owned(), "zzz value".into());
            if outcome(sample, &with).is_ok_and(|(seen, _)| !seen.contains("zzz")) {
                lost.push(format!("{}: {pointer}", sample.title()));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new(), "an unknown key in these is lost");
}

#[test]
fn bad_input_says_where_and_what() {
    let options = ImportOptions::default();
    for (dialect, text, said) in [
        (Dialect::GithubActions, "name: x\n", "there is no `jobs:` map"),
        (Dialect::GithubActions, "jobs:\n  a: [\n", "cannot be read"),
        (Dialect::AgentSteps, "a: 1\n", "there is no `workflow:`"),
        (Dialect::AgentTools, "tools: []\n", "there is no `workflows:`"),
        (Dialect::ServerlessWorkflow, "do: []\n", "there is no `document:`"),
        (Dialect::Wfformat, "{\"name\": \"x\"}", "workflow.specification.tasks"),
        (Dialect::Wfformat, "", "there is nothing in the file"),
    ] {
        let error = import(dialect, "x.yaml", text, &options).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.line() >= 1);
    }
    let large = "a: 1\n".repeat(1_000_001);
    assert!(matches!(import(Dialect::AgentSteps, "x", &large, &options), Err(ImportError::TooLarge { .. })));
    let deep = "[".repeat(100_000);
    assert!(import(Dialect::AgentSteps, "x", &deep, &options).is_err());
}

#[test]
fn settings_of_an_engine_beside_a_workflow_reach_its_steps() {
    let engine = "engine: {max_workflow_duration: 90, execution: {retry_default: 1, backoff_strategy: fixed}, colour: blue}\n";
    let mut options = ImportOptions::default();
    options.beside.insert("engine.yaml".to_owned(), engine.to_owned());
    let imported = import(Dialect::AgentSteps, "survey.yaml", SAMPLES[0].text, &options).unwrap();
    assert!(imported.files[0].text.contains("timeout: 1m30s"), "{}", imported.files[0].text);
    assert!(imported.files[0].text.contains("retry: { attempts: 2, backoff: constant }"), "{}", imported.files[0].text);
    let colour = imported.report.iter().find(|finding| finding.path == "/engine/colour").unwrap();
    assert_eq!((colour.file.as_str(), colour.severity), ("engine.yaml", Severity::Dropped));
}
