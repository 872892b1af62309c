//! Which runs may leave the journal, and why others stay.
//!
//! Invariant: changes nothing, and is what a removal then does, by the same code.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use loomwork_run::{LetterState, RunStatus};
use loomwork_store::{Archive, Call, Ended, Reader, RunRow};

use super::{Going, Kept, Selection};
use crate::EngineError;

/// So many runs leave at one time; more follow when they are asked for again.
const MOST: usize = 10_000;

/// What a removal would do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The runs that would go, those that were created first before others.
    pub going: Vec<Going>,
    /// Those that are meant and would stay.
    pub kept: Vec<Kept>,
    /// Whether there are more than one removal takes.
    pub more: bool,
    pub(super) family: Family,
}

impl Plan {
    /// How many large values would go with the runs, and their bytes. Reads the whole journal.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn values(&self, journal: &Path) -> Result<(u64, u64), EngineError> {
        if self.going.is_empty() {
            return Ok((0, 0));
        }
        Ok(Reader::open(journal)?.values_only_of(&super::ids(&self.going))?)
    }
}

/// By run, the runs with which it stays or goes: who waits for it, and for whom it waits, with the words for them.
pub(super) type Family = HashMap<String, Vec<(String, &'static str)>>;

/// Which runs may leave.
///
/// # Errors
/// When a named run does not exist, or the journal cannot be read.
pub fn plan(journal: &Path, selection: &Selection, now_ms: i64) -> Result<Plan, EngineError> {
    if !journal.exists() {
        return selection.runs.first().map_or(Ok(Plan::default()), |run| Err(EngineError::NoSuchRun(run.clone())));
    }
    let reader = Reader::open(journal)?;
    let letters: HashMap<String, LetterState> = reader.letters()?.into_iter().map(|letter| (letter.run, letter.state)).collect();
    let (rows, more) = meant(&reader, selection, &letters, now_ms)?;
    let open = reader.open_runs()?;
    let forks: HashMap<&str, &str> =
        open.iter().filter_map(|row| Some((row.forked_from.as_ref()?.run.as_str(), row.id.as_str()))).collect();
    let (mut family, mut calls) = (Family::new(), HashMap::new());
    let (mut candidates, mut kept) = (Vec::new(), Vec::new());
    for row in rows {
        let why = match (letters.get(&row.id), forks.get(row.id.as_str())) {
            _ if !row.status.is_final() => Some(format!("it has not ended: it is {}", row.status.as_str())),
            (Some(LetterState::Due { .. }), _) => Some("it failed, and there is still time to take it up".to_owned()),
            (Some(LetterState::Parked { .. }), _) => {
                Some("it is a dead letter: take it up, send it again or discard it first".to_owned())
            }
            (None, Some(fork)) => Some(format!("the run {fork}, which was forked from it, has not ended")),
            (None, None) => None,
        };
        match why {
            Some(why) => kept.push(Kept { row, why }),
            None => {
                family.insert(row.id.clone(), relatives(&reader, &row.id, &mut calls)?);
                candidates.push(row);
            }
        }
    }
    let archive = Archive::beside(journal);
    let mut going = Vec::new();
    for row in candidates {
        let Some(weight) = reader.weigh(&row.id)? else { continue };
        let bytes = weight.bytes + archive.file_bytes(&row.id)?;
        going.push(Going { row, events: weight.events, bytes, archive_bytes: None });
    }
    let (going, late) = without(going, &family, BTreeMap::new());
    kept.extend(late);
    Ok(Plan { going, kept, more, family })
}

/// The runs that a selection means, and whether there are more: at most [`MOST`] of those that are letters and stay, and as many
/// others, so that many letters keep nobody from going.
fn meant(
    reader: &Reader,
    selection: &Selection,
    letters: &HashMap<String, LetterState>,
    now_ms: i64,
) -> Result<(Vec<RunRow>, bool), EngineError> {
    if !selection.runs.is_empty() {
        let mut rows = Vec::new();
        for run in &selection.runs {
            rows.push(reader.run(run)?.ok_or_else(|| EngineError::NoSuchRun(run.clone()))?);
        }
        rows.sort_by(|one, other| (one.created_at_ms, &one.id).cmp(&(other.created_at_ms, &other.id)));
        rows.dedup_by(|one, other| one.id == other.id);
        return Ok((rows, false));
    }
    let by_ms = selection.older_than_ms.map(|age| now_ms.saturating_sub_unsigned(age));
    let which = Ended { statuses: selection.statuses.clone(), workflow: selection.workflow.clone(), by_ms };
    let mut surplus = surplus(reader, selection)?;
    let returned = reader.returned()?;
    let (mut rows, mut more, mut counts) = (Vec::new(), false, [0; 2]);
    reader.each_ended(&which, &mut |row| {
        if let Some(surplus) = &mut surplus {
            // Those that were created first go first.
            match surplus.get_mut(&(row.status, row.workflow.clone())) {
                Some(left) if *left > 0 => *left -= 1,
                _ => return true,
            }
        }
        // Who was brought back has as much time again.
        if by_ms.is_some_and(|by| returned.get(&row.id).is_some_and(|at| *at > by)) {
            return true;
        }
        let stays = letters.contains_key(&row.id);
        let count = &mut counts[usize::from(stays)];
        if *count < MOST {
            *count += 1;
            rows.push(row);
        } else {
            more |= !stays;
        }
        !more
    })?;
    Ok((rows, more))
}

/// By way of ending and workflow, how many runs there are beyond those that are kept.
type Surplus = HashMap<(RunStatus, String), u64>;

/// How many runs are too many; none when any number may stay.
fn surplus(reader: &Reader, selection: &Selection) -> Result<Option<Surplus>, EngineError> {
    let Some(keep) = selection.keep else { return Ok(None) };
    let mut surplus = Surplus::new();
    for status in RunStatus::ALL.into_iter().filter(|status| status.is_final()) {
        let counts = reader.counts_by_workflow(status)?.into_iter();
        surplus.extend(counts.map(|(workflow, count)| ((status, workflow), count.saturating_sub(u64::from(keep)))));
    }
    Ok(Some(surplus))
}

/// The runs that wait for one, and those for which it waits, as far as they are in the journal.
fn relatives(
    reader: &Reader,
    run: &str,
    calls: &mut HashMap<String, Vec<Call>>,
) -> Result<Vec<(String, &'static str)>, EngineError> {
    let mut relatives = Vec::new();
    let exists = |run: &str| Ok::<bool, EngineError>(reader.next_record(run, 0)?.is_some());
    if let Some(parent) = reader.parent(run)?.filter(|parent| parent.run != run)
        && exists(&parent.run)?
        && calls_of(reader, &parent.run, calls)?.iter().any(|call| call.waits && call.run == run)
    {
        relatives.push((parent.run, "which called it"));
    }
    let called: Vec<String> =
        calls_of(reader, run, calls)?.iter().filter(|call| call.waits).map(|call| call.run.clone()).collect();
    for child in called {
        // A fork has the calls of the run that it was forked from; they are not its own.
        if reader.parent(&child)?.is_some_and(|parent| parent.run == run) {
            relatives.push((child, "which it called"));
        }
    }
    Ok(relatives)
}

fn calls_of<'c>(reader: &Reader, run: &str, calls: &'c mut HashMap<String, Vec<Call>>) -> Result<&'c [Call], EngineError> {
    if !calls.contains_key(run) {
        calls.insert(run.to_owned(), reader.calls(run)?);
    }
    Ok(calls.get(run).map_or(&[], Vec::as_slice))
}

/// The runs that go without those that were refused, and without those that stay because of them.
pub(super) fn without(going: Vec<Going>, family: &Family, refused: BTreeMap<Arc<str>, String>) -> (Vec<Going>, Vec<Kept>) {
    let mut staying: HashMap<String, String> = refused.into_iter().map(|(run, why)| (run.to_string(), why)).collect();
    let mut left: HashSet<String> = going.iter().map(|run| run.row.id.clone()).filter(|id| !staying.contains_key(id)).collect();
    loop {
        let before = staying.len();
        let reason = |id: &String| {
            let (relative, words) = family.get(id)?.iter().find(|(relative, _)| !left.contains(relative))?;
            Some((id.clone(), format!("the run {relative}, {words}, stays")))
        };
        let next: Vec<(String, String)> = left.iter().filter_map(reason).collect();
        next.iter().for_each(|(id, _)| _ = left.remove(id));
        staying.extend(next);
        if staying.len() == before {
            break;
        }
    }
    let (mut goes, mut stays) = (Vec::new(), Vec::new());
    for run in going {
        match staying.remove(&run.row.id) {
            Some(why) => stays.push(Kept { row: run.row, why }),
            None => goes.push(run),
        }
    }
    (goes, stays)
}
