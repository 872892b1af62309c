//! What plans say, of workflows with every way to go on.

#![allow(clippy::unwrap_used, reason = "a test fails by unwrapping")]

use std::fmt::Write as _;

use loomwork_workflow::{CriticalBy, Expected, History, Plan, PlannedLevel, PlannedStep, Runs, analyze, plan};
use serde_json::{Value, json};

fn planned(text: &str, inputs: Option<Value>, history: &History) -> Plan {
    let analysis = analyze(text);
    let workflow = analysis.workflow.unwrap_or_else(|| panic!("{:?}", analysis.diagnostics));
    plan(&workflow, inputs.as_ref().and_then(Value::as_object), history)
}

/// A history in which every path took these times.
fn history(durations: &[(&str, &[u64])]) -> History {
    let mut history = History::default();
    history.runs = 3;
    for (path, times) in durations {
        times.iter().for_each(|ms| history.add_duration(path, *ms));
    }
    history
}

fn range(expected: Option<Expected>) -> String {
    let Some(Expected { range, at_least }) = expected else { return "?".to_owned() };
    format!("{}{}-{}-{}", if at_least { ">" } else { "" }, range.low_ms, range.median_ms, range.high_ms)
}

fn bounds(plan: &Plan) -> (u64, u64, u64) {
    let range = plan.expected.unwrap().range;
    (range.low_ms, range.median_ms, range.high_ms)
}

/// The plan as a person can read it.
fn shown(plan: &Plan) -> String {
    let mut out = format!(
        "expected {} from {} runs, unknown {:?}\ncritical by {:?}: {}\nwidth {:?}, {:?}\n",
        range(plan.expected),
        plan.runs,
        plan.unknown,
        plan.critical_by,
        plan.critical_path.join(" > "),
        plan.width,
        plan.complexity,
    );
    levels(&mut out, plan, &plan.levels, 0);
    out
}

fn levels(out: &mut String, plan: &Plan, levels_of: &[PlannedLevel], depth: usize) {
    for (number, level) in levels_of.iter().enumerate() {
        let indent = "  ".repeat(depth);
        let _ = writeln!(out, "{indent}level {number} (width {:?})", level.width);
        for path in &level.steps {
            let step = step(plan, path);
            let mark = if step.critical { '*' } else { ' ' };
            let repeat = step.repeat.map(|repeat| format!(" {repeat:?}")).unwrap_or_default();
            let _ = writeln!(
                out,
                "{indent} {mark} {path} [{}] {:?} {} by {:?} of {}{repeat}",
                step.action,
                step.runs,
                range(step.expected),
                step.basis,
                step.samples
            );
            levels(out, plan, &step.levels, depth + 1);
        }
    }
}

fn step<'p>(plan: &'p Plan, path: &str) -> &'p PlannedStep {
    plan.steps.iter().find(|step| step.path == path).unwrap()
}

const NOTES: &str = r#"
loomwork: 1
id: notes
inputs:
  shas: { type: array, required: true }
steps:
  - { id: log, run: git log }
  - id: size
    needs: [log]
    choose: { none: "${{ size(inputs.shas) == 0 }}", large: "${{ size(steps.log.output) > 100 }}", else: small }
  - id: describe
    needs: [size.small, size.large]
    join: any
    for_each: "${{ inputs.shas }}"
    max_parallel: 2
    steps:
      - { id: stat, run: git show }
      - { id: sentence, needs: [stat], run: write }
  - { id: rest, needs: [log], wait: { for: 90s } }
  - { id: review, needs: [describe], approve: { message: Publish? } }
  - { id: publish, needs: [review.approved], run: publish }
  - { id: park, needs: [publish.failed], run: park }
"#;

fn notes_history() -> History {
    history(&[
        ("log", &[100, 120, 110]),
        ("describe[0].stat", &[50, 60]),
        ("describe[1].stat", &[55]),
        ("describe[0].sentence", &[1_000, 2_000, 3_000]),
        ("review", &[60_000, 600_000]),
        ("publish", &[500]),
    ])
}

#[test]
fn a_plan_without_history_shows_the_shape_and_says_what_is_unknown() {
    insta::assert_snapshot!(shown(&planned(NOTES, None, &History::default())));
}

#[test]
fn a_plan_with_inputs_and_history_gives_ranges_and_the_path_that_takes_longest() {
    let inputs = json!({ "shas": ["a", "b", "c", "d", "e"] });
    insta::assert_snapshot!(shown(&planned(NOTES, Some(inputs), &notes_history())));
}

#[test]
fn inputs_decide_what_never_runs() {
    let plan = planned(NOTES, Some(json!({ "shas": [] })), &notes_history());
    assert_eq!(step(&plan, "describe").runs, Runs::Never);
    assert_eq!(step(&plan, "publish").runs, Runs::Never);
    assert_eq!(step(&plan, "rest").runs, Runs::Always);
    assert_eq!(plan.critical_path, ["log", "rest"]);
}

