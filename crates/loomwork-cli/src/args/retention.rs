//! The arguments of `archive` and `purge`. Not here: what they do (`commands::retention`).

use clap::{Args, Subcommand};

/// Which runs go.
#[derive(Debug, Args)]
pub(crate) struct RemovalArguments {
    /// Ids of runs, or unique beginnings of them
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// Those that ended so long ago, like 30d
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<String>,
    /// Those that ended in one of these ways: succeeded, failed, cancelled, compensated
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<String>,
    /// Those of this workflow
    #[arg(long, value_name = "ID")]
    pub(crate) workflow: Option<String>,
    /// All but the newest so many of each workflow and way of ending
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<u32>,
    /// Only say which would go, how many bytes they take, and what would stay
    #[arg(long, visible_alias = "dry-run")]
    pub(crate) plan: bool,
}

/// `archive` alone puts runs there; else it is about those that are there.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ArchiveArguments {
    #[command(flatten)]
    pub(crate) which: RemovalArguments,
    #[command(subcommand)]
    pub(crate) command: Option<ArchiveCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ArchiveCommand {
    /// List the archived runs, the oldest first
    List,
    /// Bring a run back
    Restore {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// Delete an archived run for good
    Delete {
        /// The run's id, or a unique beginning of it
        run: String,
    },
}
