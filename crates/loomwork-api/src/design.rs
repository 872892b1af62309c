//! A workflow as the designer shows it: text, graph, problems, layout, and the operations that edit its text.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum Severity {
    /// Advice.
    Hint,
    /// Probably not what was meant.
    Warning,
    /// The workflow cannot run.
    Error,
}

/// A replacement of a stretch of text. Lines and columns count from 1, columns in Unicode characters; the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct TextEdit {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// What stands there afterwards.
    pub text: String,
}

/// A way to mend a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Fix {
    /// What it does, imperative: `Rename to "retry"`.
    pub title: String,
    /// The replacements, none overlapping, ordered by position.
    pub edits: Vec<TextEdit>,
}

/// Another place of the same file that a problem is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Related {
    /// What stands there, a sentence.
    pub message: String,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1, in Unicode characters.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

/// A problem of a workflow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Diagnostic {
    /// Stable code, `LW0101`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub message: String,
    /// The step it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub step: Option<String>,
    /// The field within the step, with dots (`retry.attempts`), if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub field: Option<String>,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1, in Unicode characters.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// Other places that it is about.
    #[serde(default)]
    pub related: Vec<Related>,
    /// Ways to mend it.
    pub fixes: Vec<Fix>,
}

/// A place of a workflow's text, or of a field of it that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct TextPlace {
    /// The text of the workflow.
    pub text: String,
    /// Line, from 1; of the field when there is one.
    pub line: u32,
    /// Column, from 1, in Unicode characters.
    pub column: u32,
    /// The field that is being written, when it is not the text itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub field: Option<String>,
    /// The step whose field it is; none for the workflow's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub step: Option<String>,
    /// The run whose values are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub run: Option<String>,
}

/// What can be written at a place, in the order in which it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Completions {
    /// Column from which on it replaces what stands before the place.
    pub from_column: u32,
    /// What can be written.
    pub items: Vec<Completion>,
}

/// Something that can be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Completion {
    /// What is written.
    pub label: String,
    /// `key`, `step`, `port`, `name`, `field` or `function`.
    pub kind: String,
    /// What it means, in a few words.
    pub detail: String,
    /// Its type, or the signature of a function.
    #[serde(rename = "type")]
    pub of: Option<String>,
    /// Its value in the run, in short.
    pub value: Option<String>,
}

/// What the name at a place means; every field is null when there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Hover {
    /// What it means.
    pub text: Option<String>,
    /// Its type, or the signature of a function.
    #[serde(rename = "type")]
    pub of: Option<String>,
    /// Its value in the run, in short.
    pub value: Option<String>,
    /// Column of its beginning.
    pub from_column: u32,
    /// Column after its end.
    pub to_column: u32,
}

/// What the code of a problem means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Explanation {
    /// The code, `LW0111`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// A few words.
    pub title: String,
    /// Its page, in Markdown: what it means, an example, and the example mended.
    pub page: String,
}

/// An input that a run asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct InputField {
    /// Its name.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean`, `array`, `object` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// Its default, null when there is none.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub default: Value,
    /// The values allowed, when enumerated.
    #[cfg_attr(feature = "ts", ts(type = "Array<unknown> | null"))]
    pub values: Option<Vec<Value>>,
    /// What it is for.
    pub description: Option<String>,
}

/// One box of the canvas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct StepNode {
    /// The step's id, unique in its scope. For a step whose id is missing or duplicate, `@` and its index.
    pub id: String,
    /// Its title, if any; else the id is shown.
    pub title: Option<String>,
    /// The action's key: `run`, `set`, `choose`; `unknown` when there is none that is known.
    pub action: String,
    /// One line that says what it does, for example the first line of the script.
    pub summary: String,
    /// Its ports in order, without `failed`: `succeeded`, or the names of the cases.
    pub ports: Vec<String>,
    /// The step's fields as written (JSON of the YAML), for the inspector.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub fields: Value,
    /// First line of the step in the text, from 1.
    pub line: u32,
    /// Last line of the step in the text.
    pub end_line: u32,
    /// The group in which it stands, if any; its id then begins with the group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub parent: Option<String>,
    /// How it is repeated: `for_each` or `loop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub repeat: Option<String>,
}

