//! After a restart: what was open goes on, attempts under way were lost, timers and queue entries are set again.

use std::cmp::Reverse;
use std::sync::Arc;

use loomwork_run::attempt_lost;

use super::Core;
use crate::request::Active;

impl Core {
    /// Takes in the runs that were open when the engine last stopped: their attempts under way were lost.
    pub fn recover(&mut self, open: Vec<Active>, now_ms: i64) {
        let ids: Vec<Arc<str>> = open.iter().map(|active| Arc::from(active.state.id.as_str())).collect();
        for (id, mut active) in ids.iter().zip(open) {
            active.last_batch = 0;
            self.complete(&mut active.state.program);
            let state = &active.state;
            if state.status != loomwork_run::RunStatus::Queued {
                self.groups.entered(state.group.as_deref(), id);
            }
            self.runs.insert(Arc::clone(id), active);
        }
        for id in &ids {
            self.recover_attempts(id, true, now_ms);
            self.arm(id, now_ms);
            self.unsettled.push_back(Arc::clone(id));
        }
        self.withdraw_lost_trials(now_ms);
        self.breakers_due(now_ms);
        self.letters_due(now_ms);
        for id in &ids {
            self.admit(id, now_ms);
        }
        self.settle(now_ms);
    }

    /// Attempts under way are lost; runs that were called may still answer, if this is the run that called them.
    pub(super) fn recover_attempts(&mut self, id: &Arc<str>, called_them: bool, now_ms: i64) {
        let Some(active) = self.runs.get_mut(id) else { return };
        let state = &active.state;
        let mut lost = Vec::new();
        let mut called = Vec::new();
        for ix in 1..state.steps.len() {
            let step = &state.steps[ix];
            let (true, Some(attempt)) = (step.attached, step.attempt_under_way()) else { continue };
            match loomwork_run::called_run(state, ix) {
                Some(child) if called_them => called.push(child.to_owned()),
                // A container goes on with what it has.
                _ if state.shape(ix) != loomwork_run::Shape::Leaf => {}
                _ => lost.extend(attempt_lost(state, ix, attempt, now_ms)),
            }
        }
        let undos: Vec<usize> = loomwork_run::open_undos(state).filter(|(_, due)| due.is_none()).map(|(ix, _)| ix).collect();
        active.state.revisit_all();
        self.record(id, lost);
        for step in undos {
            self.want_undo(id, step, now_ms);
        }
        for child in called {
            let child: Arc<str> = Arc::from(child);
            if !self.runs.contains_key(&child)
                && let Ok(ended) = self.library.load_run(&child)
            {
                self.tell_parent(&ended, now_ms);
            }
        }
    }

    /// Sets the timers and queue entries of a run that was read from the journal, or goes on.
    pub(super) fn arm(&mut self, run: &Arc<str>, now_ms: i64) {
        let Some(active) = self.runs.get(run) else { return };
        if let Some(due) = active.state.deadline_ms() {
            self.timers.push(Reverse((due, Arc::clone(run), None)));
        }
        for (step, due) in active.state.timers() {
            self.timers.push(Reverse((due, Arc::clone(run), Some(step))));
        }
        for step in active.state.queued_steps() {
            self.queue.push(super::attempts::job(&active.state, run, step), now_ms);
        }
    }

    /// Gives slots to the steps of recovered runs.
    pub fn resume(&mut self, now_ms: i64) {
        self.grant(now_ms);
    }
}
