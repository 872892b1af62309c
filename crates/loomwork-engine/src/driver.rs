//! The thread that drives the loop for real. It is one of its own, so that a small commit can be made in place: handing it
//! to the journal's thread and hearing of it would take as long again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use loomwork_run::RunError;
use loomwork_store::{Record, StoreError, Writer};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};

use crate::core::Core;
use crate::engine::Figures;
use crate::request::{After, Request};
use crate::{AttemptReport, EngineError, FingerprintSpec, Performer};

/// What one commit made durable, or several that followed each other at once, as it is published.
pub type Published = Arc<Vec<Record>>;

/// What reaches the loop from outside.
pub(crate) enum Message {
    Request(Request),
    Report(AttemptReport),
    Fingerprint(Box<FingerprintSpec>, Result<String, RunError>),
    Committed(Result<Vec<Record>, StoreError>),
    /// The journal cannot be written for now, or none: it can again.
    Trouble(Option<String>),
    ShutDown,
    /// The runtime in which attempts are performed is gone.
    Abandon,
}

pub(crate) struct Driver {
    pub(crate) core: Core,
    pub(crate) writer: Writer,
    pub(crate) performer: Arc<dyn Performer>,
    pub(crate) messages: Receiver<Message>,
    pub(crate) sender: Sender<Message>,
    pub(crate) figures: watch::Sender<Figures>,
    pub(crate) in_flight: Option<(u64, Vec<After>)>,
    pub(crate) news: News,
}

/// What is durable and not published yet: waking those who listen takes longer than to decide what follows, so they hear of
/// several small commits at one time when those follow each other at once.
pub(crate) struct News {
    published: broadcast::Sender<Published>,
    records: Vec<Record>,
    since: Instant,
}

/// Nobody hears later than this of what is durable.
const LATEST: Duration = Duration::from_millis(1);

impl News {
    pub(crate) fn to(published: broadcast::Sender<Published>) -> Self {
        Self { published, records: Vec::new(), since: Instant::now() }
    }

    fn add(&mut self, records: Vec<Record>) {
        if self.records.is_empty() {
            self.since = Instant::now();
            self.records = records;
        } else {
            self.records.extend(records);
        }
    }

    fn publish(&mut self) {
        if !self.records.is_empty() {
            // No receivers is no error.
            let _ = self.published.send(Arc::new(std::mem::take(&mut self.records)));
        }
    }

    fn publish_in_time(&mut self) {
        if self.since.elapsed() >= LATEST {
            self.publish();
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.publish();
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Messages taken at once before the next commit begins.
const MOST_AT_ONCE: usize = 1_000;

/// A commit of so many records is made in place, when there is nothing to decide meanwhile. A larger one goes to the thread of
/// the journal, and what arrives is taken in while it is on its way.
const MOST_IN_PLACE: usize = 16;

/// Ends the loop with the runtime that performs its attempts: another engine may open the journal then.
struct WithRuntime {
    sender: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for WithRuntime {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Abandon);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the engine's thread panicked");
        }
    }
}

impl Driver {
    /// Starts the loop on a thread of its own, for as long as the present runtime lives, and tells when it has ended.
    pub(crate) fn start(self, ended: watch::Sender<bool>) -> Result<(), EngineError> {
        let (runtime, sender, mut done) = (Handle::current(), self.sender.clone(), ended.subscribe());
        let run = move || {
            // Attempts are performed there.
            let _inside = runtime.enter();
            self.run();
            let _ = ended.send(true);
        };
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(run);
        let thread = thread.map_err(|error| EngineError::Stopped(format!("no thread for the engine: {error}")))?;
        let with_runtime = WithRuntime { sender, thread: Some(thread) };
        tokio::spawn(async move {
            // An error means that the thread is gone, which is what this waits for.
            let _ = done.wait_for(|done| *done).await;
            drop(with_runtime);
        });
        Ok(())
    }

    /// Runs until a shutdown is done, or the journal fails.
    pub(crate) fn run(mut self) {
        let mut shutting_down = false;
        let mut said_so = false;
        loop {
            if let Err(reason) = self.flush() {
                self.fail(&reason);
                return;
            }
            self.show_figures();
            if shutting_down && self.figures.borrow().stalled.is_some() {
                // What is not durable cannot become so in time; the next engine finds those attempts and their processes.
                self.leave();
                return;
            }
            if shutting_down && self.in_flight.is_none() && self.core.is_idle() {
                if said_so {
                    return;
                }
                said_so = true;
                self.core.record_workspace("engine_stopped", "engine", &serde_json::json!({}), now_ms());
                continue;
            }
            let Some(message) = self.next() else { return };
            let mut taken = 0;
            let mut message = Some(message);
            while let Some(next) = message.take() {
                shutting_down |= matches!(next, Message::ShutDown);
                if matches!(next, Message::Abandon) {
                    return;
                }
                if let Err(reason) = self.take(next) {
                    self.fail(&reason);
                    return;
                }
                taken += 1;
                if taken < MOST_AT_ONCE {
                    message = self.messages.try_recv().ok();
                }
            }
            self.core.tick(now_ms());
        }
    }

