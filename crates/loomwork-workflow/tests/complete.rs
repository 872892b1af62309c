//! What the editor offers while a text is being written.

use loomwork_workflow::{complete, hover};
use proptest::prelude::*;

const TEXT: &str = "loomwork: 1\nid: w\ninputs: { name: { type: string, description: who } }\nenv: { LANG: C }\nsecrets: [TOKEN]\nsteps:\n  - id: first\n    title: The first\n    set: { a: 1, b: 2 }\n  - id: pick\n    choose: { x: true, else: y }\n  - id: g\n    for_each: [1]\n    steps:\n      - id: inner\n        run: x\n        env: { V: \"${{ HERE }}\" }\n      - id: other\n        run: y\n";

/// The labels that are offered where `§` stands.
fn offered(marked: &str) -> Vec<String> {
    let offset = marked.find('§').expect("a mark");
    complete(&marked.replace('§', ""), offset).into_iter().map(|found| found.label).collect()
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
    assert_eq!(in_expression("steps.other.output.§"), ["exit_code", "stdout", "stderr_tail"]);
    assert_eq!(in_expression("inputs.§"), ["name"]);
    assert_eq!(in_expression("env.§"), ["LANG"]);
    assert_eq!(in_expression("secrets.T§"), ["TOKEN"]);
    assert_eq!(in_expression("it§"), ["item"]);
    assert_eq!(in_expression("low§"), ["lowerAscii"]);
    assert!(in_expression("'x'.§").is_empty());
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
    let found = hover(&text, at).expect("an explanation");
    assert_eq!(found.text, "string: who");
    assert_eq!(found.span.end.offset - found.span.start.offset, 4);
    assert_eq!(hover(&text, 0).map(|found| found.text), Some("The version of the language: 1.".to_owned()));
}

proptest! {
    #[test]
    fn no_text_and_no_place_makes_it_fail(text in "[a-z.:${}\"' \\-é\n]{0,60}", offset in 0..80_usize) {
        let _ = (complete(&text, offset), hover(&text, offset));
    }
}
