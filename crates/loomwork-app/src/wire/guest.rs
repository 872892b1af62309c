//! The guest's end of the socket: calls and watches, many at a time over one connection.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{Stream, StreamExt as _};
use loomwork_api::{ApiError, ApiResult, CONTRACT_VERSION, News, Request, Watch};
use serde_json::Value;
use tokio::{
    net::{UnixStream, unix::OwnedReadHalf, unix::OwnedWriteHalf},
    sync::{mpsc, oneshot, watch},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    frame,
    message::{ToGuest, ToHost, Welcome},
};
use crate::problem;

/// Batches of news that may wait for a slow watcher; beyond, its watch is ended and it begins anew.
const QUEUE: usize = 256;
/// How long a host may take to welcome.
const WELCOME: Duration = Duration::from_secs(5);

/// Why a workspace could not be joined.
#[derive(Debug)]
pub(crate) enum JoinError {
    /// Nobody answers there (yet).
    Absent(io::Error),
    /// The owner answers and says no.
    Refused(String),
}

/// A connection to the owner. Dropping the last clone closes it.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    next: AtomicU64,
    out: mpsc::UnboundedSender<ToHost>,
    waiting: Mutex<Waiting>,
    closed: watch::Receiver<bool>,
}

#[derive(Debug, Default)]
struct Waiting {
    closed: bool,
    calls: HashMap<u64, oneshot::Sender<ApiResult<Value>>>,
    watches: HashMap<u64, mpsc::Sender<News>>,
}

impl Guest {
    /// Connects and introduces itself.
    pub(crate) async fn join(socket: &Path, actor: &str) -> Result<Self, JoinError> {
        let greeting = tokio::time::timeout(WELCOME, greet(socket, actor)).await;
        let (from, to, host) = greeting.map_err(|_| JoinError::Absent(io::ErrorKind::TimedOut.into()))??;
        tracing::debug!("joined process {} (Loomwork {}, contract {})", host.pid, host.version, host.contract);
        let (out, queue) = mpsc::unbounded_channel();
        let (close, closed) = watch::channel(false);
        let line = Arc::new(Line { next: AtomicU64::new(1), out, waiting: Mutex::default(), closed });
        let weak = Arc::downgrade(&line);
        tokio::spawn(async move {
            // Ends when the host hangs up (listening) or the last clone of the guest is gone (speaking).
            tokio::select! {
                () = listen(from, weak.clone()) => {}
                () = speak(to, queue) => {}
            }
            if let Some(line) = weak.upgrade() {
                let mut waiting = line.lock();
                waiting.closed = true;
                // Dropped senders tell those that wait.
                waiting.calls.clear();
                waiting.watches.clear();
            }
            close.send_replace(true);
        });
        Ok(Self { line })
    }

    /// Returns once the connection is gone.
    pub(crate) async fn closed(&self) {
        // An error means that the connection's task is gone, which is the same.
        let _ = self.line.closed.clone().wait_for(|closed| *closed).await;
    }

    /// Whether the connection is gone.
    pub(crate) fn is_closed(&self) -> bool {
        *self.line.closed.borrow()
    }

    /// Forwards a request; none when the connection went before the answer came.
    pub(crate) async fn call(&self, request: Request) -> Option<ApiResult<Value>> {
        let id = self.line.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.line.lock();
            if waiting.closed {
                return None;
            }
            waiting.calls.insert(id, answer);
        }
        self.line.out.send(ToHost::Call { id, request: Box::new(request) }).ok()?;
        answered.await.ok()
    }

    /// News from the owner. The stream ends with the connection, or when it is read too slowly.
    pub(crate) fn watch(&self, watch: Watch) -> impl Stream<Item = News> + Send + 'static {
        let id = self.line.next.fetch_add(1, Ordering::Relaxed);
        let (sender, news) = mpsc::channel(QUEUE);
        let mut waiting = self.line.lock();
        // Where the connection is gone, the sender is dropped here, and the stream is at its end.
        if !waiting.closed && self.line.out.send(ToHost::Watch { id, watch }).is_ok() {
            waiting.watches.insert(id, sender);
        }
        drop(waiting);
        let watching = Watching { id, line: Arc::clone(&self.line) };
        ReceiverStream::new(news).map(move |news| {
            // Captured, so that the watch lives and dies with the stream.
            let _ = &watching;
            news
        })
    }
}

