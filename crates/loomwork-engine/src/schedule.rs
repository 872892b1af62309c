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
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
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
    run: Arc<str>,
    priority: u8,
    needs: Needs,
    jobs: VecDeque<Waiting>,
    /// When a step of it last started, or it came to be.
    served_ms: i64,
    /// By how much its rank is above its priority.
    aged: i64,
    /// When its rank rises next.
    rises_ms: i64,
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
    lanes: Vec<u64>,
}

/// The place of a lane: its rank, its run's turn, the arrival of its head, its number. The smallest comes first.
type Place = (Reverse<i64>, u64, u64, u64);

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
    runs: HashMap<Arc<str>, RunLanes>,
    lanes: HashMap<u64, Lane>,
    /// The lanes, all of them, by their places.
    order: BTreeSet<Place>,
    /// When the rank of a lane rises next.
    rises: BTreeSet<(i64, u64)>,
    known: HashSet<(Arc<str>, usize)>,
    /// Turns that were taken, lanes that were made, and steps that arrived, so far.
    counted: u64,
    slots_used: u32,
    used: BTreeMap<Arc<str>, u64>,
    used_by_workflow: HashMap<Arc<str>, u32>,
}

impl Scheduler {
    /// Nothing waits, nothing is given out.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            runs: HashMap::new(),
            lanes: HashMap::new(),
            order: BTreeSet::new(),
            rises: BTreeSet::new(),
            known: HashSet::new(),
            counted: 0,
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
        let needs = self.limits.cut(job.needs);
        let waiting = Waiting { step: job.step, arrival: self.count(), since_ms: now_ms };
        let turn = self.count();
        let fresh = || RunLanes { workflow: job.workflow, turn, lanes: Vec::new() };
        let lanes = &self.runs.entry(Arc::clone(&job.run)).or_insert_with(fresh).lanes;
        let same =
            |number: &&u64| self.lanes.get(number).is_some_and(|lane| lane.priority == job.priority && lane.needs == needs);
        if let Some(lane) = lanes.iter().find(same).and_then(|number| self.lanes.get_mut(number)) {
            lane.jobs.push_back(waiting);
            return;
        }
        let number = self.count();
        if let Some(run) = self.runs.get_mut(&job.run) {
            run.lanes.push(number);
        }
        let jobs = VecDeque::from([waiting]);
        let Job { run, priority, .. } = job;
        self.lanes.insert(number, Lane { run, priority, needs, jobs, served_ms: now_ms, aged: 0, rises_ms: now_ms });
        self.set(number, now_ms);
    }

    /// The next step that may start, with what it has taken. Steps that want to start no more are let go.
    pub(crate) fn next(&mut self, now_ms: i64, wants: impl Fn(&str, usize) -> bool) -> Option<(Arc<str>, usize, Share)> {
        self.rise(now_ms);
        let mut kept = Kept::default();
        loop {
            if self.slots_used >= self.limits.slots {
                return None;
            }
            let lane = self.first(&kept)?;
            let (run, job, needs, workflow) = self.head(lane)?;
            if !wants(&run, job.step) {
                self.take(lane, false, now_ms);
                continue;
            }
            let slots_lack = self.slots_used + needs.slots > self.limits.slots;
            if slots_lack {
                return None;
            }
            if self.lacks(&workflow, &needs, &mut kept) {
                continue;
            }
            self.take(lane, true, now_ms);
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
    fn first(&self, kept: &Kept) -> Option<u64> {
        let free = |number: &u64| {
            let Some(lane) = self.lanes.get(number) else { return false };
            let needs = &lane.needs.amounts;
            let workflow = || self.runs.get(&lane.run).is_none_or(|run| !kept.workflows.contains(&run.workflow));
            (kept.kinds.is_empty() || !needs.iter().any(|(kind, _)| kept.kinds.contains(kind)))
                && (kept.workflows.is_empty() || workflow())
        };
        self.order.iter().map(|place| place.3).find(free)
    }

    fn head(&self, lane: u64) -> Option<(Arc<str>, Waiting, Needs, Arc<str>)> {
        let lane = self.lanes.get(&lane)?;
        let workflow = Arc::clone(&self.runs.get(&lane.run)?.workflow);
        Some((Arc::clone(&lane.run), *lane.jobs.front()?, lane.needs.clone(), workflow))
    }

    /// Takes the head of a lane out, because it starts or because it is let go.
    fn take(&mut self, number: u64, starts: bool, now_ms: i64) {
        self.unset(number);
        let Some(lane) = self.lanes.get_mut(&number) else { return };
        let run = Arc::clone(&lane.run);
        if let Some(job) = lane.jobs.pop_front() {
            self.known.remove(&(Arc::clone(&run), job.step));
        }
        let emptied = lane.jobs.is_empty();
        if starts {
            lane.served_ms = now_ms;
        }
        if emptied {
            self.lanes.remove(&number);
        }
        if let Some(lanes) = self.runs.get_mut(&run) {
            lanes.lanes.retain(|other| !emptied || *other != number);
            if lanes.lanes.is_empty() {
                self.runs.remove(&run);
                return;
            }
        }
        if starts {
            self.last_turn(&run, now_ms);
        } else if !emptied {
            self.set(number, now_ms);
        }
    }

    /// A run takes the last turn: its lanes move.
    fn last_turn(&mut self, run: &Arc<str>, now_ms: i64) {
        let turn = self.count();
        let Some(lanes) = self.runs.get(run).map(|run| run.lanes.clone()) else { return };
        lanes.iter().for_each(|lane| self.unset(*lane));
        if let Some(run) = self.runs.get_mut(run) {
            run.turn = turn;
        }
        lanes.iter().for_each(|lane| self.set(*lane, now_ms));
    }

    /// Ranks rise with the time.
    fn rise(&mut self, now_ms: i64) {
        while let Some((due, number)) = self.rises.first().copied()
            && due <= now_ms
        {
            self.unset(number);
            self.set(number, now_ms);
        }
    }

    fn place(&self, number: u64) -> Option<Place> {
        let lane = self.lanes.get(&number)?;
        let rank = i64::from(lane.priority) + lane.aged;
        Some((Reverse(rank), self.runs.get(&lane.run)?.turn, lane.jobs.front()?.arrival, number))
    }

    /// Takes a lane out of the order, before what its place depends on changes.
    fn unset(&mut self, number: u64) {
        if let Some(place) = self.place(number) {
            self.order.remove(&place);
        }
        if let Some(lane) = self.lanes.get(&number) {
            self.rises.remove(&(lane.rises_ms, number));
        }
    }

    /// Puts a lane into the order, at the place that it has now.
    fn set(&mut self, number: u64, now_ms: i64) {
        let Some(lane) = self.lanes.get_mut(&number) else { return };
        let Some(head) = lane.jobs.front() else { return };
        let from_ms = head.since_ms.max(lane.served_ms);
        lane.aged = (now_ms - from_ms).max(0) / AGEING_MS;
        lane.rises_ms = from_ms + (lane.aged + 1) * AGEING_MS;
        self.rises.insert((lane.rises_ms, number));
        if let Some(place) = self.place(number) {
            self.order.insert(place);
        }
    }

    fn count(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }
}
