//! Makes a workspace with an example in it.

use std::{fs, path::Path};

use loomwork_api::ApiResult;

use super::{WORKFLOWS, Workspace};
use crate::problem;

const EXAMPLE_PATH: &str = "workflows/hello.yaml";
const EXAMPLE: &str = include_str!("hello.yaml");

/// Makes a workspace in a folder (and the folder), and answers with the paths that were made. A folder that
/// already has workflows keeps exactly those.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn init(folder: &Path) -> ApiResult<(Workspace, Vec<String>)> {
    let workflows = folder.join(WORKFLOWS);
    let fresh = !workflows.is_dir();
    fs::create_dir_all(&workflows).map_err(|error| problem::file("make the folder", &workflows, &error))?;
    let workspace = Workspace::at(folder)?;
    let mut made = Vec::new();
    if fresh {
        made.push(format!("{WORKFLOWS}/"));
    }
    if workspace.workflow_paths()?.is_empty() {
        workspace.create(EXAMPLE_PATH, EXAMPLE)?;
        made.push(EXAMPLE_PATH.to_owned());
    }
    Ok((workspace, made))
}
