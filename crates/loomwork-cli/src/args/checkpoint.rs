//! The arguments of `checkpoint`. Not here: what it does (`commands::checkpoints`).

use clap::{Subcommand, ValueEnum};

/// What can be done with checkpoints.
#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointCommand {
    /// Keep the state of a run as it is now
    Create {
        /// The run's id, or a unique beginning of it
        run: String,
        /// A name
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// How much it holds
        #[arg(long, value_name = "LEVEL", value_enum, default_value = "standard")]
        level: LevelArgument,
    },
    /// List the checkpoints of a run, newest state first
    List {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// Start a new run from what a checkpoint kept; the old run stays as it is
    Restore {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The checkpoint's id or name
        #[arg(value_name = "ID|NAME")]
        checkpoint: String,
        /// Only say what would run, be reused, and repeat an effect
        #[arg(long)]
        plan: bool,
    },
    /// Delete a checkpoint; the run stays as it is
    Delete {
        /// The run's id, or a unique beginning of it
        run: String,
        /// The checkpoint's id or name
        #[arg(value_name = "ID|NAME")]
        checkpoint: String,
    },
}

/// How much a checkpoint holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArgument {
    /// The state; large values by their hash
    Minimal,
    /// And variables and outputs: the large values themselves
    Standard,
    /// And an index of the logs, and what the attempts used
    Comprehensive,
    /// And the surroundings of the engine, never secrets
    Debug,
}
