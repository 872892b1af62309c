//! `for_each` and `loop`.

use super::Decoder;
use super::keys::{EACH_FIELDS, LOOP};
use crate::codes;
use crate::expression::Template;
use crate::model::{ForEach, Loop, OnItemFailure, Repeat, Rest};
use crate::types::Wants;
use crate::yaml::{Entry, Node};

/// Most passes of a loop.
const MAX_PASSES: u32 = 1_000_000;

impl Decoder<'_> {
    /// How a step is repeated. What belongs to a repetition that is not there is reported.
    pub(super) fn repeat(&mut self, step: &Node) -> Option<Repeat> {
        let (each, repeated) = (step.entry("for_each"), step.entry("loop"));
        if let (Some(_), Some(repeated)) = (each, repeated) {
            let message = "`for_each` and `loop` cannot stand on one step: put one of them on a group (`steps`) around it.";
            let related = each.map(|each| self.related(each.key_place, "`for_each` is here."));
            self.at("loop", |this| this.report(codes::CONFLICT, repeated.key_place, message).related.extend(related));
        }
        if each.is_none() {
            self.refuse_each_fields(step);
        }
        match (each, repeated) {
            (Some(entry), _) => self.for_each(step, entry).map(Repeat::ForEach),
            (None, Some(entry)) => self.at("loop", |this| this.loop_(entry)).map(Repeat::Loop),
            (None, None) => None,
        }
    }

    fn refuse_each_fields(&mut self, step: &Node) {
        for entry in step.entries().unwrap_or_default() {
            let group = entry.key == "max_parallel" && step.get("steps").is_some();
            if group || !(EACH_FIELDS.contains(&entry.key.as_str()) || entry.key == "max_parallel") {
                continue;
            }
            self.at(&entry.key, |this| {
                let owner = if entry.key == "max_parallel" { "`for_each` or a group" } else { "`for_each`" };
                let message = format!("`{}` belongs to {owner}, which this step does not have.", entry.key);
                let fix = this.without_entry(step, entry);
                this.report(codes::UNKNOWN_KEY, entry.key_place, message).fixes.extend(fix);
            });
        }
    }

    fn for_each(&mut self, step: &Node, entry: &Entry) -> Option<ForEach> {
        let on_item_failure = [("fail", OnItemFailure::Fail), ("continue", OnItemFailure::Continue)];
        let enough = step.get("enough").and_then(|node| self.at("enough", |this| this.number_template(node)));
        if let (Some(rest), None) = (step.entry("rest"), step.get("enough")) {
            let message = "`rest` says what happens to the other elements once there are `enough`; add `enough` or remove it.";
            self.at("rest", |this| this.report(codes::MISSING_KEY, rest.key_place, message).code);
        }
        Some(ForEach {
            max_parallel: self.max_parallel(step),
            on_item_failure: step
                .get("on_item_failure")
                .and_then(|node| self.at("on_item_failure", |this| this.word(node, &on_item_failure)))
                .unwrap_or_default(),
            enough,
            rest: step.get("rest").and_then(|node| self.at("rest", |this| this.rest(node))).unwrap_or_default(),
            list: self.at("for_each", |this| this.list_template(&entry.value))?,
        })
    }

    pub(super) fn max_parallel(&mut self, step: &Node) -> Option<u32> {
        step.get("max_parallel").and_then(|node| self.at("max_parallel", |this| this.integer(node, 1, 10_000)))
    }

    pub(super) fn rest(&mut self, node: &Node) -> Option<Rest> {
        self.word(node, &[("ignore", Rest::Ignore), ("cancel", Rest::Cancel)])
    }

    /// A list, or one whole expression that gives one.
    fn list_template(&mut self, node: &Node) -> Option<Template> {
        let before = self.diagnostics.len();
        let template = self.template_for(node, Wants::List);
        if template.is_expression() || node.items().is_some() {
            return Some(template);
        }
        if self.diagnostics.len() == before {
            let message = "`for_each` takes a list, or one whole expression that gives one, like \"${{ steps.find.output }}\".";
            self.report(codes::NOT_AN_EXPRESSION, super::first_line(self.text, node.place), message);
        }
        None
    }

    /// A whole number from 1, or one whole expression that gives one.
    fn number_template(&mut self, node: &Node) -> Option<Template> {
        let before = self.diagnostics.len();
        let template = self.template_for(node, Wants::Number);
        match template.as_literal() {
            None if template.is_expression() => return Some(template),
            Some(value) if value.as_u64().is_some_and(|value| value > 0) => return Some(template),
            _ => {}
        }
        if self.diagnostics.len() == before {
            self.wrong_type(node, "a whole number from 1, or an expression that gives one,");
        }
        None
    }

    fn loop_(&mut self, entry: &Entry) -> Option<Loop> {
        let node = &entry.value;
        if !self.keys(node, &LOOP) {
            return None;
        }
        let mut condition = |key: &str| {
            let node = node.get(key)?;
            self.at(key, |this| this.seeing(|sight| sight.pass = true, |this| this.condition(node)))
        };
        let (while_, until, break_when) = (condition("while"), condition("until"), condition("break_when"));
        if let (Some(first), Some(until)) = (node.entry("while"), node.entry("until")) {
            let message = "A loop has `while` or `until`, not both; `break_when` ends it too.";
            let related = self.related(first.key_place, "`while` is here.");
            self.at("until", |this| this.report(codes::CONFLICT, until.key_place, message).related.push(related));
        }
        let Some(max) = node.get("max") else {
            let message = "A loop says how many passes it makes at the most: add `max`.";
            let place = super::first_line(self.text, crate::text::Place::new(entry.key_place.start, node.place.end));
            let first = node.entries().and_then(<[_]>::first);
            let fix = match first.and_then(|first| self.key_slot(node, first)) {
                Some(slot) => Some(self.insertion("Add `max: 100`", &slot, "max: 100")),
                None if node.flow && !node.aliased => Some(self.replacement("Add `max: 100`", node.place, "{ max: 100 }")),
                None => None,
            };
            self.report(codes::UNBOUNDED_LOOP, place, message).fixes.extend(fix);
            return None;
        };
        let max = self.at("max", |this| this.integer(max, 1, MAX_PASSES))?;
        Some(Loop { while_, until, break_when, max })
    }
}
