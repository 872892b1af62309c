//! A restart with many open runs: the time until the engine takes requests again, with everything taken up.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::engine::{chain_of_effects, folder, open, start, until_waiting};

const RUNS: usize = 1_000;
const STEPS: usize = 20;

pub(super) async fn measure() -> Value {
    let folder = folder();
    let (engine, _) = open(folder.path(), 64, true).await;
    let text = chain_of_effects(STEPS) + &format!("  - id: nap\n    needs: [s{}]\n    wait: {{ for: 1h }}\n", STEPS - 1);
    engine.start_runs(start(&text), vec![Map::new(); RUNS - 1]).await.unwrap();
    let last = until_waiting(&engine, start(&text)).await;
    while engine.figures().borrow().running + engine.figures().borrow().queued > 0 {
        tokio::task::yield_now().await;
    }
    engine.shut_down().await;
    drop(engine);
    let began = Instant::now();
    let (engine, _) = open(folder.path(), 64, true).await;
    let waits = engine.inspect(&last, |active| active.state.is_waiting()).await.unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert!(waits, "the last run does not wait");
    engine.shut_down().await;
    json!({ "runs": RUNS, "steps": STEPS, "seconds": seconds })
}
