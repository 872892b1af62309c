//! Where the output of an attempt goes: the log, the watchers, and what is kept for the output and the error.
//!
//! Invariants: watchers are told of output only when it is in the file; the values of secrets get no further than here.

use std::sync::Arc;
use std::time::SystemTime;

use loomwork_engine::AttemptKey;
use loomwork_run::LogSeal;
use loomwork_store::logs::{LogError, LogStream, LogWriter, Logs};

use crate::capture::{Head, Tail};
use crate::hub::{AnnouncedLog, LogHub};
use crate::redact::{Passing, Redactor};

/// Takes the output of one attempt.
pub(crate) struct Sink<'a> {
    logs: &'a Logs,
    hub: &'a LogHub,
    key: &'a AttemptKey,
    log: Option<(LogWriter, AnnouncedLog)>,
    failed: bool,
    stdout: Head,
    stderr: Tail,
    /// What hides secrets, and the state of both streams.
    redaction: Option<(Arc<Redactor>, [Passing; 2])>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(logs: &'a Logs, hub: &'a LogHub, key: &'a AttemptKey, redactor: Option<Arc<Redactor>>) -> Self {
        let redaction = redactor.map(|redactor| (redactor, Default::default()));
        Self { logs, hub, key, log: None, failed: false, stdout: Head::default(), stderr: Tail::default(), redaction }
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
        let (writer, announced) = match &mut self.log {
            Some(open) => open,
            // Many steps write nothing: their log is never made.
            None => {
                let writer = self.logs.write(&self.key.run, &self.key.step, self.key.attempt)?;
                let announced = self.hub.announce(self.key, writer.path());
                self.log.insert((writer, announced))
            }
        };
        writer.append(stream, now_ms(), bytes)?;
        writer.flush()?;
        announced.grown_to(writer.written());
        Ok(())
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
