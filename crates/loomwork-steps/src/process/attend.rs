//! Attending a process from its start to the end of its tree: output, time, cancelling.
//!
//! Invariants: whatever the process writes is read at once; the attempt ends only when its tree has ended, and at the latest
//! after its time, the grace and [`tree::GIVE_UP`].
//!
//! An attempt is *running* until the process has ended, its time is over or it is cancelled; then, if the process ended by
//! itself, *draining*, while what it left behind may still write; then *ending*, while whatever is left of the tree is ended.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::time::{Duration, Instant};

use loomwork_engine::AttemptKey;
use loomwork_run::LogSeal;
use loomwork_store::logs::LogError;
use rustix::process::{Pid, Signal};
use wait4::ResUse;

use super::child::{Leader, Ready};
use super::tree;
use crate::capture::{Head, Tail};
use crate::sink::Sink;

/// First and longest time between two looks at a tree that is ending.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(200);

/// Bytes read at one time; a pipe holds as many.
const CHUNK_BYTES: usize = 64 * 1024;

thread_local! {
    /// What the attempts of a thread read into, one after the other.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Times of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) drain: Duration,
}

/// Why a tree was ended before it ended by itself.
#[derive(Debug)]
pub(super) enum Cause {
    TimedOut,
    Cancelled,
    /// Its output could not be kept.
    LogFailed(LogError),
    /// The process had ended, but had left others running.
    LeftBehind,
}

/// What came of a process.
#[derive(Debug)]
pub(super) struct Ended {
    /// None when it could not even be killed.
    pub(super) exit: Option<ResUse>,
    pub(super) cause: Option<Cause>,
    pub(super) stdout: Head,
    pub(super) stderr: Tail,
    pub(super) log: Option<LogSeal>,
}

/// A tree that is being ended.
#[derive(Debug)]
struct Ending {
    cause: Cause,
    since: Instant,
    look_at: Instant,
    pause: Duration,
    /// Processes outside the group that were asked to end.
    asked: Vec<Pid>,
}

/// An attempt under way.
pub(super) struct Attendance<'a> {
    pub(super) key: &'a AttemptKey,
    pub(super) journal: &'a str,
    pub(super) times: Times,
    /// Readable once the attempt is to be cancelled.
    pub(super) cancel: &'a OwnedFd,
    pub(super) sink: Sink<'a>,
}

impl Attendance<'_> {
    /// Attends `child`, the leader of its group, until its tree has ended.
    ///
    /// # Errors
    /// When the system refuses to say what the process does; it is killed then.
    pub(super) fn attend(mut self, child: Child, stdin: Option<String>) -> io::Result<Ended> {
        let mut leader = Leader::of(child, stdin)?;
        let cause = match self.follow(&mut leader) {
            Ok(cause) => cause,
            Err(error) => {
                leader.abandon();
                return Err(error);
            }
        };
        let (stdout, stderr, seal) = self.sink.finish();
        let (log, cause) = match seal {
            Ok(log) => (log, cause),
            Err(error) => (None, cause.or(Some(Cause::LogFailed(error)))),
        };
        Ok(Ended { exit: leader.exit(), cause, stdout, stderr, log })
    }

    fn follow(&mut self, leader: &mut Leader) -> io::Result<Option<Cause>> {
        let deadline = self.times.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut buffer = BUFFER.take();
        buffer.resize(CHUNK_BYTES, 0);
        let mut bound = deadline;
        let mut ending: Option<Ending> = None;
        loop {
            let wake = ending.as_ref().map_or(bound, |ending| Some(ending.look_at));
            let cancel = ending.is_none().then(|| self.cancel.as_fd());
            let ready = leader.wait(cancel, wake)?;
            let lost = leader.serve(&ready, &mut self.sink, &mut buffer).err();
            let now = Instant::now();
            if ready.exit {
                leader.reap()?;
                bound = Some(now + self.times.drain);
            }
            if let Some(ending) = &mut ending {
                if (ready.exit || now >= ending.look_at) && self.look(leader, ending, now)? {
                    break;
                }
            } else if let Some(cause) = lost.map(Cause::LogFailed).or_else(|| reason(leader, &ready, bound, now)) {
                ending = Some(Ending { cause, since: now, look_at: now, pause: FIRST_LOOK, asked: Vec::new() });
            } else if leader.exit().is_some() && leader.silent() {
                break;
            }
        }
        self.rest(leader, &mut buffer)?;
        BUFFER.set(buffer);
        Ok(ending.map(|ending| ending.cause))
    }

    /// One look at a tree that is ending; true when nothing is left, or nothing more can be done.
    fn look(&self, leader: &Leader, ending: &mut Ending, now: Instant) -> io::Result<bool> {
        let ours = |marks: &tree::Marks| marks.engine == self.journal && marks.key.as_ref() == Some(self.key);
        let group = leader.left_of_group();
        let mut outside = tree::find(Some(leader.group()), ours)?;
        outside.retain(|found| !found.is_in(leader.group()));
        if group.is_none() && outside.is_empty() {
            return Ok(true);
        }
        let age = now - ending.since;
        if age > self.times.grace + tree::GIVE_UP {
            tracing::warn!(step = self.key.step, run = self.key.run, "a process does not end, not even by SIGKILL");
            return Ok(true);
        }
        if age >= self.times.grace {
            tree::signal(group, &outside, Signal::KILL);
        } else {
            // Each is asked once; asking again could interrupt its own tidying up.
            let first = ending.pause == FIRST_LOOK;
            outside.retain(|found| !ending.asked.contains(&found.pid()));
            ending.asked.extend(outside.iter().map(tree::Found::pid));
            tree::signal(group.filter(|_| first), &outside, Signal::TERM);
        }
        let kill_at = ending.since + self.times.grace;
        ending.look_at = (now + ending.pause).min(kill_at.max(now + FIRST_LOOK));
        ending.pause = (ending.pause * 2).min(LAST_LOOK);
        Ok(false)
    }

    /// Reads what is still in the pipes, without waiting for those who escaped with an end of them.
    fn rest(&mut self, leader: &mut Leader, buffer: &mut [u8]) -> io::Result<()> {
        let until = Instant::now() + self.times.drain;
        while !leader.silent() && Instant::now() < until {
            let ready = leader.wait(None, Some(Instant::now()))?;
            if !ready.stdout && !ready.stderr {
                break;
            }
            // A failure to keep the output ended the attempt already, or comes back when the log is sealed.
            let _ = leader.serve(&ready, &mut self.sink, buffer);
        }
        Ok(())
    }
}

/// Why the tree has to be ended now, if it has to. `bound` is the end of the attempt's time, after the exit that of draining.
fn reason(leader: &Leader, ready: &Ready, bound: Option<Instant>, now: Instant) -> Option<Cause> {
    let over = bound.is_some_and(|bound| now >= bound);
    if leader.exit().is_none() {
        return ready.cancel.then_some(Cause::Cancelled).or(over.then_some(Cause::TimedOut));
    }
    // A process that has ended keeps its outcome, also when it is cancelled now; only what it left behind is hurried.
    let left = if leader.silent() { leader.left_of_group().is_some() } else { over || ready.cancel };
    left.then_some(Cause::LeftBehind)
}