/// A watch of the owner's; dropping it ends it.
#[derive(Debug)]
struct Watching {
    id: u64,
    line: Arc<Line>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.line.lock().watches.remove(&self.id);
        // The connection may be gone; then so is the watch.
        let _ = self.line.out.send(ToHost::Unwatch { id: self.id });
    }
}

impl Line {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        // The maps are whole after any panic: each change is one insertion or removal.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, message: ToGuest) {
        let mut waiting = self.lock();
        match message {
            ToGuest::Answer { id, value } => answer(&mut waiting, id, Ok(value)),
            ToGuest::Failure { id, error } => answer(&mut waiting, id, Err(error)),
            ToGuest::News { id, news } => {
                if let Some(watch) = waiting.watches.get(&id)
                    && watch.try_send(*news).is_err()
                {
                    waiting.watches.remove(&id);
                }
            }
            ToGuest::Ended { id } => {
                waiting.watches.remove(&id);
            }
            ToGuest::Welcome(_) | ToGuest::Refused { .. } => tracing::debug!("the owner repeats its greeting"),
        }
    }
}

fn answer(waiting: &mut Waiting, id: u64, result: Result<Value, ApiError>) {
    if let Some(caller) = waiting.calls.remove(&id) {
        // The caller was dropped; nobody wants the answer.
        let _ = caller.send(result);
    }
}

async fn greet(socket: &Path, actor: &str) -> Result<(OwnedReadHalf, OwnedWriteHalf, Welcome), JoinError> {
    let stream = UnixStream::connect(socket).await.map_err(JoinError::Absent)?;
    let peer = stream.peer_cred().map_err(JoinError::Absent)?.uid();
    if peer != rustix::process::getuid().as_raw() {
        return Err(JoinError::Refused(format!("The socket {} belongs to another user (id {peer}).", socket.display())));
    }
    let (mut from, mut to) = stream.into_split();
    let hello =
        ToHost::Hello { contract: CONTRACT_VERSION, version: env!("CARGO_PKG_VERSION").to_owned(), actor: actor.to_owned() };
    frame::write(&mut to, &hello).await.map_err(JoinError::Absent)?;
    match frame::read(&mut from).await {
        Ok(Some(ToGuest::Welcome(welcome))) => Ok((from, to, welcome)),
        Ok(Some(ToGuest::Refused { message })) => Err(JoinError::Refused(message)),
        Ok(_) => Err(JoinError::Absent(io::ErrorKind::UnexpectedEof.into())),
        Err(error) => Err(JoinError::Absent(error)),
    }
}

async fn listen(mut from: OwnedReadHalf, line: std::sync::Weak<Line>) {
    loop {
        match frame::read(&mut from).await {
            Ok(Some(message)) => match line.upgrade() {
                Some(line) => line.hear(message),
                None => return,
            },
            Ok(None) => return,
            Err(error) => {
                tracing::debug!("the connection to the owner failed: {error}");
                return;
            }
        }
    }
}

async fn speak(mut to: OwnedWriteHalf, mut queue: mpsc::UnboundedReceiver<ToHost>) {
    while let Some(message) = queue.recv().await {
        if let Err(error) = frame::write(&mut to, &message).await {
            tracing::debug!("the owner cannot be told: {error}");
            return;
        }
    }
}

/// What a caller is told when the owner went before it had answered.
pub(crate) fn lost(method: &str) -> ApiError {
    problem::unavailable(format!(
        "The owner of the workspace ended before it answered {method}; whether it was done is not known. Look before you repeat it, \
         and end the owner if it is an older version."
    ))
}
