//! How fast a large workflow is analysed and edited, one figure a line: `cargo run --release -p loomwork-workflow --example analysis_speed`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example for people, outside of the pure crate")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use loomwork_workflow::{Analyzer, EditOp, analyze, edit};

const ROUNDS: usize = 9;
/// Each block has five steps.
const BLOCKS: usize = 1_000;

/// Scripts with values and retries, groups for each element, requests with conditions.
fn large() -> String {
    let mut text = String::from(
        "loomwork: 1\nid: large\ninputs:\n  repository: { type: string, required: true }\n  limit: { type: integer, default: 5 }\n\
         env: { LANG: C.UTF-8 }\nsecrets: [TOKEN]\ndefaults:\n  timeout: 10m\n  retry: { attempts: 3, initial: 1s, max: 30s }\n\nsteps:\n",
    );
    for block in 0..BLOCKS {
        let before = if block % 4 == 0 { String::new() } else { format!("    needs: [publish_{}]\n", block - 1) };
        let _ = write!(
            text,
            r#"  # block {block}
  - id: fetch_{block}
{before}    run: |
      git -C "$REPO" log --format='%H' | head -n "$LIMIT"
      echo done
    env:
      REPO: "${{{{ inputs.repository }}}}"
      LIMIT: "${{{{ string(inputs.limit + {block}) }}}}"
    output: {{ from: stdout, as: lines }}
    retry: {{ attempts: 5, backoff: linear, initial: 2s, classes: [transient, timeout] }}
  - id: each_{block}
    needs: [fetch_{block}]
    for_each: "${{{{ steps.fetch_{block}.output.filter(line, size(line) > 3) }}}}"
    max_parallel: 4
    steps:
      - id: show
        run: git show "$SHA"
        env: {{ SHA: "${{{{ item }}}}", AT: "${{{{ string(index) }}}}" }}
        timeout: 5m
      - id: summary
        needs: [show]
        set: {{ text: "${{{{ steps.show.output.stdout }}}} of ${{{{ inputs.repository }}}}" }}
    outputs: {{ text: "${{{{ steps.summary.output.text }}}}" }}
  - id: publish_{block}
    needs: [each_{block}]
    when: "${{{{ size(steps.each_{block}.output) > 0 }}}}"
    http:
      method: POST
      url: "https://notes.example/api/{block}"
      headers: {{ authorization: "Bearer ${{{{ secrets.TOKEN }}}}" }}
      json: {{ notes: "${{{{ steps.each_{block}.output }}}}" }}
    timeout: 30s
"#
        );
    }
    text
}

/// Anchors that unfold to a thousand million values.
fn bomb() -> String {
    let mut text = String::from("loomwork: 1\nid: bomb\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..9 {
        let _ = writeln!(text, "a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(","));
    }
    text
}

/// The middle of some measurements, in milliseconds.
fn middle<T>(mut what: impl FnMut(usize) -> T) -> f64 {
    let mut figures: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let began = Instant::now();
            let outcome = black_box(what(round));
            let took = began.elapsed().as_secs_f64() * 1_000.0;
            // What it costs to throw the outcome away is not part of it.
            drop(outcome);
            took
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    figures[ROUNDS / 2]
}

/// Milliseconds for a text.
type Figure = fn(&str) -> f64;

fn main() {
    let text = large();
    let analysis = analyze(&text);
    assert!(analysis.workflow.is_some() && analysis.outline.nodes.len() == BLOCKS * 5, "{:?}", analysis.diagnostics.first());
    drop(analysis);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let figures: [(&str, Figure); 6] =
        [("full", full), ("again", again), ("edit", edited), ("canvas", on_canvas), ("huge", huge), ("bomb", bombed)];
    for (name, figure) in figures {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            println!("{name} {:.2}", figure(&text));
        }
    }
}

fn full(text: &str) -> f64 {
    middle(|_| analyze(text))
}

/// A keystroke in a step, each time in another one.
fn again(text: &str) -> f64 {
    let mut analyzer = Analyzer::default();
    drop(analyzer.analyze(text));
    let version = |round: usize| {
        let behind = format!("linear, initial: 2s, classes: [transient, timeout] }}\n  - id: each_{}\n", 100 + round * 90);
        text.replace(&format!("attempts: 5, backoff: {behind}"), &format!("attempts: 16, backoff: {behind}"))
    };
    let versions: Vec<String> = (0..ROUNDS).map(version).collect();
    middle(|round| analyzer.analyze(&versions[round]))
}

fn connect(round: usize) -> EditOp {
    EditOp::Connect { from: format!("fetch_{}", round * 100), port: None, to: format!("publish_{}", round * 100) }
}

/// An edge drawn in a text that was not seen before.
fn edited(text: &str) -> f64 {
    middle(|round| edit(text, &[connect(round)]).map(|edited| analyze(&edited.text)))
}

/// Edges drawn one after the other in a document that is open.
fn on_canvas(text: &str) -> f64 {
    let mut analyzer = Analyzer::default();
    drop(analyzer.analyze(text));
    let mut text = text.to_owned();
    middle(|round| {
        let outcome = analyzer.edit(&text, &[connect(round)]);
        if let Ok((edited, _)) = &outcome {
            text.clone_from(&edited.text);
        }
        outcome
    })
}

/// A text beyond the bound.
fn huge(_: &str) -> f64 {
    let huge = "- id: a\n".repeat(10_000_000 / 8);
    middle(|_| analyze(&huge))
}

fn bombed(_: &str) -> f64 {
    let bomb = bomb();
    middle(|_| analyze(&bomb))
}
