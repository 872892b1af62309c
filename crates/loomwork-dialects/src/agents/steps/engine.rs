//! The `engine:` settings that have a place in a workflow; the others belong to a workspace.

use crate::draft::Workflow;
use crate::duration;
use crate::report::Report;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

/// Settings of the engine for all workflows.
#[derive(Debug, Default)]
pub(super) struct Engine {
    workflow_timeout: Option<String>,
    step_timeout: Option<String>,
    attempts: Option<u64>,
    pub(super) backoff: Option<String>,
}

impl Engine {
    pub(super) fn read(&mut self, node: Node<'_>, report: &Report) {
        let span = |node: Node<'_>| duration::loose(node).filter(|ms| *ms > 0).map(duration::text);
        self.workflow_timeout = node.get("max_workflow_duration").and_then(span);
        if let Some(execution) = node.get("execution") {
            self.step_timeout = execution.get("timeout_default").and_then(span);
            self.attempts = execution.get("retry_default").and_then(Node::whole);
            if let Some(strategy) = execution.get("backoff_strategy") {
                self.backoff = match strategy.string() {
                    Some(word @ ("constant" | "linear" | "exponential")) => Some(word.to_owned()),
                    Some("fixed") => Some("constant".to_owned()),
                    _ => {
                        report
                            .dropped(strategy, "the backoff is one of constant, linear and exponential; it stays at its default");
                        None
                    }
                };
                if self.backoff.is_some() && self.attempts.is_none() {
                    report.translated(strategy, "the backoff is used wherever a step is retried");
                }
            }
        }
        report.drop_key(node, "max_concurrent_workflows", "how many runs go at one time is a setting of the workspace");
        report.drop_key(node, "checkpoint_interval", "every event of a run is durable at once, there is nothing to set");
        report.drop_key(node, "monitoring", "what is observed is not part of a workflow; runs always have figures and logs");
        report.drop_key(node, "storage", "runs are kept in the workspace's own journal");
    }

    pub(super) fn put(&self, workflow: &mut Workflow) {
        workflow.timeout.clone_from(&self.workflow_timeout);
        workflow.defaults.put_some("timeout", self.step_timeout.clone());
        if let Some(retries) = self.attempts.filter(|retries| *retries > 0) {
            let mut retry = Map::new().with("attempts", Yaml::from(retries.saturating_add(1).min(1_000)));
            retry.put_some("backoff", self.backoff.clone());
            workflow.defaults.put("retry", retry);
        }
    }
}
