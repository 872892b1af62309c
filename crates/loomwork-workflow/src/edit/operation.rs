//! What each operation means, as changes of values.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::change::{Page, Segment, dotted};
use super::lay::{Splice, apply};
use super::rename::rename_in_expressions;
use super::{EditError, EditOp};
use crate::analysis::{Analysis, analyze};
use crate::decode::{is_valid_step_id, mend_step_id};
use crate::yaml::{Content, Node};

/// A text under operations.
pub(super) struct Editor {
    page: Page,
}

/// Steps by the labels that an outline gives them.
struct Steps {
    labels: Vec<String>,
    analysis: Analysis,
}

impl Steps {
    fn index(&self, label: &str) -> Result<usize, EditError> {
        self.labels.iter().position(|known| known == label).ok_or_else(|| EditError::NoStep(label.to_owned()))
    }
}

impl Editor {
    pub(super) fn new(text: &str) -> Result<Self, EditError> {
        Page::new(text.to_owned()).map(|page| Self { page })
    }

    pub(super) fn into_text(self) -> String {
        self.page.text
    }

    pub(super) fn perform(&mut self, op: &EditOp, added: &mut Vec<String>) -> Result<(), EditError> {
        match op {
            EditOp::AddStep { id, fields } => self.add_step(id.as_deref(), fields).map(|id| added.push(id)),
            EditOp::RemoveStep { id, heal } => self.remove_step(id, *heal),
            EditOp::RenameStep { id, to } => self.rename_step(id, to),
            EditOp::Connect { from, port, to } => self.connect(from, port.as_deref(), to),
            EditOp::Disconnect { from, port, to } => self.disconnect(from, port.as_deref(), to),
            EditOp::SetField { id, path, value } => self.set_field(id, path, value),
            EditOp::SetWorkflowField { path, value } => self.set_at(Vec::new(), path, value),
        }
    }

    fn steps(&self) -> Steps {
        let analysis = analyze(&self.page.text);
        Steps { labels: analysis.outline.nodes.iter().map(|node| node.id.clone()).collect(), analysis }
    }

    /// Changes the value at a path; `below` it is what changes.
    fn set(&mut self, path: &[Segment], below: &str, change: impl FnOnce(&mut Value) -> Option<()>) -> Result<(), EditError> {
        let mut target = self.page.value();
        let mut place = &mut target;
        for segment in path {
            let next = match segment {
                Segment::Key(key) => place.get_mut(key),
                Segment::Index(index) => place.get_mut(index),
            };
            place = next.ok_or_else(|| EditError::Entangled { path: dotted(path) })?;
        }
        change(place).ok_or_else(|| EditError::Entangled { path: dotted(path) })?;
        let mut scope = path.to_vec();
        scope.push(Segment::Key(below.to_owned()));
        self.page.make(&scope, &target)
    }

    fn add_step(&mut self, wished: Option<&str>, fields: &IndexMap<String, Value>) -> Result<String, EditError> {
        let steps = self.steps();
        let action = ["run", "set", "choose"].into_iter().find(|action| fields.contains_key(*action)).unwrap_or("step");
        let base = mend_step_id(wished.unwrap_or(action));
        let taken: Vec<Option<String>> = self.step_nodes().iter().map(|node| node.get("id").and_then(Node::string)).collect();
        let free = |id: &String| !taken.iter().flatten().any(|known| known == id) && !steps.labels.contains(id);
        let id = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}_{number}"))).find(free).unwrap_or(base);
        let mut step = Map::new();
        step.insert("id".to_owned(), Value::String(id.clone()));
        step.extend(
            fields
                .iter()
                .filter(|(key, value)| *key != "id" && !value.is_null())
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        self.set(&[], "steps", |document| {
            let list = document.as_object_mut()?.entry("steps").or_insert_with(|| Value::Array(Vec::new()));
            if list.is_null() {
                *list = Value::Array(Vec::new());
            }
            list.as_array_mut()?.push(Value::Object(step));
            Some(())
        })?;
        Ok(id)
    }

    fn step_nodes(&self) -> &[Node] {
        self.page.root.get("steps").and_then(Node::items).unwrap_or_default()
    }

    fn remove_step(&mut self, id: &str, heal: bool) -> Result<(), EditError> {
        let steps = self.steps();
        let index = steps.index(id)?;
        let document = self.page.value();
        let removed = &document["steps"][index];
        let (before, removed_joins_all) = (needs_of(removed), joins_all(removed));
        let targets = document["steps"].as_array().cloned().unwrap_or_default();
        for (at, target) in targets.iter().enumerate().filter(|(at, _)| *at != index) {
            let needs = needs_of(target);
            if !needs.iter().any(|need| source_of(need) == id) {
                continue;
            }
            let unambiguous = before.len() == 1 || (removed_joins_all && joins_all(target));
            let mut kept: Vec<String> = Vec::new();
            for need in &needs {
                if source_of(need) != id {
                    kept.push(need.clone());
                } else if heal && unambiguous && !need.ends_with(".failed") {
                    let new = before.iter().filter(|new| !needs.contains(new));
                    kept.extend(new.cloned());
                }
            }
            kept.dedup();
            self.write_needs(at, kept)?;
        }
        self.set(&[], "steps", |document| {
            document.get_mut("steps")?.as_array_mut()?.remove(index);
            Some(())
        })
    }

