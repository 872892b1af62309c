//! Speeds of the engine, through the command line: runs of many steps, and processes beside bare spawning.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;

use super::{Bound, Measured, middle, workspace};
use crate::app::build;
use crate::shell::{Done, capture, command};

const STEPS: usize = 1_000;
const PROCESSES: usize = 200;
const AT_ONE_TIME: usize = 8;
const ROUNDS: usize = 3;

/// A chain of pure steps.
pub(super) fn chain() -> Done<Vec<Measured>> {
    let mut text = String::from("loomwork: 1\nid: chain\nsteps:\n  - id: s0\n    set: { n: 0 }\n");
    for step in 1..STEPS {
        let before = step - 1;
        let _ = writeln!(
            text,
            "  - id: s{step}\n    needs: [s{before}]\n    set: {{ n: \"${{{{ steps.s{before}.output.n + 1 }}}}\" }}"
        );
    }
    many("a chain of 1,000 set steps", "chain", &text)
}

/// Pure steps that depend on one.
pub(super) fn fan_out() -> Done<Vec<Measured>> {
    let mut text = String::from("loomwork: 1\nid: fan_out\nsteps:\n  - id: start\n    set: { n: 1 }\n");
    for step in 1..=STEPS {
        let _ =
            writeln!(text, "  - id: s{step}\n    needs: [start]\n    set: {{ n: \"${{{{ steps.start.output.n + {step} }}}}\" }}");
    }
    many("a fan-out of 1,000 set steps", "fan_out", &text)
}

fn many(name: &'static str, id: &str, text: &str) -> Done<Vec<Measured>> {
    let loomwork = build("loomwork-cli", "loomwork", true)?;
    let folder = workspace(id)?;
    write(&folder, id, text)?;
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        // Pure steps that are decided together happen at the same moment, so the run's own duration would say nothing.
        let began = Instant::now();
        run(&loomwork, &folder, id)?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    let details = "the whole command, the engine's start and end with it".to_owned();
    Ok(vec![Measured { name, value: middle(seconds), bound: Bound::AtMost(1.0), unit: "s", details }])
}

/// Processes that do nothing, beside spawning them bare.
pub(super) fn processes() -> Done<Vec<Measured>> {
    let loomwork = build("loomwork-cli", "loomwork", true)?;
    let folder = workspace("processes")?;
    let mut text = String::from("loomwork: 1\nid: processes\nsteps:\n");
    for step in 0..PROCESSES {
        let _ = writeln!(text, "  - id: s{step}\n    command: [\"true\"]");
        // Each waits for the one so many before it: this many run at one time, however many slots the machine has.
        if step >= AT_ONE_TIME {
            let _ = writeln!(text, "    needs: [s{}]", step - AT_ONE_TIME);
        }
    }
    write(&folder, "processes", &text)?;
    let (mut ratios, mut ours, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let spawned = spawn_bare()?;
        let ran = run(&loomwork, &folder, "processes")?;
        ratios.push(100.0 * spawned / ran);
        ours.push(ran);
        bare.push(spawned);
    }
    let details = format!("{:.3} s as steps, {:.3} s bare", middle(ours), middle(bare));
    let name = "200 processes, 8 at a time, to bare spawning";
    Ok(vec![Measured { name, value: middle(ratios), bound: Bound::AtLeast(70.0), unit: "%", details }])
}

fn write(folder: &Path, id: &str, text: &str) -> Done {
    let file = folder.join("workflows").join(format!("{id}.yaml"));
    std::fs::write(&file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}

/// Runs a workflow to its end; says how many seconds the run took.
fn run(loomwork: &Path, folder: &Path, id: &str) -> Done<f64> {
    let text = capture(command(loomwork).arg("--workspace").arg(folder).args(["--json", "run", id]))?;
    let run: Value = serde_json::from_str(&text).map_err(|error| format!("the run of {id} cannot be read: {error}"))?;
    if run["status"] != "succeeded" {
        return Err(format!("the run of {id} is {}: {}", run["status"], run["error"]));
    }
    // The run says it in whole milliseconds.
    run["duration_ms"].as_f64().map(|ms| ms / 1_000.0).ok_or_else(|| format!("the run of {id} has no duration"))
}

/// Spawns the processes as the steps do, without anything around them; says how many seconds it took.
fn spawn_bare() -> Done<f64> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let spawn = || {
            while next.fetch_add(1, Ordering::Relaxed) < PROCESSES {
                let status = Command::new("true").stdin(Stdio::null()).status();
                if !status.is_ok_and(|status| status.success()) {
                    return Err("`true` cannot be run".to_owned());
                }
            }
            Ok(())
        };
        let workers: Vec<_> = (0..AT_ONE_TIME).map(|_| scope.spawn(spawn)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a thread failed".to_owned())?)
    })?;
    Ok(began.elapsed().as_secs_f64())
}
