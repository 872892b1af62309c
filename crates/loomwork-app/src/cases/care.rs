//! Checking and backing up a workspace.

use std::path::PathBuf;

use loomwork_api::{ApiResult, Backup, Diagnosis, MakeBackup};

use crate::{Workspace, care, journal::blocking};

pub(super) async fn check(workspace: &Workspace) -> ApiResult<Diagnosis> {
    let workspace = workspace.clone();
    blocking(move || Ok(care::check(&workspace))).await
}

pub(super) async fn back_up(workspace: &Workspace, request: MakeBackup) -> ApiResult<Backup> {
    let workspace = workspace.clone();
    blocking(move || care::back_up(&workspace, &PathBuf::from(request.to))).await
}
