//! Types of a workflow's values: what can never work is found, and nothing else.
#![allow(clippy::disallowed_methods, reason = "the test reads files of the repository; the crate itself reads none")]

use std::path::{Path, PathBuf};

use loomwork_workflow::{Severity, Type, analyze};
use serde_json::json;

const TOP: &str = "loomwork: 1\nid: w\ninputs:\n  n: { type: integer, required: true }\n  s: { type: string, required: true }\n  user: { required: true, schema: { type: object, properties: { name: { type: string }, tags: { type: array, items: { type: string } } }, additionalProperties: false } }\nsteps:\n";

/// Codes and messages of a workflow with these steps, leaving out hints and what cannot be run.
fn found(steps: &str) -> Vec<String> {
    let analysis = analyze(&format!("{TOP}{steps}"));
    let told = analysis.diagnostics.iter().filter(|found| found.code != "LW0112" && found.severity != Severity::Hint);
    told.map(|found| format!("{} {}", found.code, found.message)).collect()
}

fn set(expression: &str) -> String {
    format!("  - id: get\n    http: {{ url: \"http://e.org\" }}\n  - id: a\n    set: {{ k: \"{expression}\" }}\n")
}

#[test]
fn a_field_that_an_output_lacks_is_named_with_the_nearest() {
    let text = format!("{TOP}{}", set("${{ steps.get.output.headrs }}"));
    let analysis = analyze(&text);
    let told = analysis.diagnostics.iter().find(|found| found.code == "LW0304").expect("an unknown field");
    assert_eq!(told.message, "`steps.get.output` has no `headrs`; it has status, headers, body. Did you mean `headers`?");
    assert_eq!(&text[told.span.start.offset..told.span.end.offset], "headrs");
    assert!(analyze(&told.fixes[0].apply(&text)).diagnostics.iter().all(|found| found.code != "LW0304"));
    assert_eq!(
        found(&set("${{ inputs.user.nam }}")),
        ["LW0304 `inputs.user` has no `nam`; it has name, tags. Did you mean `name`?"]
    );
}

#[test]
fn a_body_with_a_schema_holds_what_the_schema_says() {
    let get = |url: &str, read: &str| {
        let schema =
            "{ type: object, properties: { id: { type: integer }, tags: { type: array } }, additionalProperties: false }";
        found(&format!(
            "  - id: get\n    http: {{ url: \"{url}\", expect: {{ schema: {schema} }} }}\n  - id: a\n    set: {{ k: \"${{{{ {read} }}}}\" }}\n"
        ))
    };
    assert_eq!(get("http://e.org", "steps.get.output.body.id + 1"), [""; 0]);
    for url in ["http://e.org", "http://e.org/${{ inputs.n }}"] {
        let told = get(url, "steps.get.output.body.idd");
        assert_eq!(told, ["LW0304 `steps.get.output.body` has no `idd`; it has id, tags. Did you mean `id`?"]);
        assert_eq!(get(url, "steps.get.output.body.tags + 1").len(), 1);
    }
}

#[test]
fn an_operation_that_never_works_is_an_error_and_one_that_may_not_be_reached_a_warning() {
    assert_eq!(
        found(&set("${{ inputs.s + inputs.n }}")),
        ["LW0321 `+` does not take string and int; convert the other with text()."]
    );
    assert_eq!(found(&set("${{ inputs.n > 1 ? inputs.s.sum() : 0 }}")), ["LW0322 `sum` takes list, not string."]);
    assert_eq!(found(&set("${{ inputs.n == '1' }}")), ["LW0324 int and string are never equal, so this is always false."]);
}

