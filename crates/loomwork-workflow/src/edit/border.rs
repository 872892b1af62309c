//! Edges that would cross the border of a group, because a step of theirs goes into the group or out of it.
//!
//! An edge stays within its scope; so such an edge is taken out, and drawn again between those of the scope around both
//! ends that hold them. What became of it is noted.

use serde_json::Value;

use super::EditError;
use super::change::Segment;
use super::note::Note;
use super::operation::{Editor, leads_to, needs_of, parted, source_of, value_at, way, written};
use super::references::joined;

/// An edge of which one end goes to another scope.
#[derive(Debug, Clone)]
pub(super) struct Crossing {
    /// Path of the source; none when there is no such step.
    from: Option<String>,
    /// What was needed, as it was written.
    need: String,
    /// Path of the target.
    to: String,
    /// Where it stood in the `needs` of the target.
    index: usize,
    /// The target's `join`, when all that it joins crosses the border.
    join: Option<Value>,
}

impl Editor {
    /// Takes out the edges between some steps of a scope and the others.
    pub(super) fn cut(&mut self, holder: &[Segment], group: &str, members: &[usize]) -> Result<Vec<Crossing>, EditError> {
        let document = self.page.value();
        let steps = value_at(&document, holder).and_then(|holder| holder["steps"].as_array().cloned()).unwrap_or_default();
        let labels = labels(&steps);
        let mut crossings = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let inside = members.contains(&index);
            let needs = needs_of(step);
            let crosses = |need: &&String| {
                let source = labels.iter().position(|label| label == source_of(need));
                source.map_or(inside, |source| members.contains(&source) != inside)
            };
            let gone: Vec<&String> = needs.iter().filter(crosses).collect();
            if gone.is_empty() {
                continue;
            }
            let join = step.get("join").filter(|_| gone.len() == needs.len() && needs.len() > 1 && inside).cloned();
            crossings.extend(gone.iter().map(|need| Crossing {
                index: needs.iter().position(|known| known == *need).unwrap_or_default(),
                from: labels.iter().any(|label| label == source_of(need)).then(|| joined(group, source_of(need))),
                need: (*need).clone(),
                to: joined(group, &labels[index]),
                join: join.clone(),
            }));
            let kept = needs.iter().filter(|need| !crosses(need)).cloned().collect();
            self.write_needs(holder, index, kept)?;
        }
        Ok(crossings)
    }

    /// Draws edges again where their ends are now.
    pub(super) fn mend(&mut self, crossings: Vec<Crossing>, moved: &dyn Fn(&str) -> String) -> Result<(), EditError> {
        for mut crossing in crossings {
            crossing.to = moved(&crossing.to);
            let drawn = match crossing.from.as_deref().map(moved) {
                Some(from) if from.starts_with(&format!("{}.", crossing.to)) => self.before_the_first(&from, &crossing)?,
                Some(from) if crossing.to.starts_with(&format!("{from}.")) => self.behind_the_last(&from, &crossing)?,
                Some(from) => self.around_both(&from, &crossing)?,
                None => false,
            };
            if !drawn {
                self.notes.push(Note::EdgeDropped { need: crossing.need, to: crossing.to });
            }
        }
        Ok(())
    }

    /// Between those of the scope around both ends that are the ends or hold them.
    fn around_both(&mut self, from: &str, crossing: &Crossing) -> Result<bool, EditError> {
        let Crossing { need, to, index, join, .. } = crossing;
        let (source, target) = within_one_scope(from, to);
        let port = need.split_once('.').map(|(_, port)| port).filter(|port| source == from || *port == "failed");
        let now_need = written(parted(&source).1, port);
        if !self.draw(&source, port, &target, (target == *to).then_some(*index), join.as_ref().filter(|_| target != *to))? {
            return Ok(false);
        }
        if let Some(join) = join.as_ref().filter(|_| target != *to)
            && let Ok(own) = self.steps().find(to)
            && own.fields.get("join") == Some(join)
        {
            self.set_at(way(&own.at), &["join".to_owned()], &Value::Null)?;
        }
        if now_need != *need || target != *to {
            self.notes.push(Note::EdgeCarried { need: need.clone(), to: to.clone(), now_need, now_to: target });
        }
        Ok(true)
    }

    /// A step went into a group that waited for it: now the first steps of the group do.
    fn before_the_first(&mut self, from: &str, crossing: &Crossing) -> Result<bool, EditError> {
        let (source, firsts) = self.ends(&crossing.to, from, |editor, id| {
            editor.steps().find(id).map(|node| editor.needs_at(&node.at).is_empty()).unwrap_or(false)
        });
        let port = crossing.need.split_once('.').map(|(_, port)| port).filter(|port| source == from || *port == "failed");
        let mut drawn = false;
        for first in firsts {
            if self.draw(&source, port, &first, None, None)? {
                drawn = true;
                let now_need = written(parted(&source).1, port);
                let Crossing { need, to, .. } = crossing.clone();
                self.notes.push(Note::EdgeCarried { need, to, now_need, now_to: first });
            }
        }
        Ok(drawn)
    }

    /// A step went into a group that it waited for: now it waits for the last steps of the group.
    fn behind_the_last(&mut self, from: &str, crossing: &Crossing) -> Result<bool, EditError> {
        let (target, lasts) = self.ends(from, &crossing.to, |editor, id| {
            let steps = editor.steps();
            let outline = &steps.analysis.outline;
            !outline.edges.iter().any(|edge| edge.from == id)
        });
        let port = crossing.need.split_once('.').map(|(_, port)| port).filter(|port| *port == "failed");
        let mut drawn = false;
        for last in lasts {
            if self.draw(&last, port, &target, None, None)? {
                drawn = true;
                let now_need = written(parted(&last).1, port);
                let Crossing { need, to, .. } = crossing.clone();
                self.notes.push(Note::EdgeCarried { need, to, now_need, now_to: target.clone() });
            }
        }
        Ok(drawn)
    }

    /// Which step of a group is or holds `member`, and which others of the group fit.
    fn ends(&self, group: &str, member: &str, fits: impl Fn(&Self, &str) -> bool) -> (String, Vec<String>) {
        let rest = member[group.len() + 1..].split('.').next().unwrap_or_default();
        let own = joined(group, rest);
        let steps = self.steps();
        let others = steps.nodes().iter().filter(|node| node.parent.as_deref() == Some(group) && node.id != own);
        let others = others.map(|node| node.id.clone()).filter(|id| fits(self, id)).collect();
        (own, others)
    }

    /// Adds to `needs`, at an index or at the end; with a `join` when there was neither. False when that cannot be.
    fn draw(
        &mut self,
        from: &str,
        port: Option<&str>,
        to: &str,
        index: Option<usize>,
        join: Option<&Value>,
    ) -> Result<bool, EditError> {
        let steps = self.steps();
        let (Ok(_), Ok(node)) = (steps.find(from), steps.find(to)) else { return Ok(false) };
        if from == to || parted(from).1.starts_with('@') || leads_to(&steps.analysis, to, from) {
            return Ok(false);
        }
        let at = node.at.clone();
        let mut needs = self.needs_at(&at);
        let need = written(parted(from).1, port);
        if needs.contains(&need) {
            return Ok(true);
        }
        if let Some(join) = join.filter(|_| needs.is_empty() && node.fields.get("join").is_none()) {
            self.set_at(way(&at), &["join".to_owned()], join)?;
        }
        needs.insert(index.unwrap_or(needs.len()).min(needs.len()), need);
        self.write_needs(&way(&at[..at.len() - 1]), at[at.len() - 1], needs)?;
        Ok(true)
    }
}

/// The names of the steps of a scope; of a step without one, `@` and its index.
pub(super) fn labels(steps: &[Value]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let id = step.get("id").and_then(Value::as_str).filter(|id| !labels.iter().any(|known| known == id));
        labels.push(id.map_or_else(|| format!("@{index}"), str::to_owned));
    }
    labels
}

/// Of the scope around two steps those that are the steps, or the groups that hold them.
fn within_one_scope(from: &str, to: &str) -> (String, String) {
    let (source, target): (Vec<&str>, Vec<&str>) = (from.split('.').collect(), to.split('.').collect());
    let most = source.len().min(target.len()) - 1;
    let common = source.iter().zip(&target).take(most).take_while(|(a, b)| a == b).count();
    (source[..=common].join("."), target[..=common].join("."))
}
