//! `open`: starts the window.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use loomwork_api::{ApiError, ErrorCode};
use loomwork_app::Workspace;

use super::Context;
use crate::exit::{Exit, Failure};

const PROGRAM: &str = "loomwork-desktop";

/// Opens the window on a workspace.
pub(super) fn open(context: &Context, dir: Option<PathBuf>) -> Result<Exit, Failure> {
    let context = Context { workspace: dir.or_else(|| context.workspace.clone()), ..context.clone() };
    let workspace: Workspace = context.workspace()?;
    let program = find().ok_or_else(|| {
        ApiError::new(
            ErrorCode::Unavailable,
            format!("The window's program {PROGRAM} is neither beside this one nor on the PATH. `loomwork serve` shows the same interface in a browser."),
        )
    })?;
    Command::new(&program)
        .arg(workspace.root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| ApiError::new(ErrorCode::Unavailable, format!("{} cannot be started: {error}.", program.display())))?;
    Ok(Exit::Done)
}

fn find() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(PROGRAM)).find(|program| program.is_file())
}
