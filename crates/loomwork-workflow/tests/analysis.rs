//! Every problem is found where it is, says how to mend it, and its quick fix mends it.

use loomwork_workflow::{Analysis, EdgeKind, Severity, Trigger, analyze, codes};

/// `line:column code message`, one a line.
fn problems(text: &str) -> String {
    let line = |found: &loomwork_workflow::Diagnostic| {
        format!("{}:{} {} {}", found.span.start.line, found.span.start.column, found.code, found.message)
    };
    analyze(text).diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A workflow whose steps are given, from line 4 on.
fn with_steps(steps: &str) -> String {
    format!("loomwork: 1\nid: w\nsteps:\n{steps}")
}

fn only(text: &str, line: u32, code: &str) {
    let analysis = analyze(text);
    let found: Vec<(u32, &str)> = analysis.diagnostics.iter().map(|found| (found.span.start.line, found.code)).collect();
    assert_eq!(found, [(line, code)], "{text}\n{}", problems(text));
    consistent(&analysis);
}

fn consistent(analysis: &Analysis) {
    let errors = analysis.diagnostics.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(analysis.workflow.is_none(), errors);
    for found in &analysis.diagnostics {
        let known = codes::CODES.iter().find(|code| code.code == found.code).expect("the code is in the table");
        assert_eq!(known.severity, found.severity);
        assert!(found.message.ends_with(['.', '?', '`', '…']), "{}", found.message);
    }
}

#[test]
fn the_smallest_workflow_has_no_problem() {
    let analysis = analyze("loomwork: 1\nid: minimal\nsteps:\n  - id: a\n    run: exit 0\n");
    assert_eq!(analysis.diagnostics, []);
    let workflow = analysis.workflow.expect("no errors");
    assert_eq!(workflow.body.steps[0].action.name(), "run");
}

#[test]
fn yaml_problems_are_reported_at_their_place() {
    only("", 1, "LW0113");
    only("# nothing\n", 1, "LW0113");
    only("- a\n", 1, "LW0113");
    only(&with_steps("  - id: a\n\trun: exit 0\n"), 5, "LW0102");
    only(&with_steps("  - id: a\n    title: \"x\" y\n    run: exit 0\n"), 5, "LW0101");
    only(&with_steps("  - id: a\n    run: x\n    run: y\n"), 6, "LW0104");
    only(&with_steps("  - id: a\n    run: !!binary aGk=\n"), 5, "LW0105");
    only(&format!("{}---\na: 1\n", with_steps("  - { id: a, run: x }\n")), 5, "LW0105");
    only(&with_steps("  - id: a\n    run: *nowhere\n"), 5, "LW0101");
    only(&format!("loomwork: 1\nid: w\nenv: {}\n", "[".repeat(200)), 3, "LW0103");
    only(&"x".repeat(6_000_000), 1, "LW0103");
}

#[test]
fn what_stands_before_a_syntax_error_is_still_drawn() {
    let analysis = analyze(&with_steps("  - id: a\n    run: echo a\n  - id: b\n    needs: [a]\n    run: \"echo\n  - id: c\n"));
    let ids: Vec<&str> = analysis.outline.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(analysis.outline.edges.len(), 1);
    assert!(analysis.diagnostics.iter().all(|found| found.code == "LW0101"), "{:?}", analysis.diagnostics);
}

#[test]
fn every_problem_of_a_file_is_found_at_once() {
    let text = "loomwork: 2\nid: w\ninput: {}\ntimeout: soon\nsteps:\n  - id: a-b\n    nedes: [x]\n    run: echo\n  - run: echo\n  - id: c\n    needs: [d]\n    join: sometimes\n  - id: c\n    run: x\n    set: { a: 1 }\n";
    let found = problems(text);
    for wanted in [
        "1:11 LW0117",
        "3:1 LW0111",
        "4:10 LW0118",
        "6:9 LW0121",
        "7:5 LW0111",
        "9:5 LW0113",
        "10:5 LW0131",
        "11:13 LW0201",
        "12:11 LW0115",
        "13:9 LW0122",
        "15:5 LW0132",
    ] {
        assert!(found.contains(wanted), "{wanted} is missing in:\n{found}");
    }
    assert_eq!(found.lines().count(), 11, "{found}");
    let labels: Vec<String> = analyze(text).outline.nodes.into_iter().map(|node| node.id.clone()).collect();
    assert_eq!(labels, ["@0", "@1", "c", "@3"]);
}

#[test]
fn keys_and_values_are_checked() {
    only("loomwork: 1\nid: a b\nsteps: []\n", 2, "LW0121");
    only("id: w\nsteps: []\n", 1, "LW0113");
    only(&with_steps("  - id: a\n    artifacts: [x]\n    run: x\n"), 5, "LW0112");
    only(&with_steps("  - id: a\n    cache: true\n    wait: { for: 1s }\n"), 5, "LW0119");
    only(&with_steps("  - id: a\n    run: x\n    title: 12\n"), 6, "LW0114");
    only(&with_steps("  - id: a\n    run: x\n    retry: { attempts: 0 }\n"), 6, "LW0116");
    only(&with_steps("  - id: a\n    run: x\n    retry: { initial: 5s, max: 1s }\n"), 6, "LW0116");
    only(&with_steps("  - id: a\n    run: x\n    retry: { attempts: 1, initial: 1s }\n"), 6, "LW0403");
    only(&with_steps("  - id: a\n    run: x\n    retry: { classes: [transient, sometimes] }\n"), 6, "LW0115");
    only(&with_steps("  - id: a\n    run: x\n    timeout: -1s\n"), 6, "LW0118");
    only(&with_steps("  - id: loop\n    run: x\n"), 4, "LW0123");
    only(&with_steps("  - id: a\n    run: x\n    shell: perl\n"), 6, "LW0115");
    only(&with_steps("  - id: a\n    run: x\n    shell: [perl]\n"), 6, "LW0115");
    only(&with_steps("  - id: a\n    run: x\n    output: { from: stdout }\n"), 6, "LW0113");
    only(&with_steps("  - id: a\n    set: { x: 1 }\n    shell: sh\n"), 6, "LW0111");
    only(&with_steps("  - id: a\n    choose: { failed: true }\n"), 5, "LW0123");
    only(&with_steps("  - id: a\n    run: x\n    needs: a\n"), 6, "LW0114");
    only("loomwork: 1\nid: w\ntimeout: 1m\nsteps:\n  - id: a\n    run: x\n    timeout: 2m\n", 7, "LW0402");
    only("loomwork: 1\nid: w\ninputs: { n: { type: integer, default: x } }\nsteps: []\n", 3, "LW0401");
    only("loomwork: 1\nid: w\ninputs: { n: { enum: [a, b], default: c } }\nsteps: []\n", 3, "LW0401");
    only("loomwork: 1\nid: w\ninputs: { a-b: {} }\nsteps: []\n", 3, "LW0121");
    only("loomwork: 1\nid: w\nenv: { A: [1] }\nsteps: []\n", 3, "LW0114");
}

#[test]
fn on_and_off_are_text_and_numbers_in_env_stay_as_written() {
    let text = "loomwork: 1\nid: w\nenv: { A: on, B: 1.10, C: true, D: }\nsteps:\n  - { id: on, run: true }\n";
    let workflow = analyze(text).workflow.expect("no errors");
    let values: Vec<String> = workflow
        .env
        .values()
        .map(|value| value.as_literal().and_then(|value| value.as_str()).unwrap_or("?").to_owned())
        .collect();
    assert_eq!(values, ["on", "1.10", "true", ""]);
    assert_eq!(workflow.body.steps[0].id, "on");
}

#[test]
fn edges_and_joins_are_checked() {
    only(&with_steps("  - id: a\n    run: x\n  - id: b\n    needs: [c]\n    run: x\n"), 7, "LW0201");
    only(&with_steps("  - id: a\n    run: x\n  - id: b\n    needs: [a.approved]\n    run: x\n"), 7, "LW0202");
    only(&with_steps("  - id: a\n    run: x\n  - id: b\n    needs: [a, a]\n    run: x\n"), 7, "LW0203");
    only(&with_steps("  - id: a\n    run: x\n  - id: b\n    cancel: [a, a]\n"), 7, "LW0203");
    only(
        &with_steps(
            "  - id: a\n    needs: [c]\n    run: x\n  - id: b\n    needs: [a]\n    run: x\n  - id: c\n    needs: [b]\n    run: x\n",
        ),
        5,
        "LW0204",
    );
    only(&with_steps("  - id: a\n    needs: [a]\n    run: x\n"), 5, "LW0204");
    only(&with_steps("  - id: a\n    run: x\n  - id: b\n    needs: [a]\n    join: { at_least: 2 }\n    run: x\n"), 8, "LW0205");
    only(&with_steps("  - id: a\n    run: x\n  - id: b\n    needs: [a, a.failed]\n    run: x\n"), 7, "LW0206");
    let cycle =
        problems(&with_steps("  - id: a\n    set: { x: \"${{ steps.b.output }}\" }\n  - id: b\n    needs: [a]\n    run: x\n"));
    assert!(cycle.contains("5:26 LW0204") && cycle.contains("`a` → `b` → `a`") && cycle.contains("expressions"), "{cycle}");
}

#[test]
fn expressions_are_checked_at_their_place() {
    let step =
        |value: &str| with_steps(&format!("  - id: a\n    run: x\n  - id: b\n    needs: [a]\n    set:\n      v: {value}\n"));
    only(&step("\"${{ 1 + }}\""), 9, "LW0301");
    only(&step("\"${{ \""), 9, "LW0301");
    only(&step("\"${{ }}\""), 9, "LW0301");
    only(&step("\"${{ inputs.x }}\""), 9, "LW0302");
    only(&step("\"${{ env.x }}\""), 9, "LW0302");
    only(&step("\"${{ nothing }}\""), 9, "LW0302");
    only(&step("\"${{ siez('') }}\""), 9, "LW0303");
    only(&step("\"${{ size() }}\""), 9, "LW0303");
    only(&step("\"${{ steps.a.outptu }}\""), 9, "LW0304");
    only(&step("\"${{ steps.a }}\""), 9, "LW0304");
    only(&step("\"${{ steps[inputs] }}\""), 9, "LW0305");
    only(&step("\"${{ steps.c.output }}\""), 9, "LW0201");
    only(&step("\"${{ steps.b.output }}\""), 9, "LW0204");
    only(&step("\"${{ secrets.X }}\""), 9, "LW0311");
    only(&step("\"${{ item }}\""), 9, "LW0310");
    only(&step(&format!("\"${{{{ {} }}}}\"", "1 + ".repeat(700))), 9, "LW0308");
    only(&step(&format!("\"${{{{ {}1{} }}}}\"", "[".repeat(300), "]".repeat(300))), 9, "LW0308");
    only(&step(&format!("\"${{{{ 1{} }}}}\"", " + 1".repeat(200))), 9, "LW0308");
    only(&with_steps("  - id: a\n    run: x\n    when: 1 == 1\n"), 6, "LW0307");
    only(&with_steps("  - id: a\n    run: x\n    when: \"yes ${{ true }}\"\n"), 6, "LW0307");
    let found = problems(&step("\"a ${{ inputs.x }} é ${{ 1 + }}\""));
    assert!(found.contains("9:24 LW0302") && found.contains("9:39 LW0301"), "{found}");
}

#[test]
fn a_value_where_a_map_stands_says_how_the_map_is_written() {
    let first = |line: &str| {
        let text = with_steps(&format!("  - id: a\n    {line}\n"));
        let found = analyze(&text).diagnostics.into_iter().find(|found| found.code == "LW0114").expect(line);
        let mended = found.fixes.first().map(|fix| fix.apply(&text));
        if let Some(mended) = &mended {
            let left = analyze(mended).diagnostics;
            assert!(left.iter().all(|found| found.code != "LW0114" && found.code != "LW0101"), "{line}: {left:?}");
        }
        (found.message, mended.map(|mended| mended.lines().nth(4).unwrap_or_default().trim().to_owned()))
    };
    for (line, written) in [
        ("wait: 5s", "wait: { for: 5s }"),
        ("workflow: other", "workflow: { id: other }"),
        ("approve: \"Go, now?\"", "approve: { message: \"Go, now?\" }"),
        ("approve: Go, now?", "approve: { message: \"Go, now?\" }"),
        ("http: http://e.org/a#b", "http: { url: \"http://e.org/a#b\" }"),
        ("jq: .a | add", "jq: { program: .a | add }"),
        ("jq: \"${{ inputs.p }}\"", "jq: { program: \"${{ inputs.p }}\" }"),
    ] {
        let (message, mended) = first(line);
        assert_eq!(mended.as_deref(), Some(written), "{line}");
        assert!(message.starts_with("A map is expected here, not text. Write `{ "), "{message}");
    }
    assert_eq!(first("jq: |\n      .a\n      | add").0, "A map is expected here, not text. Write `{ program: … }`.");
    assert_eq!(first("team: debate"), ("A map is expected here, not text.".to_owned(), None));
}

#[test]
fn a_read_from_a_branch_that_may_be_skipped_is_a_warning_unless_guarded() {
    let steps = |value: &str| {
        with_steps(&format!(
            "  - id: pick\n    choose: {{ x: true, else: y }}\n  - id: left\n    needs: [pick.x]\n    run: x\n  - id: right\n    needs: [pick.y]\n    run: x\n  - id: end\n    needs: [left, right]\n    join: any\n    set: {{ v: \"{value}\" }}\n"
        ))
    };
    only(&steps("${{ steps.left.output }}"), 15, "LW0309");
    only(&steps("${{ has(steps.pick.output) ? steps.pick.output : steps.left.output }}"), 15, "LW0309");
    for fine in [
        "${{ has(steps.left.output) ? steps.left.output : 0 }}",
        "${{ has(steps.left.output) ? steps.left.output : steps.right.output }}",
        "${{ steps.pick.output }}",
        "${{ steps.left.status }}",
    ] {
        assert_eq!(problems(&steps(fine)), "");
    }
}

#[test]
fn implied_edges_are_drawn_only_where_no_path_is_written() {
    let text = with_steps(
        "  - id: a\n    run: x\n  - id: b\n    needs: [a]\n    run: x\n  - id: c\n    needs: [b]\n    set: { v: \"${{ steps.a.output }}\" }\n  - id: d\n    set: { v: \"${{ steps.a.output }}\", w: \"${{ steps.b.status }}\" }\n",
    );
    let workflow = analyze(&text).workflow.expect("no errors");
    let implied: Vec<(usize, usize, &Trigger)> = workflow
        .body
        .graph
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Implied)
        .map(|edge| (edge.from, edge.to, &edge.trigger))
        .collect();
    assert_eq!(implied, [(0, 3, &Trigger::Success), (1, 3, &Trigger::Settled)]);
    let outline = analyze(&text).outline;
    assert_eq!(outline.edges.iter().filter(|edge| edge.implied).count(), 2);
}

