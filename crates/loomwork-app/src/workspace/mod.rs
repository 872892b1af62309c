//! The workspace: a folder with `workflows/` in it, and what may be read and written there.
//!
//! Invariant: no path that a request names leads out of the workspace's folder, not by `..`, not by a symbolic link.
//!
//! Not here: what the files mean (`catalog` asks `loomwork-workflow`), who owns the engine (`ownership`).

mod across;
mod catalog;
mod files;
mod init;
mod layout;
mod open_texts;
mod programs;
mod state;
mod watcher;

use std::path::{Path, PathBuf};

use loomwork_api::ApiResult;

pub(crate) use catalog::{Catalog, Entry, is_path, not_utf8};
pub(crate) use files::{FileText, is_workflow_name, read, replace};
pub use files::{read_text, workflow_files};
pub use init::init;
pub(crate) use programs::Programs;
pub(crate) use state::StateFolder;
pub(crate) use watcher::{Watching, watch_workflows};

use crate::problem;

/// Name of the folder that holds the workflows.
pub(crate) const WORKFLOWS: &str = "workflows";
/// Name of the folder that holds journal, logs and lock.
pub(crate) const STATE: &str = ".loomwork";

/// A folder of workflows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace in exactly this folder.
    ///
    /// # Errors
    /// When the folder does not exist or cannot be entered.
    pub fn at(folder: &Path) -> ApiResult<Self> {
        let root = folder.canonicalize().map_err(|error| {
            problem::not_found(format!("The workspace {} cannot be opened: {}.", folder.display(), problem::reason(&error)))
        })?;
        if !root.is_dir() {
            return Err(problem::not_found(format!("The workspace {} is not a folder.", folder.display())));
        }
        Ok(Self { root })
    }

    /// The nearest workspace of a folder: itself or a parent with `.loomwork/` or `workflows/`.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn nearest(folder: &Path) -> ApiResult<Self> {
        let start = Self::at(folder)?;
        start
            .root
            .ancestors()
            .find(|parent| parent.join(STATE).is_dir() || parent.join(WORKFLOWS).is_dir())
            .map(|root| Self { root: root.to_path_buf() })
            .ok_or_else(|| {
                problem::not_found(format!(
                    "There is no workspace in {} or above it. `loomwork init` makes one here; `--workspace DIR` names another.",
                    start.root.display()
                ))
            })
    }

    /// The folder, absolute and without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Name for people: the folder's last component.
    pub fn name(&self) -> String {
        self.root.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Folder of the state that is not to be committed.
    pub(crate) fn state(&self) -> StateFolder {
        StateFolder::new(self.root.join(STATE))
    }
}
