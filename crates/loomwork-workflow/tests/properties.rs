//! What must hold for any text and any edit.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use loomwork_workflow::{EditOp, analyze, edit, format_duration, parse_duration};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Pieces that make texts which are nearly workflows.
const PIECES: &[&str] = &[
    "loomwork: 1\n",
    "id: w\n",
    "steps:\n",
    "  - id: a\n",
    "    run: x\n",
    "    run: |\n      x\n\n",
    "    needs: [a]\n",
    "    env:\n",
    "      A: \"${{ inputs.x }}\"\n",
    "\t",
    " ",
    "\n",
    "\r\n",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    "\"",
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "!!str ",
    "${{",
    "}}",
    "steps.a.output",
    "has(",
    ")",
    "é",
    "\u{feff}",
    "\u{0}",
    "---\n",
    "...\n",
    "? ",
    "%YAML 1.2\n",
    "~",
    "1e999",
    "0x",
    "    choose: { x: true, else: y }\n",
    "    retry: { attempts: 3 }\n",
    "    steps:\n      - id: b\n        set: { v: \"${{ steps.a.output }} ${{ item }}\" }\n",
    "      - id: a\n        steps: []\n",
    "    for_each: [1]\n",
    "    loop: { until: true, max: 2 }\n",
    "    on_error: [{ do: fallback, fallback: { run: x } }]\n",
    "    compensate: { http: { url: \"${{ secrets.S }}\" } }\n",
    "    first_of: { x: { for: 1s }, y: { event: e } }\n",
    "    join: { at_least: 1 }\n",
    "    end: succeeded\n",
    "secrets: [S]\n",
    "triggers: [{ schedule: { cron: \"* * * * *\" } }]\n",
    "\\",
    "@",
    "`",
    "<<: *a\n",
    "\u{1F600}",
];

fn nearly_workflow() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

/// Pieces of expressions.
const TOKENS: &[&str] = &[
    "inputs",
    "steps",
    ".",
    "a",
    "output",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "'x'",
    "\"y\"",
    "1",
    "2.5",
    "-",
    "!",
    "+",
    "*",
    "/",
    "%",
    "==",
    "<",
    "in",
    "&&",
    "||",
    "?",
    ":",
    ",",
    "has",
    "map",
    "filter",
    "exists_one",
    "x",
    "size",
    "range",
    "json",
    "b'z'",
    "r'",
    "'''",
    "\\",
    "`",
    "null",
    "true",
    "9223372036854775808",
    "1u",
    "0x",
    "e",
    "é",
    "matches",
    "'['",
    ";",
    "//",
    "@result",
    "__x",
    "math.abs",
    "timestamp",
    "duration",
    "getHours",
    "sort",
    "flatten",
    "cel.bind",
    "optional.of",
    "?.",
    "[?",
    "Msg{}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 600 } else { 20_000 }) })]

    #[test]
    fn no_text_makes_the_analysis_fail(text in prop_oneof![nearly_workflow(), any::<String>()]) {
        let analysis = analyze(&text);
        let errors = analysis.diagnostics.iter().any(|found| found.severity == loomwork_workflow::Severity::Error);
        prop_assert_eq!(analysis.workflow.is_none(), errors, "{:?}", analysis.diagnostics);
        for found in &analysis.diagnostics {
            prop_assert!(found.span.start.offset <= found.span.end.offset && found.span.end.offset <= text.len());
            prop_assert!(text.is_char_boundary(found.span.start.offset) && text.is_char_boundary(found.span.end.offset));
            for fix in &found.fixes {
                let _ = analyze(&fix.apply(&text));
            }
        }
    }

    #[test]
    fn no_expression_makes_the_analysis_or_its_evaluation_fail(tokens in prop::collection::vec(prop::sample::select(TOKENS), 1..30), spaced in any::<bool>()) {
        let expression = tokens.join(if spaced { " " } else { "" });
        let text = format!("loomwork: 1\nid: w\ninputs: {{ a: {{}} }}\nsteps:\n  - {{ id: a, run: x }}\n  - id: b\n    set: {{ v: {} }}\n", Value::from(format!("${{{{ {expression} }}}}")));
        if let Some(workflow) = analyze(&text).workflow
            && let loomwork_workflow::Action::Set(values) = &workflow.body.steps[1].action
        {
            let scope = loomwork_workflow::Scope { inputs: std::sync::Arc::new(json!({"a": [1, "x", null]})), ..Default::default() };
            let _ = values["v"].evaluate(&scope);
        }
    }

    #[test]
    fn any_edit_of_any_text_fails_or_gives_a_readable_text(text in nearly_workflow(), op in any_op()) {
        if let Ok(edited) = edit(&text, &[op]) {
            prop_assert!(!analyze(&edited.text).diagnostics.iter().any(|found| found.code == "LW0101"));
        }
    }

    #[test]
    fn durations_survive_being_written(ms in 0..3_000_000_000_000_u64) {
        prop_assert_eq!(parse_duration(&format_duration(ms)), Ok(ms));
    }
}

