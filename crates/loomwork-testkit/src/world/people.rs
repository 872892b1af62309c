//! What people do in the simulated world: they ask for anything at any time, and look after what the runs share.
//!
//! Not here: what they do at the end, when every run waits for somebody (`World::help`).

use std::sync::Arc;

use loomwork_engine::{Ask, Request, Wish};
use loomwork_run::{Amendment, CheckpointCreated, Program, RetryScope, Verdict};
use serde_json::json;

use super::{MOST_RUNS, World};

impl World {
    pub(super) fn person(&mut self) {
        if self.dice.one_in(4) {
            return self.tidy_up();
        }
        let runs = self.runs();
        if runs.is_empty() {
            return;
        }
        if (runs.len() as u64) < MOST_RUNS && self.dice.one_in(8) {
            return self.begin_another();
        }
        let run = Arc::clone(&runs[usize::try_from(self.dice.below(runs.len() as u64)).unwrap_or(0)]);
        self.load(&run);
        let step = self.some_step(&run);
        let what = match self.dice.below(16) {
            15 => return self.fork_somewhere(&run),
            0 => Wish::Cancel { reason: None, compensate: self.dice.one_in(2) },
            1 => Wish::Pause,
            2..=3 => Wish::Resume,
            4 => Wish::Judge { step, verdict: Verdict::Skip },
            5 => Wish::Judge { step, verdict: Verdict::Succeed(json!({ "by": "ada" })) },
            6 => Wish::Rerun { from: step },
            7 => Wish::Decide {
                step: self.asked_for(&run).unwrap_or(step),
                approved: self.dice.one_in(2),
                comment: None,
                form: None,
            },
            8 => Wish::Retry { scope: RetryScope::Step(step), set: None },
            9 => return self.send(),
            10 | 11 => match self.corrected() {
                Some(amend) => amend,
                None => return,
            },
            12 => {
                let (checkpoint, level) = ("1-kept".to_owned(), "minimal".to_owned());
                Wish::Kept(CheckpointCreated { checkpoint, name: None, level, sha256: String::new() })
            }
            _ => Wish::Retry { scope: RetryScope::All, set: None },
        };
        let refused = Arc::clone(&self.refused);
        let answer = Box::new(move |result: Result<_, _>| super::count_refusal(&refused, result.is_err()));
        let ask = Ask { run, actor: "ada".to_owned(), what, answer };
        self.core.request(Request::Ask(Box::new(ask)), self.now_ms);
    }

    /// Another run of the same workflow: the groups of both may be the same.
    fn begin_another(&mut self) {
        if let Some(new) = self.new_run() {
            self.core.request(Request::Create(vec![new], Box::new(|_| {})), self.now_ms);
        }
    }

    /// A new run from some event of an old one.
    fn fork_somewhere(&mut self, run: &Arc<str>) {
        let records = self.shelf.durable().records(run);
        let nth = usize::try_from(self.dice.below(records.len() as u64)).unwrap_or(0);
        let Some(record) = records.get(nth).filter(|_| (self.runs().len() as u64) < MOST_RUNS) else { return };
        if let Err(error) = self.fork(run, record.seq) {
            self.broken.push(format!("{run} cannot be forked at {}: {error}", record.seq));
        }
    }

    /// The first step of a run that waits for a decision.
    fn asked_for(&mut self, run: &Arc<str>) -> Option<String> {
        let active = self.read(run)?;
        let asks = |step: &&loomwork_run::Instance| step.attached && step.status == loomwork_run::StepStatus::NeedsApproval;
        active.state.steps.iter().find(asks).map(|step| step.path.to_string())
    }

    /// A person looks after what the runs share: sends a dead letter again or discards it, closes a breaker.
    fn tidy_up(&mut self) {
        let journal = self.journal();
        let refused = Arc::clone(&self.refused);
        let answer = Box::new(move |result: Result<_, _>| super::count_refusal(&refused, result.is_err()));
        let actor = "ada".to_owned();
        let letter = crate::letters(&journal).into_iter().next().map(|letter| Arc::from(letter.run));
        let breaker = crate::breakers(&journal).into_iter().next().map(|breaker| breaker.key);
        let request = match (self.dice.below(3), letter, breaker) {
            (0, Some(letter), _) => Request::Discard { letter, actor, reason: None, answer },
            (1, Some(letter), _) => match self.new_run() {
                Some(new) => Request::Resend { letter, new: Box::new(new), answer },
                None => return,
            },
            (2, _, Some(key)) => Request::ResetBreaker { key, actor, answer },
            _ => return,
        };
        self.core.request(request, self.now_ms);
    }

    /// A step of the top, or any that the run has; it may have none of that name.
    fn some_step(&mut self, run: &Arc<str>) -> String {
        let top = format!("s{}", self.dice.below(6));
        if !self.dice.one_in(3) {
            return top;
        }
        let Some(active) = self.read(run) else { return top };
        let drawn = 1 + usize::try_from(self.dice.below(active.state.steps.len() as u64 - 1)).unwrap_or(0);
        active.state.steps.get(drawn).map_or(top, |step| step.path.to_string())
    }

    /// Another workflow drawn with the dice, some steps of which are those of the run.
    fn corrected(&mut self) -> Option<Wish> {
        let text = crate::random_workflow(&mut self.dice);
        let Some(workflow) = loomwork_workflow::analyze(&text).workflow else {
            self.broken.push(format!("the generated workflow is not valid:\n{text}"));
            return None;
        };
        let program = Arc::new(Program::new(workflow, loomwork_workflow::definition_hash(&text)));
        let amendment = Amendment { program, path: "workflows/corrected.yaml".to_owned() };
        Some(Wish::Amend { amendment, text: Arc::from(text) })
    }

    pub(super) fn send(&mut self) {
        let request = Request::Send {
            run: None,
            actor: "ada".to_owned(),
            name: "go".to_owned(),
            data: json!({ "n": self.dice.below(3) }),
            answer: Box::new(|_| {}),
        };
        self.core.request(request, self.now_ms);
    }
}
