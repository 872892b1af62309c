//! Which workspace a start means, and its window.

use std::path::{Path, PathBuf};

use loomwork_api::ApiResult;
use loomwork_app::Workspace;
use tauri::{
    AppHandle, Manager as _, WebviewUrl,
    webview::{PageLoadEvent, WebviewWindowBuilder},
};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogKind};

use crate::session::Sessions;

/// The program's start: the workspace that was named, the nearest one, else one that a person chooses.
pub(crate) fn first_start(app: &AppHandle) {
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let named = named(std::env::args().skip(1), &folder);
    match named.unwrap_or_else(|| Workspace::nearest(&folder)) {
        Ok(workspace) => show(app, workspace),
        Err(error) if std::env::args().len() > 1 => say_and_exit(app, &error.message),
        Err(_) => choose(app),
    }
}

/// A further start: its workspace gets a window, or the one it has comes to the front.
pub(crate) fn second_start(app: &AppHandle, arguments: &[String], folder: &Path) {
    let sessions = app.state::<Sessions>();
    let wished = named(arguments.iter().skip(1).cloned(), folder).unwrap_or_else(|| Workspace::nearest(folder));
    let label = match wished {
        Ok(workspace) => match sessions.label_of(&workspace) {
            Some(label) => Some(label),
            None => return show(app, workspace),
        },
        Err(error) => {
            tracing::warn!("{error}");
            sessions.any_label()
        }
    };
    let window = label.and_then(|label| app.get_webview_window(&label));
    if let Some(window) = window {
        // Whatever a window manager refuses here, the window is there.
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

fn named(mut arguments: impl Iterator<Item = String>, folder: &Path) -> Option<ApiResult<Workspace>> {
    let named = arguments.find(|argument| !argument.starts_with('-'))?;
    Some(Workspace::at(&folder.join(named)))
}

fn show(app: &AppHandle, workspace: Workspace) {
    let title = format!("{} – Loomwork", workspace.name());
    let sessions = app.state::<Sessions>();
    let label = sessions.add(workspace);
    let built = WebviewWindowBuilder::new(app, &label, WebviewUrl::default())
        .title(title)
        .inner_size(1440.0, 900.0)
        .min_inner_size(960.0, 600.0)
        // Drag and drop is the page's own.
        .disable_drag_drop_handler()
        .on_navigation(is_own_page)
        .on_page_load(|window, load| {
            // A page that loads anew has lost its watches.
            if load.event() == PageLoadEvent::Started
                && let Some(session) = window.state::<Sessions>().get(window.label())
            {
                session.end_all();
            }
        })
        .build();
    if let Err(error) = built {
        sessions.remove(&label);
        say_and_exit(app, &format!("The window cannot be opened: {error}"));
    }
}

/// The window shows its own page and never another site.
fn is_own_page(address: &tauri::Url) -> bool {
    address.scheme() == "tauri" || (address.scheme() == "http" && address.host_str() == Some("tauri.localhost"))
}

fn choose(app: &AppHandle) {
    let handle = app.clone();
    let dialog = app.dialog().file().set_title("Choose a workspace, or a folder to make one in");
    dialog.pick_folder(move |chosen| {
        let Some(folder) = chosen.and_then(|path| path.into_path().ok()) else { return handle.exit(0) };
        match loomwork_app::init(&folder) {
            Ok((workspace, _)) => show(&handle, workspace),
            Err(error) => say_and_exit(&handle, &error.message),
        }
    });
}

fn say_and_exit(app: &AppHandle, message: &str) {
    tracing::error!("{message}");
    let handle = app.clone();
    let dialog = app.dialog().message(message).title("Loomwork").kind(MessageDialogKind::Error);
    dialog.show(move |_| handle.exit(1));
}
