//! Threads for attempts, which are used again: each attempt has one for itself as long as it lasts, and starting one takes
//! longer than all that a short attempt does in it.
//!
//! Invariant: no job waits for another one.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::ThreadId;
use std::time::Duration;

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// A thread without a job ends after this.
const REST: Duration = Duration::from_secs(5);

/// Threads that have no job, the last one that had one last.
type Idle = Mutex<Vec<(ThreadId, Sender<Job>)>>;

/// The threads. When this is dropped, they end as soon as they have no job.
#[derive(Debug, Default)]
pub(super) struct Threads {
    idle: Arc<Idle>,
}

/// The list is whole between any two statements, so a poisoned one is.
fn lock(idle: &Idle) -> MutexGuard<'_, Vec<(ThreadId, Sender<Job>)>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Threads {
    /// Does a job, which must not panic, on a thread of its own.
    ///
    /// # Errors
    /// When the system has no room for another thread; the job is dropped.
    pub(super) fn run(&self, job: Job) -> io::Result<()> {
        let rested = lock(&self.idle).pop();
        let job = match rested {
            Some((_, thread)) => match thread.send(job) {
                Ok(()) => return Ok(()),
                Err(back) => back.0,
            },
            None => job,
        };
        let idle = Arc::downgrade(&self.idle);
        std::thread::Builder::new().name("attempt".to_owned()).spawn(move || work(job, &idle)).map(|_| ())
    }
}

fn work(mut job: Job, idle: &Weak<Idle>) {
    loop {
        job();
        match rest(idle, REST) {
            Some(next) => job = next,
            None => return,
        }
    }
}

/// Waits for the next job; none when it has rested for too long, or nobody can call it.
fn rest(idle: &Weak<Idle>, longest: Duration) -> Option<Job> {
    let own = std::thread::current().id();
    let (sender, jobs) = channel();
    lock(&*idle.upgrade()?).push((own, sender));
    match jobs.recv_timeout(longest) {
        Err(RecvTimeoutError::Timeout) => {}
        heard => return heard.ok(),
    }
    if let Some(idle) = idle.upgrade() {
        let mut list = lock(&idle);
        if let Some(place) = list.iter().position(|(thread, _)| *thread == own) {
            list.remove(place);
            return None;
        }
    }
    // Whoever has taken it off the list sends a job, or has sent it already.
    jobs.recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does a job and says on which thread.
    fn thread_of(threads: &Threads) -> ThreadId {
        let (sender, receiver) = channel();
        threads.run(Box::new(move || sender.send(std::thread::current().id()).unwrap())).unwrap();
        receiver.recv().unwrap()
    }

    #[test]
    fn a_thread_is_used_again() {
        let threads = Threads::default();
        let first = thread_of(&threads);
        while lock(&threads.idle).is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(thread_of(&threads), first);
    }

    #[test]
    fn jobs_do_not_wait_for_each_other() {
        let threads = Threads::default();
        let meet = Arc::new(std::sync::Barrier::new(9));
        for _ in 0..8 {
            let meet = Arc::clone(&meet);
            threads.run(Box::new(move || _ = meet.wait())).unwrap();
        }
        meet.wait();
    }

    #[test]
    fn a_thread_that_was_called_at_the_end_of_its_rest_waits_for_the_job() {
        let mut called = 0;
        while called < 50 {
            let idle = Arc::new(Idle::default());
            let weak = Arc::downgrade(&idle);
            let thread = std::thread::spawn(move || rest(&weak, Duration::ZERO).is_some());
            let sender = loop {
                let taken = lock(&idle).pop();
                if taken.is_some() || thread.is_finished() {
                    break taken;
                }
            };
            let Some((_, sender)) = sender else { continue };
            sender.send(Box::new(|| ())).unwrap();
            assert!(thread.join().unwrap(), "the job was lost");
            called += 1;
        }
    }

    #[test]
    fn a_thread_ends_when_nobody_can_call_it() {
        let threads = Threads::default();
        let (sender, ended) = channel::<()>();
        std::thread_local!(static HELD: std::cell::RefCell<Option<Sender<()>>> = const { std::cell::RefCell::new(None) });
        threads.run(Box::new(move || HELD.with(|held| *held.borrow_mut() = Some(sender)))).unwrap();
        drop(threads);
        assert!(ended.recv().is_err(), "what the thread held was dropped with it");
    }
}
