//! Every state with every input, and every short history of a breaker.

use super::*;

const NOW: i64 = 1_000;
const LIMIT: u32 = 2;
const COOLDOWN_MS: u64 = 500;

fn attempt(number: u32) -> AttemptName {
    AttemptName { run: "r".to_owned(), step: "s".to_owned(), attempt: number }
}

fn states() -> [BreakerState; 6] {
    [
        BreakerState::Closed { failures: 0 },
        BreakerState::Closed { failures: 1 },
        BreakerState::Open { until_ms: NOW + 1 },
        BreakerState::Open { until_ms: NOW },
        BreakerState::HalfOpen { trial: None },
        BreakerState::HalfOpen { trial: Some(attempt(1)) },
    ]
}

/// Of the attempt that is on trial, if any is, and of another one.
fn inputs() -> Vec<BreakerInput> {
    let of = |number| {
        [
            BreakerInput::Asked(attempt(number)),
            BreakerInput::Succeeded(attempt(number)),
            BreakerInput::Failed(attempt(number)),
            BreakerInput::Withdrawn(attempt(number)),
        ]
    };
    of(1).into_iter().chain(of(2)).chain([BreakerInput::Due, BreakerInput::Reset]).collect()
}

fn brief(state: &BreakerState) -> String {
    match state {
        BreakerState::Closed { failures } => format!("closed after {failures}"),
        BreakerState::Open { until_ms } => format!("open until {until_ms}"),
        BreakerState::HalfOpen { trial: None } => "half open".to_owned(),
        BreakerState::HalfOpen { trial: Some(trial) } => format!("half open for {}", trial.attempt),
    }
}

#[test]
fn every_state_meets_every_input_as_the_table_says() {
    let mut lines = Vec::new();
    for state in states() {
        for input in inputs() {
            let said = match &input {
                BreakerInput::Asked(attempt) => format!("asked by {}", attempt.attempt),
                BreakerInput::Succeeded(attempt) => format!("{} succeeded", attempt.attempt),
                BreakerInput::Failed(attempt) => format!("{} failed", attempt.attempt),
                BreakerInput::Withdrawn(attempt) => format!("{} withdrawn", attempt.attempt),
                other => format!("{other:?}").to_lowercase(),
            };
            let (next, answer) = breaker_transition(&state, input, (LIMIT, COOLDOWN_MS), NOW);
            let answer = answer.map(|answer| format!(" ({answer:?})")).unwrap_or_default();
            lines.push(format!("{} + {said} = {}{answer}", brief(&state), brief(&next)));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// Calls `look` with every history of so many inputs, each some time after the one before.
fn histories(length: usize, look: &mut impl FnMut(&[(BreakerInput, i64)])) {
    fn longer(so_far: &mut Vec<(BreakerInput, i64)>, left: usize, look: &mut impl FnMut(&[(BreakerInput, i64)])) {
        if left == 0 {
            return look(so_far);
        }
        let last = so_far.last().map_or(NOW, |(_, at)| *at);
        for input in inputs() {
            for later in [0, 500] {
                so_far.push((input.clone(), last + later));
                longer(so_far, left - 1, look);
                so_far.pop();
            }
        }
    }
    longer(&mut Vec::new(), length, look);
}

fn breaker() -> BreakerRecord {
    BreakerRecord { limit: LIMIT, cooldown_ms: COOLDOWN_MS, ..BreakerRecord::new("k".to_owned(), NOW) }
}

#[test]
fn in_every_history_an_attempt_is_answered_exactly_when_it_asks_and_at_most_one_is_on_trial() {
    let mut seen = 0_u32;
    histories(4, &mut |history| {
        let mut breaker = breaker();
        let mut on_trial: Option<AttemptName> = None;
        for (input, at_ms) in history {
            let before = breaker.state.clone();
            let (answer, event) = breaker.meet(input.clone(), *at_ms);
            assert_eq!(answer.is_some(), matches!(input, BreakerInput::Asked(_)), "{history:?}");
            assert_eq!(event.is_some(), before != breaker.state, "{history:?}");
            let ended = match input {
                BreakerInput::Succeeded(attempt) | BreakerInput::Failed(attempt) | BreakerInput::Withdrawn(attempt) => {
                    on_trial.as_ref() == Some(attempt)
                }
                BreakerInput::Reset => true,
                _ => false,
            };
            if ended {
                on_trial = None;
            }
            if let (BreakerInput::Asked(attempt), Some(BreakerAnswer::Admitted), BreakerState::HalfOpen { .. }) =
                (input, answer, &breaker.state)
            {
                assert_eq!(on_trial, None, "two on trial: {history:?}");
                on_trial = Some(attempt.clone());
            }
            if let BreakerState::HalfOpen { trial } = &breaker.state {
                assert_eq!(*trial, on_trial, "{history:?}");
            }
        }
        seen += 1;
    });
    assert_eq!(seen, 20_u32.pow(4));
}

#[test]
fn in_every_history_it_is_open_only_after_so_many_failures_in_a_row_and_for_the_whole_cooldown() {
    histories(4, &mut |history| {
        let mut breaker = breaker();
        let mut in_a_row = 0_u32;
        for (input, at_ms) in history {
            let before = breaker.state.clone();
            let (answer, _) = breaker.meet(input.clone(), *at_ms);
            match (&before, input) {
                (BreakerState::Closed { .. }, BreakerInput::Failed(_)) => in_a_row += 1,
                (_, BreakerInput::Reset) | (BreakerState::Closed { .. }, BreakerInput::Succeeded(_)) => in_a_row = 0,
                _ => {}
            }
            if matches!(breaker.state, BreakerState::Closed { .. }) && !matches!(before, BreakerState::Closed { .. }) {
                in_a_row = 0;
            }
            if let BreakerState::Open { until_ms } = before {
                let early = *at_ms < until_ms;
                if early && *input != BreakerInput::Reset {
                    assert_eq!(breaker.state, before, "{history:?}");
                }
                if early && matches!(input, BreakerInput::Asked(_)) {
                    assert_eq!(answer, Some(BreakerAnswer::Refused(Some(until_ms))));
                }
            } else if let BreakerState::Open { until_ms } = breaker.state {
                assert!(matches!(before, BreakerState::HalfOpen { .. }) || in_a_row >= LIMIT, "{history:?}");
                assert_eq!(until_ms, at_ms + 500);
            }
        }
    });
}

#[test]
fn every_change_is_told_by_a_record_that_can_be_read_again() {
    histories(3, &mut |history| {
        let mut breaker = breaker();
        let mut kept = breaker.clone();
        for (input, at_ms) in history {
            if breaker.meet(input.clone(), *at_ms).1.is_some() {
                let data = serde_json::to_vec(&breaker).expect("a record is JSON");
                kept = serde_json::from_slice(&data).expect("what was written can be read");
            }
            assert_eq!(kept, breaker, "{history:?}");
        }
    });
}

#[test]
fn a_refusal_says_when_to_come_again() {
    let refused = breaker_refusal("k", Some(61_000), 1_000);
    assert_eq!(refused.class, ErrorClass::Dependency);
    assert_eq!(refused.details["retry_after_ms"], 60_000);
    assert!(refused.message.contains("1970-01-01T00:01:01.000Z"), "{}", refused.message);
    assert!(breaker_refusal("k", None, 1_000).details.get("retry_after_ms").is_none());
}
