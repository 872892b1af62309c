//! Checkpoints of runs: what is in them, how a run is read from one, and those that the engine makes for long runs.
//!
//! Invariants: a checkpoint is made of what is durable; one that cannot be used is told and passed over for an older one,
//! at last for the whole fold, so that none of them can lose anything.
//!
//! Not here: the files (`loomwork-store`), and the state as bytes (`loomwork-run`).

mod keeper;

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_run::{CheckpointCreated, CheckpointRestored, EventKind, Json, RunState, Values};
use loomwork_store::{CheckpointHead, Checkpoints, Level, Listed, Reader};
use serde_json::{Value, json};

use crate::driver::now_ms;
use crate::engine::blocking;
use crate::{Active, Engine, EngineError, Fork, Programs, Wish, fold_on, load_run, read_values};

pub(crate) use keeper::keep;

/// What is kept of a run, taken from its state in one moment.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Number of the last event in it.
    seq: u64,
    definition: String,
    steps: usize,
    state: Vec<u8>,
    values: Vec<(String, Json)>,
    more: BTreeMap<String, Json>,
}

impl Picture {
    fn of(active: &Active, level: Level) -> Self {
        let state = &active.state;
        let mut more = BTreeMap::new();
        if level >= Level::Comprehensive {
            more.insert("logs".to_owned(), Json::of(&logs(state)));
            more.insert("metrics".to_owned(), Json::of(&metrics(state)));
        }
        Self {
            seq: active.seq,
            definition: state.program.definition.clone(),
            steps: state.steps.len(),
            state: state.snapshot(),
            values: if level >= Level::Standard { active.values.known() } else { Vec::new() },
            more,
        }
    }

    /// The content of the checkpoint: the length of the state, the state, and the rest as JSON.
    fn content(mut self, environment: Option<Value>) -> Vec<u8> {
        if let Some(environment) = environment {
            self.more.insert("environment".to_owned(), Json::of(&environment));
        }
        if !self.values.is_empty() {
            let values: BTreeMap<String, Json> = self.values.into_iter().collect();
            self.more.insert("values".to_owned(), Json::of(&values));
        }
        let mut content = (self.state.len() as u64).to_be_bytes().to_vec();
        content.append(&mut self.state);
        content.extend(Json::of(&self.more).text().as_bytes());
        content
    }
}

/// Which log files there are, by their seals.
fn logs(state: &RunState) -> Value {
    let mut logs = Vec::new();
    for ix in state.in_order() {
        let step = &state.steps[ix];
        for (number, attempt) in (1_u32..).zip(&step.attempts) {
            if let Some(seal) = &attempt.log {
                logs.push(json!({ "step": &*step.path, "attempt": number, "bytes": seal.bytes, "sha256": seal.sha256 }));
            }
        }
    }
    Value::Array(logs)
}

/// What the attempts used together.
fn metrics(state: &RunState) -> Value {
    let attempts = || state.steps.iter().flat_map(|step| &step.attempts);
    let usage = || attempts().filter_map(|attempt| attempt.usage.as_ref());
    json!({
        "steps": state.steps.len() - 1,
        "steps_open": state.open,
        "attempts": attempts().count(),
        "cpu_ms": usage().map(|usage| usage.cpu_ms).sum::<u64>(),
        "max_rss_bytes": usage().filter_map(|usage| usage.max_rss_bytes).max(),
    })
}

/// The state and the large values of a checkpoint's content.
fn parts(content: &[u8]) -> Option<(&[u8], BTreeMap<String, Json>)> {
    let (length, rest) = content.split_first_chunk::<8>()?;
    let (state, more) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
    let more: BTreeMap<String, Json> = serde_json::from_slice(more).ok()?;
    let values = more.get("values").and_then(|values| serde_json::from_str(values.text()).ok());
    Some((state, values.unwrap_or_default()))
}

/// Reads a run from its newest checkpoint that can be used, else from its first event.
///
/// # Errors
/// When there is no such run, or it cannot be folded.
pub fn load_run_from(reader: &Reader, checkpoints: &Checkpoints, programs: &Programs, run: &str) -> Result<Active, EngineError> {
    let ids = checkpoints.ids(run).unwrap_or_else(|error| {
        tracing::warn!(run, %error, "the checkpoints of a run cannot be listed");
        Vec::new()
    });
    for checkpoint in ids {
        match load_checkpoint(reader, checkpoints, programs, (run, &checkpoint)) {
            Ok(active) => return Ok(active),
            Err(reason) => tracing::warn!(run, checkpoint, reason, "a checkpoint was passed over"),
        }
    }
    load_run(reader, programs, run)
}

