//! The repository's own commands: `cargo xtask app`, `test`, `codegen`, `tidy`, `bench`, `simulate`, `fuzz`.
//!
//! Invariants: each command does its own set-up, says what it installs before it does, and can be given again at any time;
//! a command succeeds only if everything that it ran succeeded.
//!
//! Not here: what is built and tested. This crate starts other programs and counts what they say.

#![allow(clippy::print_stdout, reason = "this is a command for people at a terminal")]

mod app;
mod bench;
mod codegen;
mod fuzz;
mod set_up;
mod shell;
mod simulate;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  app [--workspace DIR] [--release]   set up, build and open the window (without a display: serve it to the browser)
  test                                set up and run everything that must hold before a change is taken
  codegen [--check]                   write the TypeScript of the contract to ui/src/generated, or compare it
  tidy                                check sizes, dependency direction, words and files
  bench [NAME…]                       measure the bounds that are promised, in a release build
  simulate [--seed N] [--minutes M]   judge histories of the simulated world from seed N on, in a release build
  fuzz [--minutes N] [TARGET…]        hunt for inputs that break a promise, N minutes (5) a target
  set-up [--test]                     install what building (and testing) needs, and nothing else";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.split_first() {
        Some((&"app", rest)) => app::app(rest),
        Some((&"test", [])) => test::test(),
        Some((&"codegen", [])) => codegen::write(),
        Some((&"codegen", ["--check"])) => codegen::check(),
        Some((&"tidy", [])) => tidy::tidy(),
        Some((&"bench", names)) => bench::bench(names),
        Some((&"simulate", words)) => simulate::simulate(words),
        Some((&"fuzz", words)) => fuzz::fuzz(words),
        Some((&"set-up", [])) => set_up::for_building(),
        Some((&"set-up", ["--test"])) => set_up::for_testing(),
        Some((&("help" | "--help" | "-h"), _)) => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
