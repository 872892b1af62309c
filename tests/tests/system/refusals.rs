//! Bad input: each has a clear message that says where, what and how to mend it, the promised exit code, and loses nothing.

use std::{fs, net::TcpListener, process::Stdio};

use loomwork_tests::Workspace;

const FINE: &str = "loomwork: 1\nid: fine\nsteps:\n  - { id: one, run: echo one >> effects }\n";

#[test]
fn a_broken_file_says_where_it_is_broken_and_starts_nothing() {
    let broken = "loomwork: 1\nid: broken\nsteps:\n  - id: one\n    run: [oops\n";
    let workspace = Workspace::new(&[("broken", broken), ("fine", FINE)]);
    workspace.say(&["run", "workflows/broken.yaml"]).exits(2).complains_about(&["workflows/broken.yaml", "5"]);
    let report = workspace.json(&["validate", "workflows/broken.yaml", "workflows/fine.yaml"]).exits(2).json();
    assert_eq!(
        (&report["ok"], &report["files"][0]["ok"], &report["files"][1]["ok"]),
        (&false.into(), &false.into(), &true.into())
    );
    // The others are not held up by it.
    workspace.say(&["run", "fine"]).exits(0);
    assert_eq!(workspace.json(&["runs"]).exits(0).json()["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_typo_in_a_file_is_named_with_what_was_probably_meant() {
    let typo = "loomwork: 1\nid: typo\nsteps:\n  - id: one\n    run: true\n    timout: 5s\n";
    let workspace = Workspace::new(&[("typo", typo)]);
    workspace.say(&["run", "typo"]).exits(2).complains_about(&["timout", "timeout", "6"]);
}

#[test]
fn a_file_that_is_no_text_is_refused_with_the_place_of_the_first_bad_byte() {
    let workspace = Workspace::new(&[]);
    fs::write(workspace.path("workflows/bytes.yaml"), b"loomwork: 1\nid: bytes\n# caf\xe9\nsteps: []\n").unwrap();
    let ran = workspace.say(&["validate", "workflows/bytes.yaml"]).exits(2);
    assert!(ran.err.contains("UTF-8") || ran.out.contains("UTF-8"), "{ran:?}");
    let report = workspace.json(&["validate", "workflows/bytes.yaml"]).exits(2).json();
    assert_eq!(report["files"][0]["diagnostics"][0]["line"], 3);
}

#[test]
fn a_missing_folder_workflow_run_or_step_is_not_found() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    workspace.say(&["--workspace", "nowhere", "runs"]).exits(3).complains_about(&["nowhere"]);
    workspace.say(&["serve", "--workspace", "nowhere"]).exits(3).complains_about(&["nowhere"]);
    workspace.say(&["run", "nothing"]).exits(3).complains_about(&["nothing"]);
    workspace.say(&["run", "workflows/nothing.yaml"]).exits(3).complains_about(&["nothing.yaml"]);
    workspace.say(&["validate", "nothing.yaml"]).exits(3).complains_about(&["nothing.yaml"]);
    workspace.say(&["show", "01980c2e"]).exits(3).complains_about(&["01980c2e"]);
    workspace.say(&["run", "fine"]).exits(0);
    let run = workspace.json(&["runs"]).exits(0).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    workspace.say(&["logs", &run, "--step", "nothing"]).exits(3).complains_about(&["nothing"]);
}

#[test]
fn outside_of_any_workspace_the_message_says_how_to_make_one() {
    let workspace = Workspace::new(&[]);
    let mut command = workspace.command(&["runs"]);
    command.current_dir(workspace.root().parent().unwrap().join("home"));
    let ran = loomwork_tests::Ran::from(command.output().unwrap()).exits(3);
    ran.complains_about(&["loomwork init"]);
}

#[test]
fn inputs_that_do_not_fit_are_all_named_and_make_no_run() {
    let asks = "loomwork: 1\nid: asks\ninputs:\n  count: { type: integer, required: true }\n  mode: { type: string, enum: [fast, safe], default: safe }\nsteps:\n  - { id: one, set: { a: \"${{ inputs.count }}\" } }\n";
    let workspace = Workspace::new(&[("asks", asks)]);
    workspace.say(&["run", "asks"]).exits(2).complains_about(&["count"]);
    workspace
        .say(&["run", "asks", "--input", "count=many", "--input", "mode=slow", "--input", "other=1"])
        .exits(2)
        .complains_about(&["count", "mode", "other"]);
    workspace.say(&["run", "asks", "--input", "count"]).exits(2).complains_about(&["NAME=VALUE"]);
    assert_eq!(workspace.json(&["runs"]).exits(0).json()["runs"].as_array().unwrap().len(), 0);
    let run = workspace.json(&["run", "asks", "--input", "count=3"]).exits(0).json();
    assert_eq!(run["inputs"], serde_json::json!({"count": 3, "mode": "safe"}));
}

#[test]
fn a_port_in_use_is_said_and_the_workspace_stays_free() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    workspace.say(&["serve", "--listen", &address]).exits(5).complains_about(&[&address, "in use"]);
    assert!(!workspace.path(".loomwork/owner.json").exists(), "no engine was started for it");
    workspace.say(&["run", "fine"]).exits(0);
}

