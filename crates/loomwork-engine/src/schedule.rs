//! Who starts next: waiting steps and what is free go in, the step that may start comes out.
//!
//! The rule. Steps that wait stand in lanes: one for each run, priority and set of needs, in the order in which they became
//! ready. A lane's rank is its priority, and one more for each [`AGEING_MS`] since a step of it last started. Of equal ranks
//! the run comes first whose turn is the oldest; a run that is served, or begins to wait, takes the last turn. What the first
//! in rank lacks is kept for it: nobody behind it takes of that, so a large step is not overtaken for ever by small ones.
//!
//! Invariant: never more is given out than there is; the same calls give the same answers. Pure: no clock, no events.
//! Not here: whether a run lets its steps start (`core`), how what waits is told to people (`explain`).

mod explain;
mod limits;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

pub use explain::WaitReason;
pub use limits::{Limits, Needs};

/// A lane that waits so long counts one priority higher, in milliseconds; for twice as long, two.
pub const AGEING_MS: i64 = 30_000;

/// A step that waits to be started.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// Its run.
    pub(crate) run: Arc<str>,
    /// The step.
    pub(crate) step: usize,
    /// The run's workflow.
    pub(crate) workflow: Arc<str>,
    /// From 0 (last) to 9 (first).
    pub(crate) priority: u8,
    /// What it takes while it is under way.
    pub(crate) needs: Needs,
}

/// What a step under way has taken; given back when it ends.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    workflow: Arc<str>,
    needs: Needs,
}

/// Steps of a run of one priority with the same needs.
#[derive(Debug, Clone)]
struct Lane {
    priority: u8,
    needs: Needs,
    jobs: VecDeque<Waiting>,
    /// When a step of it last started.
    served_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    step: usize,
    arrival: u64,
    since_ms: i64,
}

/// The lanes of a run.
#[derive(Debug, Clone)]
struct RunLanes {
    workflow: Arc<str>,
    turn: u64,
    lanes: Vec<Lane>,
}

/// The smallest comes first.
type Rank = (Reverse<i64>, u64, u64);

/// What is kept for those that come first.
#[derive(Debug, Default)]
struct Kept {
    workflows: Vec<Arc<str>>,
    kinds: Vec<Arc<str>>,
}

/// All that wait, and all that is given out.
#[derive(Debug, Clone)]
pub(crate) struct Scheduler {
    limits: Limits,
    runs: BTreeMap<Arc<str>, RunLanes>,
    known: HashSet<(Arc<str>, usize)>,
    turns: u64,
    arrivals: u64,
    slots_used: u32,
    used: BTreeMap<Arc<str>, u64>,
    used_by_workflow: HashMap<Arc<str>, u32>,
}

