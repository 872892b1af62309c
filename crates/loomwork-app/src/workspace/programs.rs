//! What is wrong with the programs of other languages that workflows hold.
//!
//! Invariant: a program is looked at once, however often it is asked about while a text is edited, and nobody waits for another's.
//! Not here: reading programs (`loomwork-steps`).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use loomwork_api::Diagnostic;
use loomwork_steps::{JqFault, check_jq};
use loomwork_workflow::{WrittenProgram, codes};

use super::across::problem;

/// Most bytes of programs that are remembered.
const MAX_BYTES: usize = 8 << 20;

/// What is known of programs, by their text.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    faults: HashMap<String, Option<JqFault>>,
    bytes: usize,
}

impl Programs {
    /// The programs of a text that can never run.
    pub(crate) fn problems(&self, text: &str, written: &[WrittenProgram]) -> Vec<Diagnostic> {
        let mut faults: HashMap<&str, Option<JqFault>> = HashMap::new();
        let mut fresh: Vec<String> = Vec::new();
        {
            let known = self.known();
            for WrittenProgram { program, .. } in written {
                match known.faults.get(program) {
                    Some(fault) => drop(faults.insert(program, fault.clone())),
                    None => fresh.push(program.clone()),
                }
            }
        }
        fresh.sort();
        fresh.dedup();
        // Others ask meanwhile.
        let found = if fresh.is_empty() { Vec::new() } else { check_jq(fresh.clone()) };
        self.known().learn(&fresh, &found);
        faults.extend(fresh.iter().map(String::as_str).zip(found));
        let problem = |written: &WrittenProgram| {
            let fault = faults.get(written.program.as_str())?.as_ref()?;
            let part = fault.at.clone().unwrap_or(0..written.program.len());
            let span = written.span_of(text, part);
            let mut problem = problem(codes::JQ_PROGRAM, written.step.clone(), span, capitalised(&fault.message));
            problem.field = Some("jq.program".to_owned());
            Some(problem)
        };
        written.iter().filter_map(problem).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn learn(&mut self, programs: &[String], faults: &[Option<JqFault>]) {
        if self.bytes > MAX_BYTES {
            *self = Self::default();
        }
        self.bytes += programs.iter().map(String::len).sum::<usize>();
        self.faults.extend(programs.iter().cloned().zip(faults.iter().cloned()));
    }
}

fn capitalised(message: &str) -> String {
    message.replacen("the jq", "The jq", 1) + "."
}
