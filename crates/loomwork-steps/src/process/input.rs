//! The resolved input of an attempt, read and checked.
//!
//! Invariant: a person can edit a resolved input before a retry, so everything in it is checked here, and each problem names
//! its field and how to mend it.

use std::ffi::OsString;

use loomwork_run::{ErrorClass, RunError};
use serde_json::{Map, Value};

/// What the system takes as one environment entry, `NAME=value` with its closing zero (Linux: 32 pages).
const MAX_ENTRY_BYTES: usize = 128 * 1024;

/// What to run and how.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunInput {
    pub(super) program: Program,
    pub(super) env: Vec<(String, OsString)>,
    pub(super) workdir: Option<String>,
    pub(super) stdin: Option<String>,
    pub(super) output: Option<OutputAs>,
}

/// What a process executes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Program {
    /// A script and the words that run it; `{0}` in them stands for the path of the script.
    Script { script: String, shell: Vec<String> },
    /// A program and its arguments, without a shell.
    Argv { words: Vec<String> },
}

impl Program {
    pub(super) fn script(&self) -> Option<&str> {
        match self {
            Self::Script { script, .. } => Some(script),
            Self::Argv { .. } => None,
        }
    }

    /// The program and its arguments. There is always a program: an input without one is refused.
    pub(super) fn argv(&self) -> (&str, &[String]) {
        let (Self::Script { shell: words, .. } | Self::Argv { words }) = self;
        words.split_first().map_or(("", &[]), |(program, arguments)| (program, arguments))
    }
}

/// How standard output becomes the step's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputAs {
    Text,
    Lines,
    Json,
}

/// A `validation` error.
pub(super) fn invalid(message: impl Into<String>) -> RunError {
    RunError::new(ErrorClass::Validation, message)
}

impl RunInput {
    pub(super) fn parse(action: &str, input: &Value) -> Result<Self, RunError> {
        let Value::Object(fields) = input else {
            return Err(invalid(format!("the input of a `{action}` step must be an object")));
        };
        let known: &[&str] = match action {
            "run" => &["run", "shell", "env", "workdir", "stdin", "output"],
            "command" => &["command", "env", "workdir", "stdin", "output"],
            other => {
                let message = format!("the action `{other}` is not performed by processes");
                return Err(RunError::new(ErrorClass::Unknown, message));
            }
        };
        if let Some(unknown) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(invalid(format!("a `{action}` step has no input `{unknown}`; it has {}", known.join(", "))));
        }
        Ok(Self {
            program: if action == "command" { Program::Argv { words: command(fields)? } } else { script(fields)? },
            env: environment(fields)?,
            workdir: text(fields, "workdir")?,
            stdin: text(fields, "stdin")?,
            output: output(fields)?,
        })
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<Option<String>, RunError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(invalid(format!("the input `{key}` must be text, not {}", kind(other)))),
    }
}

fn script(fields: &Map<String, Value>) -> Result<Program, RunError> {
    let script = text(fields, "run")?.ok_or_else(|| invalid("the input `run`, the script, is missing"))?;
    Ok(Program::Script { script, shell: shell(fields)? })
}

fn command(fields: &Map<String, Value>) -> Result<Vec<String>, RunError> {
    let wrong =
        || invalid("the input `command` must be a list of texts that begins with a program, for example [\"git\", \"status\"]");
    let words = fields.get("command").and_then(Value::as_array).ok_or_else(wrong)?;
    let argv: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if argv.len() != words.len() || argv.first().is_none_or(String::is_empty) {
        return Err(wrong());
    }
    if argv.iter().any(|word| word.contains('\0')) {
        return Err(invalid("the input `command` contains a NUL character, which no program can be given"));
    }
    Ok(argv)
}

fn shell(fields: &Map<String, Value>) -> Result<Vec<String>, RunError> {
    let wrong = || invalid("the input `shell` must be a list of texts, for example [\"bash\", \"-e\", \"{0}\"]");
    let Some(shell) = fields.get("shell").filter(|shell| !shell.is_null()) else {
        return Ok(["bash", "-e", "{0}"].map(str::to_owned).to_vec());
    };
    let words = shell.as_array().ok_or_else(wrong)?;
    let argv: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if argv.len() != words.len() || argv.first().is_none_or(String::is_empty) {
        return Err(wrong());
    }
    if argv.iter().any(|word| word.contains('\0')) {
        return Err(invalid("the input `shell` contains a NUL character, which no program can be given"));
    }
    if !argv[1..].iter().any(|word| word.contains("{0}")) {
        return Err(invalid("the input `shell` must contain `{0}` after the program: the place of the script's path"));
    }
    Ok(argv)
}

