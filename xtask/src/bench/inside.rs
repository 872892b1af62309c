//! Speeds of the engine inside one process, by its own example `speed`: what is compared there is measured in turns.
//!
//! Not here: how each figure comes about (`crates/loomwork-engine/examples/speed`).

use serde_json::Value;

use super::{Bound, Measured, middle, workspace};
use crate::shell::{Done, capture, cargo, command, run, target_folder};

const ROUNDS: usize = 3;
const MEBI: f64 = 1_048_576.0;

/// The figures of one group of the example, the middle ones of some rounds.
struct Figures(Vec<Value>);

impl Figures {
    fn of(group: &str) -> Done<Self> {
        Self::by("loomwork-engine", "speed", group)
    }

    fn by(package: &str, example: &str, group: &str) -> Done<Self> {
        // Nearly as fast as what is shipped, without the minutes that optimising across crates takes.
        run(cargo().args(["build", "--locked", "--profile", "quick", "--package", package, "--example", example]))?;
        let name = format!("{example}{}", std::env::consts::EXE_SUFFIX);
        let program = target_folder()?.join("quick").join("examples").join(name);
        let folder = workspace(group)?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let line = capture(command(&program).arg(group).current_dir(&folder))?;
            let said: Value = serde_json::from_str(&line).map_err(|error| format!("the measurement cannot be read: {error}"))?;
            rounds.push(said["figures"].clone());
        }
        Ok(Self(rounds))
    }

    /// The middle one; no number where the system does not tell.
    fn get(&self, pointer: &str) -> f64 {
        middle(self.0.iter().map(|round| round.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)).collect())
    }

    fn at_most(&self, name: &'static str, value: f64, bound: f64, unit: &'static str, details: String) -> Measured {
        Measured { name, value, bound: Bound::AtMost(bound), unit, details }
    }

    fn at_least(&self, name: &'static str, pointer: &str, bound: f64, unit: &'static str, details: String) -> Measured {
        Measured { name, value: self.get(pointer), bound: Bound::AtLeast(bound), unit, details }
    }
}

/// A chain of effects beside the commits that the disk allows.
pub(super) fn effects() -> Done<Vec<Measured>> {
    let figures = Figures::of("effects")?;
    let details = format!(
        "{:.0} steps/s beside {:.0} bare commits/s of 3 records of {:.0} bytes and a link",
        figures.get("/steps_per_s"),
        figures.get("/commits_per_s"),
        figures.get("/bytes_per_record"),
    );
    let name = "a chain of effects, to the commit rate of the disk";
    Ok(vec![figures.at_least(name, "/percent_of_commit_rate", 80.0, "%", details)])
}

/// Many steps at once.
pub(super) fn steps() -> Done<Vec<Measured>> {
    let figures = Figures::of("steps")?;
    let plain = || "request to durable end".to_owned();
    Ok(vec![
        figures.at_least("a chain of 1,000 set steps", "/chain_of_set_per_s", 50_000.0, "/s", plain()),
        figures.at_least("a fan-out of 1,000 set steps", "/fan_out_of_set_per_s", 20_000.0, "/s", plain()),
        figures.at_least("a fan-out of 1,000 effects", "/fan_out_of_effects_per_s", 20_000.0, "/s", plain()),
        figures.at_least("200 runs of 5 set steps by one request", "/runs_of_set_per_s", 10_000.0, "/s", plain()),
        figures.at_least("200 runs of 5 effects by one request", "/runs_of_effects_per_s", 10_000.0, "/s", plain()),
    ])
}

/// Many runs by one request of the contract, until a watcher knows that all have ended.
pub(super) fn together() -> Done<Vec<Measured>> {
    let figures = Figures::by("loomwork-app", "together", "together")?;
    let details = "a request of the contract, to the last news of a watcher".to_owned();
    Ok(vec![figures.at_least("200 runs of 5 set steps by one API call", "/per_s", 10_000.0, "/s", details)])
}

