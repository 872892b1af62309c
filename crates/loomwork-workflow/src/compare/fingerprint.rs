//! The fingerprint of a step: equal for definitions with the same result.

use sha2::{Digest as _, Sha256};

use super::form::{Form, Pen, step_form};
use super::matching::sorted;
use super::{Aspect, needs_field};
use crate::model::{Action, Step};

/// A hash over what decides the result of a step: what it does, what goes in, and after what it is done. How it is shown
/// and what happens around it (retries, timeouts, errors) is no part of it, nor are the steps of a group: each has its own.
///
/// `needs` are its written edges, as `step` or `step.port`; `names` gives the names of the steps that it mentions, those
/// that the steps of a group see with true. They are the same in two definitions when they mean the same steps.
#[must_use]
pub fn step_fingerprint(step: &Step, needs: Vec<String>, names: &dyn Fn(&str, bool) -> String) -> String {
    let outside = |id: &str| names(id, false);
    let inside = |id: &str| names(id, true);
    let mut form = step_form(step, Pen::Canonical(&outside), Pen::Canonical(&inside));
    needs_field(&mut form, needs);
    let decides = |field: &str| matches!(Aspect::of_step(field), Aspect::Action | Aspect::Inputs | Aspect::Edges);
    let form: Form = form.into_iter().filter(|(field, _)| decides(field)).collect();
    hex::encode(Sha256::digest(sorted(&form.into()).to_string()))
}

/// Whether the environment of the workflow goes into a step. A step that only seems to read it counts as one that does.
#[must_use]
pub fn reads_env(step: &Step) -> bool {
    let names = |id: &str| id.to_owned();
    let form = step_form(step, Pen::Canonical(&names), Pen::Canonical(&names));
    matches!(step.action, Action::Process(_)) || mentions_env(&form.into())
}

fn mentions_env(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains("${{") && text.contains("env"),
        serde_json::Value::Array(items) => items.iter().any(mentions_env),
        serde_json::Value::Object(map) => map.values().any(mentions_env),
        _ => false,
    }
}
