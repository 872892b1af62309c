//! What any bytes must not break: reading a file, an expression or a jq program, edits of a text, and imports.
//!
//! Invariant: each function returns for every input; it panics only when the product broke a promise, and the message says
//! which. The same functions are driven by libFuzzer (`cargo xtask fuzz`) and by the kept corpus (`tests/replay.rs`).
//!
//! Not here: time and memory. libFuzzer bounds them while hunting.

mod edits;

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_dialects::{Dialect, ImportOptions, detect, import as import_text};
use loomwork_run::Program;
use loomwork_steps::check_jq;
use loomwork_workflow::{Action, Analysis, Scope, StepScope, analyze, complete, definition_hash, edit, hover};
use serde_json::{Value, json};

pub use edits::edits;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// All of them, by the names of their corpora.
pub const TARGETS: [(&str, Target); 5] =
    [("file", file), ("expression", expression), ("edits", edits), ("import", import), ("jq", jq)];

/// Codes that say that a text is not YAML that can be read.
const UNREADABLE: [&str; 4] = ["LW0101", "LW0102", "LW0104", "LW0105"];

/// Reads a workflow file; the first byte says where completion is asked for.
pub fn file(bytes: &[u8]) {
    let (place, text) = bytes.split_first().map_or((0, bytes), |(place, rest)| (usize::from(*place), rest));
    let text = String::from_utf8_lossy(text);
    let analysis = analyze(&text);
    places_hold(&text, &analysis);
    fixes_hold(&text, &analysis);
    let place = text.len() * place / 255;
    let _ = complete(&text, place, None);
    let _ = hover(&text, place, None);
    if let Some(workflow) = analysis.workflow {
        let program = Program::new(workflow, definition_hash(&text));
        assert!(!program.is_empty(), "a valid workflow has at least one step");
    } else {
        assert!(
            analysis.diagnostics.iter().any(|d| d.severity == loomwork_workflow::Severity::Error),
            "a text without a workflow says why"
        );
    }
}

/// Every diagnostic points into the text, at boundaries of characters.
fn places_hold(text: &str, analysis: &Analysis) {
    for diagnostic in &analysis.diagnostics {
        let (start, end) = (diagnostic.span.start.offset, diagnostic.span.end.offset);
        assert!(start <= end && text.get(start..end).is_some(), "{} points at {start}..{end}", diagnostic.code);
    }
}

/// Every quick fix can be applied to the text it was made for.
fn fixes_hold(text: &str, analysis: &Analysis) {
    for diagnostic in &analysis.diagnostics {
        for change in diagnostic.fixes.iter().flat_map(|fix| &fix.edits) {
            let (start, end) = (change.span.start.offset, change.span.end.offset);
            assert!(text.get(start..end).is_some(), "a fix of {} changes {start}..{end}", diagnostic.code);
        }
    }
}

/// Parses and evaluates an expression, twice: it has one value.
pub fn expression(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes);
    let whole = Value::String(format!("${{{{ {source} }}}}"));
    let text = format!(
        "loomwork: 1\nid: fuzz\ninputs: {{ n: {{ type: integer, default: 1 }}, s: {{ type: string, default: a }}, \
         l: {{ type: array, default: [] }}, m: {{ type: object, default: {{}} }} }}\nsteps:\n  - id: a\n    set: {{ x: 1 }}\n  \
         - id: b\n    needs: [a]\n    set: {{ x: {whole} }}\n"
    );
    let Some(workflow) = analyze(&text).workflow else { return };
    let Some(Action::Set(values)) = workflow.body.steps.get(1).map(|step| &step.action) else { return };
    let scope = scope();
    for template in values.values() {
        assert_eq!(template.evaluate(&scope), template.evaluate(&scope), "the same value each time");
    }
}

fn scope() -> Scope {
    let output = json!({ "x": 1, "text": "a,b", "list": [3, 1, 2], "map": { "k": [true, null, 1.5] }, "lines": "one\ntwo\n" });
    let step = StepScope { output: Some(Arc::new(output)), status: "succeeded".to_owned(), attempts: 1, ..StepScope::default() };
    Scope {
        inputs: Arc::new(json!({ "n": 7, "s": "grüße", "l": [1, 2.5, "x", null], "m": { "a": { "b": [] } } })),
        env: Arc::new(json!({ "LANG": "C" })),
        run: Arc::new(json!({ "id": "r", "started_at": "2026-01-02T03:04:05.678Z", "trigger": { "kind": "manual" } })),
        steps: BTreeMap::from([("a".to_owned(), step)]),
        ..Scope::default()
    }
}

/// Reads a jq program, beside one that is right: what is wrong with it stands in it, and the other is not blamed.
pub fn jq(bytes: &[u8]) {
    let program = String::from_utf8_lossy(bytes).into_owned();
    let faults = check_jq(vec![program.clone(), "map(.a)".to_owned()]);
    assert_eq!(faults[1], None, "the other program is right");
    if let Some(at) = faults[0].as_ref().and_then(|fault| fault.at.clone()) {
        assert!(program.get(at.clone()).is_some(), "{at:?} is no part of the program");
    }
}

/// Imports a text in every dialect: what is made can be read and edited here.
pub fn import(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = detect("fuzz.yaml", &text);
    for dialect in Dialect::ALL {
        let Ok(imported) = import_text(dialect, "fuzz.yaml", &text, &ImportOptions::default()) else { continue };
        for file in imported.files {
            let analysis = analyze(&file.text);
            let broken = analysis.diagnostics.iter().find(|diagnostic| UNREADABLE.contains(&diagnostic.code));
            assert!(broken.is_none(), "what was made of {dialect} cannot be read: {broken:?}\n{}", file.text);
            assert_eq!(edit(&file.text, &[]).map(|edited| edited.text), Ok(file.text), "no operation changes nothing");
        }
    }
}
