//! Finding and ending process trees.
//!
//! Invariant: a signal reaches only what was recognised: outside the group of an attempt, a process is signalled through a
//! descriptor that was opened before it was looked at a second time, so that a recycled process id is never hit; this process
//! and its ancestors never are.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use loomwork_engine::AttemptKey;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal, test_kill_process_group};

/// Environment variable with the journal's id, by which the processes of an engine are recognised.
pub const ENGINE_MARK: &str = "LOOMWORK_ENGINE";
pub(super) const RUN_MARK: &str = "LOOMWORK_RUN_ID";
pub(super) const STEP_MARK: &str = "LOOMWORK_STEP";
pub(super) const ATTEMPT_MARK: &str = "LOOMWORK_ATTEMPT";

/// What marks a process as part of an attempt. A program that is to outlive the attempt it is started in drops them.
pub const MARKS: [&str; 4] = [ENGINE_MARK, RUN_MARK, STEP_MARK, ATTEMPT_MARK];

/// How often orphans that are ending are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// After this, what even SIGKILL does not end (it hangs in the system) is given up.
pub(super) const GIVE_UP: Duration = Duration::from_secs(2);

/// How long orphans may take to end politely.
const ORPHAN_GRACE: Duration = Duration::from_secs(2);

/// The marks in the environment of a process of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) engine: String,
    /// None when it is incomplete.
    pub(super) key: Option<AttemptKey>,
}

impl Marks {
    fn of(environment: &[u8]) -> Option<Self> {
        let entries = || environment.split(|byte| *byte == 0);
        let value = |name: &str| {
            // The last one wins, as it does for most programs.
            let found = entries().filter_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")).next_back();
            found.map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let engine = value(ENGINE_MARK)?;
        let key =
            || Some(AttemptKey { run: value(RUN_MARK)?, step: value(STEP_MARK)?, attempt: value(ATTEMPT_MARK)?.parse().ok()? });
        Some(Self { engine, key: key() })
    }
}

/// A process, and a descriptor that means it and no other.
#[derive(Debug)]
pub(super) struct Found {
    pid: Pid,
    group: i32,
    descriptor: OwnedFd,
}

impl Found {
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn is_in(&self, group: Pid) -> bool {
        self.group == group.as_raw_nonzero().get()
    }

    fn signal(&self, signal: Signal) {
        // It may have ended meanwhile, or may not be ours to signal: either way there is nothing more to do.
        let _ = pidfd_send_signal(&self.descriptor, signal);
    }
}

/// What `/proc/<pid>/stat` says of a process that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: i32,
    parent: i32,
    group: i32,
    started: u64,
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in parentheses may contain anything, also parentheses and spaces.
    fn parse(pid: i32, text: &str) -> Option<Self> {
        let mut fields = text[text.rfind(')')? + 1..].split_ascii_whitespace();
        let state = fields.next()?;
        if matches!(state, "Z" | "X") {
            return None;
        }
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        // Field 22 of the file; the three above are fields 3 to 5.
        let started = fields.nth(16)?.parse().ok()?;
        Some(Self { pid, parent, group, started })
    }
}

/// The processes that have not ended.
fn running() -> io::Result<impl Iterator<Item = Stat>> {
    let entries = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(entries.filter_map(Stat::read))
}

/// Finds the processes whose marks `wanted` accepts, or whose group is `group`, with all their descendants.
pub(super) fn find(group: Option<Pid>, wanted: impl Fn(&Marks) -> bool) -> io::Result<Vec<Found>> {
    let running: Vec<Stat> = running()?.collect();
    let untouchable = ancestry(&running);
    let group = group.map(|group| group.as_raw_nonzero().get());
    let is_marked = |stat: &Stat| {
        let environment = fs::read(format!("/proc/{}/environ", stat.pid)).unwrap_or_default();
        Marks::of(&environment).is_some_and(|marks| wanted(&marks))
    };
    let mut tree: HashSet<i32> = running
        .iter()
        .filter(|stat| !untouchable.contains(&stat.pid) && (Some(stat.group) == group || is_marked(stat)))
        .map(|stat| stat.pid)
        .collect();
    loop {
        let before = tree.len();
        let child = |stat: &&Stat| tree.contains(&stat.parent) && !untouchable.contains(&stat.pid);
        let children: Vec<i32> = running.iter().filter(child).map(|stat| stat.pid).collect();
        tree.extend(children);
        if tree.len() == before {
            break;
        }
    }
    Ok(running.into_iter().filter(|stat| tree.contains(&stat.pid)).filter_map(hold).collect())
}

/// Opens a descriptor for a process, if it is still the one that was looked at.
fn hold(stat: Stat) -> Option<Found> {
    let pid = Pid::from_raw(stat.pid)?;
    let descriptor = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let again = Stat::read(stat.pid)?;
    (again.started == stat.started).then_some(Found { pid, group: again.group, descriptor })
}

