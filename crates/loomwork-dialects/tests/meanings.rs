//! Where a source means something that is easily lost, the file means it too or the report says so.

#![allow(clippy::unwrap_used, reason = "a test fails by unwrapping")]

use loomwork_dialects::{Dialect, ImportOptions, Imported, import};
use loomwork_workflow::analyze;

fn imported(dialect: Dialect, text: &str) -> (String, Imported) {
    let imported = import(dialect, "x.yaml", text, &ImportOptions::default()).unwrap();
    (imported.files[0].text.clone(), imported)
}

/// The codes of the errors that a file has.
fn errors(file: &str) -> Vec<String> {
    let diagnostics = analyze(file).diagnostics;
    let errors = diagnostics.iter().filter(|found| found.severity == loomwork_workflow::Severity::Error);
    errors.map(|error| format!("{} {}", error.code, error.message)).collect()
}

/// Imports jobs, and expects a file without errors.
fn actions(jobs: &str) -> (String, Imported) {
    let (file, imported) = imported(Dialect::GithubActions, jobs);
    assert_eq!(errors(&file), Vec::<String>::new(), "{file}");
    (file, imported)
}

/// Imports tasks.
fn serverless(tasks: &str) -> (String, Imported) {
    let head = "document: {dsl: '1.0.0', namespace: n, name: x, version: '0.1.0'}\n";
    imported(Dialect::ServerlessWorkflow, &format!("{head}{tasks}"))
}

/// What the report says of a place.
fn said(imported: &Imported, path: &str, words: &str) -> bool {
    imported.report.iter().any(|finding| finding.path == path && finding.message.contains(words))
}

const JOB: &str = "jobs:\n  a:\n    steps:\n";

#[test]
fn a_step_whose_failure_is_continued_has_the_outcome_failure_and_empty_outputs() {
    let (file, _) = actions(&format!(
        "{JOB}      - {{id: v, continue-on-error: true, run: exit 1}}\n      - run: echo ${{{{ steps.v.outputs.ver }}}}\n      - {{if: steps.v.outcome == 'failure', run: echo after}}\n      - {{if: steps.v.conclusion == 'success', run: echo well}}\n"
    ));
    assert!(file.contains("${{ (has(steps.v.output) && steps.v.output != null ? steps.v.output.ver : '') }}"), "{file}");
    assert!(file.contains("(has(steps.v.output) && steps.v.output == null)"), "{file}");
    assert!(file.contains("steps.v.status == 'succeeded'"), "{file}");
}

#[test]
fn a_dollar_in_front_of_a_value_does_not_make_it_text() {
    let (file, _) = actions(&format!("{JOB}      - {{run: echo, env: {{COST: \"$${{{{ github.sha }}}}\"}}}}\n"));
    assert!(file.contains("COST: \"${{ '$' }}${{ inputs.github_sha }}\""), "{file}");
    let tools = "tools: []\nagents: []\nworkflows:\n  w:\n    steps:\n      - {agent: a, input: \"$${NAME}\"}\n";
    let (file, _) = imported(Dialect::AgentTools, tools);
    assert!(file.contains("${{ '$' }}${{ inputs.NAME }}"), "{file}");
}

#[test]
fn values_in_a_system_prompt_stay_as_they_are_and_are_reported() {
    let tools = "tools: []\nagents: [{id: a, model: m/n, system_prompt: \"Be ${MOOD}, say ${{ x }}\"}]\nworkflows:\n  w:\n    steps:\n      - {agent: a, input: hello}\n";
    let (file, imported) = imported(Dialect::AgentTools, tools);
    assert!(file.contains("Be ${MOOD}, say $${{ x }}"), "{file}");
    assert!(said(&imported, "/agents/0/system_prompt", "stay as they are written"), "{imported:?}");
}

