//! What two definitions of a workflow have in common, and what sets them apart.

use std::fmt::Write as _;

use loomwork_workflow::{
    Aspect, Comparison, EditOp, FieldChange, StepChange, StepMove, Workflow, analyze, compare, edit, reads_env, step_fingerprint,
};
use proptest::prelude::*;
use serde_json::json;

fn workflow(text: &str) -> Workflow {
    let analysis = analyze(text);
    let problems: Vec<_> = analysis.diagnostics.iter().map(|diagnostic| &diagnostic.message).collect();
    analysis.workflow.unwrap_or_else(|| panic!("{problems:?} in\n{text}"))
}

fn steps(steps: &str) -> Workflow {
    workflow(&format!("loomwork: 1\nid: w\ninputs: {{ x: {{ type: integer, default: 1 }} }}\nsteps:\n{steps}"))
}

fn field(field: &str, aspect: Aspect, from: serde_json::Value, to: serde_json::Value) -> FieldChange {
    let some = |value: serde_json::Value| (!value.is_null()).then_some(value);
    FieldChange { field: field.to_owned(), aspect, from: some(from), to: some(to) }
}

fn step_move(from: &str, to: &str) -> StepMove {
    StepMove { from: from.to_owned(), to: to.to_owned() }
}

#[test]
fn formatting_comments_and_the_order_of_keys_make_no_difference() {
    let one = workflow(
        "loomwork: 1\nid: w\nenv: { A: x, B: y }\ninputs:\n  n: { type: integer, default: 1 }\nsteps:\n  - id: a\n    run: echo a\n    \
         retry: { attempts: 2, initial: 60s, max: 1h }\n  - id: b\n    needs: [a, c]\n    join: all\n    \
         set: { v: \"${{ steps.a.output.stdout + 'x' }}\" }\n  - id: c\n    run: 'true'\n    timeout: 90s\n",
    );
    let other = workflow(
        "# a comment\nid: w\nloomwork: 1\ninputs: { n: { default: 0x1, type: integer } }\nenv:\n  B: y   # y\n  A: \"x\"\nsteps:\n- run: true\n  \
         id: c\n  timeout: 1m30s\n- id: a\n  shell: bash\n  run: |-\n    echo a\n  retry: { max: 60m, attempts: 2, initial: 1m }\n- id: b\n  \
         set:\n    v: >-\n      ${{steps.a.output.stdout\n      +\"x\"}}\n  needs:\n  - c\n  - a\n",
    );
    assert_eq!(compare(&one, &other), Comparison::default());
}

#[test]
fn every_change_of_a_field_is_named_with_what_it_is_about() {
    let base = "  - { id: z, run: 'true' }\n  - id: a\n    run: echo a\n";
    let cases = [
        ("    title: A\n", field("title", Aspect::Presentation, json!(null), json!("A"))),
        ("    needs: [z.failed]\n", field("needs", Aspect::Edges, json!(null), json!(["z.failed"]))),
        ("    when: \"${{ inputs.x == 1 }}\"\n", field("when", Aspect::Edges, json!(null), json!("${{ inputs.x == 1 }}"))),
        ("    env: { A: b }\n", field("env", Aspect::Inputs, json!(null), json!({ "A": "b" }))),
        ("    timeout: 1m\n", field("timeout", Aspect::Policy, json!(null), json!("1m"))),
        ("    on_restart: ask\n", field("on_restart", Aspect::Policy, json!(null), json!("ask"))),
        ("    for_each: [1]\n", field("for_each", Aspect::Action, json!(null), json!([1]))),
        ("    shell: sh\n", field("shell", Aspect::Action, json!(null), json!(["sh", "-e", "{0}"]))),
        ("    pin: 1\n", field("pin", Aspect::Policy, json!(null), json!(1))),
        ("    cache: true\n", field("cache", Aspect::Policy, json!(null), json!(true))),
        ("    isolation: sandbox\n", field("isolation", Aspect::Policy, json!(null), json!("sandbox"))),
        ("    on_error: [{ do: continue }]\n", field("on_error", Aspect::Policy, json!(null), json!([{ "do": "continue" }]))),
        ("    compensate: { run: undo }\n", field("compensate", Aspect::Policy, json!(null), json!({ "run": "undo" }))),
    ];
    let old = steps(base);
    for (added, expected) in cases {
        let comparison = compare(&old, &steps(&format!("{base}{added}")));
        let change = StepChange { from: "a".to_owned(), to: "a".to_owned(), fields: vec![expected] };
        assert_eq!(comparison, Comparison { changed: vec![change], ..Comparison::default() }, "{added}");
    }
}

