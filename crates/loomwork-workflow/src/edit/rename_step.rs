//! Renames a step with all references to it: in `needs` and `cancel` of its scope, and in the expressions that see it.

use serde_json::Value;

use super::EditError;
use super::change::{Segment, find};
use super::lay::{Splice, apply};
use super::operation::{Editor, parted, source_of, value_at_mut, way};
use super::rename::rename_in_expressions;
use crate::decode::is_valid_step_id;
use crate::text::Place;
use crate::yaml::{Content, Node};

/// A value that changes, and how its text does; none when it is written elsewhere, behind an alias.
struct Touched {
    path: Vec<Segment>,
    value: String,
    splice: Option<Splice>,
}

/// The scopes in which a name is looked for.
struct Search<'e> {
    text: &'e str,
    id: &'e str,
    to: &'e str,
    touched: Vec<Touched>,
    /// Whether a scope inside reads the step but has one of the new name, which would win.
    hidden: bool,
}

impl Editor {
    pub(super) fn rename_step(&mut self, path: &str, to: &str) -> Result<(), EditError> {
        let steps = self.steps();
        let at = steps.find(path)?.at.clone();
        let id = parted(path).1;
        if id == to {
            return Ok(());
        }
        if !is_valid_step_id(to) {
            return Err(EditError::BadId(to.to_owned()));
        }
        let holder = way(&at[..at.len() - 1]);
        if self.ids(&holder).iter().any(|known| known == to) {
            return Err(EditError::IdTaken(to.to_owned()));
        }
        let own = way(&at);
        let Some(entry) = find(self.page.root(), &own).and_then(|(node, _)| node.entry("id")) else {
            return self.set_at(own, &["id".to_owned()], &Value::from(to));
        };
        let mut search = Search { text: self.page.text(), id, to, touched: Vec::new(), hidden: false };
        let mut id_path = own;
        id_path.push(Segment::Key("id".to_owned()));
        let splice = Splice { place: entry.value.place, text: to.to_owned() };
        search.touched.push(Touched { path: id_path, value: to.to_owned(), splice: Some(splice) });
        if !id.starts_with('@') {
            let scope = find(self.page.root(), &holder).map(|(node, _)| node);
            let captured = scope.is_some_and(|scope| search.scope(scope, &mut holder.clone()));
            if captured || search.hidden {
                return Err(EditError::IdTaken(to.to_owned()));
            }
        }
        let touched = search.touched;
        self.carry_out(path, touched)
    }

    fn carry_out(&mut self, path: &str, touched: Vec<Touched>) -> Result<(), EditError> {
        let entangled = || EditError::Entangled { path: format!("steps.{path}") };
        let mut expected = self.page.value();
        for Touched { path, value, .. } in &touched {
            *value_at_mut(&mut expected, path).ok_or_else(entangled)? = Value::from(value.as_str());
        }
        let splices = touched.into_iter().filter_map(|touched| touched.splice).collect();
        let text = apply(self.page.text(), splices);
        if self.page.becomes(&text, &expected) { Ok(()) } else { Err(entangled()) }
    }
}

impl Search<'_> {
    /// A scope that has the step: its steps, and what the scope gives back. True when something in it already reads a step
    /// of the new name, of a scope around this one.
    fn scope(&mut self, holder: &Node, path: &mut Vec<Segment>) -> bool {
        let mut captured = false;
        for entry in holder.entries().unwrap_or_default() {
            if !matches!(entry.key.as_str(), "steps" | "outputs") {
                continue;
            }
            path.push(Segment::Key(entry.key.clone()));
            if entry.key == "outputs" {
                captured |= reads(&entry.value, self.to);
                self.expressions(&entry.value, path);
            } else {
                for (index, step) in entry.value.items().unwrap_or_default().iter().enumerate() {
                    path.push(Segment::Index(index));
                    self.names(step, "needs", path);
                    self.names(step, "cancel", path);
                    captured |= self.step(step, path);
                    path.pop();
                }
            }
            path.pop();
        }
        captured
    }

    /// A step that sees the name: its fields, and its own steps unless one of them has the name.
    fn step(&mut self, step: &Node, path: &mut Vec<Segment>) -> bool {
        let inner: Vec<String> = step
            .get("steps")
            .and_then(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|step| step.get("id").and_then(Node::string))
            .collect();
        let (shadowed, hides) = (inner.iter().any(|id| id == self.id), inner.iter().any(|id| id == self.to));
        let mut captured = false;
        for entry in step.entries().unwrap_or_default() {
            let within = matches!(entry.key.as_str(), "steps" | "outputs") && step.get("steps").is_some();
            if within && shadowed {
                continue;
            }
            self.hidden |= within && hides && reads(&entry.value, self.id);
            path.push(Segment::Key(entry.key.clone()));
            if within && entry.key == "steps" {
                for (index, step) in entry.value.items().unwrap_or_default().iter().enumerate() {
                    path.push(Segment::Index(index));
                    captured |= self.step(step, path) && !hides;
                    path.pop();
                }
            } else {
                captured |= reads(&entry.value, self.to) && !(within && hides);
                self.expressions(&entry.value, path);
            }
            path.pop();
        }
        captured
    }

    /// The names of steps in a list such as `needs`.
    fn names(&mut self, step: &Node, key: &str, path: &mut Vec<Segment>) {
        path.push(Segment::Key(key.to_owned()));
        for (index, item) in step.get(key).and_then(Node::items).unwrap_or_default().iter().enumerate() {
            let Some(text) = item.string().filter(|text| source_of(text) == self.id) else { continue };
            path.push(Segment::Index(index));
            let found = item.place.slice(self.text).find(self.id).filter(|_| !item.aliased);
            let splice = found.map(|found| {
                let at = item.place.start + found;
                Splice { place: Place::new(at, at + self.id.len()), text: self.to.to_owned() }
            });
            let value = format!("{}{}", self.to, &text[self.id.len()..]);
            self.touched.push(Touched { path: path.clone(), value, splice });
            path.pop();
        }
        path.pop();
    }

    fn expressions(&mut self, node: &Node, path: &mut Vec<Segment>) {
        match &node.content {
            Content::Scalar(scalar) if scalar.text.contains("${{") => {
                let value = rename_in_expressions(&scalar.text, self.id, self.to);
                if value == scalar.text {
                    return;
                }
                let raw = node.place.slice(self.text);
                let splice =
                    (!node.aliased).then(|| Splice { place: node.place, text: rename_in_expressions(raw, self.id, self.to) });
                self.touched.push(Touched { path: path.clone(), value, splice });
            }
            Content::Scalar(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Segment::Index(index));
                    self.expressions(item, path);
                    path.pop();
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    path.push(Segment::Key(entry.key.clone()));
                    self.expressions(&entry.value, path);
                    path.pop();
                }
            }
        }
    }
}

/// Whether an expression somewhere in a value reads a step of this name.
fn reads(node: &Node, id: &str) -> bool {
    match &node.content {
        Content::Scalar(scalar) => scalar.text.contains("${{") && rename_in_expressions(&scalar.text, id, "") != scalar.text,
        Content::List(items) => items.iter().any(|item| reads(item, id)),
        Content::Map(entries) => entries.iter().any(|entry| reads(&entry.value, id)),
    }
}
