//! What must hold when steps are added, go, move between scopes, are pasted, grouped and freed.

use std::collections::{BTreeMap, BTreeSet};

use loomwork_workflow::{EditError, EditOp, Outline, analyze, edit};
use proptest::prelude::*;
use serde_json::Value;

use crate::forest::{Dice, Forest, any_forest, cases};

/// An operation on steps that are there.
fn operation(text: &str, other: &str, seed: u64) -> EditOp {
    let mut dice = Dice::new(seed);
    let nodes = analyze(text).outline.nodes;
    let mut any = |nodes: &[std::sync::Arc<loomwork_workflow::OutlineNode>]| {
        loomwork_workflow::OutlineNode::clone(&nodes[dice.roll(nodes.len())])
    };
    let node = any(&nodes);
    let groups: Vec<_> = nodes.iter().filter(|node| node.action == "steps").cloned().collect();
    let group = (!groups.is_empty()).then(|| any(&groups).id);
    let behind = any(&nodes);
    let inside = |group: &Option<String>, dice: &mut Dice| {
        let own: Vec<&str> = nodes.iter().filter(|node| node.parent == *group).map(|node| node.id.as_str()).collect();
        (!own.is_empty() && !dice.chance(3)).then(|| dice.pick(&own).to_owned())
    };
    match dice.roll(8) {
        0 | 1 => {
            let into = group.filter(|_| !dice.chance(3));
            let after = inside(&into, &mut dice);
            EditOp::MoveStep { id: node.id, into, after }
        }
        2 => EditOp::MoveStep { id: node.id, into: behind.parent.clone(), after: Some(behind.id) },
        3 => EditOp::Paste { yaml: other.to_owned(), into: group.filter(|_| !dice.chance(3)) },
        4 | 5 => {
            let beside: Vec<String> =
                nodes.iter().filter(|other| other.parent == node.parent).map(|other| other.id.clone()).collect();
            let mut ids: Vec<String> = beside.into_iter().filter(|id| *id == node.id || dice.chance(3)).collect();
            ids.reverse();
            EditOp::GroupSteps { ids, id: None }
        }
        6 => EditOp::Ungroup { id: group.unwrap_or(node.id) },
        _ => EditOp::RenameStep { id: node.id, to: dice.pick(&["renamed", "a", "fetch", "s1"]).to_owned() },
    }
}

/// What a step says besides where it stands and what it reads of others: names in expressions may change with scopes.
fn meaning(fields: &Value) -> Value {
    match fields {
        Value::String(text) => {
            let mut pieces = text.split("steps.");
            let mut plain = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                let end = piece.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(piece.len());
                plain.push_str("steps");
                plain.push_str(&piece[end..]);
            }
            plain.into()
        }
        Value::Array(items) => items.iter().map(meaning).collect(),
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !matches!(key.as_str(), "id" | "needs" | "join"));
            Value::Object(kept.map(|(key, value)| (key.clone(), meaning(value))).collect())
        }
        other => other.clone(),
    }
}

/// The steps by what they say, as often as they say it; but for groups.
fn meanings(outline: &Outline) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for node in outline.nodes.iter().filter(|node| node.action != "steps") {
        *found.entry(meaning(&node.fields).to_string()).or_default() += 1;
    }
    found
}

/// The comments, but for those beside edges: an edge that is drawn anew is written anew.
fn comments(text: &str) -> BTreeSet<String> {
    let edge = |line: &&str| ["needs:", "- '", "- \""].iter().any(|start| line.trim_start().starts_with(start));
    let marked = |line: &str| {
        let marks = ["# c", "# over ", "# under ", "# head"];
        marks.iter().find_map(|mark| line.find(mark).map(|at| line[at..].trim_end().to_owned()))
    };
    text.lines().filter(|line| !edge(line)).filter_map(marked).collect()
}

/// The text of a step by its lines, whatever its indentation.
fn written(text: &str, outline: &Outline) -> BTreeMap<String, (Value, Vec<String>)> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let of = |node: &loomwork_workflow::OutlineNode| {
        let own = &lines[node.line as usize - 1..(node.end_line as usize).min(lines.len())];
        own.iter().map(|line| line.trim_start_matches([' ', '\u{feff}']).trim_end_matches(['\r', '\n']).to_owned()).collect()
    };
    let leaves = outline.nodes.iter().filter(|node| node.action != "steps");
    leaves.map(|node| (node.id.clone(), (node.fields.clone(), of(node)))).collect()
}

fn codes(text: &str) -> BTreeSet<&'static str> {
    analyze(text).diagnostics.iter().map(|found| found.code).collect()
}