fn environment(fields: &Map<String, Value>) -> Result<Vec<(String, OsString)>, RunError> {
    let entries = match fields.get("env") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(entries)) => entries,
        Some(other) => return Err(invalid(format!("the input `env` must be a map, not {}", kind(other)))),
    };
    entries.iter().map(|(name, value)| entry(name, value)).collect()
}

fn entry(name: &str, value: &Value) -> Result<(String, OsString), RunError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(invalid(format!("{name:?} cannot be the name of an environment variable")));
    }
    let value = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if value.contains('\0') {
        return Err(invalid(format!(
            "the value of the environment variable `{name}` contains a NUL character, which no process can be given; \
             write it to a file or pass it as `stdin`"
        )));
    }
    let bytes = name.len() + value.len() + 2;
    if bytes > MAX_ENTRY_BYTES {
        return Err(invalid(format!(
            "the value of the environment variable `{name}` has {} bytes; the system takes at most {MAX_ENTRY_BYTES}, \
             name included. Pass it as `stdin`, or through a file",
            value.len()
        )));
    }
    Ok((name.to_owned(), value.into()))
}

fn output(fields: &Map<String, Value>) -> Result<Option<OutputAs>, RunError> {
    match text(fields, "output")?.as_deref() {
        None => Ok(None),
        Some("text") => Ok(Some(OutputAs::Text)),
        Some("lines") => Ok(Some(OutputAs::Lines)),
        Some("json") => Ok(Some(OutputAs::Json)),
        Some(other) => Err(invalid(format!("the input `output` must be text, lines or json, not `{other}`"))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(input: Value) -> String {
        let error = RunInput::parse("run", &input).unwrap_err();
        assert_eq!(error.class, ErrorClass::Validation);
        error.message
    }

    #[test]
    fn a_script_alone_runs_in_bash_that_stops_at_the_first_failure() {
        let input = RunInput::parse("run", &json!({"run": "true"})).unwrap();
        assert_eq!(input.program.argv(), ("bash", &["-e".to_owned(), "{0}".to_owned()][..]));
        assert_eq!((input.env, input.workdir, input.stdin, input.output), (vec![], None, None, None));
    }

    #[test]
    fn values_of_the_environment_that_are_no_text_are_written_as_json() {
        let input = RunInput::parse("run", &json!({"run": "", "env": {"A": "x", "B": 1, "C": [true], "D": null}})).unwrap();
        let env: Vec<_> = input.env.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(env, [("A", "x"), ("B", "1"), ("C", "[true]"), ("D", "null")]);
    }

    #[test]
    fn what_cannot_be_an_environment_is_refused_with_the_name_of_the_variable() {
        assert!(refused(json!({"run": "", "env": {"NOTE": "a\u{0}b"}})).contains("`NOTE` contains a NUL"));
        assert!(refused(json!({"run": "", "env": {"BIG": "x".repeat(200_000)}})).contains("`BIG` has 200000 bytes"));
        assert!(refused(json!({"run": "", "env": {"A=B": "x"}})).contains("\"A=B\""));
        assert!(refused(json!({"run": "", "env": ["x"]})).contains("a list"));
    }

    #[test]
    fn every_other_misfit_names_its_field() {
        assert!(refused(json!([])).contains("object"));
        assert!(refused(json!({})).contains("`run`"));
        assert!(refused(json!({"run": 1})).contains("`run` must be text, not a number"));
        assert!(refused(json!({"run": "", "wrokdir": "x"})).contains("no input `wrokdir`"));
        assert!(refused(json!({"run": "", "shell": "bash"})).contains("`shell`"));
        assert!(refused(json!({"run": "", "shell": []})).contains("`shell`"));
        assert!(refused(json!({"run": "", "shell": ["bash"]})).contains("`{0}`"));
        assert!(refused(json!({"run": "", "output": "yaml"})).contains("not `yaml`"));
    }
}