#[test]
fn ways_of_a_choice_are_alternatives_and_not_a_sum() {
    let text = r#"
loomwork: 1
id: ways
inputs: { fast: { type: boolean, required: true } }
steps:
  - { id: how, choose: { fast: "${{ inputs.fast }}", else: slow } }
  - { id: quick, needs: [how.fast], wait: { for: 1s } }
  - { id: slow, needs: [how.slow], wait: { for: 9s } }
  - { id: last, needs: [quick, slow], join: any, wait: { for: 2s } }
"#;
    let none = History::default();
    let open = planned(text, None, &none);
    assert_eq!(bounds(&open), (3_000, 11_000, 11_000));
    assert_eq!(open.critical_path, ["how", "slow", "last"]);
    assert_eq!(open.width, Some(1), "only one of two alternatives runs");
    assert_eq!(step(&open, "quick").runs, Runs::Maybe);
    assert_eq!(step(&open, "last").runs, Runs::Always);
    assert_eq!(bounds(&planned(text, Some(json!({ "fast": true })), &none)), (3_000, 3_000, 3_000));
}

#[test]
fn joins_wait_for_what_they_say() {
    let join = |join: &str| {
        let text = format!(
            "loomwork: 1\nid: j\nsteps:\n  - {{ id: a, wait: {{ for: 1s }} }}\n  - {{ id: b, wait: {{ for: 2s }} }}\n  - {{ id: c, wait: {{ for: 4s }} }}\n  - {{ id: z, needs: [a, b, c], join: {join}, wait: {{ for: 8s }} }}\n"
        );
        planned(&text, None, &History::default())
    };
    assert_eq!(bounds(&join("all")).1, 12_000);
    assert_eq!(bounds(&join("any")).1, 12_000);
    assert_eq!(bounds(&join("first")).1, 9_000);
    assert_eq!(bounds(&join("{ at_least: 2 }")).1, 10_000);
    assert_eq!(join("{ at_least: 2 }").critical_path, ["b", "z"]);
}

#[test]
fn an_error_path_counts_for_nothing_in_a_run_that_goes_well() {
    let text =
        "loomwork: 1\nid: e\nsteps:\n  - { id: a, wait: { for: 1s } }\n  - { id: mend, needs: [a.failed], wait: { for: 1h } }\n";
    let plan = planned(text, None, &History::default());
    assert_eq!(step(&plan, "mend").runs, Runs::OnFailure);
    assert_eq!(bounds(&plan), (1_000, 1_000, 1_000));
    assert_eq!(plan.levels[1].steps, ["mend"]);
    assert_eq!(plan.levels[1].width, Some(0));
}

#[test]
fn elements_are_done_in_rounds_and_passes_in_a_row() {
    let each = "loomwork: 1\nid: e\nsteps:\n  - { id: e, for_each: [1, 2, 3, 4, 5], max_parallel: 2, run: x }\n";
    let plan = planned(each, None, &history(&[("e[0]", &[10]), ("e[1]", &[20]), ("e[2]", &[30])]));
    assert_eq!((bounds(&plan), plan.width), ((30, 60, 90), Some(2)));
    let open =
        "loomwork: 1\nid: l\nsteps:\n  - { id: l, loop: { until: \"${{ steps.l.output.exit_code == 0 }}\", max: 4 }, run: x }\n";
    let open = open.replace("steps.l.output.exit_code == 0", "pass.index > 2");
    let plan = planned(&open, None, &history(&[("l#1", &[10])]));
    assert_eq!(bounds(&plan), (10, 20, 40));
    let counted = "loomwork: 1\nid: l\nsteps:\n  - { id: l, loop: { max: 4 }, run: x }\n";
    assert_eq!(bounds(&planned(counted, None, &history(&[("l#1", &[10])]))), (40, 40, 40));
}

#[test]
fn the_whole_of_a_repetition_is_taken_from_history_when_nobody_knows_how_often() {
    let text = "loomwork: 1\nid: e\nsteps:\n  - { id: a, run: x, output: { from: stdout, as: lines } }\n  - { id: e, for_each: \"${{ steps.a.output }}\", run: x }\n";
    let plan = planned(text, None, &history(&[("a", &[1]), ("e[0]", &[10]), ("e", &[70])]));
    assert_eq!(bounds(&plan), (71, 71, 71));
    assert_eq!(plan.width, None, "nothing bounds the elements at one time");
    let unknown = planned(text, None, &history(&[("a", &[1]), ("e[0]", &[10])]));
    assert_eq!(unknown.unknown, ["e"]);
    assert_eq!(unknown.critical_by, CriticalBy::Duration);
    assert!(unknown.expected.unwrap().at_least);
}

