//! What waits to be started says why, to everybody; and runs that call runs are taken up together.

use loomwork_tests::{Workspace, effects_of};
use serde_json::json;

const GATED: &str = "loomwork: 1\nid: gated\nsteps:\n  - id: a\n    resources: { press: 1 }\n    run: |\n      echo up >> effects\n      \
                     for i in $(seq 3000); do [ -e go ] && break; sleep 0.02; done\n  \
                     - { id: b, resources: { press: 1 }, run: echo b >> effects }\n  \
                     - { id: c, resources: { press: 1 }, priority: 9, run: echo c >> effects }\n";

#[test]
fn a_step_that_waits_for_a_kind_says_so_and_the_higher_priority_starts_first() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    workspace.write(".loomwork/engine.yaml", "resources: { press: 1 }\n");
    let owner = workspace.serve();
    let run = workspace.start("gated");
    workspace.wait_for_line("effects", "up");
    workspace.wait_for_run(&run, "two queued steps", |run| run.step_status("b") == "queued" && run.step_status("c") == "queued");

    let queue = workspace.json(&["queue"]).exits(0).json();
    let waiting: Vec<_> = queue["waiting"].as_array().unwrap().iter().map(|entry| (&entry["step"], &entry["message"])).collect();
    let message = json!("It takes 1 `press`; none is free.");
    assert_eq!(waiting, [(&json!("c"), &message), (&json!("b"), &message)]);
    let press = queue["resources"].as_array().unwrap().iter().find(|of| of["kind"] == "press").unwrap();
    assert_eq!(press, &json!({ "kind": "press", "taken": 1.0, "of": 1.0 }));
    let shown = workspace.say(&["show", &run]).exits(0);
    assert_eq!(shown.out.matches("It takes 1 `press`").count(), 2, "{}", shown.out);

    workspace.open_gate("go");
    workspace.ends(&run, "succeeded");
    assert_eq!(workspace.lines("effects"), ["up", "c", "b"]);
    assert_eq!(workspace.json(&["queue"]).exits(0).json()["waiting"], json!([]));
    owner.stop();
}

#[test]
fn a_step_that_wants_what_the_engine_has_none_of_fails_and_says_where_to_declare_it() {
    let workspace = Workspace::new(&[("w", "loomwork: 1\nid: w\nsteps:\n  - { id: a, resources: { press: 1 }, run: 'true' }\n")]);
    let run = workspace.json(&["run", "w"]).exits(1).json();
    assert_eq!(run["steps"][0]["error"]["class"], "validation");
    let message = run["steps"][0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("`press`") && message.contains("engine.yaml"), "{message}");
}

const PARENT: &str = "loomwork: 1\nid: parent\nsteps:\n  - { id: call, workflow: { id: child } }\n  \
                      - { id: after, needs: [call], run: echo after >> effects }\n";
const CHILD: &str = "loomwork: 1\nid: child\nsteps:\n  - { id: one, run: echo one >> effects }\n  \
                     - { id: two, needs: [one], run: 'echo two >> effects; [ -e up ]' }\n";

/// Lets the parent fail because of its child, then takes up one of them.
fn taken_up(which: &str) -> (Workspace, Vec<String>) {
    let workspace = Workspace::new(&[("parent", PARENT), ("child", CHILD)]);
    let owner = workspace.serve();
    workspace.say(&["run", "parent"]).exits(1);
    let runs = |workflow: &str| {
        let list = workspace.json(&["runs", "--workflow", workflow]).exits(0).json();
        list["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    workspace.open_gate("up");
    workspace.say(&["retry", &runs(which)[0]]).exits(0);
    let parent = workspace.ends(&runs("parent")[0], "succeeded");
    assert_eq!(parent.attempts("call"), ["failed", "succeeded"]);
    let children = runs("child");
    assert_eq!(workspace.ends(&children[0], "succeeded").attempts("two"), ["failed", "succeeded"]);
    owner.stop();
    workspace.journal().assert_whole();
    (workspace, children)
}

#[test]
fn taking_up_either_of_a_caller_and_its_run_takes_up_both_and_keeps_what_succeeded() {
    for which in ["parent", "child"] {
        let (workspace, children) = taken_up(which);
        assert_eq!(children.len(), 1, "no second child of a {which} that is taken up");
        let lines = workspace.lines("effects");
        let counts = ["one", "two", "after"].map(|line| effects_of(&lines, line));
        assert_eq!(counts, [1, 2, 1], "{which}: {lines:?}");
    }
}