    /// Writes the `needs` of a step; an empty list is none.
    fn write_needs(&mut self, step: usize, needs: Vec<String>) -> Result<(), EditError> {
        let path = [Segment::Key("steps".to_owned()), Segment::Index(step)];
        self.set(&path, "needs", |step| {
            let step = step.as_object_mut()?;
            if needs.is_empty() {
                step.shift_remove("needs");
            } else {
                step.insert("needs".to_owned(), needs.into());
            }
            Some(())
        })
    }

    fn connect(&mut self, from: &str, port: Option<&str>, to: &str) -> Result<(), EditError> {
        let steps = self.steps();
        let (source, target) = (steps.index(from)?, steps.index(to)?);
        if from.starts_with('@') {
            return Err(EditError::NoStep(from.to_owned()));
        }
        let node = &steps.analysis.outline.nodes[source];
        if let Some(port) = port
            && port != "failed"
            && node.action != "unknown"
            && !node.ports.iter().any(|known| known == port)
        {
            return Err(EditError::NoPort { step: from.to_owned(), port: port.to_owned() });
        }
        let need = written(from, port);
        let mut needs = needs_of(&self.page.value()["steps"][target]);
        if needs.contains(&need) {
            return Err(EditError::AlreadyConnected { need, to: to.to_owned() });
        }
        if from == to || leads_to(&steps.analysis, to, from) {
            return Err(EditError::Cycle { from: from.to_owned(), to: to.to_owned() });
        }
        needs.push(need);
        self.write_needs(target, needs)
    }

    fn disconnect(&mut self, from: &str, port: Option<&str>, to: &str) -> Result<(), EditError> {
        let steps = self.steps();
        let target = steps.index(to)?;
        let need = written(from, port);
        let mut needs = needs_of(&self.page.value()["steps"][target]);
        let Some(at) = needs.iter().position(|known| *known == need) else {
            let implied = steps.analysis.outline.edges.iter().any(|edge| edge.implied && edge.from == from && edge.to == to);
            return Err(EditError::NotConnected { need, to: to.to_owned(), implied });
        };
        needs.remove(at);
        self.write_needs(target, needs)
    }

    fn set_field(&mut self, id: &str, path: &[String], value: &Value) -> Result<(), EditError> {
        let index = self.steps().index(id)?;
        if let ([key], Some(to)) = (path, value.as_str())
            && key == "id"
            && !id.starts_with('@')
        {
            return self.rename_step(id, to);
        }
        if path.first().is_some_and(|key| key == "id") && value.is_null() {
            return Err(EditError::BadPath {
                path: "id".to_owned(),
                reason: "a step keeps its id; rename it instead".to_owned(),
            });
        }
        self.set_at(vec![Segment::Key("steps".to_owned()), Segment::Index(index)], path, value)
    }

    /// Sets or removes a value at a path of keys below a map.
    fn set_at(&mut self, base: Vec<Segment>, path: &[String], value: &Value) -> Result<(), EditError> {
        let bad = |reason: &str| EditError::BadPath { path: path.join("."), reason: reason.to_owned() };
        if path.is_empty() {
            return Err(bad("the path is empty"));
        }
        let mut whole = base.clone();
        whole.extend(path.iter().map(|key| Segment::Key(key.clone())));
        let mut target = self.page.value();
        let mut place = &mut target;
        for segment in &base {
            let next = match segment {
                Segment::Key(key) => place.get_mut(key),
                Segment::Index(index) => place.get_mut(index),
            };
            place = next.ok_or_else(|| bad("there is nothing there"))?;
        }
        assign(place, path, value).map_err(bad)?;
        self.page.make(&whole, &target)
    }

