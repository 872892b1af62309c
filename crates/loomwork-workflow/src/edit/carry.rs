//! Moves steps between scopes, and pastes steps that come from elsewhere.
//!
//! Steps keep their text, comments too, where both places are written as blocks; else their values are written anew.

use serde_json::Value;

use super::EditError;
use super::change::{Page, Segment, find};
use super::lay::{Sheet, Splice, apply};
use super::operation::{Editor, needs_of, parted, source_of, value_at, value_at_mut, way};
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
        let mut moved = name.to_owned();
        if !name.starts_with('@') && self.ids(&target).iter().any(|known| known == name) {
            moved = self.fresh_in_both(&from, &target, name);
            self.rename_step(id, &moved)?;
        }
        self.detach(&from, index, &moved, false)?;
        let known = self.ids(&target);
        let needs = value_at(&self.page.value(), &way(&at)).map(needs_of).unwrap_or_default();
        let kept: Vec<String> = needs.iter().filter(|need| known.iter().any(|id| id == source_of(need))).cloned().collect();
        if kept != needs {
            self.write_needs(&from, index, kept)?;
        }
        self.carry(&from, index, &target, wanted)?;
        Ok(Some(into.map_or_else(|| moved.clone(), |into| format!("{into}.{moved}"))))
    }

    fn fresh_in_both(&self, from: &[Segment], target: &[Segment], name: &str) -> String {
        let taken = self.ids(from);
        let mut fresh = self.free_id(target, name);
        let mut number = 2;
        while taken.contains(&fresh) {
            number += 1;
            fresh = self.free_id(target, &format!("{name}_{number}"));
        }
        fresh
    }

    /// Takes a step out of one scope and puts it into another (or the same), at an index of what is left.
    fn carry(&mut self, from: &[Segment], index: usize, target: &[Segment], wanted: usize) -> Result<(), EditError> {
        let entangled = || EditError::Entangled { path: super::change::dotted(from) };
        let mut expected = self.page.value();
        let list = |value: &mut Value, way: &[Segment]| -> Option<usize> {
            Some(value_at_mut(value, way)?.get_mut("steps")?.as_array_mut()?.len())
        };
        let count = list(&mut expected, from).ok_or_else(entangled)?;
        if index >= count {
            return Err(entangled());
        }
        // It goes in first: taking it out would shift the way to the target.
        let same = from == target;
        let insert_at = if same && wanted >= index { wanted + 1 } else { wanted };
        let step = value_at(&self.page.value(), from).map(|holder| holder["steps"][index].clone()).ok_or_else(entangled)?;
        let remove_at = if same && insert_at <= index { index + 1 } else { index };
        let inserted = self.with_block(from, index, target, insert_at, &step);
        match inserted {
            Some(page) => self.page = page,
            None => self.insert_values(target, Some(insert_at), vec![step])?,
        }
        // The way to the source is shifted when the step went in before a group around it.
        let mut source = from.to_vec();
        if !same
            && from.len() > target.len()
            && from.starts_with(target)
            && let Some(Segment::Index(at)) = source.get_mut(target.len() + 1)
            && *at >= insert_at
        {
            *at += 1;
        }
        self.set(&source, "steps", |holder| {
            holder.get_mut("steps")?.as_array_mut()?.remove(remove_at);
            Some(())
        })
    }

    /// The page with the text of a step also in another scope; none when one of the places is not a block.
    fn with_block(&self, from: &[Segment], index: usize, target: &[Segment], at: usize, step: &Value) -> Option<Page> {
        let (holder, flow) = find(&self.page.root, from)?;
        let list = holder.get("steps")?;
        if flow || list.flow || list.aliased || holds_anchor(list.items()?.get(index)?) {
            return None;
        }
        let block = Sheet::new(&self.page.text).item_block(list, index)?;
        self.insert_block(target, at, &block, std::slice::from_ref(step))
    }

    /// The page with items of a block list, given from column 0 on, in a scope; none when that is not a block.
    fn insert_block(&self, target: &[Segment], at: usize, block: &[String], steps: &[Value]) -> Option<Page> {
        let (holder, flow) = find(&self.page.root, target)?;
        let list = holder.get("steps")?;
        if flow || list.flow || list.aliased || holder.aliased {
            return None;
        }
        let splice = Sheet::new(&self.page.text).insert_lines(list, at, block)?;
        let mut expected = self.page.value();
        let items = value_at_mut(&mut expected, target)?.get_mut("steps")?.as_array_mut()?;
        let at = at.min(items.len());
        items.splice(at..at, steps.iter().cloned());
        Page::new(apply(&self.page.text, vec![splice])).ok().filter(|page| page.value() == expected)
    }

    /// Gives the paths of the steps that were put in.
    pub(super) fn paste(&mut self, yaml: &str, into: Option<&str>) -> Result<Vec<String>, EditError> {
        let holder = self.steps().holder(into)?;
        let mut fragment = Editor { page: fragment(yaml)? };
        let taken = self.ids(&holder);
        let count = fragment.step_nodes(&[]).len();
        let mut ids = Vec::new();
        for index in 0..count {
            let node = &fragment.step_nodes(&[])[index];
            let own = node.get("id").and_then(Node::string);
            let Some(own) = own.filter(|_| node.entries().is_some()) else {
                return Err(EditError::NotSteps(format!("entry {} has no id", index + 1)));
            };
            let mut fresh = self.free_id(&holder, &own);
            let mut number = 2;
            while (fresh != own && fragment.ids(&[]).contains(&fresh)) || taken.contains(&fresh) {
                fresh = self.free_id(&holder, &format!("{own}_{number}"));
                number += 1;
            }
            let label = fragment.steps().nodes().iter().find(|node| node.at == [index]).map(|node| node.id.clone());
            if fresh != own
                && let Some(label) = label
            {
                fragment.rename_step(&label, &fresh)?;
            }
            ids.push(fresh);
        }
        for index in 0..count {
            let needs = value_at(&fragment.page.value(), &way(&[index])).map(needs_of).unwrap_or_default();
            let known = |need: &&String| ids.iter().chain(&taken).any(|id| id == source_of(need));
            let kept: Vec<String> = needs.iter().filter(known).cloned().collect();
            if kept != needs {
                fragment.write_needs(&[], index, kept)?;
            }
        }
        self.put_in(&holder, &fragment)?;
        Ok(ids.into_iter().map(|id| into.map_or_else(|| id.clone(), |into| format!("{into}.{id}"))).collect())
    }

    fn put_in(&mut self, holder: &[Segment], fragment: &Editor) -> Result<(), EditError> {
        let value = fragment.page.value();
        let steps: Vec<Value> = value["steps"].as_array().cloned().unwrap_or_default();
        let list = fragment.page.root.get("steps").filter(|list| !list.flow);
        let sheet = Sheet::new(&fragment.page.text);
        let blocks =
            list.and_then(|list| (0..steps.len()).map(|index| sheet.item_block(list, index)).collect::<Option<Vec<_>>>());
        let at = self.step_nodes(holder).len();
        if let Some(page) = blocks.and_then(|blocks| self.insert_block(holder, at, &blocks.concat(), &steps)) {
            self.page = page;
            return Ok(());
        }
        self.insert_values(holder, None, steps)
    }
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
    let page =
        Page::new(text).ok().filter(|page| page.root.get("steps").and_then(Node::items).is_some_and(|items| !items.is_empty()));
    // Written in an unusual way (comments before the first key, anchors): its values are what counts.
    let page = page.or_else(|| {
        let value = match root.to_json() {
            list @ Value::Array(_) => list,
            step => Value::Array(vec![step]),
        };
        Page::new(serde_json::json!({ "steps": value }).to_string()).ok()
    });
    page.filter(|page| page.root.get("steps").and_then(Node::items).is_some_and(|items| !items.is_empty())).ok_or_else(nothing)
}

