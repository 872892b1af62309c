//! Mermaid flowcharts: <https://mermaid.js.org/syntax/flowchart.html>.

use std::collections::HashMap;
use std::fmt::Write;

use super::{CRITICAL, Picture, PictureNode};

/// The picture as a Mermaid flowchart.
#[must_use]
pub fn mermaid(picture: &Picture) -> String {
    let names: HashMap<&str, String> =
        picture.all().iter().enumerate().map(|(at, node)| (node.id.as_str(), format!("n{at}"))).collect();
    let mut out = format!("---\ntitle: {}\n---\nflowchart TD\n", serde_json::Value::from(picture.id.as_str()));
    if let Some(description) = &picture.description {
        for line in description.lines() {
            let _ = writeln!(out, "  %% {}", line.replace(['{', '}'], " "));
        }
    }
    for node in &picture.nodes {
        put(&mut out, node, &names, 1);
    }
    let (mut drawn, mut critical) = (0, Vec::new());
    for edge in &picture.edges {
        let (Some(from), Some(to)) = (names.get(edge.from.as_str()), names.get(edge.to.as_str())) else { continue };
        let arrow = if edge.implied { "-.->" } else { "-->" };
        let port = edge.port.as_ref().map_or_else(String::new, |port| format!("|\"{}\"|", escape(port)));
        let _ = writeln!(out, "  {from} {arrow}{port} {to}");
        critical.extend(edge.critical.then(|| drawn.to_string()));
        drawn += 1;
    }
    let marked: Vec<&str> =
        picture.all().into_iter().filter(|node| node.critical).map(|node| names[node.id.as_str()].as_str()).collect();
    if !marked.is_empty() {
        let _ = writeln!(out, "  classDef critical stroke:{CRITICAL},stroke-width:3px");
        let _ = writeln!(out, "  class {} critical", marked.join(","));
    }
    if !critical.is_empty() {
        let _ = writeln!(out, "  linkStyle {} stroke:{CRITICAL},stroke-width:3px", critical.join(","));
    }
    out
}

fn put(out: &mut String, node: &PictureNode, names: &HashMap<&str, String>, depth: usize) {
    let indent = "  ".repeat(depth);
    let name = &names[node.id.as_str()];
    let label = escape(node.label());
    if node.is_group() {
        let note = node.note.as_ref().map_or_else(String::new, |note| format!(" · {}", escape(note)));
        let _ = writeln!(out, "{indent}subgraph {name} [\"{label}{note}\"]");
        node.nodes.iter().for_each(|child| put(out, child, names, depth + 1));
        let _ = writeln!(out, "{indent}end");
        return;
    }
    let (open, close) = match node.action.as_str() {
        "choose" | "first_of" => ("{", "}"),
        "approve" => ("[/", "/]"),
        "wait" => ("([", "])"),
        "workflow" => ("[[", "]]"),
        "end" => ("((", "))"),
        _ => ("[", "]"),
    };
    let action = match node.subtitle() {
        text if text.is_empty() => text,
        text => format!("<br/><small>{}</small>", escape(&text)),
    };
    let _ = writeln!(out, "{indent}{name}{open}\"{label}{action}\"{close}");
}

/// Text inside a quoted label: entities in Mermaid's own form.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("<br/>"),
            c if c.is_control() => out.push(' '),
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '[' | ']' | '{' | '}' | '|' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
