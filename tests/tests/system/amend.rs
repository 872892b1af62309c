//! Going on with a corrected workflow, seen from outside.

use loomwork_tests::Workspace;
use serde_json::json;

const WRONG: &str = "loomwork: 1\nid: w\nversion: '1'\nsteps:\n  - { id: a, run: echo a >> effects }\n  - { id: b, needs: [a], run: echo b >> effects; exit 1 }\n  - { id: c, needs: [b], run: echo c >> effects }\n";

#[test]
fn the_plan_says_what_the_amendment_then_does() {
    let workspace = Workspace::new(&[("w", WRONG)]);
    let owner = workspace.serve();
    let run = workspace.start("w");
    workspace.ends(&run, "failed");
    workspace.write("workflows/w.yaml", &WRONG.replace("; exit 1", "").replace("'1'", "'2'"));
    let plan = workspace.json(&["amend", &run, "w", "--plan"]).exits(0).json();
    assert_eq!(plan, json!({ "runs": ["b", "c"], "reused": ["a"], "repeats": ["b"] }));
    assert_eq!(workspace.show(&run).status(), "failed");
    let amended = workspace.json(&["amend", &run, "workflows/w.yaml"]).exits(0).json();
    assert_eq!((&amended["id"], &amended["version"]), (&json!(run), &json!("2")));
    workspace.ends(&run, "succeeded");
    assert_eq!(workspace.lines("effects"), ["a", "b", "b", "c"]);
    // It is a run of the new version from now on, also when another engine reads it.
    drop(owner);
    let versions = workspace.json(&["versions", "w"]).exits(0).json();
    let used = versions["versions"].as_array().unwrap();
    assert_eq!(
        (used.len(), &used[0]["version"], &used[0]["runs"], &used[0]["current"]),
        (1, &json!("2"), &json!(1), &json!(true))
    );
    assert_eq!(workspace.show(&run).0["steps"].as_array().unwrap().len(), 3);
}

#[test]
fn a_run_under_way_takes_new_steps_and_survives_the_death_of_its_engine() {
    let slow = "loomwork: 1\nid: w\nsteps:\n  - { id: a, run: 'until [ -e gate ]; do sleep 0.02; done; echo a >> effects' }\n  - { id: b, needs: [a], run: echo b >> effects }\n";
    let workspace = Workspace::new(&[("w", slow)]);
    let owner = workspace.serve();
    let run = workspace.start("w");
    workspace.wait_for_run(&run, "the first step", |run| run.step_status("a") == "running");
    let more = slow.replace("echo b", "echo new") + "  - { id: c, needs: [b], run: echo c >> effects }\n";
    workspace.write("workflows/w.yaml", &more);
    workspace.say(&["amend", &run, "w"]).exits(0);
    owner.kill();
    let _next = workspace.serve();
    workspace.open_gate("gate");
    workspace.ends(&run, "succeeded");
    assert_eq!(workspace.lines("effects"), ["a", "new", "c"]);
}

#[test]
fn what_cannot_be_amended_is_refused_with_the_reason() {
    let other = WRONG.replace("id: w", "id: other");
    let workspace = Workspace::new(&[("w", WRONG), ("other", &other), ("broken", "loomwork: 1\nid: broken\nsteps: []\nx: 1\n")]);
    let _owner = workspace.serve();
    let run = workspace.start("w");
    workspace.ends(&run, "failed");
    workspace.say(&["amend", &run, "w"]).exits(4).complains_about(&["very workflow", "retry"]);
    workspace.say(&["amend", &run, "other"]).exits(4).complains_about(&["`other`", "`w`"]);
    workspace.say(&["amend", &run, "broken"]).exits(2).complains_about(&["broken.yaml"]);
    workspace.say(&["amend", &run, "nowhere"]).exits(3).complains_about(&["nowhere"]);
    workspace.say(&["amend", "0000", "w"]).exits(3);
}