#[test]
fn a_condition_that_is_never_true_or_false_and_a_for_each_over_no_list_are_errors() {
    let step = |line: &str| format!("  - id: a\n    {line}\n    run: echo\n");
    assert_eq!(found(&step("when: \"${{ inputs.n }}\"")), ["LW0325 The value here is int, but true or false is needed."]);
    assert_eq!(
        found(&step("for_each: \"${{ inputs.s }}\"")),
        ["LW0326 The value here is string, but a list is needed; `lines(…)` and `.split(…)` make a list of text."]
    );
    let of_script = "  - id: ls\n    run: ls\n  - id: a\n    for_each: \"${{ steps.ls.output.stdout }}\"\n    run: echo\n";
    assert!(found(of_script)[0].starts_with("LW0326"));
    assert_eq!(found("  - id: a\n    choose: { x: \"${{ inputs.s }}\", else: y }\n").len(), 1);
    assert_eq!(found("  - id: a\n    loop: { until: \"${{ pass.index }}\", max: 3 }\n    run: x\n").len(), 1);
}

#[test]
fn elements_passes_groups_and_errors_have_types() {
    let body = |expression: &str| {
        format!(
            "  - id: g\n    for_each: \"${{{{ inputs.user.tags }}}}\"\n    steps:\n      - id: one\n        set: {{ v: \"${{{{ {expression} }}}}\" }}\n  - id: after\n    set: {{ all: \"${{{{ steps.g.output[0].one.v }}}}\" }}\n"
        )
    };
    assert_eq!(found(&body("item + 1")), ["LW0321 `+` does not take string and int; convert the other with text()."]);
    assert!(found(&body("item + text(index)")).is_empty());
    let outside = "  - id: g\n    steps:\n      - id: inner\n        set: { v: 1 }\n  - id: a\n    set: { k: \"${{ steps.g.output.iner.v }}\" }\n";
    assert_eq!(found(outside), ["LW0304 `steps.g.output` has no `iner`; it has inner. Did you mean `inner`?"]);
    let pass = "  - id: l\n    loop: { while: \"${{ pass.previous == null || pass.previous.donne }}\", max: 3 }\n    set: { done: true }\n";
    assert_eq!(found(pass), ["LW0304 `pass.previous` has no `donne`; it has done. Did you mean `done`?"]);
}

#[test]
fn what_is_not_known_is_silent() {
    for expression in [
        "${{ steps.get.output.body.anything + 1 }}",
        "${{ has(steps.get.output.nothing) }}",
        "${{ inputs.user.tags.map(t, t.trim()).join(',') }}",
        "${{ run.started_at + duration('1h') }}",
        "${{ run.trigger.kind == 'manual' }}",
        "text ${{ inputs.n }} and ${{ inputs.user }}",
    ] {
        assert_eq!(found(&set(expression)), Vec::<String>::new(), "{expression}");
    }
    // A program that a script calls may write any JSON to the output file.
    let script = "  - id: s\n    run: ./tool.sh\n  - id: a\n    for_each: \"${{ steps.s.output }}\"\n    run: echo\n";
    assert_eq!(found(script), Vec::<String>::new());
}

#[test]
fn a_default_fits_the_schema() {
    let text = |default: &str| {
        format!(
            "loomwork: 1\nid: w\ninputs:\n  n: {{ schema: {{ type: [integer, 'null'] }}, default: {default} }}\nsteps:\n  - {{ id: a, run: x }}\n"
        )
    };
    let codes = |text: &str| analyze(text).diagnostics.iter().map(|found| found.code).filter(|code| *code == "LW0401").count();
    assert_eq!([codes(&text("1")), codes(&text("null")), codes(&text("one"))], [0, 0, 1]);
}

#[test]
fn a_workflow_says_what_it_takes_and_gives() {
    let text = format!(
        "{TOP}  - id: a\n    set: {{ count: \"${{{{ inputs.n + 1 }}}}\", names: \"${{{{ inputs.user.tags }}}}\" }}\noutputs:\n  count: \"${{{{ steps.a.output.count }}}}\"\n  label: \"n${{{{ inputs.n }}}}\"\n"
    );
    let workflow = analyze(&text).workflow.expect("no errors");
    let signature = workflow.signature();
    assert_eq!(signature.outputs["count"], Type::Int.or(Type::Null));
    assert_eq!(signature.inputs["user"].of.to_string(), "{name: string, tags: list<string>}");
    assert_eq!(
        signature.output_schema(),
        json!({
            "type": "object",
            "properties": { "count": { "anyOf": [{ "type": "null" }, { "type": "integer" }] }, "label": { "type": "string" } },
            "required": ["count", "label"],
            "additionalProperties": false,
        })
    );
    assert_eq!(signature.input_schema()["required"], json!(["n", "s", "user"]));
    assert_eq!(signature.input_schema()["properties"]["n"], json!({ "type": "integer" }));
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            into.push(path);
        }
    }
}

