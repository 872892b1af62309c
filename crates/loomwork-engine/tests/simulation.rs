//! Thousands of seeded histories: random workflows, random ends of attempts, random people, crashes between any two events.
//!
//! `HISTORIES` in the environment says how many, `FIRST` the first seed. `cargo xtask simulate` hunts for longer.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};

use loomwork_testkit::{history, judge, judge_every_moment};

/// Judges so many seeds on all processors; the smallest that breaks a rule fails the test.
fn all_are_good(seeds: std::ops::Range<u64>, judge: impl Fn(u64) -> Vec<String> + Sync) {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return None;
            }
            let broken = judge(seed);
            if !broken.is_empty() {
                // The others need not go on.
                next.fetch_max(seeds.end, Ordering::Relaxed);
                return Some((seed, broken));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap()).min()
    });
    if let Some((seed, broken)) = found {
        panic!("seed {seed}: {}", broken.join("\n"));
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn every_history_ends_whole_whatever_crashes() {
    let first = number("FIRST", 0);
    all_are_good(first..first + number("HISTORIES", 20_000), judge);
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    all_are_good(0..50, |seed| {
        let hashes = |seed| history(seed).0.journal().iter().map(|record| record.hash).collect::<Vec<_>>();
        if hashes(seed) == hashes(seed) { Vec::new() } else { vec!["two journals".to_owned()] }
    });
}

#[test]
fn a_run_in_memory_is_the_fold_of_its_events_at_any_moment() {
    all_are_good(0..1_000, judge_every_moment);
}

#[test]
fn the_histories_meet_crashes_failures_retries_and_cancels() {
    let mut kinds = std::collections::BTreeMap::<String, u32>::new();
    let (mut crashes, mut from_checkpoints, mut forks, mut grouped) = (0, 0, 0, 0);
    for seed in 0..1_000 {
        let (world, _) = history(seed);
        crashes += world.crashes;
        from_checkpoints += world.from_checkpoints;
        for record in &world.journal() {
            *kinds.entry(record.kind.clone()).or_default() += 1;
            if let Ok(loomwork_run::EventKind::RunCreated(data)) = record.event().map(|event| event.kind) {
                forks += u32::from(data.forked_from.is_some());
                grouped += u32::from(data.group.is_some());
            }
        }
    }
    assert!(crashes > 1_000, "{crashes} crashes");
    assert!(from_checkpoints > 100, "{from_checkpoints} runs read from a checkpoint");
    assert!(forks > 30, "{forks} forks");
    assert!(grouped > 200, "{grouped} runs with a concurrency group");
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
