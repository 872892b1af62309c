//! What it costs to keep the state of a run and to begin a new one there, of a run with steps that ran.

use std::fmt::Write as _;
use std::time::Instant;

use loomwork_engine::{Programs, load_checkpoint, load_run};
use loomwork_store::{Level, Reader};
use serde_json::{Value, json};

use super::engine::{at_percent, folder, head, journal, ms, open, start, until_waiting};

const ROUNDS: usize = 100;

fn waiting(steps: usize) -> String {
    let mut text = head();
    for step in 0..steps {
        let _ = writeln!(text, "  - id: s{step}\n    run: make part{step}");
    }
    text + "  - id: nap\n    wait: { event: go }\n"
}

fn percentiles(mut all: Vec<f64>) -> Value {
    json!({ "p50_ms": at_percent(&mut all, 50), "p95_ms": at_percent(&mut all, 95) })
}

pub(super) async fn measure(steps: usize) -> Value {
    let folder = folder();
    let journal = journal(folder.path());
    let (engine, _) = open(folder.path(), 8, false).await;
    let run = until_waiting(&engine, start(&waiting(steps))).await;
    let checkpoints = engine.checkpoints().clone();
    let (mut created, mut restored, mut read, mut folded) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut smallest, mut bytes) = (100.0_f64, 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let kept = engine.create_checkpoint(&run, "bench", None, Level::Standard).await.unwrap();
        created.push(ms(began));
        let checked = kept.checked.unwrap();
        smallest = smallest.min(100.0 - 100.0 * checked.file_bytes as f64 / checked.content_bytes as f64);
        bytes = checked.file_bytes;
        let began = Instant::now();
        let fork = engine.prepare_restore(&run, &kept.id, "bench").await.unwrap();
        engine.fork_run(fork).await.unwrap();
        restored.push(ms(began));
        let reader = Reader::open(&journal).unwrap();
        let began = Instant::now();
        load_checkpoint(&reader, &checkpoints, &Programs::default(), (&run, &kept.id)).unwrap();
        read.push(ms(began));
        let began = Instant::now();
        load_run(&reader, &Programs::default(), &run).unwrap();
        folded.push(ms(began));
        checkpoints.delete(&run, &kept.id).unwrap();
    }
    let events = Reader::open(&journal).unwrap().count_records(&run, 0).unwrap();
    engine.shut_down().await;
    json!({
        "steps": steps, "events": events, "create": percentiles(created), "restore": percentiles(restored),
        "read": percentiles(read), "fold": percentiles(folded), "saved_percent": smallest, "bytes": bytes,
    })
}
