//! Runs begin and end: created or forked, admitted by their concurrency group, and gone from it.
//!
//! Not here: runs that call runs (`calls`).

use std::collections::HashMap;
use std::sync::Arc;

use loomwork_run::{Event, EventKind, RunCreated, RunState, Values};
use loomwork_store::NewRecord;

use super::Core;
use crate::request::{Active, NewRun};
use crate::{EngineError, Fork};

impl Core {
    pub(super) fn create(&mut self, mut new: NewRun, now_ms: i64) {
        self.complete(&mut new.program);
        let workflow = &new.program.workflow;
        let number = next_number(&mut self.numbers, &workflow.id, new.last_number);
        let mut values = Values::default();
        let created = RunCreated {
            workflow: workflow.id.clone(),
            path: new.path,
            definition: new.program.definition.clone(),
            version: workflow.version.clone(),
            number,
            inputs: values.intern(&new.inputs),
            env: values.intern(&new.env),
            trigger: new.trigger,
            labels: new.labels,
            priority: new.priority,
            steps: u32::try_from(new.program.scopes[0].steps.len()).unwrap_or(u32::MAX),
            parent: new.parent,
            group: new.group,
            forked_from: None,
        };
        self.batch.definitions.push((new.program.definition.clone(), new.text));
        let state = RunState::created(Arc::clone(&new.program), new.id.to_string(), now_ms, &created);
        let event = Event {
            at_ms: now_ms,
            actor: created.trigger.actor.clone(),
            step: None,
            attempt: None,
            kind: EventKind::RunCreated(created),
        };
        self.runs.insert(Arc::clone(&new.id), Active::new(state, values, 0));
        self.append(&new.id, event);
        self.admit(&new.id, now_ms);
    }

    /// Creates a run that begins with the events of another one. Attempts that were under way at that moment are lost to
    /// it: they belong to the old run.
    pub(super) fn fork(&mut self, fork: Fork, now_ms: i64) -> Result<(), EngineError> {
        let Fork { mut active, mut events, last_number, .. } = fork;
        if let Some(from) = active.state.forked_from.as_ref() {
            self.stays(&from.run)?;
        }
        self.complete(&mut active.state.program);
        let id: Arc<str> = Arc::from(active.state.id.as_str());
        let workflow = &active.state.program.workflow;
        let queued = active.state.status == loomwork_run::RunStatus::Queued;
        let group = active.state.group.clone().filter(|_| !queued);
        if let (Some(group), Some(concurrency)) = (&group, &workflow.concurrency)
            && !self.groups.has_room(group, concurrency.max)
        {
            let message = format!("the concurrency group `{group}` has no room; wait for the end of its runs");
            return Err(loomwork_run::RefusedRequest::State(message).into());
        }
        let number = next_number(&mut self.numbers, &workflow.id, last_number);
        active.state.number = number;
        if let Some(EventKind::RunCreated(created)) = events.first_mut().map(|event| &mut event.kind) {
            created.number = number;
        }
        self.next_seq += events.len() as u64;
        active.seq = self.next_seq - 1;
        active.last_batch = self.batch_number;
        self.batch.records.extend(events.into_iter().map(|event| NewRecord::of_run(Arc::clone(&id), event)));
        self.runs.insert(Arc::clone(&id), active);
        self.groups.entered(group.as_deref(), &id);
        self.recover_attempts(&id, false, now_ms);
        self.arm(&id, now_ms);
        self.unsettled.push_back(Arc::clone(&id));
        self.admit(&id, now_ms);
        Ok(())
    }

    /// Starts a queued run, if its concurrency group has room.
    pub(super) fn admit(&mut self, id: &Arc<str>, now_ms: i64) {
        let Some(active) = self.runs.get(id) else { return };
        if active.state.status != loomwork_run::RunStatus::Queued {
            return;
        }
        let concurrency = active.state.program.workflow.concurrency.clone();
        if let (Some(group), Some(concurrency)) = (active.state.group.clone(), concurrency) {
            use loomwork_workflow::OnConflict;
            if !self.groups.has_room(&group, concurrency.max) {
                match concurrency.on_conflict {
                    OnConflict::Queue => self.groups.wait(&group, id),
                    OnConflict::Skip => self.cancel_by_engine(id, "its concurrency group has no room", now_ms),
                    OnConflict::CancelRunning => {
                        for other in self.groups.members(&group) {
                            self.cancel_by_engine(&other, "a newer run of its concurrency group", now_ms);
                        }
                        self.groups.wait(&group, id);
                    }
                }
                self.unsettled.push_back(Arc::clone(id));
                return;
            }
            self.groups.entered(Some(&group), id);
        }
        let kind = loomwork_run::RunStarted {}.into();
        self.record(id, vec![Event { at_ms: now_ms, actor: "engine".to_owned(), step: None, attempt: None, kind }]);
        self.unsettled.push_back(Arc::clone(id));
    }

    pub(super) fn cancel_by_engine(&mut self, id: &Arc<str>, reason: &str, now_ms: i64) {
        let Some(active) = self.runs.get(id) else { return };
        if let Ok(events) = loomwork_run::cancel(&active.state, "engine", Some(reason.to_owned()), false, now_ms) {
            self.record(id, events);
            self.unsettled.push_back(Arc::clone(id));
        }
    }

    /// A run has ended: its concurrency group has room, and the step that called it goes on.
    pub(super) fn ended(&mut self, run: &Arc<str>, now_ms: i64) {
        self.reuse.forget(run);
        let Some(active) = self.runs.get(run) else { return };
        if let Some(group) = active.state.group.clone() {
            for next in self.groups.left(&group, run) {
                self.admit(&next, now_ms);
            }
        }
        self.letter_for(run, now_ms);
        if let Some(active) = self.runs.remove(run) {
            self.tell_parent(&active, now_ms);
            self.runs.insert(Arc::clone(run), active);
        }
    }
}

/// The number of a workflow's next run.
fn next_number(numbers: &mut HashMap<String, u32>, workflow: &str, last_in_journal: u32) -> u32 {
    let number = numbers.entry(workflow.to_owned()).or_insert(0);
    *number = (*number).max(last_in_journal) + 1;
    *number
}
