//! What can be said on the command line.

mod checkpoint;
mod retention;
mod shared;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use checkpoint::{CheckpointCommand, LevelArgument};
pub(crate) use retention::{ArchiveArguments, ArchiveCommand, RemovalArguments};
pub(crate) use shared::{BreakerCommand, LetterCommand};

/// Draws, runs, watches and repairs workflows.
#[derive(Debug, Parser)]
#[command(name = "loomwork", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The workspace; else the nearest folder upwards with .loomwork/ or workflows/
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) workspace: Option<PathBuf>,
    /// Print JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a workspace with an example
    Init {
        /// The folder; else this one
        dir: Option<PathBuf>,
    },
    /// Check workflow files
    Validate {
        /// The files; a folder stands for the workflows in it
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say what a code of a problem means, with an example
    Explain {
        /// The code, like LW0111
        code: String,
    },
    /// Say what a run will look like: levels, critical path, expected duration
    Plan(PlanArguments),
    /// Write a workflow as a picture, or as a WfFormat instance
    Export(ExportArguments),
    /// List the versions of a workflow: the file as it stands, and those that were run
    Versions {
        /// A workflow file, or a workflow's id
        #[arg(value_name = "FILE|ID")]
        workflow: String,
    },
    /// Say what is different between two versions of a workflow, by meaning
    Diff {
        /// The old one: a workflow file, a workflow's id, or the beginning of the hash of a version that was run
        #[arg(value_name = "FILE|ID|HASH")]
        from: String,
        /// The new one
        #[arg(value_name = "FILE|ID|HASH")]
        to: String,
    },
    /// Start a run and wait for its end
    Run(RunArguments),
    /// Show a run
    Show {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// List runs, newest first
    Runs {
        /// Only of this status
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// Only those that wait for this: person, slot, event or time
        #[arg(long, value_name = "WHAT")]
        waits_for: Option<String>,
        /// Only of this workflow
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// List what waits to be started, and why
    Queue {
        /// Only of this run: its id, or a unique beginning of it
        run: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// Print the events of a run
    Events {
        /// The run's id, or a unique beginning of it
        run: String,
        /// Only events with a number of at least this
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        from: u64,
        /// Go on until the run has ended
        #[arg(long)]
        follow: bool,
    },
    /// Print the log of a run
    Logs {
        /// The run's id, or a unique beginning of it
        run: String,
        /// Only of this step
        #[arg(long, value_name = "PATH")]
        step: Option<String>,
        /// Go on until the run has ended
        #[arg(long)]
        follow: bool,
    },
    /// Take a failed or cancelled run up again; what succeeded is kept
    Retry {
        /// The run's id, or a unique beginning of it
        run: String,
        /// Only this failed step
        #[arg(long, value_name = "PATH")]
        step: Option<String>,
        /// Only the failed elements of the for-each that `--step` names; what succeeded is kept in any case
        #[arg(long, value_name = "failed", value_parser = ["failed"], requires = "step")]
        items: Option<String>,
        /// JSON merge patch on the step's resolved input
        #[arg(long, value_name = "JSON", requires = "step")]
        set: Option<String>,
        /// Only say what would re-run, be reused, and repeat an effect
        #[arg(long)]
        plan: bool,
    },
    /// Cancel a run
    Cancel {
        /// The run's id, or a unique beginning of it
        run: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Undo the steps that had completed
        #[arg(long)]
        compensate: bool,
    },
    /// Start nothing more of a run until it is resumed
    Pause {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// Let a paused run go on
    Resume {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// Do a step and all that follows again
    Rerun {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The step's path
        #[arg(long, value_name = "PATH")]
        from: String,
        /// Only say what would re-run, be reused, and repeat an effect
        #[arg(long)]
        plan: bool,
    },
    /// Go on with a corrected workflow; what did not change keeps its result
    Amend {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The corrected workflow
        #[arg(value_name = "FILE|ID")]
        workflow: String,
        /// Only say what would re-run, be reused, and repeat an effect
        #[arg(long)]
        plan: bool,
    },
    /// Start a new run from a moment of an old one, which stays as it is
    Fork {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The number of the last event that the new run takes over
        #[arg(long, value_name = "SEQ")]
        at: u64,
        /// Only say what would run, be reused, and repeat an effect
        #[arg(long)]
        plan: bool,
    },
    /// Keep the state of a run, to go back to it
    Checkpoint {
        #[command(subcommand)]
        what: CheckpointCommand,
    },
    /// Skip a step that failed or needs attention
    Skip {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The step's path
        step: String,
    },
    /// Mark a step that failed or needs attention as succeeded
    Succeed {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The step's path
        step: String,
        /// Its output
        #[arg(long, value_name = "JSON")]
        output: String,
    },
    /// Decide an approval: go on
    Approve(Decision),
    /// Decide an approval: do not
    Reject(Decision),
    /// Send an event to the steps that wait for it
    Send {
        /// The event's name
        name: String,
        /// Its data
        #[arg(long, value_name = "JSON")]
        data: Option<String>,
        /// Only to this run; else to every run of the workspace
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
    },
    /// Circuit breakers, which all runs of the workspace share
    Breakers {
        #[command(subcommand)]
        command: BreakerCommand,
    },
    /// Runs that failed for good: nobody took them up in time
    DeadLetters {
        #[command(subcommand)]
        command: LetterCommand,
    },
    /// Let a workspace that came with a foreign journal resume its runs
    Trust {
        /// The workspace; else the nearest one
        dir: Option<PathBuf>,
    },
    /// Put ended runs into the archive, or list, restore and delete what is there
    Archive(ArchiveArguments),
    /// Delete ended runs for good
    Purge(RemovalArguments),
    /// Copy the state of the workspace to a new folder while it is used, and check the copy
    Backup {
        /// The folder to make
        dir: PathBuf,
    },
    /// Put a backup in the place of the state of the workspace, which is kept aside
    Restore {
        /// The folder of the backup
        dir: PathBuf,
    },
    /// Check settings, disk, journal, values, runs, logs, checkpoints and the archive, and say what to do
    Doctor {
        /// First make the list of runs anew, and delete values that nothing names; nobody may use the workspace
        #[arg(long)]
        repair: bool,
    },
    /// Make workflows of a file of another tool, and say what became of it
    Import(ImportArguments),
    /// Print the JSON Schema of workflow files
    Schema,
    /// Own the workspace and serve its interface to a browser of this machine
    Serve(ServeArguments),
    /// Open the window
    Open {
        /// The workspace; else the nearest one
        dir: Option<PathBuf>,
    },
}

/// A decision of an approval.
#[derive(Debug, Args)]
pub(crate) struct Decision {
    /// The run's id, or a unique beginning of it
    pub(crate) run: String,
    /// The step's path
    pub(crate) step: String,
    /// A comment
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// What was filled in
    #[arg(long, value_name = "JSON")]
    pub(crate) form: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// A workflow file, of any place, or a workflow's id
    #[arg(value_name = "FILE|ID")]
    pub(crate) workflow: String,
    /// An input; JSON where it parses as the declared type, else text
    #[arg(long = "input", value_name = "K=V", value_parser = pair)]
    pub(crate) input: Vec<(String, String)>,
    /// A file with a JSON object of inputs, - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub(crate) format: PlanFormat,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people
    Text,
    /// As data, like `--json`
    Json,
    /// A Mermaid flowchart
    Mermaid,
    /// A Graphviz digraph
    Dot,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A workflow file, of any place, or a workflow's id
    #[arg(value_name = "FILE|ID")]
    pub(crate) workflow: String,
    /// For which tool
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,
    /// A file to write; else it is printed
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// The run whose tasks and times are recorded, with wfformat
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
}

/// What a workflow is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A Mermaid flowchart
    Mermaid,
    /// A Graphviz digraph
    Dot,
    /// A WfFormat 1.5 instance of the WfCommons project
    Wfformat,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// A workflow file, or a workflow's id
    #[arg(value_name = "FILE|ID")]
    pub(crate) workflow: String,
    /// An input; JSON where it parses as the declared type, else text
    #[arg(long = "input", value_name = "K=V", value_parser = pair)]
    pub(crate) input: Vec<(String, String)>,
    /// A file with a JSON object of inputs, - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs: Option<PathBuf>,
    /// A run for each JSON object of inputs in a file, an array or one a line, - for standard input; all begin, or none
    #[arg(long, value_name = "FILE")]
    pub(crate) each: Option<PathBuf>,
    /// Return once the run is started; an engine in the background carries it
    #[arg(long)]
    pub(crate) detach: bool,
    /// A label
    #[arg(long = "label", value_name = "K=V", value_parser = pair)]
    pub(crate) label: Vec<(String, String)>,
    /// From 0 (last) to 9 (first)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub(crate) priority: Option<u8>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The file
    pub(crate) file: PathBuf,
    /// agent-steps, agent-tools, github-actions, serverless-workflow or wfformat; else told by its text
    #[arg(long, value_name = "NAME")]
    pub(crate) dialect: Option<String>,
    /// A folder, or a file that ends in .yaml; else `workflows/` of the workspace
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen at, of this machine alone; port 0 for any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// A file with the token; made with a fresh one when it does not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Serve guests alone, and leave when nothing is under way
    #[arg(long, hide = true)]
    pub(crate) background: bool,
    /// Seconds with nothing under way after which the background engine leaves
    #[arg(long, hide = true, value_name = "S", default_value_t = 60)]
    pub(crate) idle_seconds: u64,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