#[test]
fn no_example_and_no_case_of_the_suite_is_wrongly_accused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    for folder in ["workflows", "tests/conformance/cases"] {
        files(&root.join(folder), &mut all);
    }
    assert!(all.len() > 100, "the examples are there");
    for path in all {
        // The cases of this folder are wrong on purpose; the suite itself says what must be found in them.
        if path.components().any(|part| part.as_os_str() == "validation") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("it can be read");
        for found in analyze(&text).diagnostics {
            let typed = found.code.starts_with("LW032") || found.code == "LW0304";
            assert!(!typed || found.severity != Severity::Error, "{}: {} {}", path.display(), found.code, found.message);
            assert!(!typed, "{}: {} {}", path.display(), found.code, found.message);
        }
    }
}

#[test]
fn a_field_of_an_output_that_is_null_after_a_failure_that_is_passed_over_is_asked_for_first() {
    let steps = |rules: &str, value: &str| {
        format!(
            "  - id: f\n    run: x\n    on_error: [{{ {rules} }}]\n  - id: g\n    needs: [f]\n    set: {{ k: \"{value}\" }}\n"
        )
    };
    let warned = |steps: &str| found(steps).iter().filter(|told| told.starts_with("LW0328")).count();
    let read = "${{ steps.f.output.stdout }}";
    assert_eq!(
        found(&steps("do: continue", read)),
        [
            "LW0328 `steps.f.output` is null when `f` failed, because the run goes on then; null has no `stdout`, and this would fail. Ask first: steps.f.output != null ? … : …"
        ]
    );
    let passing = "when: \"${{ steps.f.error.class == 'timeout' }}\", do: continue";
    assert_eq!(warned(&steps(passing, read)), 1);
    assert_eq!(warned(&steps("do: continue", "it says ${{ steps.f.output.stdout + '!' }}")), 1);
    assert_eq!(warned(&steps("do: continue", "${{ has(steps.f.output) ? steps.f.output.stdout : 'none' }}")), 1);
    for silent in [
        steps("do: skip", read),
        steps("do: fallback, fallback: { run: y }", read),
        steps("do: continue", "${{ steps.f.output != null ? steps.f.output.stdout : '' }}"),
        steps("do: continue", "${{ has(steps.f.error) ? '' : steps.f.output.stdout }}"),
        steps("do: continue", "${{ steps.f.output }}"),
        steps("do: continue", read).replace("needs: [f]", "needs: [f]\n    when: \"${{ steps.f.output != null }}\""),
        steps("do: continue", read).replace("run: x", "for_each: [1]\n    run: x").replace("output.", "output[0]."),
    ] {
        assert_eq!(warned(&silent), 0, "{silent}: {:?}", found(&silent));
    }
    // Within a group, and in what the workflow gives back.
    let inside = steps("do: continue", "x")
        + "  - id: h\n    needs: [f]\n    steps:\n      - { id: i, set: { k: \"${{ steps.f.output.stdout }}\" } }\n";
    assert_eq!(warned(&inside), 1);
    assert_eq!(warned(&(steps("do: continue", "x") + "outputs: { o: \"${{ steps.f.output.stdout }}\" }\n")), 1);
}

#[test]
fn a_wait_for_what_is_never_a_duration_or_a_moment_is_an_error() {
    let wait = |what: &str| format!("  - id: a\n    wait: {{ {what} }}\n");
    assert_eq!(
        found(&wait("for: \"${{ inputs.n }}\"")),
        ["LW0118 The value here is int, but a duration such as '1h30m' is needed."]
    );
    assert_eq!(found(&wait("until: \"${{ inputs.user }}\"")).iter().filter(|told| told.starts_with("LW0118 ")).count(), 1);
    for fine in [
        "for: \"${{ inputs.s }}\"",
        "for: \"${{ inputs.n }}s\"",
        "for: \"${{ duration('5s') }}\"",
        "until: \"${{ run.started_at }}\"",
    ] {
        assert_eq!(found(&wait(fine)), [""; 0], "{fine}");
    }
}

