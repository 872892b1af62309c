//! The engine for real: opens the journal, recovers what was open, and takes requests from any thread.

mod lists;
mod shared;
mod start;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use loomwork_run::RetryPlan;
use loomwork_store::{Checkpoints, Reader, StoreError, Writer};
use loomwork_workflow::EngineSettings;
use serde_json::{Value, json};
use tokio::sync::{broadcast, oneshot, watch};

use crate::core::Core;
use crate::driver::{Driver, Message, News, Published, now_ms};
use crate::request::{Active, Answer, Ask, Request, Wish};
use crate::{EngineError, Fork, Library, Limits, Performer, Programs, load_run_from, read_values};

pub use start::{StartRun, surroundings};

/// How an engine is opened.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The journal's file.
    pub journal: PathBuf,
    /// What the workspace says of its engine.
    pub settings: EngineSettings,
    /// Whether runs that were open go on. False for a journal that this user does not trust yet.
    pub resume: bool,
    /// Version of the software, for the journal.
    pub version: String,
}

impl EngineConfig {
    /// Attempts that may be under way at one time: as configured, else eight, or two a processor.
    pub fn slots(&self) -> usize {
        let suitable = || std::thread::available_parallelism().map_or(8, |cores| (2 * cores.get()).max(8));
        self.settings.concurrency.map_or_else(suitable, |slots| slots as usize)
    }
}

/// How busy the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Attempts under way.
    pub running: usize,
    /// Steps that wait for a slot.
    pub queued: usize,
    /// Why nothing new begins for now, if the journal cannot be written: what is under way goes on, and so does the engine
    /// once it can.
    pub stalled: Option<String>,
    /// Why the engine has stopped, if it has.
    pub failure: Option<String>,
}

/// A handle of the engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    messages: Sender<Message>,
    published: broadcast::Sender<Published>,
    figures: watch::Receiver<Figures>,
    journal: Arc<Path>,
    journal_id: Arc<str>,
    checkpoints: Checkpoints,
    /// The largest number that the runs of a workflow had when it was first asked for.
    numbers: Arc<Mutex<HashMap<String, u32>>>,
    slots: usize,
    done: watch::Receiver<bool>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("journal", &self.journal).finish_non_exhaustive()
    }
}

impl Engine {
    /// The journal's id without starting an engine; a new journal is made when there is none.
    ///
    /// # Errors
    /// When the journal cannot be opened.
    pub fn journal_id_of(journal: &Path) -> Result<String, EngineError> {
        let fresh = uuid::Uuid::now_v7().to_string();
        Ok(Writer::open(journal, &fresh)?.journal_id().to_owned())
    }

    /// Opens the journal, takes in the open runs, and starts the loop on the present tokio runtime.
    ///
    /// # Errors
    /// When the journal cannot be opened.
    pub async fn open(
        config: EngineConfig,
        performer: Arc<dyn Performer>,
        library: Arc<dyn Library>,
    ) -> Result<Self, EngineError> {
        let fresh = uuid::Uuid::now_v7().to_string();
        let path = config.journal.clone();
        let (resume, durability) = (config.resume, config.settings.durability);
        let (messages, receiver) = channel();
        let tell = messages.clone();
        let checkpoints = Checkpoints::beside(&path);
        let kept = checkpoints.clone();
        let (writer, open_runs, breakers, letters) = blocking(move || {
            let trouble = move |error: Option<&StoreError>| {
                // Without a loop nobody needs to know.
                let _ = tell.send(Message::Trouble(error.map(ToString::to_string)));
            };
            let writer = Writer::open_with(&path, &fresh, durability, Box::new(trouble))?;
            let reader = Reader::open(&path)?;
            let mut runs = Vec::new();
            let programs = Programs::default();
            for row in if resume { reader.open_runs()? } else { Vec::new() } {
                match load_run_from(&reader, &kept, &programs, &row.id) {
                    Ok(active) => runs.push(active),
                    // One damaged run must not keep the others from going on.
                    Err(error) => tracing::error!(run = row.id, %error, "an open run cannot be resumed"),
                }
            }
            Ok((writer, runs, reader.breakers()?, reader.letters()?))
        })
        .await?;
        let slots = config.slots();
        let limits = Limits::of_settings(slots, &config.settings);
        let mut core = Core::new(slots, writer.next_seq(), library)
            .with_limits(limits)
            .with_defaults(config.settings.defaults.clone())
            .with_breakers(breakers)
            .with_letters(letters, config.settings.dead_letter_after_ms, resume);
        let now = now_ms();
        let facts = json!({ "version": config.version, "pid": std::process::id(), "resumed": open_runs.len() });
        core.record_workspace("engine_started", "engine", &facts, now);
        core.recover(open_runs, now);
        core.resume(now);
        let (published, _) = broadcast::channel(4096);
        let (figures_sender, figures) = watch::channel(Figures::default());
        let (done_sender, done) = watch::channel(false);
        let journal_id = Arc::from(writer.journal_id());
        let driver = Driver {
            core,
            writer,
            performer,
            messages: receiver,
            sender: messages.clone(),
            figures: figures_sender,
            in_flight: None,
            news: News::to(published.clone()),
        };
        driver.start(done_sender)?;
        let journal = Arc::from(config.journal.as_path());
        let engine =
            Self { messages, published, figures, journal, journal_id, checkpoints, numbers: Arc::default(), slots, done };
        tokio::spawn(crate::checkpoints::keep(engine.clone(), config.settings.checkpoints.clone()));
        if resume {
            tokio::spawn(crate::retention::keep(engine.clone(), config.settings));
        }
        Ok(engine)
    }