#[test]
fn what_a_combination_of_a_matrix_lacks_is_empty() {
    let matrix = "{os: [a, b], include: [{os: a, extra: 1, deep: {n: 2}}]}";
    let (file, imported) = actions(&format!(
        "jobs:\n  a:\n    strategy: {{matrix: {matrix}}}\n    steps:\n      - run: echo ${{{{ matrix.extra }}}} ${{{{ matrix.deep.n }}}} ${{{{ matrix.ghost }}}}\n"
    ));
    assert!(file.contains("{'os': 'b', 'extra': '', 'deep': ''}"), "{file}");
    assert!(file.contains("(item.deep == '' ? '' : item.deep.n)"), "{file}");
    assert!(said(&imported, "/jobs/a/steps/0/run", "no combination of the matrix has `ghost`"), "{imported:?}");
}

#[test]
fn what_only_github_knows_is_reported_where_it_stands() {
    let (_, imported) = actions("jobs:\n  a:\n    if: github.actor != ''\n    steps:\n      - run: echo\n");
    assert!(said(&imported, "/jobs/a/if", "only GitHub knows `github.actor`"), "{imported:?}");
}

#[test]
fn comparisons_are_told_of_once() {
    let (_, imported) = actions(&format!(
        "{JOB}      - {{if: github.ref == 'A', run: echo}}\n      - {{if: \"contains(github.ref, 'b')\", run: echo}}\n"
    ));
    let told = imported.report.iter().filter(|finding| finding.message.contains("case does not count")).count();
    assert_eq!(told, 1, "{imported:?}");
}

#[test]
fn a_value_is_empty_as_it_is_where_it_came_from() {
    let on = "on: {workflow_dispatch: {inputs: {flag: {type: boolean, default: true}, note: {default: ''}}}}\n";
    let (file, _) = actions(&format!(
        "{on}{JOB}      - {{if: inputs.note && inputs.flag, run: echo}}\n      - {{if: github.event.inputs.flag == 'true', run: \"echo ${{{{ inputs.note && 'set' }}}}\"}}\n"
    ));
    assert!(file.contains("!(inputs.note in [null, false, 0, '']) && inputs.flag == true"), "{file}");
    assert!(file.contains("text(inputs.flag) == 'true'"), "{file}");
    assert!(file.contains("(!(inputs.note in [null, false, 0, '']) ? 'set' : inputs.note)"), "{file}");
}

#[test]
fn what_only_the_runner_of_the_source_has_is_reported() {
    let script = "echo $GITHUB_SHA ${RUNNER_TEMP} $GITHUB_REPOSITORY_OWNER; echo '::set-output name=x::1'; std::error()";
    let (_, imported) = actions(&format!("{JOB}      - run: {script:?}\n        env: {{GITHUB_SHA: x}}\n"));
    let place = "/jobs/a/steps/0/run";
    assert!(said(&imported, place, "uses `$RUNNER_TEMP`, `$GITHUB_REPOSITORY_OWNER`,"), "{imported:?}");
    assert!(said(&imported, place, "prints `::set-output`,"), "{imported:?}");
}

#[test]
fn an_input_that_two_triggers_declare_differently_is_reported() {
    let on = "on:\n  workflow_dispatch: {inputs: {who: {default: a}, same: {default: a}}}\n  workflow_call: {inputs: {who: {required: true}, same: {default: a}}}\n";
    let (_, imported) = actions(&format!("{on}{JOB}      - run: echo\n"));
    assert!(said(&imported, "/on/workflow_call/inputs/who", "declared differently"), "{imported:?}");
    assert!(!said(&imported, "/on/workflow_call/inputs/same", "declared differently"), "{imported:?}");
}

