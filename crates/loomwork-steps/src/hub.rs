//! Live log lines for any number of watchers.
//!
//! Invariant: the log file is the only copy. A watcher is told *that* a log has grown and reads what it wants from the file, so
//! nothing is queued for it: a slow watcher costs nothing and loses nothing but the lines it has no room for, which are counted.
//! Without watchers, growing a log costs one atomic read.
//!
//! Not here: lines of logs that had ended before the watch began (`loomwork_store::logs`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use loomwork_engine::AttemptKey;
use loomwork_store::logs::{LogError, LogLine, LogReader, StretchLimit};
use tokio::sync::Notify;

/// Tells watchers of a run about new log lines.
#[derive(Debug, Clone, Default)]
pub struct LogHub {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How many watchers there are; read on every growth of a log.
    watching: AtomicUsize,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    live: HashMap<AttemptKey, Arc<LiveLog>>,
    watchers: Vec<Weak<Watcher>>,
}

/// A log that is being written.
#[derive(Debug)]
struct LiveLog {
    key: AttemptKey,
    path: PathBuf,
    length: AtomicU64,
    ended: AtomicBool,
}

#[derive(Debug)]
struct Watcher {
    run: String,
    grown: Mutex<Vec<Arc<LiveLog>>>,
    notify: Notify,
}

/// A line and the attempt that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedLine {
    /// Path of the step.
    pub step: String,
    /// Number of the attempt.
    pub attempt: u32,
    /// The line.
    pub line: LogLine,
}

/// New lines, by time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogBatch {
    /// The lines.
    pub lines: Vec<WatchedLine>,
    /// Lines left out because more came than were asked for.
    pub omitted: u64,
}

