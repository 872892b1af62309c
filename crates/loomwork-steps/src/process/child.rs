//! The leader of an attempt's group: its pipes, its end, and waiting for either.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Instant;

use loomwork_store::logs::{LogError, LogStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use wait4::{ResUse, Wait4 as _};

use super::tree;
use crate::sink::Sink;

/// The text for standard input and how far it has been written.
struct Input {
    pipe: ChildStdin,
    text: Vec<u8>,
    written: usize,
}

/// What there is to do after a wait.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) exit: bool,
    pub(super) cancel: bool,
}

/// A process that leads its group.
pub(super) struct Leader {
    child: Child,
    group: Pid,
    /// Readable once the process has ended.
    end: OwnedFd,
    stdin: Option<Input>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    exit: Option<ResUse>,
}

impl Leader {
    /// Takes over a child that was started as leader of its own group, with output piped.
    pub(super) fn of(mut child: Child, stdin: Option<String>) -> io::Result<Self> {
        let group = Pid::from_child(&child);
        let stdin = child.stdin.take().zip(stdin);
        let unblocked = stdin.as_ref().map_or(Ok(()), |(pipe, _)| rustix::io::ioctl_fionbio(pipe, true));
        match unblocked.and_then(|()| pidfd_open(group, PidfdFlags::empty())) {
            Ok(end) => {
                let stdin = stdin.map(|(pipe, text)| Input { pipe, text: text.into_bytes(), written: 0 });
                let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
                Ok(Self { child, group, end, stdin, stdout, stderr, exit: None })
            }
            Err(error) => {
                // Nobody would notice its end, so it may not live.
                tree::signal(Some(group), &[], Signal::KILL);
                child.wait()?;
                Err(error.into())
            }
        }
    }

    pub(super) fn group(&self) -> Pid {
        self.group
    }

    /// How it ended, once it has.
    pub(super) fn exit(&self) -> Option<ResUse> {
        self.exit
    }

    /// Whether both output pipes have ended.
    pub(super) fn silent(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none()
    }

    /// The group, as long as there is anything of it.
    pub(super) fn left_of_group(&self) -> Option<Pid> {
        (self.exit.is_none() || !tree::group_is_empty(self.group)).then_some(self.group)
    }

    /// Sleeps until something can be read or written, the process has ended, `cancel` is readable, or `until`.
    pub(super) fn wait(&self, cancel: Option<BorrowedFd<'_>>, until: Option<Instant>) -> io::Result<Ready> {
        let sources = [
            (self.stdin.as_ref().map(|input| input.pipe.as_fd()), PollFlags::OUT),
            (self.stdout.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (self.stderr.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (self.exit.is_none().then(|| self.end.as_fd()), PollFlags::IN),
            (cancel, PollFlags::IN),
        ];
        let open = sources.iter().filter_map(|(source, flags)| Some(PollFd::from_borrowed_fd((*source)?, *flags)));
        let mut polled: Vec<PollFd<'_>> = open.collect();
        let timeout = until.map(|until| {
            let left = until.saturating_duration_since(Instant::now());
            Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() }
        });
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let mut answers = polled.iter().map(|answer| !answer.revents().is_empty());
        let [stdin, stdout, stderr, exit, cancel] =
            sources.map(|(source, _)| source.is_some() && answers.next().unwrap_or(false));
        Ok(Ready { stdin, stdout, stderr, exit, cancel })
    }

    /// Moves what can be moved through the pipes without waiting.
    pub(super) fn serve(&mut self, ready: &Ready, sink: &mut Sink<'_>, buffer: &mut [u8]) -> Result<(), LogError> {
        if ready.stdin {
            feed(&mut self.stdin);
        }
        let stdout = if ready.stdout { pump(&mut self.stdout, LogStream::Stdout, sink, buffer) } else { Ok(()) };
        let stderr = if ready.stderr { pump(&mut self.stderr, LogStream::Stderr, sink, buffer) } else { Ok(()) };
        stdout.and(stderr)
    }

    /// Takes the exit status of an ended process.
    pub(super) fn reap(&mut self) -> io::Result<()> {
        if self.exit.is_none() {
            self.exit = self.child.try_wait4()?;
        }
        if self.exit.is_some() {
            self.stdin = None;
        }
        Ok(())
    }

    /// Kills the group after a failure of our own, so that nothing runs unattended.
    pub(super) fn abandon(mut self) {
        if self.exit.is_none() {
            tree::signal(Some(self.group), &[], Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Writes a piece of standard input; closes it at the end of the text, or when nobody reads it.
fn feed(stdin: &mut Option<Input>) {
    let Some(input) = stdin else { return };
    match input.pipe.write(&input.text[input.written..]) {
        Ok(count) => input.written += count,
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => return,
        // A process may end its input early; `head` does.
        Err(_) => input.written = input.text.len(),
    }
    if input.written >= input.text.len() {
        *stdin = None;
    }
}

/// Reads a chunk, which is there: the pipe was ready.
fn pump(from: &mut Option<impl Read>, stream: LogStream, sink: &mut Sink<'_>, buffer: &mut [u8]) -> Result<(), LogError> {
    let Some(pipe) = from else { return Ok(()) };
    match pipe.read(buffer) {
        Ok(count) if count > 0 => sink.take(stream, &buffer[..count]),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        _ => {
            *from = None;
            Ok(())
        }
    }
}
