//! Going on with a corrected workflow: what keeps its result, what is done again, what is refused.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{
    Amendment, AttemptOutcome, Decision, ErrorClass, Event, Program, RefusedRequest, RunCreated, RunError, RunState, RunStatus,
    RunTrigger, StepStatus, ValueRef, Values, advance, amend, attempt_reported, environment, start_attempt,
};
use serde_json::{Value, json};

/// A run whose scripts end as the test says: `ok` or `bad` in the order of the file, whenever they want to start.
struct Run {
    state: RunState,
    values: Values,
    /// Paths and resolved scripts of the attempts that started.
    started: Vec<(String, String)>,
}

fn program(text: &str) -> Arc<Program> {
    let analysis = loomwork_workflow::analyze(text);
    let workflow = analysis.workflow.unwrap_or_else(|| panic!("{:?}", analysis.diagnostics));
    Arc::new(Program::new(workflow, loomwork_workflow::definition_hash(text)))
}

impl Run {
    fn of(steps: &str) -> Self {
        let program = program(&workflow(steps));
        let inline = |value: Value| ValueRef::inline(&value);
        let created = RunCreated {
            workflow: program.workflow.id.clone(),
            path: "w.yaml".to_owned(),
            definition: program.definition.clone(),
            version: None,
            number: 1,
            inputs: inline(json!({})),
            env: inline(environment(&program.workflow, &json!({})).unwrap()),
            trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
            labels: IndexMap::new(),
            priority: 5,
            steps: 0,
            parent: None,
            group: None,
            forked_from: None,
        };
        let state = RunState::created(program, "r".to_owned(), 0, &created);
        let mut run = Self { state, values: Values::default(), started: Vec::new() };
        let kind = loomwork_run::RunStarted {}.into();
        run.apply(vec![Event { at_ms: 0, actor: "engine".to_owned(), step: None, attempt: None, kind }]);
        run
    }

    fn apply(&mut self, events: Vec<Event>) {
        for event in events {
            self.state.apply(&event).unwrap();
        }
        loop {
            let wishes = advance(&mut self.state, &mut self.values, 0, &mut Vec::new()).unwrap();
            let mut started = false;
            for wish in wishes {
                let Decision::Want(step) = wish else { continue };
                // A step that was looked at twice is wanted twice.
                if self.state.steps[step].attempt_under_way().is_some() {
                    continue;
                }
                let (event, starting) = start_attempt(&self.state, &mut self.values, step, None, 0);
                let script = starting.unwrap().input["run"].as_str().unwrap().to_owned();
                self.started.push((self.state.steps[step].path.to_string(), script));
                self.state.apply(&event).unwrap();
                started = true;
            }
            if !started {
                return;
            }
        }
    }

    fn end(&mut self, path: &str, outcome: AttemptOutcome) {
        let step = self.state.step(path).unwrap();
        let attempt = self.state.steps[step].attempt_under_way().unwrap();
        let events = attempt_reported(&self.state, &mut self.values, (step, attempt), outcome, (None, None), 0);
        self.apply(events);
    }

    fn fail(&mut self, path: &str) {
        self.end(path, AttemptOutcome::Failed(RunError::new(ErrorClass::Permanent, "it broke")));
    }

    fn succeed(&mut self, path: &str) {
        self.end(path, AttemptOutcome::Succeeded { output: json!({ "of": path }) });
    }

    /// Goes on with other steps. What runs, is kept, and repeats, by path.
    fn amend(&mut self, steps: &str) -> Result<[Vec<String>; 3], RefusedRequest> {
        self.started.clear();
        let amendment = Amendment { program: program(&workflow(steps)), path: "w.yaml".to_owned() };
        let amended = amend(&self.state, &mut self.values, "ada", &amendment, 0)?;
        let paths = |steps: &[usize]| steps.iter().map(|ix| amended.after.steps[*ix].path.to_string()).collect();
        let plan = [paths(&amended.plan.runs), paths(&amended.plan.reused), paths(&amended.plan.repeats)];
        self.state.know(amendment.program);
        self.apply(amended.events);
        Ok(plan)
    }