fn allowed(error: &EditError, forest: &Forest) -> bool {
    match error {
        EditError::Entangled { .. } => forest.tangled,
        EditError::WouldCycle(_)
        | EditError::Between { .. }
        | EditError::BadPath { .. }
        | EditError::NoGroup(_)
        | EditError::IdTaken(_) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(if cfg!(debug_assertions) { 500 } else { 5_000 })) })]

    #[test]
    fn steps_change_their_scope_and_nothing_else_changes(forest in any_forest(), other in any_forest(), seed in any::<u64>()) {
        let text = &forest.text;
        let before = analyze(text).outline;
        prop_assert!(!before.nodes.is_empty() && !codes(text).contains("LW0101"), "{}", text);
        let op = operation(text, &other.text, seed);
        let edited = match edit(text, std::slice::from_ref(&op)) {
            Ok(edited) => edited,
            Err(error) => {
                let tangled = Forest { text: String::new(), tangled: forest.tangled || other.tangled };
                prop_assert!(allowed(&error, &tangled), "{:?}: {}\n{}\n{}", op, error, text, other.text);
                return Ok(());
            }
        };
        let after = analyze(&edited.text).outline;
        let shown = || format!("{op:?}\n{text}\n=== became ===\n{}\n{:?}", edited.text, edited.notes);
        prop_assert!(edited.undo.apply(&edited.text).as_ref() == Some(text), "{}", shown());
        prop_assert_eq!(edited.text.contains("\r\n"), text.contains("\r\n"), "{}", shown());
        prop_assert_eq!(edited.text.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
        prop_assert!(!codes(&edited.text).iter().any(|code| ["LW0101", "LW0203"].contains(code) && !codes(text).contains(code)), "{}", shown());

        // Every step says what it said, and what was pasted came in.
        let mut expected = meanings(&before);
        if let EditOp::Paste { yaml, .. } = &op {
            for (meaning, count) in meanings(&analyze(yaml).outline) {
                *expected.entry(meaning).or_default() += count;
            }
        }
        prop_assert_eq!(meanings(&after), expected, "{}", shown());
        let groups = |outline: &Outline| outline.nodes.iter().filter(|node| node.action == "steps").count();
        match &op {
            EditOp::GroupSteps { ids, .. } => {
                prop_assert_eq!(groups(&after), groups(&before) + 1, "{}", shown());
                let inside = after.nodes.iter().filter(|node| node.parent.as_deref() == Some(edited.added[0].as_str())).count();
                prop_assert_eq!(inside, ids.len(), "{}", shown());
            }
            EditOp::Ungroup { .. } => prop_assert_eq!(groups(&after), groups(&before) - 1, "{}", shown()),
            EditOp::MoveStep { into, .. } if !edited.added.is_empty() => {
                let moved = after.nodes.iter().find(|node| node.id == edited.added[0]);
                prop_assert!(moved.is_some_and(|node| node.parent == *into || node.parent.is_some() == into.is_some()), "{}", shown());
            }
            _ => prop_assert_eq!(groups(&after) >= groups(&before), true),
        }

        // No comment is lost, but those in the frame of a group that goes, and in lists that are written on one line.
        if !forest.tangled && !other.tangled {
            let lost: Vec<String> = comments(text).difference(&comments(&edited.text)).cloned().collect();
            let frame = matches!(op, EditOp::Ungroup { .. });
            prop_assert!(lost.is_empty() || frame, "{:?} {}", lost, shown());

            // A step that says exactly what it said is written as it was.
            let now = written(&edited.text, &after);
            for (id, (fields, lines)) in written(text, &before) {
                let moved = matches!(&op, EditOp::MoveStep { id: moved, .. } if *moved == id).then(|| edited.added.first()).flatten();
                let path = moved.unwrap_or(&id);
                // An edge that was drawn anew may happen to be the same.
                let noted = edited.notes.iter().any(|note| note.step() == Some(path));
                let drawn = noted || (moved.is_some() && fields.get("needs").is_some());
                if let Some((_, found)) = now.get(path).filter(|(now, _)| *now == fields && !drawn) {
                    prop_assert!(*found == lines, "{:?} {}", lines, shown());
                }
            }
        }
    }

    #[test]
    fn what_goes_into_a_group_by_itself_comes_back_when_the_group_goes(forest in any_forest(), at in any::<prop::sample::Index>()) {
        let text = &forest.text;
        let nodes = analyze(text).outline.nodes;
        let id = nodes[at.index(nodes.len())].id.clone();
        let Ok(grouped) = edit(text, &[EditOp::GroupSteps { ids: vec![id], id: Some("lonely".into()) }]) else { return Ok(()) };
        let back = edit(&grouped.text, &[EditOp::Ungroup { id: grouped.added[0].clone() }]).map_err(|error| TestCaseError::fail(format!("{error} {}", grouped.text)))?;
        let fields = |text: &str| analyze(text).outline.nodes.into_iter().map(|node| (node.id.clone(), node.fields.clone())).collect::<Vec<_>>();
        let lost = grouped.notes.iter().chain(&back.notes).any(loomwork_workflow::Note::is_loss);
        if !lost && !grouped.notes.iter().chain(&back.notes).any(|note| note.to_string().contains("`failed`") || note.to_string().contains(".failed")) {
            prop_assert_eq!(fields(&back.text), fields(text), "{}\nbecame\n{}\nbecame\n{}", text, grouped.text, back.text);
        }
    }
}
