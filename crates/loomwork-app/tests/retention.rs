//! Runs that leave the journal, for the archive and for good: which may go, what stays of them, and what a crash leaves.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::os::unix::fs::PermissionsExt as _;

use loomwork_api::*;
use loomwork_app::{Backend, Mode, Workspace, repair};
use support::{Place, ended, script, start, until};

async fn ids(backend: &Backend) -> Vec<String> {
    backend.request(ListRuns::default()).await.unwrap().runs.into_iter().map(|run| run.id).collect()
}

async fn done(backend: &Backend, workflow: &str) -> String {
    let run = backend.request(start(workflow)).await.unwrap().summary.id;
    ended(backend, &run).await.summary.id
}

fn named(runs: &[&str]) -> RunSelection {
    RunSelection { runs: runs.iter().map(|run| (*run).to_owned()).collect(), ..RunSelection::default() }
}

fn ended_as(statuses: &[RunStatus]) -> RunSelection {
    RunSelection { statuses: statuses.to_vec(), older_than: Some("0s".to_owned()), ..RunSelection::default() }
}

fn gone(removal: &Removal) -> Vec<&str> {
    removal.runs.iter().map(|run| run.run.id.as_str()).collect()
}

async fn all_is_well(backend: &Backend) {
    let diagnosis = backend.request(CheckWorkspace {}).await.unwrap();
    let wrong: Vec<&Check> = diagnosis.checks.iter().filter(|check| check.verdict != Verdict::Ok && check.id != "disk").collect();
    assert!(diagnosis.ok && wrong.is_empty(), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_says_is_what_is_purged_and_the_journal_verifies_without_it() {
    let large = "head -c 3000 /dev/zero | tr '\\0' x";
    let place = Place::new(&[
        ("workflows/w.yaml", &script("w", large)),
        ("workflows/fails.yaml", &script("fails", "exit 1")),
        ("workflows/waits.yaml", &script("waits", "while [ ! -e go ]; do sleep 0.02; done")),
    ]);
    let owner = place.own().await;
    let (first, second) = (done(&owner, "w").await, done(&owner, "w").await);
    let failed = done(&owner, "fails").await;
    let open = owner.request(start("waits")).await.unwrap().summary.id;
    let nothing = owner.request(PurgeRuns::default()).await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::InvalidRequest, "a purge of everything must be said: {nothing:?}");

    let which = ended_as(&[RunStatus::Succeeded, RunStatus::Failed]);
    let plan = owner.request(PurgeRuns { which: which.clone(), plan: true }).await.unwrap();
    assert_eq!((gone(&plan), plan.plan, plan.values), (vec![first.as_str(), &second], true, 1));
    assert_eq!(plan.kept.iter().map(|kept| kept.run.id.as_str()).collect::<Vec<_>>(), [failed.as_str()]);
    assert!(plan.kept[0].why.contains("time to take it up"), "{plan:?}");
    assert_eq!(ids(&owner).await.len(), 4, "a plan does nothing");
    let purged = owner.request(PurgeRuns { which, plan: false }).await.unwrap();
    assert_eq!((gone(&purged), purged.values, purged.bytes), (gone(&plan), plan.values, plan.bytes));
    assert_eq!(ids(&owner).await, [open.clone(), failed.clone()]);
    assert!(!place.path().join(".loomwork/logs").join(&first).exists());
    assert_eq!(owner.request(GetRun { run: first }).await.unwrap_err().code, ErrorCode::NotFound);
    let stays = owner.request(PurgeRuns { which: named(&[&open]), plan: false }).await.unwrap();
    assert!(stays.runs.is_empty() && stays.kept[0].why.contains("has not ended"), "{stays:?}");
    assert_eq!(owner.request(start("w")).await.unwrap().summary.number, 3, "no number is given twice");
    place.write("go", "");
    ended(&owner, &open).await;
    all_is_well(&owner).await;
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_run_is_out_of_the_list_and_comes_back_with_events_values_and_logs() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out; head -c 3000 /dev/zero | tr '\\0' x >&2"))]);
    let owner = place.own().await;
    let (run, other) = (done(&owner, "w").await, done(&owner, "w").await);
    let before = owner.request(GetRun { run: run.clone() }).await.unwrap();
    let events = owner.request(GetEvents { run: run.clone(), from_seq: 0 }).await.unwrap();
    let archived = owner.request(ArchiveRuns { which: named(&[&run]), plan: false }).await.unwrap();
    assert!(archived.runs[0].archive_bytes.is_some_and(|bytes| bytes > 0), "{archived:?}");
    assert_eq!(ids(&owner).await, [other]);
    let missing = owner.request(GetRun { run: run.clone() }).await.unwrap_err();
    assert!(missing.message.contains("loomwork archive restore"), "{missing:?}");
    let list = owner.request(ListArchive {}).await.unwrap();
    assert_eq!(list.runs[0].facts.as_ref().unwrap().run.id, run);
    all_is_well(&owner).await;

    let file = place.path().join(".loomwork/archive").join(format!("{run}.run"));
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let damaged = owner.request(RestoreArchived { run: run.clone() }).await.unwrap_err();
    assert_eq!(damaged.code, ErrorCode::Refused, "{damaged:?}");
    assert!(!owner.request(CheckWorkspace {}).await.unwrap().ok);
    std::fs::write(&file, &whole).unwrap();
    owner.request(RestoreArchived { run: run[..30].to_owned() }).await.unwrap();
    let after = owner.request(GetRun { run: run.clone() }).await.unwrap();
    assert_eq!((&after.steps, &after.summary.status), (&before.steps, &before.summary.status));
    assert_eq!(owner.request(GetEvents { run: run.clone(), from_seq: 0 }).await.unwrap(), events);
    let logs = owner.request(GetLogs { run: run.clone(), step: None, limit: None }).await.unwrap();
    assert!(logs.lines.iter().any(|line| line.text == "out"), "{logs:?}");
    assert!(!file.exists());
    all_is_well(&owner).await;

    owner.request(ArchiveRuns { which: named(&[&run]), plan: false }).await.unwrap();
    owner.request(DeleteArchived { run: run.clone() }).await.unwrap();
    assert!(owner.request(ListArchive {}).await.unwrap().runs.is_empty());
    assert_eq!(owner.request(RestoreArchived { run }).await.unwrap_err().code, ErrorCode::NotFound);
    all_is_well(&owner).await;
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_and_those_that_it_called_and_waited_for_go_together_or_not_at_all() {
    let calls = |id: &str, wait: &str| format!("loomwork: 1\nid: {id}\nsteps:\n  - id: c\n    workflow: {{ id: w{wait} }}\n");
    let place = Place::new(&[
        ("workflows/w.yaml", &script("w", "true")),
        ("workflows/waits.yaml", &calls("waits", "")),
        ("workflows/detaches.yaml", &calls("detaches", ", wait: false")),
    ]);
    let owner = place.own().await;
    let parent = done(&owner, "waits").await;
    let child = ids(&owner).await.into_iter().find(|id| *id != parent).unwrap();
    for (run, words) in [(&child, "which called it"), (&parent, "which it called")] {
        let stays = owner.request(PurgeRuns { which: named(&[run]), plan: false }).await.unwrap();
        assert!(stays.runs.is_empty() && stays.kept[0].why.contains(words), "{stays:?}");
    }
    let both = owner.request(PurgeRuns { which: named(&[&parent, &child]), plan: false }).await.unwrap();
    assert_eq!(both.runs.len(), 2);
    let parent = done(&owner, "detaches").await;
    let child = until("the child was called", || async { ids(&owner).await.into_iter().find(|id| *id != parent) }).await;
    ended(&owner, &child).await;
    let alone = owner.request(PurgeRuns { which: named(&[&child]), plan: false }).await.unwrap();
    assert_eq!(alone.runs.len(), 1, "nobody waits for it: {alone:?}");
    all_is_well(&owner).await;
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_of_a_removal_or_of_its_way_back_is_finished_by_the_same_request() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out"))]);
    let owner = place.own().await;
    let run = done(&owner, "w").await;
    let archive = || ArchiveRuns { which: named(&[&run]), plan: false };
    let state = place.path().join(".loomwork");
    let (file, logs) = (state.join("archive").join(format!("{run}.run")), state.join("logs").join(&run));
    owner.request(archive()).await.unwrap();
    let whole = std::fs::read(&file).unwrap();

    // It had come back, and its file was still to be deleted.
    owner.request(RestoreArchived { run: run.clone() }).await.unwrap();
    std::fs::write(&file, &whole).unwrap();
    owner.request(RestoreArchived { run: run.clone() }).await.unwrap();
    assert!(!file.exists() && logs.exists());

    // Its file was there, whole or half, and it was still in the journal.
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    std::fs::write(file.with_extension("draft"), "half").unwrap();
    owner.request(archive()).await.unwrap();
    assert_eq!(ids(&owner).await, Vec::<String>::new());

    // It had left the journal, and its logs were still to be deleted.
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("only.1.log"), "old").unwrap();
    std::fs::write(file.with_extension("draft"), "half").unwrap();
    owner.close().await;
    let owner = place.own().await;
    until("the leftovers are gone", || async { (!logs.exists() && !file.with_extension("draft").exists()).then_some(()) }).await;
    owner.request(RestoreArchived { run: run.clone() }).await.unwrap();
    assert_eq!(ids(&owner).await, [run]);
    all_is_well(&owner).await;
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_removes_by_itself_what_its_settings_say() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out")), ("workflows/v.yaml", &script("v", "echo out"))]);
    let owner = place.own().await;
    let mut runs = Vec::new();
    for workflow in ["w", "w", "w", "v"] {
        runs.push(done(&owner, workflow).await);
    }
    owner.close().await;
    place.write(".loomwork/engine.yaml", "retention: { keep: 1, succeeded: { action: purge } }\n");
    let owner = place.own().await;
    until("all but the newest of each workflow are gone", || async { (ids(&owner).await.len() == 2).then_some(()) }).await;
    assert_eq!(ids(&owner).await, [runs[3].clone(), runs[2].clone()]);
    assert!(owner.request(ListArchive {}).await.unwrap().runs.is_empty());
    owner.close().await;

    place.write(".loomwork/engine.yaml", "logs: { keep_for: 1ms }\n");
    let owner = place.own().await;
    let logs = place.path().join(".loomwork/logs");
    until("the logs are gone", || async { (!logs.join(&runs[2]).exists() && !logs.join(&runs[3]).exists()).then_some(()) }).await;
    all_is_well(&owner).await;
    owner.close().await;

    place.write(".loomwork/engine.yaml", "retention: { keep_for: 1ms }\n");
    let owner = place.own().await;
    until("the rest is archived", || async { ids(&owner).await.is_empty().then_some(()) }).await;
    assert_eq!(owner.request(ListArchive {}).await.unwrap().runs.len(), 2);
    all_is_well(&owner).await;
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_deletes_what_nothing_names_and_leaves_a_damaged_journal_as_it_is() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "head -c 3000 /dev/zero | tr '\\0' x"))]);
    let owner = place.own().await;
    done(&owner, "w").await;
    owner.close().await;
    let state = place.path().join(".loomwork");
    assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    let workspace = Workspace::at(place.path()).unwrap();
    assert_eq!(repair(&workspace).unwrap().values, 0, "a run names it");
    let reader = place.open(Mode::JoinOrRead).await;
    all_is_well(&reader).await;
    let journal = state.join("journal.db");
    let mut bytes = std::fs::read(&journal).unwrap();
    for byte in &mut bytes[4096..8192] {
        *byte = 0x55;
    }
    std::fs::write(&journal, &bytes).unwrap();
    assert!(repair(&workspace).unwrap().damaged);
    assert_eq!(std::fs::read(&journal).unwrap(), bytes);
}
