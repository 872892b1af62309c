//! Edits reach into groups, and steps move between scopes with their comments.

use loomwork_workflow::{EditError, EditOp, analyze, edit};
use serde_json::json;

const TEXT: &str = r#"loomwork: 1
id: notes
steps:
  - id: log
    run: git log # all of it
    output: { as: lines }

  - id: describe
    needs: [log]
    for_each: "${{ steps.log.output }}"
    steps:
      - id: stat
        # how much
        run: git show "$SHA"
        env: { SHA: "${{ item }}" }
      - id: sentence
        needs: [stat]
        set: { text: "${{ steps.stat.output.stdout }} of ${{ size(steps.log.output) }}" }
    outputs:
      text: "${{ steps.sentence.output.text }}"

  - id: stat
    needs: [describe]
    set: { n: "${{ size(steps.describe.output) }}" }
outputs:
  n: "${{ steps.stat.output.n }}"
"#;

fn rename(id: &str, to: &str) -> EditOp {
    EditOp::RenameStep { id: id.into(), to: to.into() }
}

fn moved(id: &str, into: Option<&str>, after: Option<&str>) -> EditOp {
    EditOp::MoveStep { id: id.into(), into: into.map(str::to_owned), after: after.map(str::to_owned) }
}

fn paste(yaml: &str, into: Option<&str>) -> EditOp {
    EditOp::Paste { yaml: yaml.into(), into: into.map(str::to_owned) }
}

fn edited(text: &str, op: EditOp) -> String {
    edit(text, &[op]).expect("the edit applies").text
}

#[test]
fn the_text_of_these_tests_is_a_workflow_and_its_steps_have_paths() {
    let analysis = analyze(TEXT);
    assert_eq!(analysis.diagnostics, []);
    let nodes: Vec<(&str, Option<&str>)> =
        analysis.outline.nodes.iter().map(|node| (node.id.as_str(), node.parent.as_deref())).collect();
    assert_eq!(
        nodes,
        [
            ("log", None),
            ("describe", None),
            ("describe.stat", Some("describe")),
            ("describe.sentence", Some("describe")),
            ("stat", None)
        ]
    );
    assert_eq!(analysis.outline.nodes[1].repeat, Some("for_each"));
}

#[test]
fn a_rename_follows_the_scopes() {
    let inner = edited(TEXT, rename("describe.stat", "count"));
    let expected = TEXT
        .replacen("- id: stat\n        #", "- id: count\n        #", 1)
        .replace("needs: [stat]", "needs: [count]")
        .replace("steps.stat.output.stdout", "steps.count.output.stdout");
    assert_eq!(inner, expected);
    let outer = edited(TEXT, rename("stat", "size_of_it"));
    assert_eq!(
        outer,
        TEXT.replace("  - id: stat\n    needs", "  - id: size_of_it\n    needs")
            .replace("steps.stat.output.n", "steps.size_of_it.output.n")
    );
    let log = edited(TEXT, rename("log", "history"));
    assert_eq!(log, TEXT.replace("id: log", "id: history").replace("[log]", "[history]").replace("steps.log.", "steps.history."));
    // Inside the group another step of that name would win.
    assert_eq!(edit(TEXT, &[rename("log", "sentence")]), Err(EditError::IdTaken("sentence".into())));
    // The group already reads a step of that name outside.
    assert_eq!(edit(TEXT, &[rename("describe.sentence", "log")]), Err(EditError::IdTaken("log".into())));
}

#[test]
fn fields_and_edges_inside_a_group_are_edited_there() {
    let op = EditOp::SetField { id: "describe.stat".into(), path: vec!["timeout".into()], value: json!("10s") };
    assert_eq!(edited(TEXT, op), TEXT.replace("SHA: \"${{ item }}\" }\n", "SHA: \"${{ item }}\" }\n        timeout: 10s\n"));
    let off = EditOp::Disconnect { from: "describe.stat".into(), port: None, to: "describe.sentence".into() };
    let without = edited(TEXT, off);
    assert_eq!(without, TEXT.replace("        needs: [stat]\n", ""));
    let on = EditOp::Connect { from: "describe.stat".into(), port: None, to: "describe.sentence".into() };
    assert_eq!(edited(&without, on), TEXT);
    let across = EditOp::Connect { from: "log".into(), port: None, to: "describe.stat".into() };
    assert!(matches!(edit(TEXT, &[across]), Err(EditError::OtherScope { .. })));
    let removed = edited(TEXT, EditOp::RemoveStep { id: "describe.stat".into(), heal: true });
    assert!(!removed.contains("git show") && removed.contains("id: sentence\n        set:"), "{removed}");
}

#[test]
fn a_step_is_added_to_a_group() {
    let fields = [("run".to_owned(), json!("echo"))].into_iter().collect();
    let result = edit(TEXT, &[EditOp::AddStep { id: Some("describe.stat".into()), fields }]).expect("applies");
    assert_eq!(result.added, ["describe.stat_2"]);
    assert!(result.text.contains("      - id: stat_2\n        run: echo\n    outputs:"), "{}", result.text);
    let fields = [("run".to_owned(), json!("echo"))].into_iter().collect();
    assert_eq!(edit(TEXT, &[EditOp::AddStep { id: Some("log.x".into()), fields }]), Err(EditError::NoGroup("log".into())));
}

