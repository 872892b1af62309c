//! What a watcher is told: gathered, batched, without gaps and without repeats.
//!
//! Invariants: an event of the watched run is told once, in the order of its number, whatever the watcher has missed;
//! two batches are at least 16 ms apart; a slow watcher gets fewer and larger batches, and costs no memory that grows
//! with the output of scripts.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::Stream;
use loomwork_api::{News, RunSummary, Watch};
use loomwork_engine::{Engine, Figures, Published};
use loomwork_steps::LogWatch;
use loomwork_store::logs::StretchLimit;
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::Instant,
};

use crate::{
    backend::async_stream,
    journal::{blocking, by_time, log_line, now_ms, of_store},
    owner::{Owner, Running},
    views,
};

/// Least time between two batches.
const FRAME: Duration = Duration::from_millis(16);
/// Log lines of one attempt in one batch; more are counted only.
const MOST_LINES: StretchLimit = StretchLimit { lines: 2_000, bytes: 4 << 20 };
/// Events of one batch; a longer history comes in several.
const MOST_EVENTS: usize = 2_000;

/// News of an owner from this moment on, until it is closed.
pub(crate) fn stream(owner: Owner, watch: Watch) -> impl Stream<Item = News> + Send + 'static {
    let Watch { run, after_seq: after, logs: wants_logs } = watch;
    // Here and not in the task: whoever has the stream misses nothing that happens from now on.
    let (files, mut source) = (owner.files(), Source::of(&owner));
    async_stream(move |out| async move {
        let logs = run.as_deref().filter(|_| wants_logs).map(|run| source.running.logs.watch(run));
        let mut watcher = Watcher { owner, run: run.map(Arc::from), after, wants_logs, logs, files, out };
        // Ended: nobody listens any more, or the workspace was closed.
        let _ = watcher.work(&mut source).await;
    })
}

/// Where events come from.
struct Source {
    engines: watch::Receiver<Running>,
    running: Running,
    events: broadcast::Receiver<Published>,
    figures: watch::Receiver<Figures>,
    /// Whether the journal could not be written when that was last told.
    stalled: bool,
}

impl Source {
    fn of(owner: &Owner) -> Self {
        let mut engines = owner.engines();
        let running = engines.borrow_and_update().clone();
        let events = running.engine.subscribe();
        let figures = running.engine.figures();
        let stalled = figures.borrow().stalled.is_some();
        Self { engines, running, events, figures, stalled }
    }

    /// Returns when the journal cannot be written any more, or can again.
    async fn stall_changed(figures: &mut watch::Receiver<Figures>, before: bool) {
        if figures.wait_for(|figures| figures.stalled.is_some() != before).await.is_err() {
            // The engine is gone, which is told by other means.
            std::future::pending().await
        }
    }
}

/// Nobody listens, or nothing more will happen.
struct Ended;

/// What has happened since the last batch.
#[derive(Default)]
struct Gathered {
    news: News,
    changed: BTreeSet<Arc<str>>,
    logs_grew: bool,
}

struct Watcher {
    owner: Owner,
    run: Option<Arc<str>>,
    /// Number of the last event that was told.
    after: u64,
    wants_logs: bool,
    logs: Option<LogWatch>,
    files: broadcast::Receiver<Vec<String>>,
    out: mpsc::Sender<News>,
}

impl Watcher {
    /// Follows one engine after the other: it is started anew when a foreign journal is trusted.
    async fn work(&mut self, source: &mut Source) -> Result<(), Ended> {
        let mut gathered = Gathered::default();
        loop {
            // After the subscription: what is committed in between is told by one of the two.
            self.catch_up(&mut gathered).await?;
            while self.gather(source, &mut gathered).await? {
                self.tell(&source.running.engine, &mut gathered).await?;
            }
            *source = Source::of(&self.owner);
            let logs = &source.running.logs;
            self.logs = self.run.as_deref().filter(|_| self.wants_logs).map(|run| logs.watch(run));
            gathered.news.reset = true;
        }
    }

