//! Runs of one workflow that are started by one request.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use loomwork_api::*;
use serde_json::{Map, Value, json};
use support::{Place, until};

const WORKFLOW: &str = "loomwork: 1\nid: w\ninputs:\n  n: { type: integer, required: true }\nsteps:\n  - id: a\n    set: { twice: \"${{ inputs.n * 2 }}\" }\noutputs: { twice: \"${{ steps.a.output.twice }}\" }\n";

fn of(inputs: &[Value]) -> StartRuns {
    let inputs: Vec<Map<String, Value>> = inputs.iter().map(|inputs| inputs.as_object().unwrap().clone()).collect();
    let labels = [("batch".to_owned(), "one".to_owned())].into_iter().collect();
    StartRuns { workflow: "w".to_owned(), inputs, labels, priority: Some(7) }
}

#[tokio::test]
async fn each_has_its_own_inputs_and_number_and_all_have_the_labels() {
    let place = Place::new(&[("workflows/w.yaml", WORKFLOW)]);
    let backend = place.own().await;
    let started = backend.request(of(&[json!({"n": 3}), json!({"n": 4})])).await.unwrap();
    assert_eq!(started.runs.len(), 2);
    for (at, (run, twice)) in started.runs.iter().zip([6, 8]).enumerate() {
        let ended = until("the run ends", || async {
            let run = backend.request(GetRun { run: run.clone() }).await.unwrap();
            run.summary.status.is_final().then_some(run)
        });
        let ended = ended.await;
        assert_eq!(ended.summary.status, RunStatus::Succeeded);
        assert_eq!((ended.summary.number as usize, ended.summary.priority), (at + 1, 7));
        assert_eq!(ended.summary.labels["batch"], "one");
        assert_eq!(ended.outputs, json!({"twice": twice}));
    }
    backend.close().await;
}

#[tokio::test]
async fn none_starts_when_the_inputs_of_one_do_not_fit() {
    let place = Place::new(&[("workflows/w.yaml", WORKFLOW)]);
    let backend = place.own().await;
    let error = backend.request(of(&[json!({"n": 3}), json!({"m": 4})])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert_eq!(error.message, "Run 2: Input `n` is required. Input `m` is unknown; did you mean `n`?");
    let many = StartRuns { workflow: "w".to_owned(), inputs: vec![Map::new(); 10_001], ..StartRuns::default() };
    assert!(backend.request(many).await.unwrap_err().message.contains("at most 10000"));
    assert_eq!(backend.request(ListRuns::default()).await.unwrap().runs.len(), 0);
    assert_eq!(backend.request(of(&[])).await.unwrap().runs.len(), 0);
    backend.close().await;
}