    fn rename_step(&mut self, id: &str, to: &str) -> Result<(), EditError> {
        let steps = self.steps();
        let index = steps.index(id)?;
        if id == to {
            return Ok(());
        }
        if !is_valid_step_id(to) {
            return Err(EditError::BadId(to.to_owned()));
        }
        let nodes = self.step_nodes();
        if nodes.iter().any(|node| node.get("id").and_then(Node::string).as_deref() == Some(to)) {
            return Err(EditError::IdTaken(to.to_owned()));
        }
        let own = nodes.get(index).and_then(|node| node.entry("id"));
        let Some(own) = own else {
            return self.set_at(
                vec![Segment::Key("steps".to_owned()), Segment::Index(index)],
                &["id".to_owned()],
                &Value::from(to),
            );
        };
        let mut splices = vec![Splice { place: own.value.place, text: to.to_owned() }];
        if !id.starts_with('@') {
            for step in nodes {
                for need in step.get("needs").and_then(Node::items).unwrap_or_default() {
                    splices.extend(self.renamed_need(need, id, to));
                }
            }
            self.rename_below(&self.page.root, id, to, &mut splices);
        }
        splices.dedup();
        let expected = self.renamed(index, id, to);
        let page = Page::new(apply(&self.page.text, splices)).ok().filter(|page| page.value() == expected);
        self.page = page.ok_or_else(|| EditError::Entangled { path: format!("steps.{id}") })?;
        Ok(())
    }

    fn renamed_need(&self, need: &Node, id: &str, to: &str) -> Option<Splice> {
        let text = need.string()?;
        if need.aliased || source_of(&text) != id {
            return None;
        }
        let raw = need.place.slice(&self.page.text);
        let at = need.place.start + raw.find(id)?;
        Some(Splice { place: crate::text::Place::new(at, at + id.len()), text: to.to_owned() })
    }

    fn rename_below(&self, node: &Node, id: &str, to: &str, splices: &mut Vec<Splice>) {
        match &node.content {
            _ if node.aliased => {}
            Content::Scalar(scalar) if scalar.text.contains("${{") => {
                let raw = node.place.slice(&self.page.text);
                let renamed = rename_in_expressions(raw, id, to);
                if renamed != raw {
                    splices.push(Splice { place: node.place, text: renamed });
                }
            }
            Content::Scalar(_) => {}
            Content::List(items) => items.iter().for_each(|item| self.rename_below(item, id, to, splices)),
            Content::Map(entries) => entries.iter().for_each(|entry| self.rename_below(&entry.value, id, to, splices)),
        }
    }

    /// What the document should say after a rename.
    fn renamed(&self, index: usize, id: &str, to: &str) -> Value {
        let mut document = self.page.value();
        if !id.starts_with('@') {
            rename_values(&mut document, id, to);
        }
        for (at, step) in document["steps"].as_array_mut().into_iter().flatten().enumerate() {
            if at == index {
                step["id"] = Value::from(to);
            }
            if id.starts_with('@') {
                continue;
            }
            for need in step.get_mut("needs").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(text) = need.as_str().filter(|text| source_of(text) == id) {
                    *need = Value::from(format!("{to}{}", &text[id.len()..]));
                }
            }
        }
        document
    }
}

fn rename_values(value: &mut Value, id: &str, to: &str) {
    match value {
        Value::String(text) if text.contains("${{") => *text = rename_in_expressions(text, id, to),
        Value::Array(items) => items.iter_mut().for_each(|item| rename_values(item, id, to)),
        Value::Object(map) => map.values_mut().for_each(|value| rename_values(value, id, to)),
        _ => {}
    }
}

fn assign(place: &mut Value, path: &[String], value: &Value) -> Result<(), &'static str> {
    let Some((key, rest)) = path.split_first() else { return Ok(()) };
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    let Some(map) = place.as_object_mut() else { return Err("the path leads through something that is no map") };
    if rest.is_empty() {
        if value.is_null() {
            map.shift_remove(key);
        } else {
            map.insert(key.clone(), value.clone());
        }
        return Ok(());
    }
    if value.is_null() && !map.contains_key(key) {
        return Ok(());
    }
    let inner = map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
    assign(inner, rest, value)?;
    // What was emptied by a removal goes too: `env: {}` says nothing.
    if value.is_null() && inner.as_object().is_some_and(Map::is_empty) {
        map.shift_remove(key);
    }
    Ok(())
}

fn needs_of(step: &Value) -> Vec<String> {
    match step.get("needs") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(need)) => vec![need.clone()],
        _ => Vec::new(),
    }
}

fn joins_all(step: &Value) -> bool {
    step.get("join").is_none_or(|join| join == "all")
}

fn source_of(need: &str) -> &str {
    need.split_once('.').map_or(need, |(step, _)| step)
}

fn written(from: &str, port: Option<&str>) -> String {
    port.map_or_else(|| from.to_owned(), |port| format!("{from}.{port}"))
}

/// Whether a path of edges leads from one step to another.
fn leads_to(analysis: &Analysis, from: &str, to: &str) -> bool {
    let mut next: std::collections::HashMap<&str, Vec<&str>> = std::collections::HashMap::new();
    for edge in &analysis.outline.edges {
        next.entry(edge.from.as_str()).or_default().push(&edge.to);
    }
    let mut seen = std::collections::HashSet::from([from]);
    let mut stack = vec![from];
    while let Some(step) = stack.pop() {
        if step == to {
            return true;
        }
        stack.extend(next.get(step).into_iter().flatten().filter(|step| seen.insert(**step)));
    }
    false
}
