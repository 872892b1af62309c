//! Edits of a workflow's text that keep the comments, order, quoting and line ends of everything they do not touch.
//!
//! An operation becomes changes of single values; each change becomes replacements of stretches of the text, found by
//! the places of the nodes. Invariant: after every change the text is read again and must say exactly what the change
//! meant, or the edit is refused; so no edit ever changes something else.
//! Not here: which edit a gesture on the canvas means (the user interface), files (`loomwork-app`).

mod carry;
mod change;
mod diff;
mod lay;
mod operation;
mod rename;
mod rename_step;
mod render;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// A change of a workflow's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum EditOp {
    /// Appends a step with a fresh id made from `id` (or from the action's name), and the fields given.
    AddStep {
        /// Wished id; a number is appended when it is taken. With the path of a group and a dot before it
        /// (`describe.fetch`) the step goes into that group.
        id: Option<String>,
        /// The step's fields without its id, in order.
        fields: IndexMap<String, Value>,
    },
    /// Removes a step and the edges to it; `heal` joins what came before with what came after when that is unambiguous.
    RemoveStep {
        /// The step.
        id: String,
        /// Whether to join its neighbours.
        heal: bool,
    },
    /// Changes a step's id and every reference to it, in `needs` and inside expressions.
    RenameStep {
        /// The present id.
        id: String,
        /// The new id.
        to: String,
    },
    /// Draws an edge: adds to `needs` of the target.
    Connect {
        /// Source step.
        from: String,
        /// Source port; none: any port but `failed`.
        port: Option<String>,
        /// Target step.
        to: String,
    },
    /// Removes an edge from `needs` of the target.
    Disconnect {
        /// Source step.
        from: String,
        /// Source port as written in `needs`.
        port: Option<String>,
        /// Target step.
        to: String,
    },
    /// Sets one field of a step, or removes it.
    SetField {
        /// The step.
        id: String,
        /// Path of keys within the step.
        path: Vec<String>,
        /// The new value; null removes the field.
        value: Value,
    },
    /// Sets one field of the workflow itself, or removes it.
    SetWorkflowField {
        /// Path of keys from the top of the file.
        path: Vec<String>,
        /// The new value; null removes the field.
        value: Value,
    },
    /// Moves a step with its comments, within its scope, into a group or out of one. In another scope it loses the edges
    /// that lead to steps it leaves behind, and gets a fresh id when its own is taken.
    MoveStep {
        /// The step.
        id: String,
        /// The group that it goes into; none: the workflow itself.
        into: Option<String>,
        /// The step of that scope behind which it goes; none: to its beginning.
        after: Option<String>,
    },
    /// Puts steps at the end of a scope, with fresh ids where theirs are taken and references among them kept.
    Paste {
        /// YAML: a list of steps, one step, or a workflow, whose steps are taken.
        yaml: String,
        /// The group that they go into; none: the workflow itself.
        into: Option<String>,
    },
}

/// A text after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// The paths of steps that were added or moved to another scope, in order.
    pub added: Vec<String>,
}

/// Why an edit does not apply. The text stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The text is not YAML, so its values have no places.
    #[error("the file cannot be edited here before its syntax is mended (line {line}): {message}")]
    Unreadable {
        /// Line of the first error, from 1.
        line: u32,
        /// What it is.
        message: String,
    },
    /// The step is not in the file.
    #[error("there is no step `{0}`")]
    NoStep(String),
    /// The step is not a group.
    #[error("`{0}` is not a group of steps")]
    NoGroup(String),
    /// The two steps are not in one scope.
    #[error("an edge cannot lead into a group or out of it: `{from}` and `{to}` are in different scopes; connect the group")]
    OtherScope {
        /// Source.
        from: String,
        /// Target.
        to: String,
    },
    /// The text that is pasted has no steps.
    #[error("what is pasted is not a step or a list of steps: {0}")]
    NotSteps(String),
    /// The new id cannot be used.
    #[error(
        "`{0}` cannot be the id of a step: letters, digits and `_`, not beginning with a digit, and no word of the expression language"
    )]
    BadId(String),
    /// The new id is taken.
    #[error("there is already a step `{0}`")]
    IdTaken(String),
    /// The step does not have the port.
    #[error("step `{step}` has no port `{port}`")]
    NoPort {
        /// The step.
        step: String,
        /// The port.
        port: String,
    },
    /// The edge is already written.
    #[error("`{to}` already needs `{need}`")]
    AlreadyConnected {
        /// What is needed, as written.
        need: String,
        /// The target.
        to: String,
    },
    /// The edge is not written in `needs`.
    #[error("`needs` of `{to}` does not list `{need}`{}", if *implied { "; an expression of the step reads it, change the expression to remove the edge" } else { "" })]
    NotConnected {
        /// What is needed, as written.
        need: String,
        /// The target.
        to: String,
        /// Whether an expression implies the edge.
        implied: bool,
    },
    /// The edge would close a cycle.
    #[error("this edge would close a cycle: `{from}` already waits for `{to}`")]
    Cycle {
        /// Source.
        from: String,
        /// Target.
        to: String,
    },
    /// The path does not lead to a place for a value.
    #[error("`{path}` cannot be set: {reason}")]
    BadPath {
        /// The path, with dots.
        path: String,
        /// Why.
        reason: String,
    },
    /// The place is written in a way that cannot be changed without touching something else.
    #[error(
        "`{path}` is written in a way that cannot be changed here without touching something else (an alias, an anchor or an unusual layout); change it in the text"
    )]
    Entangled {
        /// The path, with dots.
        path: String,
    },
    /// The edit would make the file too large.
    #[error("the edit would make the file too large")]
    TooLarge,
}

/// Applies operations one after the other.
///
/// # Errors
/// When one of them does not apply; then none is applied.
pub fn edit(text: &str, ops: &[EditOp]) -> Result<Edited, EditError> {
    let mut editor = operation::Editor::new(text)?;
    let mut added = Vec::new();
    for op in ops {
        editor.perform(op, &mut added)?;
    }
    Ok(Edited { text: editor.into_text(), added })
}
