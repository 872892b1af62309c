//! `cargo xtask test`: everything that must hold before a change is taken, in the order in which it fails fastest.
//!
//! Invariants: a failing stage does not keep the others from running, unless they could not mean anything without it; the numbers
//! in the last line are counted from what the test programs said.

mod count;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use count::Count;

use crate::app::program;
use crate::set_up;
use crate::shell::{Done, cargo, command, find_program, listen, npm, root, run, succeeds};
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
    session.stage("interface: types and rooms", |_| run(npm("ui").args(["run", "check"])));
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
    system_stages(&mut session);
    session.finish()
}

fn interface_tests(count: &mut Count) -> Done {
    let report = root().join("test-results/interface.json");
    // An old report must not be counted again.
    let _ = std::fs::remove_file(&report);
    let file = format!("--outputFile.json={}", report.display());
    let outcome = run(npm("ui").args(["run", "test", "--", "--reporter=default", "--reporter=json", &file]));
    count.vitest(&std::fs::read_to_string(&report).unwrap_or_default());
    outcome
}

/// The stages that build and test the programs.
fn system_stages(session: &mut Session) {
    // One selection of packages for all that is built: with another one cargo would choose other features and build everything again.
    let mut programs = None;
    session.stage("build", |_| {
        run(cargo().args(["build", "--locked", "--workspace", "--all-targets"]))?;
        programs = Some((program("loomwork", false)?, program("loomwork-desktop", false)?));
        Ok(())
    });
    // Without the programs there is nothing to test, and the stage before has said why.
    let Some((loomwork, window)) = programs else { return };
    session.stage("crates and whole system", |count| {
        let mut tests = cargo();
        tests.args(["test", "--locked", "--no-fail-fast", "--workspace"]).env("LOOMWORK_BIN", &loomwork);
        listen(&mut tests, |line| count.cargo(line))
    });
    session.stage("conformance", |count| {
        let mut cases = command("python3");
        cases.args(["tests/conformance/run.py", "--jobs", "2", "--slow", "3", "--bin"]).arg(&loomwork);
        whole(cases.arg("tests/conformance/cases"), |line| count.plain(line))
    });
    session.stage("browser: types", |_| run(npm("tests/browser").args(["run", "check"])));
    session.stage("browser", |count| {
        let mut tests = suite("tests/browser/run.mjs", &loomwork);
        if let Some(browser) = find_program("chromium") {
            tests.env("CHROMIUM", browser);
        }
        whole(&mut tests, |line| count.playwright(line))
    });
    session.stage("window", |count| {
        let mut tests = suite("tests/window/run.mjs", &loomwork);
        tests.env("LOOMWORK_DESKTOP_BIN", &window).env("TAURI_DRIVER", set_up::tauri_driver()?);
        // The window must not find a compositor of the person at the machine.
        whole(tests.env_remove("WAYLAND_DISPLAY"), |line| count.node(line))
    });
}

fn suite(script: &str, loomwork: &Path) -> Command {
    let mut suite = command("node");
    suite.arg(script).env("LOOMWORK_BIN", loomwork);
    suite
}

/// Runs a suite that leaves itself out where its tools are missing. Where the set-up installs them, that is a failure.
fn whole(suite: &mut Command, mut each: impl FnMut(&str)) -> Done {
    let mut left_out = None;
    listen(suite, |line| {
        if line.starts_with("skipped: no ") {
            left_out = Some(line.to_owned());
        }
        each(line);
    })?;
    match left_out {
        Some(reason) if set_up::installs_packages() => Err(reason),
        _ => Ok(()),
    }
}
