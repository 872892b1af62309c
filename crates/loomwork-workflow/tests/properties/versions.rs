//! A text that is analysed while it is edited says what it says alone.

use indexmap::IndexMap;
use loomwork_workflow::{Analyzer, EditOp, analyze, edit};
use proptest::prelude::*;
use serde_json::json;

use crate::documents::any_document;
use crate::forest::{Dice, any_forest};
use crate::pieces::PIECES;

/// A change: where (in thousandths of the text), how many characters go, and what comes.
fn any_change() -> impl Strategy<Value = (usize, usize, &'static str)> {
    (0..1000_usize, prop::sample::select(vec![0_usize, 0, 1, 1, 2, 9, 80]), prop::sample::select(PIECES))
}

fn changed(text: &str, (place, gone, piece): (usize, usize, &str)) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = place * characters.len() / 1000;
    let rest = characters.iter().skip(at + gone);
    characters.iter().take(at).copied().chain(piece.chars()).chain(rest.copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 5_000 }) })]

    #[test]
    fn every_version_is_analysed_as_if_it_were_the_only_one(
        (text, _) in any_document(),
        (more, _) in any_document(),
        changes in prop::collection::vec((any_change(), any::<bool>()), 1..8),
    ) {
        // Two documents in one have steps with the same ids, and more steps than one.
        let second = more.split_once("steps:").map_or("", |(_, steps)| steps);
        let mut text = format!("{}{second}", text.trim_end());
        let mut analyzer = Analyzer::default();
        let _ = analyzer.analyze(&text);
        for (change, kept) in changes {
            let version = changed(&text, change);
            prop_assert_eq!(format!("{:?}", analyzer.analyze(&version)), format!("{:?}", analyze(&version)), "{}", version);
            // What is not kept was typed and taken back.
            if kept { text = version; }
        }
    }

    #[test]
    fn versions_with_groups_are_analysed_as_if_each_were_the_only_one(
        forest in any_forest(),
        more in any_forest(),
        changes in prop::collection::vec((any_change(), any::<bool>()), 1..8),
    ) {
        let second = more.text.split_once("steps:").map_or("", |(_, steps)| steps);
        let mut text = format!("{}{second}", forest.text.trim_end());
        let mut analyzer = Analyzer::default();
        let _ = analyzer.analyze(&text);
        for (change, kept) in changes {
            let version = changed(&text, change);
            prop_assert_eq!(format!("{:?}", analyzer.analyze(&version)), format!("{:?}", analyze(&version)), "{}", version);
            if kept { text = version; }
        }
    }

    #[test]
    fn what_a_step_reads_may_change_without_the_step(
        first in prop::collection::vec(0..36_usize, PARTS.len()),
        changes in prop::collection::vec((0..PARTS.len(), 0..36_usize), 1..12),
    ) {
        let mut choice = first;
        let mut analyzer = Analyzer::default();
        let _ = analyzer.analyze(&written(&choice));
        for (part, way) in changes {
            choice[part] = way;
            let version = written(&choice);
            prop_assert_eq!(format!("{:?}", analyzer.analyze(&version)), format!("{:?}", analyze(&version)), "{}", version);
        }
    }

    #[test]
    fn an_open_text_is_edited_as_if_it_were_opened_each_time(
        forest in any_forest(),
        changes in prop::collection::vec((any_change(), any::<bool>(), any::<u64>()), 1..6),
    ) {
        let mut text = forest.text;
        let mut analyzer = Analyzer::default();
        for (change, typed, seed) in changes {
            if typed {
                text = changed(&text, change);
                let _ = analyzer.analyze(&text);
                continue;
            }
            let ops = some_edits(&text, &mut Dice::new(seed));
            let open = analyzer.edit(&text, &ops);
            if let Ok((edited, analysis)) = &open {
                prop_assert_eq!(format!("{:?}", analysis), format!("{:?}", analyze(&edited.text)), "{:?} of {}", ops, text);
            }
            let open = open.map(|(edited, _)| edited);
            prop_assert_eq!(&open, &edit(&text, &ops), "{:?} of {}", ops, text);
            prop_assert_eq!(format!("{:?}", analyzer.analyze(&text)), format!("{:?}", analyze(&text)), "{}", text);
            if let Ok(edited) = open { text = edited.text; }
        }
    }
}

