//! Secrets: where their values come from, and how they get into the input of an attempt.
//!
//! Invariants: a value exists only in the attempt that uses it, from the moment before it starts; values stand in the places
//! made for them only, so that no output of a step can ask for one; a missing secret fails the attempt before anything starts.

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use loomwork_run::{ErrorClass, RunError};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::redact::Redactor;

/// What an environment variable with the value of a secret begins with.
pub(crate) const VARIABLE: &str = "LOOMWORK_SECRET_";

/// The key of the place of a value: `{"$secret": NAME}`.
pub(crate) const HOLE: &str = "$secret";
/// The key of a text with such places among its parts.
const TEXT: &str = "$secret_text";

/// Why secrets cannot be read.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Others could read the file too.
    #[error("{path} can be read by other users of this machine; make it private with `chmod 600 {path}`", path = .0.display())]
    NotPrivate(PathBuf),
    /// The file cannot be read.
    #[error("{path} cannot be read: {error}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{path} must be a JSON object from names to texts: {reason}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any value.
        reason: String,
    },
}

/// Gives the values of secrets.
pub trait SecretSource: Debug + Send + Sync {
    /// The value of a secret, none when there is none.
    ///
    /// # Errors
    /// When the source cannot be read or may not be used.
    fn value(&self, name: &str) -> Result<Option<String>, SecretError>;
}

/// Secrets of a workspace: the environment variable `LOOMWORK_SECRET_<NAME>` of the engine, else a private file, read each time.
#[derive(Debug, Clone)]
pub struct WorkspaceSecrets {
    file: PathBuf,
}

impl WorkspaceSecrets {
    /// Secrets in `file`, a JSON object from names to texts; it need not exist.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    fn read(&self) -> Result<Map<String, Value>, SecretError> {
        let unreadable = |error| SecretError::Unreadable { path: self.file.clone(), error };
        let mut file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
            Err(error) => return Err(unreadable(error)),
        };
        // Of the open file, so that no other can be put in its place in between.
        if file.metadata().map_err(unreadable)?.mode() & 0o077 != 0 {
            return Err(SecretError::NotPrivate(self.file.clone()));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        serde_json::from_str(&text).map_err(|error| {
            // The message of a wrong type would quote a value.
            let reason = format!("line {}, column {}", error.line(), error.column());
            SecretError::Malformed { path: self.file.clone(), reason }
        })
    }
}

impl SecretSource for WorkspaceSecrets {
    fn value(&self, name: &str) -> Result<Option<String>, SecretError> {
        if let Some(value) = std::env::var_os(format!("{VARIABLE}{name}")).filter(|value| !value.is_empty()) {
            let reason = format!("the environment variable {VARIABLE}{name}, used instead, is no text");
            return value.into_string().map(Some).map_err(|_| SecretError::Malformed { path: self.file.clone(), reason });
        }
        match self.read()?.remove(name) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value)),
            Some(_) => {
                let reason = format!("the value of `{name}` is no text; write it in quotes");
                Err(SecretError::Malformed { path: self.file.clone(), reason })
            }
        }
    }
}

/// Fills the secrets into `places`, fields of an input. Gives what hides the values from then on, if there are any.
pub(crate) fn fill(input: &mut Value, places: &[&str], source: &dyn SecretSource) -> Result<Option<Arc<Redactor>>, RunError> {
    let mut values = Vec::new();
    for place in places {
        if let Some(field) = input.get_mut(*place) {
            fill_value(field, source, &mut values)?;
        }
    }
    Ok(Redactor::new(&values))
}

fn fill_value(value: &mut Value, source: &dyn SecretSource, values: &mut Vec<String>) -> Result<(), RunError> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_value(item, source, values)),
        Value::Object(fields) if fields.contains_key(HOLE) => {
            *value = Value::String(secret(fields, source, values)?);
            Ok(())
        }
        Value::Object(fields) if fields.contains_key(TEXT) => {
            *value = Value::String(text(fields, source, values)?);
            Ok(())
        }
        Value::Object(fields) => fields.values_mut().try_for_each(|field| fill_value(field, source, values)),
        _ => Ok(()),
    }
}