impl Scheduler {
    /// Nothing waits, nothing is given out.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            runs: BTreeMap::new(),
            known: HashSet::new(),
            turns: 0,
            arrivals: 0,
            slots_used: 0,
            used: BTreeMap::new(),
            used_by_workflow: HashMap::new(),
        }
    }

    /// What there is.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many steps wait.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// A step begins to wait; it stands in line once. Who wants more than there is takes all that there is.
    pub(crate) fn push(&mut self, job: Job, now_ms: i64) {
        if !self.known.insert((Arc::clone(&job.run), job.step)) {
            return;
        }
        self.arrivals += 1;
        let needs = self.limits.cut(job.needs);
        let waiting = Waiting { step: job.step, arrival: self.arrivals, since_ms: now_ms };
        let turns = &mut self.turns;
        let run = self.runs.entry(job.run).or_insert_with(|| {
            *turns += 1;
            RunLanes { workflow: job.workflow, turn: *turns, lanes: Vec::new() }
        });
        match run.lanes.iter_mut().find(|lane| lane.priority == job.priority && lane.needs == needs) {
            Some(lane) => lane.jobs.push_back(waiting),
            None => {
                let jobs = VecDeque::from([waiting]);
                run.lanes.push(Lane { priority: job.priority, needs, jobs, served_ms: now_ms });
            }
        }
    }

    /// The next step that may start, with what it has taken. Steps that want to start no more are let go.
    pub(crate) fn next(&mut self, now_ms: i64, wants: impl Fn(&str, usize) -> bool) -> Option<(Arc<str>, usize, Share)> {
        let mut kept = Kept::default();
        loop {
            if self.slots_used >= self.limits.slots {
                return None;
            }
            let (run, lane) = self.first(now_ms, &kept)?;
            let (job, needs, workflow) = self.head(&run, lane)?;
            if !wants(&run, job.step) {
                self.take(&run, lane, None);
                continue;
            }
            let slots_lack = self.slots_used + needs.slots > self.limits.slots;
            if slots_lack {
                return None;
            }
            if self.lacks(&workflow, &needs, &mut kept) {
                continue;
            }
            self.take(&run, lane, Some(now_ms));
            return Some((run, job.step, self.give(workflow, needs)));
        }
    }

    /// What a step takes when it need not wait: nobody else does, and there is enough.
    pub(crate) fn at_once(&mut self, job: &Job) -> Option<Share> {
        let needs = self.limits.cut(job.needs.clone());
        let fits = self.is_empty()
            && self.slots_used + needs.slots <= self.limits.slots
            && !self.lacks(&job.workflow, &needs, &mut Kept::default());
        fits.then(|| self.give(Arc::clone(&job.workflow), needs))
    }

    /// A step under way has ended.
    pub(crate) fn give_back(&mut self, share: &Share) {
        self.slots_used = self.slots_used.saturating_sub(share.needs.slots);
        for (kind, amount) in share.needs.amounts.iter() {
            if let Some(used) = self.used.get_mut(kind) {
                *used = used.saturating_sub(*amount);
            }
        }
        if let Some(used) = self.used_by_workflow.get_mut(&share.workflow) {
            *used = used.saturating_sub(1);
            if *used == 0 {
                self.used_by_workflow.remove(&share.workflow);
            }
        }
    }

    fn give(&mut self, workflow: Arc<str>, needs: Needs) -> Share {
        self.slots_used += needs.slots;
        for (kind, amount) in needs.amounts.iter() {
            *self.used.entry(Arc::clone(kind)).or_insert(0) += amount;
        }
        *self.used_by_workflow.entry(Arc::clone(&workflow)).or_insert(0) += 1;
        Share { workflow, needs }
    }

    /// Whether something that is wanted is not free besides slots; it is kept from now on.
    fn lacks(&self, workflow: &Arc<str>, needs: &Needs, kept: &mut Kept) -> bool {
        let mut lacks = false;
        if self.limits.per_workflow.is_some_and(|limit| self.used_by_workflow.get(workflow).copied().unwrap_or(0) >= limit) {
            kept.workflows.push(Arc::clone(workflow));
            lacks = true;
        }
        for (kind, amount) in needs.amounts.iter() {
            if *amount > self.free(kind) {
                kept.kinds.push(Arc::clone(kind));
                lacks = true;
            }
        }
        lacks
    }

    /// How much of a kind is free; of one without a limit, all.
    fn free(&self, kind: &str) -> u64 {
        let of = self.limits.resources.get(kind).copied().unwrap_or(u64::MAX);
        of.saturating_sub(self.used.get(kind).copied().unwrap_or(0))
    }

    /// The lane that comes first, of those that want nothing that is kept for others.
    fn first(&self, now_ms: i64, kept: &Kept) -> Option<(Arc<str>, usize)> {
        let mut first: Option<(Rank, &Arc<str>, usize)> = None;
        for (run, lanes) in &self.runs {
            if kept.workflows.contains(&lanes.workflow) {
                continue;
            }
            for (number, lane) in lanes.lanes.iter().enumerate() {
                let Some(rank) = rank(lane, lanes.turn, now_ms) else { continue };
                let free = kept.kinds.is_empty() || !lane.needs.amounts.iter().any(|(kind, _)| kept.kinds.contains(kind));
                if free && first.as_ref().is_none_or(|(best, ..)| rank < *best) {
                    first = Some((rank, run, number));
                }
            }
        }
        first.map(|(_, run, lane)| (Arc::clone(run), lane))
    }

    fn head(&self, run: &str, lane: usize) -> Option<(Waiting, Needs, Arc<str>)> {
        let lanes = self.runs.get(run)?;
        let lane = lanes.lanes.get(lane)?;
        Some((*lane.jobs.front()?, lane.needs.clone(), Arc::clone(&lanes.workflow)))
    }

    /// Takes the head of a lane out; `served_ms` is the time when it was because it starts.
    fn take(&mut self, run: &Arc<str>, lane: usize, served_ms: Option<i64>) {
        let Some(lanes) = self.runs.get_mut(run) else { return };
        let emptied = {
            let Some(entry) = lanes.lanes.get_mut(lane) else { return };
            if let Some(job) = entry.jobs.pop_front() {
                self.known.remove(&(Arc::clone(run), job.step));
            }
            entry.served_ms = served_ms.unwrap_or(entry.served_ms);
            entry.jobs.is_empty()
        };
        if served_ms.is_some() {
            self.turns += 1;
            lanes.turn = self.turns;
        }
        if emptied {
            lanes.lanes.remove(lane);
        }
        if lanes.lanes.is_empty() {
            self.runs.remove(run);
        }
    }
}

fn rank(lane: &Lane, turn: u64, now_ms: i64) -> Option<Rank> {
    let head = lane.jobs.front()?;
    let waited_ms = (now_ms - head.since_ms.max(lane.served_ms)).max(0);
    Some((Reverse(i64::from(lane.priority) + waited_ms / AGEING_MS), turn, head.arrival))
}
