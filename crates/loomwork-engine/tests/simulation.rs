//! Thousands of seeded histories: random workflows, random ends of attempts, random people, crashes between any two events.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use loomwork_testkit::{Dice, World, broken_rules, broken_standing, fingerprint, history, random_workflow};

fn judge(seed: u64) -> Vec<String> {
    let (mut world, text) = history(seed);
    let mut broken = std::mem::take(&mut world.broken);
    broken.extend(broken_rules(&world.journal()));
    broken.extend(broken_standing(&world.journal()));
    for run in world.runs() {
        // A run whose creation was lost with a crash was never acknowledged.
        let Some(folded) = world.read(&run) else { continue };
        if !folded.state.status.is_final() {
            broken.push(format!("{run} has not ended: it is {}", folded.state.status.as_str()));
        }
        if folded.state.busy != 0 {
            broken.push(format!("{run} ended with {} steps under way", folded.state.busy));
        }
    }
    if !broken.is_empty() {
        broken.push(text);
    }
    broken
}

#[test]
fn every_history_ends_whole_whatever_crashes() {
    let histories = std::env::var("HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    for seed in 0..histories {
        let broken = judge(seed);
        assert!(broken.is_empty(), "seed {seed}: {}", broken.join("\n"));
    }
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    for seed in 0..50 {
        let hashes = |seed| history(seed).0.journal().iter().map(|record| record.hash).collect::<Vec<_>>();
        assert_eq!(hashes(seed), hashes(seed), "seed {seed}");
    }
}

#[test]
fn a_run_in_memory_is_the_fold_of_its_events_at_any_moment() {
    for seed in 0..500 {
        let mut dice = Dice::new(seed);
        let text = random_workflow(&mut dice);
        let mut world = World::new(seed, &text);
        for _ in 0..40 {
            world.moment();
            for run in world.runs() {
                let Some(live) = world.inspect(&run) else { continue };
                let folded = world.read(&run).unwrap();
                assert_eq!(live, fingerprint(&folded), "seed {seed}");
            }
        }
    }
}

#[test]
fn the_histories_meet_crashes_failures_retries_and_cancels() {
    let mut kinds = std::collections::BTreeMap::<String, u32>::new();
    let (mut crashes, mut from_checkpoints) = (0, 0);
    for seed in 0..1_000 {
        let (world, _) = history(seed);
        crashes += world.crashes;
        from_checkpoints += world.from_checkpoints;
        for record in &world.journal() {
            *kinds.entry(record.kind.clone()).or_default() += 1;
        }
    }
    assert!(crashes > 1_000, "{crashes} crashes");
    assert!(from_checkpoints > 100, "{from_checkpoints} runs read from a checkpoint");
    let unseen: Vec<_> = loomwork_run::EventKind::NAMES
        .iter()
        .filter(|kind| !kinds.contains_key(**kind) && **kind != "checkpoint_restored")
        .collect();
    assert!(unseen.is_empty(), "no history has {unseen:?}");
    let standing = ["counted", "opened", "half_opened", "tried", "closed"].map(|kind| format!("breaker_{kind}"));
    let letters = ["due", "parked", "sent", "discarded"].map(|kind| format!("dead_letter_{kind}"));
    let unseen: Vec<_> = standing.iter().chain(&letters).filter(|kind| !kinds.contains_key(*kind)).collect();
    assert!(unseen.is_empty(), "no history has {unseen:?}");
}
