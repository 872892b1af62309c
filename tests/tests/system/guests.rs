//! One process owns a workspace, others are its guests; a guest that stays takes over.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use loomwork_tests::{Ran, Workspace, effects_of, wait_until};
use serde_json::Value;

const GATED: &str = "loomwork: 1\nid: gated\nsteps:\n  - id: wait\n    run: |\n      echo \"up $LOOMWORK_ATTEMPT\" >> effects\n      echo \"this is attempt $LOOMWORK_ATTEMPT\"\n      \
                     for i in $(seq 3000); do [ -e go ] && break; sleep 0.02; done\n  - { id: after, needs: [wait], run: echo after >> effects }\n";

#[test]
fn a_run_from_a_terminal_appears_for_every_other_guest_of_the_owner() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    let owner = workspace.serve();
    let terminal =
        workspace.command(&["--json", "run", "gated", "--label", "from=terminal"]).stdout(Stdio::piped()).spawn().unwrap();
    workspace.wait_for_line("effects", "up 1");

    let list = workspace.json(&["runs", "--status", "running"]).exits(0).json();
    let run = list["runs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list["runs"][0]["labels"], serde_json::json!({"from": "terminal"}));
    let mut follower = workspace.command(&["--json", "logs", &run, "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["text"], "this is attempt 1", "the line comes while the step is under way");
    workspace.open_gate("go");

    let printed = Ran::from(terminal.wait_with_output().unwrap()).exits(0).json();
    assert_eq!((&printed["id"], &printed["status"]), (&Value::from(run), &Value::from("succeeded")));
    assert!(follower.wait().unwrap().success(), "following ends with the run");
    owner.stop();
    workspace.journal().assert_whole();
}

#[test]
fn a_run_goes_on_when_the_terminal_of_a_guest_is_killed() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    let owner = workspace.serve();
    let mut terminal = workspace.command(&["run", "gated"]).stdout(Stdio::null()).spawn().unwrap();
    workspace.wait_for_line("effects", "up 1");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    workspace.open_gate("go");
    workspace.wait_for_line("effects", "after");
    let list = workspace.json(&["runs"]).exits(0).json();
    let run = list["runs"][0]["id"].as_str().unwrap();
    assert_eq!(workspace.ends(run, "succeeded").attempts("wait"), ["succeeded"]);
    owner.stop();
    assert_eq!(workspace.journal().assert_whole(), 0);
}

#[test]
fn a_guest_takes_over_when_the_owner_is_killed_and_finishes_its_runs() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    let owner = workspace.serve();
    let guest = workspace.serve();
    assert!(owner.owns() && !guest.owns());
    let terminal = workspace.command(&["--json", "run", "gated"]).stdout(Stdio::piped()).spawn().unwrap();
    workspace.wait_for_line("effects", "up 1");
    owner.kill();
    // Somebody who was there takes over without being asked: the attempt that was lost is done again.
    workspace.wait_for_line("effects", "up 2");
    workspace.open_gate("go");
    let printed = Ran::from(terminal.wait_with_output().unwrap()).exits(0).json();
    assert_eq!(printed["status"], "succeeded", "the terminal that waited is told the end all the same");
    assert_eq!(workspace.lines("effects"), ["up 1", "up 2", "after"]);
    guest.stop();
    assert_eq!(workspace.journal().assert_whole(), 1);
}

#[test]
fn many_that_start_at_one_time_share_one_owner_and_every_run_is_done_once() {
    let quick = "loomwork: 1\nid: quick\nsteps:\n  - { id: one, run: \"sleep 0.1; echo $LOOMWORK_RUN_ID >> effects\" }\n";
    let workspace = Workspace::new(&[("quick", quick)]);
    let terminals: Vec<_> =
        (0..6).map(|_| workspace.command(&["--json", "run", "quick"]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    let runs: Vec<Value> =
        terminals.into_iter().map(|terminal| Ran::from(terminal.wait_with_output().unwrap()).exits(0).json()).collect();
    let mut numbers: Vec<_> = runs.iter().filter_map(|run| run["number"].as_u64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let effects = workspace.lines("effects");
    for run in &runs {
        let id = run["id"].as_str().unwrap();
        let attempts = run["steps"][0]["attempts"].as_array().unwrap();
        // An owner that leaves hands its guests' runs on: an attempt that it stopped is done again, one that ended is not.
        assert!(effects_of(&effects, id) <= attempts.len(), "{run:#}");
        assert_eq!(attempts.last().unwrap()["status"], "succeeded");
    }
    workspace.journal().assert_whole();
}

#[test]
fn never_do_two_own_a_workspace_whatever_the_dead_one_left() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    workspace.serve().kill();
    // What a dead owner left means nothing, not even when it names a process that lives.
    workspace.write(
        ".loomwork/owner.json",
        &format!(
            "{{\"pid\": {}, \"socket\": \"/nowhere\", \"version\": \"0\", \"contract\": 1, \"started_at\": \"\"}}",
            std::process::id()
        ),
    );
    let owners: Vec<_> = (0..4).map(|_| workspace.serve()).collect();
    assert_eq!(owners.iter().filter(|owner| owner.owns()).count(), 1);
    let named: Value = serde_json::from_str(&std::fs::read_to_string(workspace.path(".loomwork/owner.json")).unwrap()).unwrap();
    let owner = owners.iter().find(|owner| owner.owns()).unwrap();
    assert_eq!(named["pid"], owner.pid());
    drop(owners);
    workspace.journal().assert_whole();
}

#[test]
fn without_an_owner_runs_are_read_and_nothing_is_resumed_or_left_running() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    let owner = workspace.serve();
    let run = workspace.start("gated");
    workspace.wait_for_line("effects", "up 1");
    wait_until("the log", || !workspace.say(&["logs", &run]).exits(0).out.is_empty());
    owner.kill();
    for command in [vec!["show", &run], vec!["runs"], vec!["events", &run], vec!["logs", &run]] {
        let said = workspace.say(&command).exits(0);
        assert!(!said.out.is_empty(), "{said:?}");
    }
    assert_eq!(workspace.lines("effects"), ["up 1"]);
    assert_eq!(workspace.show(&run).attempts("wait"), ["running"]);
}

#[test]
fn a_detached_run_is_carried_by_an_engine_in_the_background_that_a_server_then_shares() {
    let workspace = Workspace::new(&[("gated", GATED)]);
    let run = workspace.start("gated");
    workspace.wait_for_line("effects", "up 1");
    let guest = workspace.serve();
    assert!(!guest.owns());
    workspace.open_gate("go");
    workspace.ends(&run, "succeeded");
    assert_eq!(effects_of(&workspace.lines("effects"), "after"), 1);
    guest.stop();
    workspace.journal().assert_whole();
}

#[test]
fn an_owner_that_is_asked_to_end_leaves_no_process_and_its_run_goes_on_at_the_next_start() {
    let text = GATED.replace("echo \"up", "echo $$ >> pids; echo \"up");
    let workspace = Workspace::new(&[("gated", &text)]);
    let owner = workspace.serve();
    let run = workspace.start("gated");
    workspace.wait_for_line("effects", "up 1");
    owner.stop();
    let pid = workspace.lines("pids").remove(0);
    wait_until("the end of the step's process", || !std::path::Path::new("/proc").join(&pid).exists() || is_zombie(&pid));

    let owner = workspace.serve();
    workspace.open_gate("go");
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.attempts("wait").last(), Some(&"succeeded"));
    owner.stop();
    workspace.journal().assert_whole();
}

fn is_zombie(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}