    /// Waits for something, and then a frame for more of it. False when another engine has taken over.
    async fn gather(&mut self, source: &mut Source, gathered: &mut Gathered) -> Result<bool, Ended> {
        let mut due: Option<Instant> = gathered.has_news().then(Instant::now);
        loop {
            let frame = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let grown = async {
                match &self.logs {
                    Some(logs) if !gathered.logs_grew => logs.changed().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.owner.closed() => return Err(Ended),
                () = self.out.closed() => return Err(Ended),
                () = frame => return Ok(true),
                _ = source.engines.changed() => return Ok(false),
                published = source.events.recv() => match published {
                    Ok(records) => self.take(&records, gathered),
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        gathered.news.reset = true;
                        self.catch_up(gathered).await?;
                    }
                    Err(broadcast::error::RecvError::Closed) => return Err(Ended),
                },
                paths = self.files.recv() => match paths {
                    Ok(paths) => gathered.add_files(paths),
                    Err(broadcast::error::RecvError::Lagged(_)) => gathered.news.reset = true,
                    Err(broadcast::error::RecvError::Closed) => return Err(Ended),
                },
                () = grown => gathered.logs_grew = true,
                () = Source::stall_changed(&mut source.figures, source.stalled) => {
                    source.stalled = !source.stalled;
                    gathered.news.reset = true;
                }
            }
            due = due.or_else(|| gathered.has_news().then(|| Instant::now() + FRAME));
        }
    }

    fn take(&mut self, records: &Published, gathered: &mut Gathered) {
        for record in records.iter() {
            gathered.news.shared |= record.kind.starts_with("breaker_") || record.kind.starts_with("dead_letter_");
            // Runs that were not watched leave and come back.
            let moved = record.kind.starts_with("runs_") || record.kind == "archive_deleted";
            gathered.news.reset |= record.run.is_none() && moved;
            let Some(run) = &record.run else { continue };
            // A run that is taken up is no dead letter any more.
            gathered.news.shared |= record.kind == "run_taken_up";
            if !gathered.changed.contains(run) {
                gathered.changed.insert(Arc::clone(run));
            }
            if self.run.as_ref() == Some(run) && record.seq > self.after {
                self.after = record.seq;
                gathered.news.events.push(views::event(record));
            }
        }
    }

    /// Tells the events of the journal that were not told yet.
    async fn catch_up(&mut self, gathered: &mut Gathered) -> Result<(), Ended> {
        // SQLite counts to here; a watcher that wants no events asks for those after a larger number.
        let (Some(run), true) = (self.run.clone(), i64::try_from(self.after).is_ok()) else { return Ok(()) };
        let from = self.after + 1;
        let read = self.owner.journal().ask(move |reader| {
            let records = reader.records(&run, from).map_err(of_store)?;
            Ok(records.iter().map(views::event).collect::<Vec<_>>())
        });
        match read.await {
            Ok(events) => {
                let mut events = events.unwrap_or_default().into_iter().peekable();
                while events.peek().is_some() {
                    let stretch = events.by_ref().take(MOST_EVENTS);
                    gathered.news.events.extend(stretch);
                    self.after = gathered.news.events.last().map_or(self.after, |event| event.seq);
                    if events.peek().is_some() {
                        self.send(std::mem::take(&mut gathered.news)).await?;
                    }
                }
            }
            Err(error) => {
                tracing::warn!("the events of a watched run cannot be read: {error}");
                gathered.news.reset = true;
            }
        }
        Ok(())
    }

    async fn tell(&mut self, engine: &Engine, gathered: &mut Gathered) -> Result<(), Ended> {
        let Gathered { mut news, changed, logs_grew } = std::mem::take(gathered);
        if logs_grew {
            self.take_logs(&mut news).await;
        }
        news.runs = summaries(engine, changed).await;
        self.send(news).await
    }

    async fn take_logs(&mut self, news: &mut News) {
        let Some(mut logs) = self.logs.take() else { return };
        let read = blocking(move || {
            let batch = logs.take(MOST_LINES);
            Ok((logs, batch))
        });
        if let Ok((logs, batch)) = read.await {
            self.logs = Some(logs);
            news.logs_omitted += batch.omitted;
            let lines = batch.lines.into_iter().map(|line| log_line(&line.step, line.attempt, line.line));
            news.logs = by_time(lines.collect());
        }
    }

    async fn send(&self, news: News) -> Result<(), Ended> {
        self.out.send(news).await.map_err(|_| Ended)
    }
}

impl Gathered {
    fn has_news(&self) -> bool {
        self.logs_grew
            || self.news.reset
            || self.news.shared
            || !self.changed.is_empty()
            || !self.news.events.is_empty()
            || !self.news.workflows.is_empty()
    }

    fn add_files(&mut self, paths: Vec<String>) {
        for path in paths {
            if !self.news.workflows.contains(&path) {
                self.news.workflows.push(path);
            }
        }
    }
}

async fn summaries(engine: &Engine, runs: BTreeSet<Arc<str>>) -> Vec<RunSummary> {
    let runs: Vec<Arc<str>> = runs.into_iter().collect();
    let seen = engine.inspect_all(&runs, |active| views::summary(&active.state, now_ms())).await;
    let seen = seen.inspect_err(|error| tracing::debug!("runs that changed cannot be shown: {error}"));
    seen.unwrap_or_default().into_iter().flatten().collect()
}