/// Parts of a workflow whose steps speak of each other, each in several ways.
const PARTS: [&[&str]; 10] = [
    &["loomwork: 1\nid: w\n"],
    &[
        "inputs: { n: { type: integer, required: true } }\n",
        "inputs: { n: { type: string, required: true } }\n",
        "inputs: { m: { type: integer } }\n",
        "inputs: { n: { type: integer } }\nenv: { E: x }\n",
    ],
    // Steps at the ends and beside a change are read again each time.
    &["steps:\n  - { id: f1, run: echo }\n  - { id: f2, run: echo }\n"],
    &[
        "  - id: a\n    set: { k: 1 }\n",
        "  - id: a\n    set: { k: text }\n",
        "  - id: a\n    set: { l: 1 }\n",
        "  - id: z\n    set: { k: 1 }\n",
        "  - id: a\n    run: echo\n    on_error: [{ do: continue }]\n",
        "  - id: a\n    run: echo\n",
        "  - id: a\n    set: { k: \"${{ inputs.n }}\" }\n    on_error: [{ do: continue }]\n",
        "  - id: a\n    choose: { x: \"${{ true }}\", else: y }\n",
        "  - id: a\n    needs: [e]\n    set: { k: 1 }\n",
        "",
    ],
    &[
        "  - id: b\n    set: { v: \"${{ steps.a.output.k + 1 }}\" }\n",
        "  - id: b\n    needs: [a]\n    set: { v: \"${{ steps.a.output.k }}\" }\n",
        "  - id: b\n    needs: [a.x]\n    set: { v: \"${{ env.E }}\" }\n",
        "  - id: b\n    when: \"${{ steps.a.output != null }}\"\n    set: { v: 1 }\n",
        "  - id: b\n    set: { v: 1 }\n    timeout: 2h\n",
        "  - id: a\n    set: { v: 1 }\n",
    ],
    &[
        "  - id: g\n    steps:\n      - id: p\n        set: { q: \"${{ steps.a.output.k }}\" }\n      - id: r\n        set: { s: \"${{ steps.p.output.q + 1 }}\" }\n",
        "  - id: g\n    timeout: 1h\n    steps:\n      - id: p\n        set: { q: 1 }\n      - id: r\n        needs: [p]\n        set: { s: \"${{ steps.p.output.q }}\" }\n        timeout: 3h\n",
        "  - id: g\n    for_each: \"${{ [steps.b.output.v] }}\"\n    steps:\n      - id: a\n        set: { k: \"${{ item }}\" }\n      - id: r\n        set: { s: \"${{ steps.a.output.k }}\" }\n",
        "  - id: g\n    steps:\n      - id: deep\n        steps:\n          - id: r\n            set: { s: \"${{ steps.a.output.k + steps.b.output.v }}\" }\n    outputs: { r: \"${{ steps.deep.output.r }}\" }\n",
        "  - id: g\n    steps:\n      - id: r\n        needs: [a]\n        run: echo\n        compensate: { run: 'echo ${{ steps.a.output.k }}' }\n",
        "  - id: g\n    steps:\n      - { id: p, run: echo }\n      - { id: p, run: echo }\n",
        "  - id: g\n    steps:\n      - id: p\n        run: echo\n        on_error: [{ do: continue }]\n      - id: r\n        needs: [p]\n        set: { s: \"${{ steps.p.output.stdout.size() }}\" }\n",
        "  - id: g\n    steps:\n      - { id: 9x, run: echo }\n      - id: r\n        needs: [9x]\n        set: { s: 1 }\n",
    ],
    &[
        "  - id: c\n    set: { w: \"${{ steps.g.output.r }}\" }\n",
        "  - id: c\n    needs: [b, g]\n    set: { w: \"${{ steps.g.output.r.s + 1 }}\" }\n",
        "  - id: c\n    needs: [g]\n    when: \"${{ steps.p.output != null }}\"\n    run: echo\n",
        "  - id: c\n    needs: [a.x, a.y]\n    run: echo\n",
        "  - id: c\n    needs: [g]\n    loop: { until: \"${{ pass.previous.s > 1 }}\", max: 3 }\n    set: { s: \"${{ steps.g.output.r.s }}\" }\n",
    ],
    &["  - id: e\n    run: echo\n", "  - id: e\n    needs: [c]\n    set: { f: \"${{ steps.c.output.w }}\" }\n"],
    &["  - { id: f3, run: echo }\n  - { id: f4, run: echo }\n"],
    &["", "timeout: 90m\n", "outputs: { o: \"${{ steps.e.output.f }}\" }\n", "secrets: [S]\n"],
];

