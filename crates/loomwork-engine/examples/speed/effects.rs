//! Steps with an action that does nothing, beside the commits that the disk allows: how many a second, and how soon.

use std::time::Instant;

use serde_json::{Value, json};

use super::commits::{Bare, bytes_of_record};
use super::engine::{at_percent, chain_of_effects, folder, ms, open, seconds, start, until_waiting, wrap};

/// Few at a time, so that both meet the same disk and the same processors.
const STEPS: usize = 1_000;
const ROUNDS: usize = 8;
/// Records of one step: the end of an attempt and of its step, and the start of the next attempt.
const RECORDS: usize = 3;

/// A chain of effects, in turns with as many bare commits.
pub(super) async fn measure() -> Value {
    let folder = folder();
    let (engine, _) = open(folder.path(), 8, false).await;
    wrap(&engine).await;
    let waits = chain_of_effects(50) + "  - id: nap\n    needs: [s49]\n    wait: { event: go }\n";
    let run = until_waiting(&engine, start(&waits)).await;
    let bytes = bytes_of_record(folder.path(), &run);
    let mut bare = Bare::new(folder.path(), RECORDS, bytes);
    bare.commit(50);
    let (mut bare_s, mut ours_s) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        bare_s += bare.commit(STEPS).iter().sum::<f64>() / 1_000.0;
        ours_s += seconds(&engine, start(&chain_of_effects(STEPS))).await;
    }
    engine.shut_down().await;
    let all = (STEPS * ROUNDS) as f64;
    json!({
        "percent_of_commit_rate": 100.0 * bare_s / ours_s, "steps_per_s": all / ours_s, "commits_per_s": all / bare_s,
        "bytes_per_record": bytes,
    })
}

/// From the request to the first attempt, and from one attempt to the next, in turns with bare commits.
pub(super) async fn latency() -> Value {
    let folder = folder();
    let (engine, performer) = open(folder.path(), 8, false).await;
    let mut bare = Bare::new(folder.path(), RECORDS, 350);
    bare.commit(50);
    wrap(&engine).await;
    let (mut first, mut next, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    let (short, long) = (start(&chain_of_effects(1)), start(&chain_of_effects(100)));
    for _ in 0..10 {
        for _ in 0..20 {
            performer.take();
            let began = Instant::now();
            seconds(&engine, short.clone()).await;
            first.extend(performer.take().first().map(|at| at.duration_since(began).as_secs_f64() * 1_000.0));
        }
        commits.extend(bare.commit(100));
        seconds(&engine, long.clone()).await;
        let starts = performer.take();
        next.extend(starts.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64() * 1_000.0));
    }
    // What a request costs that is answered from memory, for comparison.
    let began = Instant::now();
    engine.line(None, 1).await.unwrap();
    let asked = ms(began);
    engine.shut_down().await;
    let commit = at_percent(&mut commits, 95);
    json!({
        "first_p50_ms": at_percent(&mut first, 50), "first_p95_ms": at_percent(&mut first, 95),
        "next_p50_ms": at_percent(&mut next, 50), "next_p95_ms": at_percent(&mut next, 95),
        "commit_p50_ms": at_percent(&mut commits, 50), "commit_p95_ms": commit, "request_ms": asked,
        "next_p50_beyond_ms": (at_percent(&mut next, 50) - commit).max(0.0),
        "next_p95_beyond_ms": (at_percent(&mut next, 95) - commit).max(0.0),
    })
}
