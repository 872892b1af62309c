//! Where a process runs and which program it is.
//!
//! Invariant: a working directory lies inside the workspace, symbolic links followed, unless the configuration allows others.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use loomwork_run::{ErrorClass, RunError};

use super::input::invalid;

/// The folder a script runs in. `workspace` is canonical.
pub(super) fn working_folder(workspace: &Path, workdir: Option<&str>, anywhere: bool) -> Result<PathBuf, RunError> {
    let Some(workdir) = workdir.filter(|workdir| !workdir.is_empty()) else { return Ok(workspace.to_owned()) };
    if workdir.contains('\0') {
        return Err(invalid("the input `workdir` contains a NUL character, which no path can have"));
    }
    // An absolute path replaces the workspace here, and has to be inside it all the same.
    let wanted = workspace.join(workdir);
    let outside = || {
        RunError::new(
            ErrorClass::Security,
            format!("`workdir: {workdir}` lies outside the workspace {}; a step runs inside it", workspace.display()),
        )
    };
    let folder = match wanted.canonicalize() {
        Ok(folder) => folder,
        // What lies outside is refused whether it exists or not: a step must not learn that from the answer.
        Err(_) if !anywhere && leaves(workdir, workspace) => return Err(outside()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(invalid(format!("`workdir: {workdir}` does not exist in the workspace {}", workspace.display())));
        }
        Err(error) => return Err(invalid(format!("`workdir: {workdir}` cannot be used: {error}"))),
    };
    if !anywhere && !folder.starts_with(workspace) {
        return Err(outside());
    }
    if !folder.is_dir() {
        return Err(invalid(format!("`workdir: {workdir}` is not a folder")));
    }
    Ok(folder)
}

/// Whether a path leaves the workspace by what is written in it.
fn leaves(workdir: &str, workspace: &Path) -> bool {
    let mut folder = PathBuf::new();
    for part in workspace.join(workdir).components() {
        if part == std::path::Component::ParentDir {
            folder.pop();
        } else {
            folder.push(part);
        }
    }
    !folder.starts_with(workspace)
}

/// The program's file: as a path from `folder`, or looked up in `path` like the system would.
pub(super) fn program(name: &str, folder: &Path, path: Option<&OsStr>) -> Result<PathBuf, RunError> {
    if name.contains('/') {
        return Ok(folder.join(name));
    }
    let default = OsString::from("/usr/local/bin:/usr/bin:/bin");
    let path = path.unwrap_or(&default);
    let found = std::env::split_paths(path).map(|entry| folder.join(entry).join(name)).find(|file| is_program(file));
    found.ok_or_else(|| {
        RunError::new(
            ErrorClass::Dependency,
            format!("the program `{name}` was not found in PATH; install it, or say another `shell`"),
        )
        .with_details(serde_json::json!({"program": name, "path": path.to_string_lossy()}))
    })
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        std::fs::create_dir(path.join("sub")).unwrap();
        std::fs::write(path.join("file"), "").unwrap();
        std::os::unix::fs::symlink("/", path.join("way_out")).unwrap();
        (folder, path)
    }

    #[test]
    fn a_script_runs_in_the_workspace_or_a_folder_of_it() {
        let (_folder, path) = workspace();
        assert_eq!(working_folder(&path, None, false).unwrap(), path);
        assert_eq!(working_folder(&path, Some("sub"), false).unwrap(), path.join("sub"));
        assert_eq!(working_folder(&path, Some("sub/../sub"), false).unwrap(), path.join("sub"));
        let absolute = path.join("sub");
        assert_eq!(working_folder(&path, absolute.to_str(), false).unwrap(), absolute);
    }

    #[test]
    fn no_way_out_of_the_workspace_is_taken_unless_allowed() {
        let (_folder, path) = workspace();
        for way in ["..", "sub/../..", "/", "/no-such-folder", "../no-such-folder", "way_out"] {
            let error = working_folder(&path, Some(way), false).unwrap_err();
            assert_eq!(error.class, ErrorClass::Security, "{way}: {}", error.message);
        }
        assert_eq!(working_folder(&path, Some("way_out"), true).unwrap(), Path::new("/"));
    }

    #[test]
    fn a_missing_folder_and_a_file_are_told_apart() {
        let (_folder, path) = workspace();
        assert!(working_folder(&path, Some("missing"), false).unwrap_err().message.contains("does not exist"));
        assert!(working_folder(&path, Some("file"), false).unwrap_err().message.contains("not a folder"));
    }

    #[test]
    fn a_program_that_is_nowhere_is_a_missing_dependency() {
        let (_folder, path) = workspace();
        let error = program("file", &path, Some(path.as_os_str())).unwrap_err();
        assert_eq!(error.class, ErrorClass::Dependency);
        assert!(error.message.contains("`file` was not found in PATH"));
        assert!(program("sh", &path, None).unwrap().ends_with("sh"));
        assert_eq!(program("./sub/x", &path, None).unwrap(), path.join("./sub/x"));
    }
}
