//! `serve`: owns the workspace and answers browsers of this machine; in the background, guests alone.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use loomwork_api::{ErrorCode, ListRuns};
use loomwork_app::{Backend, Mode};
use loomwork_server::{ServeOptions, Server, Token};
use serde_json::json;

use super::Context;
use crate::{
    args::ServeArguments,
    exit::{Exit, Failure},
    output::{self, Form},
    render,
    signals::Signals,
};

/// How often the background engine looks whether something is under way.
const LOOK: Duration = Duration::from_secs(1);

/// Serves until a signal comes.
pub(super) async fn serve(context: &Context, arguments: ServeArguments) -> Result<Exit, Failure> {
    if arguments.background {
        return background(context, Duration::from_secs(arguments.idle_seconds)).await;
    }
    let mut signals = listen_to_signals()?;
    let token = arguments.token_file.as_deref().map_or_else(|| Ok(Token::random()), token_of)?;
    // The port first: an engine must not start only to be told that there is none.
    let server = Server::listen(ServeOptions { listen: arguments.listen, token }).await?;
    let backend = tokio::select! {
        backend = context.open(Mode::OwnOrJoin) => backend?,
        _ = signals.next() => return Ok(Exit::Done),
    };
    announce(context, &backend, &server.address()).await?;
    let served = server.serve(backend.clone(), async move {
        signals.next().await;
    });
    let served = served.await;
    backend.close().await;
    served.map_err(|error| Failure::usage(format!("the server stopped: {error}")))?;
    Ok(Exit::Done)
}

async fn announce(context: &Context, backend: &Backend, address: &str) -> Result<(), Failure> {
    let facts = backend.facts().await?;
    if !facts.owner {
        output::note(&format!(
            "The workspace is owned by process {}; this one is its guest, and takes over when it ends.",
            facts.owner_pid
        ));
    }
    if !facts.trusted {
        output::note("The journal of this workspace came from elsewhere: nothing resumes until `loomwork trust`.");
    }
    match context.form {
        Form::Json => output::json(&json!({
            "address": address, "workspace": facts.path, "pid": std::process::id(), "owner": facts.owner,
        })),
        Form::Text => output::line(address),
    }
    Ok(())
}

fn listen_to_signals() -> Result<Signals, Failure> {
    Signals::listen().map_err(|error| Failure::usage(format!("signals cannot be caught: {error}")))
}

/// The token in a file; a file that does not exist is made, for this user alone.
fn token_of(file: &Path) -> Result<Token, Failure> {
    let fail = |error: std::io::Error| Failure::usage(format!("the token file {}: {error}", file.display()));
    match std::fs::read_to_string(file) {
        Ok(text) => Token::chosen(text.trim()).ok_or_else(|| {
            Failure::usage(format!("the token in {} must have at least 16 characters out of A-Z a-z 0-9 - _ . ~", file.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = Token::random();
            let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
            made.and_then(|mut file| writeln!(file, "{}", token.as_str())).map_err(fail)?;
            Ok(token)
        }
        Err(error) => Err(fail(error)),
    }
}

/// An engine for guests, of its own session, that leaves when nothing has been under way for a while.
async fn background(context: &Context, idle: Duration) -> Result<Exit, Failure> {
    // Fails only when this process leads a group already, and then the terminal is not ours anyway.
    let _ = rustix::process::setsid();
    let mut signals = listen_to_signals()?;
    let backend = match context.open(Mode::Own).await {
        Ok(backend) => backend,
        // Somebody else was faster: the guest that wanted an owner has one.
        Err(error) if error.code == ErrorCode::Refused => return Ok(Exit::Done),
        Err(error) => return Err(error.into()),
    };
    let mut busy = Instant::now();
    loop {
        tokio::select! {
            _ = signals.next() => break,
            () = tokio::time::sleep(LOOK.min(idle)) => {
                if under_way(&backend).await? {
                    busy = Instant::now();
                } else if busy.elapsed() >= idle {
                    break;
                }
            }
        }
    }
    backend.close().await;
    Ok(Exit::Done)
}

async fn under_way(backend: &Backend) -> Result<bool, Failure> {
    let facts = backend.facts().await?;
    if !facts.trusted {
        return Ok(false);
    }
    let list = backend.request(ListRuns { limit: Some(1), ..ListRuns::default() }).await?;
    Ok(render::run::under_way(&list.counts) > 0)
}
