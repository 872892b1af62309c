//! WfFormat 1.5: <https://github.com/wfcommons/WfFormat>. A task for each step that is no group.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value, json};

use super::{Picture, PictureNode};

/// The picture as a WfFormat 1.5 instance. Groups are dissolved: an edge to a group leads to each of its steps with which it
/// begins, an edge from it comes from each with which it ends. With `executed_at` the recorded times are in it too.
#[must_use]
pub fn wfformat(picture: &Picture) -> String {
    let nodes = picture.all();
    let leaves: Vec<&PictureNode> = nodes.iter().copied().filter(|node| !node.is_group()).collect();
    let ids = task_ids(&leaves);
    let by_id: IndexMap<&str, &PictureNode> = nodes.iter().map(|node| (node.id.as_str(), *node)).collect();
    let mut parents: IndexMap<&str, IndexSet<&str>> = ids.values().map(|id| (id.as_str(), IndexSet::new())).collect();
    let mut children = parents.clone();
    for edge in &picture.edges {
        let (Some(from), Some(to)) = (by_id.get(edge.from.as_str()), by_id.get(edge.to.as_str())) else { continue };
        for source in ends(picture, from, true) {
            for target in ends(picture, to, false) {
                let (source, target) = (ids[source.id.as_str()].as_str(), ids[target.id.as_str()].as_str());
                if source != target {
                    parents[target].insert(source);
                    children[source].insert(target);
                }
            }
        }
    }
    let tasks: Vec<Value> = leaves
        .iter()
        .map(|node| {
            let id = &ids[node.id.as_str()];
            let name = if node.label().is_empty() { id } else { node.label() };
            json!({ "name": name, "id": id, "parents": parents[id.as_str()], "children": children[id.as_str()] })
        })
        .collect();
    let mut workflow = Map::new();
    workflow.insert("specification".to_owned(), json!({ "tasks": tasks }));
    if let Some(execution) = execution(picture, &leaves, &ids) {
        workflow.insert("execution".to_owned(), execution);
    }
    let mut root = Map::new();
    root.insert("name".to_owned(), Value::from(if picture.id.is_empty() { "workflow" } else { picture.id.as_str() }));
    if let Some(description) = picture.description.as_ref().filter(|text| !text.is_empty()) {
        root.insert("description".to_owned(), Value::from(description.as_str()));
    }
    root.insert("schemaVersion".to_owned(), Value::from("1.5"));
    root.insert("workflow".to_owned(), Value::Object(workflow));
    format!("{:#}\n", Value::Object(root))
}

/// Ids that the format takes: letters, digits, `-`, `_` and `.`.
fn task_ids<'p>(leaves: &[&'p PictureNode]) -> IndexMap<&'p str, String> {
    let mut taken = HashSet::new();
    let mut ids = IndexMap::new();
    for node in leaves {
        let base: String =
            node.id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect();
        let base = if base.is_empty() { "task".to_owned() } else { base };
        let mut id = base.clone();
        let mut number = 2;
        while !taken.insert(id.clone()) {
            id = format!("{base}_{number}");
            number += 1;
        }
        ids.insert(node.id.as_str(), id);
    }
    ids
}

/// The steps with which a node ends (or begins).
fn ends<'p>(picture: &'p Picture, node: &'p PictureNode, last: bool) -> Vec<&'p PictureNode> {
    if !node.is_group() {
        return vec![node];
    }
    let inside = |child: &&PictureNode| {
        !picture.edges.iter().any(|edge| {
            let (mine, other) = if last { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
            *mine == child.id && node.nodes.iter().any(|sibling| sibling.id == *other)
        })
    };
    node.nodes.iter().filter(inside).flat_map(|child| ends(picture, child, last)).collect()
}

fn execution(picture: &Picture, leaves: &[&PictureNode], ids: &IndexMap<&str, String>) -> Option<Value> {
    let executed_at = picture.executed_at.as_ref()?;
    // Exact for any run shorter than some hundred thousand years.
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    let tasks: Vec<Value> = leaves
        .iter()
        .filter_map(|node| Some(json!({ "id": ids[node.id.as_str()], "runtimeInSeconds": seconds(node.runtime_ms?) })))
        .collect();
    let makespan = seconds(picture.makespan_ms.unwrap_or(0));
    (!tasks.is_empty()).then(|| json!({ "makespanInSeconds": makespan, "executedAt": executed_at, "tasks": tasks }))
}
