//! Edits change what they say and leave every other byte alone.

use indexmap::IndexMap;
use loomwork_workflow::{EditError, EditOp, analyze, edit};
use serde_json::{Value, json};

const TEXT: &str = r#"# A workflow with all kinds of writing.
loomwork: 1            # version
id: example
description: 'It''s one'

env: { LANG: C.UTF-8 } # the machine's is not seen

steps:
  # First of all
  - id: log            # reads the log
    run: |
      git log
      # not a comment
    env:
      A: "1"           # keep me
      B: two

  - { id: size, choose: { none: "${{ size(steps.log.output.stdout) == 0 }}", else: some } }

  - id: report
    needs: [ size.some,   log ]   # both
    set:
      text: "Read \u00e9: ${{ steps.log.output.stdout + steps['size'].output }}"
      plain: ${{ steps.log.status }}
outputs:
  all: "${{ steps.report.output.text }}"
# the end
"#;

fn set(id: &str, path: &[&str], value: Value) -> EditOp {
    EditOp::SetField { id: id.into(), path: path.iter().map(|key| (*key).to_owned()).collect(), value }
}

fn top(path: &[&str], value: Value) -> EditOp {
    EditOp::SetWorkflowField { path: path.iter().map(|key| (*key).to_owned()).collect(), value }
}

/// The lines that differ, as `-old` and `+new`.
fn changed(before: &str, ops: &[EditOp]) -> String {
    let after = edit(before, ops).expect("the edit applies").text;
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let same_start = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let most = before.len().min(after.len()) - same_start;
    let same_end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count().min(most);
    let minus = before[same_start..before.len() - same_end].iter().map(|line| format!("-{line}"));
    minus.chain(after[same_start..after.len() - same_end].iter().map(|line| format!("+{line}"))).collect()
}

#[test]
fn the_text_of_these_tests_is_a_workflow() {
    let analysis = analyze(TEXT);
    let beyond_hints = analysis.diagnostics.iter().filter(|found| found.severity > loomwork_workflow::Severity::Hint);
    assert_eq!(beyond_hints.count(), 0, "{:?}", analysis.diagnostics);
}

#[test]
fn a_value_is_replaced_in_its_own_quoting_and_its_comment_stays() {
    assert_eq!(
        changed(TEXT, &[top(&["description"], json!("It's two"))]),
        "-description: 'It''s one'\n+description: 'It''s two'\n"
    );
    assert_eq!(
        changed(TEXT, &[set("log", &["env", "A"], json!("2"))]),
        "-      A: \"1\"           # keep me\n+      A: \"2\"           # keep me\n"
    );
    assert_eq!(changed(TEXT, &[set("log", &["env", "B"], json!("3"))]), "-      B: two\n+      B: \"3\"\n");
}

#[test]
fn a_script_of_several_lines_is_a_literal_block() {
    let one = "-      git log\n-      # not a comment\n+      git log -1\n+\n+        indented\n";
    assert_eq!(changed(TEXT, &[set("log", &["run"], json!("git log -1\n\n  indented\n"))]), one);
    let text = "steps:\n  - id: a\n    run: one # why\n    title: x\n";
    let after = edit(text, &[set("a", &["run"], json!("one\ntwo"))]).expect("applies").text;
    assert_eq!(after, "steps:\n  - id: a\n    run: |- # why\n      one\n      two\n    title: x\n");
    let back = edit(&after, &[set("a", &["run"], json!("one"))]).expect("applies").text;
    assert_eq!(back, text);
}

#[test]
fn a_new_field_goes_where_it_usually_stands() {
    assert_eq!(changed(TEXT, &[set("log", &["needs"], json!(["size"]))]), "+    needs: [size]\n");
    assert_eq!(changed(TEXT, &[set("log", &["env", "C"], json!("${{ run.id }}"))]), "+      C: \"${{ run.id }}\"\n");
    assert_eq!(
        changed(TEXT, &[set("report", &["retry"], json!({"attempts": 3, "initial": "1s"}))]),
        "+    retry: { attempts: 3, initial: 1s }\n"
    );
    assert_eq!(changed(TEXT, &[top(&["timeout"], json!("1h"))]), "+timeout: 1h\n");
    assert_eq!(
        changed(TEXT, &[top(&["env", "X"], json!("a, b"))]),
        "-env: { LANG: C.UTF-8 } # the machine's is not seen\n+env: { LANG: C.UTF-8, X: \"a, b\" } # the machine's is not seen\n"
    );
}

