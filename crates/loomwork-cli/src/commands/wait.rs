//! Waiting for the end of a run: progress on a terminal, and what Ctrl-C means.

use std::pin::pin;

use futures::StreamExt as _;
use loomwork_api::{CancelRun, GetRun, ListRuns, News, Run, RunStatus, Watch};
use loomwork_app::Backend;

use super::{Context, join_or_start, open};
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
    render::{self, progress::Progress},
    signals::{Ask, Signals},
};

/// How the waiting ended.
enum Waited {
    Ended(Box<Run>),
    /// A person wants the run to go on without us.
    Left,
    /// We were told to end at once; the run goes on, unless it is being cancelled.
    Stopped {
        cancelled: bool,
    },
}

/// Waits for the end of a run and prints it.
pub(super) async fn until_end(context: &Context, backend: Backend, run: Run) -> Result<Exit, Failure> {
    let waited = wait(context, &backend, run).await;
    let leave = matches!(waited, Ok(Waited::Left)) || others_under_way(&backend, &waited).await;
    let workspace = backend.workspace().clone();
    let owned = backend.is_owner();
    backend.close().await;
    if owned && leave && !matches!(waited, Ok(Waited::Stopped { .. })) {
        open(workspace, join_or_start()?).await?.close().await;
    }
    match waited? {
        Waited::Ended(run) => {
            match context.form {
                Form::Json => output::json(&run),
                Form::Text => output::line(&render::run::whole(&run)),
            }
            Ok(if run.summary.status == RunStatus::Succeeded { Exit::Done } else { Exit::RunFailed })
        }
        Waited::Left => {
            output::note("The run goes on in the background; `loomwork show` tells how it is.");
            Ok(Exit::Done)
        }
        Waited::Stopped { cancelled: true } => {
            output::note("Stopped. The run is cancelled when the workspace is opened again.");
            Ok(Exit::RunFailed)
        }
        Waited::Stopped { cancelled: false } => {
            output::note("Stopped. The run goes on when the workspace is opened again.");
            // Nothing has failed: the engine of the run was told to end before the run.
            Ok(Exit::Unavailable)
        }
    }
}

/// While we owned the workspace, others may have started runs with us: these go on in the background.
async fn others_under_way(backend: &Backend, waited: &Result<Waited, Failure>) -> bool {
    if !backend.is_owner() || !matches!(waited, Ok(Waited::Ended(_))) {
        return false;
    }
    let runs = backend.request(ListRuns { limit: Some(1), ..ListRuns::default() }).await;
    runs.is_ok_and(|list| render::run::under_way(&list.counts) > 0)
}

async fn wait(context: &Context, backend: &Backend, run: Run) -> Result<Waited, Failure> {
    let id = run.summary.id.clone();
    let mut signals = Signals::listen().map_err(|error| Failure::usage(format!("signals cannot be caught: {error}")))?;
    let progress = Progress::new(context.form);
    progress.started(&run);
    let mut news = pin!(backend.watch(Watch { run: Some(id.clone()), after_seq: run.seq, logs: false }));
    // It may have ended between its start and the watch.
    let mut look = true;
    let mut cancelled = false;
    loop {
        if std::mem::take(&mut look) {
            let run = backend.request(GetRun { run: id.clone() }).await?;
            if run.summary.status.is_final() {
                return Ok(Waited::Ended(Box::new(run)));
            }
        }
        tokio::select! {
            batch = news.next() => match batch {
                Some(batch) => {
                    progress.tell(&batch);
                    look = may_have_ended(&batch, &id);
                }
                // The watch ends only with the backend; asking says why.
                None => look = true,
            },
            ask = signals.next() => match ask {
                Ask::Terminate => return Ok(Waited::Stopped { cancelled }),
                Ask::Interrupt if cancelled => return Ok(Waited::Stopped { cancelled }),
                Ask::Interrupt => match decide(&mut signals).await {
                    Decision::GoOn => {}
                    Decision::Leave => return Ok(Waited::Left),
                    Decision::Cancel => {
                        cancelled = true;
                        output::note("Cancelling the run; Ctrl-C again leaves at once.");
                        let reason = Some("interrupted in the terminal".to_owned());
                        // Refused only when it ends by itself at this moment.
                        let _ = backend.request(CancelRun { run: id.clone(), reason, compensate: false }).await;
                        look = true;
                    }
                },
            },
        }
    }
}

fn may_have_ended(news: &News, run: &str) -> bool {
    news.reset || news.runs.iter().any(|summary| summary.id == run && summary.status.is_final())
}

enum Decision {
    Cancel,
    Leave,
    GoOn,
}

/// What Ctrl-C means: asked where somebody can answer, cancel where nobody can.
async fn decide(signals: &mut Signals) -> Decision {
    if !output::interactive() {
        return Decision::Cancel;
    }
    output::note(
        "\n[c] cancel the run   [l] leave it to an engine in the background (steps under way start again)   [Enter] go on waiting",
    );
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map(|_| answer).unwrap_or_default()
    });
    tokio::select! {
        // A second Ctrl-C at the question is the shortest way to say cancel.
        _ = signals.next() => Decision::Cancel,
        answer = answer => match answer.unwrap_or_default().trim() {
            "c" | "C" => Decision::Cancel,
            "l" | "L" => Decision::Leave,
            _ => Decision::GoOn,
        },
    }
}
