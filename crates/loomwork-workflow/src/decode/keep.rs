//! Steps that were decoded in one version of a text and are taken over into the next.
//!
//! Invariant: a step is taken over only where decoding it again would give the same: its text and the lines around it are
//! the same (`yaml::Same`), so are the names declared at the top, and what was said of it names no other step. Places move with it.
//! What was found out since about the inside of a group (`check`) and the values of a step (`types`) goes with it; there it is
//! asked whether it still holds.
//! Not here: how the steps at the top hang together, which is always found anew.

use std::sync::Arc;

use super::body::BodySketch;
use super::sight::ReadSite;
use super::step::{Decoded, Draft, Seen};
use super::workflow::Sketch;
use super::{Decoder, MAX_STEPS};
use crate::analysis::{CalledWorkflow, WrittenProgram};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::text::Shift;
use crate::types::Site;
use crate::yaml::{Node, Same};

/// The steps of a text at the top.
#[derive(Debug, Default)]
pub(crate) struct Keep {
    declared: Declared,
    steps: Vec<Option<Kept>>,
}

/// What decoding a step looks at besides its own text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Declared {
    inputs: Vec<String>,
    env: Vec<String>,
    secrets: Vec<String>,
    agents: Vec<String>,
    servers: Vec<String>,
}

/// A step with those inside it, and what was said about them.
#[derive(Debug)]
pub(super) struct Kept {
    branch: Branch,
    said: Said,
    /// How far it has moved since.
    moved: isize,
}

#[derive(Debug)]
struct Branch {
    own: Box<Decoded>,
    inner: Option<Twigs>,
    escaped: Vec<ReadSite>,
}

/// The steps of a group.
#[derive(Debug)]
struct Twigs {
    steps: Vec<Branch>,
    output_reads: Vec<ReadSite>,
    output_sites: Vec<Site>,
    graph: Arc<Graph>,
    settled: bool,
}

/// What the decoding of a step added to that of the file.
#[derive(Debug)]
pub(super) struct Said {
    /// The line on which the step begins.
    line: u32,
    /// Steps, with itself.
    steps: usize,
    diagnostics: Vec<Diagnostic>,
    calls: Vec<CalledWorkflow>,
    programs: Vec<WrittenProgram>,
    unsupported: Vec<(String, String)>,
}

/// How much there was before a step.
pub(super) struct Mark {
    steps: usize,
    diagnostics: usize,
    calls: usize,
    programs: usize,
    unsupported: usize,
}

impl Keep {
    /// The steps that stand in the next version, in their new order.
    pub(crate) fn carry(&mut self, same: &[Same]) {
        let mut old = std::mem::take(&mut self.steps);
        for Same { before, now, moved } in same {
            self.steps.resize_with(*now, || None);
            let carried = old.get_mut(before.clone()).unwrap_or_default().iter_mut().map(|step| {
                let step = step.take()?;
                Some(Kept { moved: step.moved + moved, ..step })
            });
            self.steps.extend(carried);
        }
    }
}

impl Decoder<'_> {
    /// The steps of the version before, unless what is declared has changed since.
    pub(super) fn kept_steps(&mut self) -> Vec<Option<Kept>> {
        let Some(keep) = &mut self.keep else { return Vec::new() };
        let now = Declared {
            inputs: self.inputs.clone(),
            env: self.env.clone(),
            secrets: self.secrets.clone(),
            agents: self.agents.clone(),
            servers: self.servers.clone(),
        };
        let steps = std::mem::take(&mut keep.steps);
        if now == keep.declared {
            return steps;
        }
        keep.declared = now;
        Vec::new()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            steps: self.steps,
            diagnostics: self.diagnostics.len(),
            calls: self.calls.len(),
            programs: self.programs.len(),
            unsupported: self.unsupported.len(),
        }
    }

    /// What was said since a mark, of a step.
    pub(super) fn said(&self, step: &Node, mark: &Mark) -> Said {
        Said {
            line: self.lines.line(step.place.start),
            steps: self.steps - mark.steps,
            diagnostics: self.diagnostics[mark.diagnostics..].to_vec(),
            calls: self.calls[mark.calls..].to_vec(),
            programs: self.programs[mark.programs..].to_vec(),
            unsupported: self.unsupported[mark.unsupported..].to_vec(),
        }
    }

    /// The step of the version before, when decoding it here would give the same.
    pub(super) fn take_over<'n>(&mut self, kept: Kept, node: &'n Node, seen: &mut Seen<'_>) -> Option<(Draft<'n>, Said)> {
        let Kept { branch, mut said, moved } = kept;
        if seen.places.contains_key(&branch.own.label) || self.steps + said.steps > MAX_STEPS {
            return None;
        }
        let line = self.lines.line(node.place.start);
        let shift = Shift { bytes: moved, lines: i64::from(line) - i64::from(said.line) };
        said.line = line;
        said.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.shift(shift));
        said.calls.iter_mut().for_each(|call| call.shift(shift));
        said.programs.iter_mut().for_each(|program| program.span = shift.span(program.span));
        self.steps += said.steps;
        self.diagnostics.extend_from_slice(&said.diagnostics);
        self.calls.extend_from_slice(&said.calls);
        self.programs.extend_from_slice(&said.programs);
        self.unsupported.extend_from_slice(&said.unsupported);
        let draft = branch.grow(node, shift);
        seen.places.insert(draft.label.clone(), draft.id_place);
        Some((draft, said))
    }
}

