//! What a page can ask for.

use std::{pin::pin, sync::Arc};

use futures::StreamExt as _;
use loomwork_api::{ApiError, ApiResult, ErrorCode, News, Request, Watch};
use serde_json::Value;
use tauri::{Manager as _, WebviewWindow, ipc::Channel};

use crate::session::{Session, Sessions};

fn session(window: &WebviewWindow) -> ApiResult<Arc<Session>> {
    let session = window.state::<Sessions>().get(window.label());
    session.ok_or_else(|| ApiError::new(ErrorCode::Unavailable, "The workspace has been closed."))
}

/// Answers a request of the contract.
#[tauri::command]
pub(crate) async fn call(window: WebviewWindow, request: Request) -> ApiResult<Value> {
    session(&window)?.backend().await?.call(request).await
}

/// Sends news to a channel until `unwatch`, or until the page is gone.
#[tauri::command]
pub(crate) async fn watch(window: WebviewWindow, watch: Watch, channel: Channel<News>) -> ApiResult<u32> {
    let session = session(&window)?;
    let backend = session.backend().await?;
    let news = backend.watch(watch);
    let task = tauri::async_runtime::spawn(async move {
        let mut news = pin!(news);
        while let Some(batch) = news.next().await {
            if let Err(error) = channel.send(batch) {
                tracing::debug!("a page is gone: {error}");
                return;
            }
        }
    });
    Ok(session.keep(task))
}

/// Ends a watch; one that has ended is no error.
#[tauri::command]
pub(crate) async fn unwatch(window: WebviewWindow, id: u32) -> ApiResult<()> {
    session(&window)?.end(id);
    Ok(())
}
