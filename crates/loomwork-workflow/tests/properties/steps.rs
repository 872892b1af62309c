//! Steps and their edges: adding, removing, renaming, connecting.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use loomwork_workflow::{EditOp, analyze, edit};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::documents::{any_document, fields, lines_outside};
use crate::values::any_text;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }) })]

    #[test]
    fn a_rename_changes_only_names((text, count) in any_document(), at in 0..5_usize) {
        let id = format!("s{}", at % count);
        let edited = edit(&text, &[EditOp::RenameStep { id: id.clone(), to: "renamed".into() }]).expect("applies").text;
        prop_assert_eq!(edited.replace("renamed", &id), text.clone());
        let problems = |text: &str| analyze(text).diagnostics.iter().map(|found| found.code).collect::<Vec<_>>();
        prop_assert_eq!(problems(&edited), problems(&text), "{}", edited);
    }

    #[test]
    fn adding_and_removing_a_step_gives_the_text_back((text, _) in any_document(), run in any_text()) {
        let fields: IndexMap<String, Value> = [("run".to_owned(), Value::from(run.clone()))].into_iter().collect();
        let added = edit(&text, &[EditOp::AddStep { id: Some("extra".into()), fields }]).expect("applies");
        prop_assert_eq!(self::fields(&added.text, "extra").get("run").cloned(), Some(Value::from(run)));
        prop_assert!(added.text.starts_with(text.trim_end_matches(['\r', '\n'])));
        let removed = edit(&added.text, &[EditOp::RemoveStep { id: "extra".into(), heal: true }]).expect("applies").text;
        prop_assert_eq!(removed.trim_end(), text.trim_end());
    }

    #[test]
    fn removing_a_step_removes_its_edges_and_no_other_line((text, count) in any_document(), at in 0..5_usize, heal in any::<bool>()) {
        let at = at % count;
        let id = format!("s{at}");
        let edited = edit(&text, &[EditOp::RemoveStep { id: id.clone(), heal }]).expect("applies").text;
        prop_assert_eq!(fields(&edited, &id), Value::Null);
        let next = format!("s{}", at + 1);
        let needs = fields(&edited, &next).get("needs").cloned();
        if heal && at > 0 && at + 1 < count {
            prop_assert_eq!(needs, Some(json!([format!("s{}", at - 1)])));
        } else if at + 1 < count {
            prop_assert_eq!(needs, None);
        }
        let touched = BTreeSet::from([id, next]);
        let trim = |lines: Vec<String>| lines.concat().trim_end().to_owned();
        let after = trim(lines_outside(&edited, &touched));
        let after = after.strip_suffix(" []").unwrap_or(&after).to_owned();
        let mut before = trim(lines_outside(&text, &touched));
        if count == 1 {
            before = before.replace("steps:", "steps: []");
            prop_assert_eq!(trim(lines_outside(&edited, &touched)), before);
        } else {
            prop_assert_eq!(after, before, "{}\nbecame\n{}", text, edited);
        }
    }

    #[test]
    fn connecting_and_disconnecting_gives_the_same_edges((text, count) in any_document(), to in 0..5_usize) {
        let to = to % count;
        if to == 0 { return Ok(()); }
        let edge = |port: Option<&str>| (format!("s{}", to - 1), port.map(str::to_owned), format!("s{to}"));
        let (from, port, target) = edge(Some("failed"));
        let connected = edit(&text, &[EditOp::Connect { from: from.clone(), port: port.clone(), to: target.clone() }]).expect("applies").text;
        prop_assert_eq!(fields(&connected, &target).get("needs").cloned(), Some(json!([from.clone(), format!("{from}.failed")])));
        let back = edit(&connected, &[EditOp::Disconnect { from, port, to: target }]).expect("applies").text;
        prop_assert_eq!(back, text);
    }
}
