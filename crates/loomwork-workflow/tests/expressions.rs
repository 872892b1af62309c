//! Expressions have the values that CEL gives them, within bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_workflow::{Action, ExpressionError, Read, Scope, StepScope, Template, analyze};
use serde_json::{Value, json};

/// A template as it stands in a step that can read the steps `a` (any output) and `gone`.
fn template(text: &str) -> Template {
    let source = format!(
        "loomwork: 1\nid: t\ninputs:\n  n: {{ type: integer }}\n  name: {{ type: string }}\n  list: {{ type: array }}\n  map: {{ type: object }}\nenv: {{ HOME: h }}\nsteps:\n  - {{ id: a, run: x }}\n  - {{ id: gone, run: x }}\n  - id: t\n    set: {{ v: {} }}\n",
        Value::from(text)
    );
    let analysis = analyze(&source);
    let workflow = analysis.workflow.unwrap_or_else(|| panic!("{text}: {:#?}", analysis.diagnostics));
    match &workflow.body.steps[2].action {
        Action::Set(values) => values["v"].clone(),
        other => panic!("{other:?}"),
    }
}

fn scope() -> Scope {
    let done = StepScope {
        output: Some(Arc::new(json!({"text": "é x", "list": [3, 1, 2]}))),
        status: "succeeded".into(),
        error: None,
        attempts: 2,
        duration_ms: 1_500,
    };
    let gone = StepScope { output: None, status: "skipped".into(), ..StepScope::default() };
    Scope {
        inputs: Arc::new(json!({"n": 7, "name": "Ada", "list": [1, 2.5, "x", null], "map": {"k": {"deep": true}}})),
        env: Arc::new(json!({"HOME": "/h"})),
        run: Arc::new(json!({"id": "r1", "started_at": "2026-11-21T08:00:00.500Z", "trigger": {"kind": "manual"}})),
        steps: BTreeMap::from([("a".to_owned(), done), ("gone".to_owned(), gone)]),
        locals: BTreeMap::new(),
    }
}

