//! What expressions of the source can name at a place, and what that is in ours.

use indexmap::IndexMap;
use serde_json::Value;

use super::Env;
use super::expression::{self, Expr};
use super::matrix::{Held, Keys};
use super::runner::System;
use crate::cel::{self, Part};
use crate::draft::Workflow;
use crate::names::{identifier, variable};
use crate::report::Report;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

/// Everything that is in scope while a workflow is imported.
pub(super) struct Scope<'r> {
    pub(super) workflow: Workflow,
    pub(super) report: &'r Report,
    /// The workflow's name in the source.
    name: String,
    pub(super) workflow_env: Vec<String>,
    /// Variables of the workflow that hold secrets: steps may have those, a workflow's `env` may not.
    pub(super) secret_env: Env,
    /// What expressions at hand mean that is not quite what they meant, not reported yet.
    remarks: Vec<String>,
    /// Whether it was said how comparisons differ.
    comparisons_told: bool,
    /// Environment of the job and step at hand.
    pub(super) env: Env,
    /// Job of the source → step of ours.
    pub(super) jobs: IndexMap<String, String>,
    pub(super) job: String,
    /// Step of the source → step of ours, of the job at hand.
    pub(super) steps: IndexMap<String, String>,
    /// Jobs, and steps of the job at hand, by our ids, whose failure is continued: they then have the status `succeeded`
    /// and no outputs.
    pub(super) continued_jobs: Vec<String>,
    pub(super) continued_steps: Vec<String>,
    /// What `item` is here, when it is a combination of a matrix.
    pub(super) matrix: Option<Keys>,
    /// The system of the machine of the job at hand, when the job says it.
    pub(super) system: Option<System>,
    /// All steps before this one in its scope, in order.
    pub(super) before: Vec<String>,
    /// Whether an expression at hand asked how earlier steps ended, by a function.
    pub(super) asked_status: bool,
}

impl<'r> Scope<'r> {
    pub(super) fn new(workflow: Workflow, report: &'r Report, name: &str) -> Self {
        Self {
            workflow,
            report,
            name: name.to_owned(),
            workflow_env: Vec::new(),
            secret_env: Env::new(),
            remarks: Vec::new(),
            comparisons_told: false,
            env: Env::new(),
            jobs: IndexMap::new(),
            job: String::new(),
            steps: IndexMap::new(),
            continued_jobs: Vec::new(),
            continued_steps: Vec::new(),
            matrix: None,
            system: None,
            before: Vec::new(),
            asked_status: false,
        }
    }

    pub(super) fn finish(self) -> Workflow {
        self.workflow
    }

    /// The parts of a text with `${{ }}` in it. What cannot be translated stays as text and is reported.
    pub(super) fn parts(&mut self, text: &str, place: Node<'_>) -> Vec<Part> {
        let mut parts = Vec::new();
        for piece in expression::split(text) {
            match piece {
                expression::Piece::Text(text) => parts.push(Part::Text(text.to_owned())),
                expression::Piece::Expression(source) => match self.expression(source) {
                    Ok(expression) => parts.push(Part::Expression(expression)),
                    Err(reason) => {
                        self.report.approximated(
                            place,
                            format!("`${{{{ {} }}}}` stays text: {reason}. Write the value by hand.", source.trim()),
                        );
                        parts.push(Part::Text(format!("${{{{{source}}}}}")));
                    }
                },
            }
        }
        self.report_remarks(place);
        parts
    }

    /// The same where no secret can stand.
    pub(super) fn open_parts(&mut self, text: &str, place: Node<'_>) -> Vec<Part> {
        let parts = self.parts(text, place);
        if parts.iter().any(|part| matches!(part, Part::Expression(text) if cel::reads_secret(text))) {
            self.report.placeholder(place, "a secret cannot stand here, where it would be stored or shown: the file is not valid until you read it in the `env` of a step instead");
        }
        parts
    }

    /// Says what is different in the expressions that were translated for a place.
    pub(super) fn report_remarks(&mut self, place: Node<'_>) {
        for remark in self.remarks.drain(..) {
            self.report.approximated(place, remark);
        }
    }

