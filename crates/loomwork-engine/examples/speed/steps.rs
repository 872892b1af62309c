//! Many steps at once: a chain of pure ones, a fan-out, and many runs by one request.

use std::collections::HashSet;
use std::time::Instant;

use loomwork_engine::Engine;
use serde_json::{Map, Value, json};

use super::engine::{at_percent, chain_of_effects, chain_of_set, fan_out, folder, open, seconds, start};

const STEPS: usize = 1_000;
const RUNS: usize = 200;
const ROUNDS: usize = 5;

/// Steps a second of each, from the request to the end that is durable.
pub(super) async fn measure() -> Value {
    let folder = folder();
    let (engine, _) = open(folder.path(), 1_000, false).await;
    seconds(&engine, start(&chain_of_set(20))).await;
    let mut figures = Map::new();
    let texts = [
        ("chain_of_set", chain_of_set(STEPS)),
        ("fan_out_of_set", fan_out(STEPS, "set: { n: \"${{ steps.first.output.n + 1 }}\" }")),
        ("fan_out_of_effects", fan_out(STEPS, "run: nothing")),
    ];
    for (name, text) in texts {
        let prepared = start(&text);
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(STEPS as f64 / seconds(&engine, prepared.clone()).await);
        }
        figures.insert(format!("{name}_per_s"), json!(at_percent(&mut rates, 50)));
    }
    for (name, text) in [("runs_of_set", chain_of_set(5)), ("runs_of_effects", chain_of_effects(5))] {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push((RUNS * 5) as f64 / many_runs(&engine, &text).await);
        }
        figures.insert(format!("{name}_per_s"), json!(at_percent(&mut rates, 50)));
    }
    engine.shut_down().await;
    Value::Object(figures)
}

/// The seconds until all runs of one request have succeeded.
async fn many_runs(engine: &Engine, text: &str) -> f64 {
    let mut events = engine.subscribe();
    let prepared = start(text);
    let began = Instant::now();
    let runs = engine.start_runs(prepared, vec![Map::new(); RUNS]).await.unwrap();
    let mut open: HashSet<String> = runs.into_iter().collect();
    while !open.is_empty() {
        for record in events.recv().await.unwrap().iter().filter(|record| record.kind == "run_succeeded") {
            open.remove(record.run.as_deref().unwrap_or_default());
        }
    }
    began.elapsed().as_secs_f64()
}
