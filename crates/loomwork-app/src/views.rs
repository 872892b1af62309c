//! What the contract shows of runs: translations of states, rows and records into the types of `loomwork-api`.
//!
//! Not here: decisions. Everything is a pure function of its arguments.

use loomwork_api as api;
use loomwork_engine::Active;
use loomwork_run::{
    AttemptState, BreakerRecord, BreakerState, ErrorClass, Instance, RunError, RunState, RunStatus, StepStatus, SuggestedAction,
    ValueRef, WaitsFor,
};
use loomwork_store::{Record, RunRow};
use serde_json::{Value, json};

/// Values above this size, in bytes of compact JSON, are shown as a reference with a preview.
pub const LARGEST_SHOWN: usize = 64 * 1024;

/// RFC 3339 in UTC with milliseconds.
pub fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| format!("{time:.3}"))
}

fn duration(start: Option<i64>, end: Option<i64>, now_ms: i64) -> Option<u64> {
    start.map(|start| u64::try_from(end.unwrap_or(now_ms) - start).unwrap_or(0))
}

/// A run with its steps.
pub fn run(active: &Active, now_ms: i64) -> api::Run {
    let state = &active.state;
    let value = |reference: &ValueRef| shown_value(active, reference);
    api::Run {
        summary: summary(state, now_ms),
        inputs: value(&state.inputs),
        outputs: state.outputs.as_ref().map(value).unwrap_or_default(),
        steps: state.in_order().into_iter().map(|ix| step(active, ix, now_ms)).collect(),
        seq: active.seq,
    }
}

/// A run in memory, as lists show it.
pub fn summary(state: &RunState, now_ms: i64) -> api::RunSummary {
    api::RunSummary {
        id: state.id.clone(),
        number: state.number,
        workflow: state.program.workflow.id.clone(),
        path: state.path.clone(),
        version: state.version.clone(),
        status: if state.is_waiting() { api::RunStatus::Waiting } else { run_status(state.status) },
        waits_for: state.waits_for().map(waits_for),
        forked_from: state.forked_from.as_ref().map(forked_from),
        trigger: api::Trigger { kind: state.trigger.kind.clone(), actor: state.trigger.actor.clone() },
        labels: state.labels.clone(),
        priority: state.priority,
        created_at: time(state.created_at_ms),
        started_at: state.started_at_ms.map(time),
        ended_at: state.ended_at_ms.map(time),
        duration_ms: duration(state.started_at_ms, state.ended_at_ms, now_ms),
        progress: progress(state),
        error: state.error.as_ref().map(error),
    }
}

/// A circuit breaker. One whose time is over lets the next attempt through, whether or not an engine has noted that.
pub fn breaker(record: &BreakerRecord, now_ms: i64) -> api::Breaker {
    let attempt = |name: &loomwork_run::AttemptName| api::AttemptName {
        run: name.run.clone(),
        step: name.step.clone(),
        attempt: name.attempt,
    };
    let (status, failures, until, trial) = match &record.state {
        BreakerState::Closed { failures } => (api::BreakerStatus::Closed, Some(*failures), None, None),
        BreakerState::Open { until_ms } if *until_ms <= now_ms => (api::BreakerStatus::HalfOpen, None, None, None),
        BreakerState::Open { until_ms } => (api::BreakerStatus::Open, None, Some(*until_ms), None),
        BreakerState::HalfOpen { trial } => (api::BreakerStatus::HalfOpen, None, None, trial.as_ref().map(attempt)),
    };
    api::Breaker {
        key: record.key.clone(),
        status,
        since: time(record.since_ms),
        failures,
        limit: record.limit,
        cooldown_ms: record.cooldown_ms,
        half_opens_at: until.map(time),
        trial,
        last_failure: record.last_failure.as_ref().map(|failure| api::BreakerFailure {
            attempt: attempt(&failure.attempt),
            at: time(failure.at_ms),
            error: error(&failure.error),
        }),
    }
}

/// A run of the list, as far as its row says it: what it waits for is told by its state only.
pub fn row(row: &RunRow, now_ms: i64) -> api::RunSummary {
    api::RunSummary {
        id: row.id.clone(),
        number: row.number,
        workflow: row.workflow.clone(),
        path: row.path.clone(),
        version: row.version.clone(),
        status: run_status(row.status),
        waits_for: None,
        forked_from: row.forked_from.as_ref().map(forked_from),
        trigger: api::Trigger { kind: row.trigger.kind.clone(), actor: row.trigger.actor.clone() },
        labels: row.labels.clone(),
        priority: row.priority,
        created_at: time(row.created_at_ms),
        started_at: row.started_at_ms.map(time),
        ended_at: row.ended_at_ms.map(time),
        duration_ms: duration(row.started_at_ms, row.ended_at_ms, now_ms),
        progress: api::Progress { done: row.done, known: row.known },
        error: row.error.as_ref().map(error),
    }
}

