//! The sidecar `<file>.layout.json`: positions that a person gave to boxes, kept out of the workflow file.
//!
//! Invariant: written in one form (sorted keys, one number format, trailing newline), so that it makes small diffs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use loomwork_api::{ApiResult, Layout};

use super::{Workspace, files};
use crate::problem;

/// Ending of a sidecar, after the workflow file's whole name.
pub(super) const SUFFIX: &str = ".layout.json";

/// The sidecar of a workflow file.
pub(super) fn sidecar(workflow: &Path) -> PathBuf {
    let mut name = workflow.as_os_str().to_owned();
    name.push(SUFFIX);
    name.into()
}

impl Workspace {
    /// The positions of a workflow. A sidecar that cannot be understood counts as none: the automatic layout
    /// takes over, and the file is kept until a person moves a box.
    pub(crate) fn layout(&self, path: &str) -> ApiResult<Layout> {
        let file = sidecar(&self.resolve(path)?);
        match fs::read(&file) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!("{} is not a layout, positions are made anew: {error}", file.display());
                Layout::default()
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Layout::default()),
            Err(error) => Err(problem::file("read", &file, &error)),
        }
    }

    /// Writes the positions of a workflow; without any, the sidecar goes away.
    pub(crate) fn write_layout(&self, path: &str, layout: &Layout) -> ApiResult<()> {
        let file = sidecar(&self.resolve(path)?);
        if layout.nodes.is_empty() {
            return match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(problem::file("delete", &file, &error)),
                _ => Ok(()),
            };
        }
        if let Some((id, _)) = layout.nodes.iter().find(|(_, at)| !at.x.is_finite() || !at.y.is_finite()) {
            return Err(problem::invalid(format!("The position of {id:?} is not a number.")));
        }
        let text = serde_json::to_string_pretty(layout)
            .map_err(|error| problem::internal(format!("A layout cannot be written: {error}.")))?;
        files::replace(&file, format!("{text}\n").as_bytes())
    }
}
