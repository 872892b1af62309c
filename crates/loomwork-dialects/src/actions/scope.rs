//! What expressions of the source can name at a place, and what that is in ours.

use indexmap::IndexMap;
use serde_json::Value;

use super::Env;
use super::expression::{self, Expr};
use crate::cel::{self, Part};
use crate::draft::Workflow;
use crate::names::{identifier, variable};
use crate::report::Report;
use crate::source::Node;
use crate::yaml::Map;

/// Everything that is in scope while a workflow is imported.
pub(super) struct Scope<'r> {
    pub(super) workflow: Workflow,
    pub(super) report: &'r Report,
    /// The workflow's name in the source.
    name: String,
    pub(super) workflow_env: Vec<String>,
    /// Variables of the workflow that hold secrets: steps may have those, a workflow's `env` may not.
    pub(super) secret_env: Env,
    /// Inputs that stand for values of GitHub, with the paths of those, that are not reported yet.
    stand_ins: Vec<(String, String)>,
    /// Environment of the job and step at hand.
    pub(super) env: Env,
    /// Job of the source → step of ours.
    pub(super) jobs: IndexMap<String, String>,
    pub(super) job: String,
    /// Step of the source → step of ours, of the job at hand.
    pub(super) steps: IndexMap<String, String>,
    /// Whether `item` is a combination of a matrix here.
    pub(super) matrix: bool,
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
            stand_ins: Vec::new(),
            env: Env::new(),
            jobs: IndexMap::new(),
            job: String::new(),
            steps: IndexMap::new(),
            matrix: false,
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
        self.report_stand_ins(place);
        parts
    }

    /// Says which inputs were made for values that only GitHub has.
    pub(super) fn report_stand_ins(&mut self, place: Node<'_>) {
        for (input, path) in self.stand_ins.drain(..) {
            let message = format!("only GitHub knows `{path}`: the input `{input}` stands for it, empty unless a run gives it");
            self.report.approximated(place, message);
        }
    }

    pub(super) fn expression(&mut self, source: &str) -> Result<String, String> {
        let parsed = expression::parse(source)?;
        let text = self.value(&parsed)?;
        if text.len() > cel::LONGEST { Err("it is too long for one expression".to_owned()) } else { Ok(text) }
    }

    fn value(&mut self, expr: &Expr) -> Result<String, String> {
        match expr {
            Expr::Literal(value) => Ok(cel::literal(value)),
            Expr::Path(path) => self.path(path),
            Expr::Call(name, arguments) => self.call(name, arguments),
            Expr::Not(inner) => Ok(format!("!({})", self.condition(inner)?)),
            Expr::Binary("&&", left, right) => Ok(and(&self.condition(left)?, &self.condition(right)?)),
            Expr::Binary("||", left, right) => self.or(left, right),
            Expr::Binary(operator, left, right) => self.compared(operator, left, right),
        }
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
                return Ok(format!("{step}.status {operator} {}", cel::quote(status(word))));
            }
        }
        // Both sides are texts in the source's environment; a path alone has the type of its value.
        Ok(format!("{} {operator} {}", self.value(left)?, self.value(right)?))
    }

    /// An expression that must be true or false.
    pub(super) fn condition(&mut self, expr: &Expr) -> Result<String, String> {
        let value = self.value(expr)?;
        if is_boolean(expr) || matches!(expr, Expr::Literal(Value::Bool(_))) {
            return Ok(value);
        }
        match expr {
            Expr::Path(path) if path.first().is_some_and(|first| first == "inputs") => Ok(format!("{value} == true")),
            Expr::Literal(other) => {
                Ok((other != &Value::Null && other != &Value::from("") && other != &Value::from(0)).to_string())
            }
            _ => Ok(format!("!({value} in [null, false, '', 'false'])")),
        }
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
            return Ok(format!("{words}[{step}.status]"));
        }
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let fields = |base: String, rest: &[&str]| rest.iter().fold(base, |base, name| cel::field(&base, name));
        match words[..] {
            ["matrix", ref rest @ ..] if self.matrix => Ok(fields("item".to_owned(), rest)),
            ["matrix", ..] => Err("there is no matrix here".to_owned()),
            ["strategy", "job-index"] if self.matrix => Ok("index".to_owned()),
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
                Ok(or_empty(id, &fields(format!("steps.{id}.output"), rest)))
            }
            ["needs", job, "outputs", ref rest @ ..] => {
                let id = self.jobs.get(job).ok_or_else(|| format!("there is no job `{job}`"))?;
                Ok(or_empty(id, &fields(format!("steps.{id}.output"), rest)))
            }
            ["github", "workflow"] => Ok(cel::quote(&self.name)),
            ["github", "job"] => Ok(cel::quote(&self.job)),
            ["github", "run_id" | "run_number"] => Ok("run.id".to_owned()),
            ["github", "workspace"] => Ok("'.'".to_owned()),
            ["runner", "os"] => Ok("'Linux'".to_owned()),
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
                    self.stand_ins.push((id.clone(), path.to_owned()));
                    map.put("default", "");
                    map.put("description", format!("stands for `{path}` of GitHub"));
                }
                None => map.put("required", true),
            }
            self.workflow.inputs.put(&id, map);
        }
        format!("inputs.{id}")
    }

    fn call(&mut self, name: &str, arguments: &[Expr]) -> Result<String, String> {
        let lower = name.to_ascii_lowercase();
        match (lower.as_str(), arguments) {
            ("always", []) => {
                self.asked_status = true;
                Ok("true".to_owned())
            }
            ("cancelled", []) => {
                self.asked_status = true;
                Ok("false".to_owned())
            }
            ("success", []) => Ok("true".to_owned()),
            ("failure", []) => {
                self.asked_status = true;
                if self.before.len() > 60 {
                    return Err("there are too many steps before it to ask each whether it failed".to_owned());
                }
                let statuses: Vec<String> = self.before.iter().map(|id| format!("steps.{id}.status")).collect();
                Ok(if statuses.is_empty() { "false".to_owned() } else { format!("'failed' in [{}]", statuses.join(", ")) })
            }
            ("startswith", [text, start]) => Ok(format!("{}.startsWith({})", self.text(text)?, self.text(start)?)),
            ("endswith", [text, end]) => Ok(format!("{}.endsWith({})", self.text(text)?, self.text(end)?)),
            ("contains", [list, item]) if is_list(list) => Ok(format!("{} in {}", self.value(item)?, self.value(list)?)),
            ("contains", [text, part]) => Ok(format!("{}.contains({})", self.text(text)?, self.text(part)?)),
            ("join", [list]) => Ok(format!("{}.join(',')", self.value(list)?)),
            ("join", [list, by]) => Ok(format!("{}.join({})", self.value(list)?, self.value(by)?)),
            ("tojson", [value]) => Ok(format!("text({})", self.value(value)?)),
            ("fromjson", [Expr::Literal(Value::String(text))]) => serde_json::from_str(text)
                .map(|value| cel::literal(&value))
                .map_err(|error| format!("its JSON cannot be read: {error}")),
            ("fromjson", [value]) => Ok(format!("json({})", self.value(value)?)),
            ("format", [Expr::Literal(Value::String(pattern)), values @ ..]) => self.format(pattern, values),
            _ => Err(format!("the function `{name}` has no counterpart here")),
        }
    }

    fn text(&mut self, expr: &Expr) -> Result<String, String> {
        let value = self.value(expr)?;
        Ok(if matches!(expr, Expr::Literal(Value::String(_)) | Expr::Path(_)) { value } else { format!("text({value})") })
    }

    fn format(&mut self, pattern: &str, values: &[Expr]) -> Result<String, String> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('{') {
            let (before, after) = rest.split_at(at);
            parts.push(Part::Text(before.to_owned()));
            let end = after.find('}').ok_or("its pattern has an open brace")?;
            let number: usize = after[1..end].parse().map_err(|_| "its pattern has braces that are no number".to_owned())?;
            let value = values.get(number).ok_or("its pattern names a value that is not there")?;
            parts.push(Part::Expression(self.value(value)?));
            rest = &after[end + 1..];
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(format!("({})", cel::joined(&parts)))
    }

    /// The name of the variable that carries an expression into a script.
    pub(super) fn variable_name(source: &str) -> String {
        variable(source.trim().trim_start_matches("github."))
    }
}

/// What was skipped has no outputs: there they are empty texts.
fn or_empty(step: &str, value: &str) -> String {
    format!("(has(steps.{step}.output) ? {value} : '')")
}

fn is_list(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(name, _) if name.eq_ignore_ascii_case("fromjson"))
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
