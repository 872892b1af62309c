//! Prints one history of the simulated world. Argument: the seed.
#![allow(clippy::print_stdout, reason = "it prints")]

use loomwork_testkit::{World, broken_rules, history};

fn main() {
    let seed = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
    let (mut world, text): (World, String) = history(seed);
    println!("{text}");
    for record in world.journal() {
        let data = String::from_utf8_lossy(&record.data).chars().take(110).collect::<String>();
        let run = record.run.as_deref().unwrap_or("-");
        println!(
            "{:>4} {:>6} {run} {} {} {} {data}",
            record.seq,
            record.at_ms - 1_000_000,
            record.actor,
            record.kind,
            record.step.as_deref().unwrap_or("")
        );
    }
    println!("{:?} {:?}", world.broken, broken_rules(&world.journal()));
    for run in world.runs() {
        if let Some(active) = world.read(&run) {
            println!("{run}: {}", loomwork_testkit::fingerprint(&active));
        }
    }
}
