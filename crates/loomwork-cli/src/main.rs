//! The `loomwork` command: the application service of the window, for terminals and scripts.
//!
//! Invariant: with `--json`, standard output carries JSON documents and nothing else; problems go to standard error.
//!
//! Not here: what a request does (`loomwork-app`). A command parses, calls, renders.

mod args;
mod commands;
mod exit;
mod output;
mod render;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::{args::Arguments, exit::Exit};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error),
    };
    let filter = EnvFilter::try_from_env("LOOMWORK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::colours())
        .with_target(false)
        // Where standard error is a file on a full disk, the trouble of saying so would go there too, and panic.
        .log_internal_errors(false)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("no threads can be started: {error}"));
            return Exit::Unavailable.into();
        }
    };
    let exit = match runtime.block_on(commands::perform(arguments)) {
        Ok(exit) => exit,
        Err(failure) => failure.report(),
    };
    // A thread that still waits for standard input (a question nobody answered) must not keep us.
    runtime.shutdown_background();
    exit.into()
}
