//! The owner is killed at a chosen moment; whoever opens the workspace next finishes the run without being asked.

use loomwork_tests::{RunView, Workspace, effects_of};

/// Waits for the file `NAME`; leaves by itself when a test forgot it.
fn gate(name: &str) -> String {
    format!("for i in $(seq 3000); do [ -e {name} ] && break; sleep 0.02; done")
}

/// A workflow that takes all slots and then waits for the file `go`.
fn blockers(steps: usize) -> String {
    let steps: String =
        (0..steps).map(|n| format!("  - {{ id: b{n}, run: \"echo b{n} >> effects; {}\" }}\n", gate("go"))).collect();
    format!("loomwork: 1\nid: blockers\nsteps:\n{steps}")
}

fn slots() -> usize {
    std::thread::available_parallelism().map_or(8, |cores| (2 * cores.get()).max(8))
}

fn running(run: &RunView) -> usize {
    run.0["steps"].as_array().unwrap().iter().filter(|step| step["status"] == "running").count()
}

#[test]
fn killed_before_the_first_step_the_run_is_done_as_if_nothing_had_happened() {
    let one = "loomwork: 1\nid: one\nsteps:\n  - { id: only, run: echo only >> effects }\n";
    let workspace = Workspace::new(&[("one", one), ("blockers", &blockers(slots()))]);
    let owner = workspace.serve();
    let blockers = workspace.start("blockers");
    workspace.wait_for_run(&blockers, "all slots taken", |run| running(run) == slots());
    let run = workspace.start("one");
    assert_eq!(workspace.show(&run).step_status("only"), "queued");
    owner.kill();

    let owner = workspace.serve();
    workspace.open_gate("go");
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.attempts("only"), ["succeeded"]);
    assert_eq!(effects_of(&workspace.lines("effects"), "only"), 1);
    workspace.ends(&blockers, "succeeded");
    owner.stop();
    assert_eq!(usize::try_from(workspace.journal().assert_whole()).unwrap(), slots());
}

#[test]
fn killed_during_a_step_only_that_step_is_done_again_and_its_first_attempt_is_lost() {
    let text = format!(
        "loomwork: 1\nid: chain\nsteps:\n  - {{ id: first, run: echo first >> effects }}\n  - id: middle\n    needs: [first]\n    run: |\n      \
         echo \"middle $LOOMWORK_ATTEMPT\" >> effects\n      {}\n      echo $LOOMWORK_IDEMPOTENCY_KEY >> keys\n  - {{ id: last, needs: [middle], run: echo last >> effects }}\n",
        gate("go")
    );
    let workspace = Workspace::new(&[("chain", &text)]);
    let owner = workspace.serve();
    let run = workspace.start("chain");
    workspace.wait_for_line("effects", "middle 1");
    owner.kill();
    // Nobody owns the workspace: what is shown is what the journal says, and nothing is resumed by looking.
    assert_eq!(workspace.show(&run).step_status("middle"), "running");

    let owner = workspace.serve();
    workspace.wait_for_line("effects", "middle 2");
    workspace.open_gate("go");
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.attempts("middle"), ["lost", "succeeded"]);
    assert_eq!(workspace.lines("effects"), ["first", "middle 1", "middle 2", "last"]);
    owner.stop();
    assert_eq!(workspace.journal().assert_whole(), 1);
}

#[test]
fn killed_between_two_steps_the_first_is_not_done_again() {
    let text = format!(
        "loomwork: 1\nid: pair\nsteps:\n  - {{ id: before, run: \"echo before >> effects; {}\" }}\n  - {{ id: after, needs: [before], run: echo after >> effects }}\n",
        gate("next")
    );
    let workspace = Workspace::new(&[("pair", &text), ("blockers", &blockers(slots()))]);
    let owner = workspace.serve();
    let run = workspace.start("pair");
    workspace.wait_for_line("effects", "before");
    // One step of these has no slot yet: it stands in the queue before `after`.
    let blockers = workspace.start("blockers");
    workspace.wait_for_run(&blockers, "all other slots taken", |run| running(run) == slots() - 1);
    workspace.open_gate("next");
    let between = workspace.wait_for_run(&run, "the end of the first step", |run| run.step_status("before") == "succeeded");
    assert_eq!(between.step_status("after"), "queued");
    owner.kill();

    let owner = workspace.serve();
    workspace.open_gate("go");
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!((ended.attempts("before"), ended.attempts("after")), (vec!["succeeded"], vec!["succeeded"]));
    let effects = workspace.lines("effects");
    assert_eq!((effects_of(&effects, "before"), effects_of(&effects, "after")), (1, 1));
    workspace.ends(&blockers, "succeeded");
    owner.stop();
    workspace.journal().assert_whole();
}