fn value(expression: &str) -> Value {
    template(&format!("${{{{ {expression} }}}}")).evaluate(&scope()).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

fn failure(expression: &str) -> ExpressionError {
    template(&format!("${{{{ {expression} }}}}")).evaluate(&scope()).expect_err(expression)
}

#[test]
fn a_whole_expression_keeps_its_type_and_text_around_it_makes_text() {
    assert_eq!(value("inputs.n + 1"), json!(8));
    assert_eq!(
        template("n is ${{ inputs.n }}, ${{ inputs.name }}, ${{ inputs.list }}").evaluate(&scope()).unwrap(),
        json!("n is 7, Ada, [1,2.5,\"x\",null]")
    );
    assert_eq!(template("$${{ inputs.n }}").evaluate(&scope()).unwrap(), json!("${{ inputs.n }}"));
    assert_eq!(template(" ${{ inputs.n }}").evaluate(&scope()).unwrap(), json!(" 7"));
    assert_eq!(template("plain").as_literal(), Some(&json!("plain")));
}

#[test]
fn integers_stay_integers_and_doubles_stay_doubles() {
    assert_eq!(value("inputs.list[0]").to_string(), "1");
    assert_eq!(value("inputs.list[1]").to_string(), "2.5");
    assert_eq!(value("2.0 * 3.0").to_string(), "6.0");
    assert_eq!(value("7 / 2").to_string(), "3");
    assert_eq!(value("-7 % 3").to_string(), "-1");
    assert_eq!(value("18446744073709551615u").to_string(), "18446744073709551615");
    assert_eq!(value("1 == 1.0 && 1u == 1 && 2.5 > 2"), json!(true));
    assert_eq!(value("{1: 'a'}[1.0]"), json!("a"));
}

#[test]
fn what_overflows_or_mixes_types_is_an_error_that_says_so() {
    for (expression, wanted) in [
        ("9223372036854775807 + 1", "outside the range"),
        ("-9223372036854775808 / -1", "outside the range"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("1 % dyn(1.0)", "int()"),
        ("'a' + dyn(1)", "text()"),
        ("inputs.list[9]", "none at index 9"),
        ("inputs.map.nope", "`k`"),
        ("dyn(inputs.name).x", "no field"),
        ("dyn('a') < 1", "no order"),
        ("dyn(1) ? 2 : 3", "true or false"),
        ("0.0 / 0.0", "JSON"),
        ("steps.gone.output", "has no output"),
    ] {
        let reason = failure(expression).reason;
        assert!(reason.contains(wanted), "{expression}: {reason}");
    }
}

#[test]
fn a_decisive_side_of_a_logical_operator_hides_the_error_of_the_other() {
    assert_eq!(value("1 / 0 == 1 || true"), json!(true));
    assert_eq!(value("1 / 0 == 1 && false"), json!(false));
    assert_eq!(value("[1, 0, 2].exists(x, 2 / x == 1)"), json!(true));
    assert!(failure("1 / 0 == 1 || false").reason.contains("division"));
}

#[test]
fn macros_work_on_lists_and_on_the_keys_of_maps() {
    assert_eq!(value("inputs.list.filter(x, type(x) == int).map(x, x * 2)"), json!([2]));
    assert_eq!(value("steps.a.output.list.map(x, x > 1, x + 1)"), json!([4, 3]));
    assert_eq!(value("inputs.map.all(k, k == 'k')"), json!(true));
    assert_eq!(value("[1, 2, 2].exists_one(x, x == 2)"), json!(false));
    assert_eq!(value("[1, 2].map(x, [3].map(y, x * y))"), json!([[3], [6]]));
    assert_eq!(value("[[1, 2], [3]].map(x, x.map(y, size(x)))"), json!([[2, 2], [1]]));
}

#[test]
fn has_tells_whether_something_is_there() {
    assert_eq!(value("has(steps.a.output)"), json!(true));
    assert_eq!(value("has(steps.gone.output)"), json!(false));
    assert_eq!(value("has(steps.gone.output.text)"), json!(false));
    assert_eq!(value("has(inputs.map.k.deep) && !has(inputs.map.k.other)"), json!(true));
    assert_eq!(value("has(steps.gone.output) ? steps.gone.output.text : 'none'"), json!("none"));
    assert_eq!(value("has(steps.a.error)"), json!(false));
}

#[test]
fn steps_the_run_and_the_environment_are_in_scope() {
    assert_eq!(value("steps['a'].output['list'][0]"), json!(3));
    assert_eq!(value("steps.gone.status + '/' + string(steps.a.attempts)"), json!("skipped/2"));
    assert_eq!(value("steps.a.duration > duration('1s')"), json!(true));
    assert_eq!(value("steps.a.duration"), json!("1.5s"));
    assert_eq!(value("run.started_at.getFullYear()"), json!(2026));
    assert_eq!(value("run.started_at + duration('30m')"), json!("2026-11-21T08:30:00.5Z"));
    assert_eq!(value("run.started_at.getHours('+02:00')"), json!(10));
    assert_eq!(value("run.trigger.kind + env.HOME"), json!("manual/h"));
}

#[test]
fn the_functions_for_text_count_characters() {
    for (expression, wanted) in [
        ("'a,b,,c'.split(',')", json!(["a", "b", "", "c"])),
        ("'a,b,c'.split(',', 2)", json!(["a", "b,c"])),
        ("'aé'.split('')", json!(["a", "é"])),
        ("['a', 'b'].join('-') + ['x'].join()", json!("a-bx")),
        ("'  x '.trim()", json!("x")),
        ("'aXbX'.replace('X', '..') + 'aXbX'.replace('X', '', 1)", json!("a..b..abX")),
        ("'héllo'.substring(1, 3) + 'héllo'.substring(3)", json!("éllo")),
        ("'ÀBc'.lowerAscii() + 'àbc'.upperAscii()", json!("ÀbcàBC")),
        ("'héllo'.indexOf('l') + 'héllo'.lastIndexOf('l')", json!(5)),
        ("'héllo'.charAt(1)", json!("é")),
        ("'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.contains('b')", json!(true)),
        ("'run-12'.matches('^run-[0-9]+$')", json!(true)),
        ("matches('x', 'y')", json!(false)),
        ("size('héllo')", json!(5)),
        ("lines('a\\r\\nb\\n')", json!(["a", "b"])),
        ("'abc'.reverse()", json!("cba")),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
}

#[test]
fn the_functions_for_lists_numbers_and_conversions_work() {
    for (expression, wanted) in [
        ("[3, 1, 2.5].sort()", json!([1, 2.5, 3])),
        ("['b', 'a'].sort()", json!(["a", "b"])),
        ("[1, 1.0, 'a', 'a', [1], [1]].distinct()", json!([1, "a", [1]])),
        ("[[1], [2, [3]]].flatten()", json!([1, 2, [3]])),
        ("[[1], [2, [3]]].flatten(2)", json!([1, 2, 3])),
        ("[1, 2, 3].slice(1, 3)", json!([2, 3])),
        ("lists.range(3) + range(1)", json!([0, 1, 2, 0])),
        ("[1, 2, 3].sum() + sum([])", json!(6)),
        ("sum([1, 0.5])", json!(1.5)),
        ("avg([1, 2])", json!(1.5)),
        ("math.greatest(1, 2.5) == 2.5 && math.least([3, 2]) == 2", json!(true)),
        ("math.abs(-3) + int(math.round(2.5))", json!(6)),
        ("sets.contains([1, 2], [2]) && sets.equivalent([1], [1, 1]) && !sets.intersects([1], [2])", json!(true)),
        ("json('{\"a\": [1, 2.0]}').a", json!([1, 2])),
        ("text({'a': 1}) + text('x')", json!("{\"a\":1}x")),
        ("sha256('abc')", json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        ("base64.encode(b'hello') + string(base64.decode('aGk'))", json!("aGVsbG8=hi")),
        ("int('12') + int(3.9)", json!(15)),
        ("double('1.5')", json!(1.5)),
        ("bool('true')", json!(true)),
        ("string(timestamp('2026-01-01T00:00:00Z'))", json!("2026-01-01T00:00:00Z")),
        ("duration('1h30m').getMinutes()", json!(90)),
        ("type(1) == int && type('') != type(1)", json!(true)),
        ("'k' in inputs.map && 1 in inputs.list && !('z' in inputs.map)", json!(true)),
        ("{'a': 1, 'b': [true, null]}", json!({"a": 1, "b": [true, null]})),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
}

#[test]
fn an_evaluation_that_takes_too_much_ends_with_an_error() {
    let nested = "range(10000).map(a, range(10000).map(b, a * b))";
    assert!(failure(nested).reason.contains("steps"));
    let doubling = format!("['x']{}", ".map(s, s + s)".repeat(40));
    assert!(failure(&doubling).reason.contains("MiB"));
    let wide = format!("[1]{}", ".map(x, [x, x, x, x])".repeat(20));
    assert!(failure(&wide).reason.contains("MiB"));
    assert!(failure("range(1000000000)").reason.contains("steps"));
    let replacing = format!("'aaaaaaaaaaaaaaaa'{}", ".replace('a', 'aaaaaaaaaaaaaaaa')".repeat(8));
    let reason = failure(&replacing).reason;
    assert!(reason.contains("MiB") || reason.contains("steps"), "{reason}");
    let regexes = "range(1000000).map(x, 'a'.matches(string(x)))";
    assert!(failure(regexes).reason.contains("steps"));
}

#[test]
fn large_outputs_are_read_in_place() {
    let mut scope = scope();
    let stdout = "a line of the log\n".repeat(1_000_000);
    scope.steps.get_mut("a").unwrap().output = Some(Arc::new(json!({ "stdout": stdout })));
    let lines = template("${{ size(steps.a.output.stdout.split('\n')) }}");
    // A million slices of borrowed text are within the bound; as many copies would not be.
    let outcome = lines.evaluate(&scope);
    assert!(outcome.is_ok() || outcome.as_ref().is_err_and(|error| error.reason.contains("MiB")), "{outcome:?}");
    assert_eq!(template("${{ steps.a.output.stdout }}").evaluate(&scope).unwrap(), json!(stdout));
}

#[test]
fn references_say_what_they_need() {
    let references = |text: &str| -> Vec<(String, Read, String)> {
        template(text).references().iter().map(|found| (found.step.clone(), found.read, found.field.clone())).collect()
    };
    let of = |step: &str, read, field: &str| (step.to_owned(), read, field.to_owned());
    assert_eq!(references("${{ steps.a.output.text }}"), [of("a", Read::Output, "output")]);
    assert_eq!(references("${{ steps['a'].status }}"), [of("a", Read::Settled, "status")]);
    assert_eq!(references("${{ has(steps.a.output) }}"), [of("a", Read::Settled, "output")]);
    let guarded = [of("a", Read::Settled, "output"), of("a", Read::Settled, "output")];
    assert_eq!(references("${{ has(steps.a.output) ? steps.a.output : 1 }}"), guarded);
    assert_eq!(references("${{ !has(steps.a.output) || steps.a.output.text == '' }}"), guarded);
    assert_eq!(references("${{ has(steps.a.output.text) && steps.a.output.text == '' }}"), guarded);
    let unguarded = [of("a", Read::Settled, "output"), of("gone", Read::Output, "output")];
    assert_eq!(references("${{ has(steps.a.output) ? steps.gone.output : 1 }}"), unguarded);
}

#[test]
fn numbers_of_all_kinds_calculate_with_each_other() {
    assert_eq!(value("1 + 0.5"), json!(1.5));
    assert_eq!(value("0.5 * 4"), json!(2.0));
    assert_eq!(value("7 / 2.0"), json!(3.5));
    assert_eq!(value("7 / 2"), json!(3));
    assert_eq!(value("2 - 2.5"), json!(-0.5));
    assert_eq!(value("1u + 2"), json!(3));
    assert_eq!(value("1u - 2"), json!(-1));
    assert_eq!(value("9223372036854775807u + 1"), json!(9_223_372_036_854_775_808_u64));
    assert!(failure("18446744073709551615u + 1").reason.contains("range"));
    assert!(failure("1u / 0").reason.contains("zero"));
    assert_eq!(failure("7 % dyn(2.0)").reason, "`%` does not take int and double; convert one with int()");
    assert_eq!(value("sum([1, 0.5, 2u])"), json!(3.5));
}

#[test]
fn a_number_of_json_without_a_fraction_is_an_integer() {
    let mut scope = scope();
    scope.inputs = Arc::new(json!({ "n": 7.0, "map": { "half": 0.5, "huge": 1e300, "list": [2.0] }, "name": "", "list": [] }));
    let value = |text: &str| template(text).evaluate(&scope).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(value("${{ inputs.n % 4 }}"), json!(3));
    assert_eq!(value("${{ type(inputs.n) == int && type(inputs.map.half) == double }}"), json!(true));
    assert_eq!(value("${{ range(inputs.map.list[0]) }}"), json!([0, 1]));
    assert_eq!(value("n is ${{ inputs.n }}"), json!("n is 7"));
    assert_eq!(value("${{ type(inputs.map.huge) == double }}"), json!(true));
    assert_eq!(value("${{ json('[7.0]')[0] % 2 }}"), json!(1));
}

#[test]
fn a_list_is_sorted_by_what_an_expression_gives() {
    assert_eq!(value("['ccc', 'a', 'bb'].sortBy(t, size(t))"), json!(["a", "bb", "ccc"]));
    assert_eq!(value("[1, 2, 3].sortBy(n, -n)"), json!([3, 2, 1]));
    assert_eq!(
        value("[{'n': 2, 'k': 'x'}, {'n': 1, 'k': 'y'}, {'n': 2, 'k': 'z'}].sortBy(e, e.n).map(e, e.k)"),
        json!(["y", "x", "z"])
    );
    assert_eq!(value("inputs.list.filter(e, type(e) != null_type && e != 'x').sortBy(e, inputs.n - e)"), json!([2.5, 1]));
    assert_eq!(value("[[2, 1], [3]].sortBy(l, l.sortBy(n, n)[0])"), json!([[2, 1], [3]]));
    assert!(failure("[1, 'a'].sortBy(x, x)").reason.contains("one type"));
    assert!(failure("[[1]].sortBy(x, dyn(x))").reason.contains("`sortBy` takes"));
    assert!(failure("[1].sortBy(x, [1][9])").missing);
    // Its body is charged like that of any other macro.
    assert!(failure("range(2000).sortBy(x, range(2000).map(y, y * x)[0])").reason.contains("steps"));
}

#[test]
fn a_name_can_be_bound_to_a_value() {
    assert_eq!(value("cel.bind(n, inputs.n * 2, n + n)"), json!(28));
    assert_eq!(value("cel.bind(a, [1, 2], a.map(x, cel.bind(y, x + 1, y * size(a))))"), json!([4, 6]));
    assert_eq!(value("cel.bind(x, 1, cel.bind(x, x + 1, x) + x)"), json!(3));
    assert!(failure("cel.bind(x, [1][5], 1)").missing);
    // Doubling what is shared is bounded by what it would take written out.
    let doubled = (0..40).rev().fold("a40".to_owned(), |inner, n| format!("cel.bind(a{}, [a{n}, a{n}], {inner})", n + 1));
    let doubled = format!("cel.bind(a0, 'x', {doubled})");
    assert!(failure(&doubled).reason.contains("MiB"));
}

#[test]
fn text_is_formatted_as_in_cels_strings_extension() {
    let written = |pattern: &str, values: &str| value(&format!("{pattern}.format({values})"));
    assert_eq!(written("'%s has %d of %.2f, 100%%'", "['a', 3, 0.125]"), json!("a has 3 of 0.12, 100%"));
    assert_eq!(
        written("'%s'", "[['abc', 3.5, null, [9, true], timestamp('2023-02-03T23:31:20Z'), duration('1h45m47s')]]"),
        json!("[abc, 3.5, null, [9, true], 2023-02-03T23:31:20Z, 6347s]")
    );
    assert_eq!(written("'%s'", "[{'b': 1, 'a': b'xyz', 2: int}]"), json!("{2: int, a: xyz, b: 1}"));
    assert_eq!(written("'%b %b %b %o %x %X %x'", "[5, -5, true, 11, 30, -30, 'Hi']"), json!("101 -101 1 13 1e -1E 4869"));
    assert_eq!(
        written("'%e %.1e %f %s'", "[1052.032911275, 0.00012, 2, 1.0 / 0.0]"),
        json!("1.052033e+03 1.2e-04 2.000000 Infinity")
    );
    assert_eq!(written("'no places'", "[]"), json!("no places"));
    for (pattern, values, why) in [
        ("'%s %s'", "[1]", "more places"),
        ("'%s'", "[1, 2]", "1 places, but 2 values"),
        ("'%q'", "[1]", "`%q`"),
        ("'%'", "[1]", "`%`"),
        ("'%d'", "[1.5]", "`%d` takes a whole number, not double"),
        ("'%.101f'", "[1.5]", "from 0 to 100"),
        ("'%.99999999999999999999999f'", "[1.5]", "from 0 to 100"),
        ("'%o'", "['a']", "`%o` takes"),
    ] {
        let error = failure(&format!("{pattern}.format({values})"));
        assert!(error.reason.contains(why), "{pattern}: {error}");
    }
    let many = "range(1000).map(i, '%s'.format([range(1000)])).size()";
    assert!(failure(many).reason.contains("steps"));
    let large = "cel.bind(s, range(100000).map(i, 'abcdefghijklmnopqrst').join(''), '%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s'.format(range(34).map(i, s)))";
    assert!(failure(large).reason.contains("MiB"));
}

#[test]
fn the_bits_of_whole_numbers_can_be_worked_with() {
    assert_eq!(value("math.bitAnd(12, 10)"), json!(8));
    assert_eq!(value("math.bitOr(12u, 10u)"), json!(14));
    assert_eq!(value("math.bitXor(12, -1)"), json!(-13));
    assert_eq!(value("math.bitNot(1)"), json!(-2));
    assert_eq!(value("math.bitNot(1u)"), json!(18_446_744_073_709_551_614_u64));
    assert_eq!(value("math.bitShiftLeft(1, 10)"), json!(1024));
    assert_eq!(value("math.bitShiftLeft(1, 64)"), json!(0));
    assert_eq!(value("math.bitShiftLeft(1, 9223372036854775807)"), json!(0));
    assert_eq!(value("math.bitShiftRight(-1024, 3)"), json!(2_305_843_009_213_693_824_i64));
    assert!(failure("math.bitShiftRight(1, -1)").reason.contains("negative"));
    assert!(failure("math.bitAnd(1, 1u)").reason.contains("one type"));
}

#[test]
fn a_macro_that_is_written_otherwise_is_explained() {
    let problem = |expression: &str| {
        let source = format!(
            "loomwork: 1\nid: t\nsteps:\n  - id: t\n    set: {{ v: {} }}\n",
            Value::from(format!("${{{{ {expression} }}}}"))
        );
        analyze(&source).diagnostics.first().map(|found| format!("{} {}", found.code, found.message)).unwrap_or_default()
    };
    assert!(problem("[1].sortBy(1, 2)").contains("list.sortBy(x, key)"), "{}", problem("[1].sortBy(1, 2)"));
    assert!(problem("[1].sortBy(x)").contains("list.sortBy(x, key)"));
    assert!(problem("cel.bind(1, 2, 3)").contains("cel.bind(x, value, expression)"));
    assert!(problem("[1].sortBy(inputs, 2)").contains("already has a meaning"));
    assert!(problem("[1].sortBy(item, y)").contains("already has a meaning"));
}