fn written(choice: &[usize]) -> String {
    PARTS.iter().zip(choice).map(|(ways, choice)| ways[choice % ways.len()]).collect()
}

#[test]
fn a_read_is_told_again_when_only_the_step_that_is_read_begins_to_go_on_after_failures() {
    let text = |rules: &str| {
        let read = "  - id: b\n    needs: [a]\n    set: { v: \"${{ steps.a.output.stdout.size() }}\" }\n";
        let (before, behind) = ("  - { id: f1, run: echo }\n  - { id: f2, run: echo }\n", "  - { id: f3, run: echo }\n");
        format!("loomwork: 1\nid: w\nsteps:\n{before}  - id: a\n    run: echo\n{rules}{behind}{read}{}", before.replace('f', "g"))
    };
    let mut analyzer = Analyzer::default();
    for (rules, told) in [("", 0), ("    on_error: [{ do: continue }]\n", 1), ("", 0)] {
        let analysis = analyzer.analyze(&text(rules));
        assert_eq!(analysis.diagnostics.iter().filter(|found| found.code == "LW0328").count(), told, "{rules}");
    }
}

#[test]
fn what_was_said_by_conditions_elsewhere_and_by_lines_is_said_anew() {
    let fillers = |name: &str| (0..3).map(|at| format!("  - {{ id: {name}{at}, run: echo }}\n")).collect::<String>();
    let asking = |when: &str| {
        let group = "  - id: g\n    steps:\n      - id: f\n        run: echo\n        on_error: [{ do: continue }]\n      - id: h\n        needs: [f]\n        set: { v: \"${{ steps.f.output.stdout.size() }}\" }\n";
        let asks = format!("  - {{ id: f, run: echo }}\n  - {{ id: k, needs: [f], when: \"${{{{ {when} }}}}\", run: echo }}\n");
        format!("loomwork: 1\nid: w\nsteps:\n{}{group}{}{asks}{}", fillers("x"), fillers("y"), fillers("z"))
    };
    let twice = |comment: &str| {
        let group = "  - id: g\n    steps:\n      - { id: p, run: echo }\n      - { id: p, run: echo }\n";
        format!("loomwork: 1\nid: w\nsteps:\n{comment}{}{group}{}", fillers("x"), fillers("y"))
    };
    for versions in [[asking("steps.f.output != null"), asking("true")], [twice(""), twice("  # one more line\n")]] {
        let mut analyzer = Analyzer::default();
        for version in versions {
            assert_eq!(format!("{:?}", analyzer.analyze(&version)), format!("{:?}", analyze(&version)), "{version}");
        }
    }
}

/// One or two edits of steps that are there.
fn some_edits(text: &str, dice: &mut Dice) -> Vec<EditOp> {
    let mut steps: Vec<String> = analyze(text).outline.nodes.into_iter().map(|node| node.id.clone()).collect();
    steps.push("nobody".to_owned());
    (0..=dice.roll(2)).map(|_| some_edit(&steps, dice)).collect()
}

fn some_edit(steps: &[String], dice: &mut Dice) -> EditOp {
    let (id, other) = (steps[dice.roll(steps.len())].clone(), steps[dice.roll(steps.len())].clone());
    let group = dice.chance(2).then(|| other.clone());
    match dice.roll(10) {
        0 => EditOp::Connect { from: id, port: None, to: other },
        1 => EditOp::Disconnect { from: id, port: None, to: other },
        2 => EditOp::RemoveStep { id, heal: dice.chance(2) },
        3 => EditOp::RenameStep { id, to: format!("new_{}", dice.roll(3)) },
        4 => EditOp::MoveStep { id, into: group, after: None },
        5 => EditOp::GroupSteps { ids: vec![id, other], id: None },
        6 => EditOp::Ungroup { id },
        7 => {
            let fields: IndexMap<_, _> = [("run".to_owned(), json!("echo"))].into_iter().collect();
            EditOp::AddStep { id: group.map(|group| format!("{group}.fresh")), fields }
        }
        8 => EditOp::SetWorkflowField { path: vec!["timeout".to_owned()], value: json!(dice.pick(&["1m", "2m"])) },
        _ => {
            let value = if dice.chance(3) { json!(null) } else { json!(dice.pick(&["one", "two\nlines"])) };
            EditOp::SetField { id, path: vec![dice.pick(&["title", "needs", "set"]).to_owned()], value }
        }
    }
}
