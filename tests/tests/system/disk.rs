//! A disk without room: the engine says so, keeps what it has, and goes on by itself.

use loomwork_tests::{Workspace, effects_of};

/// Two steps, the first of which waits for a file and then says much.
fn chain() -> String {
    let first = "echo first >> effects; for i in $(seq 3000); do [ -e go ] && break; sleep 0.02; done; seq 20000";
    format!(
        "loomwork: 1\nid: chain\nsteps:\n  - {{ id: first, run: \"{first}\" }}\n  - {{ id: last, needs: [first], run: echo last >> effects }}\n"
    )
}

#[test]
fn without_room_nothing_new_begins_and_with_room_everything_goes_on_without_being_asked() {
    let workspace = Workspace::new(&[("chain", &chain())]);
    let owner = workspace.serve_on_a_small_disk();
    let run = workspace.start("chain");
    workspace.wait_for_line("effects", "first");

    owner.limit_files(Some(4096));
    workspace.json(&["pause", &run]).exits(4).complains_about(&["cannot be written", "is done once it can"]);
    let refused = workspace.json(&["run", "chain", "--detach"]).exits(4);
    refused.complains_about(&["cannot be written", "nothing was changed", "goes on by itself"]);
    assert_eq!(workspace.show(&run).step_status("first"), "running", "what is durable can be read");
    workspace.open_gate("go");

    owner.limit_files(None);
    workspace.wait_for_run(&run, "a pause", |run| run.status() == "paused");
    workspace.json(&["resume", &run]).exits(0);
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.attempts("first"), ["succeeded"], "what it said waited for room");
    let effects = workspace.lines("effects");
    assert_eq!((effects_of(&effects, "first"), effects_of(&effects, "last")), (1, 1));
    assert_eq!(workspace.json(&["logs", &run, "--step", "first"]).exits(0).json_lines().len(), 20_000);
    owner.stop();
    workspace.journal().assert_whole();
}

#[test]
fn an_owner_that_ends_without_room_leaves_a_journal_from_which_the_next_one_goes_on() {
    let workspace = Workspace::new(&[("chain", &chain())]);
    let owner = workspace.serve_on_a_small_disk();
    let run = workspace.start("chain");
    workspace.wait_for_line("effects", "first");
    owner.limit_files(Some(4096));
    workspace.json(&["pause", &run]).exits(4);
    workspace.open_gate("go");
    owner.stop();

    let owner = workspace.serve();
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.attempts("first").last(), Some(&"succeeded"));
    assert_eq!(effects_of(&workspace.lines("effects"), "last"), 1);
    owner.stop();
    workspace.journal().assert_whole();
}