    /// The next message, or a due timer as a message that changes nothing.
    fn next(&mut self) -> Option<Message> {
        let due = self.core.next_due_ms().map(|due| u64::try_from(due - now_ms()).unwrap_or(0));
        let wait = Duration::from_millis(due.unwrap_or(3_600_000).min(3_600_000));
        if wait.is_zero() {
            return Some(self.messages.try_recv().unwrap_or(Message::Request(Request::Tick)));
        }
        if let Ok(message) = self.messages.try_recv() {
            return Some(message);
        }
        self.news.publish();
        match self.messages.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => Some(Message::Request(Request::Tick)),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn take(&mut self, message: Message) -> Result<(), StoreError> {
        match message {
            Message::Request(request) => self.core.request(request, now_ms()),
            Message::Report(report) => self.core.report(report, now_ms()),
            Message::Fingerprint(spec, answer) => self.core.fingerprinted(&spec, answer, now_ms()),
            Message::ShutDown => self.core.shut_down(),
            Message::Abandon => {}
            Message::Trouble(reason) => {
                match &reason {
                    Some(reason) if self.figures.borrow().stalled.is_none() => {
                        tracing::warn!("{reason}; the engine waits, and goes on by itself");
                    }
                    Some(_) => {}
                    None => tracing::warn!("the journal is written again; the engine goes on"),
                }
                self.figures.send_if_modified(|figures| std::mem::replace(&mut figures.stalled, reason.clone()) != reason);
            }
            Message::Committed(result) => {
                let records = result?;
                let Some((number, after)) = self.in_flight.take() else { return Ok(()) };
                self.core.committed(number);
                self.follow(records, after);
            }
        }
        Ok(())
    }

    /// What waited for a commit. Whoever gets an answer finds that all were told what led to it.
    fn follow(&mut self, records: Vec<Record>, after: Vec<After>) {
        self.news.add(records);
        self.news.publish_in_time();
        for after in after {
            match after {
                After::Answer(answer) => {
                    self.news.publish();
                    answer();
                }
                After::Stop(key) => self.performer.cancel(&key),
                After::Fingerprint(spec) => {
                    let sender = self.sender.clone();
                    self.performer.fingerprint(
                        *spec,
                        Box::new(move |spec, answer| {
                            let _ = sender.send(Message::Fingerprint(Box::new(spec), answer));
                        }),
                    );
                }
                After::Start(spec) => {
                    let sender = self.sender.clone();
                    self.performer.start(
                        *spec,
                        Box::new(move |report| {
                            // The loop is gone only when the process ends.
                            let _ = sender.send(Message::Report(report));
                        }),
                    );
                }
            }
        }
    }

    /// Hands the next batch to the journal, unless one is on its way: what arrives meanwhile joins the one after.
    fn flush(&mut self) -> Result<(), StoreError> {
        if self.in_flight.is_some() {
            return Ok(());
        }
        let Some((number, batch, after)) = self.core.take_batch() else { return Ok(()) };
        if batch.records.is_empty() {
            self.follow(Vec::new(), after);
            return self.flush();
        }
        self.in_flight = Some((number, after));
        let sender = self.sender.clone();
        let acknowledge = Box::new(move |result| {
            let _ = sender.send(Message::Committed(result));
        });
        let small = batch.records.len() <= MOST_IN_PLACE && batch.values.is_empty() && batch.moves.is_empty();
        if small && self.core.is_settled() {
            self.writer.commit_here(batch, acknowledge);
        } else {
            self.writer.commit(batch, acknowledge);
        }
        Ok(())
    }

    fn show_figures(&self) {
        let (running, queued) = self.core.load();
        self.figures.send_if_modified(|figures| {
            let changed = figures.running != running || figures.queued != queued;
            figures.running = running;
            figures.queued = queued;
            changed
        });
    }

    /// The journal failed: whether the last commit is durable is unknown. Nothing more is started; processes are ended.
    fn fail(self, error: &StoreError) {
        tracing::error!(%error, "the journal failed; the engine stops");
        self.figures.send_modify(|figures| figures.failure = Some(error.to_string()));
        self.leave();
    }

    /// Ends the processes without waiting for anything to become durable.
    fn leave(mut self) {
        self.core.shut_down();
        if let Some((_, _, after)) = self.core.take_batch() {
            for after in after {
                if let After::Stop(key) = after {
                    self.performer.cancel(&key);
                }
            }
        }
    }
}
