//! The steps of one scope.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::keep::{Kept, Said};
use super::step::{Draft, Seen};
use super::{Decoder, MAX_STEPS, ReadSite};
use crate::codes;
use crate::graph::Graph;
use crate::model::Group;
use crate::types::Site;
use crate::yaml::Node;

/// What could be decoded of a scope.
#[derive(Default)]
pub(crate) struct BodySketch<'n> {
    pub(crate) steps: Vec<Draft<'n>>,
    /// What the outputs of the scope read.
    pub(crate) output_reads: Vec<ReadSite>,
    /// The expressions of its outputs.
    pub(crate) output_sites: Vec<Site>,
    /// The edges, once they are found.
    pub(crate) graph: Arc<Graph>,
    /// Whether the edges are known and there was nothing to say about them.
    pub(crate) settled: bool,
    /// What was said of each step, when the next version may take it over.
    pub(super) said: Vec<Said>,
}

impl<'n> Decoder<'_> {
    /// The steps of a scope; what is reported and read in them is theirs, not that of the step around them.
    pub(super) fn body(&mut self, node: &'n Node) -> BodySketch<'n> {
        self.scope(node, None)
    }

    /// The steps at the top, those of the version before where they are the same.
    pub(super) fn first_body(&mut self, node: &'n Node) -> BodySketch<'n> {
        let kept = self.keep.is_some().then(|| self.kept_steps());
        self.scope(node, kept)
    }

    fn scope(&mut self, node: &'n Node, kept: Option<Vec<Option<Kept>>>) -> BodySketch<'n> {
        let keeping = kept.is_some();
        let mut kept = kept.into_iter().flatten();
        let mut body = BodySketch::default();
        let Some(items) = node.items() else {
            self.at("steps", |this| {
                let message = format!("`steps` is a list of steps, each beginning with `- id:`; here is {}.", node.kind());
                this.report(codes::WRONG_TYPE, super::first_line(this.text, node.place), message);
            });
            return body;
        };
        let around = (self.step.take(), std::mem::take(&mut self.path), std::mem::take(&mut self.reads));
        let sites = std::mem::take(&mut self.sites);
        let prefix = around.0.as_ref().map_or_else(String::new, |step| format!("{step}."));
        let before = std::mem::replace(&mut self.prefix, prefix);
        let mut seen = Seen { places: HashMap::new(), items, ids: OnceCell::new() };
        for (index, item) in items.iter().enumerate() {
            let before = kept.next().flatten();
            if let Some((draft, said)) = before.and_then(|before| self.take_over(before, item, &mut seen)) {
                body.steps.push(draft);
                body.said.push(said);
                continue;
            }
            let mark = self.mark();
            self.steps += 1;
            if self.steps > MAX_STEPS {
                if self.steps == MAX_STEPS + 1 {
                    let message = format!("The workflow has more than {MAX_STEPS} steps. Split it into several.");
                    self.report(codes::TOO_LARGE, super::first_line(self.text, item.place), message);
                }
                break;
            }
            let draft = self.step(index, item, &mut seen);
            body.steps.push(draft);
            if keeping {
                body.said.push(self.said(item, &mark));
            }
        }
        self.prefix = before;
        (self.step, self.path, self.reads) = around;
        self.sites = sites;
        body
    }

    /// A group: its steps, and what it gives back.
    pub(super) fn group(&mut self, step: &'n Node, node: &'n Node) -> (Group, BodySketch<'n>) {
        let mut body = self.body(node);
        if body.steps.is_empty() && node.items().is_some() {
            let place = super::first_line(self.text, node.place);
            self.at("steps", |this| this.report(codes::NO_ACTION, place, "The group has no steps, so it does nothing.").code);
        }
        let mut reads = std::mem::take(&mut self.reads);
        let sites = self.sites.len();
        let outputs = step.get("outputs").map(|node| self.at("outputs", |this| this.named_templates(node)));
        std::mem::swap(&mut reads, &mut self.reads);
        body.output_reads = reads;
        body.output_sites = self.sites.split_off(sites);
        let max_parallel = if step.get("for_each").is_none() { self.max_parallel(step) } else { None };
        (Group { body: crate::model::Body::default(), outputs, max_parallel }, body)
    }
}
