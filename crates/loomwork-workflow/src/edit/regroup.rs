//! Puts steps of a scope into a new group, and dissolves a group into the scope around it.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::EditError;
use super::blocks::{Freight, Goal};
use super::carry::{cycles, numbered};
use super::change::Segment;
use super::note::Note;
use super::operation::{Editor, Steps, leads_to, needs_of, parted, source_of, value_at, value_at_mut, way, written};
use super::references::{Dissolved, joined, readings};
use crate::decode::{is_valid_step_id, mend_step_id};

/// What a group has that its steps take over, or that says nothing more without them.
const TAKEN_OVER: [&str; 4] = ["id", "steps", "needs", "join"];

impl Editor {
    /// Gives the path of the new group.
    pub(super) fn group_steps(&mut self, ids: &[String], wished: Option<&str>) -> Result<String, EditError> {
        let steps = self.steps();
        let (holder, members, scope) = same_scope(&steps, ids)?;
        between(&steps, &scope, ids)?;
        let cycles = cycles(&steps.analysis);
        let inner: Vec<String> = ids.iter().map(|id| parted(id).1.to_owned()).collect();
        let taken = self.ids(&holder);
        let base = mend_step_id(wished.filter(|id| !id.is_empty()).unwrap_or("group"));
        let own_scope = Some(scope.as_str()).filter(|scope| !scope.is_empty());
        let free =
            |id: &String| !taken.contains(id) && !inner.contains(id) && is_valid_step_id(id) && !self.hides(own_scope, id, None);
        let found = std::iter::once(base.clone()).chain(numbered(&base)).find(free);
        let name = found.ok_or(EditError::IdTaken(base))?;
        let group = joined(&scope, &name);
        let before = readings(self.page.root());
        let crossings = self.cut(&holder, &scope, &members)?;
        self.wrap(&holder, &members, &name)?;
        let path = |path: &str| {
            let member = ids.iter().find(|id| path == id.as_str() || path.starts_with(&format!("{id}.")));
            member.map_or_else(|| path.to_owned(), |id| format!("{group}.{}{}", parted(id).1, &path[id.len()..]))
        };
        self.mend(crossings, &path)?;
        self.settle(&before, &path, None);
        self.refuse_cycles(&cycles)?;
        Ok(group)
    }

    fn wrap(&mut self, holder: &[Segment], members: &[usize], name: &str) -> Result<(), EditError> {
        let entangled = || EditError::Entangled { path: super::change::dotted(holder) };
        let mut expected = self.page.value();
        let list = value_at_mut(&mut expected, holder).and_then(|holder| holder.get_mut("steps")?.as_array_mut());
        let list = list.ok_or_else(entangled)?;
        let inner: Vec<Value> = members.iter().filter_map(|at| list.get(*at).cloned()).collect();
        for at in members.iter().rev() {
            list.remove(*at);
        }
        list.insert(members[0], json!({ "id": name, "steps": inner }));
        let text = self.page.block_holder(holder).and_then(|node| {
            let head = vec![format!("- id: {name}"), "  steps:".to_owned()];
            let freight = Freight { from: node, items: members, head, indent: 4 };
            self.page.carried(&freight, &Goal::There)
        });
        if text.is_some_and(|text| self.page.becomes(&text, &expected)) {
            return Ok(());
        }
        let mut scope = holder.to_vec();
        scope.push(Segment::Key("steps".to_owned()));
        self.page.make(&scope, &expected)
    }

