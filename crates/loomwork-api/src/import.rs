//! Workflows of other tools, read into the language: what would be written, and what became of the source.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::Diagnostic;

/// Asks what a workflow of another tool becomes; nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ImportWorkflow {
    /// The file's name, for ids and messages.
    pub name: String,
    /// Its text.
    pub text: String,
    /// `agent-steps`, `agent-tools`, `github-actions`, `serverless-workflow` or `wfformat`; null to tell by the text.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub dialect: Option<String>,
    /// Texts of files that stand beside it and belong to it, by name.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<IndexMap<String, String>>", optional))]
    pub beside: IndexMap<String, String>,
}

/// What an import made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ImportedWorkflows {
    /// The dialect that was read.
    pub dialect: String,
    /// The workflows, in the order of the source.
    pub files: Vec<ImportedFile>,
    /// What became of the source, in its order.
    pub report: Vec<ImportFinding>,
}

/// A workflow file that an import made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ImportedFile {
    /// The workflow's id.
    pub id: String,
    /// Where it would go, relative to the workspace.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its problems.
    pub diagnostics: Vec<Diagnostic>,
    /// The file of the workspace that is there already, or that has its id; null when the place is free.
    pub taken_by: Option<String>,
}

/// What became of a part of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum ImportOutcome {
    /// It means the same, but looks different.
    Translated,
    /// It became something that is near, not equal.
    Approximated,
    /// A step stands in its place that fails until a person replaces it.
    Placeholder,
    /// It is not in the workflow.
    Dropped,
}

/// What became of one part of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ImportFinding {
    /// What became of it.
    pub outcome: ImportOutcome,
    /// The file it stands in.
    pub file: String,
    /// Where it stands, as a JSON pointer.
    pub path: String,
    /// Its line, from 1; null when it has none.
    pub line: Option<u32>,
    /// What happened and what to do.
    pub message: String,
}
