//! The whole system, seen from outside: the real program on real workspaces.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod amend;
mod contract;
mod crash;
mod crash_at_random;
mod disk;
mod documentation;
mod earlier;
mod examples;
mod guests;
mod line;
mod plans;
mod processes;
mod refusals;
mod removal;
mod versions;
