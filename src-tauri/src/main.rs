//! The Loomwork window: one window a workspace, the contract over IPC, and the manners of a desktop program.
//!
//! Invariant: a page can call what `loomwork-api` lists and nothing else; a workspace is let go before its window's
//! process ends.
//!
//! Not here: what a request does (`loomwork-app`), what the page looks like (`ui/`).

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod closing;
mod commands;
mod opening;
mod session;

use std::{io::IsTerminal as _, process::ExitCode};

use tauri::{Manager as _, RunEvent, WindowEvent};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::session::Sessions;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("LOOMWORK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        // Where standard error is a file on a full disk, the trouble of saying so would go there too, and panic.
        .log_internal_errors(false)
        .init();
    let app = tauri::Builder::default()
        // First, so that a second start ends before it does anything else.
        .plugin(tauri_plugin_single_instance::init(|app, arguments, folder| {
            opening::second_start(app, &arguments, folder.as_ref());
        }))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::new().map_label(|_| "workspace").build())
        .manage(Sessions::default())
        .invoke_handler(tauri::generate_handler![commands::call, commands::watch, commands::unwatch])
        .setup(|app| {
            end_on_signals(app.handle().clone());
            opening::first_start(app.handle());
            Ok(())
        })
        .build(tauri::generate_context!());
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            tracing::error!("the window cannot be opened: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = app.run_return(|app, event| match event {
        RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. } => closing::asked(app, &label, &api),
        RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } => closing::destroyed(app, &label),
        RunEvent::Exit => closing::all(app),
        _ => {}
    });
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Whoever ends us by a signal gets the same orderly end as by the window's close button, without a question.
fn end_on_signals(app: tauri::AppHandle) {
    tauri::async_runtime::spawn(async move {
        let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
        else {
            tracing::warn!("signals cannot be caught; end the program by its window");
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        app.state::<Sessions>().stop_asking();
        app.exit(0);
    });
}
