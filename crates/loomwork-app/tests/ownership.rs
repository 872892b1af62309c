//! Who owns a workspace, and what the others get.

mod support;

use std::{collections::HashSet, path::PathBuf, pin::pin};

use futures::{StreamExt as _, future::join_all};
use loomwork_api::*;
use loomwork_app::{Backend, Mode};
use support::{LONG, Place, ended, script, start, until};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_open_at_one_time_one_owns_and_all_are_answered() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo hi"))]);
    let opened = join_all((0..8).map(|_| place.open(Mode::OwnOrJoin))).await;
    assert_eq!(opened.iter().filter(|backend| backend.is_owner()).count(), 1);
    for backend in &opened {
        let facts = backend.facts().await.unwrap();
        assert_eq!(facts.owner, backend.is_owner());
        assert_eq!(facts.owner_pid, std::process::id());
    }
    let runs = join_all(opened.iter().map(|backend| backend.request(start("w")))).await;
    let ids: HashSet<String> = runs.into_iter().map(|run| run.unwrap().summary.id).collect();
    assert_eq!(ids.len(), 8);
    let numbers: HashSet<u32> =
        join_all(ids.iter().map(|id| ended(&opened[0], id))).await.iter().map(|run| run.summary.number).collect();
    assert_eq!(numbers, (1..=8).collect());
    join_all(opened.iter().map(Backend::close)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_takes_over_when_its_owner_leaves_and_its_watch_goes_on_without_gaps() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "while [ ! -e go ]; do sleep 0.02; done\necho went >> effects"))]);
    let owner = place.own().await;
    let guest = place.open(Mode::OwnOrJoin).await;
    assert!(!guest.is_owner());
    let run = guest.request(start("w")).await.unwrap();
    assert_eq!(run.summary.trigger.actor, "ada");
    let id = run.summary.id.clone();
    let mut news = pin!(guest.watch(Watch { run: Some(id.clone()), after_seq: 0, logs: false }));
    let mut events: Vec<Event> = Vec::new();
    let mut resets = 0;
    let mut closed = false;
    tokio::time::timeout(LONG, async {
        while events.last().is_none_or(|event| event.kind != "run_succeeded") {
            let batch = news.next().await.unwrap();
            resets += u32::from(batch.reset);
            events.extend(batch.events);
            if !closed && events.iter().any(|event| event.kind == "attempt_started") {
                closed = true;
                owner.close().await;
                assert!(until("the guest owns", || async { guest.is_owner().then_some(true) }).await);
                place.write("go", "");
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(resets, 1);
    let whole = guest.request(GetEvents { run: id.clone(), from_seq: 0 }).await.unwrap().events;
    let numbers = |events: &[Event]| events.iter().map(|event| event.seq).collect::<Vec<_>>();
    assert_eq!(numbers(&events), numbers(&whole));
    assert!(owner.facts().await.is_err(), "who has closed gets no answers");
    assert_eq!(place.read("effects"), "went\n");
    guest.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reads_without_an_owner_resumes_nothing_and_joins_one_that_comes() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo out; echo err >&2; exit 3"))]);
    let nobody = place.open(Mode::JoinOrRead).await;
    assert_eq!(nobody.request(ListRuns::default()).await.unwrap().runs, []);
    assert!(!place.path().join(".loomwork").exists(), "reading leaves nothing behind");
    let owner = place.own().await;
    let run = owner.request(start("w")).await.unwrap();
    let run = ended(&owner, &run.summary.id).await;
    owner.close().await;

    let reader = place.open(Mode::JoinOrRead).await;
    assert!(reader.is_reader());
    let id = run.summary.id.clone();
    let read = reader.request(GetRun { run: id[..30].to_owned() }).await.unwrap();
    assert_eq!(read, run);
    assert_eq!(reader.request(ListRuns::default()).await.unwrap().counts["failed"], 1);
    let log = reader.request(GetLogs { run: id.clone(), step: None, limit: None }).await.unwrap();
    let of = |stream| log.lines.iter().filter(|line| line.stream == stream).map(|line| line.text.as_str()).collect::<Vec<_>>();
    assert_eq!((of(LogStream::Stdout), of(LogStream::Stderr)), (vec!["out"], vec!["err"]));
    let refused = reader.request(RetryRun { run: id.clone(), ..RetryRun::default() }).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);

    let owner = place.own().await;
    until("the reader has joined", || async { (!reader.is_reader()).then_some(()) }).await;
    assert_eq!(reader.request(RetryRun { run: id.clone(), ..RetryRun::default() }).await.unwrap().plan.repeats, ["only"]);
    ended(&reader, &id).await;
    reader.close().await;
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_under_way_is_ended_with_its_owner_and_resumes_by_itself() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo $$ >> pids\nwhile [ ! -e go ]; do sleep 0.02; done"))]);
    let first = place.own().await;
    let run = first.request(start("w")).await.unwrap().summary.id;
    let written = || std::fs::read_to_string(place.path().join("pids")).is_ok_and(|text| text.ends_with('\n'));
    until("the step runs", || async { written().then_some(()) }).await;
    first.close().await;
    let pid = place.read("pids").trim().to_owned();
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists(), "its process is gone");
    assert!(!place.path().join(".loomwork/owner.json").exists());
    place.write("go", "");
    let second = place.own().await;
    let done = ended(&second, &run).await;
    assert_eq!(done.summary.status, RunStatus::Succeeded);
    assert_eq!(done.steps[0].attempts.len(), 2);
    second.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_journal_resumes_nothing_until_it_is_trusted() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo ran >> effects\nwhile [ ! -e go ]; do sleep 0.02; done"))]);
    let author = place.own().await;
    let run = author.request(start("w")).await.unwrap().summary.id;
    until("the step runs", || async { place.path().join("effects").exists().then_some(()) }).await;
    author.close().await;
    std::fs::remove_file(place.path().join("effects")).unwrap();
    place.write("go", "");

    let other_user = Place { data: tempfile::tempdir().unwrap(), ..place };
    let backend = other_user.own().await;
    assert!(!backend.facts().await.unwrap().trusted);
    let cancel = backend.request(CancelRun { run: run.clone(), reason: None, compensate: false }).await.unwrap_err();
    assert_eq!(cancel.code, ErrorCode::Untrusted);
    assert!(!other_user.path().join("effects").exists());
    let mut news = pin!(backend.watch(Watch { run: Some(run.clone()), after_seq: 0, logs: false }));
    // Said twice at one time, as by two clicks: one engine follows, not two on one journal.
    let (first, second) = tokio::join!(backend.request(TrustWorkspace {}), backend.request(TrustWorkspace {}));
    assert!(first.unwrap().trusted && second.unwrap().trusted);
    assert_eq!(ended(&backend, &run).await.summary.status, RunStatus::Succeeded);
    assert_eq!(other_user.read("effects"), "ran\n");
    tokio::time::timeout(LONG, async {
        while !news.next().await.unwrap().events.iter().any(|event| event.kind == "run_succeeded") {}
    })
    .await
    .expect("a watch goes on over the change of engine");
    backend.close().await;
    let again = other_user.own().await;
    assert!(again.facts().await.unwrap().trusted, "said once, known for ever");
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_state_folder_was_taken_away_ends_what_ran_and_begins_anew_in_a_new_one() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo $$ >> pids\nwhile [ ! -e go ]; do sleep 0.02; done"))]);
    let backend = place.own().await;
    backend.request(start("w")).await.unwrap();
    let written = || std::fs::read_to_string(place.path().join("pids")).ok().filter(|pid| pid.ends_with('\n'));
    let pid = until("the step runs", || async { written() }).await.trim().to_owned();
    std::fs::rename(place.path().join(".loomwork"), place.path().join("gone")).unwrap();
    until("its process is ended", || async { (!PathBuf::from(format!("/proc/{pid}")).exists()).then_some(()) }).await;
    until("there is a new journal", || async { place.path().join(".loomwork/owner.json").exists().then_some(()) }).await;
    place.write("go", "");
    let guest = place.open(Mode::OwnOrJoin).await;
    let run = guest.request(start("w")).await.unwrap();
    assert_eq!((run.summary.number, ended(&guest, &run.summary.id).await.summary.status), (1, RunStatus::Succeeded));
    guest.close().await;
    backend.close().await;
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_written_is_named() {
    let place = Place::new(&[]);
    place.write(".loomwork", "a file where the folder should be");
    let error = Backend::open(place.options(Mode::OwnOrJoin)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Io);
    assert!(error.message.contains(".loomwork"), "{error}");
}

#[tokio::test]
async fn a_journal_that_is_no_journal_is_left_as_it_is() {
    let place = Place::new(&[]);
    place.write(".loomwork/journal.db", "not a database, but long enough to be looked at as one");
    let error = Backend::open(place.options(Mode::OwnOrJoin)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Io);
    assert!(error.message.contains("journal.db"), "{error}");
    assert!(place.read(".loomwork/journal.db").starts_with("not a database"));
}

#[tokio::test]
async fn a_lock_whose_holder_does_not_answer_is_said_with_its_process() {
    let place = Place::new(&[]);
    place.write(
        ".loomwork/owner.json",
        r#"{"pid": 4711, "socket": "/nowhere.sock", "version": "0", "contract": 1, "started_at": ""}"#,
    );
    let lock = std::fs::File::create(place.path().join(".loomwork/owner.lock")).unwrap();
    lock.lock().unwrap();
    let error = Backend::open(place.options(Mode::Own)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(error.message.contains("4711"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_of_a_run_what_the_run_itself_says_with_an_owner_and_without() {
    let step = |id: &str, step: &str| format!("loomwork: 1\nid: {id}\nsteps:\n  - id: only\n    {step}\n");
    let place = Place::new(&[
        ("workflows/asks.yaml", &step("asks", "approve: { message: Go? }")),
        ("workflows/hears.yaml", &step("hears", "wait: { event: go, timeout: 1h }")),
        ("workflows/sleeps.yaml", &step("sleeps", "wait: { for: 1h }")),
        ("workflows/works.yaml", &script("works", "while [ ! -e go ]; do sleep 0.02; done")),
        ("workflows/both.yaml", &format!("{}  - {{ id: ask, approve: {{ message: Go? }} }}\n", script("both", "sleep 60"))),
    ]);
    let owner = place.own().await;
    for workflow in ["asks", "hears", "sleeps", "works", "both"] {
        owner.request(start(workflow)).await.unwrap();
    }
    type Said = (String, RunStatus, Option<WaitsFor>);
    async fn listed(backend: &Backend, which: ListRuns) -> Vec<Said> {
        let list = backend.request(which).await.unwrap();
        let mut said = Vec::new();
        for run in list.runs {
            let shown = backend.request(GetRun { run: run.id.clone() }).await.unwrap().summary;
            assert_eq!((run.status, run.waits_for), (shown.status, shown.waits_for), "{}", run.workflow);
            said.push((run.workflow, run.status, run.waits_for));
        }
        said
    }
    let said = |workflow: &str, status, waits_for| (workflow.to_owned(), status, waits_for);
    let waits: [Said; 5] = [
        said("both", RunStatus::Running, Some(WaitsFor::Person)),
        said("works", RunStatus::Running, None),
        said("sleeps", RunStatus::Waiting, Some(WaitsFor::Time)),
        said("hears", RunStatus::Waiting, Some(WaitsFor::Event)),
        said("asks", RunStatus::Waiting, Some(WaitsFor::Person)),
    ];
    until("all are at rest", || async { (listed(&owner, ListRuns::default()).await == waits).then_some(()) }).await;
    let waiting = ListRuns { status: Some(RunStatus::Waiting), ..ListRuns::default() };
    assert_eq!(listed(&owner, waiting.clone()).await, waits[2..]);
    assert_eq!(listed(&owner, ListRuns { limit: Some(1), ..waiting.clone() }).await, waits[2..3]);
    let for_me = ListRuns { waits_for: Some(WaitsFor::Person), ..ListRuns::default() };
    assert_eq!(listed(&owner, for_me.clone()).await, [waits[0].clone(), waits[4].clone()]);
    assert_eq!(listed(&owner, ListRuns { status: Some(RunStatus::Running), ..for_me }).await, waits[..1]);
    let list = owner.request(ListRuns::default()).await.unwrap();
    let counts =
        |list: &RunList| (list.counts["running"], list.counts["waiting"], list.waits_for["person"], list.waits_for["event"]);
    assert_eq!(counts(&list), (2, 3, 2, 1));
    let recent =
        owner.request(ListWorkflows {}).await.unwrap().workflows.into_iter().find(|found| found.id.as_deref() == Some("asks"));
    assert_eq!(recent.unwrap().recent[0].status, RunStatus::Waiting);
    owner.close().await;

    let reader = place.open(Mode::JoinOrRead).await;
    assert!(reader.is_reader());
    assert_eq!(listed(&reader, waiting).await, waits[2..]);
    reader.close().await;
}
