//! Quick fixes: each mends what its problem says, and changes nothing else.

use loomwork_workflow::analyze;

fn problems(text: &str) -> Vec<(u32, &'static str, String)> {
    analyze(text).diagnostics.into_iter().map(|found| (found.span.start.line, found.code, found.message)).collect()
}

fn with_steps(steps: &str) -> String {
    format!("loomwork: 1\nid: w\nsecrets: [TOKEN]\nsteps:\n{steps}")
}

/// The text after the first fix of the first problem with a code.
fn mended(text: &str, code: &str) -> String {
    let found = analyze(text).diagnostics;
    let fix = found.iter().find(|found| found.code == code).and_then(|found| found.fixes.first());
    fix.unwrap_or_else(|| panic!("no fix of {code}: {found:?}")).apply(text)
}

#[test]
fn fixes_that_would_not_mend_are_not_offered() {
    let fixes = |steps: &str, code: &str| {
        let found = analyze(&with_steps(steps)).diagnostics.into_iter().find(|found| found.code == code);
        found.unwrap_or_else(|| panic!("no {code}: {steps}")).fixes
    };
    assert!(fixes("  - id: &name a\n    run: x\n  - id: *name\n    run: x\n", "LW0122").is_empty());
    assert_eq!(fixes("  - id: a\n    run: x\n  - id: a\n    run: x\n", "LW0122").len(), 1);
    let cancel = |list: &str| format!("  - id: bb\n    run: x\n  - id: bc\n    run: x\n  - id: z\n    cancel: [{list}]\n");
    assert_eq!(fixes(&cancel("bb, bd"), "LW0201")[0].title, "Change to `bc`");
    assert!(fixes(&cancel("bb, bc, bd"), "LW0201").is_empty());
}

#[test]
fn the_fix_of_an_id_mends_what_names_the_step_too() {
    let text = with_steps(
        "  - id: a-b\n    set: { v: 1 }\n  - id: c\n    needs: [a-b, \"a-b.failed\"]\n    join: any\n    set: { v: \"${{ has(steps['a-b'].output) ? steps.a-b.output.v : 0 }}\" }\n  - id: g\n    needs: [c]\n    steps:\n      - id: inner\n        run: echo $X\n        env: { X: \"${{ steps.a-b.status }} a-b\" }\n  - id: stop\n    cancel: [a-b]\noutputs: { v: \"${{ steps.a-b.output.v }}\" }\n",
    );
    let fixed = mended(&text, "LW0121");
    let wanted = text.replace("a-b", "a_b").replace("}} a_b", "}} a-b");
    assert_eq!(fixed, wanted);
    assert!(
        !problems(&fixed).iter().any(|(_, code, _)| matches!(*code, "LW0121" | "LW0201" | "LW0301")),
        "{:?}",
        problems(&fixed)
    );
    // A name that is taken is not taken again, and what names another step stays.
    let text = with_steps("  - id: a-b\n    run: x\n  - id: a_b\n    run: x\n  - id: c\n    needs: [a_b, a-b]\n    run: x\n");
    assert_eq!(mended(&text, "LW0121"), text.replace("a-b", "a_b_2"));
    // Inside a group that has such a step too, the name means that one.
    let text = with_steps(
        "  - id: 1a\n    run: x\n  - id: g\n    steps:\n      - id: 1a\n        run: x\n      - id: b\n        needs: [1a]\n        run: x\n",
    );
    assert_eq!(mended(&text, "LW0121"), text.replacen("1a", "_1a", 1));
    let reserved = with_steps("  - id: loop\n    run: x\n  - id: b\n    needs: [loop]\n    run: x\n");
    assert_eq!(mended(&reserved, "LW0123"), reserved.replace("loop", "loop_"));
}

#[test]
fn an_id_with_white_space_of_another_kind_is_mended() {
    let text = with_steps("  - id: a\u{a0}\n    run: x\n");
    assert_eq!(mended(&text, "LW0121"), with_steps("  - id: a\n    run: x\n"));
    assert!(problems(&mended(&text, "LW0121")).is_empty());
}

#[test]
fn fixes_keep_the_line_ends_of_the_file() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let text = crlf(&with_steps("  - id: a\n    run: echo ${{ run.id }}\n"));
    let fixed = mended(&text, "LW0306");
    assert_eq!(fixed.matches('\n').count(), fixed.matches("\r\n").count(), "{fixed:?}");
    assert!(problems(&fixed).is_empty(), "{fixed:?}");
    let text =
        crlf(&with_steps("  - id: a\n    set: { v: 1 }\n  - id: b\n    run: x\n    env: { V: \"${{ steps.a.output.v }}\" }\n"));
    assert_eq!(mended(&text, "LW0209"), text.replace("id: b\r\n", "id: b\r\n    needs: [a]\r\n"));
}