    /// Identifies the journal for all its life.
    pub fn journal_id(&self) -> &str {
        &self.journal_id
    }

    /// The checkpoints of its runs.
    pub fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    pub(crate) fn journal(&self) -> &Arc<Path> {
        &self.journal
    }

    /// Becomes true when the loop has ended.
    pub(crate) fn done(&self) -> watch::Receiver<bool> {
        self.done.clone()
    }

    /// Processes that may run at one time.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How busy the engine is.
    pub fn figures(&self) -> watch::Receiver<Figures> {
        self.figures.clone()
    }

    /// Durable events from now on. A receiver that lags reads what it missed from the journal.
    pub fn subscribe(&self) -> broadcast::Receiver<Published> {
        self.published.subscribe()
    }

    /// Prepares a fork of a run from one of its events; nothing happens yet.
    ///
    /// # Errors
    /// When there is no such run or event, or nothing could go on from there.
    pub async fn prepare_fork(&self, run: &str, seq: u64, actor: &str) -> Result<Fork, EngineError> {
        let journal = Arc::clone(&self.journal);
        let (run, actor) = (run.to_owned(), actor.to_owned());
        blocking(move || {
            let reader = Reader::open(&journal)?;
            let id = uuid::Uuid::now_v7().to_string();
            let records = reader.records(&run, 0)?;
            let definition = |hash: &str| Ok(reader.definition(hash)?);
            let programs = Programs::default();
            let mut fork = Fork::prepare(&id, &records, (&run, seq), (&actor, now_ms()), &programs, definition)?;
            let Active { state, values, .. } = &mut fork.active;
            read_values(&reader, state, values)?;
            fork.last_number = reader.last_number(&state.program.workflow.id)?;
            Ok(fork)
        })
        .await
    }

    /// Creates the run of a fork; returns its id once that is durable.
    ///
    /// # Errors
    /// When its concurrency group has no room, or the engine has stopped.
    pub async fn fork_run(&self, fork: Fork) -> Result<String, EngineError> {
        let id = fork.active.state.id.clone();
        self.ask(|answer| Request::Fork(Box::new(fork), answer)).await?;
        Ok(id)
    }

    /// Asks something of a run; returns the plan that it follows, where it has one, once that is durable.
    ///
    /// # Errors
    /// When there is no such run, or its state does not allow it.
    pub async fn ask_run(&self, run: &str, actor: &str, wish: Wish) -> Result<Option<RetryPlan>, EngineError> {
        let id: Arc<str> = Arc::from(run);
        self.loaded(run, |answer| {
            let ask = Ask { run: Arc::clone(&id), actor: actor.to_owned(), what: wish.clone(), answer };
            Request::Ask(Box::new(ask))
        })
        .await
    }

