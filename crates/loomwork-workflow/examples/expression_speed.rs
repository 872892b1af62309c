//! How long a small expression takes: `cargo run --release -p loomwork-workflow --example expression_speed`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example for people, outside of the pure crate")]

use std::sync::Arc;
use std::time::Instant;

use loomwork_workflow::{Action, Scope, StepScope, analyze};

fn main() {
    let text = "loomwork: 1\nid: x\nsteps:\n  - { id: a, run: x }\n  - id: b\n    set: { v: \"${{ steps.a.output.v + 1 }}\" }\n";
    let Some(workflow) = analyze(text).workflow else { return };
    let Action::Set(values) = &workflow.body.steps[1].action else { return };
    let mut scope = Scope::default();
    scope.steps.insert("a".into(), StepScope { output: Some(Arc::new(serde_json::json!({"v": 1}))), ..StepScope::default() });
    let (count, started) = (1_000_000_u32, Instant::now());
    let worked = (0..count).filter(|_| values["v"].evaluate(&scope).is_ok()).count();
    println!("{worked} evaluations, {:?} each", started.elapsed() / count);
}
