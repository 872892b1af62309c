//! What a workspace says of its engine: the file `engine.yaml`.
//!
//! Invariant: every key may be left out, and a file with a problem gives no settings at all.
//! Not here: where the file lies and when it is read (`loomwork-app`), and what follows from a setting (`loomwork-engine`).

use indexmap::IndexMap;

use crate::Defaults;
use crate::decode::{Decoder, settings};
use crate::diagnostic::Diagnostic;
use crate::yaml::read;

/// The settings of an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// Attempts that may be under way at one time; none for what suits the machine.
    pub concurrency: Option<u32>,
    /// Attempts of the runs of one workflow that may be under way at one time; none for no limit of their own.
    pub concurrency_per_workflow: Option<u32>,
    /// What holds for steps where neither they nor the `defaults` of their workflow say otherwise.
    pub defaults: Defaults,
    /// The checkpoints that are made by themselves.
    pub checkpoints: CheckpointSettings,
    /// How long a run that failed waits for a person before it becomes a dead letter, in milliseconds.
    pub dead_letter_after_ms: u64,
    /// How long the logs of an ended run are kept, in milliseconds; none for as long as the run.
    pub logs_keep_for_ms: Option<u64>,
    /// Which ended runs the engine removes by itself.
    pub retention: RetentionSettings,
    /// What a commit survives.
    pub durability: Durability,
    /// What steps may take of the machine.
    pub resources: ResourceSettings,
}

/// The checkpoints that are made by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointSettings {
    /// Events of a run between two of them, at least.
    pub every: u32,
    /// How many of a run are kept.
    pub keep: u32,
    /// How long one is kept, in milliseconds. The newest of an open run stays.
    pub keep_for_ms: u64,
}

/// Which ended runs the engine removes by itself, by the way they ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetentionSettings {
    /// Those that succeeded.
    pub succeeded: RetentionRule,
    /// Those that failed.
    pub failed: RetentionRule,
    /// Those that were cancelled.
    pub cancelled: RetentionRule,
    /// Those whose steps were undone.
    pub compensated: RetentionRule,
}

/// When a run is removed: when it is older, or when there are more of its workflow. Without both, never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionRule {
    /// How long it stays after its end, in milliseconds.
    pub keep_for_ms: Option<u64>,
    /// How many of a workflow stay.
    pub keep: Option<u32>,
    /// Where it goes.
    pub action: RemovalAction,
}

/// Where runs go that are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemovalAction {
    /// Into the archive.
    #[default]
    Archive,
    /// Nowhere: they are deleted.
    Purge,
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process and of the power (`synchronous=FULL` of SQLite).
    #[default]
    Full,
    /// The end of the process; the power may take the last commits with it (`synchronous=NORMAL`).
    Normal,
}

/// What steps may take of the machine, all together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceSettings {
    /// Processors; none for all that there are.
    pub cpu: Option<f64>,
    /// Memory in bytes; none for all that there is.
    pub memory_bytes: Option<u64>,
    /// Amounts of kinds that the workspace names itself.
    pub kinds: IndexMap<String, f64>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        const DAY_MS: u64 = 86_400_000;
        Self {
            concurrency: None,
            concurrency_per_workflow: None,
            defaults: Defaults::default(),
            checkpoints: CheckpointSettings { every: 1_000, keep: 10, keep_for_ms: 30 * DAY_MS },
            dead_letter_after_ms: DAY_MS,
            logs_keep_for_ms: None,
            retention: RetentionSettings::default(),
            durability: Durability::default(),
            resources: ResourceSettings::default(),
        }
    }
}

/// Reads the text of an `engine.yaml`.
///
/// # Errors
/// The problems, by position.
pub fn read_settings(text: &str) -> Result<EngineSettings, Vec<Diagnostic>> {
    let (root, faults) = read(text);
    let mut decoder = Decoder::new(text);
    for fault in faults {
        decoder.fault(fault);
    }
    // What a broken text seems to say is no further problem.
    let whole = root.filter(|_| decoder.diagnostics.is_empty());
    let decoded = whole.map(|root| settings::decode(&mut decoder, &root)).unwrap_or_default();
    if decoder.diagnostics.is_empty() {
        return Ok(decoded);
    }
    decoder.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start.offset);
    Err(decoder.diagnostics)
}
