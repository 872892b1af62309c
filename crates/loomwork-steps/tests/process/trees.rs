//! The end of processes: time-outs, cancelling, children that try to stay.

use std::process::Command;
use std::time::Duration;

use crate::setting::{Setting, error, is_alive, wait_until};
use loomwork_engine::Performer;
use loomwork_run::{AttemptOutcome, ErrorClass};
use loomwork_steps::{ENGINE_MARK, end_orphans};
use serde_json::json;

/// A script with children of every kind that writes the ids of its four processes to `pids`, and then waits.
const FAMILY: &str = "
echo $$ >> pids
sleep 600 & echo $! >> pids
setsid bash -c 'echo $$ >> pids; exec sleep 601' &
(setsid bash -c 'echo $$ >> pids; exec sleep 602' > /dev/null 2>&1 < /dev/null &)
wait";

fn assert_gone(pids: &[String]) {
    for pid in pids {
        assert!(!is_alive(pid), "process {pid} is still alive");
    }
}

#[test]
fn an_attempt_out_of_time_fails_and_takes_its_whole_family_with_it() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": FAMILY}), Some(Duration::from_secs(1)));
    let pids = setting.wait_for_lines("pids", 4);
    let error = error(underway.report());
    assert_eq!(error.class, ErrorClass::Timeout);
    assert!(error.message.contains("timeout of 1s"), "{}", error.message);
    assert_gone(&pids);
}

#[test]
fn a_cancelled_attempt_is_reported_as_cancelled_when_its_family_has_ended() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": FAMILY}), None);
    let pids = setting.wait_for_lines("pids", 4);
    setting.performer.cancel(&underway.key);
    assert_eq!(underway.report().outcome, AttemptOutcome::Cancelled);
    assert_gone(&pids);
}

#[test]
fn a_script_may_tidy_up_when_it_is_cancelled() {
    let setting = Setting::new();
    let script = "trap 'echo tidied >> marks; exit 0' TERM; echo up >> marks; while :; do sleep 0.05; done";
    let underway = setting.start(json!({"run": script}), None);
    setting.wait_for_lines("marks", 1);
    setting.performer.cancel(&underway.key);
    assert_eq!(underway.report().outcome, AttemptOutcome::Cancelled);
    assert_eq!(setting.wait_for_lines("marks", 2), ["up", "tidied"]);
}

#[test]
fn a_script_that_ignores_sigterm_is_killed_after_the_grace() {
    let setting = Setting::with(|config| config.grace = Duration::from_millis(200));
    let script = "trap '' TERM; echo $$ >> pids; setsid bash -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 0.1; done' & \
                  while :; do sleep 0.1; done";
    let underway = setting.start(json!({"run": script}), None);
    let pids = setting.wait_for_lines("pids", 2);
    setting.performer.cancel(&underway.key);
    assert_eq!(underway.report().outcome, AttemptOutcome::Cancelled);
    assert_gone(&pids);
}

#[test]
fn a_stopped_process_can_be_cancelled() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": "echo $$ >> pids; kill -STOP $$"}), None);
    let pids = setting.wait_for_lines("pids", 1);
    setting.performer.cancel(&underway.key);
    assert_eq!(underway.report().outcome, AttemptOutcome::Cancelled);
    assert_gone(&pids);
}

#[test]
fn a_child_left_behind_with_the_pipes_does_not_hold_the_step_up_and_ends_with_it() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": "sleep 600 & echo $! >> pids; echo done", "output": "lines"}), None);
    let report = underway.report();
    assert_eq!(report.outcome, AttemptOutcome::Succeeded { output: json!(["done"]) });
    assert_gone(&setting.wait_for_lines("pids", 1));
}

#[test]
fn a_child_left_behind_may_still_write_for_a_moment() {
    let setting = Setting::with(|config| config.drain = Duration::from_secs(20));
    let output = setting.output(json!({"run": "(sleep 0.2; echo late) & echo early", "output": "lines"}));
    assert_eq!(output, json!(["early", "late"]));
}

#[test]
fn a_daemon_that_let_go_of_everything_is_swept_up_after_the_step() {
    let setting = Setting::new();
    let script = "setsid bash -c 'echo $$ >> pids; exec sleep 600' > /dev/null 2>&1 < /dev/null & while [ ! -s pids ]; do sleep 0.01; done";
    let report = setting.perform(json!({"run": script}));
    assert!(matches!(report.outcome, AttemptOutcome::Succeeded { .. }), "{:?}", report.outcome);
    let pids = setting.wait_for_lines("pids", 1);
    wait_until("the end of the daemon", || !is_alive(&pids[0]));
}

#[test]
fn the_sweep_after_one_attempt_leaves_the_others_alone() {
    let setting = Setting::new();
    let script = "echo $$ >> pids; setsid bash -c 'echo $$ >> pids; while [ ! -e go ]; do sleep 0.02; done; echo kept' & wait";
    let long = setting.start(json!({"run": script, "output": "lines"}), None);
    setting.wait_for_lines("pids", 2);
    let stray = "setsid bash -c 'echo $$ >> stray; exec sleep 600' > /dev/null 2>&1 & while [ ! -s stray ]; do sleep 0.01; done";
    setting.perform(json!({"run": stray}));
    let pids = setting.wait_for_lines("stray", 1);
    wait_until("the end of the stray", || !is_alive(&pids[0]));
    std::fs::write(setting.path().join("go"), "").unwrap();
    assert_eq!(long.report().outcome, AttemptOutcome::Succeeded { output: json!(["kept"]) });
}

#[test]
fn cancelling_what_is_not_under_way_does_nothing() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": "true"}), None);
    let key = underway.key.clone();
    underway.report();
    setting.performer.cancel(&key);
}

#[test]
fn what_a_dead_engine_left_running_is_ended_by_its_mark_and_nothing_else() {
    let journal = format!("orphans-{}", std::process::id());
    let script = "sleep 600 & echo $!; setsid sleep 601 & echo $!; env -u LOOMWORK_ENGINE sleep 602 & echo $!; wait";
    let engine = |mark: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("pids")).unwrap();
        let child = Command::new("bash").args(["-c", script]).env(ENGINE_MARK, mark).stdout(file).spawn().unwrap();
        let mut pids = Vec::new();
        wait_until("three children", || {
            pids = std::fs::read_to_string(folder.path().join("pids")).unwrap().lines().map(str::to_owned).collect();
            pids.len() == 3
        });
        (child, pids)
    };
    let (mut ours, our_pids) = engine(&journal);
    let (mut other, other_pids) = engine("someone-else");
    assert_eq!(end_orphans(&journal).unwrap(), 4);
    assert_gone(&our_pids);
    assert!(other_pids.iter().all(|pid| is_alive(pid)));
    ours.wait().unwrap();
    assert_eq!(end_orphans("someone-else").unwrap(), 4);
    other.wait().unwrap();
    assert_eq!(end_orphans(&journal).unwrap(), 0);
}

#[test]
fn many_attempts_at_one_time_all_report() {
    let setting = Setting::new();
    let underway: Vec<_> =
        (0..64).map(|index| setting.start(json!({"run": format!("echo {index}"), "output": "lines"}), None)).collect();
    for (index, underway) in underway.into_iter().enumerate() {
        assert_eq!(underway.report().outcome, AttemptOutcome::Succeeded { output: json!([index.to_string()]) });
    }
}
