//! Secrets on their way into attempts, and kept out of everything that comes back.

use loomwork_run::ErrorClass;
use serde_json::json;

use crate::server::Server;
use crate::setting::{Setting, error, output};

const TOKEN: &str = "tok-1234-secret";

#[test]
fn a_script_gets_the_value_and_neither_log_nor_output_shows_it() {
    let setting = Setting::new();
    setting.secrets(&json!({"TOKEN": TOKEN}));
    let script =
        "printf 'is tok-12'; sleep 0.05; printf '34-secret!\\n'; echo \"<$TOKEN>\" >&2; test \"$TOKEN\" = tok-1234-secret";
    let underway = setting.start("run", json!({"run": script, "env": {"TOKEN": {"$secret": "TOKEN"}}}), None);
    let key = underway.key.clone();
    assert_eq!(output(underway.report()), json!({"exit_code": 0, "stdout": "is •••!\n", "stderr_tail": "<•••>\n"}));
    let mut log = setting.log(&key);
    log.sort();
    assert_eq!(log, ["<•••>", "is •••!"]);
}

#[test]
fn an_output_file_and_an_error_do_not_show_a_value() {
    let setting = Setting::new();
    setting.secrets(&json!({"TOKEN": TOKEN}));
    let env = json!({"TOKEN": {"$secret_text": ["Bearer ", {"$secret": "TOKEN"}]}});
    let script = "printf '{\"auth\": \"%s\"}' \"$TOKEN\" > \"$LOOMWORK_OUTPUT\"";
    assert_eq!(setting.output("run", json!({"run": script, "env": env})), json!({"auth": "Bearer •••"}));
    let error = setting.error("run", json!({"run": "echo \"bad $TOKEN\" >&2; exit 3", "env": env}));
    assert_eq!(error.message, "exited with code 3: bad Bearer •••");
    assert!(!error.details.to_string().contains(TOKEN));
    let broken = setting.error("run", json!({"run": "echo \"{$TOKEN\" > \"$LOOMWORK_OUTPUT\"", "env": env}));
    assert!(!format!("{broken:?}").contains(TOKEN), "{broken:?}");
}

#[test]
fn a_missing_secret_fails_before_anything_starts() {
    let setting = Setting::new();
    let error = setting.error("run", json!({"run": "touch started", "env": {"A": {"$secret": "ABSENT"}}}));
    assert_eq!(error.class, ErrorClass::Security);
    assert!(error.message.contains("`ABSENT`"), "{}", error.message);
    assert!(!setting.path().join("started").exists());
}

#[test]
fn a_request_carries_secrets_and_its_answer_does_not_show_them() {
    let setting = Setting::new();
    setting.secrets(&json!({"TOKEN": TOKEN}));
    let server = Server::new(|request| {
        let body = serde_json::to_vec(&json!({"seen": request})).unwrap();
        Some(crate::server::response("200 OK", &format!("content-type: application/json\r\nx-echo: {TOKEN}\r\n"), &body))
    });
    let bearer = json!({"$secret_text": ["Bearer ", {"$secret": "TOKEN"}]});
    let input = json!({"url": server.url("/"), "method": "POST", "headers": {"x-key": bearer}, "json": {"t": {"$secret": "TOKEN"}},
        "auth": {"basic": {"user": "me", "password": {"$secret": "TOKEN"}}}});
    let underway = setting.start("http", input, None);
    let key = underway.key.clone();
    let output = output(underway.report());
    let request = &server.requests()[0];
    assert!(
        request.contains(&format!("x-key: Bearer {TOKEN}")) && request.contains(&format!("{{\"t\":\"{TOKEN}\"}}")),
        "{request}"
    );
    let text = output.to_string();
    assert!(text.contains("Bearer •••") && text.contains("\"x-echo\":\"•••\"") && text.contains("Basic •••"), "{text}");
    assert!(!text.contains(TOKEN) && !setting.log(&key).concat().contains(TOKEN));
}

#[test]
fn nothing_but_the_places_for_secrets_asks_for_one() {
    let setting = Setting::new();
    setting.secrets(&json!({"TOKEN": TOKEN}));
    let output = setting.output("jq", json!({"program": ".", "input": {"$secret": "TOKEN"}}));
    assert_eq!(output, json!({"$secret": "TOKEN"}));
    let refused = setting.start("http", json!({"url": {"$secret": "TOKEN"}}), None);
    assert_eq!(error(refused.report()).class, ErrorClass::Validation);
}