#[test]
fn a_step_moves_into_a_group_and_out_again_with_its_comments() {
    let result = edit(TEXT, &[moved("log", Some("describe"), Some("describe.stat"))]).expect("applies");
    assert_eq!(result.added, ["describe.log"]);
    assert!(
        result
            .text
            .contains("      - id: log\n        run: git log # all of it\n        output: { as: lines }\n      - id: sentence"),
        "{}",
        result.text
    );
    // The group waited for it; now the first step in there does.
    assert!(result.text.contains("  - id: describe\n    for_each:"), "{}", result.text);
    assert!(result.text.contains("      - id: stat\n        needs: [log]\n"), "{}", result.text);
    // Its outputs read the step, so the group would wait for it, and it for the group.
    assert!(matches!(edit(TEXT, &[moved("describe.sentence", None, None)]), Err(EditError::WouldCycle(_))));
    let text = TEXT.replace("    outputs:\n      text: \"${{ steps.sentence.output.text }}\"\n", "");
    let out = edit(&text, &[moved("describe.sentence", None, None)]).expect("applies");
    assert_eq!(out.added, ["sentence"]);
    assert!(out.text.contains("steps:\n  - id: sentence\n    needs: [describe]\n"), "{}", out.text);
    let notes: Vec<String> = out.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        ["`sentence` needed `stat` and now needs `describe`", "`sentence` now reads `stat`, which is nearer"],
        "{}",
        out.text
    );
    let taken = edit(TEXT, &[moved("describe.stat", None, Some("log"))]).expect("applies");
    assert_eq!(taken.added, ["stat_2"]);
    assert!(taken.text.contains("  - id: stat_2\n    # how much\n    run: git show"), "{}", taken.text);
    assert!(matches!(edit(TEXT, &[moved("describe", Some("describe"), None)]), Err(EditError::BadPath { .. })));
    assert!(matches!(edit(TEXT, &[moved("log", Some("stat"), None)]), Err(EditError::NoGroup(_))));
}

#[test]
fn steps_change_their_order() {
    let order = |text: &str| -> Vec<String> {
        analyze(text).outline.nodes.into_iter().filter(|node| node.parent.is_none()).map(|node| node.id.clone()).collect()
    };
    assert_eq!(order(&edited(TEXT, moved("stat", None, None))), ["stat", "log", "describe"]);
    assert_eq!(order(&edited(TEXT, moved("log", None, Some("stat")))), ["describe", "stat", "log"]);
    assert_eq!(order(&edited(TEXT, moved("log", None, Some("describe")))), ["describe", "log", "stat"]);
    assert_eq!(edited(TEXT, moved("describe", None, Some("log"))), TEXT);
}

#[test]
fn what_is_pasted_gets_fresh_ids_and_keeps_the_references_within() {
    let yaml = "- id: log\n  run: x # why\n- id: after\n  needs: [log, elsewhere, describe]\n  set: { v: \"${{ steps.log.output }}\" }\n";
    let result = edit(TEXT, &[paste(yaml, None)]).expect("applies");
    assert_eq!(result.added, ["log_2", "after"]);
    assert!(
        result.text.contains("  - id: log_2\n    run: x # why\n  - id: after\n    needs: [log_2, describe]\n    set: { v: \"${{ steps.log_2.output }}\" }\noutputs:"),
        "{}",
        result.text
    );
    let inside = edit(TEXT, &[paste(yaml, Some("describe"))]).expect("applies");
    // A step of the group reads the `log` outside, which one inside would hide.
    assert_eq!(inside.added, ["describe.log_2", "describe.after"]);
    assert!(inside.text.contains("      - id: log_2\n        run: x # why\n"), "{}", inside.text);
    let one = edit(TEXT, &[paste("id: single\nrun: x\n", None)]).expect("applies");
    assert_eq!(one.added, ["single"]);
    assert!(one.text.contains("  - id: single\n    run: x\n"), "{}", one.text);
    let flow = edit(TEXT, &[paste("{ id: single, run: x }", None)]).expect("applies");
    assert_eq!(flow.added, ["single"]);
    let whole = edit(TEXT, &[paste("loomwork: 1\nid: w\nsteps:\n- id: b\n  run: x\n", None)]).expect("applies");
    assert_eq!(whole.added, ["b"]);
    let again = edit(TEXT, &[paste(yaml, None), paste(yaml, None)]).expect("applies");
    assert_eq!(again.added, ["log_2", "after", "log_3", "after_2"]);
    for bad in ["", "just text", "[1, 2]", "- run: x", "a: [", "{}"] {
        assert!(matches!(edit(TEXT, &[paste(bad, None)]), Err(EditError::NotSteps(_))), "{bad}");
    }
}

#[test]
fn a_step_goes_into_an_empty_workflow() {
    let result = edit("loomwork: 1\nid: w\nsteps: []\n", &[paste("id: a\nrun: x\n", None)]).expect("applies");
    assert_eq!(analyze(&result.text).diagnostics, [], "{}", result.text);
}
