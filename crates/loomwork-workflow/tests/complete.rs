//! What the editor offers while a text is being written.

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_workflow::{Scope, StepScope, complete, complete_field, hover, hover_field};
use proptest::prelude::*;

const TEXT: &str = "loomwork: 1\nid: w\ninputs: { name: { type: string, description: who } }\nenv: { LANG: C }\nsecrets: [TOKEN]\nsteps:\n  - id: first\n    title: The first\n    set: { a: 1, b: 2 }\n  - id: pick\n    choose: { x: true, else: y }\n  - id: g\n    for_each: [1]\n    steps:\n      - id: inner\n        run: x\n        env: { V: \"${{ HERE }}\" }\n      - id: other\n        run: y\n";

/// The labels that are offered where `§` stands.
fn offered(marked: &str) -> Vec<String> {
    let offset = marked.find('§').expect("a mark");
    complete(&marked.replace('§', ""), offset, None).into_iter().map(|found| found.label).collect()
}

fn in_expression(written: &str) -> Vec<String> {
    offered(&TEXT.replace("HERE", written))
}

#[test]
fn names_of_expressions_are_offered() {
    assert_eq!(in_expression("steps.§"), ["other", "first", "pick"]);
    assert_eq!(in_expression("steps.fi§"), ["first"]);
    assert_eq!(in_expression("steps.first.§"), ["output", "status", "error", "attempts", "duration"]);
    assert_eq!(in_expression("size(steps.first.output.§"), ["a", "b"]);
    assert_eq!(in_expression("steps.other.output.§"), ["exit_code", "stdout", "stderr_tail", "stdout_truncated"]);
    assert_eq!(in_expression("inputs.§"), ["name"]);
    assert_eq!(in_expression("env.§"), ["LANG"]);
    assert_eq!(in_expression("secrets.T§"), ["TOKEN"]);
    assert_eq!(in_expression("it§"), ["item"]);
    assert_eq!(in_expression("sha§"), ["sha256"]);
    assert_eq!(in_expression("inputs.name.low§"), ["lowerAscii"]);
    assert_eq!(in_expression("'x'.upp§"), ["upperAscii"]);
    assert_eq!(in_expression("math.ab§"), ["abs"]);
    assert_eq!(in_expression("math.bitS§"), ["bitShiftLeft", "bitShiftRight"]);
    assert_eq!(in_expression("cel.§"), ["bind"]);
    assert_eq!(in_expression("'%d'.form§"), ["format"]);
    assert_eq!(in_expression("steps.other.output.stdout.split(',').sor§"), ["sortBy", "sort"]);
    assert_eq!(in_expression("steps.other.output.stdout.split(',').ma§"), ["map", "max"]);
    assert_eq!(in_expression("steps.first.error.cl§"), ["class"]);
    assert!(in_expression("nothing.§").is_empty());
}

#[test]
fn an_expression_that_is_not_closed_is_completed() {
    let text = TEXT.replace("        env: { V: \"${{ HERE }}\" }\n", "        env: { V: \"${{ steps.§\n");
    assert_eq!(offered(&text), ["other", "first", "pick"]);
}

#[test]
fn steps_ports_and_keys_are_offered() {
    let with = |line: &str| TEXT.replace("    choose:", &format!("    {line}\n    choose:"));
    assert_eq!(offered(&with("needs: [§]")), ["first", "g"]);
    let ports = TEXT.replace("    for_each", "    needs: [pick.§]\n    for_each");
    assert_eq!(offered(&ports), ["x", "y", "failed"]);
    assert_eq!(offered(&with("tim§")), ["timeout"]);
    assert_eq!(offered(&TEXT.replace("id: w\n", "id: w\nconc§\n")), ["concurrency"]);
}

#[test]
fn a_name_is_explained() {
    let text = TEXT.replace("HERE", "inputs.name");
    let at = text.find("inputs.name").expect("there") + 9;
    let found = hover(&text, at, None).expect("an explanation");
    assert_eq!((found.text.as_str(), found.of.as_deref()), ("who", Some("string | null")));
    assert_eq!(found.span.end.offset - found.span.start.offset, 4);
    assert_eq!(hover(&text, 0, None).map(|found| found.text), Some("The version of the language: 1.".to_owned()));
}

#[test]
fn types_and_the_values_of_a_run_stand_beside_the_names() {
    let run = Scope {
        inputs: Arc::new(serde_json::json!({ "name": "Ada" })),
        steps: BTreeMap::from([(
            "first".to_owned(),
            StepScope {
                output: Some(Arc::new(serde_json::json!({ "a": "x".repeat(1_000), "b": [1, 2] }))),
                status: "succeeded".to_owned(),
                ..StepScope::default()
            },
        )]),
        ..Scope::default()
    };
    let field = "${{ steps.first.output. }} ${{ inputs.name }}";
    let found = complete_field(TEXT, Some("g.inner"), field, 23, Some(&run));
    let shown: Vec<_> = found.iter().map(|found| (found.label.as_str(), found.of.as_deref(), found.value.as_deref())).collect();
    assert_eq!(shown[1], ("b", Some("int"), Some("[1, 2]")));
    assert_eq!(shown[0].2.map(|value| value.chars().count()), Some(161));
    let name = hover_field(TEXT, Some("g.inner"), field, field.len() - 4, Some(&run)).expect("a name");
    assert_eq!((name.of.as_deref(), name.value.as_deref()), (Some("string | null"), Some("\"Ada\"")));
    assert!(complete_field(TEXT, Some("g.inner"), "no expression", 4, Some(&run)).is_empty());
}

#[test]
fn a_function_is_explained_with_its_signature() {
    let found = hover_field(TEXT, None, "${{ 'a'.split(',') }}", 9, None).expect("a function");
    assert_eq!(found.of.as_deref(), Some("text.split(separator: string, limit?: int) -> list<string>"));
    let found = hover_field(TEXT, None, "${{ [1].sortBy(x, -x) }}", 10, None).expect("a macro");
    assert_eq!(found.of.as_deref(), Some("list.sortBy(x, key) -> list"));
}

proptest! {
    #[test]
    fn no_text_and_no_place_makes_it_fail(text in "[a-z.:${}\"' \\-é\n]{0,60}", offset in 0..80_usize) {
        let _ = (complete(&text, offset, None), hover(&text, offset, None), complete_field(&text, None, &text, offset, None));
    }
}
