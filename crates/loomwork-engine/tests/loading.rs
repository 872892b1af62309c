//! Runs that have left the memory and are read from the journal again for a request.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use loomwork_engine::{Active, After, Ask, Core, Leave, Request, Wish};
use loomwork_run::RetryScope;
use loomwork_testkit::World;

const FAILS: &str = "loomwork: 1\nid: w\nsteps:\n  - id: a\n    set: { x: \"${{ 1 / int(size(run.id) - size(run.id)) }}\" }\n";

/// Commits all that waits.
fn commit(core: &mut Core) {
    while let Some((number, _, after)) = core.take_batch() {
        core.committed(number);
        for after in after {
            if let After::Answer(answer) = after {
                answer();
            }
        }
    }
}

/// The number of the last event of a run in memory.
fn seq(core: &mut Core, run: &Arc<str>) -> Option<u64> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let look = Box::new(move |active: Option<&Active>| -> Box<dyn FnOnce() + Send> {
        let seq = active.map(|active| active.seq);
        Box::new(move || sender.send(seq).unwrap())
    });
    core.request(Request::Inspect(Arc::clone(run), look), 0);
    commit(core);
    receiver.recv().unwrap()
}

#[test]
fn of_two_retries_of_an_ended_run_the_second_does_not_act_on_what_it_read_before_the_first() {
    let mut world = World::new(1, FAILS);
    world.live(0);
    let run = Arc::clone(&world.runs()[0]);
    let read = world.read(&run).unwrap();
    let late = world.read(&run).unwrap();
    let before = read.seq;
    let mut core = world.fresh_core(before + 1);
    // Both have asked, and were told that the run is not in memory; both read it.
    core.request(Request::Hold(Arc::clone(&run)), 0);
    core.request(Request::Hold(Arc::clone(&run)), 0);
    core.request(Request::Load(Box::new(read)), 0);
    let (sender, answered) = std::sync::mpsc::channel();
    let answer = Box::new(move |result: Result<_, _>| sender.send(result.is_ok()).unwrap());
    let (actor, scope) = ("ada".to_owned(), RetryScope::All);
    let what = Wish::Retry { scope, set: None };
    core.request(Request::Ask(Box::new(Ask { run: Arc::clone(&run), actor, what, answer })), 0);
    commit(&mut core);
    assert!(answered.recv().unwrap());
    core.request(Request::LetGo(Arc::clone(&run)), 0);
    // The retry has ended by now, and the second one comes with what it read before.
    commit(&mut core);
    core.committed(u64::MAX);
    core.request(Request::Load(Box::new(late)), 0);
    assert!(seq(&mut core, &run).unwrap() > before, "what was read before the first retry took its place");
    core.request(Request::LetGo(Arc::clone(&run)), 0);
    core.committed(u64::MAX);
    assert_eq!(seq(&mut core, &run), None, "an ended run that nobody holds leaves the memory");
}

/// The runs that cannot be claimed.
fn claim(core: &mut Core, run: &Arc<str>) -> Vec<(Arc<str>, String)> {
    let (sender, answered) = std::sync::mpsc::channel();
    let answer = Box::new(move |result: Result<_, _>| sender.send(result.unwrap()).unwrap());
    core.request(Request::Leave(Leave::Claim { runs: vec![Arc::clone(run)], answer }), 0);
    commit(core);
    answered.recv().unwrap()
}

/// What a retry is answered.
fn retry(core: &mut Core, run: &Arc<str>) -> Result<(), String> {
    let (sender, answered) = std::sync::mpsc::channel();
    let answer = Box::new(move |result: Result<_, loomwork_engine::EngineError>| {
        sender.send(result.map(|_| ()).map_err(|error| error.to_string())).unwrap();
    });
    let what = Wish::Retry { scope: RetryScope::All, set: None };
    core.request(Request::Ask(Box::new(Ask { run: Arc::clone(run), actor: "ada".to_owned(), what, answer })), 0);
    commit(core);
    answered.recv().unwrap()
}

#[test]
fn nothing_happens_to_a_run_that_was_claimed_until_it_is_given_back_and_never_again_once_it_is_gone() {
    let mut world = World::new(1, FAILS);
    world.live(0);
    let run = Arc::clone(&world.runs()[0]);
    let mut read = || Request::Load(Box::new(world.read(&run).unwrap()));
    let loads: Vec<Request> = (0..3).map(|_| read()).collect();
    let [first, second, third] = <[Request; 3]>::try_from(loads).ok().unwrap();
    let next = world.read(&run).unwrap().seq + 1;
    let mut core = world.fresh_core(next);
    core.request(Request::Hold(Arc::clone(&run)), 0);
    assert_eq!(claim(&mut core, &run).len(), 1, "somebody reads it at this moment");
    core.request(Request::LetGo(Arc::clone(&run)), 0);
    assert_eq!(claim(&mut core, &run), []);
    assert_eq!(claim(&mut core, &run).len(), 1, "somebody else has it");
    core.request(first, 0);
    assert!(retry(&mut core, &run).unwrap_err().contains("archived or purged"));
    core.request(Request::Leave(Leave::Release(vec![Arc::clone(&run)])), 0);
    assert_eq!(claim(&mut core, &run), []);
    let (kind, actor, numbers) = ("runs_purged", "ada".to_owned(), std::collections::BTreeMap::new());
    let removed = loomwork_store::Removed {
        run: run.to_string(),
        workflow: "w".to_owned(),
        number: 1,
        status: "failed".to_owned(),
        ended_at_ms: None,
        events: 1,
        head: String::new(),
    };
    core.request(Request::Leave(Leave::Remove { kind, actor, runs: vec![removed], numbers, answer: Box::new(|_| {}) }), 0);
    core.request(Request::Leave(Leave::Release(vec![Arc::clone(&run)])), 0);
    commit(&mut core);
    core.request(second, 0);
    assert!(retry(&mut core, &run).unwrap_err().contains("archived or purged"), "what was read before it went");

    let mut core = world.fresh_core(next);
    core.request(third, 0);
    assert_eq!(retry(&mut core, &run), Ok(()));
}