    fn status(&self, path: &str) -> Option<StepStatus> {
        self.state.step(path).map(|step| self.state.steps[step].status)
    }

    fn started(&self) -> Vec<&str> {
        self.started.iter().map(|(path, _)| path.as_str()).collect()
    }
}

fn workflow(steps: &str) -> String {
    let (top, steps) = steps.split_once("---\n").unwrap_or(("", steps));
    format!("loomwork: 1\nid: w\n{top}steps:\n{steps}")
}

fn refusal<T: std::fmt::Debug>(result: Result<T, RefusedRequest>) -> String {
    result.unwrap_err().to_string()
}

const ABC: &str = "  - { id: a, run: a }\n  - { id: b, needs: [a], run: b }\n  - { id: c, needs: [b], run: c }\n";

#[test]
fn a_failed_run_goes_on_with_the_corrected_step_and_keeps_the_others() {
    let mut run = Run::of(ABC);
    run.succeed("a");
    run.fail("b");
    assert_eq!((run.state.status, run.status("c")), (RunStatus::Failed, Some(StepStatus::Skipped)));
    let plan = run.amend(&ABC.replace("run: b", "run: better")).unwrap();
    assert_eq!(
        plan,
        [vec!["b", "c"], vec!["a"], vec!["b"]].map(|paths| paths.into_iter().map(str::to_owned).collect::<Vec<_>>())
    );
    assert_eq!(run.started, [("b".to_owned(), "better".to_owned())]);
    run.succeed("b");
    run.succeed("c");
    assert_eq!(run.state.status, RunStatus::Succeeded);
}

#[test]
fn a_step_that_ended_and_changed_runs_again_with_all_that_follows() {
    let mut run = Run::of(&format!("{ABC}  - {{ id: other, run: x }}\n  - {{ id: last, needs: [c], run: exit 1 }}\n"));
    for step in ["a", "b", "c", "other"] {
        run.succeed(step);
    }
    run.fail("last");
    let changed =
        format!("{}  - {{ id: other, run: x }}\n  - {{ id: last, needs: [c], run: exit 1 }}\n", ABC.replace("run: b", "run: d"));
    let [runs, kept, repeats] = run.amend(&changed).unwrap();
    assert_eq!(
        (runs, kept, repeats),
        (
            ["b", "c", "last"].map(str::to_owned).to_vec(),
            ["a", "other"].map(str::to_owned).to_vec(),
            ["b", "c", "last"].map(str::to_owned).to_vec(),
        )
    );
    assert_eq!(run.started(), ["b"]);
}

#[test]
fn presentation_and_policy_change_no_result() {
    let mut run = Run::of(ABC);
    run.succeed("a");
    run.fail("b");
    let same = ABC.replace("run: a }", "run: a, title: The first, timeout: 1m, retry: { attempts: 2 } }");
    let [runs, kept, _] = run.amend(&same).unwrap();
    assert_eq!((runs, kept), (vec!["b".to_owned(), "c".to_owned()], vec!["a".to_owned()]));
}

#[test]
fn steps_that_are_new_run_and_those_that_are_gone_are_gone() {
    let mut run = Run::of(ABC);
    run.succeed("a");
    run.fail("b");
    run.amend("  - { id: a, run: a }\n  - { id: new, needs: [a], run: new }\n  - { id: c, needs: [new], run: c }\n").unwrap();
    assert_eq!((run.started(), run.status("b")), (vec!["new"], None));
    run.succeed("new");
    run.succeed("c");
    assert_eq!(run.state.status, RunStatus::Succeeded);
    assert_eq!(run.state.in_order().len(), 3);
}