#[test]
fn a_key_is_renamed_only_to_one_that_can_stand_there() {
    let told = |step: &str| {
        let text = with_steps(step);
        let found = analyze(&text).diagnostics;
        let found = found.iter().find(|found| found.code == "LW0111").expect("an unknown key");
        found.fixes.first().map(|fix| fix.apply(&text))
    };
    for (step, key, meant) in [
        ("  - { id: h, if: \"${{ true }}\", run: x }\n", "if", "when"),
        ("  - { id: h, name: x, run: x }\n", "name", "title"),
        ("  - { id: h, runn: x }\n", "runn", "run"),
        ("  - { id: h, on_failure: stop, for_each: [1], run: x }\n", "on_failure", "on_item_failure"),
    ] {
        assert_eq!(told(step), Some(with_steps(&step.replace(key, meant))), "{step}");
    }
    for step in [
        "  - { id: h, rum: x, run: x }\n",
        "  - { id: h, titel: x, title: x, run: x }\n",
        "  - { id: h, comand: [x], run: x }\n",
        "  - { id: h, on_failure: stop, run: x }\n",
        "  - { id: h, shel: sh, set: { v: 1 } }\n",
        "  - { id: h, if: \"${{ true }}\", when: \"${{ true }}\", run: x }\n",
    ] {
        assert_eq!(told(step), None, "{step}");
    }
    let text = "loomwork: 1\nid: w\ninput: {}\ninputs: {}\nsteps:\n  - { id: a, run: x }\n";
    assert!(analyze(text).diagnostics.iter().all(|found| found.fixes.is_empty()));
}

#[test]
fn a_variable_is_added_behind_the_bracket_that_opens_the_environment() {
    for before in ["&e ", "!!map ", "&e !!map ", "\n      ", ""] {
        let with = |env: &str, script: &str| {
            format!(
                "loomwork: 1\nid: w\ninputs: {{ x: {{ default: x }} }}\nsteps:\n  - id: a\n    run: echo {script}\n    env: {before}{{ {env}Y: 1 }}\n"
            )
        };
        let fixed = mended(&with("", "${{ inputs.x }}"), "LW0306");
        assert_eq!(fixed, with("X: \"${{ inputs.x }}\", ", "\"${X}\""));
        assert!(problems(&fixed).is_empty(), "{fixed}");
    }
    let text = "loomwork: 1\nid: w\nsecrets: &s []\nsteps:\n  - id: a\n    run: x\n    env: { A: \"${{ secrets.T }}\" }\n";
    assert!(mended(text, "LW0312").contains("secrets: &s [T]\n"), "{}", mended(text, "LW0312"));
}

#[test]
fn the_new_id_of_a_step_is_one_that_no_step_has() {
    let text = with_steps("  - { id: a, run: x }\n  - { id: a, run: x }\n  - { id: a_2, run: x }\n");
    let fixed = mended(&text, "LW0122");
    assert_eq!(fixed, with_steps("  - { id: a, run: x }\n  - { id: a_3, run: x }\n  - { id: a_2, run: x }\n"));
    assert!(problems(&fixed).is_empty());
    let text = with_steps("  - { run: x }\n  - { id: step_1, run: x }\n");
    assert_eq!(mended(&text, "LW0113"), with_steps("  - { run: x, id: step_2 }\n  - { id: step_1, run: x }\n"));
    let text = with_steps("  - &x { id: a, run: x }\n  - *x\n");
    let found = analyze(&text).diagnostics;
    assert!(found.iter().any(|found| found.code == "LW0122" && found.fixes.is_empty()), "{found:?}");
}

#[test]
fn a_word_for_true_or_false_becomes_a_condition() {
    for (word, meant) in [("yes", "true"), ("Off", "false"), ("inputs.n > 1", "inputs.n > 1")] {
        let with = |when: &str| {
            format!(
                "loomwork: 1\nid: w\ninputs: {{ n: {{ type: integer, default: 1 }} }}\nsteps:\n  - id: a\n    when: {when}\n    run: x\n"
            )
        };
        let fixed = mended(&with(word), "LW0307");
        assert_eq!(fixed, with(&format!("\"${{{{ {meant} }}}}\"")));
        assert!(problems(&fixed).is_empty());
    }
}

#[test]
fn a_bare_name_of_an_input_a_variable_or_a_step_gets_its_space() {
    let text = |value: &str| {
        format!(
            "loomwork: 1\nid: w\ninputs: {{ who: {{ default: Ada }} }}\nenv: {{ HOME_PAGE: x }}\nsteps:\n  - id: first\n    set: {{ n: 1 }}\n  - id: b\n    needs: [first]\n    set: {{ v: \"${{{{ {value} }}}}\" }}\n"
        )
    };
    for (written, meant) in [
        ("who + '!'", "inputs.who + '!'"),
        ("size(HOME_PAGE)", "size(env.HOME_PAGE)"),
        ("first.output.n + 1", "steps.first.output.n + 1"),
        ("has(first.output.n) ? 1 : 2", "has(steps.first.output.n) ? 1 : 2"),
    ] {
        assert_eq!(mended(&text(written), "LW0302"), text(meant));
        assert_eq!(problems(&text(meant)), [], "{meant}");
    }
    let found = |value: &str| problems(&text(value)).remove(0).2;
    assert!(found("first.output.n").contains("`steps.first.output`"));
    assert!(found("who").contains("`who` is an input"));
    assert!(found("step.output").contains("Did you mean `steps`?"), "a name that is like one in scope");
    assert!(found("first.n").contains("in scope are"), "nothing that a step has");
}