    /// Notes once for a place what is different.
    pub(super) fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Says once how texts are compared.
    pub(super) fn remark_comparison(&mut self) {
        if !std::mem::replace(&mut self.comparisons_told, true) {
            self.remarks.push("here and below, `==`, `!=`, `contains`, `startsWith` and `endsWith` tell upper from lower case, and values of different types are not equal; where it came from, case does not count and types are converted".to_owned());
        }
    }

    pub(super) fn expression(&mut self, source: &str) -> Result<String, String> {
        let parsed = expression::parse(source)?;
        let text = self.value(&parsed)?;
        if cel::reads_secret(&text) && !cel::is_secret(&text) {
            return Err("a secret can stand alone or with text around it only".to_owned());
        }
        if text.len() > cel::LONGEST { Err("it is too long for one expression".to_owned()) } else { Ok(text) }
    }

    pub(super) fn value(&mut self, expr: &Expr) -> Result<String, String> {
        match expr {
            Expr::Literal(value) => Ok(cel::literal(value)),
            Expr::Path(path) => self.path(path),
            Expr::Call(name, arguments) => self.call(name, arguments),
            Expr::Not(inner) => Ok(format!("!({})", self.condition(inner)?)),
            Expr::Binary("&&", left, right) => self.both(left, right),
            Expr::Binary("||", left, right) => self.or(left, right),
            Expr::Binary(operator, left, right) => self.compared(operator, left, right),
        }
    }

    /// Between values, `&&` gives the second when the first is not empty.
    fn both(&mut self, left: &Expr, right: &Expr) -> Result<String, String> {
        if is_boolean(left) && is_boolean(right) {
            return Ok(and(&self.condition(left)?, &self.condition(right)?));
        }
        Ok(format!("({} ? {} : {})", self.condition(left)?, self.value(right)?, self.value(left)?))
    }

    /// `a && b || c` is how the source writes "if a then b else c"; between values `||` takes the first that is not empty.
    fn or(&mut self, left: &Expr, right: &Expr) -> Result<String, String> {
        if let Expr::Binary("&&", condition, value) = left
            && !is_boolean(value)
        {
            return Ok(format!("({} ? {} : {})", self.condition(condition)?, self.value(value)?, self.value(right)?));
        }
        if is_boolean(left) && is_boolean(right) {
            return Ok(or(&self.condition(left)?, &self.condition(right)?));
        }
        let (left_text, right_text) = (self.value(left)?, self.value(right)?);
        Ok(format!("({} ? {left_text} : {right_text})", self.condition(left)?))
    }

    fn compared(&mut self, operator: &str, left: &Expr, right: &Expr) -> Result<String, String> {
        for (one, other) in [(left, right), (right, left)] {
            if let (Expr::Path(path), Expr::Literal(Value::String(word))) = (one, other)
                && let Some(step) = self.status_of(path)
            {
                if self.continues(path) && operator == "==" && word == "failure" {
                    return Ok(format!("(has({step}.output) && {step}.output == null)"));
                }
                if self.continues(path) {
                    return Ok(format!("{} {operator} {}", self.path(path)?, cel::quote(word)));
                }
                return Ok(format!("{step}.status {operator} {}", cel::quote(status(word))));
            }
        }
        let cased = |text: &str| text.contains(char::is_alphabetic);
        if ![left, right].into_iter().any(|side| matches!(side, Expr::Literal(Value::String(text)) if !cased(text))) {
            self.remark_comparison();
        }
        // Both sides are texts in the source's environment; a path alone has the type of its value.
        Ok(format!("{} {operator} {}", self.value(left)?, self.value(right)?))
    }