#[test]
fn killed_while_a_step_waits_for_its_next_attempt_the_wait_goes_on_and_no_attempt_is_lost() {
    let text = "loomwork: 1\nid: again\nsteps:\n  - id: flaky\n    retry: { attempts: 2, backoff: constant, initial: 2s, jitter: none }\n    \
                run: |\n      echo \"try $LOOMWORK_ATTEMPT\" >> effects\n      [ \"$LOOMWORK_ATTEMPT\" = 2 ] || exit 75\n";
    let workspace = Workspace::new(&[("again", text)]);
    let owner = workspace.serve();
    let run = workspace.start("again");
    let waiting = workspace.wait_for_run(&run, "the wait for the next attempt", |run| run.step_status("flaky") == "retrying");
    let due = waiting.step("flaky")["due_at"].clone();
    assert!(due.is_string());
    owner.kill();

    let owner = workspace.serve();
    let resumed = workspace.show(&run);
    assert_eq!((resumed.step_status("flaky"), &resumed.step("flaky")["due_at"]), ("retrying", &due));
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.attempts("flaky"), ["failed", "succeeded"]);
    let second = ended.step("flaky")["attempts"][1]["started_at"].as_str().unwrap().to_owned();
    assert!(second.as_str() >= due.as_str().unwrap(), "attempt 2 started at {second}, due was {due}");
    assert_eq!(workspace.lines("effects"), ["try 1", "try 2"]);
    owner.stop();
    assert_eq!(workspace.journal().assert_whole(), 0);
}

#[test]
fn killed_right_after_an_output_was_written_the_output_is_that_of_the_attempt_that_ended() {
    let text = format!(
        "loomwork: 1\nid: writer\nsteps:\n  - id: write\n    run: |\n      echo \"{{\\\"attempt\\\": $LOOMWORK_ATTEMPT}}\" > \"$LOOMWORK_OUTPUT\"\n      \
         echo \"written $LOOMWORK_ATTEMPT\" >> effects\n      {}\n  - id: read\n    run: echo \"read $VALUE\" >> effects\n    env: {{ VALUE: \"${{{{ steps.write.output.attempt }}}}\" }}\n",
        gate("go")
    );
    let workspace = Workspace::new(&[("writer", &text)]);
    let owner = workspace.serve();
    let run = workspace.start("writer");
    workspace.wait_for_line("effects", "written 1");
    owner.kill();

    let owner = workspace.serve();
    workspace.wait_for_line("effects", "written 2");
    workspace.open_gate("go");
    let ended = workspace.ends(&run, "succeeded");
    assert_eq!(ended.step("write")["output"], serde_json::json!({"attempt": 2}));
    assert_eq!(workspace.lines("effects"), ["written 1", "written 2", "read 2"]);
    owner.stop();
    workspace.journal().assert_whole();
}

#[test]
fn the_processes_of_a_dead_owner_are_ended_before_their_step_is_done_again() {
    let text = "loomwork: 1\nid: family\nsteps:\n  - id: parent\n    run: |\n      \
                for pid in $(cat pids 2>/dev/null); do grep -qs '^State:.[^ZX]' /proc/$pid/status && echo \"alive $pid\" >> effects; done\n      \
                trap '' TERM HUP\n      if [ $LOOMWORK_ATTEMPT = 2 ]; then exit 0; fi\n      \
                echo $$ >> pids\n      setsid bash -c 'trap \"\" TERM HUP; echo $$ >> pids; while :; do sleep 0.1; done' > /dev/null 2>&1 < /dev/null &\n      \
                until [ $(wc -l < pids) = 2 ]; do sleep 0.02; done\n      echo up >> effects\n      while :; do sleep 0.1; done\n";
    let workspace = Workspace::new(&[("family", text)]);
    let owner = workspace.serve();
    let run = workspace.start("family");
    workspace.wait_for_line("effects", "up");
    owner.kill();
    let pids = workspace.lines("pids");
    assert!(pids.iter().all(|pid| is_alive(pid)), "without an owner nobody ends them");

    let owner = workspace.serve();
    workspace.ends(&run, "succeeded");
    assert_eq!(workspace.lines("effects"), ["up"]);
    assert!(!pids.iter().any(|pid| is_alive(pid)));
    owner.stop();
    assert_eq!(workspace.journal().assert_whole(), 1);
}

#[test]
fn a_run_whose_terminal_was_killed_goes_on_with_the_next_owner() {
    let text = format!("loomwork: 1\nid: gated\nsteps:\n  - {{ id: wait, run: \"echo up >> effects; {}\" }}\n", gate("go"));
    let workspace = Workspace::new(&[("gated", &text)]);
    let mut terminal = workspace.command(&["run", "gated"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    workspace.wait_for_line("effects", "up");
    terminal.kill().unwrap();
    terminal.wait().unwrap();

    let owner = workspace.serve();
    workspace.open_gate("go");
    let list = workspace.json(&["runs"]).exits(0).json();
    let run = list["runs"][0]["id"].as_str().unwrap();
    assert_eq!(workspace.ends(run, "succeeded").attempts("wait"), ["lost", "succeeded"]);
    owner.stop();
    workspace.journal().assert_whole();
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie has ended; only nobody has asked for its exit code yet.
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}