#[test]
fn a_failure_that_the_corrected_workflow_handles_is_not_repeated() {
    let mut run = Run::of("  - { id: a, run: a }\n");
    run.fail("a");
    let [runs, _, repeats] = run.amend("  - { id: a, run: a }\n  - { id: mend, needs: [a.failed], run: mend }\n").unwrap();
    assert_eq!((runs, repeats), (vec!["mend".to_owned()], vec![]));
    run.succeed("mend");
    assert_eq!(run.state.status, RunStatus::Succeeded);
}

#[test]
fn while_it_runs_what_is_under_way_finishes_as_it_was_and_the_rest_is_new() {
    let mut run = Run::of(
        "  - { id: a, run: a, retry: { attempts: 2, classes: [permanent], initial: 1ms } }\n  - { id: b, needs: [a], run: b }\n",
    );
    let plan =
        run.amend("  - { id: a, run: other }\n  - { id: b, needs: [a], run: new }\n  - { id: c, needs: [b], run: c }\n").unwrap();
    assert_eq!(plan[2], Vec::<String>::new());
    assert!(run.started.is_empty());
    // Also its next attempt is as it was.
    run.fail("a");
    assert_eq!(run.status("a"), Some(StepStatus::Retrying));
    let step = run.state.step("a").unwrap();
    let (_, starting) = start_attempt(&run.state, &mut run.values, step, None, 0);
    assert_eq!(starting.unwrap().input["run"], "a");
    let due = loomwork_run::timer_due(&mut run.state, &mut run.values, step, i64::MAX / 2);
    assert!(due.iter().any(|decision| matches!(decision, Decision::Want(_))), "{due:?}");
    let (event, _) = start_attempt(&run.state, &mut run.values, step, None, 0);
    run.apply(vec![event]);
    run.succeed("a");
    assert_eq!(run.started, [("b".to_owned(), "new".to_owned())]);
    run.succeed("b");
    run.succeed("c");
    assert_eq!(run.state.status, RunStatus::Succeeded);
}

#[test]
fn what_is_under_way_cannot_be_taken_away_or_become_something_else() {
    let mut run = Run::of(ABC);
    assert!(refusal(run.amend("  - { id: other, run: a }\n")).contains("`a` is under way"));
    assert!(refusal(run.amend("  - { id: a, for_each: [1], run: a }\n")).contains("`a` is under way"));
}

#[test]
fn a_run_that_has_nothing_to_correct_is_refused_with_the_reason() {
    let mut run = Run::of(ABC);
    assert!(refusal(run.amend(ABC)).contains("very workflow"));
    for step in ["a", "b", "c"] {
        run.succeed(step);
    }
    assert!(refusal(run.amend(&ABC.replace("run: c", "run: d"))).contains("succeeded"));
    let mut run = Run::of(ABC);
    run.fail("a");
    assert!(refusal(run.amend(&format!("inputs: {{ n: {{ type: integer, required: true }} }}\n---\n{ABC}"))).contains("`n`"));
}

#[test]
fn new_inputs_have_their_defaults_and_a_new_environment_reaches_what_reads_it() {
    let top = "env: { A: one }\n---\n  - { id: set, set: { v: 1 } }\n";
    let mut run = Run::of(&format!("{top}{ABC}"));
    run.succeed("a");
    run.fail("b");
    let changed = format!(
        "env: {{ A: two }}\ninputs: {{ n: {{ type: integer, default: 7 }} }}\n---\n  - {{ id: set, set: {{ v: 1 }} }}\n{ABC}"
    );
    let [runs, kept, _] = run.amend(&changed).unwrap();
    assert_eq!((runs, kept), (["a", "b", "c"].map(str::to_owned).to_vec(), vec!["set".to_owned()]));
    assert_eq!(*run.values.get(&run.state.inputs).unwrap(), json!({ "n": 7 }));
    assert_eq!(*run.values.get(&run.state.env).unwrap(), json!({ "A": "two" }));
}

const GROUP: &str = "  - id: g\n    steps:\n      - { id: x, run: x }\n      - { id: y, needs: [x], run: y }\n  - { id: z, needs: [g], run: z }\n";