    /// An expression that must be true or false.
    pub(super) fn condition(&mut self, expr: &Expr) -> Result<String, String> {
        match expr {
            Expr::Binary("&&", left, right) => return Ok(and(&self.condition(left)?, &self.condition(right)?)),
            Expr::Binary("||", left, right) => return Ok(or(&self.condition(left)?, &self.condition(right)?)),
            _ => {}
        }
        let value = self.value(expr)?;
        if is_boolean(expr) {
            return Ok(value);
        }
        match expr {
            Expr::Path(path) if matches!(&path[..], [first, name] if first == "inputs" && self.is_kind(name, "boolean")) => {
                Ok(format!("{value} == true"))
            }
            Expr::Literal(other) => Ok((!other.is_null() && *other != "" && other.as_f64() != Some(0.0)).to_string()),
            _ => Ok(format!("!({value} in [null, false, 0, ''])")),
        }
    }

    /// Whether an input is declared with a type.
    fn is_kind(&self, name: &str, kind: &str) -> bool {
        let input = self.workflow.inputs.get(&identifier(name));
        matches!(input, Some(Yaml::Map(map)) if map.get("type") == Some(&Yaml::from(kind)))
    }

    /// Whether a path asks how a step ended whose failure is continued. Only `outcome` tells it there.
    fn continues(&self, path: &[String]) -> bool {
        matches!(path, [steps, step, outcome] if steps == "steps" && outcome == "outcome"
            && self.steps.get(step).is_some_and(|id| self.continued_steps.contains(id)))
    }

    /// The step or job whose result a path reads.
    fn status_of(&self, path: &[String]) -> Option<String> {
        match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["steps", step, "outcome" | "conclusion"] => self.steps.get(step).map(|id| format!("steps.{id}")),
            ["needs", job, "result"] => self.jobs.get(job).map(|id| format!("steps.{id}")),
            _ => None,
        }
    }

    fn path(&mut self, path: &[String]) -> Result<String, String> {
        if let Some(step) = self.status_of(path) {
            let words = "{'succeeded': 'success', 'failed': 'failure', 'cancelled': 'cancelled', 'skipped': 'skipped'}";
            let word = format!("{words}[{step}.status]");
            // A script that ends well gives out more than null, which is what stays of one whose failure is continued.
            return Ok(match self.continues(path) {
                true => format!("(has({step}.output) && {step}.output == null ? 'failure' : {word})"),
                false => word,
            });
        }
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let fields = |base: String, rest: &[&str]| rest.iter().fold(base, |base, name| cel::field(&base, name));
        match words[..] {
            ["matrix", key, ref rest @ ..] if self.matrix.is_some() => {
                let value = fields(cel::field("item", key), rest);
                Ok(match self.matrix.as_ref().map(|keys| keys.of(key)) {
                    Some(Held::Never) => {
                        self.remarks.push(format!("no combination of the matrix has `{key}`: it is the empty text"));
                        "''".to_owned()
                    }
                    Some(Held::Sometimes) if !rest.is_empty() => {
                        format!("({} == '' ? '' : {value})", cel::field("item", key))
                    }
                    _ => value,
                })
            }
            ["matrix"] if self.matrix.is_some() => Ok("item".to_owned()),
            ["matrix", ..] => Err("there is no matrix here".to_owned()),
            ["strategy", "job-index"] if self.matrix.is_some() => Ok("index".to_owned()),
            // In the event, inputs are texts whatever their type.
            ["github", "event", "inputs", name] if self.is_kind(name, "boolean") || self.is_kind(name, "number") => {
                Ok(format!("text({})", self.input(name, None)))
            }
            ["inputs", name, ref rest @ ..] | ["github", "event", "inputs", name, ref rest @ ..] => {
                Ok(fields(self.input(name, None), rest))
            }
            ["secrets", name] => {
                self.workflow.secret(&identifier(name));
                Ok(format!("secrets.{}", identifier(name)))
            }
            ["env", name] => self.variable(name),
            ["steps", step, "outputs", ref rest @ ..] => {
                let id = self.steps.get(step).ok_or_else(|| format!("there is no step `{step}` before this one"))?;
                Ok(or_empty(id, self.continued_steps.contains(id), &fields(format!("steps.{id}.output"), rest)))
            }
            ["needs", job, "outputs", ref rest @ ..] => {
                let id = self.jobs.get(job).ok_or_else(|| format!("there is no job `{job}`"))?;
                Ok(or_empty(id, self.continued_jobs.contains(id), &fields(format!("steps.{id}.output"), rest)))
            }
            ["github", "workflow"] => Ok(cel::quote(&self.name)),
            ["github", "job"] => Ok(cel::quote(&self.job)),
            ["github", "run_id" | "run_number"] => Ok("run.id".to_owned()),
            ["github", "workspace"] => {
                let remark = "`github.workspace` is `.` here, the folder that a step runs in: with another `workdir`, or behind a `cd`, it is another folder";
                self.remark(remark.to_owned());
                Ok("'.'".to_owned())
            }
            ["runner", "os"] => {
                // Its own label may ask for it.
                let system = self.system.take();
                let known = system.as_ref().and_then(|system| system.value(self));
                self.system = system;
                Ok(known.unwrap_or_else(|| self.input("runner_os", Some("runner.os"))))
            }
            ["github" | "vars" | "runner", ..] => Ok(self.input(&path.join("_"), Some(&path.join(".")))),
            _ => Err(format!("`{}` has no counterpart here", path.join("."))),
        }
    }

    fn variable(&mut self, name: &str) -> Result<String, String> {
        match self.env.get(name) {
            Some(parts) => Ok(cel::joined(parts)),
            None if self.workflow_env.iter().any(|known| known == name) => Ok(cel::field("env", name)),
            None => Err(format!("no `env` of the file sets `{name}`")),
        }
    }

    /// An input of ours; what the workflow does not declare is declared.
    fn input(&mut self, name: &str, of_github: Option<&str>) -> String {
        let id = identifier(name);
        if !self.workflow.inputs.has(&id) {
            let mut map = Map::new().with("type", "string");
            match of_github {
                Some(path) => {
                    self.remarks
                        .push(format!("only GitHub knows `{path}`: the input `{id}` stands for it, empty unless a run gives it"));
                    map.put("default", "");
                    map.put("description", format!("stands for `{path}` of GitHub"));
                }
                None => map.put("required", true),
            }
            self.workflow.inputs.put(&id, map);
        }
        format!("inputs.{id}")
    }

    /// The name of the variable that carries an expression into a script.
    pub(super) fn variable_name(source: &str) -> String {
        variable(source.trim().trim_start_matches("github."))
    }
}

