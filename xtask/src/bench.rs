//! `cargo xtask bench`: the bounds that are promised, measured in an optimised build, beside what the machine allows.
//!
//! Invariants: what is compared is measured in the same run; every figure is the middle one of three; a bound that is not met is
//! said, and fails nothing: a busy machine is no defect.

mod analysis;
mod display;
mod driver;
mod engine;
mod inside;
mod window;

use std::path::PathBuf;

use crate::set_up;
use crate::shell::{Done, target_folder};

/// What was measured, beside its bound.
struct Measured {
    name: &'static str,
    value: f64,
    bound: Bound,
    unit: &'static str,
    /// How it came about.
    details: String,
}

/// What a figure must be.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Measured {
    /// Whether the bound is met; none when the figure could not be measured on this system.
    fn is_met(&self) -> Option<bool> {
        let met = match self.bound {
            Bound::AtMost(bound) => self.value <= bound,
            Bound::AtLeast(bound) => self.value >= bound,
        };
        (!self.value.is_nan()).then_some(met)
    }

    fn line(&self) -> String {
        let Self { name, value, bound, unit, details } = self;
        let verdict = match self.is_met() {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "unknown",
        };
        let (word, bound) = match bound {
            Bound::AtMost(bound) => ("at most", bound),
            Bound::AtLeast(bound) => ("at least", bound),
        };
        let digits = if *value >= 1_000.0 { 0 } else { 3 };
        format!("{verdict:<8} {name:<50} {value:>10.digits$} {unit:<6} ({word} {bound} {unit}) {details}")
    }
}

type Bench = fn() -> Done<Vec<Measured>>;

/// The benches by name.
const BENCHES: [(&str, Bench); 15] = [
    ("active", inside::memory),
    ("analysis", analysis::analysis),
    ("chain", engine::chain),
    ("checkpoints", inside::checkpoints),
    ("effects", inside::effects),
    ("fan-out", engine::fan_out),
    ("latency", inside::latency),
    ("long", inside::long),
    ("processes", engine::processes),
    ("recording", inside::recording),
    ("recovery", inside::recovery),
    ("steps", inside::steps),
    ("timers", inside::timers),
    ("together", inside::together),
    ("window", window::window),
];

/// Runs the named benches, or all.
pub(crate) fn bench(names: &[&str]) -> Done {
    let known = BENCHES.map(|(name, _)| name);
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("there is no bench `{unknown}`; there are {}", known.join(", ")));
    }
    let chosen = BENCHES.into_iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    if names.is_empty() || names.contains(&"window") {
        set_up::for_testing()?;
        set_up::interface()?;
    }
    let mut measured = Vec::new();
    for (name, bench) in chosen {
        println!("measuring {name}");
        measured.extend(bench()?);
    }
    // Whoever reads the figures has to know what else the machine was doing.
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("\n{cores} cores, load averages {}", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
    for figure in &measured {
        println!("{}", figure.line());
    }
    let missed = measured.iter().filter(|figure| figure.is_met() == Some(false)).count();
    println!("{missed} of {} bounds are not met", measured.len());
    Ok(())
}

/// An empty workspace on the disk that is built on; a file system in memory would flatter the journal.
fn workspace(name: &str) -> Done<PathBuf> {
    let folder = target_folder()?.join("bench").join(name);
    let failed = |error: std::io::Error| format!("{} cannot be made: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder.join("workflows")).map_err(failed)?;
    Ok(folder)
}

/// The middle one of some figures.
fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
