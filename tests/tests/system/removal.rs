//! The owner is killed while it archives, brings back and purges runs: none is lost, none is there by half, and the same
//! command finishes what was begun.

use std::{collections::BTreeMap, process::Stdio, thread, time::Duration};

use loomwork_testkit::Dice;
use loomwork_tests::{Workspace, histories, wait_until};
use serde_json::Value;

/// Histories, unless asked otherwise.
const HISTORIES: u64 = 3;
/// Runs in one history.
const RUNS: usize = 12;
/// Kills in each of its parts.
const KILLS: u32 = 4;

const WORKFLOW: &str = r#"loomwork: 1
id: short
steps:
  - id: says
    run: |
      echo "$LOOMWORK_RUN_ID"
      head -c 2000 /dev/zero | tr '\0' x
"#;

#[test]
fn killed_while_runs_leave_and_come_back_every_run_is_whole_in_one_place() {
    histories(HISTORIES, history);
}

fn history(seed: u64) {
    let mut choices = Dice::new(seed);
    // Each command starts an engine in the background when the one before was killed.
    let workspace = Workspace::new(&[("short", WORKFLOW)]);
    let ids: Vec<String> = (0..RUNS).map(|_| workspace.start("short")).collect();
    ids.iter().for_each(|run| _ = workspace.ends(run, "succeeded"));
    let told: BTreeMap<&String, String> = ids.iter().map(|run| (run, events(&workspace, run))).collect();
    let archive: &[&str] = &["archive", "--status", "succeeded"];
    let restore = [&["archive", "restore"], &[ids[0].as_str()][..]].concat();
    let purge: &[&str] = &["purge", "--workflow", "short"];
    for command in [archive, &restore, purge] {
        for _ in 0..KILLS {
            let mut asked = workspace.command(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_micros(choices.below(120_000)));
            workspace.kill_owner();
            // It may have been done, refused, or left without an answer.
            let _ = asked.wait().unwrap();
            let (listed, archived) = places(&workspace);
            for run in &ids {
                let somewhere = listed.contains(run) || archived.contains(run);
                assert!(somewhere || command == purge, "{run} is lost after {command:?}");
            }
            workspace.say(&["doctor"]).exits(0);
        }
        if command != purge {
            // Each is brought back, wherever it is, and is as it was.
            places(&workspace).1.iter().for_each(|run| _ = workspace.say(&["archive", "restore", run]).exits(0));
            told.iter().for_each(|(run, told)| assert_eq!(&events(&workspace, run), told));
            workspace.say(archive).exits(0);
        }
        if command == restore {
            places(&workspace).1.iter().for_each(|run| _ = workspace.say(&["archive", "restore", run]).exits(0));
        }
    }
    workspace.say(purge).exits(0);
    assert_eq!(places(&workspace).0, Vec::<String>::new());
    workspace.kill_owner();
    wait_until("the workspace is free", || workspace.say(&["doctor", "--repair"]).code == 0);
    let doctor = workspace.json(&["doctor"]).exits(0).json();
    let values = doctor["checks"].as_array().unwrap().iter().find(|check| check["id"] == "values").unwrap();
    assert_eq!(values["message"], "All 0 large values are what they were.");
    workspace.journal().assert_whole();
}

fn events(workspace: &Workspace, run: &str) -> String {
    workspace.json(&["events", run]).exits(0).out
}

/// The runs of the list, and those of the archive.
fn places(workspace: &Workspace) -> (Vec<String>, Vec<String>) {
    let ids = |list: &Value| list["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let listed = workspace.json(&["runs", "--limit", "1000"]).exits(0).json();
    let archived = workspace.json(&["archive", "list"]).exits(0).json();
    (ids(&listed), ids(&archived))
}

#[test]
fn a_plan_is_followed_and_an_archived_run_is_named_where_it_is_looked_for() {
    let workspace = Workspace::new(&[("short", WORKFLOW)]);
    let run = workspace.json(&["run", "short"]).exits(0).json()["id"].as_str().unwrap().to_owned();
    workspace.say(&["purge"]).exits(2).complains_about(&["which runs"]);
    workspace.say(&["archive", "--status", "running"]).exits(2).complains_about(&["ended"]);
    workspace.say(&["purge", "--older-than", "soon"]).exits(2).complains_about(&["duration"]);
    let later = workspace.json(&["archive", "--older-than", "1d", "--dry-run"]).exits(0).json();
    assert_eq!(later["runs"], Value::Array(vec![]));
    let plan = workspace.json(&["archive", "--older-than", "0s", "--plan"]).exits(0).json();
    let done = workspace.json(&["archive", &run]).exits(0).json();
    assert_eq!((&plan["bytes"], &plan["runs"][0]["run"]["id"]), (&done["bytes"], &done["runs"][0]["run"]["id"]));
    workspace.say(&["show", &run]).exits(3).complains_about(&["archive restore"]);
    assert!(workspace.say(&["archive", "list"]).exits(0).out.contains("short #1"));
    workspace.say(&["archive", "restore", &run]).exits(0);
    workspace.say(&["logs", &run]).exits(0);
    workspace.say(&["purge", &run]).exits(0);
    workspace.say(&["show", &run]).exits(3);
    workspace.say(&["doctor"]).exits(0);
}
