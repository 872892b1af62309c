//! What every history must obey, read from the journal alone.

use std::collections::HashMap;

use loomwork_run::EventKind;
use loomwork_store::Record;

/// The rules that a history breaks, as sentences; empty when it is good.
pub fn broken_rules(journal: &[Record]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut heads: HashMap<Option<&str>, [u8; 32]> = HashMap::new();
    let mut done: HashMap<(&str, &str), u64> = HashMap::new();
    let mut ended: HashMap<&str, u64> = HashMap::new();
    for (place, record) in (1..).zip(journal) {
        let run = record.run.as_deref();
        if record.seq != place {
            broken.push(format!("record {place} has the number {}", record.seq));
        }
        if record.hash != record.computed_hash() || heads.insert(run, record.hash).unwrap_or_default() != record.prev {
            broken.push(format!("record {place} does not fit the chain"));
        }
        let (Some(run), step) = (run, record.step.as_deref()) else { continue };
        if let Some(end) = ended.get(run)
            && !matches!(record.kind.as_str(), "run_taken_up" | "checkpoint_created")
        {
            broken.push(format!("{} at {place} after the run's end at {end}", record.kind));
        }
        match (record.kind.as_str(), step) {
            ("run_succeeded" | "run_failed" | "run_cancelled", _) => _ = ended.insert(run, place),
            ("run_taken_up", _) => _ = ended.remove(run),
            ("step_succeeded", Some(step)) => {
                broken.extend(wrongly_reused(journal, place, record));
                if let Some(before) = done.insert((run, step), place) {
                    broken.push(format!("{step} succeeded at {before} and again at {place}"));
                }
            }
            // A person may have it done again; a container's new attempt begins its parts anew.
            ("step_reset", Some(step)) => done.retain(|(of, path), _| *of != run || !within(path, step)),
            ("step_retrying", Some(step)) => done.retain(|(of, path), _| *of != run || !within(path, step)),
            ("attempt_started", Some(step)) => {
                if let Some(before) = done.get(&(run, step)) {
                    broken.push(format!("{step} succeeded at {before} and was started again at {place}"));
                }
            }
            _ => {}
        }
    }
    broken
}

/// A success that used an output again which no step before it had kept.
fn wrongly_reused(journal: &[Record], place: u64, record: &Record) -> Option<String> {
    let success = |record: &Record| match record.event().map(|event| event.kind) {
        Ok(EventKind::StepSucceeded(data)) => Some(data),
        _ => None,
    };
    let reused = success(record)?;
    let from = reused.cached?;
    let kept = journal.iter().filter(|earlier| earlier.seq < place).any(|earlier| {
        earlier.run.as_deref() == Some(&from.run)
            && earlier.step.as_deref() == Some(&from.step)
            && success(earlier).is_some_and(|kept| kept.fingerprint.is_some() && kept.output == reused.output)
    });
    (!kept).then(|| format!("record {place} uses an output of {}/{} that was never kept", from.run, from.step))
}

/// Whether a path is a step's, or of something in it.
fn within(path: &str, step: &str) -> bool {
    path.strip_prefix(step).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '#']))
}