#[test]
fn in_a_group_too_only_what_changed_is_done_again() {
    let mut run = Run::of(GROUP);
    run.succeed("g.x");
    run.fail("g.y");
    let [runs, kept, repeats] = run.amend(&GROUP.replace("run: y", "run: why")).unwrap();
    assert_eq!(
        (runs, kept, repeats),
        (["g", "g.y", "z"].map(str::to_owned).to_vec(), vec!["g.x".to_owned()], vec!["g.y".to_owned()],)
    );
    assert_eq!(run.started, [("g.y".to_owned(), "why".to_owned())]);
    run.succeed("g.y");
    run.succeed("z");
    assert_eq!(run.state.status, RunStatus::Succeeded);
}

#[test]
fn a_group_that_gets_another_step_goes_on_and_what_follows_it_runs_again() {
    let mut run = Run::of(GROUP);
    for step in ["g.x", "g.y"] {
        run.succeed(step);
    }
    run.fail("z");
    let more = GROUP.replace("  - { id: z", "      - { id: more, needs: [y], run: more }\n  - { id: z");
    let [runs, kept, _] = run.amend(&more).unwrap();
    assert_eq!((runs, kept), (["g", "g.more", "z"].map(str::to_owned).to_vec(), ["g.x", "g.y"].map(str::to_owned).to_vec()));
    assert_eq!(run.started(), ["g.more"]);
    run.succeed("g.more");
    run.succeed("z");
    assert_eq!(run.state.status, RunStatus::Succeeded);
}

#[test]
fn elements_that_succeeded_are_kept_when_what_follows_is_corrected() {
    let each = "  - { id: e, for_each: [1, 2], run: e }\n  - { id: f, needs: [e], run: f }\n";
    let mut run = Run::of(each);
    run.succeed("e[0]");
    run.fail("e[1]");
    assert_eq!(run.state.status, RunStatus::Failed);
    let [_, _, repeats] = run.amend(&each.replace("run: f", "run: g")).unwrap();
    assert_eq!(repeats, ["e[1]"]);
    assert_eq!(run.started(), ["e[1]"]);
    run.succeed("e[1]");
    run.succeed("f");
    assert_eq!(run.state.status, RunStatus::Succeeded);
    // The action of the elements: all of them again.
    let mut run = Run::of(each);
    run.succeed("e[0]");
    run.fail("e[1]");
    run.amend(&each.replace("run: e", "run: ee")).unwrap();
    assert_eq!(run.started(), ["e[0]", "e[1]"]);
}

#[test]
fn a_loop_that_ended_begins_again_when_a_step_of_its_body_changed() {
    let body =
        "  - id: l\n    loop: { max: 2 }\n    steps:\n      - { id: s, run: s }\n  - { id: after, needs: [l], run: after }\n";
    let mut run = Run::of(body);
    run.succeed("l#1.s");
    run.succeed("l#2.s");
    run.fail("after");
    let [_, kept, repeats] = run.amend(&body.replace("run: s }", "run: t }")).unwrap();
    assert_eq!(kept, Vec::<String>::new());
    assert!(repeats.contains(&"l#1.s".to_owned()) && repeats.contains(&"after".to_owned()), "{repeats:?}");
    assert_eq!(run.started, [("l#1.s".to_owned(), "t".to_owned())]);
}

#[test]
fn a_step_that_was_taken_away_and_comes_back_begins_anew() {
    let mut run = Run::of(ABC);
    run.succeed("a");
    run.fail("b");
    run.amend("  - { id: a, run: a }\n  - { id: c, needs: [a], run: c }\n").unwrap();
    run.fail("c");
    run.amend(&ABC.replace("run: b", "run: back")).unwrap();
    assert_eq!(run.started, [("b".to_owned(), "back".to_owned())]);
    run.succeed("b");
    run.succeed("c");
    assert_eq!((run.state.status, run.state.open, run.state.busy), (RunStatus::Succeeded, 0, 0));
}
