//! Facts about the workspace, and its trust.

use loomwork_api::{ApiResult, WorkspaceFacts};

use super::Caller;
use crate::{problem, reader::Reader};

pub(super) async fn facts(caller: &Caller) -> ApiResult<WorkspaceFacts> {
    let owner = &caller.owner;
    let workspace = owner.catalog().workspace();
    let engine = owner.engine();
    let figures = engine.figures().borrow().clone();
    Ok(WorkspaceFacts {
        path: workspace.root().display().to_string(),
        name: workspace.name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        owner: true,
        owner_pid: std::process::id(),
        trusted: owner.is_trusted(),
        actor: caller.actor.clone(),
        slots: count(engine.slots()),
        running: count(figures.running),
        queued: count(figures.queued),
        stalled: figures.stalled.as_deref().map(problem::sentence),
    })
}

/// Without an owner nothing runs and nothing can be started.
pub(super) fn facts_unowned(reader: &Reader) -> ApiResult<WorkspaceFacts> {
    let workspace = reader.catalog().workspace();
    Ok(WorkspaceFacts {
        path: workspace.root().display().to_string(),
        name: workspace.name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        owner: false,
        owner_pid: 0,
        trusted: true,
        actor: reader.actor().to_owned(),
        slots: 0,
        running: 0,
        queued: 0,
        stalled: None,
    })
}

pub(super) async fn trust(caller: &Caller) -> ApiResult<WorkspaceFacts> {
    caller.owner.trust().await?;
    facts(caller).await
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