#[test]
fn runtime_expressions_inside_other_text_are_worked_out_or_reported() {
    let (file, imported) = serverless(
        "do:\n  - a: {call: http, with: {method: get, endpoint: 'http://h/${ .x }/{y}', headers: {q: 'v ${ .z }'}}}\n  - b: {set: {m: 'Hi ${ .name }!', c: '$${ .name }'}}\n  - c: {run: {shell: {command: 'echo \"${ .m }\" ${HOME}'}}}\n  - d: {run: {container: {image: 'x:${ .tag }'}}}\n  - e: {run: {script: {language: js, code: 'console.log(`${ x }`)'}}}\n",
    );
    assert_eq!(errors(&file), Vec::<String>::new(), "{file}");
    assert!(file.contains("http://h/${{ inputs.x }}/${{ inputs.y }}"), "{file}");
    assert!(file.contains("v ${{ inputs.z }}"), "{file}");
    assert!(file.contains("Hi ${{ steps.a.output.body.name }}!"), "{file}");
    assert!(file.contains("c: \"${{ '$' }}${{ steps.a.output.body.name }}\""), "{file}");
    assert!(file.contains("run: echo \"${VALUE_1}\" ${HOME}"), "{file}");
    assert!(file.contains("env: { VALUE_1: \"${{ steps.b.output.m }}\" }"), "{file}");
    assert!(!file.contains("$${{"), "{file}");
    assert!(said(&imported, "/do/3/d/run/container/image", "stays as it is written"), "{imported:?}");
    assert!(!imported.report.iter().any(|finding| finding.path.ends_with("/code")), "{imported:?}");
}

#[test]
fn secrets_stand_in_texts_where_they_are_taken_and_are_reported_elsewhere() {
    let call = "do:\n  - a:\n      call: http\n      with:\n        endpoint: {uri: 'http://h', authentication: {basic: {username: bo, password: '${ $secrets.pw }'}}}\n        headers: {a: '${ \"Bearer \" + $secrets.tok }', b: 'Bearer ${ $secrets.tok }'}\n";
    let (file, _) = serverless(call);
    assert_eq!(errors(&file), Vec::<String>::new(), "{file}");
    assert_eq!(file.matches("Bearer ${{ secrets.tok }}").count(), 2, "{file}");
    let (_, imported) = serverless("do:\n  - a: {set: {s: '${ $secrets.tok }', n: '${ $secrets.tok | length }'}}\n");
    assert!(said(&imported, "/do/0/a/set/s", "cannot stand here"), "{imported:?}");
    assert!(said(&imported, "/do/0/a/set/n", "reads $secrets"), "{imported:?}");
}

#[test]
fn what_is_absent_or_put_together_in_jq_makes_a_valid_file() {
    let (file, imported) = serverless(
        "do:\n  - a: {set: {x: 2}, export: {as: '$context + { k: .x }'}}\n  - b: {set: {k: '${ $context.k }', size: '${ .list | length }', deep: '${ .ghost.y[0] }', in: '${ $input.x }'}}\n  - c: {set: {w: '${ $input.k | tostring | explode }', all: '${ . + {more: 1} }'}}\n",
    );
    assert_eq!(errors(&file), Vec::<String>::new(), "{file}");
    assert!(file.contains("k: \"${{ steps.a.output.x }}\""), "{file}");
    assert!(file.contains("size: \"${{ 0 }}\""), "{file}");
    assert!(file.contains("deep: \"${{ null }}\""), "{file}");
    assert!(file.contains("in: \"${{ steps.a.output.x }}\""), "{file}");
    assert!(file.contains(".input as $input | .data | ($input.k | tostring | explode)"), "{file}");
    assert!(file.contains("'more': 1"), "{file}");
    assert!(said(&imported, "/do/2/c/set/w", "became the step"), "{imported:?}");
}

#[test]
fn a_secret_in_a_larger_expression_or_where_it_would_be_shown_is_reported() {
    let (file, imported) = imported(
        Dialect::GithubActions,
        "jobs:\n  a:\n    outputs: {o: \"${{ secrets.T }}\"}\n    steps:\n      - {run: echo, env: {A: \"${{ secrets.T || 'x' }}\", B: \"b ${{ secrets.T }}\"}}\n",
    );
    assert!(file.contains("B: \"b ${{ secrets.T }}\"") || file.contains("B: b ${{ secrets.T }}"), "{file}");
    assert!(said(&imported, "/jobs/a/steps/0/env/A", "stays text: a secret can stand alone"), "{imported:?}");
    assert!(said(&imported, "/jobs/a/outputs/o", "cannot stand here"), "{imported:?}");
}

