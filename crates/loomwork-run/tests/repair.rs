//! Repairing a run: what a retry of one failed step does while others stay as they are.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{
    AttemptOutcome, Decision, ErrorClass, Program, RetryScope, RunCreated, RunError, RunState, RunStatus, RunTrigger, StepStatus,
    ValueRef, Values, advance, attempt_reported, retry, start_attempt,
};
use serde_json::json;

/// A run whose scripts end as the test says.
struct Run {
    state: RunState,
    values: Values,
}

impl Run {
    fn of(text: &str) -> Self {
        let analysis = loomwork_workflow::analyze(text);
        let workflow = analysis.workflow.unwrap_or_else(|| panic!("{:?}", analysis.diagnostics));
        let created = RunCreated {
            workflow: workflow.id.clone(),
            path: "w.yaml".to_owned(),
            definition: String::new(),
            version: None,
            number: 1,
            inputs: ValueRef::inline(&json!({})),
            env: ValueRef::inline(&json!({})),
            trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
            labels: IndexMap::new(),
            priority: 5,
            steps: 0,
            parent: None,
            group: None,
            forked_from: None,
        };
        let program = Arc::new(Program::new(workflow, String::new()));
        let mut run = Self { state: RunState::created(program, "r".to_owned(), 0, &created), values: Values::default() };
        let kind = loomwork_run::RunStarted {}.into();
        run.state.apply(&loomwork_run::Event { at_ms: 0, actor: "engine".to_owned(), step: None, attempt: None, kind }).unwrap();
        run.start();
        run
    }

    /// Decides, and starts every attempt that is wanted.
    fn start(&mut self) {
        for wish in advance(&mut self.state, &mut self.values, 0, &mut Vec::new()).unwrap() {
            let Decision::Want(step) = wish else { continue };
            // A step that was looked at twice is wanted twice.
            if self.state.steps[step].attempt_under_way().is_some() {
                continue;
            }
            let (event, _) = start_attempt(&self.state, &mut self.values, step, None, 0);
            self.state.apply(&event).unwrap();
        }
    }

    fn end(&mut self, path: &str, outcome: AttemptOutcome) {
        let step = self.state.step(path).unwrap();
        let attempt = self.state.steps[step].attempt_under_way().unwrap();
        for event in attempt_reported(&self.state, &mut self.values, (step, attempt), outcome, (None, None), 0) {
            self.state.apply(&event).unwrap();
        }
        self.start();
    }

    fn fail(&mut self, path: &str) {
        self.end(path, AttemptOutcome::Failed(RunError::new(ErrorClass::Permanent, "it broke")));
    }

    fn succeed(&mut self, path: &str) {
        self.end(path, AttemptOutcome::Succeeded { output: json!({}) });
    }

    fn retry(&mut self, path: &str) {
        self.ask(|state| retry(state, "ada", &RetryScope::Step(path.to_owned()), None, 0).unwrap().1);
    }

    fn ask(&mut self, wish: impl Fn(&RunState) -> Vec<loomwork_run::Event>) {
        for event in wish(&self.state) {
            self.state.apply(&event).unwrap();
        }
        self.start();
    }

    /// Paths of the steps that a retry of one of them would run, and of those whose effects it would repeat.
    fn plan(&self, path: &str) -> (Vec<&str>, Vec<&str>) {
        let plan = loomwork_run::plan_retry(&self.state, &RetryScope::Step(path.to_owned())).unwrap();
        let paths = |steps: Vec<usize>| steps.into_iter().map(|step| &*self.state.steps[step].path).collect();
        (paths(plan.runs), paths(plan.repeats))
    }

    fn status(&self, path: &str) -> StepStatus {
        self.state.steps[self.state.step(path).unwrap()].status
    }
}

