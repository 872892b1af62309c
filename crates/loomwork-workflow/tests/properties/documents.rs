//! Whole workflows in many styles of writing, and what is compared of them.

use std::collections::BTreeSet;

use loomwork_workflow::analyze;
use proptest::prelude::*;
use serde_json::Value;

/// How a document is written.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    crlf: bool,
    blank_lines: bool,
    final_newline: bool,
    indentless: bool,
}

/// One step as text lines, unindented, and what kind of writing it has.
pub(crate) fn step_text(index: usize, kind: usize, comment: &str) -> Vec<String> {
    let before = if index > 0 { format!("s{}", index - 1) } else { String::new() };
    let needs = |flow: bool| match (index, flow) {
        (0, _) => vec![],
        (_, true) => vec![format!("needs: [ {before} ]   {comment}")],
        _ => vec!["needs:".to_owned(), format!("  - {before} {comment}")],
    };
    let id = format!("id: s{index}  {comment}");
    let mut lines = vec![];
    match kind {
        0 => {
            lines.push(id);
            lines.extend(needs(true));
            lines.extend([format!("run: echo s{index} {comment}"), "title: 'It''s é'".to_owned()]);
        }
        1 => {
            lines.push(id);
            lines.extend([
                "run: |".to_owned(),
                "  one".to_owned(),
                String::new(),
                "    # not a comment".to_owned(),
                "  two".to_owned(),
            ]);
            lines.extend(needs(false));
            lines.extend([
                format!("# about the environment {comment}"),
                "env:".to_owned(),
                format!("  A: \"x\\ty\" {comment}"),
                "  # inside".to_owned(),
                "  B: 'y'".to_owned(),
            ]);
        }
        2 => {
            let needs = if index == 0 { String::new() } else { format!("needs: [{before}], ") };
            lines.push(format!("{{ id: s{index}, {needs}set: {{ v: 1, \"w\": [a, 'b'] }} }} {comment}"));
        }
        4 => {
            lines.push(id);
            lines.extend(needs(true));
            lines.extend([
                "for_each: [1, 2]".to_owned(),
                "steps:".to_owned(),
                format!("- id: one {comment}"),
                "  # inside the group".to_owned(),
                "  run: |".to_owned(),
                "    x".to_owned(),
                String::new(),
                "    y".to_owned(),
                "- id: two".to_owned(),
                "  needs: [one]".to_owned(),
                format!("  set: {{ v: \"${{{{ steps.one.output.stdout }}}}\" }} {comment}"),
            ]);
            if index > 0 {
                lines.push(format!("  when: \"${{{{ steps.{before}.status == 'succeeded' }}}}\""));
            }
            lines.push("outputs: { last: \"${{ steps.two.output.v }}\" }".to_owned());
        }
        _ => {
            lines.push(id);
            lines.extend(["set:".to_owned(), format!("  v: >- {comment}"), "    folded".to_owned(), "    text".to_owned()]);
            if index > 0 {
                lines.push(format!("  w: \"é ${{{{ steps.{before}.status }}}}\" {comment}"));
            }
            lines.extend(needs(true));
            lines.push("timeout: 1m   ".to_owned());
        }
    }
    lines
}

pub(crate) fn document(kinds: &[usize], comment: &str, style: &Style) -> String {
    let mut lines = vec![
        "# head".to_owned(),
        "loomwork: 1".to_owned(),
        format!("id: doc {comment}"),
        "env: { LANG: C }".to_owned(),
        "steps:".to_owned(),
    ];
    let indent = if style.indentless { "" } else { "  " };
    for (index, kind) in kinds.iter().enumerate() {
        if style.blank_lines && index > 0 {
            lines.push(String::new());
        }
        lines.push(format!("{indent}# step {index}"));
        for (at, line) in step_text(index, *kind, comment).into_iter().enumerate() {
            let dash = if at == 0 { "- " } else { "  " };
            lines.push(if line.is_empty() { line } else { format!("{indent}{dash}{line}") });
        }
    }
    let eol = if style.crlf { "\r\n" } else { "\n" };
    let mut text = lines.join(eol);
    if style.final_newline {
        text.push_str(eol);
    }
    text
}

pub(crate) fn any_document() -> impl Strategy<Value = (String, usize)> {
    let style = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(crlf, blank_lines, final_newline, indentless)| Style { crlf, blank_lines, final_newline, indentless });
    let comment = prop::sample::select(vec!["", "# ü: [x]", "# it's \"so\""]);
    (prop::collection::vec(0..5_usize, 1..5), comment, style)
        .prop_map(|(kinds, comment, style)| (document(&kinds, comment, &style), kinds.len()))
}

/// The lines of the steps (and of what stands outside of them) by their step, so that untouched ones can be compared.
pub(crate) fn lines_outside(text: &str, touched: &BTreeSet<String>) -> Vec<String> {
    let outline = analyze(text).outline;
    let inside = |line: usize| {
        outline
            .nodes
            .iter()
            .any(|node| touched.contains(&node.id) && (node.line as usize..=node.end_line as usize).contains(&line))
    };
    text.split_inclusive('\n').enumerate().filter(|(at, _)| !inside(at + 1)).map(|(_, line)| line.to_owned()).collect()
}

pub(crate) fn fields(text: &str, id: &str) -> Value {
    let outline = analyze(text).outline;
    outline.nodes.into_iter().find(|node| node.id == id).map_or(Value::Null, |node| node.fields.clone())
}
