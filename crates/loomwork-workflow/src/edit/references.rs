//! Which steps the expressions of a text read, and what a change of scopes did to that.
//!
//! Invariant: a name means the step of the innermost scope that has it. Edges are not here (`border`).

use std::collections::{HashMap, HashSet};

use super::change::{Segment, find};
use super::lay::{Splice, apply};
use super::note::Note;
use super::operation::{Editor, parted, value_at_mut};
use super::rename::{Change, names_in_expressions, rewrite};
use crate::yaml::{Content, Node};

/// A name that an expression reads.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// Path of the step whose field it is; empty for the workflow.
    pub(super) reader: String,
    /// Whether it is in the outputs of the reader, which see its own steps.
    within: bool,
    /// Where the scalar is.
    pub(super) at: Vec<Segment>,
    pub(super) name: String,
    /// Path of the step that it means.
    pub(super) target: Option<String>,
}

/// The group that was dissolved, whether its output was the map of its steps' outputs, and its steps by their old names.
pub(super) struct Dissolved {
    pub(super) group: String,
    pub(super) plain: bool,
    pub(super) steps: HashMap<String, String>,
}

struct Walk {
    /// The scopes around, each with its path and the names in it.
    scopes: Vec<(String, HashSet<String>)>,
    found: Vec<Reading>,
}

/// All names that expressions read.
pub(super) fn readings(root: &Node) -> Vec<Reading> {
    let mut walk = Walk { scopes: Vec::new(), found: Vec::new() };
    walk.scope(root, String::new(), &mut Vec::new());
    walk.found
}

pub(super) fn joined(group: &str, id: &str) -> String {
    if group.is_empty() { id.to_owned() } else { format!("{group}.{id}") }
}

impl Walk {
    fn scope(&mut self, holder: &Node, path: String, at: &mut Vec<Segment>) {
        let items = holder.get("steps").and_then(Node::items).unwrap_or_default();
        let mut seen = HashSet::new();
        let names: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let id = item.get("id").and_then(Node::string).filter(|id| seen.insert(id.clone()));
                id.unwrap_or_else(|| format!("@{index}"))
            })
            .collect();
        self.scopes.push((path.clone(), names.iter().cloned().collect()));
        for entry in holder.entries().unwrap_or_default() {
            at.push(Segment::Key(entry.key.clone()));
            if entry.key == "outputs" {
                self.value(&entry.value, &path, true, at);
            } else if entry.key == "steps" {
                for (index, item) in items.iter().enumerate() {
                    at.push(Segment::Index(index));
                    self.step(item, joined(&path, &names[index]), at);
                    at.pop();
                }
            }
            at.pop();
        }
        self.scopes.pop();
    }

    fn step(&mut self, step: &Node, path: String, at: &mut Vec<Segment>) {
        let group = step.get("steps").is_some();
        for entry in step.entries().unwrap_or_default() {
            if group && matches!(entry.key.as_str(), "steps" | "outputs") {
                continue;
            }
            at.push(Segment::Key(entry.key.clone()));
            self.value(&entry.value, &path, false, at);
            at.pop();
        }
        if group {
            self.scope(step, path, at);
        }
    }

    fn value(&mut self, node: &Node, reader: &str, within: bool, at: &mut Vec<Segment>) {
        match &node.content {
            Content::Scalar(scalar) if scalar.text.contains("${{") => {
                for name in names_in_expressions(&scalar.text) {
                    let scope = self.scopes.iter().rev().find(|(_, names)| names.contains(&name));
                    let target = scope.map(|(path, _)| joined(path, &name));
                    self.found.push(Reading { reader: reader.to_owned(), within, at: at.clone(), name, target });
                }
            }
            Content::Scalar(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.push(Segment::Index(index));
                    self.value(item, reader, within, at);
                    at.pop();
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    at.push(Segment::Key(entry.key.clone()));
                    self.value(&entry.value, reader, within, at);
                    at.pop();
                }
            }
        }
    }
}

impl Editor {
    /// Whether a step of this name in a scope would be read in place of one further out, other than `except`.
    pub(super) fn hides(&self, group: Option<&str>, name: &str, except: Option<&str>) -> bool {
        let group = group.unwrap_or_default();
        let inside = |reading: &Reading| {
            let scope = if reading.within { reading.reader.as_str() } else { parted(&reading.reader).0.unwrap_or_default() };
            group.is_empty() || scope == group || scope.starts_with(&format!("{group}."))
        };
        let further_out = |target: &str| {
            let scope = parted(target).0.unwrap_or_default();
            scope.len() < group.len() && Some(target) != except
        };
        readings(self.page.root())
            .iter()
            .any(|reading| reading.name == name && inside(reading) && reading.target.as_deref().is_some_and(further_out))
    }

