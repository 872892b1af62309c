//! `cargo xtask simulate`: histories of the simulated world in a release build, longer than the tests have time for.
//!
//! Invariant: a history that breaks a rule is a failure, and is told with the one command that shows it again.
//!
//! Not here: the world and its rules (`crates/loomwork-testkit`).

use crate::shell::{Done, cargo, run};

/// Judges the histories from a seed on, for some minutes; without minutes the one history of the seed.
pub(crate) fn simulate(words: &[&str]) -> Done {
    let (mut seed, mut minutes) = (None, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let place = match *word {
            "--seed" => &mut seed,
            "--minutes" => &mut minutes,
            other => return Err(format!("`cargo xtask simulate` knows no `{other}`; it takes --seed N and --minutes M")),
        };
        let value = words.next().and_then(|value| value.parse::<u64>().ok());
        *place = Some(value.ok_or_else(|| format!("`{word}` needs a whole number"))?);
    }
    // Neither: a hunt where nobody has looked yet is worth more than the same again.
    let minutes = minutes.unwrap_or(if seed.is_some() { 0 } else { 5 });
    let seed = seed.unwrap_or_else(fresh);
    let mut hunt = cargo();
    hunt.args(["run", "--quiet", "--locked", "--profile", "quick", "--package", "loomwork-testkit", "--example", "hunt", "--"]);
    run(hunt.args([seed.to_string(), minutes.to_string()]))
}

/// A seed that nobody has chosen.
fn fresh() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() * 1_000
}
