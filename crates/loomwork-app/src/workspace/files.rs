//! Workflow files: finding, reading, writing and deleting them.
//!
//! Invariant: a file is replaced whole or not at all (temporary file, fsync, rename), and never when it is not
//! what the writer had read.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Component, Path, PathBuf},
};

use loomwork_api::{ApiError, ApiResult, ErrorCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{WORKFLOWS, Workspace};
use crate::problem;

/// Largest workflow file that is read at all. What is too large for a workflow, its analysis says.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The content of a workflow file.
#[derive(Debug, Clone)]
pub(crate) struct FileText {
    /// The text; invalid UTF-8 stands as U+FFFD.
    pub(crate) text: String,
    /// Identifies the bytes on disk.
    pub(crate) revision: String,
    /// Offset of the first byte that is not UTF-8, if any.
    pub(crate) invalid_at: Option<usize>,
}

impl FileText {
    /// What bytes say.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let revision = revision(&bytes);
        match String::from_utf8(bytes) {
            Ok(text) => Self { text, revision, invalid_at: None },
            Err(error) => Self {
                invalid_at: Some(error.utf8_error().valid_up_to()),
                text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                revision,
            },
        }
    }
}

/// Identifies a text: SHA-256 in hex.
pub(crate) fn revision(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Reads a workflow file of any place, bounded. What is no plain file could keep whoever opens it waiting for ever; only a
/// pipe that the caller has open already, as of `<(…)` in a shell, has somebody who writes to it.
pub(crate) fn read(path: &Path) -> ApiResult<FileText> {
    let file = open_plain(path)?;
    let mut bytes = Vec::new();
    let size = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| problem::file("read", path, &error))?;
    if size as u64 > MAX_BYTES {
        return Err(problem::invalid(format!("{} is too large: a workflow file has at most {MAX_BYTES} bytes.", path.display())));
    }
    Ok(FileText::new(bytes))
}

/// Reads the text of a file that is no workflow, of any place and size.
///
/// # Errors
/// When it is no plain file, cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> ApiResult<String> {
    let mut text = String::new();
    open_plain(path)?.read_to_string(&mut text).map_err(|error| problem::file("read", path, &error))?;
    Ok(text)
}

fn open_plain(path: &Path) -> ApiResult<fs::File> {
    let fail = |error: io::Error| problem::file("read", path, &error);
    let facts = fs::metadata(path).map_err(fail)?;
    let open_already = ["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|open| path.starts_with(open));
    if facts.is_dir() {
        return Err(problem::invalid(format!("{} is a folder; name a file.", path.display())));
    }
    if !facts.is_file() && !open_already {
        return Err(problem::invalid(format!("{} is not a plain file.", path.display())));
    }
    fs::File::open(path).map_err(fail)
}

/// Reads a file of the workspace. What is no plain file could keep whoever opens it waiting for ever.
fn read_plain(path: &Path) -> ApiResult<FileText> {
    match fs::metadata(path) {
        Ok(facts) if !facts.is_file() => Err(problem::invalid(format!("{} is not a plain file.", path.display()))),
        _ => read(path),
    }
}

/// The workflow files in a folder and below it, sorted. Links are not followed.
///
/// # Errors
/// When a folder cannot be listed.
pub fn workflow_files(folder: &Path) -> ApiResult<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = below(folder)?.into_iter().filter(|(_, kind)| kind.is_file()).map(|(path, _)| path).collect();
    found.sort();
    Ok(found)
}

/// What is named like a workflow file in a folder and below it, without what is hidden. No folder is an empty one.
fn below(folder: &Path) -> ApiResult<Vec<(PathBuf, fs::FileType)>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(problem::file("list", &folder, &error)),
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if is_hidden(&name) {
                continue;
            }
            if kind.is_dir() {
                open.push(path);
            } else if is_workflow_name(&name) {
                found.push((path, kind));
            }
        }
    }
    Ok(found)
}

impl Workspace {
    /// The workflow files, sorted, as paths relative to the workspace with `/`.
    pub(crate) fn workflow_paths(&self) -> ApiResult<Vec<String>> {
        let inside = |(path, kind): (PathBuf, fs::FileType)| {
            let relative = self.to_relative(&path)?;
            (kind.is_file() || self.link_stays_inside(&path)).then_some(relative)
        };
        let mut found: Vec<String> = below(&self.root().join(WORKFLOWS))?.into_iter().filter_map(inside).collect();
        found.sort();
        Ok(found)
    }

    /// A path of the system as one relative to the workspace; none when it is not below it (or not Unicode).
    pub fn to_relative(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(self.root()).ok()?;
        let parts: Option<Vec<&str>> = relative.components().map(|part| part.as_os_str().to_str()).collect();
        parts.map(|parts| parts.join("/"))
    }