/// What is marked by the problems with a code, with the offset of each, and the text after the first fix.
fn marked(text: &str, code: &str) -> (Vec<(usize, String)>, Option<String>) {
    let found = analyze(text).diagnostics;
    let told: Vec<_> = found.iter().filter(|found| found.code == code).collect();
    let place = |span: &loomwork_workflow::Span| (span.start.offset, text[span.start.offset..span.end.offset].to_owned());
    let fixed = told.iter().find_map(|told| told.fixes.first()).map(|fix| fix.apply(text));
    (told.iter().map(|told| place(&told.span)).collect(), fixed)
}

#[test]
fn a_problem_of_an_expression_is_marked_and_mended_in_it_and_not_in_the_text_around_it() {
    let with = |value: &str| {
        format!("loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: echo\n  - id: b\n    needs: [a]\n    set: {{ v: {value} }}\n")
    };
    let text = with("\"The steps.a.output.stdou is ${{ steps.a.output.stdou }}\"");
    let (places, fixed) = marked(&text, "LW0323");
    assert_eq!(places, [(text.rfind("stdou").expect("a place"), "stdou".to_owned())]);
    assert_eq!(fixed, Some(with("\"The steps.a.output.stdou is ${{ steps.a.output.stdout }}\"")));
    let text = with("\"${{ steps.a.output.stdou }} ${{ steps.a.output.stdou }}\"");
    let found: Vec<usize> = marked(&text, "LW0323").0.into_iter().map(|(at, _)| at).collect();
    assert_eq!(found, [text.find("stdou").expect("a place"), text.rfind("stdou").expect("a place")]);
    let text = with("\"inputs.m ${{ inputs.m }}${{ inputs.m }}${{ env.m + inputs.m }}\"");
    let places: Vec<usize> = marked(&text, "LW0302").0.into_iter().map(|(at, _)| at).collect();
    let all: Vec<usize> = text.match_indices(".m").skip(1).map(|(at, _)| at + 1).collect();
    assert_eq!(places, all);
    let text = with("\"stes.a ${{ stes.a }}\"");
    let (places, fixed) = marked(&text, "LW0302");
    assert_eq!(places, [(text.rfind("stes").expect("a place"), "stes".to_owned())]);
    assert_eq!(fixed, Some(with("\"stes.a ${{ steps.a }}\"")));
}

#[test]
fn the_fix_of_a_read_that_may_be_null_changes_the_expression_only() {
    let with = |value: &str| {
        format!(
            "loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: echo\n    on_error: [{{ do: continue }}]\n  - id: b\n    needs: [a]\n    set: {{ v: {value} }}\n"
        )
    };
    let text = with("\" steps.a.output.stdout ${{ steps.a.output.stdout }}\"");
    let fixed = marked(&text, "LW0328").1.expect("a fix");
    assert_eq!(fixed, with("\" steps.a.output.stdout ${{ steps.a.output != null ? steps.a.output.stdout : null }}\""));
}

#[test]
fn how_to_keep_a_fraction_is_said_with_the_number_that_is_there() {
    let told = |expression: &str| {
        let text = format!("{TOP}{}", set(&format!("${{{{ {expression} }}}}")));
        let found = analyze(&text).diagnostics.into_iter().find(|found| found.code == "LW0327");
        found.expect("a hint").message
    };
    let list = "[inputs.n, 2.5].sum()";
    assert!(told(&format!("{list} / 3")).ends_with("Write `3.0` for `3`, or `double(…)`, to keep it."));
    assert!(told(&format!("7 / {list}")).ends_with("Write `7.0` for `7`, or `double(…)`, to keep it."));
    assert!(told(&format!("{list} / inputs.s.size()")).ends_with("Write `double(…)` around one of them to keep it."));
}
