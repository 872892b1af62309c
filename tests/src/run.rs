//! The JSON of a run, read by name.

use serde_json::Value;

/// A run as the command line prints it.
#[derive(Debug, Clone)]
pub struct RunView(pub Value);

impl RunView {
    /// Its id.
    ///
    /// # Panics
    /// When the JSON is no run.
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    /// Its status.
    ///
    /// # Panics
    /// When the JSON is no run.
    pub fn status(&self) -> &str {
        self.0["status"].as_str().unwrap()
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        ["succeeded", "failed", "cancelled"].contains(&self.status())
    }

    /// A step.
    ///
    /// # Panics
    /// When there is none of that path.
    pub fn step(&self, path: &str) -> &Value {
        let steps = self.0["steps"].as_array().unwrap();
        steps.iter().find(|step| step["path"] == path).unwrap_or_else(|| panic!("no step {path} in {:#}", self.0))
    }

    /// Status of a step.
    pub fn step_status(&self, path: &str) -> &str {
        self.step(path)["status"].as_str().unwrap_or_default()
    }

    /// The statuses of a step's attempts.
    pub fn attempts(&self, path: &str) -> Vec<&str> {
        let attempts = self.step(path)["attempts"].as_array().into_iter().flatten();
        attempts.filter_map(|attempt| attempt["status"].as_str()).collect()
    }
}

/// How often a line stands among others.
pub fn effects_of(lines: &[String], line: &str) -> usize {
    lines.iter().filter(|found| *found == line).count()
}
