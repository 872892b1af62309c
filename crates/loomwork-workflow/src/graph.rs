//! The edges between the steps of one scope, by index into `Body::steps`.

/// Which end of its source makes an edge taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Any port but `failed`.
    Success,
    /// Exactly this port.
    Port(String),
    /// Any end at all, also skipped and cancelled.
    Settled,
}

/// How an edge counts for its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// Written in `needs`; the join counts it.
    Needs,
    /// Made by an expression; required besides the join.
    Implied,
}

/// One edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphEdge {
    /// Index of the source.
    pub from: usize,
    /// Index of the target.
    pub to: usize,
    /// What makes it taken.
    pub trigger: Trigger,
    /// How it counts.
    pub kind: EdgeKind,
}

/// All edges, with the indices of those that enter and leave each step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// The edges.
    pub edges: Vec<GraphEdge>,
    /// Step → indices into `edges`.
    pub incoming: Vec<Vec<usize>>,
    /// Step → indices into `edges`.
    pub outgoing: Vec<Vec<usize>>,
}

impl Graph {
    /// The written edges into a step: index of the source, and port.
    pub fn needs(&self, to: usize) -> impl Iterator<Item = (usize, Option<&str>)> {
        let edges = self.incoming[to].iter().map(|edge| &self.edges[*edge]);
        edges.filter(|edge| edge.kind == EdgeKind::Needs).map(|edge| {
            let port = match &edge.trigger {
                Trigger::Port(port) => Some(port.as_str()),
                Trigger::Success | Trigger::Settled => None,
            };
            (edge.from, port)
        })
    }
}
