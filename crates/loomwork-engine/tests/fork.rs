//! Forks of simulated runs, from any event of them.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use loomwork_run::{EventKind, StepStatus};
use loomwork_store::Record;
use loomwork_testkit::{Dice, World, broken_rules, history};

fn records(world: &World, run: &str) -> Vec<Record> {
    world.journal().into_iter().filter(|record| record.run.as_deref() == Some(run)).collect()
}

#[test]
fn a_fork_from_any_event_of_any_history_ends_whole_and_leaves_the_past_of_the_old_run_alone() {
    let (mut forked, mut refused) = (0, 0);
    for seed in 0..400 {
        let (mut world, text) = history(seed);
        let mut dice = Dice::new(seed);
        for run in world.runs().into_iter().take(2) {
            let before = records(&world, &run);
            for _ in 0..4 {
                let seq = before[usize::try_from(dice.below(before.len() as u64)).unwrap()].seq;
                let Some(fork) = world.fork(&run, seq).unwrap() else {
                    refused += 1;
                    continue;
                };
                forked += 1;
                // A crash may hit the fork, too.
                world.live(u32::try_from(dice.below(12)).unwrap());
                let Some(folded) = world.read(&fork) else { continue };
                assert!(folded.state.status.is_final(), "seed {seed}, {run} at {seq}: {:?}\n{text}", folded.state.status);
                assert_eq!(folded.state.busy, 0, "seed {seed}, {run} at {seq}");
            }
            // People may have taken the old run up meanwhile; what it was stays.
            assert!(records(&world, &run).starts_with(&before), "seed {seed}: the past of the old run changed");
        }
        let mut broken = std::mem::take(&mut world.broken);
        broken.extend(broken_rules(&world.journal()));
        assert!(broken.is_empty(), "seed {seed}: {}\n{text}", broken.join("\n"));
    }
    assert!(forked > 500 && refused > 50, "{forked} forks, {refused} refused");
}

const WAITS: &str = "loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: work\n  - id: nap\n    needs: [a]\n    wait: { for: 10s }\n  - id: b\n    needs: [nap]\n    run: work\n";

/// A world in which the run of this workflow has succeeded.
fn succeeded(text: &str) -> (World, Arc<str>) {
    let worlds = (0..1_000).map(|seed| {
        let mut world = World::new(seed, text);
        world.live(0);
        let run = Arc::clone(&world.runs()[0]);
        (world, run)
    });
    let is_good = |(world, run): &(World, Arc<str>)| records(world, run).last().unwrap().kind == "run_succeeded";
    worlds.into_iter().find(is_good).unwrap()
}

fn event_of(world: &World, run: &str, kind: &str, step: &str) -> Record {
    let found = records(world, run).into_iter().find(|record| record.kind == kind && record.step.as_deref() == Some(step));
    found.unwrap()
}

#[test]
fn a_timer_keeps_what_was_left_of_it() {
    let (mut world, run) = succeeded(WAITS);
    let waiting = event_of(&world, &run, "step_waiting", "nap");
    let fork = world.fork(&run, waiting.seq).unwrap().unwrap();
    world.live(0);
    let begun = event_of(&world, &fork, "step_waiting", "nap");
    let EventKind::StepWaiting(data) = begun.event().unwrap().kind else { panic!("{}", begun.kind) };
    assert_eq!(data.waits[0].due_at_ms, Some(begun.at_ms + 10_000));
    let fired = event_of(&world, &fork, "timer_fired", "nap");
    assert_eq!(fired.at_ms, begun.at_ms + 10_000);
}

#[test]
fn what_had_succeeded_is_kept_with_its_output_and_an_attempt_under_way_is_lost_to_the_fork() {
    let (mut world, run) = succeeded(WAITS);
    let before = records(&world, &run);
    let started = event_of(&world, &run, "attempt_started", "b");
    let fork = world.fork(&run, started.seq).unwrap().unwrap();
    world.live(0);
    assert_eq!(records(&world, &run), before);
    let (old, new) = (world.read(&run).unwrap().state, world.read(&fork).unwrap().state);
    let step = |state: &loomwork_run::RunState, path| state.steps[state.step(path).unwrap()].clone();
    assert_eq!(step(&new, "a").output, step(&old, "a").output);
    assert_eq!(step(&new, "a").attempts.len(), 1);
    assert_eq!(step(&new, "b").attempts[0].status, loomwork_run::AttemptStatus::Lost);
    assert_eq!(step(&new, "nap").status, StepStatus::Succeeded);
    let from = new.forked_from.unwrap();
    assert_eq!((from.run.as_str(), from.seq), (&*run, started.seq));
    let key = |run: &str, kind| {
        let all = records(&world, run).into_iter().filter(|record| record.kind == kind && record.step.as_deref() == Some("b"));
        let EventKind::AttemptStarted(data) = all.last().unwrap().event().unwrap().kind else { panic!("{kind}") };
        data.idempotency_key
    };
    assert_ne!(key(&fork, "attempt_started"), key(&run, "attempt_started"));
}

#[test]
fn a_moment_after_the_end_and_an_event_of_another_run_are_refused() {
    let (mut world, run) = succeeded(WAITS);
    let last = records(&world, &run).last().unwrap().seq;
    assert!(world.fork(&run, last).unwrap().is_none());
    assert!(world.fork(&run, last + 100).unwrap().is_none());
}
