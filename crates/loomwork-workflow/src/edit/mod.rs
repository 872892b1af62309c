//! Edits of a workflow's text that keep the comments, order, quoting and line ends of everything they do not touch.
//!
//! An operation becomes changes of single values; each change becomes replacements of stretches of the text, found by
//! the places of the nodes. Invariant: after every change the text is read again and must say exactly what the change
//! meant, or the edit is refused; so no edit ever changes something else.
//! Not here: which edit a gesture on the canvas means (the user interface), files (`loomwork-app`).

mod blocks;
mod border;
mod carry;
mod change;
mod diff;
mod effect;
mod lay;
mod note;
mod operation;
mod references;
mod regroup;
mod rename;
mod rename_step;
mod render;

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

pub use note::Note;
pub(crate) use rename::rewrite;

use crate::analysis::{Analysis, Analyzer};
use crate::text::{common_end, common_start};

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
    /// Moves a step with its comments, within its scope, into a group or out of one. In another scope it gets a fresh id
    /// when its own is taken; edges that would cross the border of a group then end at the group.
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
    /// Puts steps of one scope into a new group where the first of them stands. Edges that would cross its border end at
    /// the group; outputs are read through it.
    GroupSteps {
        /// The steps.
        ids: Vec<String>,
        /// Wished id of the group, `group` by default; a number is appended when it is taken.
        id: Option<String>,
    },
    /// Dissolves a group: its steps stand where it stood, the first of them wait for what it waited for, and who waited for
    /// it waits for the last of them.
    Ungroup {
        /// The group.
        id: String,
    },
}

/// A text after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// The paths of steps that were added or moved to another scope, in order.
    pub added: Vec<String>,
    /// What happened besides.
    pub notes: Vec<Note>,
    /// What gives the text back as it was before.
    pub undo: Undo,
}

/// The inverse of an edit: one replacement in the text after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Offset in bytes from which the texts differ.
    pub start: usize,
    /// Offset in bytes behind the difference, in the text after the edit.
    pub end: usize,
    /// What stood there before.
    pub text: String,
}

impl Undo {
    fn between(before: &str, after: &str) -> Self {
        let mut start = common_start(before.as_bytes(), after.as_bytes());
        while !before.is_char_boundary(start) || !after.is_char_boundary(start) {
            start -= 1;
        }
        let most = before.len().min(after.len()) - start;
        let mut tail = common_end(before.as_bytes(), after.as_bytes()).min(most);
        while !before.is_char_boundary(before.len() - tail) || !after.is_char_boundary(after.len() - tail) {
            tail -= 1;
        }
        Self { start, end: after.len() - tail, text: before[start..before.len() - tail].to_owned() }
    }

    /// The text before the edit, from the text after it. None when this is not that text.
    pub fn apply(&self, after: &str) -> Option<String> {
        let (head, tail) = (after.get(..self.start)?, after.get(self.end..)?);
        Some([head, &self.text, tail].concat())
    }
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
    /// The change of scopes would make steps wait for each other.
    #[error("steps would wait for each other: {0}")]
    WouldCycle(String),
    /// A step stands between those that are to be one group.
    #[error(
        "`{step}` waits for `{after}`, and `{before}` waits for it, so they cannot be one group without it; select `{step}` too"
    )]
    Between {
        /// The step in between.
        step: String,
        /// A step of the group before it.
        after: String,
        /// A step of the group behind it.
        before: String,
    },
    /// Steps of several scopes cannot be one group.
    #[error("only steps that stand side by side can be one group: `{one}` and `{other}` do not")]
    ManyScopes {
        /// One step.
        one: String,
        /// One of another scope.
        other: String,
    },
    /// There is no step to group.
    #[error("select the steps that are to be one group")]
    NothingToGroup,
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
    let mut editor = operation::Editor::of(Analyzer::default());
    carry_out(&mut editor, text, ops)
}

impl Analyzer {
    /// Applies operations to the next version of the text, one after the other; gives the analysis of what comes out, too.
    ///
    /// # Errors
    /// When one of them does not apply; then none is applied.
    pub fn edit(&mut self, text: &str, ops: &[EditOp]) -> Result<(Edited, Arc<Analysis>), EditError> {
        let mut editor = operation::Editor::of(std::mem::take(self));
        let edited = carry_out(&mut editor, text, ops);
        let edited = edited.map(|edited| (edited, editor.steps().analysis));
        *self = editor.into_analyzer();
        edited
    }
}

fn carry_out(editor: &mut operation::Editor, text: &str, ops: &[EditOp]) -> Result<Edited, EditError> {
    editor.page.open(text)?;
    let mut added = Vec::new();
    for op in ops {
        editor.perform(op, &mut added)?;
    }
    let after = editor.page.text().to_owned();
    let undo = Undo::between(text, &after);
    Ok(Edited { text: after, added, notes: std::mem::take(&mut editor.notes), undo })
}
