//! `cargo xtask test`: everything that must hold before a change is taken, in the order in which it fails fastest.
//!
//! Invariants: a failing stage does not keep the others from running, unless they could not mean anything without it; the numbers
//! in the last line are counted from what the test programs said.

mod count;
mod display;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use count::Count;
pub(crate) use display::Display;

use crate::app::build;
use crate::set_up;
use crate::shell::{Done, cargo, find_program, listen, npm, root, run, succeeds, target_folder};
use crate::{codegen, tidy};

/// A stage that has run.
struct Stage {
    name: &'static str,
    took: Duration,
    outcome: Done,
}

/// The stages so far.
#[derive(Default)]
struct Session {
    stages: Vec<Stage>,
    count: Count,
}

impl Session {
    fn stage(&mut self, name: &'static str, stage: impl FnOnce(&mut Count) -> Done) -> bool {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = stage(&mut self.count);
        if let Err(message) = &outcome {
            println!("{message}");
        }
        let passed = outcome.is_ok();
        self.stages.push(Stage { name, took: started.elapsed(), outcome });
        passed
    }

    fn finish(self) -> Done {
        println!();
        for Stage { name, took, outcome } in &self.stages {
            println!("{:>7.1} s  {}  {name}", took.as_secs_f64(), if outcome.is_ok() { "ok    " } else { "FAILED" });
        }
        let total: Duration = self.stages.iter().map(|stage| stage.took).sum();
        println!("{:>7.1} s  in all", total.as_secs_f64());
        let failed: Vec<&str> = self.stages.iter().filter(|stage| stage.outcome.is_err()).map(|stage| stage.name).collect();
        if failed.is_empty() && self.count.failed == 0 {
            println!("{}", self.count);
            return Ok(());
        }
        println!("failed stages: {}", failed.join(", "));
        println!("{}", self.count);
        Err("not everything passed".to_owned())
    }
}

/// Sets up and runs everything.
pub(crate) fn test() -> Done {
    let mut session = Session::default();
    if !session.stage("set-up", |_| set_up::for_testing()) {
        return session.finish();
    }
    session.stage("format", |_| run(cargo().args(["fmt", "--all", "--check"])));
    session.stage("tidy", |_| tidy::tidy());
    session.stage("interface: types and rooms", |_| run(npm().args(["run", "check"])));
    session.stage("interface: tests", interface_tests);
    session.stage("interface: build", |_| set_up::interface());
    session.stage("generated TypeScript", |_| codegen::check());
    session.stage("clippy", |_| {
        run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
    });
    if succeeds(cargo().args(["deny", "--version"])) {
        session.stage("licences and sources of dependencies", |_| {
            // Advisories need a download of their own and change without any change here.
            run(cargo().args(["deny", "--locked", "check", "licenses", "bans", "sources"]))
        });
    } else {
        println!("\ncargo-deny is not installed; licences and sources of dependencies are not checked");
    }
    session.stage("crates", |count| {
        let arguments = ["test", "--locked", "--no-fail-fast", "--workspace", "--exclude", "loomwork-tests"];
        listen(cargo().args(arguments), |line| count.cargo(line))
    });
    session.stage("whole system", system_tests);
    session.finish()
}

fn interface_tests(count: &mut Count) -> Done {
    let report = root().join("test-results/interface.json");
    // An old report must not be counted again.
    let _ = std::fs::remove_file(&report);
    let file = format!("--outputFile.json={}", report.display());
    let outcome = run(npm().args(["run", "test", "--", "--reporter=default", "--reporter=json", &file]));
    count.vitest(&std::fs::read_to_string(&report).unwrap_or_default());
    outcome
}

/// What the whole-system tests are told by their environment: the programs under test, the drivers, and a display.
fn system_tests(count: &mut Count) -> Done {
    let loomwork = build("loomwork-cli", "loomwork", false)?;
    let window = build("loomwork-desktop", "loomwork-desktop", false)?;
    let display = Display::open()?;
    let mut tests = cargo();
    tests
        .args(["test", "--locked", "--no-fail-fast", "--package", "loomwork-tests"])
        .env("LOOMWORK_BIN", loomwork)
        .env("LOOMWORK_DESKTOP_BIN", window)
        .env("LOOMWORK_TEST_RESULTS", test_results()?)
        .env("DISPLAY", display.name())
        // The window must not find a compositor of the person at the machine instead.
        .env_remove("WAYLAND_DISPLAY");
    let programs = [
        ("LOOMWORK_BROWSER", find_program("chromium").or_else(|| find_program("google-chrome"))),
        ("LOOMWORK_WEBKIT_DRIVER", find_program("WebKitWebDriver")),
        ("LOOMWORK_TAURI_DRIVER", Some(set_up::tauri_driver()?)),
    ];
    for (name, program) in programs {
        let program =
            program.ok_or_else(|| format!("the program for {name} is not installed; see `cargo xtask set-up --test`"))?;
        tests.env(name, program);
    }
    listen(&mut tests, |line| count.cargo(line))
}

/// The folder for screenshots and traces, outside the repository.
fn test_results() -> Done<PathBuf> {
    let folder = target_folder()?.join("test-results");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    Ok(folder)
}
