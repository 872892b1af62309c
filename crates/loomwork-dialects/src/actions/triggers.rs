//! `on:`: what starts a workflow.

use super::scope::Scope;
use crate::draft::text_of;
use crate::names::{identifier, workflow_id};
use crate::source::Node;
use crate::yaml::{Map, Yaml};

pub(super) fn put(root: Node<'_>, scope: &mut Scope<'_>) {
    let Some(on) = root.get("on").or_else(|| root.get("true")) else { return };
    if on.is_map() {
        for (event, node) in on.entries() {
            trigger(event, node, scope);
        }
        return;
    }
    for event in on.items_or_one() {
        if let Some(name) = event.text() {
            trigger(name, event, scope);
        }
    }
}

fn trigger(event: &str, node: Node<'_>, scope: &mut Scope<'_>) {
    let report = scope.report;
    match event {
        "schedule" => {
            for entry in node.items() {
                if let Some(cron) = entry.get("cron").and_then(|cron| text_of(cron, report)) {
                    let mut schedule = Map::new().with("cron", cron);
                    // The source's schedules are in UTC unless they say otherwise.
                    let zone = entry.get("timezone").and_then(Node::text).unwrap_or("UTC");
                    schedule.put("time_zone", zone);
                    scope.workflow.triggers.push(Map::new().with("schedule", schedule));
                }
            }
        }
        "workflow_dispatch" => {
            take_if_empty(node);
            inputs(node.get("inputs"), scope);
        }
        "workflow_call" => {
            take_if_empty(node);
            inputs(node.get("inputs"), scope);
            for (name, secret) in node.get("secrets").map(Node::entries).unwrap_or_default() {
                scope.workflow.secret(&identifier(name));
                report.translated(
                    secret,
                    format!("`{name}` is a secret of the workflow: put it into .loomwork/secrets.json as `{}`", identifier(name)),
                );
                secret.take();
            }
            report.drop_key(node, "outputs", "write them under `outputs` of the workflow: `${{ steps.JOB.output.NAME }}`");
        }
        "workflow_run" => {
            for workflow in node.get("workflows").map(Node::items_or_one).unwrap_or_default() {
                if let Some(name) = workflow.text() {
                    let id = workflow_id(name);
                    scope.workflow.triggers.push(Map::new().with("run_finished", Map::new().with("workflow", id.clone())));
                    report.approximated(
                        workflow,
                        format!("starts when a run of the workflow `{id}` has finished, however it ended: check the id"),
                    );
                }
            }
            for key in ["types", "branches", "branches-ignore"] {
                report.drop_key(node, key, "a run here has no branch and one way to finish; ask for its status in a `when`");
            }
        }
        "push" | "pull_request" | "pull_request_target" | "merge_group" => {
            report.dropped(
                node,
                format!(
                    "`{event}` is left out: nothing here hears of it. A `webhook` trigger, or a `schedule`, can take its place"
                ),
            );
        }
        other => {
            report.dropped(node, format!("the event `{other}` is left out: it happens at GitHub, and nothing here hears of it"))
        }
    }
}

/// `workflow_dispatch:` without anything is complete.
fn take_if_empty(node: Node<'_>) {
    if node.is_null() || node.key().is_empty() || node.key() == "on" {
        node.take();
    }
}

fn inputs(node: Option<Node<'_>>, scope: &mut Scope<'_>) {
    for (name, input) in node.map(Node::entries).unwrap_or_default() {
        let id = identifier(name);
        if id != name {
            scope.report.translated(input, format!("the input `{name}` is called `{id}` here"));
        }
        let kind = input.get("type").and_then(Node::text).unwrap_or("string");
        let ours = match kind {
            "boolean" | "number" | "string" => kind,
            "choice" => "string",
            other => {
                if let Some(place) = input.peek("type") {
                    scope.report.approximated(place, format!("an input of the type `{other}` is text here"));
                }
                "string"
            }
        };
        let mut map = Map::new().with("type", ours);
        let as_ours = |node: Node<'_>| match node.text().filter(|_| ours == "string") {
            Some(text) => Yaml::from(text),
            None => Yaml::from(node.value()),
        };
        map.put_some("required", input.get("required").and_then(Node::boolean));
        let options: Vec<Yaml> = input.get("options").map(Node::items).unwrap_or_default().into_iter().map(as_ours).collect();
        map.put_some("enum", (!options.is_empty()).then_some(options));
        map.put_some("default", input.get("default").map(as_ours));
        map.put_some("description", input.get("description").and_then(|node| super::shown_text(node, scope.report)));
        scope.report.drop_key(input, "deprecationMessage", "an input cannot be deprecated");
        if scope.workflow.inputs.get(&id).is_some_and(|known| *known != Yaml::Map(map.clone())) {
            scope.report.approximated(
                input,
                format!(
                    "the input `{id}` is declared differently before; only this declaration stands, for whatever starts a run"
                ),
            );
        }
        scope.workflow.inputs.put(&id, map);
    }
}
