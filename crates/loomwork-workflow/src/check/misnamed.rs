//! Steps whose ids expressions cannot name: the quick fix that mends the id also mends what refers to it.
//!
//! Invariant: the fix still changes the id and names of this very step only; what is written elsewhere (behind an alias) is
//! left alone.

use crate::codes;
use crate::decode::{BodySketch, Decoder, Draft};
use crate::diagnostic::TextEdit;
use crate::edit::rewrite;
use crate::text::Place;
use crate::yaml::{Content, Node};

/// Completes the fixes of a scope's steps. `outputs` are those that the scope gives back.
pub(super) fn complete(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, outputs: Option<&Node>) {
    for step in body.steps.iter().filter(|step| !step.named) {
        let Some(id_node) = step.node.get("id").filter(|id| !id.aliased) else { continue };
        let Some(id) = id_node.scalar().map(|scalar| scalar.text.clone()) else { continue };
        let span = decoder.lines.span(id_node.place);
        let misnamed = [codes::BAD_ID.code, codes::RESERVED_ID.code];
        let found = decoder.diagnostics.iter().position(|found| misnamed.contains(&found.code) && found.span == span);
        let Some(at) = found else { continue };
        let Some(wanted) = decoder.diagnostics[at].fixes.first().and_then(|fix| fix.edits.first()) else { continue };
        let to = free(&wanted.text, body);
        let mut edits = vec![decoder.edit(id_node.place, to.clone())];
        // Of two steps with the id it is not known which one is meant.
        if body.steps.iter().filter(|other| other.node.get("id").and_then(Node::string).as_ref() == Some(&id)).count() == 1 {
            let mut references = References { decoder, id: &id, to: &to, edits: Vec::new() };
            body.steps.iter().for_each(|step| references.step(step));
            references.value(outputs);
            edits.extend(references.edits);
        }
        edits.sort_by_key(|edit| edit.span.start.offset);
        let fix = &mut decoder.diagnostics[at].fixes[0];
        fix.title =
            if edits.len() > 1 { format!("Rename to `{to}`, also where it is named") } else { format!("Rename to `{to}`") };
        fix.edits = edits;
    }
}

/// The name itself, or the next one that no step of the scope has.
fn free(wanted: &str, body: &BodySketch<'_>) -> String {
    let taken = |name: &String| body.steps.iter().any(|step| step.label == *name);
    let numbered = (2..=body.steps.len() + 1).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_else(|| wanted.to_owned())
}

struct References<'e, 't> {
    decoder: &'e Decoder<'t>,
    id: &'e str,
    to: &'e str,
    edits: Vec<TextEdit>,
}

impl References<'_, '_> {
    /// A step of the scope: its `needs` and `cancel`, and its expressions.
    fn step(&mut self, step: &Draft<'_>) {
        for key in ["needs", "cancel"] {
            for item in step.node.get(key).and_then(Node::items).unwrap_or_default().iter().filter(|item| !item.aliased) {
                let names = item.string().is_some_and(|text| match text.strip_prefix(self.id) {
                    Some(rest) => rest.is_empty() || rest.starts_with('.'),
                    None => false,
                });
                if let Some(found) = item.place.slice(self.decoder.text).find(self.id).filter(|_| names) {
                    let start = item.place.start + found;
                    self.edits.push(self.decoder.edit(Place::new(start, start + self.id.len()), self.to));
                }
            }
        }
        self.reader(step);
    }

    /// What sees the name: the fields of a step, and its own steps unless one of them has the name too.
    fn reader(&mut self, step: &Draft<'_>) {
        let hidden = step.body.as_ref().is_some_and(|body| {
            body.steps.iter().any(|inner| inner.node.get("id").and_then(Node::string).as_deref() == Some(self.id))
        });
        for entry in step.node.entries().unwrap_or_default() {
            match (entry.key.as_str(), &step.body) {
                ("steps" | "outputs", Some(_)) if hidden => {}
                ("steps", Some(body)) => body.steps.iter().for_each(|inner| self.reader(inner)),
                _ => self.value(Some(&entry.value)),
            }
        }
    }

    /// The expressions in a value.
    fn value(&mut self, node: Option<&Node>) {
        let Some(node) = node.filter(|node| !node.aliased) else { return };
        match &node.content {
            Content::Scalar(scalar) if scalar.text.contains("${{") => {
                let raw = node.place.slice(self.decoder.text);
                let renamed = rewrite(raw, &|name, tail| {
                    let rest = self.id.strip_prefix(name)?;
                    let behind = tail.strip_prefix(rest)?;
                    let ends = !behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'));
                    ends.then(|| (rest.len(), self.to.to_owned()))
                });
                if renamed != raw {
                    self.edits.push(self.decoder.edit(node.place, renamed));
                }
            }
            Content::Scalar(_) => {}
            Content::List(items) => items.iter().for_each(|item| self.value(Some(item))),
            Content::Map(entries) => entries.iter().for_each(|entry| self.value(Some(&entry.value))),
        }
    }
}
