//! Whatever an expression evaluates to is of its inferred type, and what the types reject always fails.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::infer::{FindingKind, Steps, View, infer};
use super::{Type, of_schema, to_schema};
use crate::expression::{Program, Style, Template, builtins};
use crate::{Scope, StepScope};

/// Inputs and outputs with one field of each type, and random values of it.
const FIELDS: [&str; 8] = ["i", "d", "s", "b", "l", "t", "o", "n"];

fn type_of_field(name: &str) -> Type {
    match name {
        "i" => Type::Int,
        "d" => Type::number(),
        "s" => Type::Text,
        "b" => Type::Bool,
        "l" => Type::list(Type::Int),
        "t" => Type::list(Type::Text.or(Type::Null)),
        "o" => Type::object([("x".to_owned(), Type::Int), ("y".to_owned(), Type::Text)], false),
        _ => Type::Text.or(Type::Null),
    }
}

fn value_of_field(name: &'static str) -> BoxedStrategy<Value> {
    let int = prop_oneof![Just(0_i64), Just(1), -3..20_i64, Just(i64::MAX)];
    let text =
        prop_oneof![Just(String::new()), Just("a,b".to_owned()), Just("12".to_owned()), Just("2026-01-31T09:00:00Z".to_owned())];
    match name {
        "i" => int.prop_map(Value::from).boxed(),
        "d" => prop_oneof![Just(0.5), Just(2.0), Just(-7.25)].prop_map(Value::from).boxed(),
        "s" => text.prop_map(Value::from).boxed(),
        "b" => any::<bool>().prop_map(Value::from).boxed(),
        "l" => prop::collection::vec(int, 0..4).prop_map(Value::from).boxed(),
        "t" => prop::collection::vec(prop::option::of(text), 0..4).prop_map(Value::from).boxed(),
        "o" => (int, text).prop_map(|(x, y)| json!({ "x": x, "y": y })).boxed(),
        _ => prop::option::of(text).prop_map(Value::from).boxed(),
    }
}

fn values() -> impl Strategy<Value = Value> {
    FIELDS
        .map(value_of_field)
        .to_vec()
        .prop_map(|values| Value::Object(FIELDS.iter().map(|name| (*name).to_owned()).zip(values).collect()))
}

