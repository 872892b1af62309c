//! Actions that steer the run: waits, decisions, events, other workflows.

use indexmap::IndexMap;

use super::Decoder;
use super::keys::{APPROVE, CALL, EMIT, END, WAIT};
use super::sight::Purpose;
use super::step::Named;
use crate::analysis::{CalledWorkflow, GivenInput};
use crate::codes;
use crate::duration::parse_duration;
use crate::expression::Template;
use crate::model::{Action, Approve, Call, Wait};
use crate::types::Wants;
use crate::yaml::Node;

impl Decoder<'_> {
    /// A duration, or an expression that gives one.
    pub(super) fn duration_template(&mut self, node: &Node) -> Option<Template> {
        if node.scalar().is_some_and(|scalar| scalar.text.contains("${{")) {
            return self.text_for(node, Wants::Duration);
        }
        let ms = self.duration(node)?;
        let text = node.scalar().map(|scalar| scalar.text.clone()).filter(|text| parse_duration(text) == Ok(ms));
        Some(Template::literal(text.unwrap_or_else(|| crate::format_duration(ms)).into()))
    }

    pub(super) fn wait(&mut self, node: &Node) -> Option<Wait> {
        if !self.keys(node, &WAIT) {
            return None;
        }
        let kinds: Vec<_> = node
            .entries()
            .unwrap_or_default()
            .iter()
            .filter(|entry| matches!(entry.key.as_str(), "for" | "until" | "event"))
            .collect();
        let [kind] = kinds[..] else {
            let place = super::first_line(self.text, node.place);
            let message = "A wait has one of `for` (a duration), `until` (a moment) and `event` (a name).";
            self.report(codes::MISSING_KEY, place, message);
            return None;
        };
        if kind.key != "event" {
            for key in ["match", "timeout"] {
                if let Some(entry) = node.entry(key) {
                    let message = format!("`{key}` belongs to a wait for an `event`.");
                    let fix = self.without_entry(node, entry);
                    self.at(key, |this| this.report(codes::UNKNOWN_KEY, entry.key_place, message).fixes.extend(fix));
                }
            }
        }
        self.at(&kind.key, |this| match kind.key.as_str() {
            "for" => this.duration_template(&kind.value).map(Wait::For),
            "until" => this.moment(&kind.value).map(Wait::Until),
            _ => this.string_template(&kind.value).map(|name| Wait::Event { name, matches: None, timeout: None }),
        })
        .map(|wait| match wait {
            Wait::Event { name, .. } => Wait::Event {
                name,
                matches: node.get("match").and_then(|node| {
                    self.at("match", |this| this.seeing(|sight| sight.event = true, |this| this.condition(node)))
                }),
                timeout: node.get("timeout").and_then(|node| self.at("timeout", |this| this.duration_template(node))),
            },
            other => other,
        })
    }

    /// RFC 3339, or an expression that gives it.
    fn moment(&mut self, node: &Node) -> Option<Template> {
        let template = self.text_for(node, Wants::Moment)?;
        if let Some(text) = template.as_literal().and_then(|value| value.as_str())
            && text.parse::<jiff::Timestamp>().is_err()
        {
            let message = if is_moment(text) {
                let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
                format!("This moment is out of range: moments from {first} to {last} are known.")
            } else {
                "A moment with its offset from UTC is expected here, like 2026-01-31T08:00:00Z.".to_owned()
            };
            self.report(codes::BAD_DURATION, node.place, message);
            return None;
        }
        Some(template)
    }

    pub(super) fn first_of(&mut self, node: &Node) -> Option<IndexMap<String, Wait>> {
        let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
            self.wrong_type(node, "a map from port names to waits");
            return None;
        };
        let mut branches = IndexMap::new();
        for entry in entries {
            self.at(&entry.key, |this| {
                this.port_name(&entry.key, entry.key_place);
                // The port is there whatever its wait says.
                let wait = this.wait(&entry.value).unwrap_or_else(|| Wait::For(Template::literal("0s".into())));
                branches.insert(entry.key.clone(), wait);
            });
        }
        Some(branches)
    }

    pub(super) fn approve(&mut self, node: &Node) -> Option<Approve> {
        if !self.keys(node, &APPROVE) {
            return None;
        }
        if let (Some(entry), None) = (node.entry("on_timeout"), node.get("timeout")) {
            let fix = self.without_entry(node, entry);
            let message = "`on_timeout` says what happens after the `timeout` of the approval, and there is none. Add `timeout`, or remove this.";
            self.at("on_timeout", |this| this.report(codes::MISSING_KEY, entry.key_place, message).fixes.extend(fix));
        }
        let message = self.needed(node, "message", "An approval")?;
        Some(Approve {
            message: self.at("message", |this| this.string_template(message))?,
            form: node.get("form").and_then(|form| self.at("form", |this| this.schema(form))),
            timeout: node.get("timeout").and_then(|node| self.at("timeout", |this| this.duration_template(node))),
            on_timeout: node.get("on_timeout").and_then(|node| {
                let known = [("approved", "approved"), ("rejected", "rejected")];
                self.at("on_timeout", |this| this.word(node, &known)).map(str::to_owned)
            }),
        })
    }

    /// A JSON Schema: a map, or `true`. What it refers to stands in it: nothing is fetched.
    pub(super) fn schema(&mut self, node: &Node) -> Option<serde_json::Value> {
        let value = node.to_json();
        if !value.is_object() && !value.is_boolean() {
            self.wrong_type(node, "a JSON Schema, which is a map,");
            return None;
        }
        if let Err(error) = jsonschema::validator_for(&value) {
            let place = super::first_line(self.text, inside(node, error.instance_path().as_str()).place);
            self.report(codes::BAD_SCHEMA, place, format!("This is not a JSON Schema: {error}."));
            return None;
        }
        Some(value)
    }

    pub(super) fn emit(&mut self, node: &Node) -> Option<Action> {
        if !self.keys(node, &EMIT) {
            return None;
        }
        let event = self.needed(node, "event", "`emit`")?;
        let event = self.at("event", |this| this.string_template(event))?;
        let data = node.get("data").map(|data| self.at("data", |this| this.template(data)));
        Some(Action::Emit { event, data: data.unwrap_or_else(|| Template::literal(serde_json::Value::Null)) })
    }

    pub(super) fn cancel(&mut self, node: &Node) -> Vec<Named> {
        let Some(items) = node.items().filter(|items| !items.is_empty()) else {
            let fix = node.string().map(|text| self.replacement("Make it a list", node.place, format!("[{text}]")));
            self.wrong_type(node, "a list of steps of this scope such as [poll, watch]").fixes.extend(fix);
            return Vec::new();
        };
        items.iter().filter_map(|item| Some(Named { step: self.string(item)?, place: item.place })).collect()
    }

    pub(super) fn end(&mut self, node: &Node) -> Option<Option<Template>> {
        if node.entries().is_none() {
            if node.string().as_deref() == Some("failed") {
                let fix = self.replacement("Write it with a message", node.place, "{ failed: \"It went wrong.\" }");
                let message = "A run that ends as failed says why: `end: { failed: MESSAGE }`.";
                self.report(codes::UNKNOWN_VALUE, node.place, message).fixes.push(fix);
                return None;
            }
            return self.word(node, &[("succeeded", ())]).map(|()| None);
        }
        self.keys(node, &END);
        let message = self.needed(node, "failed", "`end` written as a map")?;
        self.at("failed", |this| {
            if message.string().is_some_and(|text| text.trim().is_empty()) {
                this.wrong_type(message, "a message that says why the run failed");
                return None;
            }
            this.string_template(message)
        })
        .map(Some)
    }

    pub(super) fn call(&mut self, node: &Node) -> Option<Call> {
        if !self.keys(node, &CALL) {
            return None;
        }
        let id_node = self.needed(node, "id", "`workflow`");
        let known = self.calls.len();
        let id = id_node.and_then(|id| self.at("id", |this| this.called_id(id)));
        let given = self.given(node.get("inputs"));
        if let Some(call) = self.calls.get_mut(known) {
            call.inputs = given;
        }
        let inputs = node.get("inputs").map(|inputs| {
            self.at("inputs", |this| {
                if inputs.entries().is_none() && !inputs.string().is_some_and(|text| text.contains("${{")) {
                    this.wrong_type(inputs, "a map of inputs");
                }
                this.template(inputs)
            })
        });
        let wait = node.get("wait").and_then(|node| self.at("wait", |this| this.boolean(node)));
        let detach = node.get("detach").and_then(|node| self.at("detach", |this| this.boolean(node)));
        if let (Some(true), Some(true)) | (Some(false), Some(false)) = (wait, detach) {
            let place = node.entry("detach").map_or(node.place, |entry| entry.key_place);
            let related = node.entry("wait").map(|entry| self.related(entry.key_place, "`wait` is here."));
            let fix = node.entry("detach").and_then(|entry| self.without_entry(node, entry));
            let message = "`wait` and `detach` contradict each other; keep one of them.";
            let diagnostic = self.report(codes::CONFLICT, place, message);
            diagnostic.related.extend(related);
            diagnostic.fixes.extend(fix);
        }
        Some(Call {
            id: id?,
            inputs: inputs.unwrap_or_else(|| Template::literal(serde_json::Value::Object(serde_json::Map::new()))),
            wait: wait.unwrap_or(detach != Some(true)),
        })
    }

    /// The inputs as they are written.
    fn given(&self, inputs: Option<&Node>) -> Option<Vec<GivenInput>> {
        let Some(inputs) = inputs else { return Some(Vec::new()) };
        let given = |entry: &crate::yaml::Entry| {
            let node = &entry.value;
            let place = super::first_line(self.text, node.place);
            let value = (!node.holds("${{")).then(|| node.to_json());
            GivenInput {
                name: entry.key.clone(),
                name_span: self.lines.span(if inputs.aliased { inputs.place } else { entry.key_place }),
                value,
                value_span: self.lines.span(if inputs.aliased { inputs.place } else { place }),
            }
        };
        Some(inputs.entries()?.iter().map(given).collect())
    }

    pub(super) fn called_id(&mut self, node: &Node) -> Option<Template> {
        let template = self.string_template(node)?;
        if let Some(id) = template.as_literal().and_then(|value| value.as_str()) {
            if !super::workflow::is_workflow_id(id) {
                let message = format!("`{id}` is not the id of a workflow. A sub-workflow is named by its id, never by a path.");
                self.report(codes::BAD_ID, node.place, message);
                return None;
            }
            let place = node.place;
            let span = self.lines.span(place);
            let main = self.purpose == Purpose::Run;
            self.calls.push(CalledWorkflow { id: id.to_owned(), span, step: self.step.clone(), main, inputs: None });
        }
        Some(template)
    }
}

/// The node at a JSON pointer, or the one around it where there is none.
fn inside<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    let mut found = node;
    for part in pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        let item = key.parse::<usize>().ok().and_then(|index| found.items()?.get(index));
        let Some(next) = item.or_else(|| found.get(&key)) else { break };
        found = next;
    }
    found
}

/// Whether a text is a moment with its offset from UTC, near or far.
fn is_moment(text: &str) -> bool {
    let pieces = jiff::fmt::temporal::Pieces::parse(text);
    pieces.is_ok_and(|pieces| pieces.time().is_some() && pieces.offset().is_some())
}
