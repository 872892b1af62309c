//! What each operation means, as changes of values.

use std::cell::RefCell;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::change::{Page, Segment, dotted, reach};
use super::diff::Primitive;
use super::note::Note;
use super::{EditError, EditOp};
use crate::analysis::{Analysis, Analyzer, Known};
use crate::decode::mend_step_id;
use crate::outline::OutlineNode;
use crate::yaml::Node;

/// A text under operations.
pub(super) struct Editor {
    pub(super) page: Page,
    known: RefCell<Known>,
    /// What the operations did besides what they were asked for.
    pub(super) notes: Vec<Note>,
}

/// The steps of a text, as an outline names them.
pub(super) struct Steps {
    pub(super) analysis: Arc<Analysis>,
}

impl Steps {
    pub(super) fn find(&self, path: &str) -> Result<&OutlineNode, EditError> {
        self.nodes().iter().find(|node| node.id == path).map(Arc::as_ref).ok_or_else(|| EditError::NoStep(path.to_owned()))
    }

    pub(super) fn nodes(&self) -> &[Arc<OutlineNode>] {
        &self.analysis.outline.nodes
    }

    /// The group at a path (none: the workflow itself), as the way to what holds its `steps`.
    pub(super) fn holder(&self, group: Option<&str>) -> Result<Vec<Segment>, EditError> {
        let Some(path) = group else { return Ok(Vec::new()) };
        let node = self.find(path)?;
        if node.action != "steps" {
            return Err(EditError::NoGroup(path.to_owned()));
        }
        Ok(way(&node.at))
    }
}

/// The way to a step, by its index in `steps` and those of the groups around it.
pub(super) fn way(at: &[usize]) -> Vec<Segment> {
    at.iter().flat_map(|index| [Segment::Key("steps".to_owned()), Segment::Index(*index)]).collect()
}

/// The group around a step, and its id in there.
pub(super) fn parted(path: &str) -> (Option<&str>, &str) {
    path.rsplit_once('.').map_or((None, path), |(group, id)| (Some(group), id))
}

pub(super) fn value_at<'v>(document: &'v Value, way: &[Segment]) -> Option<&'v Value> {
    way.iter().try_fold(document, |value, segment| match segment {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => value.get(index),
    })
}

pub(super) fn value_at_mut<'v>(document: &'v mut Value, way: &[Segment]) -> Option<&'v mut Value> {
    way.iter().try_fold(document, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    })
}

impl Editor {
    pub(super) fn new(page: Page) -> Self {
        Self { page, known: RefCell::default(), notes: Vec::new() }
    }

    /// Goes on with a text that was analysed.
    pub(super) fn of(analyzer: Analyzer) -> Self {
        let Analyzer { reading, known } = analyzer;
        Self { page: Page::of(reading), known: RefCell::new(known), notes: Vec::new() }
    }

