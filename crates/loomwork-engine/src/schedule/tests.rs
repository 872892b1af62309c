//! The rule by properties: random lines of random steps, started and ended in a random order.

#![allow(clippy::expect_used, reason = "a test says what went wrong by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A step that is drawn: run, priority, slots, cpu in thousandths, gpus.
type Drawn = (u8, u8, u32, u64, u64);

fn drawn() -> impl Strategy<Value = Drawn> {
    (0_u8..5, 0_u8..10, 1_u32..4, 0_u64..5_000, 0_u64..3)
}

fn limits() -> Limits {
    let resources = BTreeMap::from([(Arc::from("cpu"), 4_000), (Arc::from("gpu"), 2_000)]);
    Limits { slots: 4, per_workflow: Some(3), resources }
}

fn job(step: usize, (run, priority, slots, cpu, gpus): Drawn) -> Job {
    let wanted = [("cpu", cpu), ("gpu", gpus * 1_000)].into_iter().filter(|(_, amount)| *amount > 0);
    let amounts = wanted.map(|(kind, amount)| (Arc::from(kind), amount)).collect();
    let workflow = Arc::from(format!("w{}", run % 2));
    Job { run: Arc::from(format!("r{run}")), step, workflow, priority, needs: Needs { slots, amounts } }
}

fn plain(run: &str, step: usize, priority: u8) -> Job {
    Job { run: Arc::from(run), step, workflow: Arc::from("w"), priority, needs: Needs::default() }
}

fn next(scheduler: &mut Scheduler, now_ms: i64) -> Option<(String, usize, Share)> {
    scheduler.next(now_ms, |_, _| true).map(|(run, step, share)| (run.to_string(), step, share))
}

/// Lets all steps of a line start and end; `dice` says who ends first. Gives the order of the starts.
fn history(steps: &[Drawn], dice: &[u8]) -> Vec<usize> {
    let mut scheduler = Scheduler::new(limits());
    for (step, drawn) in steps.iter().enumerate() {
        scheduler.push(job(step, *drawn), 0);
    }
    let (mut order, mut under_way, mut now_ms) = (Vec::new(), Vec::<Share>::new(), 0);
    let mut dice = dice.iter().cycle();
    loop {
        while let Some((_, step, share)) = next(&mut scheduler, now_ms) {
            order.push(step);
            under_way.push(share);
            within_limits(&under_way);
        }
        if under_way.is_empty() {
            return order;
        }
        now_ms += 1_000;
        let ends = usize::from(*dice.next().unwrap_or(&0)) % under_way.len();
        scheduler.give_back(&under_way.swap_remove(ends));
    }
}

fn within_limits(under_way: &[Share]) {
    let limits = limits();
    assert!(under_way.iter().map(|share| share.needs.slots).sum::<u32>() <= limits.slots);
    for workflow in ["w0", "w1"] {
        assert!(under_way.iter().filter(|share| &*share.workflow == workflow).count() <= 3);
    }
    for (kind, of) in &limits.resources {
        let amounts = under_way.iter().flat_map(|share| share.needs.amounts.iter());
        assert!(amounts.filter(|(name, _)| name == kind).map(|(_, amount)| amount).sum::<u64>() <= *of, "{kind}");
    }
}

proptest! {
    #[test]
    fn every_step_starts_once_and_never_more_is_given_out_than_there_is(
        steps in prop::collection::vec(drawn(), 1..60),
        dice in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let mut order = history(&steps, &dice);
        prop_assert_eq!(&order, &history(&steps, &dice), "the same calls give the same answers");
        order.sort_unstable();
        prop_assert_eq!(order, (0..steps.len()).collect::<Vec<_>>());
    }

    #[test]
    fn of_steps_that_wait_as_long_and_want_the_same_the_higher_priority_starts_first(
        priorities in prop::collection::vec((0_u8..4, 0_u8..10), 1..60),
    ) {
        let mut scheduler = Scheduler::new(Limits::of_slots(1_000));
        for (step, (run, priority)) in priorities.iter().enumerate() {
            scheduler.push(plain(&format!("r{run}"), step, *priority), 0);
        }
        let started: Vec<u8> =
            std::iter::from_fn(|| next(&mut scheduler, 0)).map(|(_, step, _)| priorities[step].1).collect();
        prop_assert!(started.is_sorted_by(|one, next| one >= next), "{:?}", started);
    }

    #[test]
    fn nobody_starves_however_many_come_after_and_however_small_they_are(
        large in (1_u32..=4, 0_u64..=4_000, 0_u8..10),
        flood in prop::collection::vec((0_u8..10, 1_u32..3, 0_u64..2_000), 1..10),
    ) {
        let mut scheduler = Scheduler::new(limits());
        scheduler.push(job(0, (4, 0, large.0, large.1, 0)), 0);
        let mut under_way = std::collections::VecDeque::new();
        let mut drawn = flood.iter().cycle();
        let mut started = false;
        // Two new steps a second, each under way for a while; the last in rank outranks the first after nine periods.
        for second in 1..1_000 {
            let now_ms = second * 1_000;
            for part in 0..2 {
                let (priority, slots, cpu) = *drawn.next().unwrap_or(&(9, 1, 0));
                let step = usize::try_from(2 * second + part).unwrap_or(0);
                scheduler.push(job(step, (u8::try_from(step % 4).unwrap_or(0), priority, slots, cpu, 0)), now_ms);
            }
            while let Some((run, step, share)) = next(&mut scheduler, now_ms) {
                started |= (run.as_str(), step) == ("r4", 0);
                under_way.push_back(share);
            }
            if second % 3 == 0 && let Some(share) = under_way.pop_front() {
                scheduler.give_back(&share);
            }
        }
        prop_assert!(started);
    }
}

