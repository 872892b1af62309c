//! Starting other programs in the repository, and looking at what they say.
//!
//! Invariant: a program that fails is an error with its command line in it; its output has been shown by then.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// What a command of this crate ends with; the error is a message for the person at the terminal.
pub(crate) type Done<T = ()> = Result<T, String>;

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder that cargo builds in.
pub(crate) fn target_folder() -> Done<PathBuf> {
    let folder = metadata()?["target_directory"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| "cargo metadata names no target directory".to_owned())
}

/// What cargo knows of the workspace and its dependencies.
pub(crate) fn metadata() -> Done<serde_json::Value> {
    let text = capture(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata cannot be read: {error}"))
}

/// The cargo that started this command.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// npm in a folder of the repository.
pub(crate) fn npm(folder: &str) -> Command {
    let mut npm = command("npm");
    npm.current_dir(root().join(folder));
    npm
}

/// A program in the repository's folder.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn unstartable(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` cannot be started: {error}", words(command))
}

/// Runs a program; its output goes to the terminal.
pub(crate) fn run(command: &mut Command) -> Done {
    let status = command.status().map_err(|error| unstartable(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", words(command))) }
}

/// Runs a program and returns its standard output.
pub(crate) fn capture(command: &mut Command) -> Done<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| unstartable(command, &error))?;
    if !output.status.success() {
        return Err(format!("`{}` failed ({})", words(command), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program, shows its standard output and gives every line of it to `each`.
pub(crate) fn listen(command: &mut Command, mut each: impl FnMut(&str)) -> Done {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| unstartable(command, &error))?;
    let stdout = child.stdout.take().map(BufReader::new);
    for line in stdout.into_iter().flat_map(|stdout| stdout.split(b'\n')) {
        let line = line.map_err(|error| format!("the output of `{}` cannot be read: {error}", words(command)))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        each(&line);
    }
    let status = child.wait().map_err(|error| unstartable(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", words(command))) }
}

/// Whether a program succeeds; its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The file of a program in PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// When a file, or the newest file in a folder, was changed. None if there is none.
pub(crate) fn changed(path: &Path) -> Option<SystemTime> {
    let metadata = path.metadata().ok()?;
    let inside = if metadata.is_dir() { std::fs::read_dir(path).ok() } else { None };
    let inside = inside.into_iter().flatten().filter_map(|entry| changed(&entry.ok()?.path()));
    inside.chain(metadata.modified()).max()
}

/// Files of the repository: tracked ones, and new ones that are not ignored.
pub(crate) fn files() -> Done<Vec<String>> {
    let listed = capture(command("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let files = listed.split('\0').filter(|file| !file.is_empty() && root().join(file).is_file());
    Ok(files.map(str::to_owned).collect())
}
