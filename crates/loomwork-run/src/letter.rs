//! Dead letters: runs that failed for good. A failed run has some time to be taken up; after that it is parked until somebody
//! sends it again, discards it, or takes it up after all.
//!
//! Invariant: one machine, one flat match; it reads no clock. Not here: the events of the workspace that keep letters, and the
//! time that runs have (`loomwork-engine`).

use serde::{Deserialize, Serialize};

/// State of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LetterState {
    /// The run failed, and there is still time to take it up.
    Due {
        /// Until when, in milliseconds since 1970.
        due_at_ms: i64,
    },
    /// It is a dead letter.
    Parked {
        /// Since when, in milliseconds since 1970.
        parked_at_ms: i64,
    },
}

/// What happens to a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterInput {
    /// The run failed, and nobody waits for it.
    Failed {
        /// When it becomes a dead letter, in milliseconds since 1970.
        due_at_ms: i64,
    },
    /// The run was taken up.
    TakenUp,
    /// Time has passed.
    Time,
    /// Another run with its inputs was started.
    Sent,
    /// Somebody said that it needs no answer.
    Discarded,
}

/// The next state of a letter, none for no letter; or none at all when the input cannot happen in this state.
pub fn letter_transition(state: Option<LetterState>, input: LetterInput, now_ms: i64) -> Option<Option<LetterState>> {
    use LetterInput::{Discarded, Failed, Sent, TakenUp, Time};
    use LetterState::{Due, Parked};
    match (state, input) {
        (_, Failed { due_at_ms }) => Some(Some(Due { due_at_ms })),
        (_, TakenUp) => Some(None),
        (Some(Due { due_at_ms }), Time) if due_at_ms <= now_ms => Some(Some(Parked { parked_at_ms: now_ms })),
        (state, Time) => Some(state),
        (Some(Parked { .. }), Sent | Discarded) => Some(None),
        (Some(Due { .. }) | None, Sent | Discarded) => None,
    }
}

/// A letter: what the events about it that keep it say whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRecord {
    /// The run's id.
    pub run: String,
    /// When it failed, in milliseconds since 1970.
    pub failed_at_ms: i64,
    /// Its state.
    #[serde(flatten)]
    pub state: LetterState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_meets_every_input_as_the_table_says() {
        let states = [
            None,
            Some(LetterState::Due { due_at_ms: 9 }),
            Some(LetterState::Due { due_at_ms: 10 }),
            Some(LetterState::Due { due_at_ms: 11 }),
            Some(LetterState::Parked { parked_at_ms: 5 }),
        ];
        let inputs = [
            LetterInput::Failed { due_at_ms: 20 },
            LetterInput::TakenUp,
            LetterInput::Time,
            LetterInput::Sent,
            LetterInput::Discarded,
        ];
        let table = states.iter().flat_map(|state| inputs.iter().map(move |input| (state, input)));
        let lines: Vec<String> = table
            .map(|(state, input)| {
                let next = match letter_transition(*state, *input, 10) {
                    None => "refused".to_owned(),
                    Some(None) => "no letter".to_owned(),
                    Some(Some(next)) => format!("{next:?}"),
                };
                let state = state.map_or_else(|| "no letter".to_owned(), |state| format!("{state:?}"));
                format!("{state} + {input:?} = {next}")
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_record_can_be_read_again() {
        for state in [LetterState::Due { due_at_ms: 9 }, LetterState::Parked { parked_at_ms: 5 }] {
            let record = LetterRecord { run: "r".to_owned(), failed_at_ms: 1, state };
            let data = serde_json::to_string(&record).expect("a record is JSON");
            assert_eq!(serde_json::from_str::<LetterRecord>(&data).expect("what was written can be read"), record);
        }
    }
}
