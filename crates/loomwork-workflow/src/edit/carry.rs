//! Moves steps between scopes, and pastes steps that come from elsewhere.
//!
//! Steps keep their text, comments too, where both places are written as blocks; else their values are written anew.

use serde_json::Value;

use super::EditError;
use super::blocks::Freight;
use super::change::{Page, Segment};
use super::lay::Sheet;
use super::note::Note;
use super::operation::{Editor, needs_of, parted, source_of, value_at, value_at_mut, way};
use super::references::{joined, readings};
use crate::analysis::Analysis;
use crate::codes;
use crate::decode::mend_step_id;
use crate::yaml::{Content, Node, read};

impl Editor {
    /// Gives the new path of a step that went to another scope.
    pub(super) fn move_step(&mut self, id: &str, into: Option<&str>, after: Option<&str>) -> Result<Option<String>, EditError> {
        let steps = self.steps();
        let at = steps.find(id)?.at.clone();
        let bad = |reason: &str| EditError::BadPath { path: id.to_owned(), reason: reason.to_owned() };
        if into.is_some_and(|into| into == id || into.starts_with(&format!("{id}."))) {
            return Err(bad("a group cannot go into itself"));
        }
        let (group, name) = parted(id);
        let (from, index) = (way(&at[..at.len() - 1]), at[at.len() - 1]);
        let target = steps.holder(into)?;
        let behind = match after {
            None => None,
            Some(after) if after == id => return Ok(None),
            Some(after) if parted(after).0 == into => steps.find(after)?.at.last().copied(),
            Some(_) => return Err(bad("the step behind which it goes is in another scope")),
        };
        let wanted = behind.map_or(0, |behind| behind + 1);
        if group == into {
            let wanted = if wanted > index { wanted - 1 } else { wanted };
            if wanted != index {
                self.carry(&from, index, &from, wanted)?;
            }
            return Ok(None);
        }
        let cycles = cycles(&steps.analysis);
        let moved = self.name_for(id, &from, into, &target)?;
        let old = joined(group.unwrap_or_default(), &moved);
        let new = joined(into.unwrap_or_default(), if name.starts_with('@') { name } else { &moved });
        let before = readings(self.page.root());
        let crossings = self.cut(&from, group.unwrap_or_default(), &[index])?;
        self.carry(&from, index, &target, wanted)?;
        let path = move |path: &str| match path.strip_prefix(&old) {
            Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("{new}{rest}"),
            _ => path.to_owned(),
        };
        self.mend(crossings, &path)?;
        self.settle(&before, &path, None);
        self.refuse_cycles(&cycles)?;
        Ok(Some(joined(into.unwrap_or_default(), &moved)))
    }

    /// The id that a step has in another scope; it is renamed when its own is taken there.
    fn name_for(&mut self, id: &str, from: &[Segment], into: Option<&str>, target: &[Segment]) -> Result<String, EditError> {
        let name = parted(id).1;
        let taken = |editor: &Self, name: &str| {
            editor.ids(target).iter().any(|known| known == name) || editor.hides(into, name, Some(id))
        };
        if name.starts_with('@') || !taken(self, name) {
            return Ok(name.to_owned());
        }
        let here = self.ids(from);
        let fits = |fresh: &String| !here.contains(fresh) && !taken(self, fresh);
        let candidates: Vec<String> = numbered(name).filter(fits).take(20).collect();
        for fresh in candidates {
            match self.rename_step(id, &fresh) {
                Err(EditError::IdTaken(_)) => {}
                other => {
                    other?;
                    self.notes.push(Note::Renamed { from: id.to_owned(), to: joined(into.unwrap_or_default(), &fresh) });
                    return Ok(fresh);
                }
            }
        }
        Err(EditError::IdTaken(name.to_owned()))
    }

    /// A change of scopes must not make steps wait for each other.
    pub(super) fn refuse_cycles(&self, before: &[String]) -> Result<(), EditError> {
        let now = cycles(&self.steps().analysis);
        match now.into_iter().find(|_| before.is_empty()) {
            Some(cycle) => Err(EditError::WouldCycle(cycle)),
            None => Ok(()),
        }
    }