    /// Gives the new paths of the steps that were in the group.
    pub(super) fn ungroup(&mut self, id: &str) -> Result<Vec<String>, EditError> {
        let steps = self.steps();
        let node = steps.find(id)?;
        if node.action != "steps" {
            return Err(EditError::NoGroup(id.to_owned()));
        }
        let (at, fields) = (node.at.clone(), node.fields.clone());
        let cycles = cycles(&steps.analysis);
        let count = self.step_nodes(&way(&at)).len();
        if count == 0 {
            self.remove_step(id, true)?;
            return Ok(Vec::new());
        }
        let scope = parted(id).0.unwrap_or_default().to_owned();
        let (holder, index) = (way(&at[..at.len() - 1]), at[at.len() - 1]);
        let names = (0..count).map(|inner| self.freed_name(id, &at, inner)).collect::<Result<Vec<_>, _>>()?;
        let before = readings(self.page.root());
        self.hand_on_edges(&holder, index, parted(id).1, &fields)?;
        let plain = ["for_each", "loop", "outputs"].iter().all(|key| fields.get(key).is_none());
        let renamed = names.iter().map(|(old, new)| (old.clone(), new.clone())).collect::<HashMap<_, _>>();
        self.unwrap_group(&holder, index)?;
        let lost: Vec<String> = fields
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .filter(|key| !TAKEN_OVER.contains(&key.as_str()))
            .cloned()
            .collect();
        if !lost.is_empty() {
            self.notes.push(Note::FieldsDropped { step: id.to_owned(), fields: lost });
        }
        let path = |path: &str| match path.strip_prefix(&format!("{id}.")) {
            Some(rest) => joined(&scope, rest),
            None => path.to_owned(),
        };
        let dissolved = Dissolved { group: id.to_owned(), plain, steps: renamed };
        self.settle(&before, &path, Some(&dissolved));
        self.refuse_cycles(&cycles)?;
        Ok(names.into_iter().map(|(_, name)| joined(&scope, &name)).collect())
    }

    /// The name that a step of a group has outside, by the one that it had; it is renamed when that is taken.
    fn freed_name(&mut self, group: &str, at: &[usize], inner: usize) -> Result<(String, String), EditError> {
        let steps = self.steps();
        let place: Vec<usize> = at.iter().copied().chain([inner]).collect();
        let found = steps.nodes().iter().find(|node| node.at == place).map(|node| node.id.clone());
        let label = found.ok_or_else(|| EditError::NoStep(format!("{group}.@{inner}")))?;
        let name = parted(&label).1.to_owned();
        let outside = self.ids(&way(&at[..at.len() - 1]));
        let siblings = self.ids(&way(at));
        let scope = parted(group).0;
        let free = |name: &String| !outside.contains(name) && !self.hides(scope, name, None);
        if name.starts_with('@') || free(&name) {
            return Ok((name.clone(), name));
        }
        let candidates: Vec<String> = numbered(&name).filter(|fresh| free(fresh) && !siblings.contains(fresh)).take(20).collect();
        for fresh in candidates {
            match self.rename_step(&label, &fresh) {
                Err(EditError::IdTaken(_)) => {}
                other => {
                    other?;
                    self.notes.push(Note::Renamed { from: label, to: joined(scope.unwrap_or_default(), &fresh) });
                    return Ok((name, fresh));
                }
            }
        }
        Err(EditError::IdTaken(name))
    }

