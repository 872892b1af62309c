//! The task that drives the loop for real: one task, biased selection, nothing spawned inside.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loomwork_run::RunError;
use loomwork_store::{Record, StoreError, Writer};
use tokio::sync::{broadcast, mpsc, watch};

use crate::core::Core;
use crate::engine::Figures;
use crate::request::{After, Request};
use crate::{AttemptReport, FingerprintSpec, Performer};

/// What one commit made durable, as it is published.
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
}

pub(crate) struct Driver {
    pub(crate) core: Core,
    pub(crate) writer: Writer,
    pub(crate) performer: Arc<dyn Performer>,
    pub(crate) messages: mpsc::UnboundedReceiver<Message>,
    pub(crate) sender: mpsc::UnboundedSender<Message>,
    pub(crate) published: broadcast::Sender<Published>,
    pub(crate) figures: watch::Sender<Figures>,
    pub(crate) in_flight: Option<(u64, Vec<After>)>,
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Messages taken at once before the next commit begins.
const MOST_AT_ONCE: usize = 1_000;

impl Driver {
    /// Runs until a shutdown is done, or the journal fails.
    pub(crate) async fn run(mut self) {
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
            let Some(message) = self.next().await else { return };
            let mut taken = 0;
            let mut message = Some(message);
            while let Some(next) = message.take() {
                shutting_down |= matches!(next, Message::ShutDown);
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
    async fn next(&mut self) -> Option<Message> {
        let due = self.core.next_due_ms().map(|due| u64::try_from(due - now_ms()).unwrap_or(0));
        let wait = Duration::from_millis(due.unwrap_or(3_600_000).min(3_600_000));
        if wait.is_zero() {
            // A timer would take a millisecond for nothing.
            tokio::task::yield_now().await;
            return Some(self.messages.try_recv().unwrap_or(Message::Request(Request::Tick)));
        }
        tokio::select! {
            biased;
            message = self.messages.recv() => message,
            () = tokio::time::sleep(wait) => Some(Message::Request(Request::Tick)),
        }
    }

    fn take(&mut self, message: Message) -> Result<(), StoreError> {
        match message {
            Message::Request(request) => self.core.request(request, now_ms()),
            Message::Report(report) => self.core.report(report, now_ms()),
            Message::Fingerprint(spec, answer) => self.core.fingerprinted(&spec, answer, now_ms()),
            Message::ShutDown => self.core.shut_down(),
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

    /// What waited for a commit: first the world is told, then answers, then effects.
    fn follow(&mut self, records: Vec<Record>, after: Vec<After>) {
        if !records.is_empty() {
            // No receivers is no error.
            let _ = self.published.send(Arc::new(records));
        }
        for after in after {
            match after {
                After::Answer(answer) => answer(),
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
        self.writer.commit(
            batch,
            Box::new(move |result| {
                let _ = sender.send(Message::Committed(result));
            }),
        );
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
