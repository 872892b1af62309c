//! Commands, requests, jq programs and secrets, each as an attempt that the engine would hand out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod http;
mod jq;
mod secrets;
mod server;
mod setting;
