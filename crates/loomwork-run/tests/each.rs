//! A for-each over more elements than are made at one time.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{Event, Program, RunCreated, RunStarted, RunState, RunStatus, RunTrigger, ValueRef, Values, advance_some};
use serde_json::{Value, json};

const ELEMENTS: u64 = 1_000;

fn run() -> (RunState, Values) {
    let text = "loomwork: 1\nid: w\ninputs: { items: { type: array } }\nsteps:\n  - id: each\n    for_each: \"${{ inputs.items }}\"\n    set: { n: \"${{ item }}\" }\n";
    let workflow = loomwork_workflow::analyze(text).workflow.unwrap();
    let program = Arc::new(Program::new(workflow, "definition".to_owned()));
    let mut values = Values::default();
    let items: Vec<u64> = (0..ELEMENTS).collect();
    let created = RunCreated {
        workflow: "w".to_owned(),
        path: "w.yaml".to_owned(),
        definition: "definition".to_owned(),
        version: None,
        number: 1,
        inputs: values.intern(&json!({ "items": items })),
        env: ValueRef::inline(&json!({})),
        trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
        labels: IndexMap::new(),
        priority: 5,
        steps: 1,
        parent: None,
        group: None,
        forked_from: None,
    };
    let mut state = RunState::created(program, "r".to_owned(), 0, &created);
    let kind = RunStarted {}.into();
    state.apply(&Event { at_ms: 0, actor: "engine".to_owned(), step: None, attempt: None, kind }).unwrap();
    (state, values)
}

#[test]
fn all_elements_are_made_and_no_turn_decides_many_more_events_than_it_was_asked_for() {
    let (mut state, mut values) = run();
    let mut all = 0;
    while state.has_open_decisions() {
        let mut events = Vec::new();
        advance_some(&mut state, &mut values, 0, &mut events, 100).unwrap();
        assert!(events.len() < 400, "{} events at once", events.len());
        all += events.len();
    }
    assert_eq!(state.status, RunStatus::Succeeded);
    assert!(all as u64 >= 2 * ELEMENTS);
    let output = state.steps[state.step("each").unwrap()].output.clone().unwrap();
    let expected: Vec<Value> = (0..ELEMENTS).map(|n| json!({ "n": n })).collect();
    assert_eq!(*values.get(&output).unwrap(), json!(expected));
}