#[test]
fn null_removes_a_field_and_what_it_empties() {
    assert_eq!(changed(TEXT, &[set("log", &["env", "A"], Value::Null)]), "-      A: \"1\"           # keep me\n");
    let ops = [set("log", &["env", "A"], Value::Null), set("log", &["env", "B"], Value::Null)];
    assert_eq!(changed(TEXT, &ops), "-    env:\n-      A: \"1\"           # keep me\n-      B: two\n");
    assert_eq!(changed(TEXT, &[set("log", &["title"], Value::Null)]), "");
}

#[test]
fn steps_are_added_like_the_others_with_a_fresh_id() {
    let fields: IndexMap<String, Value> = [("run".to_owned(), json!("echo \"hello\""))].into_iter().collect();
    let edited =
        edit(TEXT, &[EditOp::AddStep { id: Some("log".into()), fields: fields.clone() }, EditOp::AddStep { id: None, fields }])
            .expect("applies");
    assert_eq!(edited.added, ["log_2", "run"]);
    assert!(edited.text.contains("      plain: ${{ steps.log.status }}\n\n  - id: log_2\n    run: echo \"hello\"\n\n  - id: run\n    run: echo \"hello\"\noutputs:\n"), "{}", edited.text);
    for empty in [
        "loomwork: 1\nid: x\n",
        "loomwork: 1\nid: x\nsteps: []\n",
        "loomwork: 1\nid: x\nsteps:\n",
        "loomwork: 1\nid: x\nsteps: [] # none\n",
    ] {
        let fields = [("set".to_owned(), json!({"a": 1}))].into_iter().collect();
        let text = edit(empty, &[EditOp::AddStep { id: None, fields }]).expect("applies").text;
        assert_eq!(analyze(&text).diagnostics, [], "{text}");
        assert!(text.contains("\n  - id: set\n    set: { a: 1 }\n"), "{text}");
    }
}

#[test]
fn a_removed_step_takes_its_edges_along() {
    let edited = edit(TEXT, &[EditOp::RemoveStep { id: "size".into(), heal: false }]).expect("applies").text;
    assert!(edited.contains("    needs: [ log ]   # both\n"), "{edited}");
    assert!(!edited.contains("id: size"));
    let chain = "steps:\n  - id: a\n    run: x\n  - id: b # gone\n    needs: [a]\n    run: x\n  # about c\n  - id: c\n    needs:\n      - b\n    run: x\n";
    let healed = edit(chain, &[EditOp::RemoveStep { id: "b".into(), heal: true }]).expect("applies").text;
    assert_eq!(healed, "steps:\n  - id: a\n    run: x\n  # about c\n  - id: c\n    needs:\n      - a\n    run: x\n");
    let last = edit("steps:\n  - id: a\n    run: x", &[EditOp::RemoveStep { id: "a".into(), heal: true }]).expect("applies").text;
    assert_eq!(last, "steps: []");
}

#[test]
fn a_rename_reaches_needs_and_expressions_and_nothing_else() {
    let edited = edit(TEXT, &[EditOp::RenameStep { id: "log".into(), to: "history".into() }]).expect("applies").text;
    assert_eq!(
        edited,
        TEXT.replace("id: log ", "id: history ").replace("steps.log.", "steps.history.").replace("  log ]", "  history ]")
    );
    let edited = edit(TEXT, &[set("size", &["id"], json!("count"))]).expect("applies").text;
    assert_eq!(
        edited,
        TEXT.replace("id: size", "id: count").replace("size.some", "count.some").replace("steps['size']", "steps['count']")
    );
}