    /// The file that a relative path names; it need not exist, but its folder must lie inside the workspace.
    pub(crate) fn resolve(&self, path: &str) -> ApiResult<PathBuf> {
        let outside = || problem::invalid(format!("{path:?} is not a path inside the workspace {}.", self.root().display()));
        if path.is_empty() || path.contains('\0') {
            return Err(outside());
        }
        let mut target = self.root().to_path_buf();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) if !is_hidden(&name.to_string_lossy()) => target.push(name),
                Component::CurDir => {}
                _ => return Err(outside()),
            }
        }
        if !is_workflow_name(path) {
            return Err(problem::invalid(format!("{path:?} is not a workflow file: its name must end in .yaml or .yml.")));
        }
        // The deepest part that exists decides where the path really leads.
        let real = target.ancestors().find_map(|part| part.canonicalize().ok()).ok_or_else(outside)?;
        if real.starts_with(self.root()) { Ok(target) } else { Err(outside()) }
    }

    /// Reads a workflow file by its relative path.
    pub(crate) fn read(&self, path: &str) -> ApiResult<FileText> {
        read_plain(&self.resolve(path)?).map_err(|error| match error.code {
            ErrorCode::NotFound => problem::not_found(format!("There is no workflow file {path} in this workspace.")),
            _ => error,
        })
    }

    /// Replaces a workflow file's text if it is still as it was read; `base` none overwrites whatever is there.
    pub(crate) fn write(&self, path: &str, text: &str, base: Option<&str>) -> ApiResult<()> {
        let target = self.writable(path)?;
        match read_plain(&target) {
            Ok(present) if present.invalid_at.is_some() => {
                return Err(problem::refused(format!(
                    "{path} is not UTF-8 text; saving would lose bytes. Convert it with another editor first."
                )));
            }
            Ok(present) if base.is_some_and(|base| base != present.revision) => {
                return Err(conflict(path, Some(&present.revision)));
            }
            Err(error) if error.code == ErrorCode::NotFound => {
                if base.is_some() {
                    return Err(conflict(path, None));
                }
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        replace(&target, text.as_bytes())
    }

    /// Makes a workflow file that must not exist yet.
    pub(crate) fn create(&self, path: &str, text: &str) -> ApiResult<()> {
        let target = self.writable(path)?;
        if target.symlink_metadata().is_ok() {
            return Err(problem::refused(format!("{path} exists already. Choose another id.")));
        }
        replace(&target, text.as_bytes())
    }

    /// Deletes a workflow file and its layout.
    pub(crate) fn delete(&self, path: &str) -> ApiResult<()> {
        let target = self.writable(path)?;
        fs::remove_file(&target).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => problem::not_found(format!("There is no workflow file {path} in this workspace.")),
            _ => problem::file("delete", &target, &error),
        })?;
        let sidecar = super::layout::sidecar(&target);
        match fs::remove_file(&sidecar) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(problem::file("delete", &sidecar, &error)),
            _ => Ok(()),
        }
    }

    /// The file of a path that may be written: below `workflows/`, where the designer lists it.
    fn writable(&self, path: &str) -> ApiResult<PathBuf> {
        let target = self.resolve(path)?;
        if !target.starts_with(self.root().join(WORKFLOWS)) {
            return Err(problem::invalid(format!("{path:?} is not below {WORKFLOWS}/; only workflow files there are written.")));
        }
        // A link that stays inside is written through, not replaced.
        Ok(target.canonicalize().unwrap_or(target))
    }

    fn link_stays_inside(&self, link: &Path) -> bool {
        link.canonicalize().is_ok_and(|target| target.starts_with(self.root()) && target.is_file())
    }
}

/// Replaces a file whole: what was there stays until the new content is on the disk.
pub(crate) fn replace(target: &Path, bytes: &[u8]) -> ApiResult<()> {
    let fail = |error: io::Error| problem::file("write", target, &error);
    let folder = target.parent().ok_or_else(|| problem::invalid(format!("{} has no folder.", target.display())))?;
    // The folder of a bare name is the present one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::create_dir_all(folder).map_err(fail)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}.tmp", uuid::Uuid::now_v7().simple()));
    let written = write_draft(&draft, target, bytes).and_then(|()| fs::rename(&draft, target));
    if let Err(error) = written {
        // The draft is ours alone; if it cannot be removed either, the hidden file does no harm.
        let _ = fs::remove_file(&draft);
        return Err(fail(error));
    }
    // The rename itself must survive a power cut too.
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
}

fn write_draft(draft: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(draft)?;
    file.write_all(bytes)?;
    if let Ok(present) = fs::metadata(target) {
        file.set_permissions(present.permissions())?;
    }
    file.sync_all()
}

fn conflict(path: &str, current: Option<&str>) -> ApiError {
    let what = if current.is_some() { "was changed" } else { "was removed" };
    ApiError::new(ErrorCode::Conflict, format!("{path} {what} since it was opened. Nothing was written."))
        .with_details(json!({ "path": path, "current_revision": current }))
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Whether a name is that of a workflow file.
pub(crate) fn is_workflow_name(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}
