//! What a canvas needs to draw a workflow, also of a file with errors.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Template;
use crate::decode::{BodySketch, Draft, Ports, Sketch};
use crate::graph::{EdgeKind, Trigger};
use crate::model::{Action, ProgramText, Repeat, Step, Wait};
use crate::text::Lines;
use crate::yaml::Entry;

/// A workflow as far as it can be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Outline {
    /// The workflow's id, null when the text cannot be read that far.
    pub id: Option<String>,
    /// Its version, if any.
    pub version: Option<String>,
    /// Its description, if any.
    pub description: Option<String>,
    /// The inputs a run asks for.
    pub inputs: Vec<OutlineInput>,
    /// The boxes, in the order of the file; versions of a workflow share those that are the same.
    pub nodes: Vec<Arc<OutlineNode>>,
    /// The wires.
    pub edges: Vec<OutlineEdge>,
}

/// An input that a run asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutlineInput {
    /// Its name.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean`, `array`, `object` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// Its default, null when there is none.
    pub default: Value,
    /// The values allowed, when enumerated.
    pub values: Option<Vec<Value>>,
    /// What it is for.
    pub description: Option<String>,
}

/// One box of the canvas.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutlineNode {
    /// The step's id behind those of the groups around it (`describe.sentence`); for a step whose id is missing, invalid
    /// or taken, `@` and its index.
    pub id: String,
    /// Its title, if any.
    pub title: Option<String>,
    /// The action's key; `unknown` when there is none that is known.
    pub action: String,
    /// One line that says what it does.
    pub summary: String,
    /// Its ports in order, without `failed`.
    pub ports: Vec<String>,
    /// The step's fields as written.
    pub fields: Value,
    /// First line of the step, from 1.
    pub line: u32,
    /// Last line of the step.
    pub end_line: u32,
    /// The group in which it stands, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// How it is repeated: `for_each` or `loop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<&'static str>,
    /// Its index in `steps`, behind those of the groups around it.
    #[serde(skip)]
    pub(crate) at: Vec<usize>,
}

/// One wire of the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutlineEdge {
    /// Source step.
    pub from: String,
    /// Source port; null: any port but `failed`.
    pub port: Option<String>,
    /// Target step.
    pub to: String,
    /// True for an edge that an expression implies and `needs` does not write out.
    pub implied: bool,
}

/// Draws a workflow; a step remembers how it was drawn.
pub(crate) fn outline(sketch: &mut Sketch<'_>, lines: &Lines<'_>) -> Outline {
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    scope(&mut sketch.body, None, lines, &mut nodes, &mut edges);
    Outline {
        id: sketch.id.clone(),
        version: sketch.version.clone(),
        description: sketch.description.clone(),
        inputs: sketch
            .inputs
            .iter()
            .map(|(name, input)| OutlineInput {
                name: name.clone(),
                kind: input.kind.as_str().to_owned(),
                required: input.required,
                default: input.default.clone().unwrap_or(Value::Null),
                values: input.values.clone(),
                description: input.description.clone(),
            })
            .collect(),
        nodes,
        edges,
    }
}

/// The steps and edges of a scope and of those inside it; a group stands before its steps.
fn scope(
    body: &mut BodySketch<'_>,
    parent: Option<(&str, &[usize])>,
    lines: &Lines<'_>,
    nodes: &mut Vec<Arc<OutlineNode>>,
    edges: &mut Vec<OutlineEdge>,
) {
    let path = |at: usize| body.steps[at].path.clone();
    edges.extend(body.graph.edges.iter().map(|edge| OutlineEdge {
        from: path(edge.from),
        port: match &edge.trigger {
            Trigger::Port(port) => Some(port.clone()),
            Trigger::Success | Trigger::Settled => None,
        },
        to: path(edge.to),
        implied: edge.kind == EdgeKind::Implied,
    }));
    for (index, step) in body.steps.iter_mut().enumerate() {
        let mut at = parent.map_or_else(Vec::new, |(_, at)| at.to_vec());
        at.push(index);
        let mut drawn = step.own.drawn.take().unwrap_or_else(|| Arc::new(node(step, parent.map(|(path, _)| path), lines)));
        if drawn.at != at {
            Arc::make_mut(&mut drawn).at.clone_from(&at);
        }
        nodes.push(Arc::clone(&drawn));
        step.own.drawn = Some(drawn);
        if let Some(inner) = &mut step.body {
            scope(inner, Some((&step.own.path, &at)), lines, nodes, edges);
        }
    }
}

