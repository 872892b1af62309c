//! What the contract shows of plans: translations into the types of `loomwork-api`.
//!
//! Not here: decisions. Everything is a pure function of its arguments.

use loomwork_api as api;
use loomwork_workflow::{self as workflow, Plan, Workflow};

/// A plan on the wire.
pub(crate) fn shown(of: &Workflow, plan: &Plan) -> api::WorkflowPlan {
    let workflow::Complexity { cyclomatic, steps, decisions, depth } = plan.complexity;
    api::WorkflowPlan {
        workflow: of.id.clone(),
        version: of.version.clone(),
        steps: plan.steps.iter().map(step).collect(),
        levels: plan.levels.iter().map(level).collect(),
        critical_path: plan.critical_path.clone(),
        critical_by: match plan.critical_by {
            workflow::CriticalBy::Duration => api::CriticalBy::Duration,
            workflow::CriticalBy::Steps => api::CriticalBy::Steps,
        },
        expected: plan.expected.map(expected),
        unknown: plan.unknown.clone(),
        width: plan.width,
        complexity: api::PlanComplexity { cyclomatic, steps, decisions, depth },
        runs: plan.runs,
    }
}

fn level(level: &workflow::PlannedLevel) -> api::PlannedLevel {
    api::PlannedLevel { steps: level.steps.clone(), width: level.width }
}

fn expected(expected: workflow::Expected) -> api::ExpectedDuration {
    let workflow::Expected { range, at_least } = expected;
    api::ExpectedDuration { low_ms: range.low_ms, median_ms: range.median_ms, high_ms: range.high_ms, at_least }
}

fn step(step: &workflow::PlannedStep) -> api::PlannedStep {
    api::PlannedStep {
        path: step.path.clone(),
        title: step.title.clone(),
        action: step.action.to_owned(),
        parent: step.parent.clone(),
        level: u32::try_from(step.level).unwrap_or(u32::MAX),
        critical: step.critical,
        runs: match step.runs {
            workflow::Runs::Always => api::PlannedRuns::Always,
            workflow::Runs::Maybe => api::PlannedRuns::Maybe,
            workflow::Runs::OnFailure => api::PlannedRuns::OnFailure,
            workflow::Runs::Never => api::PlannedRuns::Never,
        },
        repeat: step.repeat.map(|repeat| match repeat {
            workflow::PlannedRepeat::ForEach { count, max_parallel } => api::PlannedRepeat::ForEach { count, max_parallel },
            workflow::PlannedRepeat::Loop { max } => api::PlannedRepeat::Loop { max },
        }),
        max_parallel: step.max_parallel,
        expected: step.expected.map(expected),
        basis: match step.basis {
            workflow::Basis::Instant => api::DurationBasis::Instant,
            workflow::Basis::Timer => api::DurationBasis::Timer,
            workflow::Basis::History => api::DurationBasis::History,
            workflow::Basis::Parts => api::DurationBasis::Parts,
            workflow::Basis::Unknown => api::DurationBasis::Unknown,
        },
        samples: step.samples,
        levels: step.levels.iter().map(level).collect(),
        cached: None,
    }
}
