//! Where steps stand: order, groups, pasting.

use loomwork_workflow::{EditError, EditOp, analyze, edit};
use proptest::prelude::*;
use serde_json::Value;

use crate::documents::{any_document, fields};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }) })]

    #[test]
    fn reordering_steps_keeps_them((text, count) in any_document(), at in 0..5_usize, behind in 0..6_usize) {
        let id = format!("s{}", at % count);
        let after = (behind % (count + 1)).checked_sub(1).map(|behind| format!("s{behind}"));
        let edited = edit(&text, &[EditOp::MoveStep { id: id.clone(), into: None, after: after.clone() }]).expect("applies").text;
        let order = |text: &str| analyze(text).outline.nodes.into_iter().filter(|node| node.parent.is_none()).map(|node| node.id.clone()).collect::<Vec<_>>();
        let mut wanted = order(&text);
        if after.as_ref() != Some(&id) {
            wanted.retain(|known| *known != id);
            let place = after.map_or(0, |after| wanted.iter().position(|known| *known == after).map_or(0, |at| at + 1));
            wanted.insert(place, id);
        }
        prop_assert_eq!(order(&edited), wanted, "{}\nbecame\n{}", text, edited);
        for node in analyze(&text).outline.nodes {
            prop_assert_eq!(fields(&edited, &node.id), node.fields.clone());
        }
        prop_assert_eq!(edited.matches('#').count(), text.matches('#').count(), "{}\nbecame\n{}", text, edited);
    }

    #[test]
    fn a_step_goes_into_a_group_and_the_others_stay((text, count) in any_document(), at in 0..5_usize, into in 0..5_usize) {
        let (id, into) = (format!("s{}", at % count), format!("s{}", into % count));
        let group = fields(&text, &into).get("for_each").is_some();
        let result = edit(&text, &[EditOp::MoveStep { id: id.clone(), into: Some(into.clone()), after: Some(format!("{into}.one")) }]);
        if id == into || !group {
            prop_assert!(result.is_err());
            return Ok(());
        }
        // A step that reads the group would wait for itself in there.
        let Ok(result) = result.inspect_err(|error| assert!(matches!(error, EditError::WouldCycle(_)), "{error}")) else { return Ok(()) };
        let moved = format!("{into}.{id}");
        prop_assert_eq!(&result.added, &vec![moved.clone()]);
        let without = |fields: Value| { let mut fields = fields; fields.as_object_mut().map(|map| map.remove("needs")); fields };
        prop_assert_eq!(without(fields(&result.text, &moved)), without(fields(&text, &id)), "{}\nbecame\n{}", text, result.text);
        for node in analyze(&text).outline.nodes.into_iter().filter(|node| node.id != id && !node.id.starts_with(&format!("{id}."))) {
            prop_assert_eq!(without(fields(&result.text, &node.id)), without(node.fields.clone()));
        }
        let back = edit(&result.text, &[EditOp::MoveStep { id: moved, into: None, after: None }]).expect("applies");
        prop_assert_eq!(without(fields(&back.text, &id)), without(fields(&text, &id)));
    }

    #[test]
    fn a_document_is_pasted_into_another_with_fresh_ids((text, count) in any_document(), (other, others) in any_document()) {
        let result = edit(&text, &[EditOp::Paste { yaml: other.clone(), into: None }]).map_err(|error| TestCaseError::fail(format!("{error}: {other}")))?;
        prop_assert_eq!(result.added.len(), others);
        for node in analyze(&text).outline.nodes {
            prop_assert_eq!(fields(&result.text, &node.id), node.fields.clone());
        }
        let nodes = |text: &str| analyze(text).outline.nodes.len();
        prop_assert_eq!(nodes(&result.text), nodes(&text) + nodes(&other), "{}", result.text);
        let codes = |text: &str| analyze(text).diagnostics.iter().filter(|found| found.severity == loomwork_workflow::Severity::Error).map(|found| found.code).collect::<Vec<_>>();
        prop_assert_eq!(codes(&result.text), codes(&text), "{} {}", count, result.text);
    }
}
