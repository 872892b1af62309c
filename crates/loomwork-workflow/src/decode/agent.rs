//! Agents, servers, containers and machines: checked here, and noted as what this version cannot run.

use super::Decoder;
use crate::expression::Template;
use crate::model::Action;
use crate::yaml::Node;

impl Decoder<'_> {
    pub(super) fn agent_action(&mut self, step: &Node, node: &Node) -> Action {
        self.cannot_run(node, "agent");
        let entries = step.entries().unwrap_or_default().iter();
        let beside = entries.filter(|entry| matches!(entry.key.as_str(), "prompt" | "tools" | "budget" | "output_schema"));
        let mut fields = vec![("agent".to_owned(), Template::literal(node.to_json()))];
        fields.extend(beside.map(|entry| (entry.key.clone(), self.at(&entry.key, |this| this.template(&entry.value)))));
        Action::Effect { name: "agent", input: Template::map(fields) }
    }

    pub(super) fn tool(&mut self, node: &Node) -> Option<Action> {
        self.cannot_run(node, "tool");
        Some(Action::Effect { name: "tool", input: self.with_secrets(|this| this.template(node)) })
    }

    pub(super) fn container(&mut self, node: &Node) -> Option<Action> {
        self.cannot_run(node, "container");
        Some(Action::Effect { name: "container", input: self.with_secrets(|this| this.template(node)) })
    }

    pub(super) fn team(&mut self, node: &Node) -> Option<Action> {
        self.cannot_run(node, "team");
        Some(Action::Effect { name: "team", input: self.template(node) })
    }

    pub(super) fn cache(&mut self, node: &Node) {
        self.cannot_run(node, "cache");
    }

    pub(super) fn placement(&mut self, key: &str, node: &Node) {
        self.cannot_run(node, key);
    }

    pub(super) fn people_and_machines(&mut self, root: &Node) {
        for key in ["agents", "servers", "triggers", "profiles", "sla", "alerts"] {
            if let Some(node) = root.get(key) {
                self.at(key, |this| this.cannot_run(node, key));
            }
        }
    }
}
