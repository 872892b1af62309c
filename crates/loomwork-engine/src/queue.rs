//! Steps that wait for a slot: by priority, then in the order in which they became ready.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Steps that wait for a slot.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<(u8, u64), (Arc<str>, usize)>,
    arrivals: u64,
}

impl Queue {
    /// Adds a step of a run with a priority from 0 (last) to 9 (first).
    pub(crate) fn push(&mut self, priority: u8, run: Arc<str>, step: usize) {
        self.arrivals += 1;
        self.waiting.insert((u8::MAX - priority, self.arrivals), (run, step));
    }

    /// Takes the next step out.
    pub(crate) fn pop(&mut self) -> Option<(Arc<str>, usize)> {
        self.waiting.pop_first().map(|(_, entry)| entry)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_priority_goes_first_and_equals_keep_their_order() {
        let mut queue = Queue::default();
        for (priority, step) in [(5, 0), (9, 1), (5, 2), (0, 3), (9, 4)] {
            queue.push(priority, Arc::from("r"), step);
        }
        let order: Vec<usize> = std::iter::from_fn(|| queue.pop()).map(|(_, step)| step).collect();
        assert_eq!(order, [1, 4, 0, 2, 3]);
    }
}
