//! Where the output of an attempt goes: the log, the watchers, and what is kept for the output and the error.
//!
//! Invariant: watchers are told of output only when it is in the file.

use std::time::SystemTime;

use loomwork_engine::AttemptKey;
use loomwork_run::LogSeal;
use loomwork_store::logs::{LogError, LogStream, LogWriter, Logs};

use super::capture::{Head, Tail};
use crate::hub::{AnnouncedLog, LogHub};

/// Takes the output of one attempt.
pub(super) struct Sink<'a> {
    logs: &'a Logs,
    hub: &'a LogHub,
    key: &'a AttemptKey,
    log: Option<(LogWriter, AnnouncedLog)>,
    failed: bool,
    stdout: Head,
    stderr: Tail,
}

impl<'a> Sink<'a> {
    pub(super) fn new(logs: &'a Logs, hub: &'a LogHub, key: &'a AttemptKey) -> Self {
        Self { logs, hub, key, log: None, failed: false, stdout: Head::default(), stderr: Tail::default() }
    }

    /// Takes bytes. After an error it goes on taking them, without the log.
    pub(super) fn take(&mut self, stream: LogStream, bytes: &[u8]) -> Result<(), LogError> {
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
    pub(super) fn finish(self) -> (Head, Tail, Result<Option<LogSeal>, LogError>) {
        // The watchers are told of the end when the announcement is dropped, after the last byte is in the file.
        let seal = self.log.map(|(writer, _announced)| writer.seal()).transpose();
        (self.stdout, self.stderr, seal)
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
