//! What a step does.
//!
//! Not here: processes (`process`), how any of it is performed (`loomwork-run`, `loomwork-steps`).

use indexmap::IndexMap;
use serde_json::Value;

use super::{Body, Process, ProgramText};
use crate::Template;

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "most steps run a script, and a workflow has one action a step")]
pub enum Action {
    /// Runs a script or a program.
    Process(Process),
    /// Names values.
    Set(IndexMap<String, Template>),
    /// Takes the port of the first case that is true.
    Choose(Choose),
    /// Does steps of its own.
    Group(Group),
    /// Waits for a time or an event.
    Wait(Wait),
    /// Waits for the first of several; its name is the port.
    FirstOf(IndexMap<String, Wait>),
    /// Waits for a person's decision.
    Approve(Approve),
    /// Sends an event.
    Emit {
        /// Its name.
        event: Template,
        /// Its data.
        data: Template,
    },
    /// Cancels steps of its scope.
    Cancel(Vec<String>),
    /// Ends the run: none for `succeeded`, else the failure's message.
    End(Option<Template>),
    /// Runs another workflow.
    Call(Call),
    /// Anything that the engine hands out with a resolved input: `http`, `jq`, …
    Effect {
        /// The action's key.
        name: &'static str,
        /// Its fields.
        input: Template,
    },
}

impl Action {
    /// The key in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Process(Process { program: ProgramText::Script { .. }, .. }) => "run",
            Self::Process(Process { program: ProgramText::Command(_), .. }) => "command",
            Self::Set(_) => "set",
            Self::Choose(_) => "choose",
            Self::Group(_) => "steps",
            Self::Wait(_) => "wait",
            Self::FirstOf(_) => "first_of",
            Self::Approve(_) => "approve",
            Self::Emit { .. } => "emit",
            Self::Cancel(_) => "cancel",
            Self::End(_) => "end",
            Self::Call(_) => "workflow",
            Self::Effect { name, .. } => name,
        }
    }
}

/// A group of steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its steps.
    pub body: Body,
    /// What it gives back; none: a map of its steps' outputs.
    pub outputs: Option<IndexMap<String, Template>>,
    /// Steps of its own under way at one time.
    pub max_parallel: Option<u32>,
}

/// Cases of a choice, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Choose {
    /// Port and condition.
    pub cases: Vec<(String, Template)>,
    /// Port when no case is true.
    pub otherwise: Option<String>,
}

/// Another workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: Template,
    /// Its inputs.
    pub inputs: Template,
    /// Whether the step waits for its end.
    pub wait: bool,
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Approve {
    /// What is asked.
    pub message: Template,
    /// JSON Schema of what the person fills in.
    pub form: Option<Value>,
    /// How long at the most.
    pub timeout: Option<Template>,
    /// The port when nobody decides: `approved` or `rejected`; none: the step fails.
    pub on_timeout: Option<String>,
}

impl Approve {
    /// What is wrong with what a person filled in (nothing counts as an empty form); none: it fits.
    #[must_use]
    pub fn misfit(&self, form: Option<&Value>) -> Option<String> {
        let empty = Value::Object(serde_json::Map::new());
        crate::inputs::misfit(self.form.as_ref()?, form.unwrap_or(&empty))
    }
}

/// What to wait for.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a workflow has few waits")]
pub enum Wait {
    /// A duration.
    For(Template),
    /// A moment, RFC 3339.
    Until(Template),
    /// An event.
    Event {
        /// Its name.
        name: Template,
        /// Condition; sees `event.name` and `event.data`.
        matches: Option<Template>,
        /// How long at the most.
        timeout: Option<Template>,
    },
}
