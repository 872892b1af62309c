//! Nothing makes the analysis, the evaluation or an edit panic, and problems have places.

use indexmap::IndexMap;
use loomwork_workflow::{EditOp, analyze, edit, format_duration, parse_duration};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::pieces::{TOKENS, nearly_workflow};
use crate::values::any_value;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 600 } else { 20_000 }) })]

    #[test]
    fn no_text_makes_the_analysis_fail(text in prop_oneof![nearly_workflow(), any::<String>()]) {
        let analysis = analyze(&text);
        let errors = analysis.diagnostics.iter().any(|found| found.severity == loomwork_workflow::Severity::Error);
        prop_assert_eq!(analysis.workflow.is_none(), errors, "{:?}", analysis.diagnostics);
        for found in &analysis.diagnostics {
            prop_assert!(found.span.start.offset <= found.span.end.offset && found.span.end.offset <= text.len());
            prop_assert!(text.is_char_boundary(found.span.start.offset) && text.is_char_boundary(found.span.end.offset));
            for fix in &found.fixes {
                let _ = analyze(&fix.apply(&text));
            }
        }
    }

    #[test]
    fn no_expression_makes_the_analysis_or_its_evaluation_fail(tokens in prop::collection::vec(prop::sample::select(TOKENS), 1..30), spaced in any::<bool>()) {
        let expression = tokens.join(if spaced { " " } else { "" });
        let text = format!("loomwork: 1\nid: w\ninputs: {{ a: {{}} }}\nsteps:\n  - {{ id: a, run: x }}\n  - id: b\n    set: {{ v: {} }}\n", Value::from(format!("${{{{ {expression} }}}}")));
        if let Some(workflow) = analyze(&text).workflow
            && let loomwork_workflow::Action::Set(values) = &workflow.body.steps[1].action
        {
            let scope = loomwork_workflow::Scope { inputs: std::sync::Arc::new(json!({"a": [1, "x", null]})), ..Default::default() };
            let _ = values["v"].evaluate(&scope);
        }
    }

    #[test]
    fn any_edit_of_any_text_fails_or_gives_a_readable_text(text in nearly_workflow(), op in any_op()) {
        if let Ok(edited) = edit(&text, &[op]) {
            prop_assert!(!analyze(&edited.text).diagnostics.iter().any(|found| found.code == "LW0101"));
        }
    }

    #[test]
    fn durations_survive_being_written(ms in 0..3_000_000_000_000_u64) {
        prop_assert_eq!(parse_duration(&format_duration(ms)), Ok(ms));
    }
}

fn any_op() -> impl Strategy<Value = EditOp> {
    let id = prop::sample::select(vec!["a", "b", "@0", "nobody", "a.b", "b.a", "a.b.a"]).prop_map(str::to_owned);
    let path = prop::collection::vec(
        prop::sample::select(vec!["env", "A", "run", "needs", "title", "choose"]).prop_map(str::to_owned),
        1..3,
    );
    let fields: IndexMap<String, Value> = [("run".to_owned(), json!("x\ny"))].into_iter().collect();
    prop_oneof![
        (id.clone(), path.clone(), any_value()).prop_map(|(id, path, value)| EditOp::SetField { id, path, value }),
        (path, any_value()).prop_map(|(path, value)| EditOp::SetWorkflowField { path, value }),
        (id.clone(), any::<bool>()).prop_map(|(id, heal)| EditOp::RemoveStep { id, heal }),
        (id.clone(), id.clone()).prop_map(|(id, to)| EditOp::RenameStep { id, to }),
        (id.clone(), id.clone()).prop_map(|(from, to)| EditOp::Connect { from, port: None, to }),
        (id.clone(), id.clone()).prop_map(|(from, to)| EditOp::Disconnect { from, port: None, to }),
        (id.clone(), prop::option::of(id.clone()), prop::option::of(id.clone())).prop_map(|(id, into, after)| EditOp::MoveStep {
            id,
            into,
            after
        }),
        (nearly_workflow(), prop::option::of(id)).prop_map(|(yaml, into)| EditOp::Paste { yaml, into }),
        Just(EditOp::AddStep { id: None, fields }),
    ]
}
