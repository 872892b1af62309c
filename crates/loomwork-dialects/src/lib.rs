//! Workflows of other tools: read into the language of Loomwork with a report of what became of every key, and pictures
//! of Loomwork's own workflows written for other tools.
//!
//! Invariant: no key of a source is dropped in silence. The source is read through [`source`], which remembers every value
//! that was looked at; what nobody looked at ends up in the report by construction.
//!
//! Not here: files, clocks and processes (the crate's `clippy.toml` forbids them). What the language means and whether a
//! text is valid is said by `loomwork-workflow`; who writes the imported files is `loomwork-app`.

mod actions;
mod agents;
mod cel;
mod detect;
mod draft;
mod duration;
mod error;
mod names;
mod picture;
mod report;
mod serverless;
mod source;
mod wfcommons;
mod yaml;

use std::fmt;

use indexmap::IndexMap;
use serde::Serialize;

pub use detect::detect;
pub use error::ImportError;
pub use picture::{Picture, PictureEdge, PictureNode, dot, mermaid, wfformat};
pub use report::{Finding, Severity};

use report::Report;
use source::Source;

/// A foreign language of workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// A YAML with `workflow: {inputs, steps: [{agent, action, inputs}], error_handling, monitoring}`.
    AgentSteps,
    /// A YAML with `tools`, `agents` and `workflows: {NAME: {steps: [{agent, input, output}]}}`.
    AgentTools,
    /// A workflow of GitHub Actions.
    GithubActions,
    /// The Serverless Workflow DSL, version 1.0.
    ServerlessWorkflow,
    /// A recorded workflow in WfFormat 1.5 of the WfCommons project.
    Wfformat,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AgentSteps, Self::AgentTools, Self::GithubActions, Self::ServerlessWorkflow, Self::Wfformat];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AgentSteps => "agent-steps",
            Self::AgentTools => "agent-tools",
            Self::GithubActions => "github-actions",
            Self::ServerlessWorkflow => "serverless-workflow",
            Self::Wfformat => "wfformat",
        }
    }

    /// The dialect of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// Its name in a sentence.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::AgentSteps => "an agent-steps file",
            Self::AgentTools => "an agent-tools file",
            Self::GithubActions => "a GitHub Actions workflow",
            Self::ServerlessWorkflow => "a Serverless Workflow 1.0 definition",
            Self::Wfformat => "a WfFormat 1.5 instance",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Agent → command line that stands in for it: it gets the agent's task as JSON on its standard input and answers on its
    /// standard output. Agents that are not named here stay agents.
    pub bind_agents: IndexMap<String, Vec<String>>,
    /// The model of agents for which the source names none.
    pub default_model: String,
    /// Files of the same dialect that stand beside the source: name → text (the `engine` and `templates` files of agent-steps).
    pub beside: IndexMap<String, String>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { bind_agents: IndexMap::new(), default_model: "ollama/llama3.2".to_owned(), beside: IndexMap::new() }
    }
}

/// What an import made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The workflows, in the order of the source.
    pub files: Vec<ImportedFile>,
    /// What became of the source, in its order.
    pub report: Vec<Finding>,
}

/// A file that an import made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedFile {
    /// Where it might go, below the workspace: `workflows/ID.yaml`.
    pub path: String,
    /// Its text, in the language of Loomwork.
    pub text: String,
}

/// Reads a workflow of another tool. `name` is the file's name, for ids and messages.
///
/// # Errors
/// When the text cannot be read, is too large, or lacks what makes a workflow of this dialect. Everything smaller is said
/// in the report.
pub fn import(dialect: Dialect, name: &str, text: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    let source = Source::read(name, text)?;
    source.bounded()?;
    let report = Report::new();
    let workflows = match dialect {
        Dialect::AgentSteps => agents::steps::import(&source, &report, options)?,
        Dialect::AgentTools => agents::tools::import(&source, &report, options)?,
        Dialect::GithubActions => actions::import(&source, &report)?,
        Dialect::ServerlessWorkflow => serverless::import(&source, &report)?,
        Dialect::Wfformat => wfcommons::import(&source, &report)?,
    };
    report.sweep(&source);
    let mut paths = names::Names::for_files();
    let files = workflows
        .into_iter()
        .map(|workflow| {
            let stem = paths.claim(&workflow.id);
            ImportedFile { path: format!("workflows/{stem}.yaml"), text: workflow.text() }
        })
        .collect();
    Ok(Imported { files, report: report.finish() })
}
