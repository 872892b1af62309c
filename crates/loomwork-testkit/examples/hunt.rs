//! Judges one history after the other until the time is over, or one breaks a rule. Arguments: the first seed, and the minutes;
//! with 0 minutes only that one history.
#![allow(clippy::print_stdout, reason = "it prints")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use loomwork_testkit::{judge, judge_every_moment};

fn broken(seed: u64) -> Vec<String> {
    let broken = judge(seed);
    if broken.is_empty() { judge_every_moment(seed) } else { broken }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(Ok(first)), Some(Ok(minutes))) = (arguments.next(), arguments.next()) else {
        println!("usage: hunt SEED MINUTES");
        return ExitCode::from(2);
    };
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let (next, found) = (AtomicU64::new(first), Mutex::new(None::<(u64, Vec<String>)>));
    let lock = || found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let began = Instant::now();
    let work = || {
        while lock().is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > first && Instant::now() >= end {
                return;
            }
            let broken = broken(seed);
            if !broken.is_empty() {
                let mut found = lock();
                if found.as_ref().is_none_or(|(other, _)| seed < *other) {
                    *found = Some((seed, broken));
                }
            }
            let done = seed + 1 - first;
            if done.is_multiple_of(10_000) {
                println!("{done} histories after {} s, up to seed {seed}", began.elapsed().as_secs());
            }
        }
    };
    let threads = if minutes == 0 { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    let looked_at = next.load(Ordering::Relaxed) - first;
    match lock().take() {
        None => {
            println!("no history broke a rule: about {looked_at} from seed {first} on, in {} s", began.elapsed().as_secs());
            ExitCode::SUCCESS
        }
        Some((seed, broken)) => {
            println!("\nseed {seed} breaks what always holds:\n{}", broken.join("\n"));
            println!(
                "\nagain: cargo xtask simulate --seed {seed}\nits events: cargo run -p loomwork-testkit --example history {seed}"
            );
            ExitCode::FAILURE
        }
    }
}