#[test]
fn a_change_is_told_as_deep_as_it_is() {
    let old = steps("  - id: a\n    http: { url: http://a, headers: { a: x, b: y } }\n    retry: { attempts: 2 }\n");
    let new = steps("  - id: a\n    http: { url: http://a, headers: { a: x, b: z } }\n    retry: { attempts: 5 }\n");
    let fields = vec![
        field("http.headers.b", Aspect::Action, json!("y"), json!("z")),
        field("retry.attempts", Aspect::Policy, json!(2), json!(5)),
    ];
    assert_eq!(compare(&old, &new).changed[0].fields, fields);
}

#[test]
fn what_changes_at_the_top_of_the_file_is_told() {
    let file = |top: &str| workflow(&format!("loomwork: 1\nid: w\n{top}steps: [{{ id: a, run: 'true' }}]\n"));
    let old = file("inputs: { x: { type: integer, default: 1 } }\nagents: { w: { model: m } }\n");
    let new = file(
        "description: d\ninputs: { x: { type: integer, default: 2 }, y: { type: integer, default: 3 } }\nagents: { w: { model: n } }\non_failure: stop\n\
         triggers: [{ event: { name: go } }]\ndefaults: { timeout: 1m }\noutputs: { o: \"${{ steps.a.output }}\" }\n",
    );
    let comparison = compare(&old, &new);
    let told: Vec<&str> = comparison.workflow.iter().map(|change| change.field.as_str()).collect();
    let mut sorted = told.clone();
    sorted.sort_unstable();
    let expected = [
        "agents.w.model",
        "defaults.timeout",
        "description",
        "inputs.x.default",
        "inputs.y",
        "on_failure",
        "outputs.o",
        "triggers",
    ];
    assert_eq!(sorted, expected);
    assert!(comparison.changed.is_empty());
}

#[test]
fn a_renamed_step_is_one_change_wherever_it_is_mentioned() {
    let old = steps(
        "  - { id: fetch, run: curl x }\n  - id: stop\n    cancel: [fetch]\n  - id: use\n    needs: [fetch]\n    \
         set: { v: \"${{ steps.fetch.output.stdout }} of ${{ steps['fetch'].status }}\" }\n",
    );
    let new = steps(
        "  - { id: load, run: curl x }\n  - id: stop\n    cancel: [load]\n  - id: use\n    needs: [load]\n    \
         set: { v: \"${{ steps.load.output.stdout }} of ${{ steps['load'].status }}\" }\n",
    );
    let expected = Comparison { renamed: vec![step_move("fetch", "load")], ..Comparison::default() };
    assert_eq!(compare(&old, &new), expected);
}

#[test]
fn a_step_with_another_id_and_small_changes_is_renamed_and_changed() {
    let old = steps("  - id: one\n    title: Send it\n    http: { method: POST, url: http://a, json: { a: 1, b: 2 } }\n");
    let new = steps("  - id: two\n    title: Send it\n    http: { method: POST, url: http://b, json: { a: 1, b: 2 } }\n");
    let comparison = compare(&old, &new);
    assert_eq!(comparison.renamed, [step_move("one", "two")]);
    assert_eq!(comparison.changed[0].fields, [field("http.url", Aspect::Action, json!("http://a"), json!("http://b"))]);
    assert!(comparison.added.is_empty() && comparison.removed.is_empty());
}

#[test]
fn steps_that_have_little_in_common_are_removed_and_added() {
    let old = steps("  - { id: one, run: make all }\n");
    let new = steps("  - { id: two, run: npm test }\n");
    let expected = Comparison { added: vec!["two".to_owned()], removed: vec!["one".to_owned()], ..Comparison::default() };
    assert_eq!(compare(&old, &new), expected);
}

#[test]
fn a_step_in_another_group_was_moved() {
    let old = steps("  - { id: a, run: echo a }\n  - id: g\n    steps:\n      - { id: b, run: echo b }\n");
    let new = steps("  - id: g\n    steps:\n      - { id: b, run: echo b }\n      - { id: a, run: echo a }\n");
    let expected = Comparison { moved: vec![step_move("a", "g.a")], ..Comparison::default() };
    assert_eq!(compare(&old, &new), expected);
}