    pub(super) fn into_analyzer(self) -> Analyzer {
        Analyzer { reading: self.page.into_reading(), known: self.known.into_inner() }
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
            EditOp::MoveStep { id, into, after } => {
                self.move_step(id, into.as_deref(), after.as_deref()).map(|moved| added.extend(moved))
            }
            EditOp::Paste { yaml, into } => self.paste(yaml, into.as_deref()).map(|pasted| added.extend(pasted)),
            EditOp::GroupSteps { ids, id } => self.group_steps(ids, id.as_deref()).map(|group| added.push(group)),
            EditOp::Ungroup { id } => self.ungroup(id).map(|freed| added.extend(freed)),
        }
    }

    pub(super) fn steps(&self) -> Steps {
        Steps { analysis: self.known.borrow_mut().of(self.page.reading()) }
    }

    /// Changes the value at a path; `below` it is what changes.
    pub(super) fn set(
        &mut self,
        path: &[Segment],
        below: &str,
        change: impl FnOnce(&mut Value) -> Option<()>,
    ) -> Result<(), EditError> {
        let mut target = self.page.value_at(path).ok_or_else(|| EditError::Entangled { path: dotted(path) })?;
        change(&mut target).ok_or_else(|| EditError::Entangled { path: dotted(path) })?;
        let mut scope = path.to_vec();
        scope.push(Segment::Key(below.to_owned()));
        self.page.make_at(path, &scope, &target)
    }

    /// Behind the path of a group and a dot, the wished id names the group that the step goes into.
    fn add_step(&mut self, wished: Option<&str>, fields: &IndexMap<String, Value>) -> Result<String, EditError> {
        let steps = self.steps();
        let (group, wished) = match wished.map(parted) {
            Some((group, id)) => (group, Some(id)),
            None => (None, None),
        };
        let holder = steps.holder(group)?;
        let action = crate::decode::ACTIONS.iter().find(|action| fields.contains_key(**action)).copied().unwrap_or("step");
        let id = self.free_id(&holder, wished.filter(|id| !id.is_empty()).unwrap_or(action));
        let mut step = Map::new();
        step.insert("id".to_owned(), Value::String(id.clone()));
        step.extend(
            fields
                .iter()
                .filter(|(key, value)| *key != "id" && !value.is_null())
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        self.insert_values(&holder, None, vec![Value::Object(step)])?;
        Ok(group.map_or_else(|| id.clone(), |group| format!("{group}.{id}")))
    }

    /// Puts steps into a scope, at an index or at its end.
    pub(super) fn insert_values(&mut self, holder: &[Segment], index: Option<usize>, steps: Vec<Value>) -> Result<(), EditError> {
        let known = self.step_nodes(holder).len();
        if known > 0 {
            let at = index.unwrap_or(known).min(known);
            return steps
                .into_iter()
                .enumerate()
                .try_for_each(|(more, value)| self.change_list(holder, &Primitive::InsertItem { index: at + more, value }));
        }
        self.set(holder, "steps", |holder| {
            let list = holder.as_object_mut()?.entry("steps").or_insert_with(|| Value::Array(Vec::new()));
            if list.is_null() {
                *list = Value::Array(Vec::new());
            }
            let list = list.as_array_mut()?;
            let at = index.unwrap_or(list.len()).min(list.len());
            list.splice(at..at, steps);
            Some(())
        })
    }

    /// An id as wished, with a number when it is taken in the scope.
    pub(super) fn free_id(&self, holder: &[Segment], wished: &str) -> String {
        let taken = self.ids(holder);
        let base = mend_step_id(wished);
        let free = |id: &String| !taken.contains(id);
        std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}_{number}"))).find(free).unwrap_or(base)
    }

    /// The ids in a scope.
    pub(super) fn ids(&self, holder: &[Segment]) -> Vec<String> {
        self.step_nodes(holder).iter().filter_map(|node| node.get("id").and_then(Node::string)).collect()
    }

    pub(super) fn step_nodes(&self, holder: &[Segment]) -> &[Node] {
        let holder = super::change::find(self.page.root(), holder).map(|(node, _)| node);
        holder.and_then(|node| node.get("steps")).and_then(Node::items).unwrap_or_default()
    }

    pub(super) fn remove_step(&mut self, id: &str, heal: bool) -> Result<(), EditError> {
        let steps = self.steps();
        let node = steps.find(id)?;
        let (holder, index) = (way(&node.at[..node.at.len() - 1]), node.at[node.at.len() - 1]);
        self.detach(&holder, index, parted(id).1, heal)?;
        self.remove_value(&holder, index)
    }

    /// Takes a step out of a scope.
    pub(super) fn remove_value(&mut self, holder: &[Segment], mut index: usize) -> Result<(), EditError> {
        let nodes = self.step_nodes(holder);
        if nodes.len() > 1 {
            // Of several that say the same the last one goes.
            while nodes.get(index + 1).is_some_and(|next| next.to_json() == nodes[index].to_json()) {
                index += 1;
            }
            return self.change_list(holder, &Primitive::RemoveItem { index });
        }
        self.set(holder, "steps", |holder| {
            holder.get_mut("steps")?.as_array_mut()?.remove(index);
            Some(())
        })
    }

    fn change_list(&mut self, holder: &[Segment], change: &Primitive) -> Result<(), EditError> {
        let mut list = holder.to_vec();
        list.push(Segment::Key("steps".to_owned()));
        self.page.carry_out(&list, change, || EditError::Entangled { path: dotted(&list) })
    }

    /// Removes the edges from a step in the rest of its scope.
    fn detach(&mut self, holder: &[Segment], index: usize, id: &str, heal: bool) -> Result<(), EditError> {
        let holding = reach(self.page.root(), holder).and_then(|holder| holder.get("steps")?.items());
        let nodes = holding.unwrap_or_default().iter();
        let edges = |node: &Node| {
            let entries =
                node.entries().unwrap_or_default().iter().filter(|entry| matches!(entry.key.as_str(), "needs" | "join"));
            entries.map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>().into()
        };
        let targets: Vec<Value> = nodes.map(edges).collect();
        let removed = &targets[index];
        let (before, removed_joins_all) = (needs_of(removed), joins_all(removed));
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
            self.write_needs(holder, at, kept)?;
        }
        Ok(())
    }

    /// Writes the `needs` of a step; an empty list is none.
    pub(super) fn write_needs(&mut self, holder: &[Segment], step: usize, needs: Vec<String>) -> Result<(), EditError> {
        let mut path = holder.to_vec();
        path.extend([Segment::Key("steps".to_owned()), Segment::Index(step)]);
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
        let (node, target) = (steps.find(from)?, steps.find(to)?);
        let ((group, name), (other, _)) = (parted(from), parted(to));
        if name.starts_with('@') {
            return Err(EditError::NoStep(from.to_owned()));
        }
        if group != other {
            return Err(EditError::OtherScope { from: from.to_owned(), to: to.to_owned() });
        }
        if let Some(port) = port
            && port != "failed"
            && node.action != "unknown"
            && !node.ports.iter().any(|known| known == port)
        {
            return Err(EditError::NoPort { step: from.to_owned(), port: port.to_owned() });
        }
        let need = written(name, port);
        let mut needs = self.needs_at(&target.at);
        if needs.contains(&need) {
            return Err(EditError::AlreadyConnected { need, to: to.to_owned() });
        }
        if from == to || leads_to(&steps.analysis, to, from) {
            return Err(EditError::Cycle { from: from.to_owned(), to: to.to_owned() });
        }
        needs.push(need);
        let (last, groups) = (target.at[target.at.len() - 1], way(&target.at[..target.at.len() - 1]));
        self.write_needs(&groups, last, needs)
    }

    pub(super) fn needs_at(&self, at: &[usize]) -> Vec<String> {
        self.page.value_at(&way(at)).as_ref().map(needs_of).unwrap_or_default()
    }

    fn disconnect(&mut self, from: &str, port: Option<&str>, to: &str) -> Result<(), EditError> {
        let steps = self.steps();
        let target = steps.find(to)?;
        let need = written(parted(from).1, port);
        let mut needs = self.needs_at(&target.at);
        let Some(at) = needs.iter().position(|known| *known == need) else {
            let implied = steps.analysis.outline.edges.iter().any(|edge| edge.implied && edge.from == from && edge.to == to);
            return Err(EditError::NotConnected { need, to: to.to_owned(), implied });
        };
        needs.remove(at);
        let (last, groups) = (target.at[target.at.len() - 1], way(&target.at[..target.at.len() - 1]));
        self.write_needs(&groups, last, needs)
    }

    fn set_field(&mut self, id: &str, path: &[String], value: &Value) -> Result<(), EditError> {
        let at = self.steps().find(id)?.at.clone();
        if let ([key], Some(to)) = (path, value.as_str())
            && key == "id"
            && !parted(id).1.starts_with('@')
        {
            return self.rename_step(id, to);
        }
        if path.first().is_some_and(|key| key == "id") && value.is_null() {
            return Err(EditError::BadPath {
                path: "id".to_owned(),
                reason: "a step keeps its id; rename it instead".to_owned(),
            });
        }
        self.set_at(way(&at), path, value)
    }

    /// Sets or removes a value at a path of keys below a map.
    pub(super) fn set_at(&mut self, base: Vec<Segment>, path: &[String], value: &Value) -> Result<(), EditError> {
        let bad = |reason: &str| EditError::BadPath { path: path.join("."), reason: reason.to_owned() };
        if path.is_empty() {
            return Err(bad("the path is empty"));
        }
        let mut whole = base.clone();
        whole.extend(path.iter().map(|key| Segment::Key(key.clone())));
        let mut target = self.page.value_at(&base).ok_or_else(|| bad("there is nothing there"))?;
        assign(&mut target, path, value).map_err(bad)?;
        self.page.make_at(&base, &whole, &target)
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

pub(super) fn needs_of(step: &Value) -> Vec<String> {
    match step.get("needs") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(need)) => vec![need.clone()],
        _ => Vec::new(),
    }
}

fn joins_all(step: &Value) -> bool {
    step.get("join").is_none_or(|join| join == "all")
}

pub(super) fn source_of(need: &str) -> &str {
    need.split_once('.').map_or(need, |(step, _)| step)
}

pub(super) fn written(from: &str, port: Option<&str>) -> String {
    port.map_or_else(|| from.to_owned(), |port| format!("{from}.{port}"))
}

/// Whether a path of edges leads from one step to another.
pub(super) fn leads_to(analysis: &Analysis, from: &str, to: &str) -> bool {
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
