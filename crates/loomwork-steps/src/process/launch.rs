//! Starting a process: its private files, its environment, its group.
//!
//! Invariant: the script is written to a file that only this user can read, and the files of an attempt are gone when it ends.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use loomwork_engine::AttemptSpec;
use loomwork_run::{ErrorClass, RunError};

use super::input::{Program, RunInput, invalid};
use super::place;
use super::tree::{ATTEMPT_MARK, ENGINE_MARK, RUN_MARK, STEP_MARK};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The private files of an attempt, removed on drop.
#[derive(Debug)]
pub(super) struct AttemptFiles {
    pub(super) script: PathBuf,
    /// Where the script may write its output; missing until it does.
    output: PathBuf,
    /// Which of them may be there, so that nothing looks for a file that never was.
    has_script: bool,
    has_output: Cell<bool>,
}

impl AttemptFiles {
    /// Names the files in `folder`, and writes the script if there is one.
    pub(super) fn write(folder: &Path, script: Option<&str>) -> Result<Self, RunError> {
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = |ending| folder.join(format!("{name}.{ending}"));
        let (has_script, has_output) = (script.is_some(), Cell::new(true));
        let files = Self { script: path("script"), output: path("output"), has_script, has_output };
        let Some(script) = script else { return Ok(files) };
        let open = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&files.script);
        let file = match open() {
            // Someone tidied the folder away while the engine was running.
            Err(error) if error.kind() == io::ErrorKind::NotFound => private_folder(folder).and_then(|()| open()),
            opened => opened,
        };
        file.and_then(|mut file| file.write_all(script.as_bytes())).map_err(|error| {
            let message = format!("the script cannot be written to {}: {error}", files.script.display());
            RunError::new(class_of(&error), message)
        })?;
        Ok(files)
    }

    /// Opens the file that the script wrote its output to, once it has ended; none if it wrote none.
    pub(super) fn open_output(&self) -> io::Result<Option<(File, u64)>> {
        let opened = open_plain(&self.output);
        self.has_output.set(!matches!(opened, Ok(None)));
        opened
    }
}

impl Drop for AttemptFiles {
    fn drop(&mut self) {
        // They may be gone already. What cannot be removed is removed when the engine starts the next time.
        let there = [(self.has_script, &self.script), (self.has_output.get(), &self.output)];
        there.into_iter().filter(|(may_be, _)| *may_be).for_each(|(_, file)| _ = std::fs::remove_file(file));
    }
}

/// Makes a folder that only this user can enter.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Class of a refusal by the system.
pub(super) fn class_of(error: &io::Error) -> ErrorClass {
    match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::OutOfMemory
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::WouldBlock => ErrorClass::Resource,
        io::ErrorKind::NotFound => ErrorClass::Dependency,
        io::ErrorKind::PermissionDenied => ErrorClass::Security,
        io::ErrorKind::ArgumentListTooLong | io::ErrorKind::InvalidInput => ErrorClass::Validation,
        _ => match error.raw_os_error() {
            // ENFILE, EMFILE: too many open files.
            Some(23 | 24) => ErrorClass::Resource,
            _ => ErrorClass::Unknown,
        },
    }
}

/// Where a process is started, and what it is not to inherit.
pub(super) struct Setting<'a> {
    pub(super) folder: &'a Path,
    pub(super) journal: &'a str,
    pub(super) hidden: &'a [OsString],
}

/// Starts the process.
pub(super) fn launch(
    spec: &AttemptSpec,
    input: &RunInput,
    files: &AttemptFiles,
    setting: &Setting<'_>,
) -> Result<Child, RunError> {
    let path = input.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
    let path = path.or_else(|| std::env::var_os("PATH"));
    let (name, arguments) = input.program.argv();
    let program = place::program(name, setting.folder, path.as_deref()).map_err(|error| match input.program {
        Program::Script { .. } => error,
        Program::Argv { .. } => RunError { message: format!("the program `{name}` was not found in PATH; install it"), ..error },
    })?;
    let mut command = Command::new(&program);
    match input.program {
        Program::Script { .. } => command.args(arguments.iter().map(|word| with_script(word, &files.script))),
        Program::Argv { .. } => command.args(arguments),
    };
    for name in setting.hidden {
        command.env_remove(name);
    }
    command
        .current_dir(setting.folder)
        .envs(input.env.iter().map(|(name, value)| (name, value)))
        .env(ENGINE_MARK, setting.journal)
        .env(RUN_MARK, &spec.key.run)
        .env(STEP_MARK, &spec.key.step)
        .env(ATTEMPT_MARK, spec.key.attempt.to_string())
        .env("LOOMWORK_IDEMPOTENCY_KEY", &spec.idempotency_key)
        .env("LOOMWORK_OUTPUT", &files.output)
        .process_group(0)
        .stdin(if input.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().map_err(|error| refused(&error, &program))
}

/// A word of the argv with the script's path in its place.
fn with_script(word: &str, script: &Path) -> OsString {
    let mut parts = word.split("{0}");
    let mut text = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        text.push(script);
        text.push(OsStr::new(part));
    }
    text
}

fn refused(error: &io::Error, program: &Path) -> RunError {
    let class = class_of(error);
    let program = program.display();
    match class {
        ErrorClass::Validation if error.kind() == io::ErrorKind::ArgumentListTooLong => invalid(
            "the environment is larger than the system takes for a process, arguments included; pass large values as `stdin`, or through files",
        ),
        ErrorClass::Dependency => RunError::new(class, format!("the program {program} was not found")),
        ErrorClass::Security => RunError::new(class, format!("the program {program} may not be executed: {error}")),
        ErrorClass::Resource => RunError::new(class, format!("the system has no room for another process: {error}")),
        _ => RunError::new(class, format!("the program {program} could not be started: {error}")),
    }
}

/// Removes what earlier engines left behind.
pub(super) fn clear(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = Path::new(&name).extension().is_some_and(|ending| ending == "script" || ending == "output");
        if ours && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens a file with its length; none if there is none. Never waits, as opening a pipe would.
fn open_plain(path: &Path) -> io::Result<Option<(File, u64)>> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a plain file"));
    }
    Ok(Some((File::open(path)?, metadata.len())))
}