#[test]
fn a_renamed_group_takes_its_steps_along() {
    let group = |id: &str, last: &str| {
        steps(&format!(
            "  - id: {id}\n    steps:\n      - {{ id: a, run: echo a }}\n      - id: b\n        set: {{ v: \"${{{{ steps.a.output }}}}\" }}\n\
             \x20     - {{ id: c, run: {last} }}\n"
        ))
    };
    let expected = Comparison { renamed: vec![step_move("g", "h")], ..Comparison::default() };
    assert_eq!(compare(&group("g", "one"), &group("h", "one")), expected);
    let comparison = compare(&group("g", "one"), &group("h", "two"));
    assert_eq!((comparison.renamed, comparison.moved), (vec![step_move("g", "h")], vec![]));
    assert_eq!(comparison.changed[0].to, "h.c");
}

#[test]
fn the_same_name_for_another_step_is_a_change() {
    // `x` of the group hides the one outside, so that the expression means another step.
    let old = steps("  - { id: x, run: a }\n  - id: g\n    steps:\n      - { id: y, set: { v: \"${{ steps.x.output }}\" } }\n");
    let new = steps(
        "  - { id: x, run: a }\n  - id: g\n    steps:\n      - { id: y, set: { v: \"${{ steps.x.output }}\" } }\n      - { id: x, run: b }\n",
    );
    let comparison = compare(&old, &new);
    assert_eq!(comparison.added, ["g.x"]);
    assert_eq!(comparison.changed[0].to, "g.y");
}

#[test]
fn a_fingerprint_covers_what_decides_the_result_and_nothing_else() {
    let of = |text: &str| {
        let workflow = steps(&format!("  - {{ id: z, run: z }}\n  - {{ id: a, {text} }}\n"));
        let body = &workflow.body;
        let needs = body.graph.needs(1).map(|(from, port)| format!("{}.{}", body.steps[from].id, port.unwrap_or("")));
        step_fingerprint(&body.steps[1], needs.collect(), &|id, _| id.to_owned())
    };
    let base = of("run: x");
    for same in ["title: T", "retry: { attempts: 3 }", "timeout: 1m", "on_error: [{ do: skip }]", "compensate: { run: undo }"] {
        assert_eq!(base, of(&format!("run: x, {same}")), "{same}");
    }
    for other in
        ["env: { A: b }", "when: \"${{ inputs.x == 1 }}\"", "for_each: [1]", "shell: sh", "needs: [z]", "needs: [z.failed]"]
    {
        assert_ne!(base, of(&format!("run: x, {other}")), "{other}");
    }
    assert_ne!(base, of("run: y"));
    assert_ne!(of("needs: [z], run: x"), of("needs: [z.failed], run: x"));
    assert_eq!(of("set: { v: \"${{steps.z.output}}\" }"), of("set: { v: \"${{ steps['z'].output }}\" }"));
}

#[test]
fn the_environment_goes_into_processes_and_into_what_reads_it() {
    let reads = |text: &str| {
        reads_env(&workflow(&format!("loomwork: 1\nid: w\nenv: {{ A: b }}\nsteps:\n  - {{ id: a, {text} }}\n")).body.steps[0])
    };
    assert!(reads("run: x") && reads("command: [x]") && reads("set: { v: \"${{ env.A }}\" }"));
    assert!(reads("http: { url: \"http://x/${{ env.A }}\" }"));
    assert!(!reads("set: { v: 1 }") && !reads("http: { url: http://x }"));
}

/// A step in one of several kinds; numbers choose.
#[derive(Debug, Clone)]
struct Draft {
    kind: u8,
    text: u8,
    reads: Option<usize>,
    needs: Option<usize>,
    policy: u8,
    group: bool,
}

fn draft() -> impl Strategy<Value = Draft> {
    let parts =
        (0..4_u8, 0..4_u8, prop::option::of(0..6_usize), prop::option::of(0..6_usize), 0..4_u8, prop::bool::weighted(0.2));
    parts.prop_map(|(kind, text, reads, needs, policy, group)| Draft { kind, text, reads, needs, policy, group })
}

