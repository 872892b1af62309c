//! What watching costs: the same run with an observer and checkpoints of its own, and without.

use loomwork_engine::{Engine, StartRun};
use serde_json::{Value, json};

use super::engine::{chain_of_effects, folder, open, seconds, start, wrap};
use super::timers::processor_ms;

const STEPS: usize = 500;
const ROUNDS: usize = 12;

pub(super) async fn measure() -> Value {
    let (plain, watched) = (folder(), folder());
    let (bare, _) = open(plain.path(), 8, false).await;
    let (observed, _) = open(watched.path(), 8, true).await;
    let mut seen = observed.subscribe();
    // As an interface does it: every record is read and told on.
    let observer = tokio::spawn(async move {
        let mut bytes = 0;
        while let Ok(records) = seen.recv().await {
            bytes +=
                records.iter().filter_map(|record| record.event().ok()).map(|event| event.kind.encode().len()).sum::<usize>();
        }
        bytes
    });
    let prepared = start(&chain_of_effects(STEPS));
    wrap(&bare).await;
    wrap(&observed).await;
    let mut all = [(0.0, 0.0); 2];
    for _ in 0..ROUNDS {
        for (engine, sum) in [&bare, &observed].into_iter().zip(&mut all) {
            let (seconds, work) = of_both(engine, prepared.clone()).await;
            *sum = (sum.0 + seconds, sum.1 + work);
        }
    }
    let [without, with] = all;
    bare.shut_down().await;
    observed.shut_down().await;
    drop(observed);
    let bytes = observer.await.unwrap();
    json!({
        "percent_more": 100.0 * (with.0 / without.0 - 1.0), "percent_more_work": 100.0 * (with.1 / without.1 - 1.0),
        "observed_bytes": bytes,
    })
}

/// The seconds that a run took, and the milliseconds of all processors.
async fn of_both(engine: &Engine, start: StartRun) -> (f64, f64) {
    let before = processor_ms().unwrap_or(f64::NAN);
    let seconds = seconds(engine, start).await;
    (seconds, processor_ms().unwrap_or(f64::NAN) - before)
}
