//! Real processes: what they are given, what they write, how they end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod input;
mod output;
mod setting;
mod trees;