/// A valid workflow: a step of group may follow its group, and what is read or needed is a step before it in its scope.
fn written(drafts: &[Draft], names: &[String]) -> String {
    let mut text = "loomwork: 1\nid: w\nsteps:\n".to_owned();
    let mut seen: Vec<&str> = Vec::new();
    for (draft, id) in drafts.iter().zip(names) {
        let _ = writeln!(text, "  - id: {id}");
        let earlier = |choice: Option<usize>| choice.filter(|_| !seen.is_empty()).map(|choice| seen[choice % seen.len()]);
        if let Some(needed) = earlier(draft.needs) {
            let _ = writeln!(text, "    needs: [{needed}]");
        }
        let read = earlier(draft.reads).map_or_else(|| "1".to_owned(), |read| format!("${{{{ steps.{read}.output }}}}"));
        let n = draft.text;
        let _ = match draft.kind {
            _ if draft.group => writeln!(
                text,
                "    steps:\n      - {{ id: in{n}, run: echo {n} }}\n      - {{ id: out, set: {{ v: \"{read}\" }} }}"
            ),
            0 => writeln!(text, "    run: |\n      make {n}\n      make check\n    env: {{ A: \"{read}\" }}"),
            1 => writeln!(text, "    set: {{ v: \"{read}\", w: {n} }}"),
            2 => writeln!(text, "    http: {{ url: \"http://h/{n}\", json: \"{read}\" }}"),
            _ => writeln!(text, "    command: [echo, \"{n}\", \"{read}\"]"),
        };
        match draft.policy {
            1 => text.push_str("    timeout: 1m\n"),
            2 => text.push_str("    retry: { attempts: 3 }\n"),
            3 => text.push_str("    title: Something\n"),
            _ => {}
        }
        seen.push(id);
    }
    text
}

fn names(count: usize, letter: char) -> Vec<String> {
    (0..count).map(|n| format!("{letter}{n}")).collect()
}

/// The comparison from the other side, in an order that does not depend on the side.
fn normal(mut comparison: Comparison, mirrored: bool) -> Comparison {
    let turn = |step: &mut StepMove| std::mem::swap(&mut step.from, &mut step.to);
    if mirrored {
        std::mem::swap(&mut comparison.added, &mut comparison.removed);
        comparison.renamed.iter_mut().chain(&mut comparison.moved).for_each(turn);
        for change in &mut comparison.changed {
            std::mem::swap(&mut change.from, &mut change.to);
        }
        let fields = comparison.changed.iter_mut().flat_map(|change| &mut change.fields).chain(&mut comparison.workflow);
        fields.for_each(|change| std::mem::swap(&mut change.from, &mut change.to));
    }
    comparison.added.sort();
    comparison.removed.sort();
    comparison.renamed.sort_by(|one, other| one.from.cmp(&other.from));
    comparison.moved.sort_by(|one, other| one.from.cmp(&other.from));
    comparison.changed.sort_by(|one, other| one.from.cmp(&other.from));
    for change in &mut comparison.changed {
        change.fields.sort_by(|one, other| one.field.cmp(&other.field));
    }
    comparison.workflow.sort_by(|one, other| one.field.cmp(&other.field));
    comparison
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_workflow_does_not_differ_from_itself(drafts in prop::collection::vec(draft(), 1..10)) {
        let text = written(&drafts, &names(drafts.len(), 's'));
        prop_assert!(compare(&workflow(&text), &workflow(&text)).is_empty());
    }

    #[test]
    fn a_rename_is_found_as_a_rename_alone(drafts in prop::collection::vec(draft(), 1..10), at in 0..10_usize) {
        let names = names(drafts.len(), 's');
        let text = written(&drafts, &names);
        let id = names[at % names.len()].clone();
        let renamed = edit(&text, &[EditOp::RenameStep { id: id.clone(), to: "fresh".to_owned() }]).expect("the name is free");
        let expected = Comparison { renamed: vec![step_move(&id, "fresh")], ..Comparison::default() };
        prop_assert_eq!(compare(&workflow(&text), &workflow(&renamed.text)), expected);
    }

    #[test]
    fn the_other_way_round_is_the_same_with_old_and_new_exchanged(
        old in prop::collection::vec(draft(), 1..8),
        new in prop::collection::vec(draft(), 1..8),
        other_names in any::<bool>(),
    ) {
        let one = workflow(&written(&old, &names(old.len(), 's')));
        let other = workflow(&written(&new, &names(new.len(), if other_names { 't' } else { 's' })));
        prop_assert_eq!(normal(compare(&one, &other), true), normal(compare(&other, &one), false));
    }

    #[test]
    fn every_step_is_accounted_for(old in prop::collection::vec(draft(), 1..8), new in prop::collection::vec(draft(), 1..8)) {
        let one = workflow(&written(&old, &names(old.len(), 's')));
        let other = workflow(&written(&new, &names(new.len(), 't')));
        let comparison = compare(&one, &other);
        let tops = |paths: &[String]| paths.iter().filter(|path| !path.contains('.')).count();
        let renamed = comparison.renamed.iter().filter(|step| !step.to.contains('.')).count();
        prop_assert_eq!(tops(&comparison.added) + renamed, new.len());
        prop_assert_eq!(tops(&comparison.removed) + renamed, old.len());
    }
}