fn forked_from(from: &loomwork_run::ForkedFrom) -> api::ForkedFrom {
    api::ForkedFrom { run: from.run.clone(), seq: from.seq }
}

/// Steps at the top that have ended, and all of them.
fn progress(state: &RunState) -> api::Progress {
    let top = state.container(loomwork_run::ROOT);
    let known = top.map_or(0, |top| top.children.len());
    let open = top.map_or(0, |top| top.open as usize);
    api::Progress { done: count(known - open.min(known)), known: count(known) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn step(active: &Active, ix: usize, now_ms: i64) -> api::RunStep {
    let state = &active.state;
    let definition = &state.definition(ix).step;
    let Instance {
        path, status, port, attempts, started_at_ms, ended_at_ms, due_at_ms, reason, input, output, error: why, ..
    } = &state.steps[ix];
    let value = |reference: &Option<ValueRef>| reference.as_ref().map(|value| shown_value(active, value)).unwrap_or_default();
    api::RunStep {
        path: path.to_string(),
        id: definition.id.clone(),
        title: definition.title.clone(),
        action: definition.action.name().to_owned(),
        status: step_status(*status),
        port: port.as_deref().map(str::to_owned),
        attempts: attempts.iter().zip(1..).map(|(state, number)| attempt(state, number)).collect(),
        started_at: started_at_ms.map(time),
        ended_at: ended_at_ms.map(time),
        duration_ms: duration(*started_at_ms, *ended_at_ms, now_ms),
        due_at: due_at_ms.map(time),
        reason: reason.as_deref().map(str::to_owned),
        input: value(input),
        output: value(output),
        error: why.as_deref().map(error),
        cached: state.steps[ix].cached.as_ref().map(|from| api::CachedFrom { run: from.run.clone(), step: from.step.clone() }),
        compensation: state.steps[ix].undo.as_ref().map(|undo| api::Compensation {
            status: step_status(undo.status),
            attempts: undo.attempts,
            error: undo.error.as_ref().map(error),
        }),
    }
}

fn attempt(state: &AttemptState, number: u32) -> api::Attempt {
    use loomwork_run::AttemptStatus as S;
    api::Attempt {
        number,
        status: match state.status {
            S::Running => api::AttemptStatus::Running,
            S::Succeeded => api::AttemptStatus::Succeeded,
            S::Failed => api::AttemptStatus::Failed,
            S::Cancelled => api::AttemptStatus::Cancelled,
            S::Lost => api::AttemptStatus::Lost,
        },
        started_at: time(state.started_at_ms),
        ended_at: state.ended_at_ms.map(time),
        error: state.error.as_deref().map(error),
        usage: state.usage.as_ref().map(|usage| api::Usage { cpu_ms: usage.cpu_ms, max_rss_bytes: usage.max_rss_bytes }),
    }
}

/// A value, or a reference with a preview when it is large.
fn shown_value(active: &Active, reference: &ValueRef) -> Value {
    match reference {
        ValueRef::Stored(stored) if stored.size > LARGEST_SHOWN => {
            let text = active.values.json(reference).map(|json| {
                let string: Option<String> = serde_json::from_str(json.text()).ok();
                string.as_deref().unwrap_or(json.text()).chars().take(1_000).collect::<String>()
            });
            json!({ "$blob": stored.hash, "size": stored.size, "preview": text.unwrap_or_default() })
        }
        reference => match (active.values.json(reference), reference) {
            // What is nested too deeply to be read is shown as it is.
            (Ok(json), _) => json.value().unwrap_or_else(|| Value::String(json.text().to_owned())),
            (Err(_), ValueRef::Stored(stored)) => json!({ "$blob": stored.hash, "size": stored.size, "preview": null }),
            (Err(_), ValueRef::Inline(_)) => Value::Null,
        },
    }
}

/// An error with what follows from its class.
pub fn error(error: &RunError) -> api::RunError {
    api::RunError {
        class: match error.class {
            ErrorClass::Transient => api::ErrorClass::Transient,
            ErrorClass::Timeout => api::ErrorClass::Timeout,
            ErrorClass::Resource => api::ErrorClass::Resource,
            ErrorClass::Dependency => api::ErrorClass::Dependency,
            ErrorClass::Validation => api::ErrorClass::Validation,
            ErrorClass::Security => api::ErrorClass::Security,
            ErrorClass::Permanent => api::ErrorClass::Permanent,
            ErrorClass::Unknown => api::ErrorClass::Unknown,
        },
        message: error.message.clone(),
        details: error.details.clone(),
        recoverable: error.class.recoverable(),
        suggested_action: match error.class.suggested_action() {
            SuggestedAction::Retry => api::SuggestedAction::Retry,
            SuggestedAction::RetryThenAsk => api::SuggestedAction::RetryThenAsk,
            SuggestedAction::Fail => api::SuggestedAction::Fail,
        },
        step: error.step.clone(),
    }
}

/// The status of a run on the wire.
pub fn run_status(status: RunStatus) -> api::RunStatus {
    match status {
        RunStatus::Queued => api::RunStatus::Queued,
        RunStatus::Running => api::RunStatus::Running,
        RunStatus::Paused => api::RunStatus::Paused,
        RunStatus::Cancelling => api::RunStatus::Cancelling,
        RunStatus::Compensating => api::RunStatus::Compensating,
        RunStatus::Compensated => api::RunStatus::Compensated,
        RunStatus::Succeeded => api::RunStatus::Succeeded,
        RunStatus::Failed => api::RunStatus::Failed,
        RunStatus::Cancelled => api::RunStatus::Cancelled,
    }
}

/// What a run waits for, on the wire.
pub fn waits_for(what: WaitsFor) -> api::WaitsFor {
    match what {
        WaitsFor::Person => api::WaitsFor::Person,
        WaitsFor::Slot => api::WaitsFor::Slot,
        WaitsFor::Event => api::WaitsFor::Event,
        WaitsFor::Time => api::WaitsFor::Time,
    }
}

/// The status of a run inside; none for one that no row has.
pub fn run_status_inside(status: api::RunStatus) -> Option<RunStatus> {
    Some(match status {
        api::RunStatus::Queued => RunStatus::Queued,
        api::RunStatus::Running => RunStatus::Running,
        api::RunStatus::Cancelling => RunStatus::Cancelling,
        api::RunStatus::Succeeded => RunStatus::Succeeded,
        api::RunStatus::Failed => RunStatus::Failed,
        api::RunStatus::Cancelled => RunStatus::Cancelled,
        api::RunStatus::Paused => RunStatus::Paused,
        api::RunStatus::Compensating => RunStatus::Compensating,
        api::RunStatus::Compensated => RunStatus::Compensated,
        // Derived when a run is looked at.
        api::RunStatus::Waiting => return None,
    })
}

fn step_status(status: StepStatus) -> api::StepStatus {
    match status {
        StepStatus::Pending => api::StepStatus::Pending,
        StepStatus::Queued => api::StepStatus::Queued,
        StepStatus::Running => api::StepStatus::Running,
        StepStatus::Retrying => api::StepStatus::Retrying,
        StepStatus::Waiting => api::StepStatus::Waiting,
        StepStatus::NeedsApproval => api::StepStatus::NeedsApproval,
        StepStatus::NeedsAttention => api::StepStatus::NeedsAttention,
        StepStatus::Compensating => api::StepStatus::Compensating,
        StepStatus::Compensated => api::StepStatus::Compensated,
        StepStatus::Succeeded => api::StepStatus::Succeeded,
        StepStatus::Failed => api::StepStatus::Failed,
        StepStatus::Skipped => api::StepStatus::Skipped,
        StepStatus::Cancelled => api::StepStatus::Cancelled,
    }
}

/// A record of the journal as it is published: times as text, errors with what follows from their class.
pub fn event(record: &Record) -> api::Event {
    let mut data: Value = serde_json::from_slice(&record.data).unwrap_or_default();
    if let Some(fields) = data.as_object_mut() {
        if let Some(due) = fields.remove("due_at_ms").and_then(|due| due.as_i64()) {
            fields.insert("due_at".to_owned(), json!(time(due)));
        }
        let known = fields.get("error").and_then(|why| serde_json::from_value::<RunError>(why.clone()).ok());
        if let Some(known) = known {
            fields.insert("error".to_owned(), json!(error(&known)));
        }
    }
    api::Event {
        seq: record.seq,
        run: record.run.as_deref().map(str::to_owned),
        at: time(record.at_ms),
        actor: record.actor.clone(),
        kind: record.kind.clone(),
        v: record.v,
        step: record.step.clone(),
        attempt: record.attempt,
        data,
        hash: hex::encode(record.hash),
        prev: hex::encode(record.prev),
    }
}

/// A retry plan with paths.
pub fn retry_plan(state: &RunState, plan: &loomwork_run::RetryPlan) -> api::RetryPlan {
    let paths = |steps: &[usize]| steps.iter().map(|ix| state.steps[*ix].path.to_string()).collect();
    api::RetryPlan { runs: paths(&plan.runs), reused: paths(&plan.reused), repeats: paths(&plan.repeats) }
}