impl Branch {
    fn of(draft: Draft<'_>) -> Self {
        let inner = draft.body.map(|body| Twigs {
            steps: body.steps.into_iter().map(Self::of).collect(),
            output_reads: body.output_reads,
            output_sites: body.output_sites,
            graph: body.graph,
            settled: body.settled,
        });
        Self { own: draft.own, inner, escaped: draft.escaped }
    }

    fn grow(self, node: &Node, shift: Shift) -> Draft<'_> {
        let Self { mut own, inner, mut escaped } = self;
        if shift != Shift::default() {
            own.shift(shift);
            escaped.iter_mut().for_each(|read| read.place = read.place.shifted(shift));
        }
        let body = inner.map(|Twigs { steps, mut output_reads, mut output_sites, graph, settled }| {
            let nodes = node.get("steps").and_then(Node::items).unwrap_or_default();
            let steps = steps.into_iter().zip(nodes).map(|(branch, node)| branch.grow(node, shift)).collect();
            output_reads.iter_mut().for_each(|read| read.place = read.place.shifted(shift));
            output_sites.iter_mut().for_each(|site| site.place = site.place.shifted(shift));
            BodySketch { steps, output_reads, output_sites, graph, settled, said: Vec::new() }
        });
        Draft { node, own, body, escaped }
    }
}

impl Decoded {
    fn shift(&mut self, shift: Shift) {
        let places = [&mut self.id_place].into_iter();
        let places = places.chain(&mut self.join_place);
        let places = places.chain(self.needs.iter_mut().map(|need| &mut need.place));
        let places = places.chain(self.reads.iter_mut().map(|read| &mut read.place));
        let places = places.chain(self.sites.iter_mut().map(|site| &mut site.place));
        let places = places.chain(self.cancels.iter_mut().map(|named| &mut named.place));
        let places = places.chain(self.timeout.iter_mut().map(|(_, place)| place));
        let places = places.chain(self.waits.iter_mut().map(|(_, _, place)| place));
        places.for_each(|place| *place = place.shifted(shift));
        if let Some(drawn) = self.drawn.as_mut().filter(|_| shift.lines != 0) {
            let drawn = Arc::make_mut(drawn);
            drawn.line = shift.line(drawn.line);
            drawn.end_line = shift.line(drawn.end_line);
        }
    }
}

impl Sketch<'_> {
    /// Keeps what the next version may take over.
    pub(crate) fn keep(self, keep: &mut Keep) {
        let BodySketch { steps, said, .. } = self.body;
        let kept = steps.into_iter().zip(said).map(|(draft, said)| {
            // A step without a name of its own is named by its place or by the others; a secret's declaration is far away; and
            // who has an id already is said by its line.
            let elsewhere = [codes::UNKNOWN_SECRET.code, codes::DUPLICATE_ID.code];
            let alone = draft.named && said.diagnostics.iter().all(|found| !elsewhere.contains(&found.code));
            alone.then(|| Kept { branch: Branch::of(draft), said, moved: 0 })
        });
        keep.steps = kept.collect();
    }
}
