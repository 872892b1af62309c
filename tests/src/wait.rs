//! Waiting for a condition, instead of for a time.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes on a busy machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until a look finds something.
///
/// # Panics
/// When patience ends.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        thread::sleep(PAUSE);
    }
}

/// Waits until a condition holds.
///
/// # Panics
/// When patience ends.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}