#[test]
fn edges_are_drawn_and_removed() {
    let connect = |from: &str, port: Option<&str>, to: &str| EditOp::Connect {
        from: from.into(),
        port: port.map(str::to_owned),
        to: to.into(),
    };
    let disconnect = |from: &str, port: Option<&str>, to: &str| EditOp::Disconnect {
        from: from.into(),
        port: port.map(str::to_owned),
        to: to.into(),
    };
    assert_eq!(
        changed(TEXT, &[connect("log", Some("failed"), "report")]),
        "-    needs: [ size.some,   log ]   # both\n+    needs: [ size.some,   log, log.failed ]   # both\n"
    );
    assert_eq!(
        changed(TEXT, &[disconnect("size", Some("some"), "report")]),
        "-    needs: [ size.some,   log ]   # both\n+    needs: [ log ]   # both\n"
    );
    assert!(matches!(edit(TEXT, &[connect("report", None, "log")]), Err(EditError::Cycle { .. })));
    assert!(matches!(edit(TEXT, &[connect("log", None, "log")]), Err(EditError::Cycle { .. })));
    assert!(matches!(edit(TEXT, &[connect("log", Some("maybe"), "report")]), Err(EditError::NoPort { .. })));
    assert!(matches!(edit(TEXT, &[connect("nobody", None, "log")]), Err(EditError::NoStep(_))));
    assert!(matches!(edit(TEXT, &[disconnect("log", None, "size")]), Err(EditError::NotConnected { implied: true, .. })));
}

#[test]
fn what_cannot_be_edited_says_why() {
    assert!(matches!(edit("a: [", &[top(&["id"], json!("x"))]), Err(EditError::Unreadable { .. })));
    assert!(matches!(edit("- a\n", &[top(&["id"], json!("x"))]), Err(EditError::Unreadable { .. })));
    assert!(matches!(edit(TEXT, &[set("log", &["run", "x"], json!(1))]), Err(EditError::BadPath { .. })));
    assert!(matches!(edit(TEXT, &[EditOp::RenameStep { id: "log".into(), to: "a-b".into() }]), Err(EditError::BadId(_))));
    assert!(matches!(edit(TEXT, &[EditOp::RenameStep { id: "log".into(), to: "size".into() }]), Err(EditError::IdTaken(_))));
    let shared = "x: &x { a: 1 }\ny: *x\n";
    assert!(matches!(edit(shared, &[top(&["y", "a"], json!(2))]), Err(EditError::Entangled { .. })));
    assert!(matches!(edit(shared, &[top(&["x", "a"], json!(2))]), Err(EditError::Entangled { .. })));
}

#[test]
fn line_ends_stay_as_they_are() {
    let text = TEXT.replace('\n', "\r\n");
    let ops = [
        set("log", &["run"], json!("a\nb\n")),
        set("log", &["title"], json!("T")),
        EditOp::RemoveStep { id: "size".into(), heal: false },
    ];
    let edited = edit(&text, &ops).expect("applies").text;
    assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count());
    assert_eq!(edited.replace("\r\n", "\n"), edit(TEXT, &ops).expect("applies").text);
}

#[test]
fn the_cases_of_a_choice_keep_the_order_that_is_given() {
    let order = |text: &str| -> Vec<String> {
        let workflow = analyze(text).workflow.expect("no errors");
        match &workflow.body.steps[0].action {
            loomwork_workflow::Action::Choose(choose) => choose.cases.iter().map(|(name, _)| name.clone()).collect(),
            other => panic!("{other:?}"),
        }
    };
    let text = "loomwork: 1\nid: x\nsteps:\n  - id: a\n    choose:\n      p: true # first\n      q: false\n";
    let edited = edit(text, &[set("a", &["choose"], json!({"q": false, "p": true}))]).expect("applies").text;
    assert_eq!(order(&edited), ["q", "p"]);
    let edited = edit(text, &[set("a", &["choose"], json!({"n": true, "p": true, "q": false}))]).expect("applies").text;
    assert_eq!(order(&edited), ["n", "p", "q"]);
}
