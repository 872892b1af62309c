//! Programs without a shell.

use loomwork_run::ErrorClass;
use serde_json::json;

use crate::setting::Setting;

#[test]
fn arguments_reach_the_program_as_they_are() {
    let setting = Setting::new();
    let argument = "$(touch pwned) * {0} 'x'";
    let output = setting.output("command", json!({"command": ["printf", "%s|", argument, ""], "output": "text"}));
    assert_eq!(output, json!(format!("{argument}||")));
    assert!(!setting.path().join("pwned").exists());
}

#[test]
fn a_command_takes_an_environment_a_folder_and_standard_input() {
    let setting = Setting::new();
    std::fs::create_dir(setting.path().join("sub")).unwrap();
    let input = json!({"command": ["sh", "-c", "pwd -P; echo $A; cat"], "env": {"A": "x"}, "workdir": "sub", "stdin": "in", "output": "lines"});
    assert_eq!(setting.output("command", input), json!([setting.path().join("sub").to_str().unwrap(), "x", "in"]));
}

#[test]
fn a_command_hands_on_what_it_writes_to_its_output_file() {
    let setting = Setting::new();
    let input = json!({"command": ["sh", "-c", "echo '{\"a\": 1}' > \"$LOOMWORK_OUTPUT\""]});
    assert_eq!(setting.output("command", input), json!({"a": 1}));
}

#[test]
fn a_program_that_is_not_there_is_a_missing_dependency() {
    let setting = Setting::new();
    for name in ["no-such-program-at-all", "./no-such-program"] {
        let error = setting.error("command", json!({"command": [name, "x"]}));
        assert_eq!(error.class, ErrorClass::Dependency, "{name}");
        assert!(error.message.contains("not found") && !error.message.contains("shell"), "{}", error.message);
    }
}

#[test]
fn a_command_that_is_no_list_of_texts_is_refused() {
    let setting = Setting::new();
    for command in [json!([]), json!("ls"), json!(["a", 1]), json!([""]), json!(["a\u{0}"])] {
        assert_eq!(setting.error("command", json!({"command": command})).class, ErrorClass::Validation);
    }
}