#[test]
fn a_run_with_a_thousand_ready_steps_does_not_hold_up_another() {
    let mut scheduler = Scheduler::new(Limits::of_slots(1));
    for step in 0..1_000 {
        scheduler.push(plain("many", step, 5), 0);
    }
    let mut order = Vec::new();
    for round in 0..6 {
        // Long after: what counts is how long nobody of a run was served.
        let now_ms = 500_000 + round;
        if round == 1 {
            scheduler.push(plain("few", 0, 5), now_ms);
            scheduler.push(plain("few", 1, 5), now_ms);
        }
        let (run, _, share) = next(&mut scheduler, now_ms).expect("a slot is free and steps wait");
        scheduler.give_back(&share);
        order.push(run);
    }
    assert_eq!(order, ["many", "many", "few", "many", "few", "many"]);
}

#[test]
fn what_the_first_in_line_lacks_is_kept_for_it_and_the_rest_goes_on() {
    let mut scheduler = Scheduler::new(limits());
    scheduler.push(job(0, (0, 5, 1, 3_000, 0)), 0);
    let held = next(&mut scheduler, 0).expect("all is free").2;
    scheduler.push(job(1, (1, 9, 1, 2_000, 0)), 0);
    scheduler.push(job(2, (2, 5, 1, 1_000, 0)), 0);
    scheduler.push(job(3, (3, 0, 1, 0, 1)), 0);
    let (_, step, _) = next(&mut scheduler, 0).expect("it wants no processor");
    assert_eq!(step, 3);
    assert!(next(&mut scheduler, 0).is_none(), "one processor is free, and kept for who wants two");
    let reasons: Vec<_> = scheduler.line(None, 0).into_iter().map(|place| (place.step, place.reason)).collect();
    let wants_two = WaitReason::Resource { kind: Arc::from("cpu"), wants: 2_000, free: 1_000 };
    assert_eq!(reasons, [(1, wants_two), (2, WaitReason::Turn)]);
    scheduler.give_back(&held);
    assert_eq!(next(&mut scheduler, 0).map(|(_, step, _)| step), Some(1));
}

#[test]
fn who_wants_more_than_there_is_takes_all_of_it() {
    let mut scheduler = Scheduler::new(limits());
    scheduler.push(job(0, (0, 5, 3, 4_999, 2)), 0);
    scheduler.push(job(1, (1, 5, 1, 1, 0)), 0);
    let (_, step, share) = next(&mut scheduler, 0).expect("it takes what there is");
    assert_eq!((step, scheduler.usage()), (0, (3, vec![(Arc::from("cpu"), 4_000, 4_000), (Arc::from("gpu"), 2_000, 2_000)])));
    assert!(next(&mut scheduler, 0).is_none());
    scheduler.give_back(&share);
    assert_eq!(next(&mut scheduler, 0).map(|(_, step, _)| step), Some(1));
}

#[test]
fn a_step_that_wants_to_start_no_more_is_let_go_and_keeps_nothing() {
    let mut scheduler = Scheduler::new(Limits::of_slots(1));
    scheduler.push(plain("gone", 0, 9), 0);
    scheduler.push(plain("here", 0, 1), 0);
    let started = scheduler.next(0, |run, _| run == "here").map(|(run, ..)| run.to_string());
    assert_eq!((started.as_deref(), scheduler.len()), (Some("here"), 0));
}

#[test]
fn the_limits_are_those_of_the_settings_and_else_those_of_the_machine() {
    let text = "concurrency_per_workflow: 2\nresources: { memory: 1kB, gpu: 0.5 }";
    let limits = Limits::of_settings(3, &loomwork_workflow::read_settings(text).unwrap());
    assert_eq!((limits.slots, limits.per_workflow), (3, Some(2)));
    let of = |kind: &str| limits.resources.get(kind).copied();
    assert_eq!((of("memory"), of("gpu")), (Some(1_000_000), Some(500)));
    assert_eq!(of("cpu"), Limits::of_machine(3).resources.get("cpu").copied());
}
