//! Pictures are well-formed whatever stands in them, and a WfFormat export imports again with the same graph.

#![allow(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod support;

use std::collections::BTreeSet;

use loomwork_dialects::{Dialect, ImportOptions, Picture, PictureEdge, PictureNode, dot, import, mermaid, wfformat};
use serde_json::Value;

fn node(id: &str, action: &str) -> PictureNode {
    PictureNode { id: id.to_owned(), action: action.to_owned(), ..PictureNode::default() }
}

fn edge(from: &str, port: Option<&str>, to: &str, implied: bool) -> PictureEdge {
    PictureEdge { from: from.to_owned(), port: port.map(str::to_owned), to: to.to_owned(), implied, critical: false }
}

fn picture() -> Picture {
    let mut group = node("describe", "steps");
    group.title = Some("For \"each\" <one> & [all]".to_owned());
    group.nodes = vec![node("describe.diff", "run"), node("describe.sentence", "agent")];
    let mut size = node("size", "choose");
    size.ports = vec!["none".to_owned(), "some".to_owned()];
    size.runtime_ms = Some(20);
    Picture {
        id: "release-notes".to_owned(),
        description: Some("Two lines\nof %% text {x}".to_owned()),
        nodes: vec![node("log", "run"), size, group, node("publish", "http")],
        edges: vec![
            edge("log", None, "size", false),
            edge("size", Some("some"), "describe", false),
            edge("describe.diff", None, "describe.sentence", true),
            edge("describe", None, "publish", false),
            edge("ghost", None, "publish", false),
        ],
        executed_at: Some("2026-11-21T09:00:00Z".to_owned()),
        makespan_ms: Some(1_500),
    }
}

#[test]
fn a_picture_is_written_for_mermaid() {
    insta::assert_snapshot!(mermaid(&picture()));
}

#[test]
fn a_picture_is_written_for_graphviz() {
    insta::assert_snapshot!(dot(&picture()));
}

/// The same with levels and a critical path.
fn planned() -> Picture {
    let mut picture = picture();
    let levels = [0, 1, 2, 1];
    for (node, level) in picture.nodes.iter_mut().zip(levels) {
        node.level = Some(level);
        node.critical = node.id != "publish";
        node.note = Some("1m 5s".to_owned());
    }
    picture.edges.iter_mut().filter(|edge| edge.from == "log" || edge.to == "describe").for_each(|edge| edge.critical = true);
    picture
}

#[test]
fn a_plan_has_its_critical_path_marked_and_its_levels_as_ranks() {
    insta::assert_snapshot!(format!("{}\n{}", mermaid(&planned()), dot(&planned())));
}

#[test]
fn a_picture_is_written_as_wfformat() {
    insta::assert_snapshot!(wfformat(&picture()));
}

/// Edges of an instance by the names of its tasks.
fn graph(instance: &Value) -> BTreeSet<(String, String)> {
    let tasks = instance["workflow"]["specification"]["tasks"].as_array().unwrap();
    let edges = tasks.iter().flat_map(|task| {
        let id = task["id"].as_str().unwrap().to_owned();
        task["parents"].as_array().unwrap().iter().map(move |parent| (parent.as_str().unwrap().to_owned(), id.clone()))
    });
    edges.collect()
}

#[test]
fn an_exported_instance_imports_again_with_the_same_graph() {
    let montage = support::SAMPLES.iter().find(|sample| sample.name == "montage.json").unwrap();
    let source: Value = serde_json::from_str(montage.text).unwrap();
    let picture_of = |text: &str| {
        let workflow = loomwork_workflow::analyze(text).outline;
        let nodes = workflow.nodes.iter().map(|step| node(&step.id, &step.action)).collect();
        let edges = workflow.edges.iter().map(|wire| edge(&wire.from, wire.port.as_deref(), &wire.to, wire.implied)).collect();
        Picture { id: workflow.id.unwrap_or_default(), nodes, edges, ..Picture::default() }
    };
    let first: Value = serde_json::from_str(&wfformat(&picture_of(&montage.import().files[0].text))).unwrap();
    assert_eq!(graph(&first), graph(&source));
    let again = import(Dialect::Wfformat, "again.json", &first.to_string(), &ImportOptions::default()).unwrap();
    let second: Value = serde_json::from_str(&wfformat(&picture_of(&again.files[0].text))).unwrap();
    assert_eq!(graph(&second), graph(&source));
}
