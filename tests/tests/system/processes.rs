//! Scripts that misbehave, and files that vanish, while the whole system runs.

use std::{fs, process::Stdio};

use loomwork_tests::{Workspace, wait_until};
use serde_json::Value;

#[test]
fn a_workflow_deleted_while_its_run_is_under_way_is_gone_and_its_run_goes_on_and_can_be_retried() {
    let text = "loomwork: 1\nid: vanishing\nsteps:\n  - id: wait\n    run: |\n      echo up >> effects\n      for i in $(seq 3000); do [ -e go ] && break; sleep 0.02; done\n  \
                - { id: after, needs: [wait], run: \"echo after >> effects; [ -e mended ]\" }\n";
    let workspace = Workspace::new(&[("vanishing", text)]);
    let owner = workspace.serve();
    let run = workspace.start("vanishing");
    workspace.wait_for_line("effects", "up");
    fs::remove_file(workspace.path("workflows/vanishing.yaml")).unwrap();
    workspace.say(&["run", "vanishing"]).exits(3).complains_about(&["vanishing"]);
    workspace.open_gate("go");
    workspace.ends(&run, "failed");
    workspace.open_gate("mended");
    workspace.json(&["retry", &run]).exits(0);
    workspace.ends(&run, "succeeded");
    assert_eq!(workspace.lines("effects"), ["up", "after", "after"]);
    owner.kill();
    // Nor does reopening need the file.
    let owner = workspace.serve();
    assert_eq!(workspace.show(&run).status(), "succeeded");
    owner.stop();
    workspace.journal().assert_whole();
}

#[test]
fn a_flood_of_100_mb_holds_nothing_up_and_is_kept_whole_in_the_log() {
    let text = "loomwork: 1\nid: flood\nsteps:\n  - { id: flood, run: \"head -c 100000000 /dev/zero | tr '\\\\0' x | fold -w 999; echo; echo the end\" }\n  \
                - { id: size, run: echo $SIZE, env: { SIZE: \"${{ size(steps.flood.output.stdout) }}\" } }\n";
    let workspace = Workspace::new(&[("flood", text)]);
    let owner = workspace.serve();
    let run = workspace.start("flood");
    // While it floods, others are answered.
    assert!(["running", "succeeded"].contains(&workspace.show(&run).status()));
    let ended = workspace.ends(&run, "succeeded");
    let output = &ended.step("flood")["output"];
    assert!(output["$blob"].is_string(), "{}", output.to_string().chars().take(300).collect::<String>());
    assert_eq!(ended.step("size")["output"]["stdout"], format!("{}\n", 16 * 1024 * 1024));
    let seal = ended_log_bytes(&workspace, &run);
    assert!(seal > 100_000_000, "the log has {seal} bytes");
    let logs = workspace.command(&["logs", &run, "--step", "flood"]).stdout(Stdio::piped()).output().unwrap();
    let last = logs.stdout.rsplit(|byte| *byte == b'\n').find(|line| !line.is_empty()).unwrap();
    assert!(last.ends_with(b"the end"), "{:?}", String::from_utf8_lossy(last));
    owner.stop();
    workspace.journal().assert_whole();
}

fn ended_log_bytes(workspace: &Workspace, run: &str) -> u64 {
    let events = workspace.json(&["events", run]).exits(0).json_lines();
    let ended = events.iter().find(|event| event["kind"] == "attempt_succeeded" && event["step"] == "flood").unwrap();
    ended["data"]["log"]["bytes"].as_u64().unwrap()
}

#[test]
fn cancelling_ends_a_script_that_ignores_sigterm_with_children_in_sessions_of_their_own() {
    let text = "loomwork: 1\nid: stubborn\nsteps:\n  - id: hold\n    run: |\n      trap '' TERM HUP INT\n      echo $$ >> pids\n      \
                setsid bash -c 'trap \"\" TERM HUP INT; echo $$ >> pids; while :; do sleep 0.1; done' &\n      \
                until [ $(wc -l < pids) = 2 ]; do sleep 0.02; done; echo up >> effects\n      while :; do sleep 0.1; done\n  - { id: after, needs: [hold], run: echo after >> effects }\n";
    let workspace = Workspace::new(&[("stubborn", text)]);
    let owner = workspace.serve();
    let run = workspace.start("stubborn");
    workspace.wait_for_line("effects", "up");
    workspace.json(&["cancel", &run, "--reason", "it hangs"]).exits(0);
    let ended = workspace.ends(&run, "cancelled");
    assert_eq!((ended.attempts("hold"), ended.step_status("after")), (vec!["cancelled"], "cancelled"));
    wait_until("the end of the family", || workspace.lines("pids").iter().all(|pid| has_ended(pid)));
    assert_eq!(workspace.lines("effects"), ["up"]);
    owner.stop();
    workspace.journal().assert_whole();
}

fn has_ended(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn binary_output_and_invalid_utf8_reach_people_as_text_and_the_next_step_as_a_value() {
    let text = "loomwork: 1\nid: bytes\nsteps:\n  - { id: make, run: \"printf 'caf\\\\351 \\\\000\\\\377 end\\\\n'; head -c 4096 /dev/urandom >&2\" }\n  \
                - { id: read, needs: [make], set: { seen: \"${{ steps.make.output.stdout }}\" } }\n";
    let workspace = Workspace::new(&[("bytes", text)]);
    let run = workspace.json(&["run", "bytes"]).exits(0).json();
    let wanted = "caf\u{fffd} \0\u{fffd} end\n";
    assert_eq!(run["steps"][0]["output"]["stdout"], wanted);
    assert_eq!(run["steps"][1]["output"]["seen"], wanted);
    let id = run["id"].as_str().unwrap();
    let lines = workspace.json(&["logs", id]).exits(0).json_lines();
    assert!(lines.iter().any(|line| line["stream"] == "stdout" && line["text"] == wanted.trim_end_matches('\n')));
    // For a terminal too it is text, without what could steer the terminal.
    let said = workspace.say(&["show", id]).exits(0);
    assert!(!said.out.contains('\0'), "{:?}", said.out);
    workspace.journal().assert_whole();
}

#[test]
fn the_value_that_a_system_refuses_as_an_environment_fails_its_step_alone() {
    let text = "loomwork: 1\nid: nul\nsteps:\n  - { id: make, run: \"printf 'a\\\\000b'\" }\n  - { id: take, run: echo never >> effects, env: { V: \"${{ steps.make.output.stdout }}\" } }\n  \
                - { id: other, run: echo other >> effects }\n";
    let workspace = Workspace::new(&[("nul", text)]);
    let run = workspace.json(&["run", "nul"]).exits(1).json();
    assert_eq!((&run["status"], &run["error"]["step"]), (&Value::from("failed"), &Value::from("take")));
    assert!(!run["error"]["message"].as_str().unwrap().is_empty());
    assert_eq!(workspace.lines("effects"), ["other"]);
    workspace.journal().assert_whole();
}

#[test]
fn a_run_that_is_told_to_end_while_it_waits_says_that_nothing_has_failed() {
    let text = "loomwork: 1\nid: long\nsteps:\n  - id: long\n    run: echo up >> effects; sleep 60\n";
    let workspace = Workspace::new(&[("long", text)]);
    let waiting = workspace.command(&["run", "long"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    workspace.wait_for_line("effects", "up");
    let pid = rustix::process::Pid::from_raw(waiting.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!({ waiting }.wait().unwrap().code(), Some(5));
    let list = workspace.json(&["runs"]).exits(0).json();
    assert_eq!(list["runs"][0]["status"], "running", "it goes on with the next engine");
}