    /// Sends an event to one run, or to every run that waits for it.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn send(&self, run: Option<&str>, actor: &str, name: String, data: Value) -> Result<(), EngineError> {
        let run = run.map(Arc::from);
        let actor = actor.to_owned();
        self.ask(|answer| Request::Send { run, actor, name, data, answer }).await
    }

    /// Looks at a run: in memory when it is open, else read from the journal. What it sees is durable.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be read.
    pub async fn inspect<T, F>(&self, run: &str, look: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Fn(&Active) -> T + Send + Sync + 'static,
    {
        let look = Arc::new(look);
        if let Some(seen) = self.in_memory(self.look_at(run, &look)).await {
            return Ok(seen);
        }
        let (journal, checkpoints, run) = (Arc::clone(&self.journal), self.checkpoints.clone(), run.to_owned());
        blocking(move || Ok(look(&load_run_from(&Reader::open(&journal)?, &checkpoints, &Programs::default(), &run)?))).await
    }

    /// Looks at several runs, as [`Engine::inspect`] does at one; none for each that cannot be read. What is to be read is read in
    /// one go.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn inspect_all<T, F>(&self, runs: &[Arc<str>], look: F) -> Result<Vec<Option<T>>, EngineError>
    where
        T: Send + 'static,
        F: Fn(&Active) -> T + Send + Sync + 'static,
    {
        let look = Arc::new(look);
        let asked: Vec<_> = runs.iter().map(|run| self.look_at(run, &look)).collect();
        let mut seen = Vec::with_capacity(runs.len());
        for asked in asked {
            seen.push(self.in_memory(asked).await);
        }
        if seen.iter().all(Option::is_some) {
            return Ok(seen);
        }
        let (journal, checkpoints, runs) = (Arc::clone(&self.journal), self.checkpoints.clone(), runs.to_vec());
        blocking(move || {
            let (reader, programs) = (Reader::open(&journal)?, Programs::default());
            for (seen, run) in seen.iter_mut().zip(&runs).filter(|(seen, _)| seen.is_none()) {
                let read = load_run_from(&reader, &checkpoints, &programs, run);
                let read = read.inspect_err(|error| tracing::debug!(%run, %error, "a run cannot be shown"));
                *seen = read.ok().map(|active| look(&active));
            }
            Ok(seen)
        })
        .await
    }

    /// Asks the loop for a look at a run, if it has it in memory. None when there is no loop.
    fn look_at<T, F>(&self, run: &str, look: &Arc<F>) -> Option<oneshot::Receiver<Option<T>>>
    where
        T: Send + 'static,
        F: Fn(&Active) -> T + Send + Sync + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let look = Arc::clone(look);
        let look = Box::new(move |active: Option<&Active>| {
            let seen = active.map(|active| look(active));
            Box::new(move || {
                let _ = sender.send(seen);
            }) as _
        });
        self.messages.send(Message::Request(Request::Inspect(Arc::from(run), look))).is_ok().then_some(receiver)
    }

    /// What was seen; none where what it would see cannot become durable: what is, can be read.
    async fn in_memory<T>(&self, asked: Option<oneshot::Receiver<Option<T>>>) -> Option<T> {
        tokio::select! {
            biased;
            seen = asked? => seen.ok().flatten(),
            _ = self.stalled() => None,
        }
    }

    /// Stops what is under way, waits until all is durable, and ends the loop. Open runs go on at the next start.
    pub async fn shut_down(&self) {
        let _ = self.messages.send(Message::ShutDown);
        let mut done = self.done.clone();
        // An error means that the task is gone, which is what this waits for.
        let _ = done.wait_for(|done| *done).await;
    }

    pub(crate) async fn ask<T: Send + 'static>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, EngineError> {
        let (sender, receiver) = oneshot::channel();
        let answer: Answer<T> = Box::new(move |result| {
            let _ = sender.send(result);
        });
        if let Some(reason) = self.figures.borrow().stalled.clone() {
            return Err(EngineError::Stalled { reason, taken: false });
        }
        if self.messages.send(Message::Request(request(answer))).is_ok() {
            tokio::select! {
                biased;
                result = receiver => if let Ok(result) = result {
                    return result;
                },
                reason = self.stalled() => return Err(EngineError::Stalled { reason, taken: true }),
            }
        }
        let failure = self.figures.borrow().failure.clone();
        Err(EngineError::Stopped(failure.unwrap_or_else(|| "it is shutting down".to_owned())))
    }

    /// Tells the loop what needs no answer.
    pub(crate) fn tell(&self, request: Request) {
        // A loop that is gone needs to know nothing.
        let _ = self.messages.send(Message::Request(request));
    }

    /// Returns once the journal cannot be written for now, with the reason.
    async fn stalled(&self) -> String {
        let mut figures = self.figures.clone();
        let stalled = figures.wait_for(|figures| figures.stalled.is_some()).await.map(|figures| figures.stalled.clone());
        match stalled {
            Ok(Some(reason)) => reason,
            // The loop has ended; whoever waits is told so by other means.
            _ => std::future::pending().await,
        }
    }

    /// Asks about a run; when it is not in memory, reads it first.
    async fn loaded<T: Send + 'static>(&self, run: &str, request: impl Fn(Answer<T>) -> Request) -> Result<T, EngineError> {
        match self.ask(&request).await {
            Err(EngineError::NotLoaded(_)) => {}
            result => return result,
        }
        let _held = Hold::on(&self.messages, run);
        // Nobody else knew the run when it was held. Otherwise what is read may be old, but then it is not taken in.
        let (journal, checkpoints) = (Arc::clone(&self.journal), self.checkpoints.clone());
        let id = run.to_owned();
        let load = move || load_run_from(&Reader::open(&journal)?, &checkpoints, &Programs::default(), &id);
        let active = blocking(load).await?;
        let _ = self.messages.send(Message::Request(Request::Load(Box::new(active))));
        match self.ask(&request).await {
            Err(EngineError::NotLoaded(run)) => Err(EngineError::NoSuchRun(run)),
            result => result,
        }
    }
}

/// Keeps a run in memory until it is dropped.
struct Hold {
    messages: Sender<Message>,
    run: Arc<str>,
}

impl Hold {
    fn on(messages: &Sender<Message>, run: &str) -> Self {
        let run = Arc::from(run);
        // A loop that is gone keeps nothing.
        let _ = messages.send(Message::Request(Request::Hold(Arc::clone(&run))));
        Self { messages: messages.clone(), run }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Request(Request::LetGo(Arc::clone(&self.run))));
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(EngineError::Stopped(format!("a reader was interrupted: {error}"))),
    }
}
