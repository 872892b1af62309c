//! What every history must obey, read from the journal alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use loomwork_run::EventKind;
use loomwork_store::Record;

/// The rules that a history breaks, as sentences; empty when it is good.
pub fn broken_rules(journal: &[Record]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut heads: HashMap<Option<&str>, [u8; 32]> = HashMap::new();
    let mut done: HashMap<(&str, &str), u64> = HashMap::new();
    let mut ended: HashMap<&str, u64> = HashMap::new();
    let mut groups = Groups::default();
    let mut under_way = UnderWay::default();
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
        broken.extend(groups.take(run, record));
        broken.extend(under_way.take(run, record));
        match (record.kind.as_str(), step) {
            (kind, _) if is_end(kind) => _ = ended.insert(run, place),
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

fn is_end(kind: &str) -> bool {
    matches!(kind, "run_succeeded" | "run_failed" | "run_cancelled" | "run_compensated")
}

/// Who is in which concurrency group. The name of one ends with the number of runs that it has room for.
#[derive(Default)]
struct Groups {
    group_of: HashMap<String, String>,
    inside: HashMap<String, BTreeSet<String>>,
}

impl Groups {
    fn take(&mut self, run: &str, record: &Record) -> Option<String> {
        if let Ok(EventKind::RunCreated(data)) = record.event().map(|event| event.kind) {
            self.group_of.extend(data.group.map(|group| (run.to_owned(), group)));
            return None;
        }
        let group = self.group_of.get(run)?;
        let inside = self.inside.entry(group.clone()).or_default();
        let room = group.rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
        match record.kind.as_str() {
            "run_started" => {
                let full = inside.len() >= room;
                inside.insert(run.to_owned());
                full.then(|| format!("{run} started in the group {group} beside {inside:?}"))
            }
            // It is in again, whether there is room or not.
            "run_taken_up" => {
                inside.insert(run.to_owned());
                None
            }
            kind if is_end(kind) => {
                inside.remove(run);
                None
            }
            _ => None,
        }
    }
}

/// The attempts and the steps that have begun and not ended.
#[derive(Default)]
struct UnderWay {
    attempts: BTreeMap<(String, String), u32>,
    steps: BTreeSet<(String, String)>,
}

impl UnderWay {
    fn take(&mut self, run: &str, record: &Record) -> Option<String> {
        let Some(step) = &record.step else {
            // The corrected workflow may lack what had begun.
            if record.kind == "run_amended" {
                self.steps.retain(|(of, _)| of != run);
            }
            let of_run = |of: &String| is_end(&record.kind) && of == run;
            let attempt = self.attempts.keys().find(|(of, _)| of_run(of));
            let open = attempt.or_else(|| self.steps.iter().find(|(of, _)| of_run(of)));
            return open.map(|(_, step)| format!("{} of {run} at {} while {step} is under way", record.kind, record.seq));
        };
        let key = (run.to_owned(), step.clone());
        match record.kind.as_str() {
            "attempt_started" => {
                self.steps.insert(key.clone());
                let other = self.attempts.insert(key, record.attempt.unwrap_or(0));
                return other
                    .map(|other| format!("{step} of {run} started at {} while attempt {other} is under way", record.seq));
            }
            "attempt_succeeded" | "attempt_failed" | "attempt_cancelled" | "attempt_lost" => {
                let started = self.attempts.remove(&key);
                let fits = started == record.attempt;
                return (!fits)
                    .then(|| format!("{} of {step} of {run} at {}: {started:?} was under way", record.kind, record.seq));
            }
            "step_succeeded" | "step_failed" | "step_skipped" | "step_cancelled" => _ = self.steps.remove(&key),
            "step_queued"
            | "step_retrying"
            | "step_waiting"
            | "step_approval_requested"
            | "step_needs_attention"
            | "step_reset" => _ = self.steps.insert(key),
            _ => {}
        }
        None
    }
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
