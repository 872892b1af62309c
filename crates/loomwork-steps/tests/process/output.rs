//! What a script writes, and what becomes of it.

use crate::setting::Setting;
use loomwork_run::{AttemptOutcome, ErrorClass};
use loomwork_steps::LogBatch;
use loomwork_store::logs::{LogStream, SealCheck, StretchLimit};
use serde_json::json;

#[test]
fn a_script_without_an_output_of_its_own_gives_exit_code_stdout_and_the_end_of_stderr() {
    let setting = Setting::new();
    let output = setting.output(json!({"run": "printf out; printf err >&2"}));
    assert_eq!(output, json!({"exit_code": 0, "stdout": "out", "stderr_tail": "err"}));
}

#[test]
fn text_is_exactly_what_was_written_and_lines_have_no_empty_last_one() {
    let setting = Setting::new();
    let output = |form: &str| setting.output(json!({"run": "printf 'one\\n  two  \\n\\nfour\\n'", "output": form}));
    assert_eq!(output("text"), json!("one\n  two  \n\nfour\n"));
    assert_eq!(output("lines"), json!(["one", "  two  ", "", "four"]));
    assert_eq!(setting.output(json!({"run": "exit 0", "output": "lines"})), json!([]));
}

#[test]
fn json_is_taken_from_the_output_file_or_from_stdout_and_the_form_asked_for_wins() {
    let setting = Setting::new();
    let script = r#"printf '{"from":"file"}' > "$LOOMWORK_OUTPUT"; printf '{"from":"stdout","n":[1,{"deep":true}]}'"#;
    assert_eq!(setting.output(json!({"run": script})), json!({"from": "file"}));
    let parsed = setting.output(json!({"run": script, "output": "json"}));
    assert_eq!(parsed, json!({"from": "stdout", "n": [1, {"deep": true}]}));
}

#[test]
fn what_is_not_json_fails_as_validation_and_says_where() {
    let setting = Setting::new();
    let file = setting.error(json!({"run": "printf '{\"n\":' > \"$LOOMWORK_OUTPUT\""}));
    assert_eq!((file.class, file.details["line"].as_u64()), (ErrorClass::Validation, Some(1)));
    assert!(file.message.contains("$LOOMWORK_OUTPUT is not JSON"), "{}", file.message);
    let stdout = setting.error(json!({"run": "echo hello", "output": "json"}));
    assert_eq!(stdout.class, ErrorClass::Validation);
    assert_eq!(stdout.details["beginning"], "hello\n");
}

#[test]
fn an_output_file_that_is_no_plain_file_is_refused_instead_of_waited_for() {
    let setting = Setting::new();
    let error = setting.error(json!({"run": "mkfifo \"$LOOMWORK_OUTPUT\""}));
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(error.message.contains("not a plain file"), "{}", error.message);
}

#[test]
fn a_flood_of_100_mb_is_kept_in_the_log_and_cut_in_the_output() {
    let setting = Setting::new();
    let script = "head -c 100000000 /dev/zero | tr '\\0' x | fold -w 99; echo done >&2";
    let underway = setting.start(json!({"run": script}), None);
    let key = underway.key.clone();
    let report = underway.report();
    let AttemptOutcome::Succeeded { output } = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(output["stdout"].as_str().unwrap().len(), 16 << 20);
    assert_eq!(output["stdout_truncated"], true);
    let seal = report.log.unwrap();
    assert!(seal.bytes > 101_000_000);
    assert_eq!(setting.performer.logs().verify(&key.run, &key.step, 1, &seal).unwrap(), SealCheck::Intact);
    let mut reader = setting.performer.logs().read(&key.run, &key.step, 1).unwrap().unwrap();
    let stretch = reader.read(StretchLimit::lines(10), true).unwrap();
    assert_eq!(stretch.omitted + 10, 1_010_102 + 1);
    assert_eq!(setting.log(&key, LogStream::Stderr), ["done"]);
}

