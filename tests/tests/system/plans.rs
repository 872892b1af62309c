//! Plans and exports: what a run will look like, without a run; and what one was like, for other tools.

use std::fs;

use loomwork_tests::Workspace;
use serde_json::{Value, json};

const NOTES: &str = r#"loomwork: 1
id: notes
inputs:
  shas: { type: array, required: true }
steps:
  - { id: log, run: echo log }
  - { id: size, needs: [log], choose: { none: "${{ size(inputs.shas) == 0 }}", else: some } }
  - id: describe
    needs: [size.some]
    for_each: "${{ inputs.shas }}"
    max_parallel: 2
    steps:
      - { id: stat, run: echo stat }
      - { id: sentence, needs: [stat], run: echo sentence }
  - { id: publish, needs: [describe], wait: { for: 30ms } }
  - { id: park, needs: [publish.failed], run: echo park }
"#;

fn step<'p>(plan: &'p Value, path: &str) -> &'p Value {
    plan["steps"].as_array().unwrap().iter().find(|step| step["path"] == path).unwrap()
}

#[test]
fn a_plan_needs_no_journal_and_leaves_nothing_behind() {
    let workspace = Workspace::new(&[("notes", NOTES)]);
    let plan = workspace.json(&["plan", "notes"]).exits(0).json();
    assert!(!workspace.path(".loomwork").exists(), "a plan makes no state");
    let names = |level: &Value| level["steps"].clone();
    let levels: Vec<Value> = plan["levels"].as_array().unwrap().iter().map(names).collect();
    assert_eq!(levels, [json!(["log"]), json!(["size"]), json!(["describe"]), json!(["publish"]), json!(["park"])]);
    assert_eq!(plan["critical_by"], "duration");
    assert_eq!(plan["unknown"], json!(["log", "describe.stat", "describe.sentence"]));
    assert_eq!(step(&plan, "publish")["expected"]["median_ms"], 30);
    assert_eq!(step(&plan, "park")["runs"], "on_failure");
    assert_eq!(plan["runs"], 0);
    // The file by its path, from inside the workspace or not, is the same workflow.
    assert_eq!(workspace.json(&["plan", "workflows/notes.yaml"]).exits(0).json(), plan);
}

#[test]
fn a_plan_learns_from_earlier_runs_and_from_inputs() {
    let workspace = Workspace::new(&[("notes", NOTES)]);
    workspace.json(&["run", "notes", "--input", "shas=[1,2,3]"]).exits(0);
    let plan = workspace.json(&["plan", "notes", "--input", "shas=[1,2,3,4,5]"]).exits(0).json();
    assert_eq!((&plan["runs"], &plan["unknown"], &plan["critical_by"]), (&json!(1), &json!([]), &json!("duration")));
    assert_eq!(plan["critical_path"], json!(["log", "size", "describe", "describe.stat", "describe.sentence", "publish"]));
    assert_eq!((&step(&plan, "log")["basis"], &step(&plan, "log")["samples"]), (&json!("history"), &json!(1)));
    assert_eq!(step(&plan, "describe.stat")["samples"], 3);
    assert_eq!(step(&plan, "describe")["repeat"], json!({ "kind": "for_each", "count": 5, "max_parallel": 2 }));
    let bound = |name: &str| plan["expected"][name].as_u64().unwrap();
    assert!(30 <= bound("low_ms") && bound("low_ms") <= bound("median_ms") && bound("median_ms") <= bound("high_ms"));
    let none = workspace.json(&["plan", "notes", "--input", "shas=[]"]).exits(0).json();
    assert_eq!(step(&none, "publish")["runs"], "never");
}

#[test]
fn a_plan_for_people_names_levels_the_critical_path_and_what_is_unknown() {
    let workspace = Workspace::new(&[("notes", NOTES)]);
    let said = workspace.say(&["plan", "notes"]).exits(0).out;
    for words in ["critical    log → size → describe", "30 ms", "only after a failure", "cyclomatic number 2", "● log", "3.1"]
    {
        assert!(said.contains(words), "{words:?} is missing in:\n{said}");
    }
    assert!(said.contains("not counting log, describe.stat, describe.sentence"), "{said}");
    let mermaid = workspace.say(&["plan", "notes", "--format", "mermaid"]).exits(0).out;
    assert!(mermaid.contains("flowchart TD") && mermaid.contains("class n0,n1,n2,n3,n4,n5 critical"), "{mermaid}");
    let dot = workspace.say(&["plan", "notes", "--format", "dot"]).exits(0).out;
    assert!(dot.starts_with("digraph \"notes\"") && dot.contains("subgraph cluster_2"), "{dot}");
}

