//! What every history must obey about circuit breakers and dead letters, read from the journal alone; and what they are at its end.

use std::collections::{BTreeMap, BTreeSet};

use loomwork_run::{AttemptName, BreakerRecord, BreakerState, EventKind, LetterRecord, LetterState};
use loomwork_store::Record;
use serde_json::Value;

/// The breakers that a journal keeps.
pub fn breakers(journal: &[Record]) -> Vec<BreakerRecord> {
    let mut rules = Rules::default();
    journal.iter().for_each(|record| rules.take(record));
    rules.breakers.into_values().collect()
}

/// The letters that a journal keeps.
pub fn letters(journal: &[Record]) -> Vec<LetterRecord> {
    let mut rules = Rules::default();
    journal.iter().for_each(|record| rules.take(record));
    rules.letters.into_values().collect()
}

/// The rules that a history breaks which has come to rest, as sentences.
pub fn broken_standing(journal: &[Record]) -> Vec<String> {
    let mut rules = Rules::default();
    journal.iter().for_each(|record| rules.take(record));
    for (key, breaker) in &rules.breakers {
        if let BreakerState::HalfOpen { trial: Some(trial) } = &breaker.state {
            rules.broken.push(format!("the breaker {key} waits for {trial:?} for ever"));
        }
    }
    for letter in rules.letters.values().filter(|letter| !matches!(letter.state, LetterState::Parked { .. })) {
        rules.broken.push(format!("{} was never parked", letter.run));
    }
    for run in &rules.owed {
        rules.broken.push(format!("{run} failed and there is no letter for it"));
    }
    rules.broken
}

#[derive(Default)]
struct Rules {
    broken: Vec<String>,
    breakers: BTreeMap<String, BreakerRecord>,
    letters: BTreeMap<String, LetterRecord>,
    children: BTreeSet<String>,
    /// Events of a fork that are those of the old run and are still to come.
    taken_over: BTreeMap<String, u32>,
    /// Runs that have failed and whose letter has not come.
    owed: BTreeSet<String>,
    last_started: Option<AttemptName>,
}

impl Rules {
    fn take(&mut self, record: &Record) {
        match record.run.as_deref() {
            Some(run) => self.of_run(run, record),
            None if record.kind.starts_with("breaker_") => self.of_breaker(record),
            None if record.kind.starts_with("dead_letter_") => self.of_letter(record),
            None => {}
        }
    }

    fn say(&mut self, record: &Record, what: &str) {
        self.broken.push(format!("{} at {}: {what}", record.kind, record.seq));
    }

    fn of_run(&mut self, run: &str, record: &Record) {
        let Ok(event) = record.event() else { return };
        // What a fork takes over happened to the old run.
        if let Some(left) = self.taken_over.get_mut(run).filter(|left| **left > 0) {
            *left -= 1;
            return;
        }
        if let EventKind::RunCreated(data) = &event.kind {
            self.taken_over.extend(data.forked_from.as_ref().map(|from| (run.to_owned(), from.events)));
        }
        match &event.kind {
            EventKind::RunCreated(data) if data.parent.is_some() => _ = self.children.insert(run.to_owned()),
            EventKind::RunFailed(_) if !self.children.contains(run) => _ = self.owed.insert(run.to_owned()),
            EventKind::RunTakenUp(_) => {
                self.letters.remove(run);
                if self.owed.remove(run) {
                    self.say(record, "the run failed before, and there was no letter for it");
                }
            }
            EventKind::AttemptStarted(_) => {
                let name = event.step.zip(event.attempt);
                self.last_started = name.map(|(step, attempt)| AttemptName { run: run.to_owned(), step, attempt });
            }
            EventKind::AttemptFailed(data) => {
                let name = event.step.clone().zip(event.attempt);
                let name = name.map(|(step, attempt)| AttemptName { run: run.to_owned(), step, attempt });
                // What contains a step fails with its error.
                let key = data.error.details.get("breaker").filter(|_| name == self.last_started);
                let Some(key) = key.and_then(Value::as_str) else { return };
                let fits = match self.breakers.get(key).map(|breaker| &breaker.state) {
                    Some(BreakerState::Open { until_ms }) => record.at_ms < *until_ms,
                    Some(BreakerState::HalfOpen { trial: Some(trial) }) => {
                        trial.run != run || Some(&trial.step) != event.step.as_ref()
                    }
                    _ => false,
                };
                if !fits {
                    self.say(record, "refused by a breaker that lets attempts through");
                }
            }
            _ => {}
        }
    }

    fn of_breaker(&mut self, record: &Record) {
        use BreakerState::{Closed, HalfOpen, Open};
        let Ok(next) = serde_json::from_slice::<BreakerRecord>(&record.data) else {
            return self.say(record, "it cannot be read");
        };
        let before = self.breakers.get(&next.key).map_or(Closed { failures: 0 }, |before| before.state.clone());
        let fits = match (record.kind.as_str(), &before, &next.state) {
            ("breaker_counted", Closed { failures: was }, Closed { failures }) => *failures == 0 || *failures == was + 1,
            ("breaker_opened", Closed { failures }, Open { .. }) => failures + 1 >= next.limit,
            ("breaker_opened", HalfOpen { trial: Some(_) }, Open { until_ms }) => *until_ms > record.at_ms,
            ("breaker_half_opened", Open { until_ms }, HalfOpen { .. }) => record.at_ms >= *until_ms,
            ("breaker_tried", HalfOpen { trial: was }, HalfOpen { trial }) => was.is_some() != trial.is_some(),
            ("breaker_closed", Open { .. } | HalfOpen { .. }, Closed { failures: 0 }) => true,
            _ => false,
        };
        if !fits {
            self.say(record, &format!("{before:?} became {:?}", next.state));
        }
        let was_tried = matches!(&before, HalfOpen { trial: Some(_) });
        if let HalfOpen { trial: Some(trial) } = &next.state
            && !was_tried
            && self.last_started.as_ref() != Some(trial)
        {
            self.say(record, "the attempt on trial is not the one that started");
        }
        self.breakers.insert(next.key.clone(), next);
    }

    fn of_letter(&mut self, record: &Record) {
        let data: Value = serde_json::from_slice(&record.data).unwrap_or_default();
        let run = data["run"].as_str().unwrap_or_default().to_owned();
        let before = self.letters.get(&run).map(|letter| letter.state);
        let fits = match (record.kind.as_str(), before) {
            ("dead_letter_due", None) => self.owed.remove(&run) || data["state"] == "due",
            ("dead_letter_parked", Some(LetterState::Due { due_at_ms })) => record.at_ms >= due_at_ms,
            ("dead_letter_sent" | "dead_letter_discarded", Some(LetterState::Parked { .. })) => true,
            _ => false,
        };
        if !fits {
            self.say(record, &format!("it was {before:?}"));
        }
        match serde_json::from_value::<LetterRecord>(data) {
            Ok(letter) => _ = self.letters.insert(run, letter),
            Err(_) => _ = self.letters.remove(&run),
        }
    }
}
