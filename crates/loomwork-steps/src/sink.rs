//! Where the output of an attempt goes: the log, the watchers, and what is kept for the output and the error.
//!
//! While the disk has no room for the log, output waits in the pipe and the process with it: an attempt that has had its
//! effect must not fail for want of a few bytes. A cancel or the end of its time ends that waiting.
//!
//! Invariants: watchers are told of output only when it is in the file; the values of secrets get no further than here.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use loomwork_engine::AttemptKey;
use loomwork_run::LogSeal;
use loomwork_store::logs::{LogError, LogStream, LogWriter, Logs};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::capture::{Head, Tail};
use crate::hub::{AnnouncedLog, LogHub};
use crate::redact::{Passing, Redactor};

/// Pause before a write for which there was no room is tried again.
const AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Until when a full disk is waited for.
struct Patience<'a> {
    /// Readable once the attempt is to be cancelled.
    cancel: &'a OwnedFd,
    until: Option<Instant>,
}

impl Patience<'_> {
    /// Waits a moment; false when it is over.
    fn lasts(&self) -> bool {
        let cancelled = poll(&mut [PollFd::from_borrowed_fd(self.cancel.as_fd(), PollFlags::IN)], Some(&AGAIN));
        cancelled == Ok(0) && self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// Takes the output of one attempt.
pub(crate) struct Sink<'a> {
    logs: &'a Logs,
    hub: &'a LogHub,
    key: &'a AttemptKey,
    log: Option<(LogWriter, AnnouncedLog)>,
    failed: bool,
    patience: Option<Patience<'a>>,
    stdout: Head,
    stderr: Tail,
    /// What hides secrets, and the state of both streams.
    redaction: Option<(Arc<Redactor>, [Passing; 2])>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(logs: &'a Logs, hub: &'a LogHub, key: &'a AttemptKey, redactor: Option<Arc<Redactor>>) -> Self {
        let redaction = redactor.map(|redactor| (redactor, Default::default()));
        let (stdout, stderr) = (Head::default(), Tail::default());
        Self { logs, hub, key, log: None, failed: false, patience: None, stdout, stderr, redaction }
    }

    /// The same, which waits for room on a full disk until the attempt is cancelled or its time is over.
    pub(crate) fn waiting_for_room(mut self, cancel: &'a OwnedFd, timeout: Option<Duration>) -> Self {
        self.patience = Some(Patience { cancel, until: timeout.and_then(|timeout| Instant::now().checked_add(timeout)) });
        self
    }

    /// Takes bytes. After an error it goes on taking them, without the log.
    pub(crate) fn take(&mut self, stream: LogStream, bytes: &[u8]) -> Result<(), LogError> {
        let Some((redactor, passing)) = &mut self.redaction else { return self.keep(stream, bytes) };
        let clean = passing[index(stream)].push(redactor, bytes);
        self.keep(stream, &clean)
    }

    fn keep(&mut self, stream: LogStream, bytes: &[u8]) -> Result<(), LogError> {
        if bytes.is_empty() {
            return Ok(());
        }
        match stream {
            LogStream::Stdout => self.stdout.push(bytes),
            LogStream::Stderr => self.stderr.push(bytes),
        }
        if self.failed {
            return Ok(());
        }
        let written = self.write(stream, bytes);
        self.failed = written.is_err();
        written
    }

    /// Each chunk goes to the file at once: the pipe has gathered what belongs together, and watchers see it promptly.
    fn write(&mut self, stream: LogStream, bytes: &[u8]) -> Result<(), LogError> {
        if self.log.is_none() {
            // Many steps write nothing: their log is never made.
            let writer = loop {
                match self.logs.write(&self.key.run, &self.key.step, self.key.attempt) {
                    Err(error) if self.room_may_come(&error) => {}
                    opened => break opened?,
                }
            };
            let announced = self.hub.announce(self.key, writer.path());
            self.log = Some((writer, announced));
        }
        let Some((writer, _)) = &mut self.log else { return Ok(()) };
        // A chunk that is not in the file yet stays with the writer.
        let mut written = writer.append(stream, now_ms(), bytes).and_then(|()| self.flush());
        while let Err(error) = &written
            && self.room_may_come(error)
        {
            written = self.flush();
        }
        written
    }

    fn flush(&mut self) -> Result<(), LogError> {
        let Some((writer, announced)) = &mut self.log else { return Ok(()) };
        writer.flush()?;
        announced.grown_to(writer.written());
        Ok(())
    }

    /// Whether to try again, after a pause.
    fn room_may_come(&self, error: &LogError) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let full = error.io_error().is_some_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge));
        full && self.patience.as_ref().is_some_and(Patience::lasts)
    }

    /// The kept output, and the seal of the log if there is one.
    pub(crate) fn finish(mut self) -> (Head, Tail, Result<Option<LogSeal>, LogError>) {
        let mut rest = Ok(());
        if let Some((redactor, mut passing)) = self.redaction.take() {
            for stream in [LogStream::Stdout, LogStream::Stderr] {
                let held = passing[index(stream)].finish(&redactor);
                rest = rest.and(self.keep(stream, &held));
            }
        }
        // The watchers are told of the end when the announcement is dropped, after the last byte is in the file.
        let seal = self.log.map(|(writer, _announced)| writer.seal()).transpose();
        (self.stdout, self.stderr, rest.and(seal))
    }
}

fn index(stream: LogStream) -> usize {
    match stream {
        LogStream::Stdout => 0,
        LogStream::Stderr => 1,
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