#[test]
fn quick_fixes_mend_what_they_say() {
    let cases = [
        with_steps("  - id: a-b\n    run: x\n"),
        with_steps("  - id: a\n    rnu: x\n"),
        with_steps("  - id: a\n\ttitle: x\n    run: x\n"),
        with_steps("  - id: first\n    run: x\n  - id: b\n    needs: [frist.failed]\n    run: x\n"),
        with_steps("  - id: first\n    run: x\n  - id: b\n    set: { v: \"${{ steps.frist.output }}\" }\n"),
        with_steps("  - id: first\n    run: x\n  - id: b\n    needs: first\n    run: x\n"),
        with_steps("  - id: a\n    run: x\n    timeout: 10\n"),
        with_steps("  - id: a\n    run: x\n    title: 12\n"),
        with_steps("  - id: a\n    run: x\n    when: 1 == 1\n"),
        with_steps("  - id: a\n    run: x\n  - id: a\n    run: x\n"),
        with_steps("  - id: while\n    run: x\n"),
        "id: w\nsteps: []\n".to_owned(),
        "loomwork: 1\nid: a b\nsteps: []\n".to_owned(),
        "loomwork: 1\nid: w\ninputs: { name: {} }\nsteps:\n  - id: a\n    run: echo ${{ inputs.name }} and ${{ inputs.name }}\n    env: { NAME: x }\n".to_owned(),
        "loomwork: 1\nid: w\ninputs: { name: {} }\nsteps:\n  - id: a\n    run: |\n      echo ${{ inputs.name }}\n    env:\n      # first\n      B: x\n".to_owned(),
        "loomwork: 1\nid: w\ninputs: { name: {} }\nsteps:\n  - run: |\n      echo \"${{ inputs.name }}\"\n    id: a\n".to_owned(),
        "loomwork: 1\nid: w\ninputs: { name: {} }\nsteps:\n  - { id: a, run: \"echo ${{ inputs.name }}\" }\n".to_owned(),
    ];
    for text in cases {
        let mut mended = text.clone();
        for _ in 0..4 {
            let analysis = analyze(&mended);
            let Some(fix) = analysis.diagnostics.iter().find_map(|found| found.fixes.first()) else { break };
            mended = fix.apply(&mended);
        }
        assert_eq!(problems(&mended), "", "{text}\nbecame\n{mended}");
    }
}

