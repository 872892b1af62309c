//! Steps go into groups and out of them: with their text, their edges, and what reads them.

use loomwork_workflow::{EditError, EditOp, Edited, analyze, edit};

const CHAIN: &str = r#"loomwork: 1
id: chain
steps:
  - id: fetch
    run: git log

  # how many there are
  - id: count      # of lines
    needs: [fetch]
    run: |
      wc -l
      # not a comment
    env: { TEXT: "${{ steps.fetch.output.stdout }}" }

  - id: check
    needs: [count, fetch.failed]
    join: any
    run: test

  - id: report
    needs: [check]
    set: { n: '${{ steps.count.output.stdout }} of ${{ steps["count"].status }}' }

outputs:
  n: "${{ steps.count.output.stdout }}"
"#;

fn performed(text: &str, op: EditOp) -> Edited {
    let edited = edit(text, &[op]).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    assert_eq!(edited.undo.apply(&edited.text).as_deref(), Some(text));
    edited
}

fn group(ids: &[&str], id: Option<&str>) -> EditOp {
    EditOp::GroupSteps { ids: ids.iter().map(|id| (*id).to_owned()).collect(), id: id.map(str::to_owned) }
}

fn notes(edited: &Edited) -> Vec<String> {
    edited.notes.iter().map(ToString::to_string).collect()
}

#[test]
fn grouped_steps_keep_their_text_and_are_read_through_the_group() {
    let edited = performed(CHAIN, group(&["check", "count"], Some("work")));
    let expected = r#"loomwork: 1
id: chain
steps:
  - id: fetch
    run: git log

  - id: work
    needs: [fetch, fetch.failed]
    steps:
      # how many there are
      - id: count      # of lines
        run: |
          wc -l
          # not a comment
        env: { TEXT: "${{ steps.fetch.output.stdout }}" }
      - id: check
        needs: [count]
        join: any
        run: test

  - id: report
    needs: [work]
    set: { n: '${{ steps.work.output.count.stdout }} of ${{ steps["count"].status }}' }

outputs:
  n: "${{ steps.work.output.count.stdout }}"
"#;
    assert_eq!(edited.text, expected);
    assert_eq!(edited.added, ["work"]);
    assert_eq!(
        notes(&edited),
        [
            "`work.count` needed `fetch`; now `work` needs `fetch`",
            "`work.check` needed `fetch.failed`; now `work` needs `fetch.failed`",
            "`report` needed `check` and now needs `work`",
            "`report` reads `steps.count`, which cannot be seen from there",
        ]
    );
}

#[test]
fn a_dissolved_group_hands_its_edges_and_outputs_on() {
    let text = performed(CHAIN, group(&["count"], Some("work"))).text;
    let back = performed(&text, EditOp::Ungroup { id: "work".into() });
    assert_eq!(back.added, ["count"]);
    let before = analyze(CHAIN).outline;
    let after = analyze(&back.text).outline;
    assert_eq!(after.edges, before.edges, "{}", back.text);
    assert_eq!(back.text, CHAIN);
    assert!(notes(&back).is_empty(), "{:?}", back.notes);
}

#[test]
fn what_a_dissolved_group_had_of_its_own_is_said() {
    let text = "loomwork: 1\nid: w\nsteps:\n  - id: all\n    timeout: 1m\n    for_each: [1]\n    steps: [{ id: a, run: x }, { id: all, run: y }]\n  - id: after\n    needs: [all.failed]\n    set: { v: \"${{ steps.all.output }}\" }\n";
    let edited = performed(text, EditOp::Ungroup { id: "all".into() });
    assert_eq!(edited.added, ["a", "all_2"]);
    assert_eq!(
        notes(&edited),
        [
            "`all.all` was taken, so it is `all_2`",
            "with `all` went `timeout`, `for_each`",
            "`after` reads `steps.all`, which cannot be seen from there",
        ]
    );
    assert!(edited.text.contains("needs: [a.failed, all_2.failed]"), "{}", edited.text);
}

#[test]
fn what_cannot_be_one_group_is_refused_with_the_reason() {
    let refused = |ids: &[&str]| edit(CHAIN, &[group(ids, None)]).expect_err("is refused");
    let between = EditError::Between { step: "count".into(), after: "fetch".into(), before: "check".into() };
    assert_eq!(refused(&["fetch", "check"]), between);
    assert_eq!(refused(&[]), EditError::NothingToGroup);
    assert_eq!(refused(&["nobody"]), EditError::NoStep("nobody".into()));
    let text = performed(CHAIN, group(&["count"], None)).text;
    let across = edit(&text, &[group(&["fetch", "group.count"], None)]);
    assert_eq!(across, Err(EditError::ManyScopes { one: "fetch".into(), other: "group.count".into() }));
    assert_eq!(edit(&text, &[EditOp::Ungroup { id: "fetch".into() }]), Err(EditError::NoGroup("fetch".into())));
}

#[test]
fn edges_end_at_the_group_that_a_step_goes_into_and_come_back_when_it_leaves() {
    let text = performed(CHAIN, group(&["check"], Some("work"))).text;
    let into = |id: &str, into: Option<&str>, after: Option<&str>| EditOp::MoveStep {
        id: id.into(),
        into: into.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    let moved = performed(&text, into("count", Some("work"), None));
    assert_eq!(moved.added, ["work.count"]);
    assert!(moved.text.contains("    needs: [fetch.failed, fetch]\n"), "{}", moved.text);
    assert!(moved.text.contains("      - id: check\n        needs: [count]\n        run: test\n"), "{}", moved.text);
    assert!(
        moved.text.contains("    steps:\n      # how many there are\n      - id: count      # of lines\n        run: |\n"),
        "{}",
        moved.text
    );
    assert!(moved.text.contains("n: \"${{ steps.work.output.count.stdout }}\""), "{}", moved.text);
    let deep = performed(&moved.text, group(&["work.count"], Some("inner")));
    assert_eq!(deep.added, ["work.inner"]);
    let out = performed(&deep.text, into("work.inner.count", None, Some("fetch")));
    assert_eq!(out.added, ["count"]);
    assert!(out.text.contains("steps: []"), "{}", out.text);
    let again = performed(&out.text, into("count", Some("work.inner"), None));
    assert!(
        again.text.contains("        steps:\n          # how many there are\n          - id: count      # of lines\n"),
        "{}",
        again.text
    );
}
