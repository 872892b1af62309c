//! One step: what it reads, its agent or command, its error policy.

use indexmap::IndexMap;
use serde_json::Value;

use super::Importing;
use crate::agents::{self, Request};
use crate::cel::{self, Part};
use crate::draft;
use crate::source::Node;
use crate::yaml::Map;

/// What `error_handling` says of the steps: id in the source → its entries.
pub(super) type Policies<'s> = IndexMap<String, Vec<Node<'s>>>;

/// What one step reads.
#[derive(Default)]
struct Reads {
    steps: Vec<usize>,
    /// Name and value of each of its inputs, and its place among them.
    inputs: Vec<(String, Value, usize)>,
}

impl<'s> Importing<'s, '_> {
    pub(super) fn policies(&self, node: Node<'s>) -> Policies<'s> {
        let mut policies = Policies::new();
        for entry in node.get("error_handling").map(Node::items).unwrap_or_default() {
            let Some(step) = entry.get("step").and_then(Node::text) else { continue };
            if self.known.iter().any(|known| known.source_id == step) {
                policies.entry(step.to_owned()).or_default().push(entry);
            } else {
                self.report.dropped(entry, format!("there is no step `{step}`: its error handling is left out"));
            }
        }
        policies
    }

    pub(super) fn step(&mut self, at: usize, policies: &Policies<'s>) -> Map {
        let node = self.known[at].node;
        let id = self.known[at].id.clone();
        let action = node.get("action").and_then(|action| draft::text_of(action, self.report));
        let agent = node.get("agent").and_then(|agent| draft::text_of(agent, self.report));
        let mut step = draft::step(&id, action.as_deref());
        if let Some(description) = node.get("description").and_then(|node| draft::text_of(node, self.report)) {
            step.put("description", description);
        }
        let mut reads = Reads::default();
        let entries = node.get("inputs").map(Node::entries).unwrap_or_default();
        for (index, (name, value)) in entries.iter().enumerate() {
            reads.inputs.push(((*name).to_owned(), value.value(), index));
        }
        let over = self.known[at].parallel.then(|| self.list_of(node, &reads)).flatten();
        let inputs: Vec<(String, String)> = reads
            .inputs
            .iter()
            .map(|(name, value, index)| {
                (name.clone(), agents::expression(value, &mut |text| cel::joined(&self.parts(text, entries[*index].1))))
            })
            .collect();
        for (_, value, _) in &reads.inputs {
            self.steps_read(value, &mut reads.steps);
        }
        let needs: Vec<String> =
            reads.steps.iter().filter(|read| **read != at).map(|read| self.known[*read].id.clone()).collect();
        if !needs.is_empty() {
            step.put("needs", needs);
        }
        let inputs = self.over(&mut step, inputs, over.as_deref(), node);
        let Some(agent) = agent else {
            self.report.placeholder(node, format!("the step `{id}` names no agent: give it an action"));
            draft::placeholder(&mut step, "This step had no agent where it came from. Replace it by an action.");
            return step;
        };
        self.put_action(&mut step, at, &agent, action.as_deref(), &inputs, node);
        let source_id = self.known[at].source_id.clone();
        for policy in policies.get(&source_id).into_iter().flatten() {
            self.policy(&mut step, *policy, at, &agent, &inputs);
        }
        step
    }

    /// The input whose elements a parallel step goes through.
    fn list_of(&self, node: Node<'s>, reads: &Reads) -> Option<String> {
        let reference = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("$steps."));
        let from_steps: Vec<&String> =
            reads.inputs.iter().filter(|(_, value, _)| reference(value)).map(|(name, ..)| name).collect();
        let chosen = from_steps.first().copied().or(reads.inputs.first().map(|(name, ..)| name));
        let place = node.peek("parallel").unwrap_or(node);
        match chosen {
            Some(name) if from_steps.len() == 1 => {
                self.report.translated(
                    place,
                    format!("`parallel` runs the step once for each element of its input `{name}` (`for_each`)"),
                );
            }
            Some(name) => {
                let message = format!(
                    "`parallel` does not say over which input; the step runs once for each element of `{name}`. Change `for_each` if another is meant."
                );
                self.report.approximated(place, message);
            }
            None => self.report.dropped(place, "`parallel` is left out: the step has no input to go through"),
        }
        chosen.cloned()
    }

    /// Puts the `for_each`; inside, the list is its element.
    fn over(&self, step: &mut Map, inputs: Vec<(String, String)>, over: Option<&str>, node: Node<'s>) -> Vec<(String, String)> {
        let replace = |(name, value): (String, String)| {
            if Some(name.as_str()) == over {
                step.put("for_each", cel::whole(&value));
                (name, "item".to_owned())
            } else {
                (name, value)
            }
        };
        let inputs: Vec<(String, String)> = inputs.into_iter().map(replace).collect();
        if inputs.iter().map(|(name, value)| name.len() + value.len() + 6).sum::<usize>() > cel::LONGEST {
            self.report.approximated(node, "its inputs make an expression that is longer than the language takes: move parts of it into a `set` step before it");
        }
        inputs
    }

    fn put_action(
        &mut self,
        step: &mut Map,
        at: usize,
        agent: &str,
        action: Option<&str>,
        inputs: &[(String, String)],
        node: Node<'s>,
    ) {
        if let Some(argv) = self.options.bind_agents.get(agent) {
            let fields: Vec<String> = inputs.iter().map(|(name, value)| format!("{}: {value}", cel::quote(name))).collect();
            let mut request: Request = vec![("agent", cel::quote(agent))];
            if let Some(action) = action {
                request.push(("action", cel::quote(action)));
            }
            request.push(("inputs", format!("{{{}}}", fields.join(", "))));
            let wanted: Vec<String> = self.known[at].outputs.values().map(|field| cel::quote(field)).collect();
            if !wanted.is_empty() {
                request.push(("outputs", format!("[{}]", wanted.join(", "))));
            }
            agents::put_command(step, argv, &request, "json");
            return;
        }
        let agent_id = crate::names::identifier(agent);
        if !self.workflow.agents.has(&agent_id) {
            self.workflow.agents.put(&agent_id, Map::new().with("model", self.options.default_model.clone()));
            let place = node.peek("agent").unwrap_or(node);
            let model = &self.options.default_model;
            self.report.approximated(place, format!("the source does not say which model the agent `{agent}` uses; `{model}` was put under `agents`: change it if need be"));
        }
        step.put("agent", agent_id);
        let fields: Vec<&str> = self.known[at].outputs.values().map(String::as_str).collect();
        step.put("prompt", prompt(action, inputs, &fields));
        if !fields.is_empty() {
            let properties = fields.iter().fold(Map::new(), |map, field| map.with(field, Map::new()));
            let schema = Map::new().with("type", "object").with("properties", properties).with("required", distinct(&fields));
            step.put("output_schema", schema);
        }
    }

    /// Moves an entry of `error_handling` into its step.
    fn policy(&mut self, step: &mut Map, policy: Node<'s>, at: usize, agent: &str, inputs: &[(String, String)]) {
        let handling = policy.get("on_failure").and_then(Node::string).unwrap_or("retry");
        if let Some(retries) = policy.get("max_retries").and_then(Node::whole) {
            step.put("retry", agents::retry(retries, self.engine.backoff.as_deref()));
            let message = format!(
                "{retries} retries after any failure but `security` are `retry: {{ attempts: {} }}` of the step",
                retries.saturating_add(1)
            );
            self.report.translated(policy, message);
        } else if handling == "retry" {
            step.put("retry", agents::retry(2, self.engine.backoff.as_deref()));
            self.report.approximated(policy, "it does not say how often to retry; two retries were put");
        }
        let mut on_error = Vec::new();
        if let Some(fallback) = policy.get("fallback").and_then(Node::text) {
            let named_agent = self.options.bind_agents.contains_key(fallback)
                || self.known.iter().any(|known| known.node.peek("agent").and_then(Node::string) == Some(fallback));
            let (agent, action) = if named_agent { (fallback, None) } else { (agent, Some(fallback)) };
            let mut action_of = Map::new();
            self.put_action(&mut action_of, at, agent, action, inputs, policy);
            on_error.push(Map::new().with("classes", all_classes()).with("do", "fallback").with("fallback", action_of));
            let what = if named_agent { "the agent" } else { "the action" };
            self.report
                .translated(policy, format!("after the last attempt {what} `{fallback}` takes over (`on_error … do: fallback`)"));
        }
        if handling == "escalate" || policy.has("escalation_agent") {
            let mut rule = Map::new().with("classes", all_classes());
            match policy.get("escalation_agent").and_then(Node::text) {
                Some(escalation) if on_error.is_empty() => {
                    let mut action_of = Map::new();
                    let action = self.known[at].node.get("action").and_then(Node::text);
                    self.put_action(&mut action_of, at, escalation, action, inputs, policy);
                    rule = rule.with("do", "fallback").with("fallback", action_of);
                    self.report.approximated(policy, format!("escalation gives the same task to the agent `{escalation}` (`on_error … do: fallback`); its answer is the step's output"));
                }
                _ => {
                    rule = rule.with("do", "ask");
                    self.report.approximated(policy, "escalation asks a person (`on_error … do: ask`)");
                }
            }
            if on_error.is_empty() {
                on_error.push(rule);
            }
        }
        if !matches!(handling, "retry" | "escalate" | "fallback") {
            self.report.dropped(policy, format!("`on_failure: {handling}` is not known: the step fails"));
        }
        if !on_error.is_empty() {
            step.put("on_error", on_error);
        }
    }

    /// The parts of a text: `$inputs.NAME` and `$steps.ID.OUTPUT` become expressions.
    fn parts(&mut self, text: &str, place: Node<'s>) -> Vec<Part> {
        if let Some(braces) = braces(text) {
            self.report
                .approximated(place, format!("`{braces}` stays text: a value is read by `$inputs.NAME` or `$steps.ID.OUTPUT`"));
        }
        agents::parts(text, |after| {
            let Some(length) = reference_length(after) else {
                if let Some(other) = resembling(after) {
                    self.report.approximated(
                        place,
                        format!("`${other}` stays text: a value is read by `$inputs.NAME` or `$steps.ID.OUTPUT`"),
                    );
                }
                return None;
            };
            let path: Vec<&str> = after[..length].split('.').collect();
            match path.as_slice() {
                ["inputs", name, rest @ ..] => {
                    let base = format!("inputs.{}", self.input_name(name, place));
                    Some((length, rest.iter().fold(base, |base, name| cel::field(&base, name))))
                }
                ["steps", step, output, rest @ ..] => {
                    let Some(at) = self.known.iter().position(|known| known.source_id == *step) else {
                        self.report.approximated(place, format!("there is no step `{step}`: `${}` stays text", &after[..length]));
                        return None;
                    };
                    let field = self.known[at].outputs.get(*output).cloned().unwrap_or_else(|| {
                        self.report.approximated(
                            place,
                            format!(
                                "the step `{step}` does not list an output `{output}`; the field `{output}` of its answer is read"
                            ),
                        );
                        (*output).to_owned()
                    });
                    let base = self.output_of(at, &field);
                    Some((length, rest.iter().fold(base, |base, name| cel::field(&base, name))))
                }
                _ => {
                    self.report.approximated(
                        place,
                        format!("`${}` stays text: it names no output; write `$steps.ID.OUTPUT`", &after[..length]),
                    );
                    None
                }
            }
        })
    }

    /// The steps that a value reads.
    fn steps_read(&self, value: &Value, found: &mut Vec<usize>) {
        match value {
            Value::String(text) => {
                agents::parts(text, |after| {
                    let length = reference_length(after)?;
                    let step = after[..length].strip_prefix("steps.")?.split('.').next()?;
                    let at = self.known.iter().position(|known| known.source_id == step)?;
                    if !found.contains(&at) {
                        found.push(at);
                    }
                    None
                });
            }
            Value::Array(items) => items.iter().for_each(|item| self.steps_read(item, found)),
            Value::Object(entries) => entries.values().for_each(|value| self.steps_read(value, found)),
            _ => {}
        }
    }
}

