//! A workspace of its own for every test, the command in it, and waiting for conditions.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "helpers of the tests beside it")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// Nothing that should happen takes longer than this, on any machine.
const LONG: Duration = Duration::from_secs(60);

pub struct Place {
    folder: tempfile::TempDir,
    home: tempfile::TempDir,
}

#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Place {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), home: tempfile::tempdir().unwrap() };
        fs::create_dir(place.path().join("workflows")).unwrap();
        for (path, text) in files {
            fs::write(place.path().join(path), text).unwrap();
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// The command, without a word on its line.
    pub fn bare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loomwork"));
        command.env("XDG_DATA_HOME", self.home.path()).env("NO_COLOR", "1").env("LOOMWORK_ACTOR", "ada");
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// The command with JSON answers, in this workspace.
    pub fn command(&self) -> Command {
        let mut command = self.bare();
        command.arg("--json");
        command
    }

    pub fn json(&self, arguments: &[&str]) -> Answer {
        Answer::new(&self.command().args(arguments).output().unwrap())
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A server that owns the workspace and has said so.
    pub fn serve(&self) -> Serve {
        let mut process = self.command().args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Serve { address: serde_json::from_str(&line).unwrap(), process }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A background engine that a command started must not outlive the test.
        let address = fs::read_to_string(self.path().join(".loomwork/owner.json")).unwrap_or_default();
        let address: Value = serde_json::from_str(&address).unwrap_or_default();
        if let Some(pid) = address["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()) {
            signal(pid, "TERM");
            until("the engine has left", || !self.path().join(".loomwork/owner.json").exists() || !is_alive(pid));
        }
    }
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

pub struct Serve {
    pub process: Child,
    pub address: Value,
}

impl Serve {
    pub fn signal(&self, name: &str) {
        signal(self.process.id(), name);
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.signal("TERM");
            drop(self.process.wait());
        }
    }
}

pub fn signal(pid: u32, name: &str) {
    drop(Command::new("kill").args([format!("-{name}"), pid.to_string()]).stderr(Stdio::null()).status());
}

/// The answer of a command that was spawned.
pub fn finish(child: Child) -> Answer {
    Answer::new(&child.wait_with_output().unwrap())
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