/// Reads a run from one checkpoint and what came after it.
///
/// # Errors
/// Why the checkpoint cannot be used, as a sentence.
pub fn load_checkpoint(
    reader: &Reader,
    checkpoints: &Checkpoints,
    programs: &Programs,
    (run, id): (&str, &str),
) -> Result<Active, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let (head, content) = checkpoints.read(run, id).map_err(|error| text(&error))?;
    let record = reader.next_record(run, head.seq).map_err(|error| text(&error))?;
    // The same number may be another event in the journal of another history.
    if record.is_none_or(|record| record.seq != head.seq || hex::encode(record.hash) != head.record) {
        return Err("it is of another history than the journal".to_owned());
    }
    let first = reader.next_record(run, 0).map_err(|error| text(&error))?.ok_or("the run has no events")?;
    let event = first.event().map_err(|error| text(&error))?;
    let EventKind::RunCreated(created) = &event.kind else { return Err("the run does not begin with its creation".to_owned()) };
    let definition = |hash: &str| Ok(reader.definition(hash)?);
    let (state, kept) = parts(&content).ok_or("its content does not hold together")?;
    let program = |hash: &str| programs.get(run, hash, definition).ok();
    let state = RunState::of_snapshot(&program, run.to_owned(), (event.at_ms, created), state);
    let mut state = state.map_err(|error| text(&error))?;
    let tail = reader.records(run, head.seq + 1).map_err(|error| text(&error))?;
    fold_on(&mut state, &tail, programs, definition).map_err(|error| text(&error))?;
    let mut values = Values::default();
    kept.into_iter().for_each(|(hash, json)| values.insert(hash, json));
    read_values(reader, &state, &mut values).map_err(|error| text(&error))?;
    let seq = tail.last().map_or(head.seq, |record| record.seq);
    Ok(Active::new(state, values, seq))
}

impl Engine {
    /// Keeps the state of a run as it is now; returns the checkpoint once it is durable and on record.
    ///
    /// # Errors
    /// When there is no such run, or the checkpoint cannot be written.
    pub async fn create_checkpoint(
        &self,
        run: &str,
        actor: &str,
        name: Option<String>,
        level: Level,
    ) -> Result<Listed, EngineError> {
        let picture = self.inspect(run, move |active| Picture::of(active, level)).await?;
        let head = CheckpointHead { name, ..self.head(run, &picture, level, actor).await? };
        let named = head.name.clone();
        let written = self.write_checkpoint(head, picture).await?;
        let sha256 = written.checked.as_ref().map(|checked| checked.sha256.clone()).unwrap_or_default();
        let record = CheckpointCreated { checkpoint: written.id.clone(), name: named, level: level.as_str().to_owned(), sha256 };
        if let Err(error) = self.ask_run(run, actor, Wish::Kept(record)).await {
            // What is taken in takes effect later.
            if !matches!(error, EngineError::Stalled { taken: true, .. }) {
                let (checkpoints, run, id) = (self.checkpoints().clone(), run.to_owned(), written.id);
                blocking(move || Ok(checkpoints.delete(&run, &id)?)).await?;
            }
            return Err(error);
        }
        Ok(written)
    }

    /// Prepares a new run that begins with what a checkpoint kept; nothing happens yet.
    ///
    /// # Errors
    /// When there is no such run or checkpoint, it cannot be used, or nothing could go on from there.
    pub async fn prepare_restore(&self, run: &str, id_or_name: &str, actor: &str) -> Result<Fork, EngineError> {
        let (journal, checkpoints) = (Arc::clone(self.journal()), self.checkpoints().clone());
        let (run_id, wanted) = (run.to_owned(), id_or_name.to_owned());
        let (checkpoint, seq) = blocking(move || {
            let id = checkpoints.find(&run_id, &wanted)?;
            let (head, _) = checkpoints.read(&run_id, &id)?;
            let fit = load_checkpoint(&Reader::open(&journal)?, &checkpoints, &Programs::default(), (&run_id, &id));
            fit.map_err(|reason| EngineError::UnfitCheckpoint { checkpoint: id.clone(), reason })?;
            Ok((id, head.seq))
        })
        .await?;
        let mut fork = self.prepare_fork(run, seq, actor).await?;
        fork.note(CheckpointRestored { checkpoint, run: run.to_owned() }.into(), actor, now_ms());
        Ok(fork)
    }

    async fn head(&self, run: &str, picture: &Picture, level: Level, actor: &str) -> Result<CheckpointHead, EngineError> {
        let (journal, id, seq) = (Arc::clone(self.journal()), run.to_owned(), picture.seq);
        let record = blocking(move || Ok(Reader::open(&journal)?.next_record(&id, seq)?)).await?;
        let record = record.ok_or_else(|| EngineError::NoSuchRun(run.to_owned()))?;
        Ok(CheckpointHead {
            run: run.to_owned(),
            seq,
            record: hex::encode(record.hash),
            definition: picture.definition.clone(),
            level,
            automatic: false,
            name: None,
            actor: actor.to_owned(),
            at_ms: now_ms(),
        })
    }

    async fn write_checkpoint(&self, head: CheckpointHead, picture: Picture) -> Result<Listed, EngineError> {
        let (checkpoints, slots) = (self.checkpoints().clone(), self.slots());
        blocking(move || {
            let environment = (head.level == Level::Debug).then(|| environment(slots));
            Ok(checkpoints.write(&head, &picture.content(environment))?)
        })
        .await
    }
}

/// The surroundings of the engine, without anything that could be a secret: no variables, paths or names.
fn environment(slots: usize) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "processors": std::thread::available_parallelism().map_or(1, usize::from),
        "slots": slots,
    })
}
