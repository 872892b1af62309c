//! Runs that wait for a time: what they cost while nothing happens.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::engine::{folder, head, open, start, until_waiting};

const RUNS: usize = 1_000;
const SECONDS: u64 = 5;

/// Processor time of this process in milliseconds; none where the system does not tell.
fn processor_ms() -> Option<f64> {
    // Nanoseconds on a processor, of each thread.
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let of = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    Some(tasks.filter_map(of).sum::<f64>() / 1e6)
}

/// Processor time over some seconds, of an engine with as many waiting runs and of one without any.
pub(super) async fn measure() -> Value {
    let folder = folder();
    let (engine, _) = open(folder.path(), 8, true).await;
    let empty = over_some_seconds().await;
    let text = head() + "  - id: nap\n    wait: { for: 1h }\n";
    engine.start_runs(start(&text), vec![Map::new(); RUNS - 1]).await.unwrap();
    until_waiting(&engine, start(&text)).await;
    // The list of runs follows, then nothing is left to do.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let waiting = over_some_seconds().await;
    engine.shut_down().await;
    json!({ "runs": RUNS, "seconds": SECONDS, "empty_ms": empty, "waiting_ms": waiting })
}

async fn over_some_seconds() -> Option<f64> {
    let before = processor_ms()?;
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    Some(processor_ms()? - before)
}
