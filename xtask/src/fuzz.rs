//! `cargo xtask fuzz`: libFuzzer against everything that takes bytes from outside, longer than the tests have time for.
//!
//! Invariant: a crash, a hang of 10 s and memory beyond 2 GB are failures, whose input is named for keeping in the corpus.
//!
//! Not here: the promises themselves (`tests/fuzz/src`), and the kept inputs, which the tests replay.

use std::path::PathBuf;

use crate::shell::{Done, cargo, root, run, succeeds, target_folder};

const TARGETS: [&str; 5] = ["file", "expression", "edits", "import", "jq"];

/// Hunts in the named targets, or in all, for some minutes each.
pub(crate) fn fuzz(words: &[&str]) -> Done {
    let (minutes, names) = parse(words)?;
    let tool = set_up()?;
    let mut failures = Vec::new();
    for name in TARGETS.into_iter().filter(|name| names.is_empty() || names.contains(name)) {
        println!("\n== {name}, {minutes} min");
        if let Err(message) = hunt(&tool, name, minutes) {
            println!("{message}");
            failures.push(name);
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!(
        "found in {}: mend it, and keep the input (tests/fuzz/artifacts/TARGET) in tests/fuzz/corpus/TARGET, which the tests replay",
        failures.join(", ")
    ))
}

fn parse<'w>(words: &[&'w str]) -> Done<(u64, Vec<&'w str>)> {
    let (mut minutes, mut names) = (5, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--minutes" => {
                let value = words.next().and_then(|value| value.parse().ok());
                minutes = value.ok_or("`--minutes` needs a number")?;
            }
            name if TARGETS.contains(&name) => names.push(name),
            other => return Err(format!("there is no target `{other}`; there are {}", TARGETS.join(", "))),
        }
    }
    Ok((minutes, names))
}

/// cargo-fuzz, installed if it is not here.
fn set_up() -> Done<PathBuf> {
    let tools = target_folder()?.join("tools");
    let tool = tools.join("bin/cargo-fuzz");
    if !tool.is_file() && succeeds(cargo().args(["fuzz", "--version"])) {
        return Ok(PathBuf::from("cargo-fuzz"));
    }
    if !tool.is_file() {
        println!("Installing cargo-fuzz to {}", tools.display());
        run(cargo().args(["install", "cargo-fuzz", "--locked", "--root"]).arg(&tools))?;
    }
    Ok(tool)
}

fn hunt(tool: &PathBuf, name: &str, minutes: u64) -> Done {
    let built = target_folder()?.join("fuzz");
    let found = built.join("corpus").join(name);
    std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    let folder = root().join("tests/fuzz");
    let mut fuzz = crate::shell::command(tool);
    // No sanitizer: there is no unsafe code of ours to watch, and without it the stable compiler will do.
    fuzz.args(["fuzz", "run", "--sanitizer", "none", "--features", "libfuzzer", "--fuzz-dir"]).arg(&folder);
    fuzz.arg("--target-dir").arg(&built).arg(name).arg(&found).arg(folder.join("corpus").join(name));
    fuzz.arg("--").arg(format!("-max_total_time={}", minutes * 60));
    fuzz.args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1", "-verbosity=1"]);
    // Optimising across crates would take longer than it saves.
    run(fuzz.env("CARGO_PROFILE_RELEASE_LTO", "off"))
}
