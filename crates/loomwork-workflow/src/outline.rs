//! What a canvas needs to draw a workflow, also of a file with errors.

use serde::Serialize;
use serde_json::Value;

use crate::decode::{Draft, Ports, Sketch};
use crate::graph::{EdgeKind, Graph, Trigger};
use crate::model::{Action, Step};
use crate::text::Lines;

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
    /// The boxes, in the order of the file.
    pub nodes: Vec<OutlineNode>,
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
    /// The step's id; for a step whose id is missing, invalid or taken, `@` and its index.
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

pub(crate) fn outline(sketch: &Sketch<'_>, graph: &Graph, lines: &Lines<'_>) -> Outline {
    let label = |at: usize| sketch.steps[at].label.clone();
    let edge = |edge: &crate::GraphEdge| OutlineEdge {
        from: label(edge.from),
        port: match &edge.trigger {
            Trigger::Port(port) => Some(port.clone()),
            Trigger::Success | Trigger::Settled => None,
        },
        to: label(edge.to),
        implied: edge.kind == EdgeKind::Implied,
    };
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
        nodes: sketch.steps.iter().map(|step| node(step, lines)).collect(),
        edges: graph.edges.iter().map(edge).collect(),
    }
}

fn node(step: &Draft<'_>, lines: &Lines<'_>) -> OutlineNode {
    let fields = step.node.to_json();
    OutlineNode {
        id: step.label.clone(),
        title: step.title.clone(),
        action: step.action_name.to_owned(),
        summary: step.step.as_ref().map_or_else(String::new, summary),
        ports: match &step.ports {
            Ports::Known(ports) => ports.clone(),
            Ports::Unknown => vec!["succeeded".to_owned()],
        },
        fields: if fields.is_object() { fields } else { Value::Object(serde_json::Map::new()) },
        line: lines.line(step.node.place.start),
        end_line: lines.line(step.node.place.end.saturating_sub(1).max(step.node.place.start)),
    }
}

/// One line that says what a step does.
fn summary(step: &Step) -> String {
    let text = match &step.action {
        Action::Run(run) => {
            let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
            run.script.lines().find(is_code).unwrap_or_default().trim().to_owned()
        }
        Action::Set(values) => values.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        Action::Choose(choose) => {
            let ports = choose.cases.iter().map(|(name, _)| name.as_str()).chain(choose.otherwise.as_deref());
            ports.collect::<Vec<_>>().join(" / ")
        }
    };
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