#[test]
fn a_workflow_that_cannot_be_planned_is_refused_as_by_validate() {
    let workspace = Workspace::new(&[("notes", &NOTES.replace("needs: [log]", "needs: [lag]"))]);
    workspace.say(&["plan", "workflows/notes.yaml"]).exits(2).complains_about(&["LW0201", "lag", "log"]);
    let planned = workspace.json(&["plan", "workflows/notes.yaml"]).exits(2).json();
    assert_eq!(planned["files"][0]["diagnostics"][0]["code"], "LW0201");
    workspace.say(&["plan", "nothing"]).exits(3).complains_about(&["nothing"]);
    workspace.say(&["plan", "workflows/nothing.yaml"]).exits(3).complains_about(&["nothing.yaml"]);
    // Two files of one id: neither is planned before that is mended.
    workspace.write("workflows/fine.yaml", NOTES);
    workspace.say(&["plan", "workflows/fine.yaml"]).exits(2).complains_about(&["LW0903"]);
    fs::remove_file(workspace.path("workflows/notes.yaml")).unwrap();
    workspace.say(&["plan", "notes", "--input", "shas=3", "--input", "sha=1"]).exits(2).complains_about(&["shas", "sha"]);
}

#[test]
fn a_file_outside_of_any_workspace_is_planned_without_history() {
    let workspace = Workspace::new(&[]);
    let home = workspace.root().parent().unwrap().join("home");
    fs::write(home.join("alone.yaml"), NOTES).unwrap();
    let mut command = workspace.command(&["--json", "plan", "alone.yaml"]);
    let plan = loomwork_tests::Ran::from(command.current_dir(&home).output().unwrap()).exits(0).json();
    assert_eq!((&plan["workflow"], &plan["runs"]), (&json!("notes"), &json!(0)));
    let mut command = workspace.command(&["export", "alone.yaml", "--format", "wfformat", "--run", "01980c2e"]);
    let ran = loomwork_tests::Ran::from(command.current_dir(&home).output().unwrap()).exits(3);
    ran.complains_about(&["alone.yaml", "no workspace"]);
}

#[test]
fn an_ended_run_is_exported_with_every_element_and_its_time() {
    let workspace =
        Workspace::new(&[("notes", NOTES), ("other", "loomwork: 1\nid: other\nsteps:\n  - { id: a, run: 'true' }\n")]);
    let run = workspace.json(&["run", "notes", "--input", "shas=[1,2]"]).exits(0).json();
    let id = run["id"].as_str().unwrap();
    workspace.say(&["export", "notes", "--format", "wfformat", "--run", id, "--output", "notes.json"]).exits(0);
    let instance: Value = serde_json::from_str(&fs::read_to_string(workspace.path("notes.json")).unwrap()).unwrap();
    let tasks = instance["workflow"]["specification"]["tasks"].as_array().unwrap();
    let parents = |id: &str| tasks.iter().find(|task| task["id"] == id).unwrap_or_else(|| panic!("{tasks:?}"))["parents"].clone();
    assert_eq!(parents("describe_1_.sentence"), json!(["describe_1_.stat"]));
    assert_eq!(parents("publish"), json!(["describe_0_.sentence", "describe_1_.sentence"]));
    let execution = &instance["workflow"]["execution"];
    assert_eq!(execution["executedAt"], run["started_at"]);
    let timed: Vec<&Value> = execution["tasks"].as_array().unwrap().iter().map(|task| &task["id"]).collect();
    assert!(timed.contains(&&json!("describe_0_.stat")) && !timed.contains(&&json!("park")), "{timed:?}");
    workspace.say(&["export", "other", "--format", "wfformat", "--run", id]).exits(2).complains_about(&["notes", "other"]);
    workspace.say(&["export", "notes", "--format", "dot", "--run", id]).exits(2).complains_about(&["wfformat"]);
    workspace.say(&["export", "notes", "--format", "dot", "--output", "workflows/notes.yaml"]).exits(2);
    assert_eq!(fs::read_to_string(workspace.path("workflows/notes.yaml")).unwrap(), NOTES);
}
