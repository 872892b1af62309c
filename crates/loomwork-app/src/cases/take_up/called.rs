//! What a retry does in the runs that the run has called: a step that called one goes on with it.

use std::collections::VecDeque;

use loomwork_api::RetryPlan;
use loomwork_engine::Engine;
use loomwork_run::{RetryScope, called_run, goes_on, plan_retry};

use crate::views;

/// The plan of a called run, and the path of the step that called it.
pub(super) struct Called {
    step: String,
    plan: RetryPlan,
}

/// The plans of the runs that a retry of a run takes up with it, at any depth. What cannot be read is left out: the engine says so
/// when it gets there.
pub(super) async fn plans(engine: &Engine, run: &str, scope: &RetryScope) -> Vec<Called> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([(run.to_owned(), scope.clone(), String::new())]);
    while let Some((run, scope, prefix)) = open.pop_front() {
        let look = move |active: &loomwork_engine::Active| {
            let state = &active.state;
            let plan = plan_retry(state, &scope).ok()?;
            let calls = plan.runs.iter().filter(|ix| goes_on(state, **ix));
            let calls = calls.filter_map(|ix| Some((called_run(state, *ix)?.to_owned(), state.steps[*ix].path.to_string())));
            Some((views::retry_plan(state, &plan), calls.collect::<Vec<_>>()))
        };
        let Ok(Some((plan, calls))) = engine.inspect(&run, look).await else { continue };
        open.extend(calls.into_iter().map(|(run, step)| (run, RetryScope::All, format!("{prefix}{step} › "))));
        if !prefix.is_empty() {
            found.push(Called { step: prefix, plan });
        }
    }
    found
}

/// A plan together with those of the called runs: their steps follow the step that called them, as `call › step`.
pub(super) fn with(mut plan: RetryPlan, called: Vec<Called>) -> RetryPlan {
    for Called { step: prefix, plan: own } in called {
        let caller = prefix.trim_end_matches(" › ");
        let named = |steps: Vec<String>| steps.into_iter().map(|step| format!("{prefix}{step}")).collect::<Vec<_>>();
        let at = plan.runs.iter().position(|step| step == caller).map_or(plan.runs.len(), |at| at + 1);
        plan.runs.splice(at..at, named(own.runs));
        plan.reused.extend(named(own.reused));
        // The call goes on with its run: what it repeats is what is repeated there.
        plan.repeats.retain(|step| step != caller);
        plan.repeats.extend(named(own.repeats));
    }
    plan
}