fn any_op() -> impl Strategy<Value = EditOp> {
    let id = prop::sample::select(vec!["a", "b", "@0", "nobody", "a.b", "b.a", "a.b.a"]).prop_map(str::to_owned);
    let path = prop::collection::vec(
        prop::sample::select(vec!["env", "A", "run", "needs", "title", "choose"]).prop_map(str::to_owned),
        1..3,
    );
    let fields: IndexMap<String, Value> = [("run".to_owned(), json!("x\ny"))].into_iter().collect();
    prop_oneof![
        (id.clone(), path.clone(), any_value()).prop_map(|(id, path, value)| EditOp::SetField { id, path, value }),
        (path, any_value()).prop_map(|(path, value)| EditOp::SetWorkflowField { path, value }),
        (id.clone(), any::<bool>()).prop_map(|(id, heal)| EditOp::RemoveStep { id, heal }),
        (id.clone(), id.clone()).prop_map(|(id, to)| EditOp::RenameStep { id, to }),
        (id.clone(), id.clone()).prop_map(|(from, to)| EditOp::Connect { from, port: None, to }),
        (id.clone(), id.clone()).prop_map(|(from, to)| EditOp::Disconnect { from, port: None, to }),
        (id.clone(), prop::option::of(id.clone()), prop::option::of(id.clone())).prop_map(|(id, into, after)| EditOp::MoveStep {
            id,
            into,
            after
        }),
        (nearly_workflow(), prop::option::of(id)).prop_map(|(yaml, into)| EditOp::Paste { yaml, into }),
        Just(EditOp::AddStep { id: None, fields }),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            " ",
            "plain",
            "two words",
            "it's",
            "say \"hi\"",
            "a: b",
            "a #b",
            "# no",
            "- x",
            "[x]",
            "{x}",
            "12",
            "1.5",
            "true",
            "null",
            "~",
            "on",
            "é ü",
            "tab\there",
            "line\nline",
            "line\nline\n",
            "\nlead",
            "  lead\nx",
            "trail \nx\n\n",
            "a\r\nb",
            "\u{1F600}",
            "\u{85}",
            "\u{feff}x",
            "x\u{2028}y",
            "${{ inputs.n }}",
            "a ${{ 1 }} b",
            "*a",
            "&a",
            "!x",
            "%x",
            "@x",
            "`x`",
            "...",
            "---",
            "key:",
            "? x",
            "|",
            ">",
            "a\n\n\n",
            "\n",
            "\n\n",
            "0x1F",
            "1e3",
            ".5",
            "\\n",
            "a\u{0}b",
            "${{ {'a': 1} }}",
            "x\n# c\ny",
            "x: y\n- z",
        ])
        .prop_map(str::to_owned),
        "[ -~éü\n]{0,20}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1000..1000_i32).prop_map(|n| json!(f64::from(n) / 8.0)),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..3).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// How a document is written.
