//! Sweeping after attempts: processes that left their group *and* let go of its pipes are found by their mark and ended.
//!
//! Invariant: a sweep follows the end of attempts, a moment later and for all of them together; an idle engine sweeps nothing,
//! and no attempt waits for a sweep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::performer::Shared;
use super::tree::{self, Marks};

/// How long a sweep waits for more attempts to end, to take care of all at once.
const GATHER: Duration = Duration::from_millis(400);

/// Whether a sweep is due already.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    due: AtomicBool,
}

/// Asks for a sweep soon.
pub(super) fn request(shared: &Arc<Shared>) {
    if shared.sweeper.due.swap(true, Ordering::AcqRel) {
        return;
    }
    let weak = Arc::downgrade(shared);
    let sweep = move || {
        std::thread::sleep(GATHER);
        let Some(shared) = weak.upgrade() else { return };
        shared.sweeper.due.store(false, Ordering::Release);
        let stray = |marks: &Marks| {
            marks.engine == shared.config.journal_id && marks.key.as_ref().is_some_and(|key| !shared.is_live(key))
        };
        match tree::end(stray, shared.config.grace) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "ended processes that steps had left behind"),
            Err(error) => tracing::warn!(%error, "processes that steps may have left behind cannot be looked for"),
        }
    };
    if let Err(error) = std::thread::Builder::new().name("sweeper".into()).spawn(sweep) {
        shared.sweeper.due.store(false, Ordering::Release);
        tracing::warn!(%error, "processes that steps may have left behind cannot be looked for");
    }
}
