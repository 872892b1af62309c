//! What watching costs: the same run with an observer and checkpoints of its own, and without.

use serde_json::{Value, json};

use super::engine::{at_percent, chain_of_effects, folder, open, seconds, start};

const STEPS: usize = 500;
const ROUNDS: usize = 7;

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
    seconds(&bare, prepared.clone()).await;
    seconds(&observed, prepared.clone()).await;
    let mut more = Vec::new();
    for _ in 0..ROUNDS {
        let without = seconds(&bare, prepared.clone()).await;
        let with = seconds(&observed, prepared.clone()).await;
        more.push(100.0 * (with / without - 1.0));
    }
    bare.shut_down().await;
    observed.shut_down().await;
    drop(observed);
    let bytes = observer.await.unwrap();
    json!({ "percent_more": at_percent(&mut more, 50), "observed_bytes": bytes })
}