/// How soon steps start.
pub(super) fn latency() -> Done<Vec<Measured>> {
    let figures = Figures::of("latency")?;
    let commit = || {
        format!("a bare commit takes {:.2} ms, 95 of 100 {:.2} ms", figures.get("/commit_p50_ms"), figures.get("/commit_p95_ms"))
    };
    let whole =
        || format!("half within {:.2} ms, 95 of 100 within {:.2} ms", figures.get("/next_p50_ms"), figures.get("/next_p95_ms"));
    let get = |pointer| figures.get(pointer);
    Ok(vec![
        figures.at_most("request to first step, half", get("/first_p50_ms"), 2.0, "ms", commit()),
        figures.at_most("request to first step, 95 of 100", get("/first_p95_ms"), 10.0, "ms", commit()),
        figures.at_most("step to step beyond a commit, half", get("/next_p50_beyond_ms"), 0.5, "ms", whole()),
        figures.at_most("step to step beyond a commit, 95 of 100", get("/next_p95_beyond_ms"), 3.0, "ms", whole()),
    ])
}

/// Long runs: time that grows with the steps alone, and memory.
pub(super) fn long() -> Done<Vec<Measured>> {
    let figures = Figures::of("long")?;
    let get = |pointer: &str| figures.get(pointer);
    let growth = |few: &str, many: &str| {
        let (few, many) = (get(&format!("/{few}_s")), get(&format!("/{many}_s")));
        (many / few / 10.0, format!("{few:.2} s and {many:.2} s"))
    };
    let (steps, steps_took) = growth("steps_10000", "steps_100000");
    let (elements, elements_took) = growth("elements_1000", "elements_10000");
    let kilo = 1_000.0;
    Ok(vec![
        figures.at_most("a run of 100,000 steps, each to one of 10,000", steps, 1.3, "×", steps_took),
        figures.at_most("a for_each of 10,000, each to one of 1,000", elements, 1.3, "×", elements_took),
        figures.at_most("memory of a step of 100,000", get("/steps_100000_bytes_each") / kilo, 2.0, "kB", String::new()),
        figures.at_most("memory of an element of 10,000", get("/elements_10000_bytes_each") / kilo, 2.0, "kB", String::new()),
    ])
}

/// An engine that does nothing, and one with runs that have begun.
pub(super) fn memory() -> Done<Vec<Measured>> {
    let figures = Figures::of("active")?;
    let details = || "200 runs of 100 steps".to_owned();
    Ok(vec![
        figures.at_most("memory of an idle engine", figures.get("/idle_bytes") / MEBI, 40.0, "MB", "the process".to_owned()),
        figures.at_most("memory of an active run", figures.get("/bytes_per_run") / MEBI, 5.0, "MB", details()),
    ])
}

/// Runs that wait for a time.
pub(super) fn timers() -> Done<Vec<Measured>> {
    let figures = Figures::of("timers")?;
    let details = format!("in 5 s, {:.1} ms without any run", figures.get("/empty_ms"));
    let name = "processor time of 1,000 waiting runs";
    Ok(vec![figures.at_most(name, figures.get("/waiting_ms"), 10.0, "ms", details)])
}

/// A restart with many open runs.
pub(super) fn recovery() -> Done<Vec<Measured>> {
    let figures = Figures::of("recovery")?;
    let name = "a restart with 1,000 open runs";
    Ok(vec![figures.at_most(name, figures.get("/seconds"), 5.0, "s", "20 effects done in each".to_owned())])
}

/// What watching costs.
pub(super) fn recording() -> Done<Vec<Measured>> {
    let figures = Figures::of("recording")?;
    let work = figures.get("/percent_more_work");
    let details = format!("with an observer that reads every event, and checkpoints; {work:.1} % more processor time");
    Ok(vec![figures.at_most("a watched run to an unwatched one", figures.get("/percent_more"), 5.0, "% more", details)])
}

/// Keeping, restoring and the size of checkpoints, of a run with 1,000 steps that ran.
pub(super) fn checkpoints() -> Done<Vec<Measured>> {
    let figures = Figures::of("checkpoints")?;
    let half = |of: &str| format!("half of them within {:.1} ms", figures.get(&format!("/{of}/p50_ms")));
    let size = format!("{:.0} bytes for {:.0} events", figures.get("/bytes"), figures.get("/events"));
    let created = figures.get("/create/p95_ms");
    let restored = figures.get("/restore/p95_ms");
    Ok(vec![
        figures.at_most("a checkpoint of 1,000 steps, 95 of 100", created, 100.0, "ms", half("create")),
        figures.at_most("a restored checkpoint, 95 of 100", restored, 500.0, "ms", half("restore")),
        figures.at_least("what compressing a checkpoint spares", "/saved_percent", 60.0, "%", size),
    ])
}