/// Whether something in it carries an anchor, which cannot stand twice in a text, not even for a moment.
fn holds_anchor(node: &Node) -> bool {
    node.anchored
        || match &node.content {
            Content::Scalar(_) => false,
            Content::List(items) => items.iter().any(holds_anchor),
            Content::Map(entries) => entries.iter().any(|entry| holds_anchor(&entry.value)),
        }
}

impl Sheet<'_> {
    /// The lines of an item of a block list, from column 0 on.
    fn item_block(&self, list: &Node, index: usize) -> Option<Vec<String>> {
        let item = list.items()?.get(index)?;
        let column = self.column(list.place.start);
        let dash = self.dash(list, index)?;
        let end = self.after_line(item.place.end.saturating_sub(1).max(dash));
        let lines: Vec<&str> = self.text[dash..end].lines().collect();
        let kept = lines.iter().map(|line| {
            let indent = line.len() - line.trim_start_matches(' ').len();
            (indent >= column || line.trim().is_empty()).then(|| line.get(column..).unwrap_or("").to_owned())
        });
        kept.collect()
    }

    /// Lines that are given from column 0 on, as items of a block list at an index.
    fn insert_lines(&self, list: &Node, index: usize, block: &[String]) -> Option<Splice> {
        let items = list.items().filter(|items| !items.is_empty())?;
        let column = self.column(list.place.start);
        let indented = |line: &String| if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(column)) };
        let mut lines: Vec<String> = block.iter().map(indented).collect();
        let at = match index.checked_sub(1) {
            Some(before) => {
                if self.spaced(items, list) {
                    lines.insert(0, String::new());
                }
                self.end_of_block(items.get(before)?.place.end, column + 1)
            }
            None => self.line_start(list.place.start),
        };
        Some(self.lines_at(at, &lines))
    }
}