    /// Takes a step out of one scope and puts it into another (or the same), at an index of what is left.
    fn carry(&mut self, from: &[Segment], index: usize, target: &[Segment], wanted: usize) -> Result<(), EditError> {
        let entangled = || EditError::Entangled { path: super::change::dotted(from) };
        let mut expected = self.page.value();
        let same = from == target;
        let insert_at = if same && wanted >= index { wanted + 1 } else { wanted };
        let list = |value: &mut Value, way: &[Segment], change: &mut dyn FnMut(&mut Vec<Value>)| -> Option<()> {
            change(value_at_mut(value, way)?.get_mut("steps")?.as_array_mut()?);
            Some(())
        };
        let mut step = None;
        list(&mut expected, from, &mut |steps| step = steps.get_mut(index).map(Value::take)).ok_or_else(entangled)?;
        let step = step.ok_or_else(entangled)?;
        // The place that it leaves is emptied first and closed last, so that the ways stay what they are.
        let mut goal = step.clone();
        list(&mut expected, target, &mut |steps| steps.insert(insert_at.min(steps.len()), goal.take())).ok_or_else(entangled)?;
        let mut source = from.to_vec();
        // The way to the source is shifted when the step went in before a group around it.
        if !same
            && from.len() > target.len()
            && from.starts_with(target)
            && let Some(Segment::Index(at)) = source.get_mut(target.len() + 1)
            && *at >= insert_at
        {
            *at += 1;
        }
        let leave_at = if same && insert_at <= index { index + 1 } else { index };
        list(&mut expected, &source, &mut |steps| drop(steps.remove(leave_at))).ok_or_else(entangled)?;
        let text = self.page.block_holder(from).and_then(|holder| {
            let freight = Freight { from: holder, items: &[index], head: Vec::new(), indent: 0 };
            self.page.carried(&freight, &self.page.goal(target, insert_at)?)
        });
        if text.is_some_and(|text| self.page.becomes(&text, &expected)) {
            return Ok(());
        }
        self.insert_values(target, Some(insert_at), vec![step])?;
        self.remove_value(&source, leave_at)
    }

    /// Puts items of a block list, given from column 0 on, to the end of a scope, when that is a block.
    fn insert_block(&mut self, target: &[Segment], block: &[String], steps: &[Value]) -> bool {
        let mut expected = self.page.value();
        let items = value_at_mut(&mut expected, target).and_then(|holder| holder.get_mut("steps")?.as_array_mut());
        let Some(items) = items else { return false };
        let at = items.len();
        items.extend(steps.iter().cloned());
        let text = self.page.goal(target, at).and_then(|goal| self.page.pasted(block, &goal));
        text.is_some_and(|text| self.page.becomes(&text, &expected))
    }

    /// Gives the paths of the steps that were put in.
    pub(super) fn paste(&mut self, yaml: &str, into: Option<&str>) -> Result<Vec<String>, EditError> {
        let holder = self.steps().holder(into)?;
        let mut fragment = Editor::new(fragment(yaml)?);
        let taken = self.ids(&holder);
        let count = fragment.step_nodes(&[]).len();
        let mut ids: Vec<String> = Vec::new();
        for index in 0..count {
            let fresh = self.name_pasted(&mut fragment, index, into, &taken)?;
            ids.push(fresh);
        }
        for (index, id) in ids.iter().enumerate() {
            let needs = value_at(&fragment.page.value(), &way(&[index])).map(needs_of).unwrap_or_default();
            let known = |need: &&String| ids.iter().chain(&taken).any(|id| id == source_of(need));
            let (kept, gone): (Vec<&String>, Vec<&String>) = needs.iter().partition(known);
            if gone.is_empty() {
                continue;
            }
            let to = joined(into.unwrap_or_default(), id);
            self.notes.extend(gone.into_iter().map(|need| Note::EdgeDropped { need: need.clone(), to: to.clone() }));
            let kept = kept.into_iter().cloned().collect();
            fragment.write_needs(&[], index, kept)?;
        }
        self.put_in(&holder, &fragment)?;
        Ok(ids.into_iter().map(|id| joined(into.unwrap_or_default(), &id)).collect())
    }

