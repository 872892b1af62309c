//! The arithmetic of retries: how long to wait before the next attempt.
//!
//! Backoff with full and equal jitter as described in M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use loomwork_workflow::{Backoff, Jitter, Retry};
use sha2::{Digest as _, Sha256};

/// The delay before attempt `next` (from 2), in milliseconds; `spread` in `[0, 1)` places it within its jitter.
pub fn backoff_ms(policy: &Retry, next: u32, spread: f64) -> u64 {
    let step = f64::from(next.saturating_sub(2));
    let initial = policy.initial_ms as f64;
    let grown = match policy.backoff {
        Backoff::Constant => initial,
        Backoff::Linear => initial * (step + 1.0),
        Backoff::Exponential => initial * policy.factor.powf(step),
    };
    let whole = grown.min(policy.max_ms as f64).max(0.0);
    let delay = match policy.jitter {
        Jitter::None => whole,
        Jitter::Full => whole * spread,
        Jitter::Equal => whole / 2.0 + whole / 2.0 * spread,
    };
    delay.round() as u64
}

/// A number in `[0, 1)` that looks random and is the same for the same attempt: replay needs no dice.
pub fn spread(run: &str, step: &str, attempt: u32) -> f64 {
    let digest = Sha256::digest(format!("{run}\n{step}\n{attempt}"));
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(backoff: Backoff, jitter: Jitter) -> Retry {
        Retry { attempts: 9, backoff, initial_ms: 100, factor: 2.0, max_ms: 1_000, jitter, ..Retry::default() }
    }

    #[test]
    fn delays_grow_as_the_policy_says_and_stop_at_its_maximum() {
        let delays = |backoff| (2..=7).map(|next| backoff_ms(&policy(backoff, Jitter::None), next, 0.5)).collect::<Vec<_>>();
        assert_eq!(delays(Backoff::Constant), [100, 100, 100, 100, 100, 100]);
        assert_eq!(delays(Backoff::Linear), [100, 200, 300, 400, 500, 600]);
        assert_eq!(delays(Backoff::Exponential), [100, 200, 400, 800, 1_000, 1_000]);
    }

    #[test]
    fn jitter_stays_within_its_bounds() {
        assert_eq!(backoff_ms(&policy(Backoff::Constant, Jitter::Full), 2, 0.0), 0);
        assert_eq!(backoff_ms(&policy(Backoff::Constant, Jitter::Full), 2, 0.99), 99);
        assert_eq!(backoff_ms(&policy(Backoff::Constant, Jitter::Equal), 2, 0.0), 50);
        assert_eq!(backoff_ms(&policy(Backoff::Constant, Jitter::Equal), 2, 0.5), 75);
    }

    #[test]
    fn an_absurd_policy_gives_a_delay_and_no_panic() {
        let wild = Retry { factor: 1e300, initial_ms: u64::MAX, max_ms: u64::MAX, ..policy(Backoff::Exponential, Jitter::None) };
        assert_eq!(backoff_ms(&wild, u32::MAX, 0.9), u64::MAX);
        assert_eq!(backoff_ms(&Retry { factor: f64::NAN, ..wild }, 9, 0.9), u64::MAX);
    }

    #[test]
    fn the_spread_is_the_same_for_the_same_attempt_and_even_over_many() {
        assert_eq!(spread("r", "a", 1).to_bits(), spread("r", "a", 1).to_bits());
        let mean = (0..10_000).map(|n| spread("r", "a", n)).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "mean {mean}");
    }
}
