//! Graphviz DOT: <https://graphviz.org/doc/info/lang.html>.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use super::{CRITICAL, Picture, PictureNode};

/// The picture as a DOT digraph; groups are clusters.
#[must_use]
pub fn dot(picture: &Picture) -> String {
    let nodes = picture.all();
    let by_id: HashMap<&str, (usize, &PictureNode)> =
        nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), (at, *node))).collect();
    let mut out = format!("digraph {} {{\n", quote(&picture.id));
    out.push_str("  graph [compound=true, rankdir=TB, fontname=\"sans-serif\"");
    if let Some(description) = &picture.description {
        let _ = write!(out, ", label={}, labelloc=t", quote(description));
    }
    out.push_str(
        "];\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for node in &picture.nodes {
        put(&mut out, node, &by_id, 1);
    }
    ranks(&mut out, &picture.nodes, &by_id, "  ");
    for edge in &picture.edges {
        let (Some(from), Some(to)) = (by_id.get(edge.from.as_str()), by_id.get(edge.to.as_str())) else { continue };
        let mut attributes = Vec::new();
        attributes.extend(edge.port.as_ref().map(|port| format!("label={}", quote(port))));
        attributes.extend(edge.implied.then(|| "style=dashed".to_owned()));
        attributes.extend(edge.critical.then(|| format!("color={}, penwidth=2.5", quote(CRITICAL))));
        // An edge runs between nodes; where a group is meant it is cut at the group's border.
        attributes.extend(from.1.is_group().then(|| format!("ltail=cluster_{}", from.0)));
        attributes.extend(to.1.is_group().then(|| format!("lhead=cluster_{}", to.0)));
        let ends = (by_id[last_leaf(from.1).id.as_str()].0, by_id[first_leaf(to.1).id.as_str()].0);
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        let _ = writeln!(out, "  n{} -> n{}{attributes};", ends.0, ends.1);
    }
    out.push_str("}\n");
    out
}

fn first_leaf(node: &PictureNode) -> &PictureNode {
    node.nodes.first().map_or(node, first_leaf)
}

fn last_leaf(node: &PictureNode) -> &PictureNode {
    node.nodes.last().map_or(node, last_leaf)
}

fn put(out: &mut String, node: &PictureNode, by_id: &HashMap<&str, (usize, &PictureNode)>, depth: usize) {
    let indent = "  ".repeat(depth);
    let at = by_id[node.id.as_str()].0;
    if node.is_group() {
        let _ = writeln!(out, "{indent}subgraph cluster_{at} {{\n{indent}  label={};", quote(&lines(node)));
        if node.critical {
            let _ = writeln!(out, "{indent}  color={};\n{indent}  penwidth=2.5;", quote(CRITICAL));
        }
        node.nodes.iter().for_each(|child| put(out, child, by_id, depth + 1));
        ranks(out, &node.nodes, by_id, &format!("{indent}  "));
        let _ = writeln!(out, "{indent}}}");
        return;
    }
    let shape = match node.action.as_str() {
        "choose" | "first_of" => ", shape=diamond",
        "approve" => ", shape=house",
        "end" => ", shape=doublecircle",
        _ => "",
    };
    let critical = if node.critical { format!(", color={}, penwidth=2.5", quote(CRITICAL)) } else { String::new() };
    let _ = writeln!(out, "{indent}n{at} [label={}{shape}{critical}];", quote(&lines(node)));
}

fn lines(node: &PictureNode) -> String {
    let action = if node.is_group() { node.note.clone().unwrap_or_default() } else { node.subtitle() };
    if action.is_empty() { node.label().to_owned() } else { format!("{}\n{action}", node.label()) }
}

/// Puts the nodes of each level side by side. A cluster cannot be put there: it would fall apart.
fn ranks(out: &mut String, nodes: &[PictureNode], by_id: &HashMap<&str, (usize, &PictureNode)>, indent: &str) {
    let mut levels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for node in nodes.iter().filter(|node| !node.is_group()) {
        if let Some(level) = node.level {
            levels.entry(level).or_default().push(format!("n{}", by_id[node.id.as_str()].0));
        }
    }
    for names in levels.values().filter(|names| names.len() > 1) {
        let _ = writeln!(out, "{indent}{{ rank=same; {}; }}", names.join("; "));
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
