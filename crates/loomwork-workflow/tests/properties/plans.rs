//! What must hold for the plan of any workflow.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use loomwork_workflow::{History, Plan, analyze, plan};
use proptest::prelude::*;

/// A step: how long it waits, which of the steps before it needs, and which join it has.
type Draft = (u64, Vec<prop::sample::Index>, u8);

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    prop::collection::vec((0_u64..50, prop::collection::vec(any::<prop::sample::Index>(), 0..4), 0_u8..3), 1..30)
}

/// The edges of the steps, each from an earlier one.
fn edges(drafts: &[Draft]) -> BTreeSet<(usize, usize)> {
    let of = |(to, (_, needs, _)): (usize, &Draft)| {
        let from: Vec<usize> = if to == 0 { Vec::new() } else { needs.iter().map(|need| need.index(to)).collect() };
        from.into_iter().map(move |from| (from, to))
    };
    drafts.iter().enumerate().flat_map(of).collect()
}

fn text(drafts: &[Draft]) -> String {
    let edges = edges(drafts);
    let mut text = "loomwork: 1\nid: w\nsteps:\n".to_owned();
    // From the last to the first: the order of the file must not matter.
    for (at, (ms, _, join)) in drafts.iter().enumerate().rev() {
        let needs: Vec<String> = edges.iter().filter(|(_, to)| *to == at).map(|(from, _)| format!("s{from}")).collect();
        let join = if needs.is_empty() { "all" } else { ["all", "any", "first"][usize::from(*join)] };
        let _ = writeln!(text, "  - {{ id: s{at}, needs: [{}], join: {join}, wait: {{ for: {ms}ms }} }}", needs.join(", "));
    }
    text
}

fn planned(drafts: &[Draft]) -> Plan {
    let analysis = analyze(&text(drafts));
    plan(&analysis.workflow.unwrap_or_else(|| panic!("{:?}", analysis.diagnostics)), None, &History::default())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 5_000 }) })]

    #[test]
    fn a_level_never_comes_before_that_of_a_predecessor(drafts in drafts()) {
        let plan = planned(&drafts);
        let level: BTreeMap<&str, usize> = plan.steps.iter().map(|step| (step.path.as_str(), step.level)).collect();
        for (from, to) in edges(&drafts) {
            let of = |step: usize| level[format!("s{step}").as_str()];
            prop_assert!(of(from) < of(to));
        }
        let listed: usize = plan.levels.iter().map(|level| level.steps.len()).sum();
        prop_assert_eq!(listed, drafts.len());
    }

    #[test]
    fn the_critical_path_is_a_path_that_takes_as_long_as_the_run(drafts in drafts()) {
        let plan = planned(&drafts);
        let number = |path: &String| path[1..].parse::<usize>().unwrap();
        let path: Vec<usize> = plan.critical_path.iter().map(number).collect();
        let edges = edges(&drafts);
        prop_assert!(path.windows(2).all(|pair| edges.contains(&(pair[0], pair[1]))), "{path:?} in {edges:?}");
        let sum: u64 = path.iter().map(|step| drafts[*step].0).sum();
        prop_assert_eq!(plan.expected.map_or(0, |expected| expected.range.median_ms), sum);
    }

    #[test]
    fn no_more_steps_run_side_by_side_than_there_are(drafts in drafts()) {
        let plan = planned(&drafts);
        let width = plan.width.unwrap();
        prop_assert!(width >= 1 && width <= drafts.len() as u64);
        prop_assert!(plan.levels.iter().all(|level| level.width.unwrap() <= level.steps.len() as u64));
    }
}
