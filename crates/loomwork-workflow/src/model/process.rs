//! The fields of `run` and `command`: a program, its surroundings, and what becomes of its output.

use indexmap::IndexMap;

use crate::Template;

/// A process and how to run it.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// What it runs.
    pub program: ProgramText,
    /// Environment, besides the workflow's.
    pub env: IndexMap<String, Template>,
    /// Working directory, relative to the workspace.
    pub workdir: Option<Template>,
    /// Text for standard input.
    pub stdin: Option<Template>,
    /// How the output is made from standard output; none: `{exit_code, stdout, stderr_tail}`.
    pub output: Option<OutputAs>,
}

/// What a process runs.
#[derive(Debug, Clone, PartialEq)]
pub enum ProgramText {
    /// A script in a file.
    Script {
        /// Its text.
        script: String,
        /// The argv that runs it: `["bash", "-e", "{0}"]`, where `{0}` is the path of the file.
        shell: Vec<String>,
    },
    /// An argv, without a shell.
    Command(Vec<Template>),
}

/// How standard output becomes the step's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputAs {
    /// As text.
    Text,
    /// As a list of lines.
    Lines,
    /// As JSON.
    Json,
}

impl OutputAs {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Lines => "lines",
            Self::Json => "json",
        }
    }
}
