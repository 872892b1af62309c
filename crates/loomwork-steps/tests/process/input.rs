//! What a script is given.

use crate::setting::{Setting, error};
use loomwork_run::{AttemptOutcome, ErrorClass};
use serde_json::json;

#[test]
fn a_script_runs_in_the_workspace_or_the_folder_asked_for() {
    let setting = Setting::new();
    std::fs::create_dir(setting.path().join("sub")).unwrap();
    assert_eq!(setting.stdout("pwd -P").trim(), setting.path().to_str().unwrap());
    let output = setting.output(json!({"run": "pwd -P", "workdir": "sub", "output": "lines"}));
    assert_eq!(output, json!([setting.path().join("sub").to_str().unwrap()]));
    let error = setting.error(json!({"run": "true", "workdir": "../.."}));
    assert_eq!(error.class, ErrorClass::Security);
}

#[test]
fn values_of_the_environment_are_data_and_not_code() {
    let setting = Setting::new();
    let value = "$(touch pwned) `touch pwned`; touch pwned 'x' \"y\"\n\\ ünï 😀";
    let input = json!({"run": "printf %s \"$VALUE\"", "env": {"VALUE": value}, "output": "text"});
    assert_eq!(setting.output(input), json!(value));
    assert!(!setting.path().join("pwned").exists());
}

#[test]
fn a_script_knows_its_run_step_attempt_and_idempotency_key() {
    let setting = Setting::new();
    let script = "echo $LOOMWORK_RUN_ID $LOOMWORK_ATTEMPT $LOOMWORK_IDEMPOTENCY_KEY $LOOMWORK_ENGINE; echo $LOOMWORK_STEP";
    let underway = setting.start(json!({"run": script, "output": "lines", "env": {"LOOMWORK_STEP": "forged"}}), None);
    let step = underway.key.step.clone();
    let AttemptOutcome::Succeeded { output } = underway.report().outcome else { panic!() };
    assert_eq!(output, json!([format!("run 1 idem {}", setting.journal), step]));
}

#[test]
fn standard_input_is_the_text_given_or_empty() {
    let setting = Setting::new();
    assert_eq!(setting.stdout("cat"), "");
    let large = "0123456789".repeat(300_000);
    let input = json!({"run": "cat | wc -c", "stdin": large, "output": "text"});
    assert_eq!(setting.output(input).as_str().unwrap().trim(), "3000000");
    let unread = json!({"run": "head -c 3", "stdin": large, "output": "text"});
    assert_eq!(setting.output(unread), json!("012"));
}

#[test]
fn another_shell_gets_the_path_of_the_script_in_its_place() {
    let setting = Setting::new();
    let output = setting.output(json!({"run": "1 + 1\n", "shell": ["sh", "-c", "cat \"$0\"", "{0}"], "output": "text"}));
    assert_eq!(output, json!("1 + 1\n"));
}

#[test]
fn a_missing_shell_and_a_missing_command_are_missing_dependencies() {
    let setting = Setting::new();
    let shell = setting.error(json!({"run": "true", "shell": ["no-such-shell", "{0}"]}));
    assert_eq!(shell.class, ErrorClass::Dependency);
    assert!(shell.message.contains("`no-such-shell` was not found"), "{}", shell.message);
    let command = setting.error(json!({"run": "no-such-command"}));
    assert_eq!(command.class, ErrorClass::Dependency);
    assert_eq!(command.message, "exited with code 127: script: line 1: no-such-command: command not found");
}

#[test]
fn an_environment_that_the_system_refuses_is_a_validation_error() {
    let setting = Setting::new();
    let nul = setting.error(json!({"run": "true", "env": {"BAD": "a\u{0}b"}}));
    assert_eq!(nul.class, ErrorClass::Validation);
    let many: serde_json::Map<_, _> = (0..200).map(|index| (format!("V{index}"), json!("x".repeat(100_000)))).collect();
    let large = setting.error(json!({"run": "true", "env": many}));
    assert_eq!(large.class, ErrorClass::Validation);
    assert!(large.message.contains("environment is larger"), "{}", large.message);
}

#[test]
fn exit_codes_and_signals_have_their_class_and_a_message_for_people() {
    let setting = Setting::new();
    let classes = [
        ("exit 1", ErrorClass::Permanent, "exited with code 1"),
        ("exit 75", ErrorClass::Transient, "exited with code 75"),
        ("echo nope >&2; echo >&2; exit 3", ErrorClass::Permanent, "exited with code 3: nope"),
        ("kill -SEGV $$", ErrorClass::Permanent, "killed by SIGSEGV"),
        ("kill -KILL $$", ErrorClass::Resource, "killed by SIGKILL"),
    ];
    for (script, class, message) in classes {
        let error = setting.error(json!({"run": script}));
        assert_eq!((error.class, error.message.as_str()), (class, message), "{script}");
    }
    let details = setting.error(json!({"run": "echo why >&2; exit 3"})).details;
    assert_eq!(details, json!({"exit_code": 3, "signal": null, "stderr_tail": "why\n"}));
}

#[test]
fn input_that_does_not_fit_fails_without_running_anything() {
    let setting = Setting::new();
    let error = setting.error(json!({"run": "touch ran", "shell": "bash"}));
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(!setting.path().join("ran").exists());
}

#[test]
fn processor_time_is_that_of_the_process_and_its_children() {
    let setting = Setting::new();
    let script = "bash -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'";
    let usage = setting.perform(json!({"run": script})).usage.unwrap();
    assert!(usage.cpu_ms > 0);
    let large = "head -c 300000000 /dev/zero | tail -c 200000000 | wc -c";
    assert!(setting.perform(json!({"run": large})).usage.unwrap().max_rss_bytes.unwrap() > 150_000_000);
}

#[test]
fn an_action_that_is_no_script_is_refused() {
    let setting = Setting::new();
    let mut report = None;
    let (send, receive) = std::sync::mpsc::channel();
    let spec = loomwork_engine::AttemptSpec {
        key: loomwork_engine::AttemptKey { run: "r".into(), step: "s".into(), attempt: 1 },
        workflow: "w".into(),
        action: "http".into(),
        input: json!({}),
        timeout_ms: None,
        idempotency_key: String::new(),
    };
    loomwork_engine::Performer::start(&setting.performer, spec, Box::new(move |report| send.send(report).unwrap()));
    report.replace(receive.recv().unwrap());
    assert!(error(report.unwrap()).message.contains("`http`"));
}
