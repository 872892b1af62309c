//! What can be said of circuit breakers and dead letters.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum BreakerCommand {
    /// List the circuit breakers that attempts have asked; those that are not closed first
    List,
    /// Close a circuit breaker: attempts are let through again
    Reset {
        /// Its key
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LetterCommand {
    /// List the dead letters, newest first
    List,
    /// Show a dead letter with its inputs, its steps and why it failed
    Show {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// Take the failed run up again; what succeeded is kept
    Retry {
        /// The run's id, or a unique beginning of it
        run: String,
    },
    /// Start a new run with the same inputs, labels and priority
    Resend {
        /// The run's id, or a unique beginning of it
        run: String,
        /// With the workflow that the old run ran, in place of its file as it stands
        #[arg(long)]
        original: bool,
    },
    /// Take it off the list; the run stays
    Discard {
        /// The run's id, or a unique beginning of it
        run: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}