#[test]
fn of_two_failures_of_a_run_that_stops_one_can_be_retried_alone() {
    let mut run = Run::of(
        "loomwork: 1\nid: w\non_failure: stop\nsteps:\n  - id: a\n    run: x\n  - id: b\n    run: x\n  - id: c\n    needs: [a]\n    run: x\n",
    );
    run.fail("b");
    run.fail("a");
    assert_eq!(run.state.status, RunStatus::Failed);
    run.retry("a");
    assert_eq!((run.state.status, run.status("a")), (RunStatus::Running, StepStatus::Running));
    run.succeed("a");
    run.succeed("c");
    assert_eq!(run.state.status, RunStatus::Failed);
    assert_eq!(run.state.error.as_ref().unwrap().step.as_deref(), Some("b"));
    run.retry("b");
    run.succeed("b");
    assert_eq!(run.state.status, RunStatus::Succeeded);
}

#[test]
fn a_failure_after_a_retry_stops_the_run_again() {
    let mut run = Run::of(
        "loomwork: 1\nid: w\non_failure: stop\nsteps:\n  - id: a\n    run: x\n  - id: b\n    run: x\n  - id: c\n    needs: [b]\n    run: x\n",
    );
    run.fail("a");
    run.end("b", AttemptOutcome::Cancelled);
    run.retry("a");
    run.fail("a");
    assert!(run.state.stopping());
    run.end("b", AttemptOutcome::Cancelled);
    assert_eq!((run.state.status, run.status("c")), (RunStatus::Failed, StepStatus::Cancelled));
}

#[test]
fn after_a_retry_every_edge_is_counted_as_if_the_kept_steps_alone_had_ended() {
    let mut run = Run::of(
        "loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: x\n  - id: b\n    run: x\n  - id: c\n    needs: [a, b]\n    join: any\n    run: x\n  - id: d\n    needs: [a]\n    run: x\n  - id: e\n    needs: [d, c]\n    run: x\n",
    );
    run.fail("a");
    run.succeed("b");
    run.succeed("c");
    assert_eq!(
        (run.state.status, run.status("d"), run.status("e")),
        (RunStatus::Failed, StepStatus::Skipped, StepStatus::Skipped)
    );
    run.retry("a");
    let counts = |run: &Run, path: &str| {
        let counts = run.state.steps[run.state.step(path).unwrap()].edges;
        (counts.taken, counts.dead)
    };
    assert_eq!((counts(&run, "c"), counts(&run, "d"), counts(&run, "e")), ((1, 0), (0, 0), (1, 0)));
    run.succeed("a");
    run.succeed("d");
    run.succeed("e");
    assert_eq!((run.state.status, counts(&run, "c"), counts(&run, "e")), (RunStatus::Succeeded, (2, 0), (2, 0)));
}

#[test]
fn the_plan_of_a_retry_leaves_out_what_is_under_way_by_itself() {
    let mut run = Run::of(
        "loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: x\n  - id: b\n    run: x\n  - id: c\n    needs: [a, b]\n    run: x\n  - id: d\n    needs: [b]\n    run: x\n",
    );
    run.fail("a");
    assert_eq!((run.state.status, run.status("b")), (RunStatus::Running, StepStatus::Running));
    assert_eq!(run.plan("a"), (vec!["a", "c", "d"], vec!["a"]));
}

#[test]
fn a_rule_for_a_failure_sees_the_error_of_its_own_step() {
    let text = |each: &str| {
        format!(
            "loomwork: 1\nid: w\nsteps:\n  - id: a\n{each}    run: x\n    on_error:\n      - {{ when: \"${{{{ steps.a.error.class == 'transient' }}}}\", do: fail }}\n      - {{ when: \"${{{{ steps.a.error.message == 'it broke' }}}}\", do: skip }}\n"
        )
    };
    let mut run = Run::of(&text(""));
    run.fail("a");
    assert_eq!((run.state.status, run.status("a")), (RunStatus::Succeeded, StepStatus::Skipped));
    let mut each = Run::of(&text("    for_each: [1]\n"));
    each.fail("a[0]");
    assert_eq!(each.status("a[0]"), StepStatus::Skipped);
}