#[test]
fn the_fix_for_an_expression_in_a_script_moves_it_to_the_environment() {
    let text = "loomwork: 1\nid: w\ninputs: { name: {} }\nsteps:\n  - id: a\n    run: |\n      echo ${{ inputs.name }}\n";
    let analysis = analyze(text);
    assert_eq!(analysis.diagnostics[0].code, "LW0306");
    assert_eq!(analysis.diagnostics[0].span.start.line, 7);
    let mended = analysis.diagnostics[0].fixes[0].apply(text);
    assert!(mended.contains("    env: { NAME: \"${{ inputs.name }}\" }\n    run: |\n      echo \"${NAME}\"\n"), "{mended}");
}

#[test]
fn the_variable_is_one_word_with_its_value_whatever_quotes_are_around_it() {
    let cases = [
        ("|\n      echo ${{ inputs.a }}", r#"echo "${A}""#),
        ("|\n      echo \"so: ${{ inputs.a }}\"", r#"echo "so: ${A}""#),
        ("|\n      echo 'so: ${{ inputs.a }}' end", r#"echo 'so: '"${A}"'' end"#),
        ("|\n      echo it\\'s ${{ inputs.a }}", r#"echo it\'s "${A}""#),
        ("\"echo ${{ inputs.a }}\"", r#"echo \"${A}\""#),
        ("'echo ${{ inputs.a }} ''x'''", r#"echo "${A}" ''x''"#),
        ("|\n      cat <<END\n      ${{ inputs.a }}\n      END", "      ${A}\n"),
        ("|\n      cat <<END\n      isn't\n      END\n      echo ${{ inputs.a }}", "echo \"${A}\""),
        ("|\n      cat <<< ${{ inputs.a }}", "<<< \"${A}\""),
        ("|\n      # it's a test\n      echo ${{ inputs.a }}", "\n      echo \"${A}\""),
        ("|\n      echo \"a\" # \"quote\n      echo ${{ inputs.a }}", "\n      echo \"${A}\""),
        ("|\n      echo \"$(echo '${{ inputs.a }}')\"", r#"echo "$(echo ''"${A}"'')""#),
        ("|\n      paste - <<'B' <<C\n      x\n      B\n      it's ${{ inputs.a }}\n      C", "\n      it's ${A}\n"),
        ("${{ inputs.a }} --version", "run: ${A} --version"),
    ];
    for (script, expected) in cases {
        let text = format!("loomwork: 1\nid: w\ninputs: {{ a: {{ default: x }} }}\nsteps:\n  - id: a\n    run: {script}\n");
        let mended = analyze(&text).diagnostics[0].fixes[0].apply(&text);
        assert!(mended.contains(expected), "{text}\nbecame\n{mended}");
        assert_eq!(problems(&mended), "", "{mended}");
    }
}

#[test]
fn where_a_shell_looks_at_no_variables_none_is_offered() {
    for end in ["'END'", "\"END\"", "\\END"] {
        let text = format!(
            "loomwork: 1\nid: w\ninputs: {{ a: {{ default: x }} }}\nsteps:\n  - id: a\n    run: |\n      cat <<-{end}\n      ${{{{ inputs.a }}}}\n      END\n      echo ${{{{ inputs.a }}}}\n"
        );
        let found = analyze(&text).diagnostics;
        let fixes: Vec<_> = found.iter().map(|found| (found.code, found.fixes.len())).collect();
        assert_eq!(fixes, [("LW0306", 0), ("LW0306", 1)], "{text}");
    }
}

#[test]
fn no_variable_is_offered_where_a_shell_may_read_it_in_another_way() {
    for script in ["echo $'a\\'b' ${{ inputs.a }}", "echo `echo ${{ inputs.a }}`", "echo $((1 + ${{ inputs.a }}))"] {
        let text =
            format!("loomwork: 1\nid: w\ninputs: {{ a: {{ default: x }} }}\nsteps:\n  - id: a\n    run: |\n      {script}\n");
        let found = analyze(&text).diagnostics;
        let fixes: Vec<_> = found.iter().map(|found| (found.code, found.fixes.len())).collect();
        assert_eq!(fixes, [("LW0306", 0)], "{text}");
    }
}

#[test]
fn the_same_expression_twice_in_a_script_is_told_at_each_place() {
    let text = "loomwork: 1\nid: w\ninputs: { a: { default: x } }\nsteps:\n  - id: a\n    run: |\n      echo ${{ inputs.a }}\n      echo ${{ inputs.a }}\n";
    let lines: Vec<_> = analyze(text).diagnostics.iter().map(|found| found.span.start.line).collect();
    assert_eq!(lines, [7, 8]);
}

#[test]
fn the_outline_says_what_a_canvas_needs() {
    let text = "loomwork: 1\nid: w\nversion: 1.10\ndescription: D\ninputs: { n: { type: integer, required: true, enum: [1, 2] } }\nsteps:\n  - id: a\n    title: T\n    # why\n    run: |\n      # comment\n\n      echo hi\n      echo there\n  - id: b\n    needs: [a.failed]\n    choose: { x: true, else: y }\n";
    let outline = serde_json::to_value(analyze(text).outline).expect("JSON");
    let expected = serde_json::json!({
        "id": "w", "version": "1.10", "description": "D",
        "inputs": [{"name": "n", "type": "integer", "required": true, "default": null, "values": [1, 2], "description": null}],
        "nodes": [
            {"id": "a", "title": "T", "action": "run", "summary": "echo hi", "ports": ["succeeded"], "line": 7, "end_line": 14,
             "fields": {"id": "a", "title": "T", "run": "# comment\n\necho hi\necho there\n"}},
            {"id": "b", "title": null, "action": "choose", "summary": "x / y", "ports": ["x", "y"], "line": 15, "end_line": 17,
             "fields": {"id": "b", "needs": ["a.failed"], "choose": {"x": true, "else": "y"}}},
        ],
        "edges": [{"from": "a", "port": "failed", "to": "b", "implied": false}],
    });
    assert_eq!(outline, expected);
}

#[test]
fn aliases_are_unfolded_within_bounds() {
    let text = with_steps("  - id: a\n    run: x\n    env: &e { A: \"1\" }\n  - id: b\n    run: x\n    env: *e\n");
    let workflow = analyze(&text).workflow.expect("no errors");
    assert_eq!(workflow.body.steps[1].action, workflow.body.steps[0].action);
    let mut bomb = "loomwork: 1\nid: w\nenv:\n  l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*l{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("  l{level}: &l{level} [{aliases}]\n"));
    }
    assert!(problems(&bomb).contains("LW0103"));
    // Each alias is one value more, but a level deeper.
    let mut tower = "loomwork: 1\nid: w\nenv:\n  l0: &l0 [x]\n".to_owned();
    for level in 1..900 {
        tower.push_str(&format!("  l{level}: &l{level} [*l{}]\n", level - 1));
    }
    assert!(problems(&tower).contains("LW0103"));
}

#[test]
fn inputs_are_resolved_with_defaults_and_types() {
    use loomwork_workflow::{parse_input_text, resolve_inputs};
    use serde_json::json;
    let text = "loomwork: 1\nid: w\ninputs:\n  n: { type: integer, default: 1 }\n  who: { enum: [a, b], required: true }\n  list: { type: array }\nsteps: []\n";
    let workflow = analyze(text).workflow.expect("no errors");
    let given = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    assert_eq!(
        resolve_inputs(&workflow, &given(json!({"who": "a", "n": 2.0}))),
        Ok(given(json!({"n": 2, "who": "a", "list": null})))
    );
    let problems = resolve_inputs(&workflow, &given(json!({"n": "x", "hwo": 1}))).expect_err("does not fit");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "input `n` must be of type integer, not string",
            "input `who` is required",
            "input `hwo` is unknown; did you mean `who`?"
        ]
    );
    assert_eq!(parse_input_text(&workflow.inputs["n"], "5"), json!(5));
    assert_eq!(parse_input_text(&workflow.inputs["who"], "5"), json!("5"));
    assert_eq!(parse_input_text(&workflow.inputs["list"], "[1]"), json!([1]));
    assert_eq!(parse_input_text(&workflow.inputs["n"], "x"), json!("x"));
}

#[test]
fn a_number_with_a_fraction_is_told_to_be_no_whole_number() {
    use loomwork_workflow::{parse_input_text, resolve_inputs};
    let text = "loomwork: 1\nid: w\ninputs:\n  n: { type: integer }\n  yes: { type: boolean }\nsteps: []\n";
    let workflow = analyze(text).workflow.expect("no errors");
    let said = |name: &str, text: &str| {
        let given = [(name.to_owned(), parse_input_text(&workflow.inputs[name], text))].into_iter().collect();
        resolve_inputs(&workflow, &given).expect_err("does not fit")[0].to_string()
    };
    assert_eq!(said("n", "7.5"), "input `n` must be a whole number, and 7.5 is none");
    assert_eq!(said("n", "1e30"), "input `n` must be a whole number, and 1e+30 is none");
    assert_eq!(said("n", "seven"), "input `n` must be of type integer, not string");
    assert_eq!(said("yes", "1"), "input `yes` must be of type boolean, not integer");
}

#[test]
fn inputs_with_a_schema_are_checked_by_it() {
    use loomwork_workflow::{parse_input_text, resolve_inputs};
    use serde_json::json;
    let text = "loomwork: 1\nid: w\ninputs:\n  port: { schema: { type: integer, minimum: 1024 }, default: 8080 }\n  tag: { type: string, schema: { minLength: 2 } }\n  either: { schema: { anyOf: [{ type: string }, { type: boolean }] } }\nsteps: []\n";
    let workflow = analyze(text).workflow.expect("no errors");
    let given = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    assert!(resolve_inputs(&workflow, &given(json!({"tag": "ab", "either": true}))).is_ok());
    let problems = resolve_inputs(&workflow, &given(json!({"port": 80, "tag": 5, "either": 1}))).expect_err("does not fit");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[0], "input `port` does not fit its schema: 80 is less than the minimum of 1024");
    assert_eq!(parse_input_text(&workflow.inputs["either"], "true"), json!(true));
    assert_eq!(parse_input_text(&workflow.inputs["either"], "yes"), json!("yes"));
    let wrong =
        analyze("loomwork: 1\nid: w\ninputs:\n  port: { schema: { type: integer, minimum: 1024 }, default: 80 }\nsteps: []\n");
    assert_eq!(wrong.diagnostics[0].code, "LW0401");
}

#[test]
fn a_place_at_the_end_of_a_program_is_shown_whatever_blank_lines_follow() {
    let marked = |program: &str, part: std::ops::Range<usize>| {
        let text = format!("loomwork: 1\nid: w\nsteps:\n  - id: a\n    jq:\n      input: 1\n      program: {program}\n");
        let analysis = analyze(&text);
        let written = &analysis.programs[0];
        let end = written.program.len();
        let span = written.span_of(&text, part.start.min(end)..part.end.min(end));
        text[span.start.offset..span.end.offset].to_owned()
    };
    assert_eq!(marked("|+\n        .a |\n\n\n", 99..99), "|");
    assert_eq!(marked("|\n        .a |", 99..99), "|");
    assert_eq!(marked(">\n        .a |\n        sorted", 0..99), ".a |");
    assert_eq!(marked("\".a |\"", 4..4), "|");
}
