//! The verdict on a whole history, or on every moment of one: what a seed breaks, as sentences.
//!
//! Not here: the rules that are read from the journal alone (`rules`, `standing`).

use loomwork_engine::Active;
use loomwork_run::{Event, RunStatus};
use loomwork_store::{Record, RunRow};

use crate::{Dice, World, broken_rules, broken_standing, fingerprint, history, random_workflow};

/// The rules that the history of a seed breaks; empty when it is good. The text of the workflow is the last sentence.
pub fn judge(seed: u64) -> Vec<String> {
    let (mut world, text) = history(seed);
    let mut broken = std::mem::take(&mut world.broken);
    let journal = world.journal();
    broken.extend(broken_rules(&journal));
    broken.extend(broken_standing(&journal));
    for run in world.runs() {
        // A run whose creation was lost with a crash was never acknowledged.
        let Some(folded) = world.read(&run) else { continue };
        broken.extend(unfinished(&folded).into_iter().chain(wrong_row(&journal, &folded)).map(|what| format!("{run} {what}")));
    }
    if !broken.is_empty() {
        broken.push(text);
    }
    broken
}

/// What is left to do in a run of a world at rest.
fn unfinished(folded: &Active) -> Vec<String> {
    let state = &folded.state;
    let mut broken = Vec::new();
    if !state.status.is_final() {
        broken.push(format!("has not ended: it is {}", state.status.as_str()));
    }
    if state.busy != 0 || state.open != 0 {
        broken.push(format!("ended with {} steps under way, {} open", state.busy, state.open));
    }
    if state.waits() != loomwork_run::Waits::default() {
        broken.push(format!("ended with steps that wait: {:?}", state.waits()));
    }
    let undone = state.in_order().into_iter().find(|ix| !state.steps[*ix].status.is_final());
    broken.extend(undone.map(|ix| format!("ended before `{}`", state.steps[ix].path)));
    let ended_early = state.end == Some(None);
    if state.status == RunStatus::Succeeded && !state.failures().is_empty() && !ended_early {
        broken.push("succeeded although a step failed and nothing handled that".to_owned());
    }
    broken
}

/// How the row of a run in lists differs from its state.
fn wrong_row(journal: &[Record], folded: &Active) -> Option<String> {
    let state = &folded.state;
    let of_run = journal.iter().filter(|record| record.run.as_deref() == Some(&state.id));
    let events: Vec<Event> = of_run.filter_map(|record| record.event().ok()).collect();
    let Some(row) = RunRow::of_events(&state.id, &events) else { return Some("has no row in the list".to_owned()) };
    let times = |started, ended| format!("from {started:?} to {ended:?}");
    let listed = (row.status, times(row.started_at_ms, row.ended_at_ms), &row.error, &row.definition, &row.path, row.number);
    let folded = (
        state.status,
        times(state.started_at_ms, state.ended_at_ms),
        &state.error,
        &state.program.definition,
        &state.path,
        state.number,
    );
    (listed != folded).then(|| format!("is listed as {listed:?} and is {folded:?}"))
}

/// What differs, at any moment of another history of the seed, between a run in memory and the fold of its events.
pub fn judge_every_moment(seed: u64) -> Vec<String> {
    let text = random_workflow(&mut Dice::new(seed));
    let mut world = World::new(seed, &text);
    for moment in 0..40 {
        world.moment();
        for run in world.runs() {
            // More may have happened by the time of the answer: a long turn is decided in parts.
            let Some((seq, live)) = world.inspect(&run) else { continue };
            let folded = world.read_until(&run, seq).map(|folded| fingerprint(&folded));
            if folded.as_ref() != Some(&live) {
                return vec![format!("after {moment}, {run} is {live}\nand the fold of its events {folded:?}"), text];
            }
        }
    }
    Vec::new()
}
