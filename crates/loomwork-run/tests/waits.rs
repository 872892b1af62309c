//! What a run waits for: a person, its turn, an event, a moment, or nothing.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{
    Decision, Event, Program, RunCreated, RunStarted, RunState, RunStatus, RunTrigger, ValueRef, Values, WaitsFor, advance,
    cancel, decide_approval, queue_step, start_attempt,
};
use serde_json::json;

fn created() -> RunCreated {
    let empty = || ValueRef::inline(&json!({}));
    RunCreated {
        workflow: "w".to_owned(),
        path: "w.yaml".to_owned(),
        definition: "definition".to_owned(),
        version: None,
        number: 1,
        inputs: empty(),
        env: empty(),
        trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
        labels: IndexMap::new(),
        priority: 5,
        steps: 0,
        parent: None,
        group: None,
        forked_from: None,
    }
}

/// A run at rest, in which no attempt has started.
struct Run(RunState, Values);

impl Run {
    fn of(steps: &str) -> Self {
        let text = format!("loomwork: 1\nid: w\nsteps:\n{steps}");
        let analysis = loomwork_workflow::analyze(&text);
        let workflow = analysis.workflow.unwrap_or_else(|| panic!("{:?}", analysis.diagnostics));
        let program = Arc::new(Program::new(workflow, "definition".to_owned()));
        let mut run = Self(RunState::created(program, "r".to_owned(), 0, &created()), Values::default());
        let kind = RunStarted {}.into();
        run.take(vec![Event { at_ms: 0, actor: "engine".to_owned(), step: None, attempt: None, kind }]);
        run
    }

    fn take(&mut self, events: Vec<Event>) {
        events.iter().for_each(|event| self.0.apply(event).unwrap());
        for wish in advance(&mut self.0, &mut self.1, 0, &mut Vec::new()).unwrap() {
            let Decision::Want(step) = wish else { continue };
            self.0.apply(&queue_step(&self.0, step, 0)).unwrap();
        }
    }

    fn start(&mut self, path: &str) {
        let step = self.0.step(path).unwrap();
        let (event, _) = start_attempt(&self.0, &mut self.1, step, None, 0);
        self.take(vec![event]);
    }

    /// What it waits for, and whether nothing can go on meanwhile.
    fn waits(&self) -> (Option<WaitsFor>, bool) {
        (self.0.waits_for(), self.0.is_waiting())
    }
}

#[test]
fn a_run_waits_for_what_its_steps_wait_for() {
    let waits = |step: &str| Run::of(&format!("  - id: a\n    {step}\n")).waits();
    assert_eq!(waits("wait: { for: 1h }"), (Some(WaitsFor::Time), true));
    assert_eq!(waits("wait: { event: go, timeout: 1h }"), (Some(WaitsFor::Event), true));
    assert_eq!(waits("first_of: { paid: { event: paid }, late: { for: 1h } }"), (Some(WaitsFor::Event), true));
    assert_eq!(waits("approve: { message: Go? }"), (Some(WaitsFor::Person), true));
    assert_eq!(waits("run: sleep 1"), (Some(WaitsFor::Slot), false));
    assert_eq!(waits("set: { n: 1 }"), (None, false), "it has ended");
}

#[test]
fn a_run_in_which_something_is_done_waits_for_nothing_but_a_person() {
    let mut run = Run::of("  - id: works\n    run: sleep 1\n  - id: pause\n    wait: { for: 1h }\n");
    assert_eq!(run.waits(), (Some(WaitsFor::Slot), false));
    run.start("works");
    assert_eq!(run.waits(), (None, false));
    let mut run = Run::of("  - id: works\n    run: sleep 1\n  - id: ask\n    approve: { message: Go? }\n");
    run.start("works");
    assert_eq!(run.waits(), (Some(WaitsFor::Person), false));
    let events = decide_approval(&run.0, &mut run.1, "ada", ("ask", true), (None, None), 0).unwrap();
    run.take(events);
    assert_eq!(run.waits(), (None, false));
}

#[test]
fn a_wait_counts_no_more_when_its_group_or_run_is_over() {
    let mut run = Run::of(
        "  - id: group\n    steps:\n      - id: ask\n        approve: { message: Go? }\n      - id: pause\n        wait: { for: 1h }\n",
    );
    assert_eq!(run.waits(), (Some(WaitsFor::Person), true));
    let events = cancel(&run.0, "ada", None, false, 0).unwrap();
    run.take(events);
    assert_eq!((run.0.status, run.0.waits()), (RunStatus::Cancelled, loomwork_run::Waits::default()));
}

#[test]
fn a_state_that_is_read_back_waits_for_the_same() {
    let run = Run::of("  - id: ask\n    approve: { message: Go? }\n  - id: works\n    run: sleep 1\n");
    let program = |_: &str| Some(Arc::clone(&run.0.program));
    let back = RunState::of_snapshot(&program, "r".to_owned(), (0, &created()), &run.0.snapshot()).unwrap();
    assert_eq!((back.waits(), back.waits_for()), (run.0.waits(), Some(WaitsFor::Person)));
}
