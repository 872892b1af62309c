//! Events: `listen` and `emit`.

use super::data::Data;
use super::flow::{Entry, Exits, Scope};
use super::{Importing, jq, runtime};
use crate::cel;
use crate::draft;
use crate::names::Names;
use crate::source::Node;
use crate::yaml::Map;

/// The filters of a consumption strategy.
pub(super) fn filters(to: Node<'_>) -> Vec<Node<'_>> {
    let lists = ["all", "any"].into_iter().filter_map(|key| to.get(key)).flat_map(Node::items);
    to.get("one").into_iter().chain(lists).collect()
}

impl<'s> Importing<'s, '_> {
    pub(super) fn emit(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let event = node.get("emit").and_then(|emit| emit.get("event"));
        let with = event.and_then(|event| event.get("with")).or(event);
        let Some((with, kind)) = with.and_then(|with| Some((with, with.get("type")?.text()?))) else {
            return self.not_translated(name, node, node, "the event has no `type`", at, scope);
        };
        let mut emit = Map::new().with("event", kind);
        if let Some(data) = with.get("data") {
            let json = data.value();
            let template = self.template(&json, name, data, at, scope);
            emit.put("data", template);
        }
        self.drop_attributes(with);
        let (step, id) = self.open(name, at, scope);
        scope.steps.push(step.with("emit", emit));
        Exits::one(&id, at.data.clone())
    }

    /// Attributes of an event that ours do not have.
    fn drop_attributes(&self, with: Node<'s>) {
        for (key, value) in with.entries().into_iter().filter(|(key, _)| !matches!(*key, "type" | "data")) {
            self.report.dropped(
                value,
                format!("`{key}: {}` is left out: an event has a name and data, put it into the data", value.shown()),
            );
        }
    }

    pub(super) fn listen(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some(listen) = node.get("listen") else { return Exits::default() };
        let Some(to) = listen.get("to") else {
            return self.not_translated(name, node, listen, "`listen` lacks its `to`", at, scope);
        };
        if let Some(read) = listen.get("read")
            && read.string().is_some_and(|word| word != "data")
        {
            self.report.approximated(read, "only the data of an event is given out");
        }
        self.report.drop_key(node, "foreach", "what is done with each event goes into the steps that follow, or into a `loop`");
        self.report.drop_key(to, "until", "one event is waited for; a `loop` with a `wait` inside can take more");
        let all = to.has("all");
        let waits: Vec<(String, Map)> = filters(to).into_iter().filter_map(|filter| self.filter(filter, scope)).collect();
        if waits.is_empty() {
            return self.not_translated(name, node, to, "it does not say which events it waits for", at, scope);
        }
        let (mut step, id) = self.open(name, at, scope);
        let mut branches = Names::new();
        match waits.as_slice() {
            [(_, wait)] => step.put("wait", wait.clone()),
            waits if all => {
                let steps: Vec<Map> = waits
                    .iter()
                    .map(|(event, wait)| draft::step(&branches.claim(last_word(event)), None).with("wait", wait.clone()))
                    .collect();
                let mut names = Names::new();
                let values: Vec<String> =
                    waits.iter().map(|(event, _)| format!("steps.{}.output", names.claim(last_word(event)))).collect();
                step.put("steps", steps);
                step.put("outputs", Map::new().with("value", cel::whole(&format!("[{}]", values.join(", ")))));
                scope.steps.push(step);
                return Exits::one(&id, Data::output(&id).field("value"));
            }
            waits => {
                branches.claim("failed");
                let map =
                    waits.iter().fold(Map::new(), |map, (event, wait)| map.with(&branches.claim(last_word(event)), wait.clone()));
                step.put("first_of", map);
            }
        }
        scope.steps.push(step);
        Exits::one(&id, Data::of(format!("[steps.{id}.output]")))
    }

    /// A wait for one event.
    fn filter(&mut self, filter: Node<'s>, scope: &Scope) -> Option<(String, Map)> {
        let with = filter.get("with")?;
        let Some(kind) = with.get("type").and_then(Node::text) else {
            self.report.placeholder(filter, "the event has no `type`: there is nothing to wait for");
            filter.take();
            return None;
        };
        self.report.drop_key(filter, "correlate", "which event belongs to which run is said by `match`");
        let mut wait = Map::new().with("event", kind);
        if let Some(data) = with.get("data") {
            let condition =
                data.string().and_then(|text| jq::translate(runtime::program(text)?, &Data::of("event.data"), &scope.variables));
            match condition {
                Some(translated) => {
                    self.worked_out.insert(data.path());
                    wait.put("match", cel::whole(&translated.data.expression()));
                }
                None if data.is_map() => {
                    let value = cel::literal(&data.value());
                    wait.put("match", cel::whole(&format!("event.data == {value}")));
                }
                None => self.report.dropped(data, "the filter on the data cannot be translated: write it as `match`"),
            }
        }
        self.drop_attributes(with);
        Some((kind.to_owned(), wait))
    }
}

/// `com.example.order.paid` → `paid`.
fn last_word(event: &str) -> &str {
    event.rsplit(['.', '/']).find(|word| !word.is_empty()).unwrap_or(event)
}