/// No code panics while it holds one of these locks in a half-changed state, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogHub {
    /// Watches the lines of a run from now on: of attempts under way those that end after this moment, of later attempts all.
    pub fn watch(&self, run: impl Into<String>) -> LogWatch {
        let watcher = Arc::new(Watcher { run: run.into(), grown: Mutex::default(), notify: Notify::new() });
        let mut board = lock(&self.shared.board);
        let known = board
            .live
            .values()
            .filter(|log| log.key.run == watcher.run)
            .map(|log| (log.key.clone(), Followed::from(log.length.load(Ordering::Acquire))))
            .collect();
        board.watchers.push(Arc::downgrade(&watcher));
        self.shared.watching.fetch_add(1, Ordering::AcqRel);
        LogWatch { hub: Arc::clone(&self.shared), watcher, followed: known }
    }

    /// Announces a log that is about to be written. Its end is announced when the handle is dropped.
    pub(crate) fn announce(&self, key: &AttemptKey, path: &Path) -> AnnouncedLog {
        let log = Arc::new(LiveLog {
            key: key.clone(),
            path: path.to_owned(),
            length: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        lock(&self.shared.board).live.insert(key.clone(), Arc::clone(&log));
        AnnouncedLog { shared: Arc::clone(&self.shared), log }
    }
}

impl Shared {
    fn tell(&self, log: &Arc<LiveLog>) {
        if self.watching.load(Ordering::Acquire) == 0 {
            return;
        }
        for watcher in lock(&self.board).watchers.iter().filter_map(Weak::upgrade) {
            if watcher.run == log.key.run {
                let mut grown = lock(&watcher.grown);
                if !grown.iter().any(|known| Arc::ptr_eq(known, log)) {
                    grown.push(Arc::clone(log));
                }
                watcher.notify.notify_one();
            }
        }
    }
}

/// The writing side of a live log.
#[derive(Debug)]
pub(crate) struct AnnouncedLog {
    shared: Arc<Shared>,
    log: Arc<LiveLog>,
}

impl AnnouncedLog {
    /// The file has this length now.
    pub(crate) fn grown_to(&self, length: u64) {
        self.log.length.store(length, Ordering::Release);
        self.shared.tell(&self.log);
    }
}

impl Drop for AnnouncedLog {
    fn drop(&mut self) {
        self.log.ended.store(true, Ordering::Release);
        lock(&self.shared.board).live.remove(&self.log.key);
        self.shared.tell(&self.log);
    }
}

/// Hands out the new lines of a run.
#[derive(Debug)]
pub struct LogWatch {
    hub: Arc<Shared>,
    watcher: Arc<Watcher>,
    followed: HashMap<AttemptKey, Followed>,
}

/// A log that a watcher reads.
#[derive(Debug)]
struct Followed {
    from: u64,
    reader: Option<LogReader>,
}

impl Followed {
    fn from(position: u64) -> Self {
        Self { from: position, reader: None }
    }

    fn reader(&mut self, path: &Path) -> Result<Option<&mut LogReader>, LogError> {
        if self.reader.is_none() {
            self.reader = LogReader::open(path.to_owned())?;
            if let Some(reader) = &mut self.reader {
                reader.skip_to(self.from)?;
            }
        }
        Ok(self.reader.as_mut())
    }
}

impl LogWatch {
    /// Waits until some log of the run has grown. Dropping the future loses nothing.
    pub async fn changed(&self) {
        while lock(&self.watcher.grown).is_empty() {
            self.watcher.notify.notified().await;
        }
    }

    /// The lines that have ended since the last call, the last ones within `limit` of each attempt. Reads files, so it
    /// belongs on a thread that may block.
    pub fn take(&mut self, limit: StretchLimit) -> LogBatch {
        let grown = std::mem::take(&mut *lock(&self.watcher.grown));
        let mut batch = LogBatch::default();
        for log in grown {
            // Read before the file: what is written until then is in the file, what comes later is told again.
            let ended = log.ended.load(Ordering::Acquire);
            let followed = self.followed.entry(log.key.clone()).or_insert_with(|| Followed::from(0));
            let stretch = match followed.reader(&log.path) {
                Ok(Some(reader)) => reader.read(limit, ended),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match stretch {
                Ok(stretch) => {
                    let line = |line| WatchedLine { step: log.key.step.clone(), attempt: log.key.attempt, line };
                    batch.omitted += stretch.omitted;
                    batch.lines.extend(stretch.lines.into_iter().map(line));
                }
                Err(error) => tracing::warn!(%error, "a log under way cannot be read"),
            }
            if ended {
                self.followed.remove(&log.key);
            }
        }
        batch.lines.sort_by_key(|line| line.line.at_ms);
        batch
    }
}

impl Drop for LogWatch {
    fn drop(&mut self) {
        self.hub.watching.fetch_sub(1, Ordering::AcqRel);
        lock(&self.hub.board).watchers.retain(|watcher| watcher.as_ptr() != Arc::as_ptr(&self.watcher));
    }
}

#[cfg(test)]
mod tests {
    use loomwork_store::logs::{LogStream, Logs};

    use super::*;

    const ROOMY: StretchLimit = StretchLimit { lines: 1_000, bytes: 1 << 20 };

    fn key(run: &str, step: &str) -> AttemptKey {
        AttemptKey { run: run.into(), step: step.into(), attempt: 1 }
    }

    struct Writing {
        writer: loomwork_store::logs::LogWriter,
        announced: AnnouncedLog,
    }

    impl Writing {
        fn start(hub: &LogHub, logs: &Logs, key: &AttemptKey) -> Self {
            let writer = logs.write(&key.run, &key.step, key.attempt).unwrap();
            let announced = hub.announce(key, writer.path());
            Self { writer, announced }
        }

        fn write(&mut self, text: &str) {
            self.writer.append(LogStream::Stdout, 1, text.as_bytes()).unwrap();
            self.writer.flush().unwrap();
            self.announced.grown_to(self.writer.written());
        }
    }

    fn texts(batch: &LogBatch) -> Vec<&str> {
        batch.lines.iter().map(|line| line.line.text.as_str()).collect()
    }

    fn setting() -> (tempfile::TempDir, Logs, LogHub) {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(folder.path());
        (folder, logs, LogHub::default())
    }

    #[tokio::test]
    async fn a_watcher_gets_lines_as_they_end_and_the_unfinished_rest_at_the_end() {
        let (_folder, logs, hub) = setting();
        let mut watch = hub.watch("r");
        let mut writing = Writing::start(&hub, &logs, &key("r", "a"));
        writing.write("one\ntw");
        watch.changed().await;
        assert_eq!(texts(&watch.take(ROOMY)), ["one"]);
        writing.write("o\nrest");
        drop(writing);
        watch.changed().await;
        assert_eq!(texts(&watch.take(ROOMY)), ["two", "rest"]);
    }

    #[tokio::test]
    async fn a_watcher_that_comes_late_gets_what_ends_from_then_on_under_the_same_numbers() {
        let (_folder, logs, hub) = setting();
        let mut writing = Writing::start(&hub, &logs, &key("r", "a"));
        writing.write("before\nhal");
        let mut watch = hub.watch("r");
        writing.write("f\n");
        watch.changed().await;
        let batch = watch.take(ROOMY);
        assert_eq!(texts(&batch), ["half"]);
        assert_eq!(batch.lines[0].line.number, 2);
    }

    #[tokio::test]
    async fn a_lagging_watcher_is_told_how_many_lines_it_missed() {
        let (_folder, logs, hub) = setting();
        let mut watch = hub.watch("r");
        let mut writing = Writing::start(&hub, &logs, &key("r", "a"));
        for index in 0..1_000 {
            writing.write(&format!("{index}\n"));
        }
        watch.changed().await;
        let batch = watch.take(StretchLimit::lines(2));
        assert_eq!((texts(&batch), batch.omitted), (vec!["998", "999"], 998));
    }

    #[test]
    fn other_runs_and_gone_watchers_are_told_nothing() {
        let (_folder, logs, hub) = setting();
        let mut watch = hub.watch("other");
        drop(hub.watch("r"));
        let mut writing = Writing::start(&hub, &logs, &key("r", "a"));
        writing.write("line\n");
        assert_eq!(watch.take(ROOMY), LogBatch::default());
        assert_eq!(lock(&hub.shared.board).watchers.len(), 1);
        drop(watch);
        assert_eq!(hub.shared.watching.load(Ordering::Acquire), 0);
    }
}