/// Length of a reference that begins here (after its `$`).
fn reference_length(after: &str) -> Option<usize> {
    if !after.starts_with("inputs.") && !after.starts_with("steps.") {
        return None;
    }
    let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(after.len());
    Some(after[..end].trim_end_matches(['.', '-']).len())
}

/// What looks like a reference to something else, after its `$`: two names with a dot between.
fn resembling(after: &str) -> Option<&str> {
    let name = |text: &str| text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    let first = name(after);
    let second = after[first..].strip_prefix('.').map(name).filter(|length| *length > 0)?;
    after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then(|| &after[..first + 1 + second])
}

/// The first `{{ … }}` of a text that stands around no more than names.
fn braces(text: &str) -> Option<&str> {
    let of_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    text.match_indices("{{").find_map(|(at, _)| {
        let inner = &text[at + 2..];
        let length = inner.find(|c| !of_names(c))?;
        let whole = !inner[..length].trim().is_empty() && inner[length..].starts_with("}}");
        whole.then(|| &text[at..at + 2 + length + 2])
    })
}

fn prompt(action: Option<&str>, inputs: &[(String, String)], fields: &[&str]) -> String {
    let mut text = String::new();
    if let Some(action) = action {
        text.push_str(&format!("Task: {}\n", cel::escape(action)));
    }
    for (name, value) in inputs {
        text.push_str(&format!("{}: {}\n", cel::escape(name), cel::whole(value)));
    }
    if !fields.is_empty() {
        text.push_str(&format!("Answer with a JSON object that has the fields {}.\n", distinct(fields).join(", ")));
    }
    if text.is_empty() { "Go on.".to_owned() } else { text }
}

fn distinct<'f>(fields: &[&'f str]) -> Vec<&'f str> {
    let mut kept: Vec<&str> = Vec::new();
    for field in fields {
        if !kept.contains(field) {
            kept.push(field);
        }
    }
    kept
}

fn all_classes() -> Vec<&'static str> {
    vec!["transient", "timeout", "resource", "dependency", "validation", "permanent", "unknown"]
}
