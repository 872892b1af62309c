//! Pictures of workflows, of their plans, and of runs with all elements and passes: what `loomwork-dialects` draws.
//!
//! Not here: formats (`loomwork-dialects`) and decisions. Everything is a pure function of its arguments.

use std::collections::{BTreeSet, HashMap};

use loomwork_api::{Run, RunStep, StepStatus};
use loomwork_dialects::{Picture, PictureEdge, PictureNode};
use loomwork_workflow::{Outline, OutlineEdge, OutlineNode, Plan, PlannedStep, format_duration};

/// A workflow as it is written.
pub(crate) fn of_workflow(outline: &Outline) -> Picture {
    Drawing::new(outline).picture()
}

/// A workflow with levels, expected durations and the critical path.
pub(crate) fn of_plan(outline: &Outline, plan: &Plan) -> Picture {
    let mut drawing = Drawing::new(outline);
    drawing.planned = plan.steps.iter().map(|step| (step.path.as_str(), step)).collect();
    drawing.critical = critical_edges(plan);
    drawing.picture()
}

/// What a run did, with the times that it took.
pub(crate) fn of_run(outline: &Outline, run: &Run) -> Picture {
    let mut drawing = Drawing::new(outline);
    drawing.recorded = run.steps.iter().map(|step| (step.path.as_str(), step)).collect();
    for step in &run.steps {
        if let Some(whole) = whole_of(&step.path) {
            drawing.parts.entry(whole).or_default().push(&step.path);
        }
    }
    let executed_at = run.summary.started_at.clone();
    Picture { executed_at, makespan_ms: run.summary.duration_ms, ..drawing.picture() }
}

/// The step of which a path names an element (`describe[3]`) or a pass (`poll#2`).
fn whole_of(path: &str) -> Option<&str> {
    let last = path.rfind('.').map_or(0, |dot| dot + 1);
    path[last..].find(['[', '#']).map(|mark| &path[..last + mark])
}

/// Steps that follow one another on the critical path of their scope.
fn critical_edges(plan: &Plan) -> BTreeSet<(&str, &str)> {
    let parents: HashMap<&str, Option<&str>> =
        plan.steps.iter().map(|step| (step.path.as_str(), step.parent.as_deref())).collect();
    let mut last: HashMap<Option<&str>, &str> = HashMap::new();
    let mut edges = BTreeSet::new();
    for path in &plan.critical_path {
        let scope = parents.get(path.as_str()).copied().flatten();
        if let Some(before) = last.insert(scope, path) {
            edges.insert((before, path.as_str()));
        }
    }
    edges
}

#[derive(Default)]
struct Drawing<'a> {
    outline: Option<&'a Outline>,
    /// The steps of each scope, by the path of its group.
    scopes: HashMap<Option<&'a str>, Vec<&'a OutlineNode>>,
    edges: HashMap<Option<&'a str>, Vec<&'a OutlineEdge>>,
    planned: HashMap<&'a str, &'a PlannedStep>,
    critical: BTreeSet<(&'a str, &'a str)>,
    recorded: HashMap<&'a str, &'a RunStep>,
    /// Elements and passes, by the path of the whole.
    parts: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Drawing<'a> {
    fn new(outline: &'a Outline) -> Self {
        let mut drawing = Self { outline: Some(outline), ..Self::default() };
        let mut parents = HashMap::new();
        for node in &outline.nodes {
            parents.insert(node.id.as_str(), node.parent.as_deref());
            drawing.scopes.entry(node.parent.as_deref()).or_default().push(node);
        }
        for edge in &outline.edges {
            drawing.edges.entry(parents.get(edge.from.as_str()).copied().flatten()).or_default().push(edge);
        }
        drawing
    }

    fn picture(&self) -> Picture {
        let mut edges = Vec::new();
        let nodes = self.scope(None, None, &mut edges);
        let (id, description) = self.outline.map(|outline| (outline.id.clone(), outline.description.clone())).unwrap_or_default();
        Picture { id: id.unwrap_or_default(), description, nodes, edges, ..Picture::default() }
    }

    /// The steps of a group, whose instance has the path `at`; their edges are added.
    fn scope(&self, group: Option<&str>, at: Option<&str>, edges: &mut Vec<PictureEdge>) -> Vec<PictureNode> {
        let place = |path: &str| {
            let name = group.map_or(path, |group| &path[group.len() + 1..]);
            at.map_or_else(|| name.to_owned(), |at| format!("{at}.{name}"))
        };
        edges.extend(self.edges.get(&group).into_iter().flatten().map(|edge| PictureEdge {
            from: place(&edge.from),
            port: edge.port.clone(),
            to: place(&edge.to),
            implied: edge.implied,
            critical: self.critical.contains(&(edge.from.as_str(), edge.to.as_str())),
        }));
        let nodes = self.scopes.get(&group).into_iter().flatten();
        nodes.map(|node| self.node(node, place(&node.id), edges)).collect()
    }

    fn node(&self, node: &OutlineNode, id: String, edges: &mut Vec<PictureEdge>) -> PictureNode {
        let inner = match self.parts.get(id.as_str()) {
            None => self.scope_of(node, &id, edges),
            Some(parts) => {
                if node.repeat == Some("loop") {
                    edges.extend(parts.windows(2).map(|pair| PictureEdge {
                        from: pair[0].to_owned(),
                        to: pair[1].to_owned(),
                        ..PictureEdge::default()
                    }));
                }
                let part = |path: &&str| {
                    let inner = self.scope_of(node, path, edges);
                    PictureNode { title: None, ..self.one(node, (*path).to_owned(), inner) }
                };
                parts.iter().map(part).collect()
            }
        };
        self.one(node, id, inner)
    }

    fn scope_of(&self, node: &OutlineNode, at: &str, edges: &mut Vec<PictureEdge>) -> Vec<PictureNode> {
        if self.scopes.contains_key(&Some(node.id.as_str())) { self.scope(Some(&node.id), Some(at), edges) } else { Vec::new() }
    }

    fn one(&self, node: &OutlineNode, id: String, nodes: Vec<PictureNode>) -> PictureNode {
        let planned = self.planned.get(node.id.as_str());
        let ended = self.recorded.get(id.as_str()).filter(|step| step.ended_at.is_some() && step.status != StepStatus::Skipped);
        PictureNode {
            title: node.title.clone(),
            action: node.action.clone(),
            ports: if node.ports.len() > 1 { node.ports.clone() } else { Vec::new() },
            nodes,
            runtime_ms: ended.and_then(|step| step.duration_ms),
            level: planned.map(|step| step.level),
            critical: planned.is_some_and(|step| step.critical),
            note: note(node, planned.copied()),
            id,
        }
    }
}

/// How often, and how long.
fn note(node: &OutlineNode, planned: Option<&PlannedStep>) -> Option<String> {
    let planned = planned?;
    let often = node.repeat.map(|repeat| if repeat == "loop" { "loop" } else { "for each" }.to_owned());
    let long = planned.expected.filter(|expected| expected.range.high_ms > 0).map(|expected| {
        let median = format_duration(expected.range.median_ms);
        if expected.at_least { format!("at least {median}") } else { median }
    });
    let parts: Vec<String> = often.into_iter().chain(long).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}