#[test]
fn an_address_that_others_could_reach_is_refused() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    workspace.say(&["serve", "--listen", "0.0.0.0:0"]).exits(2).complains_about(&["0.0.0.0", "127.0.0.1"]);
}

#[test]
fn a_lock_whose_holder_does_not_answer_is_named_instead_of_broken() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    workspace.say(&["run", "fine"]).exits(0);
    // Somebody who holds the lock and is no Loomwork: an old backup program, a stopped engine.
    let mut holder = std::process::Command::new("flock")
        .arg(workspace.path(".loomwork/owner.lock"))
        .args(["bash", "-c", "echo held; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().unwrap()), &mut said).unwrap();
    assert_eq!(said, "held\n");
    let refused = workspace.say(&["run", "fine"]).exits(5);
    refused.complains_about(&["locked"]);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    workspace.say(&["run", "fine"]).exits(0);
    assert_eq!(workspace.lines("effects"), ["one", "one"]);
}

#[test]
fn a_state_folder_that_cannot_be_written_is_named_and_nothing_runs() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    // A file in the place of the folder stands for every reason (the tests may run as root, whom permissions do not stop).
    workspace.write(".loomwork", "not a folder");
    workspace.say(&["run", "fine"]).exits(5).complains_about(&[".loomwork"]);
    workspace.say(&["serve"]).exits(5).complains_about(&[".loomwork"]);
    assert_eq!(fs::read_to_string(workspace.path(".loomwork")).unwrap(), "not a folder");
    assert!(workspace.lines("effects").is_empty());
}

#[test]
fn a_database_that_is_none_is_left_alone_and_said() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    let text = "This is no database, but it may be somebody's only copy of something.\n".repeat(200);
    workspace.write(".loomwork/journal.db", &text);
    workspace.say(&["run", "fine"]).exits(5).complains_about(&["journal"]);
    workspace.say(&["runs"]).exits(5).complains_about(&["journal"]);
    assert_eq!(fs::read_to_string(workspace.path(".loomwork/journal.db")).unwrap(), text);
    assert!(workspace.lines("effects").is_empty());
}

#[test]
fn a_database_that_cannot_be_opened_is_said_with_its_path() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    fs::create_dir_all(workspace.path(".loomwork/journal.db")).unwrap();
    workspace.say(&["run", "fine"]).exits(5).complains_about(&["journal.db"]);
    assert!(workspace.lines("effects").is_empty());
}

#[test]
fn what_cannot_be_done_in_a_state_is_refused_with_the_state() {
    let workspace = Workspace::new(&[("fine", FINE)]);
    let run = workspace.json(&["run", "fine"]).exits(0).json()["id"].as_str().unwrap().to_owned();
    workspace.say(&["retry", &run]).exits(4).complains_about(&["succeeded"]);
    workspace.say(&["cancel", &run]).exits(4).complains_about(&["succeeded"]);
    workspace.say(&["retry", &run, "--step", "nothing"]).complains_about(&["nothing"]);
    workspace.say(&["retry", &run, "--step", "one", "--set", "{not json"]).exits(2).complains_about(&["--set"]);
    assert_eq!(workspace.lines("effects"), ["one"]);
}
