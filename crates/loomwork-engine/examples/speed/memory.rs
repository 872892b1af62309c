//! Long runs and many runs: whether the time grows with the steps alone, and what stays in memory.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::engine::{folder, head, open, start, until_waiting};

/// The memory of this process in bytes; none where the system does not tell.
pub(super) fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024.0)
}

fn grown(before: Option<f64>) -> Option<f64> {
    Some(resident()? - before?)
}

/// Steps that are done, and one that waits, so that the run stays in memory.
fn steps(count: usize) -> String {
    let mut text = head();
    for step in 0..count {
        use std::fmt::Write as _;
        let _ = writeln!(text, "  - id: s{step}\n    set: {{ n: {step} }}");
    }
    text + "  - id: nap\n    wait: { event: go }\n"
}

fn elements(count: usize) -> String {
    head()
        + &format!("  - id: each\n    for_each: \"${{{{ range({count}) }}}}\"\n    run: nothing\n")
        + "  - id: nap\n    wait: { event: go }\n"
}

/// A run of 10,000 steps and one of 100,000; a for-each of 1,000 elements and one of 10,000.
pub(super) async fn long() -> Value {
    let mut figures = Map::new();
    let elements = |count| elements(count);
    let runs: [(&str, usize, String); 4] = [
        ("elements", 1_000, elements(1_000)),
        ("elements", 10_000, elements(10_000)),
        ("steps", 10_000, steps(10_000)),
        ("steps", 100_000, steps(100_000)),
    ];
    for (name, count, text) in runs {
        let folder = folder();
        let (engine, _) = open(folder.path(), 64, false).await;
        let prepared = start(&text);
        let before = resident();
        let began = Instant::now();
        let run = until_waiting(&engine, prepared).await;
        figures.insert(format!("{name}_{count}_s"), json!(began.elapsed().as_secs_f64()));
        let per_step = grown(before).map(|bytes| bytes / count as f64);
        figures.insert(format!("{name}_{count}_bytes_each"), json!(per_step));
        let known = engine.inspect(&run, |active| active.state.steps.len()).await.unwrap();
        assert!(known > count, "{known} of {count} {name}");
        engine.shut_down().await;
    }
    Value::Object(figures)
}

/// An engine that does nothing, and one with runs that have begun.
pub(super) async fn active() -> Value {
    const RUNS: usize = 200;
    let folder = folder();
    let (engine, _) = open(folder.path(), 64, true).await;
    let idle = resident();
    let prepared = start(&steps(100));
    for _ in 0..RUNS {
        until_waiting(&engine, prepared.clone()).await;
    }
    let each = grown(idle).map(|bytes| bytes / RUNS as f64);
    engine.shut_down().await;
    json!({ "idle_bytes": idle, "bytes_per_run": each, "runs": RUNS, "steps": 100 })
}