fn leaf() -> impl Strategy<Value = String> {
    let field = prop::sample::select(FIELDS.to_vec());
    let literals = [
        "1",
        "0",
        "2.5",
        "'a'",
        "'12'",
        "true",
        "null",
        "[]",
        "[1, 2]",
        "{'k': 1}",
        "b'x'",
        "duration('90s')",
        "run.started_at",
        "run.id",
        "x",
        "item",
        "pass",
        "1u",
        "int",
    ];
    prop_oneof![
        3 => (prop::sample::select(vec!["inputs", "steps.a.output"]), field).prop_map(|(root, field)| format!("{root}.{field}")),
        2 => prop::sample::select(literals.to_vec()).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["steps.a.status", "steps.a.attempts", "steps.a.duration", "inputs", "env.E", "steps.b.output", "steps.a.output.o.x", "steps.a.output.o.zz"]).prop_map(str::to_owned),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 3, |inner| {
        let operators = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"];
        let function = (0..builtins().len(), prop::collection::vec(inner.clone(), 3)).prop_map(|(at, arguments)| {
            let builtin = &builtins()[at];
            let count = builtin.min.min(3);
            let member = builtin.style == Style::Member;
            if member {
                format!("({}).{}({})", arguments[0], builtin.name, arguments[1..count].join(", "))
            } else {
                format!("{}({})", builtin.name, arguments[..count].join(", "))
            }
        });
        prop_oneof![
            4 => (inner.clone(), prop::sample::select(operators.to_vec()), inner.clone()).prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            4 => function,
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(c, a, b)| format!("({c} ? {a} : {b})")),
            1 => (inner.clone(), prop::sample::select(vec!["map", "filter", "all", "exists", "exists_one", "sortBy"]), inner.clone()).prop_map(|(list, fold, body)| format!("({list}).{fold}(x, {body})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("cel.bind(x, {a}, {b})")),
            1 => inner.clone().prop_map(|a| format!("{{'k': {a}}}.k")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => inner.clone().prop_map(|a| format!("has(({a}).x)")),
            1 => prop_oneof![inner.clone().prop_map(|a| format!("!({a})")), inner.prop_map(|a| format!("-({a})"))],
        ]
    })
}

fn known() -> (Type, Steps<'static>) {
    let fields = || Type::object(FIELDS.map(|name| (name.to_owned(), type_of_field(name))), false);
    let loose = Type::loose([("stdout", Type::Text), ("exit_code", Type::Int)]);
    (fields(), Steps { own: HashMap::from([("a", fields()), ("b", loose)]), ..Steps::default() })
}

fn scope(inputs: Value, output: Value, item: Value) -> Scope {
    let step = |output| StepScope { output: Some(Arc::new(output)), status: "succeeded".to_owned(), ..StepScope::default() };
    Scope {
        inputs: Arc::new(inputs),
        env: Arc::new(json!({ "E": "e" })),
        run: Arc::new(json!({ "id": "r", "started_at": "2026-01-31T09:00:00Z", "trigger": { "kind": "manual", "actor": "me" } })),
        steps: BTreeMap::from([
            ("a".to_owned(), step(output)),
            ("b".to_owned(), step(json!({ "exit_code": 0, "stdout": "x", "stderr_tail": "" }))),
        ]),
        locals: BTreeMap::from([("item", Arc::new(item)), ("pass", Arc::new(json!({ "index": 1, "previous": null })))]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn a_value_is_of_the_inferred_type_and_what_is_rejected_fails(
        source in expression(),
        inputs in values(),
        output in values(),
        item in value_of_field("i"),
    ) {
        let Ok(program) = Program::parse(&source) else { return Ok(()) };
        let (fields, steps) = known();
        let env = Type::map(Type::Text);
        let previous = Type::Null;
        let view = View { inputs: &fields, env: &env, steps: &steps, item: &Type::Int, previous: &previous };
        let (of, findings) = infer(&program, view);
        let (template, _) = Template::parse_text(&format!("${{{{{source}}}}}"));
        if let Ok(value) = template.evaluate(&scope(inputs, output, item)) {
            prop_assert!(of.json().admits(&value), "{source} gave {value}, but was thought to be {of}");
        }
        // An error says why.
        let told = findings.iter().any(|finding| matches!(finding.kind, FindingKind::Fails | FindingKind::Lacks));
        prop_assert!(of != Type::Never || told, "{source} is rejected without a word");
    }

    #[test]
    fn a_type_admits_the_values_that_it_was_made_of(inputs in values(), other in values()) {
        let of = Type::of(&inputs);
        prop_assert!(of.admits(&inputs));
        let either = of.clone().or(Type::of(&other));
        prop_assert!(either.admits(&inputs) && either.admits(&other));
        prop_assert!(of_schema(&to_schema(&either)).admits(&inputs));
    }
}

fn rejected(source: &str) -> Option<String> {
    let program = Program::parse(source).expect("it parses");
    let (fields, steps) = known();
    let any = Type::Dyn;
    let (of, findings) = infer(&program, View { inputs: &fields, env: &any, steps: &steps, item: &any, previous: &any });
    (of == Type::Never).then(|| findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join(" "))
}

#[test]
fn what_can_never_work_is_rejected_with_its_types() {
    assert_eq!(
        rejected("inputs.s + inputs.i").as_deref(),
        Some("`+` does not take string and int; convert the other with text().")
    );
    assert_eq!(rejected("inputs.i % 1.5").as_deref(), Some("`%` does not take int and double; convert one with int()."));
    assert_eq!(rejected("inputs.i.trim()").as_deref(), Some("`trim` takes string, not int."));
    assert_eq!(rejected("size(inputs.i)").as_deref(), Some("`size` takes string | bytes | list | map, not int."));
    assert_eq!(rejected("inputs.s.name").as_deref(), Some("`inputs.s` is string, which has no field `name`."));
    assert_eq!(rejected("!inputs.s").as_deref(), Some("`!` takes true or false, not string."));
    assert_eq!(rejected("inputs.s < inputs.i").as_deref(), Some("`<` does not take string and int."));
    assert_eq!(rejected("inputs.o.z").as_deref(), Some("`inputs.o` has no `z`; it has x, y. Did you mean `x`?"));
}

#[test]
fn what_may_work_is_not_rejected() {
    for source in [
        "inputs.n + 'x'",
        "inputs.b ? inputs.s + 1 : 'x'",
        "inputs.s + 1 == 'x' || inputs.b",
        "inputs.l.map(x, x.trim())",
        "steps.b.output.anything.at.all",
        "steps.b.output[0]",
        "size(steps.b.output)",
        "inputs.t[0] + 'x'",
        "has(inputs.o.z)",
    ] {
        assert_eq!(rejected(source), None, "{source}");
    }
}

#[test]
fn a_type_is_written_as_people_read_it() {
    let (fields, _) = known();
    assert_eq!(
        fields.to_string(),
        "{i: int, d: int | double, s: string, b: bool, l: list<int>, t: list<string | null>, o: {x: int, y: string}, n: string | null}"
    );
    assert_eq!(Type::list(Type::Never).to_string(), "list");
    assert_eq!(Type::map(Type::Text).to_string(), "map<string>");
}

#[test]
fn types_stay_small_however_values_are_shared() {
    let mut of = Type::Text;
    for _ in 0..100 {
        of = Type::object([("a".to_owned(), of.clone()), ("b".to_owned(), of)], false);
    }
    assert!(of.to_string().len() < 1_000);
    assert!(matches!(of, Type::Object(_)));
}