    /// After steps went to other scopes: what read an output of theirs reads it through the group where that is the same;
    /// what cannot be mended is said. `moved` gives the new path of a step.
    pub(super) fn settle(&mut self, before: &[Reading], moved: &dyn Fn(&str) -> String, dissolved: Option<&Dissolved>) {
        let gone = |path: &str| dissolved.is_some_and(|dissolved| dissolved.group == path);
        let mut meant: HashMap<(String, bool, &str), Option<String>> = HashMap::new();
        for reading in before.iter().filter(|reading| !(reading.within && gone(&reading.reader))) {
            let target = reading.target.as_deref().map(|path| if gone(path) { path.to_owned() } else { moved(path) });
            meant.insert((moved(&reading.reader), reading.within, &reading.name), target);
        }
        let mut said = HashSet::new();
        for reading in readings(self.page.root()) {
            let Some(Some(target)) = meant.get(&(reading.reader.clone(), reading.within, &reading.name)) else { continue };
            if reading.target.as_ref() == Some(target) {
                continue;
            }
            let free = reading.target.is_none() && self.reroute(&reading, target, dissolved.filter(|_| gone(target)));
            if free || !said.insert((reading.reader.clone(), reading.name.clone())) {
                continue;
            }
            let step = Some(reading.reader).filter(|reader| !reader.is_empty());
            self.notes.push(match reading.target {
                None => Note::Unresolved { step, name: reading.name },
                Some(now) => Note::OtherStep { step, now },
            });
        }
    }

    /// Makes an expression read the same output by its new way. False when some read is left that leads nowhere.
    fn reroute(&mut self, reading: &Reading, target: &str, dissolved: Option<&Dissolved>) -> bool {
        let change: Box<Change<'_>> = if let Some(dissolved) = dissolved {
            Box::new(move |name, tail| {
                let inner = tail.strip_prefix(".output.").filter(|_| dissolved.plain && name == reading.name)?;
                let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inner.len());
                let step = dissolved.steps.get(&inner[..end])?;
                Some((".output.".len() + end, format!("{step}.output")))
            })
        } else {
            let Some(way) = self.way_through_groups(reading, target) else { return false };
            Box::new(move |name, tail| {
                let rest = tail.strip_prefix(".output").filter(|_| name == reading.name)?;
                let whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                whole.then(|| (".output".len(), way.clone()))
            })
        };
        let Some((node, _)) = find(self.page.root(), &reading.at) else { return false };
        let Some(scalar) = node.scalar().filter(|_| !node.aliased && !node.anchored) else { return false };
        let value = rewrite(&scalar.text, &change);
        let splice = Splice { place: node.place, text: rewrite(node.place.slice(self.page.text()), &change) };
        let left = names_in_expressions(&value).contains(&reading.name);
        let mut expected = self.page.value();
        if let Some(place) = value_at_mut(&mut expected, &reading.at) {
            *place = value.into();
        }
        let text = apply(self.page.text(), vec![splice]);
        self.page.becomes(&text, &expected) && !left
    }

    /// `group.output.step`, when the groups around a step give back the map of their steps' outputs.
    fn way_through_groups(&self, reading: &Reading, target: &str) -> Option<String> {
        let scope = if reading.within { reading.reader.as_str() } else { parted(&reading.reader).0.unwrap_or_default() };
        let mut around: Vec<&str> = scope.split('.').filter(|part| !part.is_empty()).collect();
        let parts: Vec<&str> = target.split('.').collect();
        around.truncate(around.iter().zip(&parts[..parts.len() - 1]).take_while(|(a, b)| a == b).count());
        let (first, inner) = parts[around.len()..].split_first().filter(|(_, inner)| !inner.is_empty())?;
        let steps = self.steps();
        for depth in around.len() + 1..parts.len() {
            let fields = &steps.find(&parts[..depth].join(".")).ok()?.fields;
            if ["for_each", "loop", "outputs"].iter().any(|key| fields.get(key).is_some()) {
                return None;
            }
        }
        // A name in between would be read instead.
        let nearest = (0..=scope.split('.').filter(|part| !part.is_empty()).count()).rev().find_map(|depth| {
            let group = scope.split('.').take(depth).collect::<Vec<_>>().join(".");
            steps.find(&joined(&group, first)).ok().map(|node| node.id.clone())
        });
        (nearest? == parts[..=around.len()].join(".")).then(|| format!("{first}.output.{}", inner.join(".")))
    }
}
