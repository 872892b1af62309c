//! What there is to give out, and what a step wants of it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What there is to give out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Attempts that may be under way at one time.
    pub slots: u32,
    /// Attempts of the runs of one workflow that may be under way at one time; none for no limit of their own.
    pub per_workflow: Option<u32>,
    /// Amounts by kind, in thousandths: `cpu` in processors, `memory` in bytes, others as they are declared.
    pub resources: BTreeMap<Arc<str>, u64>,
}

impl Limits {
    /// So many slots, and no other limit.
    pub fn of_slots(slots: usize) -> Self {
        let slots = u32::try_from(slots).unwrap_or(u32::MAX).max(1);
        Self { slots, per_workflow: None, resources: BTreeMap::new() }
    }

    /// The processors and the memory of this machine, as far as it tells.
    pub fn of_machine(slots: usize) -> Self {
        let mut limits = Self::of_slots(slots);
        if let Ok(cores) = std::thread::available_parallelism() {
            limits.resources.insert(Arc::from("cpu"), 1_000 * cores.get() as u64);
        }
        if let Some(bytes) = memory_bytes() {
            limits.resources.insert(Arc::from("memory"), bytes.saturating_mul(1_000));
        }
        limits
    }

    /// The limits that a workspace sets; what it says nothing of is as the machine has it.
    pub fn of_settings(slots: usize, settings: &loomwork_workflow::EngineSettings) -> Self {
        let mut limits = Self::of_machine(slots);
        limits.per_workflow = settings.concurrency_per_workflow;
        let resources = &settings.resources;
        let known = [("cpu", resources.cpu), ("memory", resources.memory_bytes.map(|bytes| bytes as f64))];
        let known = known.into_iter().filter_map(|(kind, amount)| Some((kind, amount?)));
        for (kind, amount) in known.chain(resources.kinds.iter().map(|(kind, amount)| (kind.as_str(), *amount))) {
            limits = limits.with(kind, amount);
        }
        limits
    }

    /// The same limits, with so much of a kind: `cpu` in processors, `memory` in bytes, others as they are declared.
    #[must_use]
    pub fn with(mut self, kind: &str, amount: f64) -> Self {
        self.resources.insert(Arc::from(kind), thousandths(amount));
        self
    }

    /// A kind that is wanted and that nobody has declared; of `cpu` and `memory` there is always some.
    pub(crate) fn undeclared<'n>(&self, needs: &'n Needs) -> Option<&'n str> {
        let kinds = needs.amounts.iter().map(|(kind, _)| &**kind);
        kinds.into_iter().find(|kind| !matches!(*kind, "cpu" | "memory") && !self.resources.contains_key(*kind))
    }

    /// What is wanted, but never more than there is.
    pub(crate) fn cut(&self, needs: Needs) -> Needs {
        let fits = |(kind, amount): &(Arc<str>, u64)| self.resources.get(kind).is_none_or(|of| amount <= of);
        let slots = needs.slots.clamp(1, self.slots);
        if needs.amounts.iter().all(fits) {
            return Needs { slots, ..needs };
        }
        let cut = |(kind, amount): &(Arc<str>, u64)| {
            let of = self.resources.get(kind).copied().unwrap_or(u64::MAX);
            (Arc::clone(kind), (*amount).min(of))
        };
        Needs { slots, amounts: needs.amounts.iter().map(cut).collect() }
    }
}

/// The memory of the machine; none where the system has no `/proc`.
fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024)
}

/// What a step takes while it is under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Needs {
    /// Slots.
    pub slots: u32,
    /// Amounts by kind, in thousandths, in the order of the kinds.
    pub amounts: Arc<[(Arc<str>, u64)]>,
}

impl Default for Needs {
    fn default() -> Self {
        Self { slots: 1, amounts: Arc::from([]) }
    }
}

impl Needs {
    /// What a step of a workflow declares under `resources`.
    pub fn of(resources: &loomwork_workflow::Resources) -> Self {
        let amounts = resources.amounts.iter().map(|(kind, amount)| (Arc::from(kind.as_str()), thousandths(*amount)));
        let mut amounts: Vec<(Arc<str>, u64)> = amounts.collect();
        amounts.sort();
        Self { slots: resources.slots, amounts: amounts.into() }
    }
}

/// An amount in thousandths, never nothing.
pub(crate) fn thousandths(amount: f64) -> u64 {
    (amount * 1_000.0).round().max(1.0) as u64
}
