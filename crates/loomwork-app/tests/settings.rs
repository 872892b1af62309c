//! What an owner makes of `.loomwork/engine.yaml`.

mod support;

use loomwork_api::*;
use loomwork_app::{Backend, Mode};
use support::{Place, ended, start};

#[tokio::test(flavor = "multi_thread")]
async fn settings_with_problems_start_no_engine_and_name_every_line() {
    let place = Place::new(&[(".loomwork/engine.yaml", "concurency: 3\ndurability: safe\n")]);
    let refused = Backend::open(place.options(Mode::Own)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidRequest);
    for words in ["engine.yaml:1:1: ", "Did you mean `concurrency`?", "engine.yaml:2:13: `safe`"] {
        assert!(refused.message.contains(words), "{words}: {}", refused.message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_and_default_retries_are_those_of_the_settings() {
    let text = "loomwork: 1\nid: w\nsteps:\n  - id: only\n    run: echo x >> tries; exit 75\n";
    let place = Place::new(&[("workflows/w.yaml", text)]);
    place.write(
        ".loomwork/engine.yaml",
        "concurrency: 3\ndefaults: { retry: { attempts: 2, initial: 1ms, classes: [transient, permanent, unknown] } }\n",
    );
    let owner = place.own().await;
    assert_eq!(owner.facts().await.unwrap().slots, 3);
    let run = owner.request(start("w")).await.unwrap();
    ended(&owner, &run.summary.id).await;
    assert_eq!(place.read("tries"), "x\nx\n");
    owner.close().await;
}