/// What was skipped, or failed and was continued, has no outputs: there they are empty texts.
fn or_empty(step: &str, continued: bool, value: &str) -> String {
    let nothing = if continued { format!(" && steps.{step}.output != null") } else { String::new() };
    format!("(has(steps.{step}.output){nothing} ? {value} : '')")
}

fn is_boolean(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value) => value.is_boolean(),
        Expr::Not(_) => true,
        Expr::Binary("&&", left, right) => is_boolean(left) && is_boolean(right),
        Expr::Binary("||", left, right) => is_boolean(left) && is_boolean(right),
        Expr::Binary(..) => true,
        Expr::Call(name, _) => {
            let name = name.to_ascii_lowercase();
            matches!(name.as_str(), "always" | "success" | "failure" | "cancelled" | "contains" | "startswith" | "endswith")
        }
        Expr::Path(_) => false,
    }
}

fn status(word: &str) -> &str {
    match word {
        "success" => "succeeded",
        "failure" => "failed",
        other => other,
    }
}

pub(super) fn and(left: &str, right: &str) -> String {
    match (left, right) {
        ("true", other) | (other, "true") => other.to_owned(),
        ("false", _) | (_, "false") => "false".to_owned(),
        _ => format!("{} && {}", grouped(left), grouped(right)),
    }
}

fn or(left: &str, right: &str) -> String {
    match (left, right) {
        ("false", other) | (other, "false") => other.to_owned(),
        ("true", _) | (_, "true") => "true".to_owned(),
        _ => format!("({left} || {right})"),
    }
}

/// Keeps what binds more loosely than `&&` together.
fn grouped(text: &str) -> String {
    let loose = text.contains(" ? ") || text.contains(" || ");
    if loose && !text.starts_with('(') { format!("({text})") } else { text.to_owned() }
}