#[derive(Debug, Clone)]
struct Style {
    crlf: bool,
    blank_lines: bool,
    final_newline: bool,
    indentless: bool,
}

/// One step as text lines, unindented, and what kind of writing it has.
fn step_text(index: usize, kind: usize, comment: &str) -> Vec<String> {
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

fn document(kinds: &[usize], comment: &str, style: &Style) -> String {
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

fn any_document() -> impl Strategy<Value = (String, usize)> {
    let style = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(crlf, blank_lines, final_newline, indentless)| Style { crlf, blank_lines, final_newline, indentless });
    let comment = prop::sample::select(vec!["", "# ü: [x]", "# it's \"so\""]);
    (prop::collection::vec(0..5_usize, 1..5), comment, style)
        .prop_map(|(kinds, comment, style)| (document(&kinds, comment, &style), kinds.len()))
}

/// The lines of the steps (and of what stands outside of them) by their step, so that untouched ones can be compared.
fn lines_outside(text: &str, touched: &BTreeSet<String>) -> Vec<String> {
    let outline = analyze(text).outline;
    let inside = |line: usize| {
        outline
            .nodes
            .iter()
            .any(|node| touched.contains(&node.id) && (node.line as usize..=node.end_line as usize).contains(&line))
    };
    text.split_inclusive('\n').enumerate().filter(|(at, _)| !inside(at + 1)).map(|(_, line)| line.to_owned()).collect()
}

fn fields(text: &str, id: &str) -> Value {
    let outline = analyze(text).outline;
    outline.nodes.into_iter().find(|node| node.id == id).map_or(Value::Null, |node| node.fields)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }) })]

    #[test]
    fn setting_a_field_changes_that_field_and_nothing_else(
        (text, count) in any_document(),
        at in 0..5_usize,
        path in prop::sample::select(vec![vec!["title"], vec!["run"], vec!["env", "A"], vec!["env", "NEW"], vec!["env"], vec!["set", "v"], vec!["set", "new"], vec!["set"], vec!["needs"], vec!["retry", "attempts"], vec!["description"]]),
        value in any_value(),
    ) {
        let id = format!("s{}", at % count);
        let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
        let edited = match edit(&text, &[EditOp::SetField { id: id.clone(), path: path.clone(), value: value.clone() }]) {
            Ok(edited) => edited.text,
            Err(error) => return Err(TestCaseError::fail(format!("{error} in\n{text}"))),
        };
        let mut place = fields(&edited, &id);
        for key in &path {
            place = place.get(key).cloned().unwrap_or(Value::Null);
        }
        prop_assert_eq!(&place, &value, "{}\nbecame\n{}", text, edited);
        let touched = BTreeSet::from([id.clone()]);
        let (mut before, mut after) = (lines_outside(&text, &touched), lines_outside(&edited, &touched));
        // A comment over a field that goes may end up behind its step. A file whose last line is the changed one may have had
        // no line break there.
        for lines in [&mut before, &mut after] {
            lines.retain(|line| !line.trim_start().starts_with('#'));
            if let Some(last) = lines.last_mut() { *last = last.trim_end_matches(['\r', '\n']).to_owned(); }
        }
        prop_assert_eq!(before, after, "{}\nbecame\n{}", text, edited);
        for (key, old) in fields(&text, &id).as_object().into_iter().flatten().filter(|(key, _)| *key != &path[0]) {
            prop_assert_eq!(Some(old.clone()), fields(&edited, &id).get(key).cloned());
        }
        prop_assert_eq!(text.contains("\r\n"), edited.contains("\r\n"));
        prop_assert!(!text.contains("\r\n") || edited.matches('\n').count() == edited.matches("\r\n").count());
    }

    #[test]
    fn setting_a_field_and_setting_it_back_keeps_every_comment((text, count) in any_document(), at in 0..5_usize, value in any_text()) {
        let id = format!("s{}", at % count);
        let old = fields(&text, &id);
        let Some(old) = old.get("title").filter(|_| !value.is_empty()) else { return Ok(()) };
        let set = |text: &str, value: Value| edit(text, &[EditOp::SetField { id: id.clone(), path: vec!["title".into()], value }]).expect("applies").text;
        let back = set(&set(&text, Value::from(value)), old.clone());
        prop_assert_eq!(back.matches('#').count(), text.matches('#').count(), "{}\nbecame\n{}", text, back);
        prop_assert_eq!(fields(&back, &id), fields(&text, &id));
    }

    #[test]
    fn a_rename_changes_only_names((text, count) in any_document(), at in 0..5_usize) {
        let id = format!("s{}", at % count);
        let edited = edit(&text, &[EditOp::RenameStep { id: id.clone(), to: "renamed".into() }]).expect("applies").text;
        prop_assert_eq!(edited.replace("renamed", &id), text.clone());
        let problems = |text: &str| analyze(text).diagnostics.iter().map(|found| found.code).collect::<Vec<_>>();
        prop_assert_eq!(problems(&edited), problems(&text), "{}", edited);
    }

    #[test]
    fn adding_and_removing_a_step_gives_the_text_back((text, _) in any_document(), run in any_text()) {
        let fields: IndexMap<String, Value> = [("run".to_owned(), Value::from(run.clone()))].into_iter().collect();
        let added = edit(&text, &[EditOp::AddStep { id: Some("extra".into()), fields }]).expect("applies");
        prop_assert_eq!(self::fields(&added.text, "extra").get("run").cloned(), Some(Value::from(run)));
        prop_assert!(added.text.starts_with(text.trim_end_matches(['\r', '\n'])));
        let removed = edit(&added.text, &[EditOp::RemoveStep { id: "extra".into(), heal: true }]).expect("applies").text;
        prop_assert_eq!(removed.trim_end(), text.trim_end());
    }

    #[test]
    fn removing_a_step_removes_its_edges_and_no_other_line((text, count) in any_document(), at in 0..5_usize, heal in any::<bool>()) {
        let at = at % count;
        let id = format!("s{at}");
        let edited = edit(&text, &[EditOp::RemoveStep { id: id.clone(), heal }]).expect("applies").text;
        prop_assert_eq!(fields(&edited, &id), Value::Null);
        let next = format!("s{}", at + 1);
        let needs = fields(&edited, &next).get("needs").cloned();
        if heal && at > 0 && at + 1 < count {
            prop_assert_eq!(needs, Some(json!([format!("s{}", at - 1)])));
        } else if at + 1 < count {
            prop_assert_eq!(needs, None);
        }
        let touched = BTreeSet::from([id, next]);
        let trim = |lines: Vec<String>| lines.concat().trim_end().to_owned();
        let after = trim(lines_outside(&edited, &touched));
        let after = after.strip_suffix(" []").unwrap_or(&after).to_owned();
        let mut before = trim(lines_outside(&text, &touched));
        if count == 1 {
            before = before.replace("steps:", "steps: []");
            prop_assert_eq!(trim(lines_outside(&edited, &touched)), before);
        } else {
            prop_assert_eq!(after, before, "{}\nbecame\n{}", text, edited);
        }
    }

    #[test]
    fn reordering_steps_keeps_them((text, count) in any_document(), at in 0..5_usize, behind in 0..6_usize) {
        let id = format!("s{}", at % count);
        let after = (behind % (count + 1)).checked_sub(1).map(|behind| format!("s{behind}"));
        let edited = edit(&text, &[EditOp::MoveStep { id: id.clone(), into: None, after: after.clone() }]).expect("applies").text;
        let order = |text: &str| analyze(text).outline.nodes.into_iter().filter(|node| node.parent.is_none()).map(|node| node.id).collect::<Vec<_>>();
        let mut wanted = order(&text);
        if after.as_ref() != Some(&id) {
            wanted.retain(|known| *known != id);
            let place = after.map_or(0, |after| wanted.iter().position(|known| *known == after).map_or(0, |at| at + 1));
            wanted.insert(place, id);
        }
        prop_assert_eq!(order(&edited), wanted, "{}\nbecame\n{}", text, edited);
        for node in analyze(&text).outline.nodes {
            prop_assert_eq!(fields(&edited, &node.id), node.fields);
        }
        prop_assert_eq!(edited.matches('#').count(), text.matches('#').count(), "{}\nbecame\n{}", text, edited);
    }

    #[test]
    fn a_step_goes_into_a_group_and_the_others_stay((text, count) in any_document(), at in 0..5_usize, into in 0..5_usize) {
        let (id, into) = (format!("s{}", at % count), format!("s{}", into % count));
        let group = fields(&text, &into).get("for_each").is_some();
        let result = edit(&text, &[EditOp::MoveStep { id: id.clone(), into: Some(into.clone()), after: Some(format!("{into}.one")) }]);
        if id == into || !group {
            prop_assert!(result.is_err());
            return Ok(());
        }
        let result = result.expect("applies");
        let moved = format!("{into}.{id}");
        prop_assert_eq!(&result.added, &vec![moved.clone()]);
        let without = |fields: Value| { let mut fields = fields; fields.as_object_mut().map(|map| map.remove("needs")); fields };
        prop_assert_eq!(without(fields(&result.text, &moved)), without(fields(&text, &id)), "{}\nbecame\n{}", text, result.text);
        for node in analyze(&text).outline.nodes.into_iter().filter(|node| node.id != id && !node.id.starts_with(&format!("{id}."))) {
            prop_assert_eq!(without(fields(&result.text, &node.id)), without(node.fields));
        }
        let back = edit(&result.text, &[EditOp::MoveStep { id: moved, into: None, after: None }]).expect("applies");
        prop_assert_eq!(without(fields(&back.text, &id)), without(fields(&text, &id)));
    }

    #[test]
    fn a_document_is_pasted_into_another_with_fresh_ids((text, count) in any_document(), (other, others) in any_document()) {
        let result = edit(&text, &[EditOp::Paste { yaml: other.clone(), into: None }]).map_err(|error| TestCaseError::fail(format!("{error}: {other}")))?;
        prop_assert_eq!(result.added.len(), others);
        for node in analyze(&text).outline.nodes {
            prop_assert_eq!(fields(&result.text, &node.id), node.fields);
        }
        let nodes = |text: &str| analyze(text).outline.nodes.len();
        prop_assert_eq!(nodes(&result.text), nodes(&text) + nodes(&other), "{}", result.text);
        let codes = |text: &str| analyze(text).diagnostics.iter().filter(|found| found.severity == loomwork_workflow::Severity::Error).map(|found| found.code).collect::<Vec<_>>();
        prop_assert_eq!(codes(&result.text), codes(&text), "{} {}", count, result.text);
    }

    #[test]
    fn connecting_and_disconnecting_gives_the_same_edges((text, count) in any_document(), to in 0..5_usize) {
        let to = to % count;
        if to == 0 { return Ok(()); }
        let edge = |port: Option<&str>| (format!("s{}", to - 1), port.map(str::to_owned), format!("s{to}"));
        let (from, port, target) = edge(Some("failed"));
        let connected = edit(&text, &[EditOp::Connect { from: from.clone(), port: port.clone(), to: target.clone() }]).expect("applies").text;
        prop_assert_eq!(fields(&connected, &target).get("needs").cloned(), Some(json!([from.clone(), format!("{from}.failed")])));
        let back = edit(&connected, &[EditOp::Disconnect { from, port, to: target }]).expect("applies").text;
        prop_assert_eq!(back, text);
    }
}
