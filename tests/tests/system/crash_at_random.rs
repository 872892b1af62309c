//! The owner is killed again and again at moments that a seed chooses, until the runs have ended.

use std::{collections::BTreeMap, thread, time::Duration};

use loomwork_testkit::Dice;
use loomwork_tests::{Workspace, histories, wait_until};

/// Kills in one history.
const KILLS: u32 = 6;
/// Histories, unless asked otherwise.
const HISTORIES: u64 = 4;

/// Two chains that fork and meet, retries, a decision, a failure that is handled, and no step that is safe to repeat:
/// each says in `effects` that it began and that it ended, with its idempotency key.
const WORKFLOW: &str = r#"loomwork: 1
id: weave
steps:
  - id: source
    run: . ./step.sh
  - id: left
    needs: [source]
    run: . ./step.sh
  - id: right
    needs: [source]
    run: . ./step.sh
    retry: { attempts: 3, backoff: constant, initial: 30ms, jitter: none }
    env: { FAILS_AT: "1" }
  - id: size
    choose:
      many: "${{ steps.left.output.n > 100 }}"
      else: few
  - id: few
    needs: [size.few]
    run: . ./step.sh
  - id: many
    needs: [size.many]
    run: . ./step.sh
  - id: breaks
    needs: [right]
    run: . ./step.sh; exit 9
  - id: mends
    needs: [breaks.failed]
    run: . ./step.sh
  - id: total
    needs: [few, mends]
    set: { sum: "${{ steps.left.output.n + steps.source.output.n }}" }
  - id: last
    needs: [total]
    run: . ./step.sh
outputs:
  sum: "${{ steps.total.output.sum }}"
"#;

const STEP: &str = r#"
echo "begin $LOOMWORK_RUN_ID $LOOMWORK_STEP $LOOMWORK_IDEMPOTENCY_KEY" >> effects
sleep 0.0$((RANDOM % 5))
if [ "$FAILS_AT" = "$LOOMWORK_ATTEMPT" ]; then exit 75; fi
echo '{"n": 21}' > "$LOOMWORK_OUTPUT"
echo "end $LOOMWORK_RUN_ID $LOOMWORK_STEP $LOOMWORK_IDEMPOTENCY_KEY" >> effects
"#;

#[test]
fn killed_at_random_moments_the_runs_end_as_if_nothing_had_happened() {
    let lost: u32 = histories(HISTORIES, history).into_iter().sum();
    assert!(lost > 0, "no kill met an attempt: the moments are chosen badly");
    println!("{lost} attempts were lost and done again");
}

fn history(seed: u64) -> u32 {
    let mut choices = Dice::new(seed);
    let workspace = Workspace::new(&[("weave", WORKFLOW)]);
    workspace.write("step.sh", STEP);
    let mut owner = workspace.serve();
    let runs = [workspace.start("weave"), workspace.start("weave")];
    for _ in 0..KILLS {
        // A moment is a number of further marks and a fraction of a step after the last of them. When everything has
        // ended already, killing an idle owner must be harmless too.
        let marks = workspace.lines("effects").len() + usize::try_from(choices.below(6)).unwrap();
        wait_until("the next moment", || workspace.lines("effects").len() >= marks || all_ended(&workspace, &runs));
        thread::sleep(Duration::from_micros(choices.below(40_000)));
        owner.kill();
        owner = workspace.serve();
    }
    for run in &runs {
        let ended = workspace.ends(run, "succeeded");
        assert_eq!(ended.0["outputs"], serde_json::json!({"sum": 42}));
        assert_eq!(ended.step_status("many"), "skipped");
        assert_eq!(ended.step_status("breaks"), "failed");
    }
    owner.stop();
    assert_effects(&workspace, &runs);
    workspace.journal().assert_whole()
}

fn all_ended(workspace: &Workspace, runs: &[String]) -> bool {
    runs.iter().all(|run| workspace.show(run).has_ended())
}

/// No step began more often than it has attempts, all under one key.
fn assert_effects(workspace: &Workspace, runs: &[String]) {
    let mut keys: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in workspace.lines("effects") {
        let words: Vec<&str> = line.split(' ').collect();
        let [mark, run, step, key] = words[..] else { panic!("a torn mark: {line:?}") };
        if mark == "begin" {
            keys.entry((run.to_owned(), step.to_owned())).or_default().push(key.to_owned());
        }
    }
    for run in runs {
        let ended = workspace.show(run);
        for step in ["source", "left", "right", "few", "breaks", "mends", "last"] {
            let keys = &keys[&(run.clone(), step.to_owned())];
            let attempts = ended.attempts(step);
            assert!(keys.len() <= attempts.len(), "{step} of {run} began {} times in {attempts:?}", keys.len());
            assert!(keys.iter().all(|key| key == &keys[0]), "{step} of {run} had several idempotency keys: {keys:?}");
        }
    }
}
