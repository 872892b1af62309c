//! Why a step waits, and who comes before it.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Kept, Scheduler};

/// Why a step that is ready does not start yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitReason {
    /// The slots are taken.
    Slots {
        /// How many it wants.
        wants: u32,
        /// How many are taken.
        used: u32,
        /// How many there are.
        of: u32,
    },
    /// As many attempts of its workflow are under way as may be.
    Workflow {
        /// How many that is.
        limit: u32,
    },
    /// There is not enough left of a kind.
    Resource {
        /// The kind.
        kind: Arc<str>,
        /// What it wants, in thousandths.
        wants: u64,
        /// What is free, in thousandths.
        free: u64,
    },
    /// There is enough for it, but it is kept for steps that come first.
    Turn,
    /// Its run is paused.
    Paused,
    /// The concurrency group of its run has no room.
    Group {
        /// The group.
        group: String,
        /// The runs that are in: id, workflow, number.
        held_by: Vec<(Arc<str>, String, u32)>,
    },
}

/// A step in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its run.
    pub(crate) run: Arc<str>,
    /// The step.
    pub(crate) step: usize,
    /// Since when it waits, in milliseconds since 1970.
    pub(crate) since_ms: i64,
    /// Its priority, ageing included.
    pub(crate) rank: i64,
    /// Why.
    pub(crate) reason: WaitReason,
}

impl Scheduler {
    /// The line as it stands, in the order in which the steps would start if all of them fitted; of one run, or of all.
    pub(crate) fn line(&self, only: Option<&str>, now_ms: i64) -> Vec<Standing> {
        let mut rest = self.clone();
        rest.rise(now_ms);
        let mut line = Vec::new();
        while let Some((Reverse(rank), .., lane)) = rest.order.first().copied() {
            let Some((run, job, needs, workflow)) = rest.head(lane) else { break };
            rest.take(lane, false, now_ms);
            rest.last_turn(&run, now_ms);
            if only.is_none_or(|only| only == &*run) {
                let reason = self.reason(&workflow, &needs);
                line.push(Standing { run, step: job.step, since_ms: job.since_ms, rank, reason });
            }
        }
        line
    }

    /// Slots taken; of each kind with a limit, what is taken and how much there is, in thousandths.
    pub(crate) fn usage(&self) -> (u32, Vec<(Arc<str>, u64, u64)>) {
        let kinds = self.limits.resources.iter();
        let kinds = kinds.map(|(kind, of)| (Arc::clone(kind), self.used.get(kind).copied().unwrap_or(0), *of));
        (self.slots_used, kinds.collect())
    }

    fn reason(&self, workflow: &Arc<str>, needs: &super::Needs) -> WaitReason {
        if self.slots_used + needs.slots > self.limits.slots {
            return WaitReason::Slots { wants: needs.slots, used: self.slots_used, of: self.limits.slots };
        }
        let mut kept = Kept::default();
        self.lacks(workflow, needs, &mut kept);
        if let Some(kind) = kept.kinds.into_iter().next() {
            let wants = needs.amounts.iter().find(|(name, _)| *name == kind).map_or(0, |(_, amount)| *amount);
            let free = self.free(&kind);
            return WaitReason::Resource { kind, wants, free };
        }
        match self.limits.per_workflow.filter(|_| !kept.workflows.is_empty()) {
            Some(limit) => WaitReason::Workflow { limit },
            None => WaitReason::Turn,
        }
    }
}
