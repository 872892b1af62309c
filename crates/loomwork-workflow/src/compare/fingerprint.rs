//! The fingerprint of a step: equal for definitions with the same result.

use sha2::{Digest as _, Sha256};

use super::matching::sorted;
use super::table::Table;
use super::{Aspect, Form};
use crate::model::Workflow;

/// A hash over what decides the result of a step: what it does, what goes in, and after what it is done; of a group also
/// its steps. How it is shown and what happens around it (retries, timeouts, errors) is no part of it. None when the
/// workflow has no such step.
#[must_use]
pub fn step_fingerprint(workflow: &Workflow, path: &str) -> Option<String> {
    let table = Table::new(workflow);
    let row = table.rows.iter().position(|row| row.path == path)?;
    let mut hasher = Sha256::new();
    feed(&table, row, &mut hasher);
    Some(hex::encode(hasher.finalize()))
}

fn feed(table: &Table<'_>, row: usize, hasher: &mut Sha256) {
    let name = |named: usize| table.rows[named].path.clone();
    let form = table.form(row, Some(&name));
    let decisive = |(field, value): (String, serde_json::Value)| {
        let decides = matches!(Aspect::of_step(&field), Aspect::Action | Aspect::Inputs | Aspect::Edges);
        decides.then_some((field, value))
    };
    let form: Form = form.into_iter().filter_map(decisive).collect();
    let mut children = table.children(Some(row)).to_vec();
    children.sort_by_key(|child| &table.rows[*child].path);
    let text = sorted(&form.into()).to_string();
    // Lengths first, so that no two steps feed the same bytes.
    for part in [table.rows[row].path.as_str(), &text] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.update((children.len() as u64).to_be_bytes());
    for child in children {
        feed(table, child, hasher);
    }
}