    /// What a group waits for, its first steps wait for; who waits for the group, waits for its last steps.
    fn hand_on_edges(&mut self, holder: &[Segment], index: usize, name: &str, fields: &Value) -> Result<(), EditError> {
        let mut inner_holder = holder.to_vec();
        inner_holder.extend([Segment::Key("steps".to_owned()), Segment::Index(index)]);
        let document = self.page.value();
        let list =
            |way: &[Segment]| value_at(&document, way).and_then(|holder| holder["steps"].as_array().cloned()).unwrap_or_default();
        let inner = list(&inner_holder);
        let ids = super::border::labels(&inner);
        let sources: BTreeSet<String> = inner.iter().flat_map(needs_of).map(|need| source_of(&need).to_owned()).collect();
        let last: Vec<&String> = ids.iter().filter(|id| !sources.contains(*id) && !id.starts_with('@')).collect();
        for (at, target) in list(holder).iter().enumerate().filter(|(at, _)| *at != index) {
            let needs = needs_of(target);
            let mut kept: Vec<String> = Vec::new();
            for need in &needs {
                if source_of(need) != name {
                    kept.push(need.clone());
                    continue;
                }
                let port = need.split_once('.').map(|(_, port)| port).filter(|port| *port == "failed");
                kept.extend(last.iter().map(|id| written(id, port)).filter(|need| !needs.contains(need)));
            }
            if kept != needs {
                kept.dedup();
                self.write_needs(holder, at, kept)?;
            }
        }
        let needs = fields.get("needs").map(|needs| needs_of(&json!({ "needs": needs }))).unwrap_or_default();
        for (at, step) in inner.iter().enumerate().filter(|(_, step)| needs_of(step).is_empty() && !needs.is_empty()) {
            self.write_needs(&inner_holder, at, needs.clone())?;
            if let Some(join) = fields.get("join").filter(|_| step.get("join").is_none()) {
                let mut way = inner_holder.clone();
                way.extend([Segment::Key("steps".to_owned()), Segment::Index(at)]);
                self.set_at(way, &["join".to_owned()], join)?;
            }
        }
        Ok(())
    }

    fn unwrap_group(&mut self, holder: &[Segment], index: usize) -> Result<(), EditError> {
        let entangled = || EditError::Entangled { path: super::change::dotted(holder) };
        let mut inner = holder.to_vec();
        inner.extend([Segment::Key("steps".to_owned()), Segment::Index(index)]);
        let mut expected = self.page.value();
        let list = value_at_mut(&mut expected, holder).and_then(|holder| holder.get_mut("steps")?.as_array_mut());
        let list = list.ok_or_else(entangled)?;
        let steps = list[index]["steps"].as_array().cloned().unwrap_or_default();
        let all: Vec<usize> = (0..steps.len()).collect();
        list.splice(index..=index, steps);
        let text = self.page.block_holder(holder).zip(self.page.block_holder(&inner)).and_then(|(outer, group)| {
            let freight = Freight { from: group, items: &all, head: Vec::new(), indent: 0 };
            self.page.carried(&freight, &Goal::Instead(outer.get("steps")?, index))
        });
        if text.is_some_and(|text| self.page.becomes(&text, &expected)) {
            return Ok(());
        }
        let mut scope = holder.to_vec();
        scope.push(Segment::Key("steps".to_owned()));
        self.page.make(&scope, &expected)
    }
}

/// The way to the scope of some steps, their indices in order, and the path of the scope.
fn same_scope(steps: &Steps, ids: &[String]) -> Result<(Vec<Segment>, Vec<usize>, String), EditError> {
    let Some(first) = ids.first() else { return Err(EditError::NothingToGroup) };
    let scope = parted(first).0;
    let mut members = BTreeSet::new();
    let mut holder = Vec::new();
    for id in ids {
        if parted(id).0 != scope {
            return Err(EditError::ManyScopes { one: first.clone(), other: id.clone() });
        }
        let at = &steps.find(id)?.at;
        holder = way(&at[..at.len() - 1]);
        members.insert(at[at.len() - 1]);
    }
    Ok((holder, members.into_iter().collect(), scope.unwrap_or_default().to_owned()))
}

/// A step between two of a group would wait for the group and the group for it.
fn between(steps: &Steps, scope: &str, ids: &[String]) -> Result<(), EditError> {
    let around = |id: &str| parted(id).0.unwrap_or_default() == scope && !ids.iter().any(|member| member == id);
    let candidates = steps.nodes().iter().filter(|node| around(&node.id));
    for node in candidates {
        let after = ids.iter().find(|id| leads_to(&steps.analysis, id, &node.id));
        let before = ids.iter().find(|id| leads_to(&steps.analysis, &node.id, id));
        if let (Some(after), Some(before)) = (after, before) {
            return Err(EditError::Between { step: node.id.clone(), after: after.clone(), before: before.clone() });
        }
    }
    Ok(())
}
