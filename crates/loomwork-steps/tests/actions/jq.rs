//! Programs in jq.

use std::time::Duration;

use loomwork_engine::Performer;
use loomwork_run::{AttemptOutcome, ErrorClass};
use serde_json::json;

use crate::setting::{Setting, error};

#[test]
fn a_program_works_on_its_input() {
    let input = json!({"program": "map(.n) | add", "input": [{"n": 3}, {"n": 4}]});
    assert_eq!(Setting::new().output("jq", input), json!(7));
}

#[test]
fn a_program_that_takes_too_long_is_stopped() {
    let setting = Setting::new();
    let input = json!({"program": "def f: f; f", "input": null});
    let error = error(setting.start("jq", input, Some(Duration::from_millis(50))).report());
    assert_eq!(error.class, ErrorClass::Timeout);
}

#[test]
fn a_program_can_be_cancelled() {
    let setting = Setting::new();
    let underway = setting.start("jq", json!({"program": "def f: f; f"}), None);
    setting.actions.cancel(&underway.key);
    assert_eq!(underway.report().outcome, AttemptOutcome::Cancelled);
}

#[test]
fn a_misfit_of_the_input_is_named() {
    let setting = Setting::new();
    assert!(setting.error("jq", json!({"input": 1})).message.contains("`program`"));
    assert!(setting.error("jq", json!({"program": ".", "inptu": 1})).message.contains("`inptu`"));
}
