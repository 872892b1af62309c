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

fn main() {
    let text = large();
    let analysis = analyze(&text);
    assert!(analysis.workflow.is_some() && analysis.outline.nodes.len() == BLOCKS * 5, "{:?}", analysis.diagnostics.first());
    println!("full {:.2}", middle(|_| analyze(&text)));

    let mut analyzer = Analyzer::default();
    drop(analyzer.analyze(&text));
    let versions: Vec<String> = (0..ROUNDS)
        .map(|round| {
            text.replace(
                &format!(
                    "attempts: 5, backoff: linear, initial: 2s, classes: [transient, timeout] }}\n  - id: each_{}\n",
                    100 + round * 90
                ),
                &format!(
                    "attempts: 6, backoff: linear, initial: 2s, classes: [transient, timeout] }}\n  - id: each_{}\n",
                    100 + round * 90
                ),
            )
        })
        .collect();
    println!("again {:.2}", middle(|round| analyzer.analyze(&versions[round])));

    let op = |round: usize| EditOp::Connect {
        from: format!("fetch_{}", round * 100),
        port: None,
        to: format!("publish_{}", round * 100),
    };
    println!("edit {:.2}", middle(|round| edit(&text, &[op(round)]).map(|edited| analyze(&edited.text))));

    let huge = "- id: a\n".repeat(10_000_000 / 8);
    println!("huge {:.2}", middle(|_| analyze(&huge)));
    let bomb = bomb();
    println!("bomb {:.2}", middle(|_| analyze(&bomb)));
}