#[test]
fn a_form_that_would_lose_the_rest_of_a_flood_fails_instead() {
    let setting = Setting::new();
    let error = setting.error(json!({"run": "head -c 20000000 /dev/zero", "output": "text"}));
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(error.message.contains("larger than 16 MiB"), "{}", error.message);
}

#[test]
fn binary_output_and_invalid_utf8_are_replaced_in_values_and_whole_in_the_log() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": "printf 'a\\xff\\x00b\\n'; printf '\\xc3\\x28\\n' >&2"}), None);
    let key = underway.key.clone();
    let report = underway.report();
    let AttemptOutcome::Succeeded { output } = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(output["stdout"], "a\u{FFFD}\0b\n");
    assert_eq!(output["stderr_tail"], "\u{FFFD}(\n");
    let raw = std::fs::read(setting.performer.logs().path(&key.run, &key.step, 1)).unwrap();
    assert!(raw.windows(5).any(|window| window == b"a\xff\x00b\n"));
}

#[test]
fn a_script_that_writes_nothing_leaves_no_log_and_no_private_files() {
    let setting = Setting::new();
    let report = setting.perform(json!({"run": "true"}));
    assert_eq!(report.log, None);
    assert!(!setting.path().join(".loomwork/logs").exists());
    assert_eq!(std::fs::read_dir(setting.path().join(".loomwork/tmp")).unwrap().count(), 0);
}

#[test]
fn nothing_is_left_of_the_private_files_of_a_script_however_it_ends() {
    let setting = Setting::new();
    let left = || std::fs::read_dir(setting.path().join(".loomwork/tmp")).unwrap().count();
    let writes = "echo 1 > \"$LOOMWORK_OUTPUT\"";
    for (script, output) in [(writes.to_owned(), None), (writes.to_owned(), Some("text")), (format!("{writes}; exit 1"), None)] {
        let _ = setting.perform(json!({"run": script, "output": output}));
        assert_eq!(left(), 0, "{script}, {output:?}");
    }
    let _ = setting.perform(json!({"command": ["sh", "-c", writes]}));
    assert_eq!(left(), 0);
}

#[test]
fn both_streams_stand_in_the_log_in_their_order() {
    let setting = Setting::new();
    let underway = setting.start(json!({"run": "for i in 1 2 3; do echo out $i; echo err $i >&2; done"}), None);
    let key = underway.key.clone();
    underway.report();
    assert_eq!(setting.log(&key, LogStream::Stdout), ["out 1", "out 2", "out 3"]);
    assert_eq!(setting.log(&key, LogStream::Stderr), ["err 1", "err 2", "err 3"]);
}

#[tokio::test]
async fn lines_reach_a_watcher_while_the_script_is_running() {
    let setting = Setting::new();
    let mut watch = setting.performer.hub().watch("run");
    let script = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo went";
    let underway = setting.start(json!({"run": script}), None);
    let texts = |batch: LogBatch| batch.lines.into_iter().map(|line| line.line.text).collect::<Vec<_>>();
    watch.changed().await;
    assert_eq!(texts(watch.take(StretchLimit::lines(10))), ["ready"]);
    std::fs::write(setting.path().join("go"), "").unwrap();
    let mut rest = Vec::new();
    while rest.is_empty() {
        watch.changed().await;
        rest = texts(watch.take(StretchLimit::lines(10)));
    }
    assert_eq!(rest, ["went"]);
    underway.report();
}

#[test]
fn a_watcher_that_never_reads_does_not_hold_a_script_up() {
    let setting = Setting::new();
    let _watch = setting.performer.hub().watch("run");
    assert_eq!(setting.output(json!({"run": "seq 200000 | tail -n 1 | tee /dev/stderr"}))["stdout"], "200000\n");
}

#[test]
fn output_that_cannot_be_kept_fails_the_step() {
    let setting = Setting::new();
    std::fs::write(setting.path().join(".loomwork/logs"), "in the way").unwrap();
    let error = setting.error(json!({"run": "echo hello; sleep 60"}));
    assert!(error.message.contains("its output could not be kept"), "{}", error.message);
}
