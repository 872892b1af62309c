//! What the engine takes of time and memory on a real disk, inside one process. Arguments: the names of groups, else all. Each
//! group prints one JSON line, in which everything that is compared was measured in turns.
//!
//! Not here: bounds, and the middle of several rounds (`cargo xtask bench`).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and stops at the first surprise")]

mod checkpoints;
mod commits;
mod effects;
mod engine;
mod memory;
mod recording;
mod recovery;
mod steps;
mod timers;

use serde_json::Value;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    // Only for checkpoints: how long the run is.
    let steps = wanted.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000);
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let say = |name: &str, figures: Value| println!("{}", serde_json::json!({ "group": name, "figures": figures }));
    if wants("effects") {
        say("effects", effects::measure().await);
    }
    if wants("steps") {
        say("steps", steps::measure().await);
    }
    if wants("latency") {
        say("latency", effects::latency().await);
    }
    if wants("long") {
        say("long", memory::long().await);
    }
    if wants("active") {
        say("active", memory::active().await);
    }
    if wants("timers") {
        say("timers", timers::measure().await);
    }
    if wants("recovery") {
        say("recovery", recovery::measure().await);
    }
    if wants("recording") {
        say("recording", recording::measure().await);
    }
    if wants("checkpoints") {
        say("checkpoints", checkpoints::measure(steps).await);
    }
}
