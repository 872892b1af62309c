//! What is wrong with the programs of other languages that workflows hold.
//!
//! Invariant: a program is looked at once, however often it is asked about while a text is edited.
//! Not here: reading programs (`loomwork-steps`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use loomwork_api::Diagnostic;
use loomwork_steps::{JqFault, check_jq};
use loomwork_workflow::{WrittenProgram, codes};

use super::Entry;
use super::across::problem;

/// Most programs whose faults are remembered.
const MAX_KNOWN: usize = 10_000;

/// What is known of programs, by their text.
#[derive(Debug, Default)]
pub(super) struct Programs {
    known: Mutex<HashMap<String, Option<JqFault>>>,
}

impl Programs {
    /// The programs of a workflow that can never run.
    pub(super) fn problems(&self, entry: &Entry) -> Vec<Diagnostic> {
        let written = &entry.analysis.programs;
        if written.is_empty() {
            return Vec::new();
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MAX_KNOWN {
            known.clear();
        }
        let mut fresh: Vec<String> =
            written.iter().map(|written| &written.program).filter(|program| !known.contains_key(*program)).cloned().collect();
        fresh.sort();
        fresh.dedup();
        if !fresh.is_empty() {
            known.extend(fresh.clone().into_iter().zip(check_jq(fresh)));
        }
        let fault = |written: &WrittenProgram| {
            let fault = known.get(&written.program)?.as_ref()?;
            let part = fault.at.clone().unwrap_or(0..written.program.len());
            let span = written.span_of(&entry.file.text, part);
            let mut problem = problem(codes::JQ_PROGRAM, written.step.clone(), span, capitalised(&fault.message));
            problem.field = Some("jq.program".to_owned());
            Some(problem)
        };
        written.iter().filter_map(fault).collect()
    }
}

fn capitalised(message: &str) -> String {
    message.replacen("the jq", "The jq", 1) + "."
}
