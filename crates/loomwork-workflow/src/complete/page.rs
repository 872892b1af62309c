//! A text that is being written, and the place in it.
//!
//! Invariant: of a text that cannot be read, the line that is being written is left out to read the rest.

use serde_json::Value;

use super::{CompletionKind, Offer, is_word};
use crate::analysis::{Analysis, analyze};
use crate::decode::keys::{Key, STEP, TOP};
use crate::outline::{Outline, OutlineNode};
use crate::text::Lines;
use crate::types::Types;
use crate::yaml::{Node, read};

/// A text that is being written, and where.
pub(super) struct Page {
    pub(super) outline: Outline,
    pub(super) types: Types,
    root: Option<Node>,
    line: u32,
    /// Whether the line itself was left out to read the rest.
    mended: bool,
    /// The step, when it is known by its path and not by the line.
    path: Option<String>,
}

impl Page {
    pub(super) fn new(text: &str, offset: usize) -> Self {
        let line = Lines::new(text).line(offset);
        let analysis = analyze(text);
        if !analysis.outline.nodes.is_empty() && !analysis.diagnostics.iter().any(|found| found.code == "LW0101") {
            let Analysis { outline, types, .. } = analysis;
            return Self { outline, types, root: read(text).0, line, mended: false, path: None };
        }
        // The line that is being written is what cannot be read, mostly.
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
        let without = format!("{}{}", &text[..start], &text[end..]);
        let Analysis { outline, types, .. } = analyze(&without);
        Self { outline, types, root: read(&without).0, line, mended: true, path: None }
    }

    /// At a field of a step, or of the workflow.
    pub(super) fn at(text: &str, path: Option<&str>) -> Self {
        Self { path: Some(path.unwrap_or_default().to_owned()), ..Self::new(text, text.len()) }
    }

    /// The steps, in the order of the text.
    pub(super) fn nodes(&self) -> impl DoubleEndedIterator<Item = &OutlineNode> {
        self.outline.nodes.iter().map(AsRef::as_ref)
    }

    /// The innermost step at the place.
    pub(super) fn step(&self) -> Option<&OutlineNode> {
        if let Some(path) = &self.path {
            return self.nodes().find(|node| node.id == *path);
        }
        // Without its last line a step seems to end before it.
        let here = |node: &&OutlineNode| node.line <= self.line && (self.mended || self.line <= node.end_line);
        self.nodes().rfind(here)
    }

    /// The steps that can be seen from the place, those of the inner scope first; without the step itself and those around it.
    pub(super) fn visible(&self) -> Vec<&OutlineNode> {
        let own = self.step();
        let path = own.map_or("", |node| node.id.as_str());
        let mut scope = own.and_then(|node| node.parent.as_deref());
        let mut seen: Vec<&OutlineNode> = Vec::new();
        loop {
            for node in self.nodes().filter(|node| node.parent.as_deref() == scope) {
                let around = path == node.id || path.starts_with(&format!("{}.", node.id));
                if !around && !node.id.contains('@') && !seen.iter().any(|seen| last(&seen.id) == last(&node.id)) {
                    seen.push(node);
                }
            }
            match scope {
                None => return seen,
                Some(path) => scope = path.rsplit_once('.').map(|(outer, _)| outer),
            }
        }
    }

    pub(super) fn names(&self, key: &str) -> Vec<String> {
        let value = self.root.as_ref().and_then(|root| root.get(key)).map(Node::to_json);
        match value {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            other => keys(other.as_ref()),
        }
    }

    /// Steps and ports in `needs`, and keys at the beginning of a line.
    pub(super) fn in_yaml(&self, before: &str) -> Vec<Offer> {
        let line = before.rsplit('\n').next().unwrap_or("");
        if let Some(list) = line.split_once("needs:").map(|(_, list)| list).filter(|list| !list.contains(']')) {
            return self.in_needs(list);
        }
        let indent = line.trim_start_matches([' ', '-']);
        if !indent.is_empty() {
            return Vec::new();
        }
        let offer = |key: &Key| Offer {
            label: key.name.to_owned(),
            kind: CompletionKind::Key,
            detail: key.doc.to_owned(),
            of: None,
            value: None,
        };
        if line.is_empty() {
            return TOP.keys.iter().map(offer).collect();
        }
        let Some(step) = self.step() else { return Vec::new() };
        STEP.keys.iter().filter(|key| step.fields.get(key.name).is_none()).map(offer).collect()
    }

    fn in_needs(&self, list: &str) -> Vec<Offer> {
        let scope = self.step().and_then(|node| node.parent.as_deref());
        let same = |node: &&OutlineNode| node.parent.as_deref() == scope;
        let word = list.rsplit(|c: char| !(is_word(c) || c == '.')).next().unwrap_or("");
        match word.strip_suffix('.') {
            Some(id) => {
                let source = self.visible().into_iter().filter(same).find(|node| last(&node.id) == id);
                let ports = source.map(|node| node.ports.clone()).unwrap_or_default();
                let offer = |label: String| Offer {
                    label,
                    kind: CompletionKind::Port,
                    detail: format!("port of `{id}`"),
                    of: None,
                    value: None,
                };
                ports.into_iter().chain(source.map(|_| "failed".to_owned())).map(offer).collect()
            }
            None => {
                let steps = self.visible().into_iter().filter(same);
                let offer = |node: &OutlineNode| Offer {
                    label: last(&node.id).to_owned(),
                    kind: CompletionKind::Step,
                    detail: node.summary.clone(),
                    of: None,
                    value: None,
                };
                steps.map(offer).collect()
            }
        }
    }
}

/// The last name of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
}