#[test]
fn what_a_group_keeps_waits_for_the_join_of_the_group_after_a_retry() {
    let text = "loomwork: 1\nid: w\nsteps:\n  - id: z\n    run: x\n  - id: a\n    run: x\n  - id: g\n    needs: [z, a]\n    join: any\n    steps:\n      - id: b\n        run: x\n      - id: c\n        run: x\n";
    let taken_up = || {
        let mut run = Run::of(text);
        run.succeed("z");
        run.ask(|state| loomwork_run::cancel(state, "ada", None, false, 0).unwrap());
        run.end("a", AttemptOutcome::Cancelled);
        // Without `a`, which was cancelled, the group begins; then it is cancelled with one of its steps done.
        run.ask(|state| loomwork_run::rerun(state, "ada", "g", 0).unwrap().1);
        run.succeed("g.b");
        run.ask(|state| loomwork_run::cancel(state, "ada", None, false, 0).unwrap());
        run.end("g.c", AttemptOutcome::Cancelled);
        assert_eq!((run.state.status, run.status("g.b")), (RunStatus::Cancelled, StepStatus::Succeeded));
        run.ask(|state| retry(state, "ada", &RetryScope::All, None, 0).unwrap().1);
        assert_eq!((run.status("a"), run.status("g")), (StepStatus::Running, StepStatus::Pending));
        assert_eq!((run.status("g.b"), run.status("g.c")), (StepStatus::Succeeded, StepStatus::Pending));
        run
    };
    let mut run = taken_up();
    run.succeed("a");
    assert_eq!((run.status("g"), run.status("g.c")), (StepStatus::Running, StepStatus::Running));
    run.succeed("g.c");
    assert_eq!(run.state.status, RunStatus::Succeeded);
    let mut run = taken_up();
    run.ask(|state| loomwork_run::cancel(state, "ada", None, false, 0).unwrap());
    run.end("a", AttemptOutcome::Cancelled);
    assert_eq!((run.status("g.c"), run.state.status, run.state.open), (StepStatus::Cancelled, RunStatus::Cancelled, 0));
}

fn named(run: &Run, steps: &[usize]) -> Vec<String> {
    steps.iter().map(|ix| run.state.steps[*ix].path.to_string()).collect()
}

const EACH: &str = "loomwork: 1\nid: w\nsteps:\n  - id: e\n    for_each: \"${{ [1, 2] }}\"\n    steps: [{ id: a, run: a }, { id: b, needs: [a], run: b }]\n";

/// Of two elements the second has failed at its second step.
fn half_failed() -> Run {
    let mut run = Run::of(EACH);
    for path in ["e[0].a", "e[0].b", "e[1].a"] {
        run.succeed(path);
    }
    run.fail("e[1].b");
    assert_eq!(run.state.status, RunStatus::Failed);
    run
}

#[test]
fn the_plan_of_a_retry_names_only_the_parts_that_it_does_again() {
    let run = half_failed();
    for scope in [RetryScope::All, RetryScope::Step("e".to_owned())] {
        let (plan, _) = retry(&run.state, "ada", &scope, None, 0).unwrap();
        assert_eq!(plan, loomwork_run::plan_retry(&run.state, &scope).unwrap());
        assert_eq!(named(&run, &plan.runs), ["e", "e[1]", "e[1].b"]);
        assert_eq!(named(&run, &plan.reused), ["e[0]", "e[0].a", "e[0].b", "e[1].a"]);
        assert_eq!(named(&run, &plan.repeats), ["e[1].b"]);
    }
}

#[test]
fn the_plan_of_a_rerun_names_all_parts() {
    let run = half_failed();
    let plan = loomwork_run::plan_rerun(&run.state, "e").unwrap();
    assert_eq!(named(&run, &plan.runs), ["e", "e[0]", "e[0].a", "e[0].b", "e[1]", "e[1].a", "e[1].b"]);
    assert_eq!(named(&run, &plan.reused), [""; 0]);
}

#[test]
fn a_step_that_is_not_needed_any_more_and_cancelled_by_name_too_is_cancelled_once() {
    let mut run = Run::of(
        "loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: x\n  - id: b\n    wait: { for: 1h }\n  - id: c\n    needs: [a, b]\n    join: { at_least: 1, rest: cancel }\n    cancel: [b]\n",
    );
    run.succeed("a");
    assert_eq!((run.status("b"), run.status("c")), (StepStatus::Cancelled, StepStatus::Succeeded));
    assert_eq!(run.state.status, RunStatus::Succeeded);
}