    /// The id that a step of what is pasted has here; it is renamed when its own is taken, or read from further out.
    fn name_pasted(
        &self,
        fragment: &mut Editor,
        index: usize,
        into: Option<&str>,
        taken: &[String],
    ) -> Result<String, EditError> {
        let node = &fragment.step_nodes(&[])[index];
        let own = node.get("id").and_then(Node::string);
        let Some(own) = own.filter(|_| node.entries().is_some()) else {
            return Err(EditError::NotSteps(format!("entry {} has no id", index + 1)));
        };
        let others = fragment.ids(&[]);
        let label = fragment.steps().nodes().iter().find(|node| node.at == [index]).map(|node| node.id.clone());
        let label = label.ok_or_else(|| EditError::NotSteps(format!("entry {} is no step", index + 1)))?;
        let base = mend_step_id(&own);
        let unique = !label.starts_with('@');
        let free =
            |id: &String| !taken.contains(id) && (*id == own && unique || !others.contains(id)) && !self.hides(into, id, None);
        let candidates: Vec<String> = std::iter::once(base.clone()).chain(numbered(&base)).filter(free).take(20).collect();
        for fresh in candidates {
            if fresh == own {
                return Ok(fresh);
            }
            match fragment.rename_step(&label, &fresh) {
                Err(EditError::IdTaken(_)) => {}
                other => return other.map(|()| fresh),
            }
        }
        Err(EditError::IdTaken(own))
    }

    fn put_in(&mut self, holder: &[Segment], fragment: &Editor) -> Result<(), EditError> {
        let value = fragment.page.value();
        let steps: Vec<Value> = value["steps"].as_array().cloned().unwrap_or_default();
        let list = fragment.page.block_holder(&[]).and_then(|holder| holder.get("steps"));
        let sheet = Sheet::new(fragment.page.text());
        let blocks = list.and_then(|list| {
            (0..steps.len())
                .map(|index| sheet.item_with_comments(list, index).map(|(_, lines)| lines))
                .collect::<Option<Vec<_>>>()
        });
        if blocks.is_some_and(|blocks| self.insert_block(holder, &blocks.concat(), &steps)) {
            return Ok(());
        }
        self.insert_values(holder, None, steps)
    }
}

/// A name with the numbers that tell it from others.
pub(super) fn numbered(name: &str) -> impl Iterator<Item = String> {
    (2..10_000).map(move |number| format!("{name}_{number}"))
}

/// What is said about cycles.
pub(super) fn cycles(analysis: &Analysis) -> Vec<String> {
    analysis.diagnostics.iter().filter(|found| found.code == codes::CYCLE.code).map(|found| found.message.clone()).collect()
}

/// What is pasted, as a document with `steps`.
fn fragment(yaml: &str) -> Result<Page, EditError> {
    let (root, faults) = read(yaml);
    if let Some(fault) = faults.into_iter().next() {
        return Err(EditError::NotSteps(fault.message));
    }
    let nothing = || EditError::NotSteps("there is no step in it".to_owned());
    let root = root.ok_or_else(nothing)?;
    let indented = |first: &str, rest: &str| -> String {
        let lines = yaml.lines().enumerate();
        lines.map(|(index, line)| format!("{}{line}\n", if index == 0 { first } else { rest })).collect()
    };
    let text = match &root.content {
        Content::List(_) => format!("steps:\n{}", indented("  ", "  ")),
        Content::Map(_)
            if root.get("steps").and_then(Node::items).is_some()
                && root.get("id").is_none_or(|_| root.get("loomwork").is_some()) =>
        {
            yaml.to_owned()
        }
        Content::Map(_) if root.flow => format!("steps:\n{}", indented("  - ", "    ")),
        Content::Map(_) => format!("steps:\n{}", indented("  - ", "    ")),
        Content::Scalar(_) => return Err(nothing()),
    };
    let page = Page::new(&text)
        .ok()
        .filter(|page| page.root().get("steps").and_then(Node::items).is_some_and(|items| !items.is_empty()));
    // Written in an unusual way (comments before the first key, anchors): its values are what counts.
    let page = page.or_else(|| {
        let value = match root.to_json() {
            list @ Value::Array(_) => list,
            step => Value::Array(vec![step]),
        };
        Page::new(&serde_json::json!({ "steps": value }).to_string()).ok()
    });
    page.filter(|page| page.root().get("steps").and_then(Node::items).is_some_and(|items| !items.is_empty())).ok_or_else(nothing)
}