fn node(step: &Draft<'_>, parent: Option<&str>, lines: &Lines<'_>) -> OutlineNode {
    // The steps of a group are nodes of their own.
    let own = |entry: &&Entry| step.body.is_none() || entry.key != "steps";
    let entries = step.node.entries().unwrap_or_default().iter().filter(own);
    let fields: Map<String, Value> = entries.map(|entry| (entry.key.clone(), entry.value.to_json())).collect();
    OutlineNode {
        id: step.path.clone(),
        title: step.title.clone(),
        action: step.action_name.to_owned(),
        summary: match (&step.body, &step.step) {
            (Some(inner), _) => format!("{} steps", inner.steps.len()),
            (None, step) => step.as_deref().map_or_else(String::new, summary),
        },
        ports: match &step.ports {
            Ports::Known(ports) => ports.clone(),
            Ports::Unknown => vec!["succeeded".to_owned()],
        },
        fields: Value::Object(fields),
        line: lines.line(step.node.place.start),
        end_line: lines.line(step.node.place.end.saturating_sub(1).max(step.node.place.start)),
        parent: parent.map(str::to_owned),
        repeat: step.step.as_ref().and_then(|step| step.repeat.as_ref()).map(|repeat| match repeat {
            Repeat::ForEach(_) => "for_each",
            Repeat::Loop(_) => "loop",
        }),
        at: Vec::new(),
    }
}

/// One line that says what a step does.
fn summary(step: &Step) -> String {
    let text = match &step.action {
        Action::Process(process) => match &process.program {
            ProgramText::Script { script, .. } => {
                let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
                script.lines().find(is_code).unwrap_or_default().trim().to_owned()
            }
            ProgramText::Command(argv) => argv.iter().map(shown).collect::<Vec<_>>().join(" "),
        },
        Action::Set(values) => values.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        Action::Choose(choose) => {
            let ports = choose.cases.iter().map(|(name, _)| name.as_str()).chain(choose.otherwise.as_deref());
            ports.collect::<Vec<_>>().join(" / ")
        }
        Action::Group(_) => String::new(),
        Action::Wait(wait) => waiting(wait),
        Action::FirstOf(branches) => branches.keys().map(String::as_str).collect::<Vec<_>>().join(" / "),
        Action::Approve(approve) => shown(&approve.message),
        Action::Emit { event, .. } => shown(event),
        Action::Cancel(steps) => steps.join(", "),
        Action::End(None) => "succeeded".to_owned(),
        Action::End(Some(message)) => format!("failed: {}", shown(message)),
        Action::Call(call) => shown(&call.id),
        Action::Effect { input, .. } => effect(input),
    };
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// A template as it is written, on one line.
fn shown(template: &Template) -> String {
    template.source().lines().next().unwrap_or_default().to_owned()
}

fn waiting(wait: &Wait) -> String {
    match wait {
        Wait::For(duration) => shown(duration),
        Wait::Until(moment) => format!("until {}", shown(moment)),
        Wait::Event { name, .. } => format!("event {}", shown(name)),
    }
}

/// The fields that tell one request, program or prompt from another.
fn effect(input: &Template) -> String {
    let words = ["method", "url", "program", "server", "name", "image", "agent", "strategy"];
    words.into_iter().filter_map(|key| input.field(key)).collect::<Vec<_>>().join(" ")
}
