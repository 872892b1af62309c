//! Runs that have left the memory and are read from the journal again for a request.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use loomwork_engine::{Active, After, Ask, Core, Request, Wish};
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
