//! A workspace in a temporary folder, and commands in it.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Journal, Owner, RunView, program, wait_until};

/// A workspace. Dropping it ends a background engine that the commands in it started.
#[derive(Debug)]
pub struct Workspace {
    folder: TempDir,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Ran {
    /// The JSON document that it printed.
    ///
    /// # Panics
    /// When it printed none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The JSON lines that it printed.
    ///
    /// # Panics
    /// When a line is no JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}")))
            .collect()
    }

    /// The same, once it is sure that it exited with this code.
    ///
    /// # Panics
    /// When it did not.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Checks that the command says what is wrong in words, on standard error and without a trace of a panic.
    ///
    /// # Panics
    /// When it does not.
    pub fn complains_about(&self, words: &[&str]) {
        assert!(self.err.contains("error"), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing in {self:?}");
        }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Workspace {
    /// A workspace with workflow files `workflows/<name>.yaml`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(workflows: &[(&str, &str)]) -> Self {
        let workspace = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(workspace.root().join("workflows")).unwrap();
        for folder in ["home", "sockets"] {
            fs::DirBuilder::new().mode(0o700).create(workspace.folder.path().join(folder)).unwrap();
        }
        for (name, text) in workflows {
            workspace.write(&format!("workflows/{name}.yaml"), text);
        }
        workspace
    }

    /// A workspace with the examples of this repository.
    ///
    /// # Panics
    /// When they cannot be copied.
    pub fn with_examples() -> Self {
        let workspace = Self::new(&[]);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows"), &workspace.path("workflows"));
        workspace
    }

    /// Its folder.
    ///
    /// # Panics
    /// When it is gone.
    pub fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("workspace")
    }

    /// Path of a file in it.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// Writes a file in it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A command in it, with standard input empty.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).stdin(Stdio::null());
        self.place(&mut command);
        command
    }

    /// Makes a process live here: its folder, and a home of its own.
    pub(crate) fn place(&self, command: &mut Command) {
        let here = self.folder.path();
        command.current_dir(self.root()).env("HOME", here.join("home")).env("XDG_RUNTIME_DIR", here.join("sockets"));
        command.env_remove("XDG_DATA_HOME").env_remove("LOOMWORK_ENGINE").env("NO_COLOR", "1");
    }

    /// Runs a command with `--json` to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn json(&self, arguments: &[&str]) -> Ran {
        self.command(&[&["--json"], arguments].concat()).output().expect("the program starts").into()
    }

    /// Runs a command for people to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn say(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("the program starts").into()
    }

    /// Opens the workspace with `serve`.
    pub fn serve(&self) -> Owner {
        Owner::start(self, &["--json", "serve", "--listen", "127.0.0.1:0"])
    }

    /// The same, by a shell that lets a write beyond the limit of a file fail, as one to a full disk does.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn serve_on_a_small_disk(&self) -> Owner {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program());
        command.args(["--json", "serve", "--listen", "127.0.0.1:0"]).stdin(Stdio::null());
        self.place(&mut command);
        // What it says goes to a file of the same disk, which has no room either.
        let mut said = std::fs::File::create(self.path("said")).unwrap();
        said.write_all(&[b'.'; 8192]).unwrap();
        command.stderr(said);
        Owner::of(command)
    }

    /// Starts a run that nobody waits for; its id.
    pub fn start(&self, workflow: &str) -> String {
        let run = self.json(&["run", workflow, "--detach"]).exits(0).json();
        run["id"].as_str().unwrap().to_owned()
    }

    /// A run as `show` has it.
    pub fn show(&self, run: &str) -> RunView {
        RunView(self.json(&["show", run]).exits(0).json())
    }

    /// Waits until a run is as wanted.
    pub fn wait_for_run(&self, run: &str, what: &str, mut wanted: impl FnMut(&RunView) -> bool) -> RunView {
        let mut last = RunView(Value::Null);
        wait_until(&format!("{what} of run {run}, in {}", self.root().display()), || {
            last = self.show(run);
            wanted(&last)
        });
        last
    }

    /// Waits for the end of a run, which must be this one.
    ///
    /// # Panics
    /// When it ends otherwise.
    pub fn ends(&self, run: &str, status: &str) -> RunView {
        let ended = self.wait_for_run(run, "the end", RunView::has_ended);
        assert_eq!(ended.status(), status, "{:#}", ended.0);
        ended
    }

    /// Lines of a file in it; none while there is no file.
    pub fn lines(&self, relative: &str) -> Vec<String> {
        fs::read_to_string(self.path(relative)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Waits until a file has a line.
    pub fn wait_for_line(&self, relative: &str, line: &str) {
        wait_until(&format!("the line {line:?} in {relative}"), || self.lines(relative).iter().any(|found| found == line));
    }

    /// What steps wait for with `until [ -e NAME ]; do sleep 0.02; done` happens.
    pub fn open_gate(&self, name: &str) {
        self.write(name, "");
    }

    /// The journal as it stands on disk.
    pub fn journal(&self) -> Journal {
        Journal::of(&self.root())
    }

    /// Kills whoever owns the workspace, as `kill -9` does; nobody when nobody does.
    pub fn kill_owner(&self) {
        if let Some(pid) = self.owner_pid().filter(|pid| works_in(*pid, &self.root())).and_then(rustix::process::Pid::from_raw) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    fn owner_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.path(".loomwork/owner.json")).ok()?;
        let address: Value = serde_json::from_str(&text).ok()?;
        i32::try_from(address["pid"].as_i64()?).ok()
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // Only what names this folder as its own: the number could belong to somebody else by now.
        let Some(pid) = self.owner_pid() else { return };
        if works_in(pid, &self.root())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

fn works_in(pid: i32, folder: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
