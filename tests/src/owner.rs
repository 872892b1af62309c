//! A `loomwork serve` under way.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Stdio},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use crate::{Workspace, wait_for};

/// A server. Dropping it kills it.
#[derive(Debug)]
pub struct Owner {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it said first: `address`, `owner`, `pid`, `workspace`.
    pub facts: Value,
}

impl Owner {
    pub(crate) fn start(workspace: &Workspace, arguments: &[&str]) -> Self {
        Self::of(workspace.command(arguments))
    }

    /// The server that a command starts.
    pub(crate) fn of(mut command: std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let facts = serde_json::from_str(&line).unwrap_or_else(|error| panic!("serve says {line:?} ({error})"));
        Self { child, out, facts }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it said that it owns the workspace.
    pub fn owns(&self) -> bool {
        self.facts["owner"] == true
    }

    /// Lets its files grow no further than so many bytes; none: as far as the disk goes.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// When it had ended before.
    pub fn kill(mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "the owner had ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has. What else it said on standard output.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = wait_for("the end of the owner", || self.child.try_wait().unwrap());
        assert!(status.success(), "the owner ended with {status}");
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
