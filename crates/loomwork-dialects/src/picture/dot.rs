//! Graphviz DOT: <https://graphviz.org/doc/info/lang.html>.

use std::collections::HashMap;
use std::fmt::Write;

use super::{Picture, PictureNode};

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
    for edge in &picture.edges {
        let (Some(from), Some(to)) = (by_id.get(edge.from.as_str()), by_id.get(edge.to.as_str())) else { continue };
        let mut attributes = Vec::new();
        attributes.extend(edge.port.as_ref().map(|port| format!("label={}", quote(port))));
        attributes.extend(edge.implied.then(|| "style=dashed".to_owned()));
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
        let _ = writeln!(out, "{indent}subgraph cluster_{at} {{\n{indent}  label={};", quote(node.label()));
        node.nodes.iter().for_each(|child| put(out, child, by_id, depth + 1));
        let _ = writeln!(out, "{indent}}}");
        return;
    }
    let label = if node.action.is_empty() { node.label().to_owned() } else { format!("{}\n{}", node.label(), node.action) };
    let shape = match node.action.as_str() {
        "choose" | "first_of" => ", shape=diamond",
        "approve" => ", shape=house",
        "end" => ", shape=doublecircle",
        _ => "",
    };
    let _ = writeln!(out, "{indent}n{at} [label={}{shape}];", quote(&label));
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