/// This process and what it descends from.
fn ancestry(running: &[Stat]) -> HashSet<i32> {
    let mut pid = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    let mut line = HashSet::from([0, 1]);
    while line.insert(pid) {
        let Some(stat) = running.iter().find(|stat| stat.pid == pid) else { break };
        pid = stat.parent;
    }
    line
}

/// Whether nothing of a group runs any more. Its leader must have been waited for.
///
/// What has ended stays in its group until its parent has waited for it. Orphans have the first process of the system (or of the
/// container) as parent, which may take seconds: nobody needs to wait for that.
pub(super) fn group_is_empty(group: Pid) -> bool {
    let of_group = |stat: Stat| stat.group == group.as_raw_nonzero().get();
    test_kill_process_group(group) == Err(Errno::SRCH) || running().is_ok_and(|mut running| !running.any(of_group))
}

/// Sends a signal to a whole group and to processes outside it. A stopped process is woken, so that it can end politely.
pub(super) fn signal(group: Option<Pid>, others: &[Found], signal: Signal) {
    for signal in [signal, Signal::CONT] {
        if let Some(group) = group {
            // Empty by now, perhaps.
            let _ = kill_process_group(group, signal);
        }
        others.iter().for_each(|process| process.signal(signal));
    }
}

/// Ends processes: politely, then after `grace` for good. Says how many there were, and returns when they are gone.
///
/// # Errors
/// When `/proc` cannot be read.
pub(super) fn end(wanted: impl Fn(&Marks) -> bool, grace: Duration) -> io::Result<usize> {
    let started = Instant::now();
    let mut known = HashSet::new();
    loop {
        let found = find(None, &wanted)?;
        if found.is_empty() {
            return Ok(known.len());
        }
        let age = started.elapsed();
        if age > grace + GIVE_UP {
            tracing::warn!(processes = found.len(), "processes do not end, not even by SIGKILL");
            return Ok(known.len());
        }
        if age >= grace {
            signal(None, &found, Signal::KILL);
        } else {
            // Each is asked once; asking again could interrupt its own tidying up.
            let new: Vec<Found> = found.into_iter().filter(|process| known.insert(process.pid)).collect();
            signal(None, &new, Signal::TERM);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Ends the processes that an earlier engine of this journal left running, as trees. Call it as owner of the journal, before
/// anything is resumed. Returns how many there were; waits until they are gone, a few seconds at most.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn end_orphans(journal_id: &str) -> io::Result<usize> {
    end(|marks| marks.engine == journal_id, ORPHAN_GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let text = "7 (a) R 1 (b) S 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 4242 22 23";
        assert_eq!(Stat::parse(7, text), Some(Stat { pid: 7, parent: 3, group: 4, started: 4242 }));
        assert_eq!(Stat::parse(7, "7 (gone) Z 3 4 5"), None);
        assert_eq!(Stat::parse(7, "nonsense"), None);
    }

    #[test]
    fn marks_are_read_from_an_environment() {
        let environment = b"A=1\0LOOMWORK_ENGINE=j\0LOOMWORK_RUN_ID=r\0LOOMWORK_STEP=s\0LOOMWORK_ATTEMPT=2\0";
        let key = AttemptKey { run: "r".into(), step: "s".into(), attempt: 2 };
        assert_eq!(Marks::of(environment), Some(Marks { engine: "j".into(), key: Some(key) }));
        assert_eq!(Marks::of(b"LOOMWORK_ENGINE=j\0LOOMWORK_ATTEMPT=x"), Some(Marks { engine: "j".into(), key: None }));
        assert_eq!(Marks::of(b"LOOMWORK_ENGINE_X=j\0"), None);
    }

    #[test]
    fn a_group_whose_last_process_has_ended_is_empty_although_nobody_has_buried_it() {
        use std::os::unix::process::CommandExt as _;
        let mut child = std::process::Command::new("cat").process_group(0).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let group = Pid::from_raw(pid).unwrap();
        assert!(!group_is_empty(group));
        drop(child.stdin.take());
        let is_zombie = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") Z ");
        while !is_zombie() {
            std::thread::yield_now();
        }
        assert!(test_kill_process_group(group).is_ok(), "the system still knows it");
        assert!(group_is_empty(group));
        child.wait().unwrap();
    }

    #[test]
    fn this_process_and_its_ancestors_are_never_found() {
        let own = Stat::read(i32::try_from(std::process::id()).unwrap()).unwrap();
        let found = find(Pid::from_raw(own.group), |_| true).unwrap();
        let found: Vec<i32> = found.iter().map(|process| process.pid().as_raw_nonzero().get()).collect();
        assert!(!found.contains(&own.pid) && !found.contains(&own.parent));
    }
}
