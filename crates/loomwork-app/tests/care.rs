//! Backups, their way back, and what a check finds.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use loomwork_api::*;
use loomwork_app::{Backend, Mode, Workspace, repair, restore};
use support::{Place, ended, script, start, until};

const WAITS: &str = "echo began >> effects; while [ ! -e go ]; do sleep 0.02; done; echo went >> effects";

async fn list(backend: &Backend) -> Vec<RunSummary> {
    backend.request(ListRuns::default()).await.unwrap().runs
}

fn to(place: &Place, name: &str) -> MakeBackup {
    MakeBackup { to: place.data.path().join(name).display().to_string() }
}

async fn check(backend: &Backend) -> Diagnosis {
    backend.request(CheckWorkspace {}).await.unwrap()
}

fn found<'d>(diagnosis: &'d Diagnosis, id: &str) -> &'d Check {
    diagnosis.checks.iter().find(|check| check.id == id).unwrap()
}

fn restore_here(place: &Place, name: &str) -> ApiResult<loomwork_app::Restored> {
    let workspace = Workspace::at(place.path()).unwrap();
    restore(&workspace, &place.data.path().join(name), Some(place.data.path()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_workspace_in_use_comes_back_and_what_was_under_way_rests_until_it_is_trusted() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out")), ("workflows/waits.yaml", &script("waits", WAITS))]);
    let owner = place.own().await;
    let first = owner.request(start("w")).await.unwrap().summary.id;
    ended(&owner, &first).await;
    let waits = owner.request(start("waits")).await.unwrap().summary.id;
    until("the script began", || async { place.path().join("effects").exists().then_some(()) }).await;
    let made = owner.request(to(&place, "b")).await.unwrap();
    assert_eq!((made.runs, made.open_runs), (2, 1));
    let again = owner.request(to(&place, "b")).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Refused, "{again:?}");
    let inside = MakeBackup { to: place.path().join(".loomwork/logs/b").display().to_string() };
    assert_eq!(owner.request(inside).await.unwrap_err().code, ErrorCode::Refused, "it would hold itself");
    let later = owner.request(start("w")).await.unwrap().summary.id;
    ended(&owner, &later).await;
    assert_eq!(restore_here(&place, "b").unwrap_err().code, ErrorCode::Refused, "somebody owns it");
    owner.close().await;

    let restored = restore_here(&place, "b").unwrap();
    assert_eq!((restored.runs, restored.open_runs), (2, 1));
    assert!(restored.replaced.unwrap().join("journal.db").exists());
    let empty = Place::new(&[]);
    let elsewhere = Workspace::at(empty.path()).unwrap();
    let restored = restore(&elsewhere, &place.data.path().join("b"), Some(empty.data.path())).unwrap();
    assert_eq!((restored.runs, restored.replaced), (2, None), "nothing was there before");
    let owner = place.own().await;
    assert!(!owner.facts().await.unwrap().trusted);
    let ids: Vec<String> = list(&owner).await.into_iter().map(|run| run.id).collect();
    assert_eq!(ids, [waits.clone(), first.clone()]);
    let logs = owner.request(GetLogs { run: first, step: None, limit: None }).await.unwrap();
    assert_eq!(logs.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["out"]);
    assert!(check(&owner).await.ok);
    assert_eq!(place.read("effects"), "began\n");
    place.write("go", "");
    owner.request(TrustWorkspace {}).await.unwrap();
    assert_eq!(ended(&owner, &waits).await.summary.status, RunStatus::Succeeded);
    assert_eq!(place.read("effects"), "began\nbegan\nwent\n");
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_is_refused_and_what_is_there_stays() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out"))]);
    let owner = place.own().await;
    let run = owner.request(start("w")).await.unwrap().summary.id;
    ended(&owner, &run).await;
    owner.request(to(&place, "b")).await.unwrap();
    owner.close().await;
    let journal = place.data.path().join("b/journal.db");
    let mut bytes = std::fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&journal, bytes).unwrap();
    let refused = restore_here(&place, "b").unwrap_err();
    assert!(refused.message.contains("journal.db is not what it was"), "{refused:?}");
    assert_eq!(restore_here(&place, "none").unwrap_err().code, ErrorCode::NotFound);
    let owner = place.own().await;
    assert_eq!(list(&owner).await[0].id, run);
    assert!(owner.facts().await.unwrap().trusted);
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_interrupted_is_finished_by_the_next_owner() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out"))]);
    let owner = place.own().await;
    let run = owner.request(start("w")).await.unwrap().summary.id;
    ended(&owner, &run).await;
    owner.request(to(&place, "b")).await.unwrap();
    let later = owner.request(start("w")).await.unwrap().summary.id;
    ended(&owner, &later).await;
    owner.close().await;
    // Ready, and the old journal moved away already.
    let state = place.path().join(".loomwork");
    std::fs::create_dir_all(state.join("restore")).unwrap();
    std::fs::create_dir_all(state.join("restore.old")).unwrap();
    std::fs::rename(state.join("journal.db"), state.join("restore.old/journal.db")).unwrap();
    std::fs::copy(place.data.path().join("b/journal.db"), state.join("restore/journal.db")).unwrap();
    let owner = place.own().await;
    assert_eq!(list(&owner).await.into_iter().map(|run| run.id).collect::<Vec<_>>(), [run]);
    assert!(!state.join("restore").exists());
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_changed_logs_bad_settings_and_a_damaged_journal_and_says_what_to_do() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out"))]);
    let owner = place.own().await;
    let run = owner.request(start("w")).await.unwrap().summary.id;
    ended(&owner, &run).await;
    let healthy = check(&owner).await;
    assert!(healthy.ok && healthy.checks.iter().all(|check| check.verdict == Verdict::Ok || check.id == "disk"), "{healthy:?}");
    owner.close().await;

    place.write(".loomwork/engine.yaml", "concurency: 3\n");
    place.write(&format!(".loomwork/logs/{run}/only.1.log"), "something else");
    let reader = place.open(Mode::JoinOrRead).await;
    let diagnosis = check(&reader).await;
    assert!(!diagnosis.ok);
    let settings = found(&diagnosis, "settings");
    assert_eq!(settings.verdict, Verdict::Error);
    assert!(settings.message.contains("Did you mean `concurrency`?"), "{settings:?}");
    let logs = found(&diagnosis, "logs");
    assert_eq!(logs.verdict, Verdict::Warning);
    assert!(logs.findings[0].contains("the log of only, attempt 1") && logs.advice.is_some(), "{logs:?}");
    repair(&Workspace::at(place.path()).unwrap()).unwrap();
    assert_eq!(found(&check(&reader).await, "list").verdict, Verdict::Ok);

    place.write(".loomwork/journal.db", "this is a shopping list, long enough to be read as a page header. ".repeat(20));
    let reader = place.open(Mode::JoinOrRead).await;
    let diagnosis = check(&reader).await;
    let journal = found(&diagnosis, "journal");
    assert_eq!(journal.verdict, Verdict::Error);
    assert!(journal.advice.as_ref().unwrap().contains("loomwork restore"), "{journal:?}");
}
