//! What a run waits for. Steps that wait are counted while events are folded, so that asking costs the same for any
//! number of steps.
//!
//! Invariant: the counts are those of the attached steps; every step that counts knows as what.
//!
//! Not here: why a step stands in line (`loomwork-engine`), and what ends a wait (`wait`).

use crate::event::Waiting;
use crate::{RunState, RunStatus, Shape, StepStatus};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitsFor {
    /// Somebody's decision.
    Person,
    /// A slot, or its turn.
    Slot,
    /// An event; where a timer may end the wait as well, this counts.
    Event,
    /// A moment.
    Time,
}

/// How many steps wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// Steps about which somebody must decide.
    pub person: usize,
    /// Steps that are ready and stand in line.
    pub slot: usize,
    /// Steps that wait for an event.
    pub event: usize,
    /// Steps that wait for a moment, or for their next attempt.
    pub time: usize,
}

impl Waits {
    fn of(&mut self, what: WaitsFor) -> &mut usize {
        match what {
            WaitsFor::Person => &mut self.person,
            WaitsFor::Slot => &mut self.slot,
            WaitsFor::Event => &mut self.event,
            WaitsFor::Time => &mut self.time,
        }
    }
}

impl RunState {
    /// What the run waits for: a person, whatever else goes on in it; else what holds up all that could go on. None for
    /// a run in which something is done, and for one that is not running.
    pub fn waits_for(&self) -> Option<WaitsFor> {
        if self.status != RunStatus::Running {
            return None;
        }
        let Waits { person, slot, event, time } = self.waits;
        let (asks, works) = (person > 0, self.busy > slot);
        match (asks, works) {
            (true, _) => Some(WaitsFor::Person),
            (false, true) => None,
            (false, false) if slot > 0 => Some(WaitsFor::Slot),
            (false, false) if event > 0 => Some(WaitsFor::Event),
            (false, false) => (time > 0).then_some(WaitsFor::Time),
        }
    }

    /// Whether nothing can go on before a timer, an event or a person.
    pub fn is_waiting(&self) -> bool {
        self.busy == 0 && self.waits_for().is_some()
    }

    /// How many steps wait for what.
    pub fn waits(&self) -> Waits {
        self.waits
    }

    /// Counts a step as what it waits for now.
    pub(crate) fn count_wait(&mut self, ix: usize) {
        let now = self.wait_of(ix);
        let before = std::mem::replace(&mut self.steps[ix].counted_as, now);
        if let Some(before) = before {
            *self.waits.of(before) -= 1;
        }
        if let Some(now) = now {
            *self.waits.of(now) += 1;
        }
    }

    /// Counts all steps anew.
    pub(crate) fn count_waits(&mut self) {
        self.waits = Waits::default();
        for ix in 1..self.steps.len() {
            self.steps[ix].counted_as = None;
            self.count_wait(ix);
        }
    }

    fn wait_of(&self, ix: usize) -> Option<WaitsFor> {
        let step = &self.steps[ix];
        if !step.attached {
            return None;
        }
        match step.status {
            StepStatus::NeedsApproval | StepStatus::NeedsAttention => Some(WaitsFor::Person),
            StepStatus::Queued => (self.shape(ix) == Shape::Leaf).then_some(WaitsFor::Slot),
            StepStatus::Waiting => Some(match step.waiting.as_deref() {
                Some(Waiting::For(waits)) if waits.iter().any(|wait| wait.event.is_some()) => WaitsFor::Event,
                _ => WaitsFor::Time,
            }),
            StepStatus::Retrying => Some(WaitsFor::Time),
            _ => None,
        }
    }
}
