//! Which dialect a text is written in.

use crate::Dialect;
use crate::source::{Node, Source};

/// The dialect of a text, by what stands in it; none when it is none of them (or one of ours, or broken).
#[must_use]
pub fn detect(name: &str, text: &str) -> Option<Dialect> {
    let source = Source::read(name, text).ok()?;
    let root = source.root();
    let is_map = |node: Option<Node<'_>>| node.is_some_and(Node::is_map);
    let has_steps = |node: Node<'_>| node.peek("steps").is_some_and(Node::is_list);
    if root.has("loomwork") {
        return None;
    }
    if root.peek("document").is_some_and(|document| document.has("dsl")) && root.has("do") {
        return Some(Dialect::ServerlessWorkflow);
    }
    if let Some(workflow) = root.peek("workflow") {
        if workflow.peek("specification").is_some_and(|specification| specification.has("tasks")) {
            return Some(Dialect::Wfformat);
        }
        if has_steps(workflow) {
            return Some(Dialect::AgentSteps);
        }
    }
    if is_map(root.peek("jobs")) {
        return Some(Dialect::GithubActions);
    }
    let workflows = root.peek("workflows").map(Node::entries).unwrap_or_default();
    if workflows.iter().any(|(_, workflow)| has_steps(*workflow)) {
        return Some(Dialect::AgentTools);
    }
    let templates = root.peek("templates").map(Node::entries).unwrap_or_default();
    let engine = root.peek("engine").is_some_and(|engine| {
        ["execution", "max_concurrent_workflows", "max_workflow_duration", "checkpoint_interval"]
            .iter()
            .any(|key| engine.has(key))
    });
    (engine || templates.iter().any(|(_, template)| has_steps(*template))).then_some(Dialect::AgentSteps)
}
