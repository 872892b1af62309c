//! Pictures of a workflow for other tools: Mermaid, Graphviz DOT, WfFormat.
//!
//! Invariant: whatever stands in a title or id, what is written is well-formed. Not here: where a picture comes from.

mod dot;
mod mermaid;
mod wfformat;

use serde::{Deserialize, Serialize};

pub use dot::dot;
pub use mermaid::mermaid;
pub use wfformat::wfformat;

/// What is drawn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Picture {
    /// The workflow's id.
    pub id: String,
    /// Its description.
    pub description: Option<String>,
    /// The steps of the outermost scope, in order.
    pub nodes: Vec<PictureNode>,
    /// All edges, of inner scopes too.
    pub edges: Vec<PictureEdge>,
    /// When the run began whose times the nodes carry, as RFC 3339; without it no times are exported.
    pub executed_at: Option<String>,
    /// How long that run took, in milliseconds.
    pub makespan_ms: Option<u64>,
}

/// A step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureNode {
    /// Unique in the picture: its path, such as `describe.sentence`.
    pub id: String,
    /// What to write in place of the last part of the id.
    pub title: Option<String>,
    /// The key of its action.
    pub action: String,
    /// Its ports besides `failed`, when they are more than `succeeded`.
    pub ports: Vec<String>,
    /// The steps of a group.
    pub nodes: Vec<PictureNode>,
    /// How long it took, in milliseconds.
    pub runtime_ms: Option<u64>,
    /// Its level within its scope; nodes of one level are drawn side by side where the format can say so.
    pub level: Option<usize>,
    /// Whether it is on the critical path.
    pub critical: bool,
    /// What else to write in the box.
    pub note: Option<String>,
}

/// An edge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureEdge {
    /// Id of the source node.
    pub from: String,
    /// Port of the source; none: any but `failed`.
    pub port: Option<String>,
    /// Id of the target node.
    pub to: String,
    /// Whether it comes from an expression that reads the source.
    pub implied: bool,
    /// Whether it is on the critical path.
    pub critical: bool,
}

/// The colour of the critical path: readable on white and on black.
const CRITICAL: &str = "#d9480f";

impl PictureNode {
    /// What is written in the box.
    fn label(&self) -> &str {
        self.title.as_deref().unwrap_or_else(|| self.id.rsplit('.').next().unwrap_or(&self.id))
    }

    /// What is written below the label, if anything.
    fn subtitle(&self) -> String {
        let parts = [Some(self.action.as_str()), self.note.as_deref()];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn is_group(&self) -> bool {
        !self.nodes.is_empty()
    }
}

impl Picture {
    /// All nodes, groups before what is in them.
    fn all(&self) -> Vec<&PictureNode> {
        let mut found = Vec::new();
        let mut open: Vec<&PictureNode> = self.nodes.iter().rev().collect();
        while let Some(node) = open.pop() {
            found.push(node);
            open.extend(node.nodes.iter().rev());
        }
        found
    }
}
