//! Who waits to be started, and why: the line of the scheduler, steps of paused runs, runs that wait for their group.

use std::collections::HashSet;
use std::sync::Arc;

use loomwork_run::RunStatus;

use super::Core;
use crate::request::Active;
use crate::schedule::WaitReason;

/// Who waits, and how much is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueLine {
    /// Slots taken, and all of them.
    pub slots: (u32, u32),
    /// Of each kind: its name, what is taken, and how much there is, in thousandths.
    pub resources: Vec<(Arc<str>, u64, u64)>,
    /// Those that wait: steps in the order in which they would start, then what cannot start before something else happens.
    pub waiting: Vec<Queued>,
    /// How many more wait.
    pub more: usize,
}

/// A step that is ready, or a run, that waits to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The run's id.
    pub run: String,
    /// The run's number within its workflow.
    pub number: u32,
    /// The workflow's id.
    pub workflow: String,
    /// The step's path; none when the run itself waits.
    pub step: Option<String>,
    /// From 0 to 9.
    pub priority: u8,
    /// The priority that counts by now; none for what is not in line.
    pub rank: Option<i64>,
    /// Since when it stands in line, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Why.
    pub reason: WaitReason,
}

impl Core {
    /// Who waits, of one run or of all; at most so many.
    pub(super) fn line(&self, only: Option<&str>, limit: usize, now_ms: i64) -> QueueLine {
        let (used, resources) = self.queue.usage();
        let mut waiting = Vec::new();
        let mut seen = HashSet::new();
        for place in self.queue.line(only, now_ms) {
            let Some(active) = self.runs.get(&place.run) else { continue };
            if super::attempts::may_start(active, place.step, &self.under_way) {
                seen.insert((Arc::clone(&place.run), place.step));
                let (rank, since_ms) = (Some(place.rank), Some(place.since_ms));
                waiting.push(Queued { rank, since_ms, ..queued(active, Some(place.step), place.reason) });
            }
        }
        let mut rest: Vec<_> = self.runs.iter().filter(|(run, _)| only.is_none_or(|only| only == &***run)).collect();
        // The order of a hash map is none that anybody could read.
        rest.sort_by_key(|(run, _)| Arc::clone(run));
        for (run, active) in rest {
            match active.state.status {
                RunStatus::Queued => waiting.extend(self.group_reason(active).map(|reason| queued(active, None, reason))),
                RunStatus::Paused => {
                    let steps = active.state.queued_steps().filter(|step| !seen.contains(&(Arc::clone(run), *step)));
                    waiting.extend(steps.map(|step| queued(active, Some(step), WaitReason::Paused)));
                }
                _ => {}
            }
        }
        let more = waiting.len().saturating_sub(limit);
        waiting.truncate(limit);
        QueueLine { slots: (used, self.queue.limits().slots), resources, waiting, more }
    }

    fn group_reason(&self, active: &Active) -> Option<WaitReason> {
        let group = active.state.group.clone()?;
        let name = |id: Arc<str>| {
            let state = &self.runs.get(&id)?.state;
            Some((id, state.program.workflow.id.clone(), state.number))
        };
        let held_by = self.groups.members(&group).into_iter().filter_map(name).collect();
        Some(WaitReason::Group { group, held_by })
    }
}

fn queued(active: &Active, step: Option<usize>, reason: WaitReason) -> Queued {
    let state = &active.state;
    let own = step.and_then(|step| state.definition(step).step.priority);
    Queued {
        run: state.id.clone(),
        number: state.number,
        workflow: state.program.workflow.id.clone(),
        step: step.map(|step| state.steps[step].path.to_string()),
        priority: own.unwrap_or(state.priority),
        rank: None,
        since_ms: None,
        reason,
    }
}
