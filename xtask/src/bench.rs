//! `cargo xtask bench`: the bounds that are promised, measured in a release build of the programs that people use.
//!
//! Invariants: what is compared is measured in the same run; every figure is the middle one of three; a broken bound fails the
//! command. Not here: where the time goes, which `crates/loomwork-engine/examples/speed.rs` helps to find.

mod analysis;
mod checkpoints;
mod display;
mod driver;
mod engine;
mod window;

use std::path::PathBuf;

use crate::set_up;
use crate::shell::{Done, target_folder};

/// What was measured, beside its bound.
struct Measured {
    name: &'static str,
    value: f64,
    bound: f64,
    unit: &'static str,
    /// How it came about.
    details: String,
}

type Bench = fn() -> Done<Vec<Measured>>;

/// The benches by name.
const BENCHES: [(&str, Bench); 6] = [
    ("analysis", analysis::analysis),
    ("chain", engine::chain),
    ("checkpoints", checkpoints::checkpoints),
    ("fan-out", engine::fan_out),
    ("processes", engine::processes),
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
    for Measured { name, value, bound, unit, details } in &measured {
        let verdict = if value <= bound { "kept  " } else { "BROKEN" };
        println!("{verdict}  {name:<44} {value:>8.3} {unit:<2} (at most {bound} {unit}) {details}");
    }
    let broken: Vec<&str> = measured.iter().filter(|m| m.value > m.bound).map(|m| m.name).collect();
    if broken.is_empty() { Ok(()) } else { Err(format!("bounds that are not kept: {}", broken.join(", "))) }
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
