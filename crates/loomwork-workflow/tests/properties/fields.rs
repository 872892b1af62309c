//! Setting fields of steps.

use std::collections::BTreeSet;

use loomwork_workflow::{EditOp, edit};
use proptest::prelude::*;
use serde_json::Value;

use crate::documents::{any_document, fields, lines_outside};
use crate::values::{any_text, any_value};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }) })]

    #[test]
    fn setting_a_field_changes_that_field_and_nothing_else(
        (text, count) in any_document(),
        at in 0..5_usize,
        path in prop::sample::select(vec![vec!["title"], vec!["run"], vec!["env", "A"], vec!["env", "NEW"], vec!["env"], vec!["set", "v"], vec!["set", "new"], vec!["set"], vec!["needs"], vec!["retry", "attempts"], vec!["description"]]),
        value in any_value(),
    ) {
        let id = format!("s{}", at % count);
        let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
        let edited = match edit(&text, &[EditOp::SetField { id: id.clone(), path: path.clone(), value: value.clone() }]) {
            Ok(edited) => edited.text,
            Err(error) => return Err(TestCaseError::fail(format!("{error} in\n{text}"))),
        };
        let mut place = fields(&edited, &id);
        for key in &path {
            place = place.get(key).cloned().unwrap_or(Value::Null);
        }
        prop_assert_eq!(&place, &value, "{}\nbecame\n{}", text, edited);
        let touched = BTreeSet::from([id.clone()]);
        let (mut before, mut after) = (lines_outside(&text, &touched), lines_outside(&edited, &touched));
        // A comment over a field that goes may end up behind its step. A file whose last line is the changed one may have had
        // no line break there.
        for lines in [&mut before, &mut after] {
            lines.retain(|line| !line.trim_start().starts_with('#'));
            if let Some(last) = lines.last_mut() { *last = last.trim_end_matches(['\r', '\n']).to_owned(); }
        }
        prop_assert_eq!(before, after, "{}\nbecame\n{}", text, edited);
        for (key, old) in fields(&text, &id).as_object().into_iter().flatten().filter(|(key, _)| *key != &path[0]) {
            prop_assert_eq!(Some(old.clone()), fields(&edited, &id).get(key).cloned());
        }
        prop_assert_eq!(text.contains("\r\n"), edited.contains("\r\n"));
        prop_assert!(!text.contains("\r\n") || edited.matches('\n').count() == edited.matches("\r\n").count());
    }

    #[test]
    fn setting_a_field_and_setting_it_back_keeps_every_comment((text, count) in any_document(), at in 0..5_usize, value in any_text()) {
        let id = format!("s{}", at % count);
        let old = fields(&text, &id);
        let Some(old) = old.get("title").filter(|_| !value.is_empty()) else { return Ok(()) };
        let set = |text: &str, value: Value| edit(text, &[EditOp::SetField { id: id.clone(), path: vec!["title".into()], value }]).expect("applies").text;
        let back = set(&set(&text, Value::from(value)), old.clone());
        prop_assert_eq!(back.matches('#').count(), text.matches('#').count(), "{}\nbecame\n{}", text, back);
        prop_assert_eq!(fields(&back, &id), fields(&text, &id));
    }
}
