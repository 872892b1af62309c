//! Dead letters: runs that failed, that nobody waits for and nobody took up in time. Kept by events of the workspace.
//!
//! Invariant: the event that makes a letter stands in the batch of the run's failure, the one that sends it again in the batch
//! of the new run, so that no crash loses a letter or sends it twice.
//! Not here: the machine (`loomwork-run`), and reading letters (`loomwork-store`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use loomwork_run::{LetterInput, LetterRecord, LetterState, RunStatus, letter_transition};
use serde_json::{Value, json};

use super::Core;
use crate::EngineError;
use crate::request::NewRun;

/// The letters by run.
#[derive(Debug)]
pub(super) struct Letters {
    known: HashMap<Arc<str>, LetterRecord>,
    due: BTreeSet<(i64, Arc<str>)>,
    after_ms: u64,
    /// False for a journal that is not trusted: nothing happens by itself.
    watching: bool,
}

impl Default for Letters {
    fn default() -> Self {
        let after_ms = loomwork_workflow::EngineSettings::default().dead_letter_after_ms;
        Self { known: HashMap::new(), due: BTreeSet::new(), after_ms, watching: true }
    }
}

impl Letters {
    /// When the next run becomes a dead letter, in milliseconds since 1970.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.due.first().filter(|_| self.watching).map(|(due, _)| *due)
    }

    /// Whether a run is a dead letter, or becomes one unless it is taken up.
    pub(super) fn has(&self, run: &Arc<str>) -> bool {
        self.known.contains_key(run)
    }

    /// The next state of a letter; false when the input cannot happen.
    fn meet(&mut self, run: &Arc<str>, input: LetterInput, now_ms: i64) -> bool {
        let before = self.known.get(run).map(|letter| letter.state);
        let Some(next) = letter_transition(before, input, now_ms) else { return false };
        if let Some(LetterState::Due { due_at_ms }) = before {
            self.due.remove(&(due_at_ms, Arc::clone(run)));
        }
        match next {
            Some(state) => {
                let failed = matches!(input, LetterInput::Failed { .. });
                let known = self.known.get(run).filter(|_| !failed);
                let failed_at_ms = known.map_or(now_ms, |known| known.failed_at_ms);
                self.known.insert(Arc::clone(run), LetterRecord { run: run.to_string(), failed_at_ms, state });
            }
            None => _ = self.known.remove(run),
        }
        if let Some(LetterState::Due { due_at_ms }) = next {
            self.due.insert((due_at_ms, Arc::clone(run)));
        }
        true
    }
}

impl Core {
    /// The same loop, with the letters that the journal keeps and the time that failed runs have. For a loop that has begun
    /// nothing yet.
    #[must_use]
    pub fn with_letters(mut self, letters: Vec<LetterRecord>, after_ms: u64, watching: bool) -> Self {
        let known: HashMap<Arc<str>, LetterRecord> =
            letters.into_iter().map(|letter| (Arc::from(letter.run.as_str()), letter)).collect();
        let due = known.iter().filter_map(|(run, letter)| match letter.state {
            LetterState::Due { due_at_ms } => Some((due_at_ms, Arc::clone(run))),
            LetterState::Parked { .. } => None,
        });
        self.letters = Letters { due: due.collect(), known, after_ms, watching };
        self
    }

    /// A run has ended: if it failed and nobody waits for it, it becomes a dead letter unless it is taken up in time.
    pub(super) fn letter_for(&mut self, run: &Arc<str>, now_ms: i64) {
        let Some(state) = self.runs.get(run).map(|active| &active.state) else { return };
        let failed = match state.status {
            RunStatus::Failed => true,
            RunStatus::Compensated => state.error.is_some(),
            _ => false,
        };
        if !failed || self.caller_waiting_for(state).is_some() {
            return;
        }
        let due_at_ms = now_ms.saturating_add_unsigned(self.letters.after_ms);
        self.letters.meet(run, LetterInput::Failed { due_at_ms }, now_ms);
        self.keep_letter(run, "dead_letter_due", now_ms);
        self.letters_due(now_ms);
    }

    /// A run was taken up: its letter is gone. The event of the run says so.
    pub(super) fn forget_letter(&mut self, run: &Arc<str>, now_ms: i64) {
        self.letters.meet(run, LetterInput::TakenUp, now_ms);
    }

    /// Runs whose time is over are parked.
    pub(super) fn letters_due(&mut self, now_ms: i64) {
        while let Some((due, run)) = self.letters.due.first().filter(|_| self.letters.watching).cloned()
            && due <= now_ms
        {
            self.letters.meet(&run, LetterInput::Time, now_ms);
            self.keep_letter(&run, "dead_letter_parked", now_ms);
        }
    }

    /// Starts a run in place of a dead letter.
    pub(super) fn resend(&mut self, letter: &Arc<str>, new: NewRun, now_ms: i64) -> Result<(), EngineError> {
        if !self.letters.meet(letter, LetterInput::Sent, now_ms) {
            return Err(EngineError::NoSuchLetter(letter.to_string()));
        }
        let data = json!({ "run": &**letter, "as": &*new.id });
        let actor = new.trigger.actor.clone();
        self.create(new, now_ms);
        self.record_workspace("dead_letter_sent", &actor, &data, now_ms);
        Ok(())
    }

    /// A dead letter needs no answer.
    pub(super) fn discard(
        &mut self,
        letter: &Arc<str>,
        actor: &str,
        reason: Option<&str>,
        now_ms: i64,
    ) -> Result<(), EngineError> {
        if !self.letters.meet(letter, LetterInput::Discarded, now_ms) {
            return Err(EngineError::NoSuchLetter(letter.to_string()));
        }
        self.record_workspace("dead_letter_discarded", actor, &json!({ "run": &**letter, "reason": reason }), now_ms);
        Ok(())
    }

    fn keep_letter(&mut self, run: &Arc<str>, kind: &'static str, now_ms: i64) {
        let Some(letter) = self.letters.known.get(run) else { return };
        // Serialising a record fails only for maps with keys that are no strings, which it cannot hold.
        let data: Value = serde_json::to_value(letter).unwrap_or_default();
        self.record_workspace(kind, "engine", &data, now_ms);
    }
}