#[test]
fn the_system_of_a_machine_is_that_of_the_job_and_is_reported() {
    let job = |runs_on: &str| {
        actions(&format!(
            "jobs:\n  a:\n    runs-on: {runs_on}\n    strategy: {{matrix: {{os: [ubuntu-latest, windows-2022]}}}}\n    steps:\n      - {{if: runner.os == 'macOS', run: brew install x}}\n"
        ))
    };
    for (runs_on, system) in [
        ("ubuntu-latest", "Linux"),
        ("macos-14", "macOS"),
        ("windows-latest", "Windows"),
        ("[self-hosted, Linux, X64]", "Linux"),
        ("{group: g, labels: [macOS]}", "macOS"),
    ] {
        let (file, imported) = job(runs_on);
        assert!(file.contains(&format!("'{system}' == 'macOS'")), "{file}");
        assert!(said(&imported, "/jobs/a/steps/0/if", &format!("`runner.os` is `{system}`, as `runs-on` says")), "{imported:?}");
    }
    let (file, imported) = job("${{ matrix.os }}");
    assert!(file.contains("text(item.os).startsWith('macos') ? 'macOS'"), "{file}");
    assert!(said(&imported, "/jobs/a/steps/0/if", "`runner.os` is taken from the label"), "{imported:?}");
    let (file, _) = job("${{ vars.A || runner.os }}");
    assert!(file.contains("inputs.runner_os"), "{file}");
    for unknown in ["self-hosted", "[linux, windows]", "x-${{ matrix.os }}"] {
        let (file, imported) = job(unknown);
        assert!(file.contains("inputs.runner_os == 'macOS'"), "{file}");
        assert!(said(&imported, "/jobs/a/steps/0/if", "only GitHub knows `runner.os`"), "{imported:?}");
    }
}

#[test]
fn the_folder_of_the_source_is_the_one_a_step_runs_in_and_is_reported() {
    let (file, imported) = actions(&format!(
        "{JOB}      - {{run: ls, env: {{A: \"${{{{ github.workspace }}}}/a:${{{{ github.workspace }}}}/b\"}}}}\n"
    ));
    assert!(file.contains("A: \"${{ '.' }}/a:${{ '.' }}/b\""), "{file}");
    let told = imported.report.iter().filter(|finding| finding.message.contains("`github.workspace` is `.`"));
    assert_eq!(told.map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["/jobs/a/steps/0/env/A"]);
}

#[test]
fn what_looks_like_a_reference_of_an_agent_step_and_is_none_is_reported() {
    let read = |value: &str| {
        let text = format!(
            "workflow:\n  id: w\n  steps:\n    - {{id: s1, agent: a, outputs: {{x: y}}}}\n    - {{id: s2, agent: a, inputs: {{q: \"{value}\"}}}}\n"
        );
        imported(Dialect::AgentSteps, &text)
    };
    for (value, told) in [
        ("see $s1.x!", "`$s1.x` stays text"),
        ("$nix.y", "`$nix.y` stays text"),
        ("about {{ topic }}", "`{{ topic }}` stays text"),
        ("$steps.s1", "`$steps.s1` stays text: it names no output"),
    ] {
        let (_, imported) = read(value);
        assert!(said(&imported, "/workflow/steps/1/inputs/q", told), "{value}: {imported:?}");
    }
    for plain in ["$steps.s1.x costs $5.20", "$HOME", "a {{}} b", "US$.", "{{ a: 1 }}"] {
        let (_, imported) = read(plain);
        assert!(!imported.report.iter().any(|finding| finding.message.contains("stays text")), "{plain}: {imported:?}");
    }
}
