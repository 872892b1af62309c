//! Histories that a seed chooses, for tests that kill at moments drawn by it.
//!
//! `LOOMWORK_CRASH_SEED` replays one history's choices, `LOOMWORK_CRASH_HISTORIES` asks for more of them.

use std::{env, thread};

/// What each history comes to: the one of the seed that is asked for, else as many as are asked for, else so many.
///
/// # Panics
/// When a history goes wrong; its seed is said.
pub fn histories<T: Send + 'static>(usual: u64, history: fn(u64) -> T) -> Vec<T> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("LOOMWORK_CRASH_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("LOOMWORK_CRASH_HISTORIES").unwrap_or(usual),
    };
    let lived = |seed| {
        let history = thread::spawn(move || history(seed)).join();
        history.unwrap_or_else(|_| panic!("the history of LOOMWORK_CRASH_SEED={seed} went wrong, see above"))
    };
    seeds.map(lived).collect()
}