fn text(fields: &Map<String, Value>, source: &dyn SecretSource, values: &mut Vec<String>) -> Result<String, RunError> {
    let (Some(Value::Array(parts)), 1) = (fields.get(TEXT), fields.len()) else { return Err(malformed(TEXT)) };
    let mut whole = String::new();
    for part in parts {
        match part {
            Value::String(text) => whole.push_str(text),
            Value::Object(hole) if hole.contains_key(HOLE) => whole.push_str(&secret(hole, source, values)?),
            other => whole.push_str(&other.to_string()),
        }
    }
    Ok(whole)
}

fn secret(fields: &Map<String, Value>, source: &dyn SecretSource, values: &mut Vec<String>) -> Result<String, RunError> {
    let (Some(Value::String(name)), 1) = (fields.get(HOLE), fields.len()) else { return Err(malformed(HOLE)) };
    let refused = |message| RunError::new(ErrorClass::Security, message).with_details(json!({"secret": name}));
    match source.value(name) {
        Ok(Some(value)) if !value.is_empty() => {
            values.push(value.clone());
            Ok(value)
        }
        Ok(_) => Err(refused(format!(
            "the secret `{name}` has no value; add it to .loomwork/secrets.json, or set {VARIABLE}{name} before starting the engine"
        ))),
        Err(error) => Err(refused(format!("the secret `{name}` cannot be used: {error}"))),
    }
}

fn malformed(key: &str) -> RunError {
    let example =
        if key == HOLE { "{\"$secret\": \"NAME\"}" } else { "{\"$secret_text\": [\"text \", {\"$secret\": \"NAME\"}]}" };
    RunError::new(ErrorClass::Validation, format!("`{key}` in the input stands for a secret and must be written as {example}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn write(folder: &Path, text: &str, mode: u32) -> WorkspaceSecrets {
        let file = folder.join("secrets.json");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        WorkspaceSecrets::new(file)
    }

    #[test]
    fn secrets_are_filled_into_their_places_only() {
        let folder = tempfile::tempdir().unwrap();
        let source = write(folder.path(), r#"{"TOKEN": "t0p"}"#, 0o600);
        let hole = json!({"$secret": "TOKEN"});
        let mut input = json!({"env": {"A": hole, "B": {"$secret_text": ["Bearer ", hole, 1]}, "C": [hole]}, "stdin": hole});
        let redactor = fill(&mut input, &["env", "headers"], &source).unwrap().unwrap();
        assert_eq!(input, json!({"env": {"A": "t0p", "B": "Bearer t0p1", "C": ["t0p"]}, "stdin": hole}));
        assert_eq!(redactor.text("Bearer t0p"), "Bearer •••");
    }

    #[test]
    fn a_missing_secret_is_a_matter_of_security_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let source = WorkspaceSecrets::new(folder.path().join("none.json"));
        let error = fill(&mut json!({"env": {"A": {"$secret": "ABSENT"}}}), &["env"], &source).unwrap_err();
        assert_eq!(error.class, ErrorClass::Security);
        assert!(error.message.contains("`ABSENT` has no value"), "{}", error.message);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = write(folder.path(), r#"{"TOKEN": "t0p"}"#, 0o640);
        assert!(matches!(source.value("TOKEN"), Err(SecretError::NotPrivate(_))));
    }

    #[test]
    fn a_malformed_file_is_refused_without_quoting_it() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["t0psecret", r#"{"TOKEN": t0psecret}"#, r#""t0psecret""#, r#"{"TOKEN": 7357}"#] {
            let error = write(folder.path(), text, 0o600).value("TOKEN").unwrap_err().to_string();
            assert!(error.contains("JSON object") && !error.contains("t0psecret") && !error.contains("7357"), "{error}");
        }
    }

    #[test]
    fn a_place_written_wrongly_is_refused() {
        let source = WorkspaceSecrets::new("/nonexistent");
        for field in [json!({"$secret": 1}), json!({"$secret": "A", "x": 1}), json!({"$secret_text": "A"})] {
            assert_eq!(fill(&mut json!({"env": field}), &["env"], &source).unwrap_err().class, ErrorClass::Validation);
        }
    }
}