#[test]
fn what_is_known_of_durations_decides_which_path_is_critical_and_steps_only_where_nothing_is() {
    let chain = "  - { id: b, set: { v: 1 } }\n  - { id: c, needs: [b], run: x }\n  - { id: d, needs: [c], run: x }\n";
    let text = format!("loomwork: 1\nid: e\nsteps:\n  - {{ id: a, wait: {{ for: 1h }} }}\n{chain}");
    let plan = planned(&text, None, &History::default());
    assert_eq!((plan.critical_by, plan.critical_path), (CriticalBy::Duration, vec!["a".to_owned()]));
    assert_eq!(plan.unknown, ["c", "d"]);
    let plan = planned(&format!("loomwork: 1\nid: e\nsteps:\n{chain}"), None, &History::default());
    assert_eq!((plan.critical_by, plan.critical_path.len()), (CriticalBy::Steps, 3));
}

#[test]
fn a_way_that_was_never_taken_does_not_hide_which_path_takes_longest() {
    let plan = planned(NOTES, None, &notes_history());
    assert_eq!((plan.unknown.as_slice(), plan.critical_by), (["describe".to_owned()].as_slice(), CriticalBy::Duration));
    assert_eq!(plan.critical_path, ["log", "rest"]);
}

#[test]
fn a_bound_on_a_group_makes_its_steps_wait_for_one_another() {
    let steps = (0..4).map(|n| format!("      - {{ id: s{n}, wait: {{ for: 1s }} }}\n")).collect::<String>();
    let text = format!("loomwork: 1\nid: g\nsteps:\n  - id: g\n    max_parallel: 2\n    steps:\n{steps}");
    let plan = planned(&text, None, &History::default());
    assert_eq!(bounds(&plan), (2_000, 2_000, 2_500));
    assert_eq!(plan.width, Some(2));
}

#[test]
fn more_decisions_than_can_be_looked_at_still_give_bounds() {
    let mut text = "loomwork: 1\nid: many\ninputs: { b: { type: boolean, required: true } }\nsteps:\n".to_owned();
    for n in 0..40 {
        let needs = if n == 0 { String::new() } else { format!("needs: [s{}], ", n - 1) };
        let _ = writeln!(text, "  - {{ id: s{n}, {needs}wait: {{ for: 1s }} }}");
        let _ = writeln!(text, "  - {{ id: o{n}, needs: [s{n}], when: \"${{{{ inputs.b }}}}\", wait: {{ for: 10s }} }}");
    }
    let plan = planned(&text, None, &History::default());
    assert_eq!(bounds(&plan), (40_000, 50_000, 50_000));
    assert_eq!(bounds(&planned(&text, Some(json!({ "b": false })), &History::default())), (40_000, 40_000, 40_000));
}

#[test]
fn the_run_ends_where_end_says_so() {
    let text = "loomwork: 1\nid: e\nsteps:\n  - { id: a, wait: { for: 1s } }\n  - { id: stop, needs: [a], end: succeeded }\n  - { id: long, wait: { for: 1h } }\n";
    let plan = planned(text, None, &History::default());
    assert_eq!(bounds(&plan), (1_000, 1_000, 1_000));
    assert_eq!(plan.critical_path, ["a", "stop"]);
}

#[test]
fn the_cyclomatic_number_is_that_of_the_graph_with_a_begin_and_an_end() {
    let number =
        |steps: &str| planned(&format!("loomwork: 1\nid: c\nsteps:\n{steps}"), None, &History::default()).complexity.cyclomatic;
    assert_eq!(number("  - { id: a, run: x }\n  - { id: b, needs: [a], run: x }\n"), 1);
    let diamond = "  - { id: a, run: x }\n  - { id: b, needs: [a], run: x }\n  - { id: c, needs: [a], run: x }\n  - { id: d, needs: [b, c], run: x }\n";
    assert_eq!(number(diamond), 2);
    let grouped: String = diamond.lines().map(|line| format!("    {line}\n")).collect();
    assert_eq!(number(&format!("  - id: g\n    steps:\n{grouped}  - {{ id: z, needs: [g], run: x }}\n")), 2);
    assert_eq!(number("  - { id: a, loop: { max: 2 }, run: x }\n"), 2);
}

#[test]
fn a_wait_takes_no_longer_than_its_timeout() {
    let waits = |timeout: &str| format!("loomwork: 1\nid: w\nsteps:\n  - id: a\n    wait: {{ for: 5h }}\n{timeout}");
    let hour = 3_600_000;
    assert_eq!(bounds(&planned(&waits("    timeout: 1h\n"), None, &History::default())), (hour, hour, hour));
    assert_eq!(bounds(&planned(&waits("    timeout: 9h\n"), None, &History::default())), (5 * hour, 5 * hour, 5 * hour));
}
