//! The end of a window: what happens to runs under way is asked once, and the workspace is let go in order.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use loomwork_api::{ListRuns, RunStatus};
use loomwork_app::{Backend, Mode, OpenOptions};
use tauri::{AppHandle, CloseRequestApi, Manager as _, WebviewWindow};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind, MessageDialogResult};

use crate::session::{Session, Sessions};

const KEEP: &str = "Keep running";
const STOP: &str = "Stop for now";
const STAY: &str = "Cancel";

/// The close button: the window goes at once, or after the question.
pub(crate) fn asked(app: &AppHandle, label: &str, request: &CloseRequestApi) {
    let sessions = app.state::<Sessions>();
    let Some(session) = sessions.get(label).filter(|_| sessions.asks()) else { return };
    request.prevent_close();
    let window = app.get_webview_window(label);
    let Some(window) = window.filter(|_| session.ask()) else { return };
    tauri::async_runtime::spawn(async move {
        let closes = may_close(&window, &session).await;
        session.answered();
        if closes && let Err(error) = window.destroy() {
            tracing::error!("the window cannot be closed: {error}");
        }
    });
}

async fn may_close(window: &WebviewWindow, session: &Session) -> bool {
    // A workspace that cannot be opened has nothing under way with us; a guest's runs are their owner's.
    let Ok(backend) = session.backend().await else { return true };
    let under_way = if backend.is_owner() { under_way(&backend).await } else { 0 };
    if under_way == 0 {
        return true;
    }
    let runs = if under_way == 1 { "A run is".to_owned() } else { format!("{under_way} runs are") };
    let stop = "\"Stop for now\" ends the steps under way; they start again when this workspace is next opened.";
    let keep = "\"Keep running\" hands the runs to an engine in the background; steps under way start again there.";
    let (message, buttons) = if program().is_some() {
        let buttons = MessageDialogButtons::YesNoCancelCustom(KEEP.to_owned(), STOP.to_owned(), STAY.to_owned());
        (format!("{runs} under way.\n\n{keep}\n\n{stop}"), buttons)
    } else {
        (format!("{runs} under way.\n\n{stop}"), MessageDialogButtons::OkCancelCustom(STOP.to_owned(), STAY.to_owned()))
    };
    let (tell, told) = tokio::sync::oneshot::channel();
    let dialog = window
        .dialog()
        .message(message)
        .parent(window)
        .title("Close the workspace?")
        .kind(MessageDialogKind::Warning)
        .buttons(buttons);
    dialog.show_with_result(move |answer| {
        // Nobody waits: the program is ending anyway.
        let _ = tell.send(answer);
    });
    let answer = match told.await {
        Ok(MessageDialogResult::Custom(text)) => text,
        Ok(MessageDialogResult::Yes) => KEEP.to_owned(),
        Ok(MessageDialogResult::No | MessageDialogResult::Ok) => STOP.to_owned(),
        _ => STAY.to_owned(),
    };
    session.keep_running.store(answer == KEEP, Ordering::Relaxed);
    answer == KEEP || answer == STOP
}

async fn under_way(backend: &Backend) -> u32 {
    let Ok(list) = backend.request(ListRuns { limit: Some(1), ..ListRuns::default() }).await else { return 0 };
    let open = [RunStatus::Queued, RunStatus::Running, RunStatus::Waiting, RunStatus::Cancelling];
    let name = |status| serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned));
    open.into_iter().filter_map(name).filter_map(|name| list.counts.get(&name)).sum()
}

/// The window is gone: its workspace follows, while other windows live on.
pub(crate) fn destroyed(app: &AppHandle, label: &str) {
    let sessions = app.state::<Sessions>();
    if let Some(session) = sessions.remove(label) {
        sessions.closes(tauri::async_runtime::spawn(close(session)));
    }
}

/// The program ends: every workspace is let go first.
pub(crate) fn all(app: &AppHandle) {
    let sessions = app.state::<Sessions>();
    for session in sessions.remove_all() {
        sessions.closes(tauri::async_runtime::spawn(close(session)));
    }
    tauri::async_runtime::block_on(futures::future::join_all(sessions.closing()));
}

async fn close(session: Arc<Session>) {
    session.end_all();
    let Ok(backend) = session.backend().await else { return };
    let workspace = backend.workspace().clone();
    backend.close().await;
    let Some(program) = program().filter(|_| session.keep_running.load(Ordering::Relaxed)) else { return };
    let options = OpenOptions::new(workspace, Mode::JoinOrStart(program));
    match Backend::open(options).await {
        Ok(guest) => guest.close().await,
        Err(error) => tracing::error!("the runs wait for the workspace to be opened again: {error}"),
    }
}

/// The program that carries runs without a window: beside this one, else on the PATH.
fn program() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join("loomwork")).find(|program| program.is_file())
}
