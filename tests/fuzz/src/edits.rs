//! Edits of any text: operations drawn from the first bytes, on the text behind them.
//!
//! Invariant: operations name steps that the text has, mostly, so that most of them mean something.

use arbitrary::{Arbitrary, Result, Unstructured};
use indexmap::IndexMap;
use loomwork_workflow::{Analyzer, EditOp, analyze, edit};
use serde_json::{Value, json};

use crate::UNREADABLE;

/// Bytes from which the operations are drawn.
const DRAWN: usize = 48;

/// Edits a text: the result can be read if the text could, and says to whoever knows the text before what it says by itself.
pub fn edits(bytes: &[u8]) {
    let (drawn, text) = bytes.split_at(DRAWN.min(bytes.len()));
    let text = String::from_utf8_lossy(text);
    let analysis = analyze(&text);
    let steps: Vec<String> = analysis.outline.nodes.iter().map(|node| node.id.clone()).collect();
    let mut from = Unstructured::new(drawn);
    let mut text = text.into_owned();
    let mut analyzer = Analyzer::default();
    let _ = analyzer.analyze(&text);
    for _ in 0..4 {
        let Ok(op) = operation(&mut from, &steps) else { break };
        let Ok(edited) = edit(&text, std::slice::from_ref(&op)) else { continue };
        let broken = analyze(&edited.text).diagnostics.into_iter().find(|d| UNREADABLE.contains(&d.code));
        let was_broken = analyze(&text).diagnostics.into_iter().any(|d| UNREADABLE.contains(&d.code));
        assert!(
            was_broken || broken.is_none(),
            "{op:?} broke the text: {broken:?}\n--- before\n{text}\n--- after\n{}",
            edited.text
        );
        let (known, alone) = (analyzer.analyze(&edited.text), analyze(&edited.text));
        assert_eq!(format!("{known:?}"), format!("{alone:?}"), "{op:?}\n--- before\n{text}\n--- after\n{}", edited.text);
        text = edited.text;
    }
}

fn operation(from: &mut Unstructured<'_>, steps: &[String]) -> Result<EditOp> {
    Ok(match from.int_in_range(0..=8_u8)? {
        0 => EditOp::AddStep { id: maybe(from, steps)?, fields: IndexMap::from([("run".to_owned(), value(from)?)]) },
        1 => EditOp::RemoveStep { id: step(from, steps)?, heal: bool::arbitrary(from)? },
        2 => EditOp::RenameStep { id: step(from, steps)?, to: word(from)? },
        3 => EditOp::Connect { from: step(from, steps)?, port: port(from)?, to: step(from, steps)? },
        4 => EditOp::Disconnect { from: step(from, steps)?, port: port(from)?, to: step(from, steps)? },
        5 => EditOp::SetField { id: step(from, steps)?, path: path(from)?, value: value(from)? },
        6 => EditOp::SetWorkflowField { path: path(from)?, value: value(from)? },
        7 => EditOp::MoveStep { id: step(from, steps)?, into: maybe(from, steps)?, after: maybe(from, steps)? },
        _ => EditOp::Paste { yaml: format!("- id: {}\n  run: {}\n", word(from)?, value(from)?), into: maybe(from, steps)? },
    })
}

fn step(from: &mut Unstructured<'_>, steps: &[String]) -> Result<String> {
    if steps.is_empty() || from.ratio(1, 16)? { word(from) } else { from.choose(steps).cloned() }
}

fn maybe(from: &mut Unstructured<'_>, steps: &[String]) -> Result<Option<String>> {
    if from.ratio(1, 2)? { Ok(None) } else { step(from, steps).map(Some) }
}

fn port(from: &mut Unstructured<'_>) -> Result<Option<String>> {
    let port = from.choose(&["", "failed", "succeeded", "large"])?;
    Ok((!port.is_empty()).then(|| (*port).to_owned()))
}

fn word(from: &mut Unstructured<'_>) -> Result<String> {
    Ok((*from.choose(&["a", "b", "fresh", "a.b", "", "1x", "ü", "a-b", "steps", "x: y", "a\nb", "# c"])?).to_owned())
}

fn path(from: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let keys = ["run", "env", "needs", "when", "retry", "timeout", "title", "A", "set", "steps", "", "a b", "inputs"];
    (0..from.int_in_range(1..=3_usize)?).map(|_| from.choose(&keys).map(|key| (*key).to_owned())).collect()
}

fn value(from: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match from.int_in_range(0..=9_u8)? {
        0 => Value::Null,
        1 => json!("echo hello"),
        2 => json!("two\nlines\n"),
        3 => json!({ "KEY": "value", "list": [1, "two", null] }),
        4 => json!(["a", "b.failed"]),
        5 => json!("${{ steps.a.output }}"),
        6 => json!(" # no comment: \"quoted\" 'text' \\ \t\u{7f}\u{2028}"),
        7 => json!(-1.5),
        8 => json!([]),
        _ => Value::String(String::arbitrary(from)?),
    })
}