/// One wire of the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Edge {
    /// Source step.
    pub from: String,
    /// Source port; null: any port but `failed`.
    pub port: Option<String>,
    /// Target step.
    pub to: String,
    /// True for an edge that an expression implies and `needs` does not write out.
    pub implied: bool,
}

/// Position of a box, in canvas units (pixels at zoom 1), of its top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// Positions that a person gave to boxes; steps that are missing are laid out automatically.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Layout {
    /// Step id → position.
    #[serde(default)]
    pub nodes: BTreeMap<String, Point>,
}

/// A workflow's text and all that is known about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Design {
    /// The text that was analysed.
    pub text: String,
    /// The workflow's id, null when the text cannot be read that far.
    pub id: Option<String>,
    /// Its version, if any.
    pub version: Option<String>,
    /// Its description, if any.
    pub description: Option<String>,
    /// The inputs a run asks for.
    pub inputs: Vec<InputField>,
    /// The boxes, in the order of the file.
    pub nodes: Vec<StepNode>,
    /// The wires.
    pub edges: Vec<Edge>,
    /// The problems, by position.
    pub diagnostics: Vec<Diagnostic>,
}

/// A workflow file with its design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WorkflowDocument {
    /// Path relative to the workspace.
    pub path: String,
    /// Identifies the text on disk (SHA-256 in hex); `save_workflow` compares it.
    pub revision: String,
    /// What the text says.
    pub design: Design,
    /// Positions from the sidecar file.
    pub layout: Layout,
}

/// A change of a workflow's text. Everything it does not touch keeps its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum EditOp {
    /// Appends a step with a fresh id made from `id` (or from the action's name), and the fields given.
    AddStep {
        /// Wished id; a number is appended when it is taken.
        id: Option<String>,
        /// The step's fields without its id, in order, for example `{"run": "echo hello"}`.
        #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
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
        /// Source port; null: any port but `failed`.
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
        /// Path of keys within the step: `["run"]`, `["env", "LANG"]`, `["retry", "attempts"]`.
        path: Vec<String>,
        /// The new value; null removes the field.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        value: Value,
    },
    /// Sets one field of the workflow itself (`description`, `inputs`, …), or removes it.
    SetWorkflowField {
        /// Path of keys from the top of the file.
        path: Vec<String>,
        /// The new value; null removes the field.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        value: Value,
    },
    /// Moves a step with its comments, within its scope, into a group or out of one. In another scope it gets a fresh id
    /// when its own is taken; edges that would cross the border of a group then end at the group.
    MoveStep {
        /// The step.
        id: String,
        /// The group that it goes into; null: the workflow itself.
        into: Option<String>,
        /// The step of that scope behind which it goes; null: to its beginning.
        after: Option<String>,
    },
    /// Puts steps at the end of a scope, with fresh ids where theirs are taken and references among them kept.
    Paste {
        /// YAML: a list of steps, one step, or a workflow, whose steps are taken.
        yaml: String,
        /// The group that they go into; null: the workflow itself.
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

/// Something that an edit did besides what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct EditNote {
    /// What happened, as a sentence; names stand between backquotes.
    pub message: String,
    /// Whether something was lost that may have to be written anew.
    pub loss: bool,
    /// The step to look at, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub step: Option<String>,
}

/// The outcome of an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Edited {
    /// The design after the edit.
    pub design: Design,
    /// The ids of steps that were added or went to another scope, in order.
    pub added: Vec<String>,
    /// What else happened: edges that end elsewhere now, names that nothing stands for any more.
    #[serde(default)]
    pub notes: Vec<EditNote>,
}
