//! Concurrency groups: which runs are in, which wait.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// All concurrency groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: HashMap<String, Group>,
}

#[derive(Debug, Default)]
struct Group {
    inside: Vec<Arc<str>>,
    waiting: VecDeque<Arc<str>>,
}

impl Groups {
    /// Whether a group has room for one more run.
    pub(crate) fn has_room(&self, group: &str, max: u32) -> bool {
        self.groups.get(group).is_none_or(|group| group.inside.len() < max as usize)
    }

    /// A run is in.
    pub(crate) fn entered(&mut self, group: Option<&str>, run: &Arc<str>) {
        let Some(group) = group else { return };
        self.groups.entry(group.to_owned()).or_default().inside.push(Arc::clone(run));
    }

    /// A run that has ended is taken up: it is in again, whether there is room or not. Who comes after it waits.
    pub(crate) fn returned(&mut self, group: &str, run: &Arc<str>) {
        let inside = &mut self.groups.entry(group.to_owned()).or_default().inside;
        if !inside.contains(run) {
            inside.push(Arc::clone(run));
        }
    }

    /// A run waits; it stands in the line once.
    pub(crate) fn wait(&mut self, group: &str, run: &Arc<str>) {
        let waiting = &mut self.groups.entry(group.to_owned()).or_default().waiting;
        if !waiting.contains(run) {
            waiting.push_back(Arc::clone(run));
        }
    }

    /// The runs that are in.
    pub(crate) fn members(&self, group: &str) -> Vec<Arc<str>> {
        self.groups.get(group).map(|group| group.inside.clone()).unwrap_or_default()
    }

    /// A run has ended, in or waiting. Returns those that wait, in their order: each may ask again.
    pub(crate) fn left(&mut self, group: &str, run: &Arc<str>) -> Vec<Arc<str>> {
        let Some(entry) = self.groups.get_mut(group) else { return Vec::new() };
        entry.inside.retain(|other| other != run);
        entry.waiting.retain(|other| other != run);
        let waiting: Vec<_> = entry.waiting.drain(..).collect();
        if entry.inside.is_empty() && waiting.is_empty() {
            self.groups.remove(group);
        }
        waiting
    }
}
