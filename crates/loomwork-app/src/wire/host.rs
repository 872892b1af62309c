//! The owner's end of the socket: answers the guests of a workspace.

use std::{collections::HashMap, io, time::Duration};

use futures::{Stream, StreamExt as _};
use loomwork_api::{CONTRACT_VERSION, News};
use tokio::{
    io::AsyncWriteExt as _,
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use super::{
    frame,
    message::{ToGuest, ToHost, Welcome},
};
use crate::{owner::Owner, problem};

/// Messages that may wait for a slow guest; what has more to say then waits itself.
const QUEUE: usize = 64;
/// A guest that does not introduce itself in this time is sent away.
const HELLO: Duration = Duration::from_secs(5);

/// Answers guests until it is dropped; with it, all their connections end.
pub(crate) async fn serve(listener: UnixListener, owner: Owner) {
    let mut guests = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let owner = owner.clone();
                guests.spawn(async move {
                    if let Err(error) = attend(stream, owner).await {
                        tracing::debug!("the connection of a guest ended: {error}");
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: those that are here go on, new ones wait.
                tracing::warn!("cannot accept a guest: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while guests.try_join_next().is_some() {}
    }
}

async fn attend(stream: UnixStream, owner: Owner) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    if peer != rustix::process::getuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("user {peer} is not the owner's")));
    }
    let (mut from, mut to) = stream.into_split();
    let hello = tokio::time::timeout(HELLO, frame::read::<ToHost>(&mut from)).await;
    let actor = match hello {
        Ok(Ok(Some(ToHost::Hello { contract: CONTRACT_VERSION, actor, .. }))) => actor,
        Ok(Ok(Some(ToHost::Hello { contract, version, .. }))) => {
            let own = env!("CARGO_PKG_VERSION");
            let message = format!(
                "The workspace is owned by Loomwork {own} (process {}, contract {CONTRACT_VERSION}); this is Loomwork {version} \
                 (contract {contract}). Close the other one, or use the same version.",
                std::process::id()
            );
            return frame::write(&mut to, &ToGuest::Refused { message }).await;
        }
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "the guest did not introduce itself")),
    };
    let welcome = Welcome { contract: CONTRACT_VERSION, version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() };
    frame::write(&mut to, &ToGuest::Welcome(welcome)).await?;

    let (answers, queue) = mpsc::channel(QUEUE);
    let mut guest = Attended { owner, actor, answers, tasks: JoinSet::new(), watches: HashMap::new() };
    tokio::select! {
        sent = send_all(to, queue) => sent,
        heard = async {
            while let Some(message) = frame::read(&mut from).await? {
                guest.hear(message)?;
            }
            Ok(())
        } => heard,
    }
}

async fn send_all(mut to: OwnedWriteHalf, mut queue: mpsc::Receiver<ToGuest>) -> io::Result<()> {
    while let Some(message) = queue.recv().await {
        if let Some(bytes) = frame::encode(&message)? {
            to.write_all(&bytes).await?;
        } else if let ToGuest::Answer { id, .. } = message {
            let error = problem::refused("The answer is too large to be sent. Ask for less at one time.");
            frame::write(&mut to, &ToGuest::Failure { id, error }).await?;
        } else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "news too large to be sent"));
        }
    }
    Ok(())
}

/// One guest. Its calls and watches are tasks that end with it.
struct Attended {
    owner: Owner,
    actor: String,
    answers: mpsc::Sender<ToGuest>,
    tasks: JoinSet<()>,
    watches: HashMap<u64, AbortHandle>,
}

impl Attended {
    fn hear(&mut self, message: ToHost) -> io::Result<()> {
        while self.tasks.try_join_next().is_some() {}
        match message {
            ToHost::Hello { .. } => return Err(io::Error::new(io::ErrorKind::InvalidData, "a second hello")),
            ToHost::Call { id, request } => {
                let (owner, actor, answers) = (self.owner.clone(), self.actor.clone(), self.answers.clone());
                // Detached: a change that was begun ends as it should even when the guest leaves.
                tokio::spawn(async move {
                    let answer = match owner.call(&actor, *request).await {
                        Ok(value) => ToGuest::Answer { id, value },
                        Err(error) => ToGuest::Failure { id, error },
                    };
                    // The guest has left.
                    let _ = answers.send(answer).await;
                });
            }
            ToHost::Watch { id, watch } => {
                let task = self.tasks.spawn(report(self.owner.watch(watch), id, self.answers.clone()));
                if let Some(before) = self.watches.insert(id, task) {
                    before.abort();
                }
            }
            ToHost::Unwatch { id } => {
                if let Some(task) = self.watches.remove(&id) {
                    task.abort();
                }
            }
        }
        Ok(())
    }
}

async fn report(news: impl Stream<Item = News>, id: u64, answers: mpsc::Sender<ToGuest>) {
    let mut news = std::pin::pin!(news);
    while let Some(news) = news.next().await {
        if answers.send(ToGuest::News { id, news: Box::new(news) }).await.is_err() {
            return;
        }
    }
    // The guest has left.
    let _ = answers.send(ToGuest::Ended { id }).await;
}
