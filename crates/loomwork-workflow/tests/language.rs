//! The whole language is read: every action, repetition, policy and top-level key, in scopes within scopes.

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_workflow::{
    Action, EdgeKind, ErrorAction, Join, OnRestart, ProgramText, Repeat, Rest, Scope, Severity, StepScope, Trigger, Wait,
    Workflow, analyze, read_accepted,
};
use serde_json::{Value, json};

fn problems(text: &str) -> Vec<(u32, &'static str, String)> {
    analyze(text).diagnostics.into_iter().map(|found| (found.span.start.line, found.code, found.message)).collect()
}

fn with_steps(steps: &str) -> String {
    format!("loomwork: 1\nid: w\nsecrets: [TOKEN]\nsteps:\n{steps}")
}

fn workflow(text: &str) -> Workflow {
    let analysis = analyze(text);
    analysis.workflow.unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics))
}

fn only(steps: &str, line: u32, code: &str) {
    let text = with_steps(steps);
    let found: Vec<(u32, &str)> = problems(&text).iter().map(|(line, code, _)| (*line, *code)).collect();
    assert_eq!(found, [(line, code)], "{text}\n{:?}", problems(&text));
}

fn none(steps: &str) {
    assert_eq!(problems(&with_steps(steps)), [], "{steps}");
}

const GLANCE: &str = r#"loomwork: 1
id: release-notes
version: 1.2.0
inputs:
  repository: { type: string, required: true, description: "path of a git repository" }
  since:      { type: string, default: "v1.0.0" }
  audience:   { type: string, enum: [users, developers], default: users }
env: { LANG: C.UTF-8 }
agents:
  writer: { model: ollama/llama3.2, system: "You write one plain sentence." }
secrets: [PUBLISH_TOKEN]
defaults:
  timeout: 10m
  retry: { attempts: 3, backoff: exponential, initial: 1s, max: 30s, jitter: full, classes: [transient, timeout] }
steps:
  - id: log
    run: git -C "$REPO" log --format='%H%x09%s' "$SINCE"..HEAD
    env: { REPO: "${{ inputs.repository }}", SINCE: "${{ inputs.since }}" }
    output: { from: stdout, as: lines }
  - id: size
    choose:
      none:  "${{ size(steps.log.output) == 0 }}"
      large: "${{ size(steps.log.output) > 100 }}"
      else:  small
  - id: describe
    needs: [size.small, size.large]
    join: any
    for_each: "${{ steps.log.output }}"
    max_parallel: 4
    steps:
      - id: diffstat
        run: git -C "$REPO" show --stat --format= "$SHA"
        env: { REPO: "${{ inputs.repository }}", SHA: "${{ item.split('\t')[0] }}" }
      - id: sentence
        agent: writer
        prompt: "One sentence for ${{ inputs.audience }}: ${{ item }}\n${{ steps.diffstat.output.stdout }}"
  - id: review
    needs: [describe]
    approve:
      message: "Publish ${{ size(steps.describe.output) }} notes?"
      timeout: 2d
      on_timeout: rejected
  - id: publish
    needs: [review.approved]
    http:
      method: POST
      url: https://notes.example/api/releases
      headers: { authorization: "Bearer ${{ secrets.PUBLISH_TOKEN }}" }
      json: { notes: "${{ steps.describe.output }}" }
    breaker: { failures: 5, cooldown: 1m }
    compensate:
      http: { method: DELETE, url: "https://notes.example/api/releases/${{ steps.publish.output.body.id }}" }
  - id: park
    needs: [publish.failed]
    run: ./park.sh
    env: { REASON: "${{ steps.publish.error.message }}" }
outputs:
  notes: "${{ steps.describe.output }}"
"#;

#[test]
fn what_was_accepted_before_is_read_although_the_checks_find_it_wrong_by_now() {
    assert_eq!(format!("{:?}", read_accepted(GLANCE)), format!("{:?}", analyze(GLANCE).workflow));
    let twice = with_steps("  - { id: a, set: { x: 1 } }\n  - { id: b, needs: [a], cancel: [a, a] }\n");
    assert!(analyze(&twice).workflow.is_none());
    assert_eq!(read_accepted(&twice).unwrap().body.steps.len(), 2);
    let compared = with_steps("  - { id: a, set: { x: 1 }, when: \"${{ 'text' > 1 }}\" }\n");
    assert!(analyze(&compared).workflow.is_none() && read_accepted(&compared).is_some());
    for unreadable in ["", "steps: [", "loomwork: 1\nid: w\nsteps:\n  - { id: a, sett: { x: 1 } }\n"] {
        assert_eq!(format!("{:?}", read_accepted(unreadable)), "None", "{unreadable}");
    }
}

#[test]
fn the_file_at_a_glance_is_valid_and_says_what_cannot_run() {
    let analysis = analyze(GLANCE);
    let codes: Vec<&str> = analysis.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["LW0209", "LW0112", "LW0209"], "{:#?}", analysis.diagnostics);
    let workflow = analysis.workflow.expect("no errors");
    let unsupported: Vec<(&str, &str)> =
        workflow.unsupported().iter().map(|(path, what)| (path.as_str(), what.as_str())).collect();
    assert_eq!(unsupported, [("describe.sentence", "agent")]);
    let Action::Group(group) = &workflow.body.steps[2].action else { panic!("a group") };
    assert_eq!(group.body.steps.len(), 2);
    // The second step reads the first, and both read steps outside: those edges are the group's.
    assert_eq!(group.body.graph.edges.len(), 1);
    assert_eq!(group.body.graph.edges[0].kind, EdgeKind::Implied);
    let edges: Vec<(usize, usize, EdgeKind)> =
        workflow.body.graph.edges.iter().map(|edge| (edge.from, edge.to, edge.kind)).collect();
    assert!(edges.contains(&(0, 1, EdgeKind::Implied)) && !edges.contains(&(4, 4, EdgeKind::Implied)), "{edges:?}");
}

#[test]
fn a_read_inside_a_group_implies_the_edge_to_the_group() {
    let text = with_steps(
        "  - id: a\n    run: x\n  - id: s\n    run: x\n  - id: g\n    steps:\n      - id: h\n        steps:\n          - id: b\n            set: { v: \"${{ steps.a.output }}\", s: \"${{ steps.s.status }}\" }\n      - id: a2\n        set: { v: \"${{ steps.h.output }}\" }\n",
    );
    let workflow = workflow(&text);
    let edges: Vec<(usize, usize, &Trigger)> =
        workflow.body.graph.edges.iter().map(|edge| (edge.from, edge.to, &edge.trigger)).collect();
    assert_eq!(edges, [(0, 2, &Trigger::Success), (1, 2, &Trigger::Settled)]);
    let outline = analyze(&text).outline;
    assert!(outline.edges.iter().any(|edge| edge.from == "g.h" && edge.to == "g.a2" && edge.implied));
}

#[test]
fn the_inner_name_wins_and_needs_stays_in_its_scope() {
    none(
        "  - id: a\n    run: x\n  - id: g\n    steps:\n      - id: a\n        set: { k: 1 }\n      - id: b\n        needs: [a]\n        set: { v: \"${{ steps.a.output.k }}\" }\n",
    );
    only("  - id: a\n    run: x\n  - id: g\n    steps:\n      - id: b\n        needs: [a]\n        run: x\n", 10, "LW0201");
    only(
        "  - id: g\n    steps:\n      - id: b\n        run: x\n  - id: c\n    set: { v: \"${{ steps.b.output }}\" }\n",
        10,
        "LW0201",
    );
    // A group cannot be read by its own steps.
    only("  - id: g\n    steps:\n      - id: b\n        set: { v: \"${{ steps.g.output }}\" }\n", 8, "LW0204");
    // Two groups that read each other are a cycle.
    let cycle = with_steps(
        "  - id: g\n    steps:\n      - id: b\n        set: { v: \"${{ steps.h.output }}\" }\n  - id: h\n    steps:\n      - id: b\n        set: { v: \"${{ steps.g.output }}\" }\n",
    );
    assert!(problems(&cycle).iter().any(|(_, code, message)| *code == "LW0204" && message.contains("`g` → `h` → `g`")));
}

#[test]
fn repetition_is_read() {
    let workflow = workflow(&with_steps(
        "  - id: a\n    for_each: [1, 2]\n    max_parallel: 3\n    on_item_failure: continue\n    enough: 1\n    rest: cancel\n    run: x\n    env: { I: \"${{ index }} ${{ item }}\" }\n  - id: b\n    loop: { until: \"${{ pass.index > 2 }}\", break_when: \"${{ pass.previous == 1 }}\", max: 5 }\n    set: { v: \"${{ pass.index }}\" }\n",
    ));
    let Some(Repeat::ForEach(each)) = &workflow.body.steps[0].repeat else { panic!("a for_each") };
    assert_eq!((each.max_parallel, each.rest), (Some(3), Rest::Cancel));
    let Some(Repeat::Loop(repeat)) = &workflow.body.steps[1].repeat else { panic!("a loop") };
    assert_eq!(repeat.max, 5);
    only("  - id: a\n    for_each: [1]\n    loop: { max: 2 }\n    run: x\n", 7, "LW0119");
    only("  - id: a\n    loop: { while: true }\n    run: x\n", 6, "LW0134");
    only("  - id: a\n    loop: { while: true, until: true, max: 1 }\n    run: x\n", 6, "LW0119");
    only("  - id: a\n    on_item_failure: continue\n    run: x\n", 6, "LW0111");
    only("  - id: a\n    for_each: \"x ${{ 1 }}\"\n    run: x\n", 6, "LW0307");
    only("  - id: a\n    for_each: [1]\n    when: \"${{ item > 0 }}\"\n    run: x\n", 7, "LW0310");
    only("  - id: a\n    run: x\n    env: { A: \"${{ pass.index }}\" }\n", 7, "LW0310");
    only("  - id: a\n    for_each: [1]\n    choose: { x: true }\n  - id: b\n    needs: [a.x]\n    run: x\n", 9, "LW0202");
}

#[test]
fn waits_decisions_and_events_are_read() {
    let workflow = workflow(&with_steps(
        "  - id: a\n    wait: { for: \"${{ '1' + 's' }}\" }\n  - id: b\n    wait: { event: go, match: \"${{ event.data.ok }}\", timeout: 1h }\n  - id: c\n    first_of:\n      yes: { event: y }\n      late: { for: 1m }\n  - id: d\n    needs: [c.yes]\n    approve: { message: \"Go?\", form: { type: object } }\n  - id: e\n    needs: [d.rejected]\n    end: { failed: \"no\" }\n  - id: f\n    needs: [d.approved]\n    emit: { event: done, data: { a: 1 } }\n  - id: g\n    needs: [c.late]\n    cancel: [a, b]\n  - id: h\n    workflow: { id: other, inputs: { n: 1 }, detach: true }\n  - id: i\n    wait: { until: \"2027-01-01T00:00:00Z\" }\n  - id: j\n    command: [git, \"${{ run.id }}\"]\n    stdin: text\n  - id: k\n    jq: { program: \".a\", input: \"${{ steps.j.output }}\" }\n  - id: l\n    on_restart: ask\n    run: x\n",
    ));
    let steps = &workflow.body.steps;
    assert!(matches!(&steps[1].action, Action::Wait(Wait::Event { matches: Some(_), timeout: Some(_), .. })));
    assert!(matches!(&steps[2].action, Action::FirstOf(branches) if branches.keys().eq(["yes", "late"])));
    assert!(matches!(&steps[4].action, Action::End(Some(_))));
    assert!(matches!(&steps[6].action, Action::Cancel(names) if names == &["a", "b"]));
    assert!(matches!(&steps[7].action, Action::Call(call) if !call.wait));
    assert!(
        matches!(&steps[9].action, Action::Process(process) if matches!(&process.program, ProgramText::Command(argv) if argv.len() == 2))
    );
    assert!(matches!(&steps[10].action, Action::Effect { name: "jq", .. }));
    assert_eq!(steps[11].on_restart, OnRestart::Ask);
    only("  - id: a\n    wait: { for: soon }\n", 6, "LW0118");
    only("  - id: a\n    wait: { until: tomorrow }\n", 6, "LW0118");
    only("  - id: a\n    wait: {}\n", 6, "LW0113");
    only("  - id: a\n    wait: { for: 1s, match: true }\n", 6, "LW0111");
    only("  - id: a\n    approve: { message: x, timeout: 1m, on_timeout: maybe }\n", 6, "LW0115");
    only("  - id: a\n    cancel: [nobody]\n", 6, "LW0201");
    only("  - id: a\n    cancel: [a]\n", 6, "LW0201");
    only("  - id: a\n    end: sometimes\n", 6, "LW0115");
    only("  - id: a\n    workflow: { id: ../x }\n", 6, "LW0121");
    only("  - id: a\n    steps: []\n", 6, "LW0131");
    only("  - id: a\n    http: { json: {} }\n", 6, "LW0113");
    only("  - id: a\n    http: { url: \"http://x\", json: {}, text: x }\n", 6, "LW0119");
    only("  - id: a\n    http: { url: \"http://x\", metod: GET }\n", 6, "LW0111");
}

#[test]
fn the_workflows_that_are_called_are_known() {
    let calls = analyze(&with_steps("  - id: a\n    workflow: { id: one }\n  - id: b\n    workflow: { id: two }\n")).calls;
    let ids: Vec<(&str, u32)> = calls.iter().map(|call| (call.id.as_str(), call.span.start.line)).collect();
    assert_eq!(ids, [("one", 6), ("two", 8)]);
}

#[test]
fn policies_about_failures_are_read() {
    let workflow = workflow(&with_steps(
        "  - id: a\n    run: x\n    on_error:\n      - { classes: [transient], do: retry, retry: { attempts: 5 } }\n      - { when: \"${{ steps.a.error.message == 'x' }}\", do: fallback, fallback: { run: y, env: { E: \"${{ steps.a.error.message }}\" } } }\n      - { do: ask }\n    compensate: { run: undo, env: { O: \"${{ steps.a.output.stdout }}\" }, retry: { attempts: 2 }, timeout: 1m }\n    breaker: { failures: 2, cooldown: 1s, key: shared }\n    pin: { x: 1 }\n  - id: b\n    needs: [a]\n    join: { at_least: 1, rest: cancel }\n    run: x\n",
    ));
    let step = &workflow.body.steps[0];
    assert!(matches!(step.on_error[0].then, ErrorAction::Retry(Some(_))));
    assert!(matches!(step.on_error[1].then, ErrorAction::Fallback(_)) && step.on_error[1].when.is_some());
    assert!(matches!(step.on_error[2].then, ErrorAction::Ask));
    let undo = step.compensate.as_ref().expect("a compensation");
    assert_eq!((undo.timeout_ms, undo.retry.as_ref().map(|retry| retry.attempts)), (Some(60_000), Some(2)));
    assert_eq!(step.breaker.as_ref().and_then(|breaker| breaker.key.as_deref()), Some("shared"));
    assert_eq!(step.pin, Some(json!({"x": 1})));
    // Neither a compensation nor an error rule of a step waits for the step itself.
    assert_eq!(workflow.body.graph.edges.len(), 1);
    assert_eq!((workflow.body.steps[1].join, workflow.body.steps[1].rest), (Join::AtLeast(1), Rest::Cancel));
    only("  - id: a\n    run: x\n    on_error: [{ do: fail }, { do: ask }]\n", 7, "LW0135");
    only("  - id: a\n    run: x\n    on_error: [{ do: fallback }]\n", 7, "LW0113");
    only("  - id: a\n    run: x\n    on_error: [{ do: skip, retry: {} }]\n", 7, "LW0111");
    only("  - id: a\n    run: x\n    compensate: { choose: { x: true } }\n", 7, "LW0133");
    only("  - id: a\n    set: { x: 1 }\n    compensate: { run: x }\n", 7, "LW0136");
    only("  - id: a\n    run: x\n    breaker: { failures: 2 }\n", 7, "LW0113");
}

#[test]
fn the_top_of_the_file_is_read() {
    let text = "loomwork: 1\nid: w\non_failure: compensate\nconcurrency: { group: \"g-${{ inputs.n }}\", max: 2, on_conflict: cancel_running }\ninputs: { n: {} }\nsteps: []\n";
    let concurrency = workflow(text).concurrency.expect("a group");
    assert_eq!(concurrency.max, 2);
    let text = "loomwork: 1\nid: w\nsecrets: [S]\nservers:\n  files: { command: [npx, server], env: { T: \"${{ secrets.S }}\" } }\nagents: { a: { model: m, tools: [files.read] } }\ntriggers:\n  - schedule: { cron: \"0 8 * * mon-fri\", time_zone: Europe/Berlin, catch_up: last }\n  - file: { path: \"in/*.csv\", debounce: 2s }\n  - event: { name: go, match: \"${{ event.data.x == 1 }}\" }\nprofiles: { prod: { env: { A: b } } }\nsla: { within: 1h, action: alert }\nalerts: [{ on: [failed], run: ./tell.sh }]\nsteps:\n  - id: t\n    tool: { server: files, name: read, arguments: { key: \"${{ secrets.S }}\" } }\n  - id: c\n    container: { image: alpine, command: [ls], memory: 512MB, cpu: 0.5, network: none }\n  - id: m\n    team: { strategy: debate, agents: [a], prompt: x }\n";
    let analysis = analyze(text);
    assert!(analysis.diagnostics.iter().all(|found| found.severity != Severity::Error), "{:#?}", analysis.diagnostics);
    let whats: Vec<String> = analysis.workflow.expect("no errors").unsupported.into_iter().map(|(_, what)| what).collect();
    assert_eq!(whats, ["triggers", "profiles", "sla", "alerts", "tool", "container", "team"]);
    for (text, code) in [
        ("triggers: [{ schedule: { cron: \"0 25 * * *\" } }]", "LW0404"),
        ("triggers: [{ schedule: { cron: \"0 8 * * *\", time_zone: Mars } }]", "LW0404"),
        ("triggers: [{}]", "LW0113"),
        ("agents: { a: {} }", "LW0113"),
        ("servers: { a: { command: [x], url: y } }", "LW0119"),
        ("secrets: [A, A]", "LW0122"),
        ("secrets: [a-b]", "LW0121"),
        ("concurrency: { max: 1 }", "LW0113"),
    ] {
        let text = format!("loomwork: 1\nid: w\n{text}\nsteps: []\n");
        let found: Vec<&str> = problems(&text).into_iter().map(|(_, code, _)| code).filter(|code| *code != "LW0112").collect();
        assert_eq!(found, [code], "{text}");
    }
    let unknown = problems(&with_steps("  - id: a\n    agent: nobody\n    prompt: x\n"));
    assert!(unknown.iter().any(|(_, code, message)| *code == "LW0207" && message.contains("nobody")), "{unknown:?}");
}

#[test]
fn secrets_stand_only_where_they_are_used_and_are_holes_in_values() {
    let text = with_steps(
        "  - id: a\n    http:\n      url: http://x\n      headers: { authorization: \"Bearer ${{ secrets.TOKEN }}\", x: \"${{ secrets.TOKEN }}\" }\n      json: { data: \"${{ inputs.data }}\" }\n",
    )
    .replace("steps:", "inputs: { data: { type: object } }\nsteps:");
    let workflow = workflow(&text);
    let Action::Effect { input, .. } = &workflow.body.steps[0].action else { panic!("an effect") };
    assert_eq!(input.secrets(), ["TOKEN"]);
    let scope = |data: Value| Scope { inputs: Arc::new(json!({ "data": data })), ..Scope::default() };
    let value = input.evaluate(&scope(json!({"a": 1}))).expect("a value");
    assert_eq!(value["headers"]["authorization"], json!({"$secret_text": ["Bearer ", {"$secret": "TOKEN"}]}));
    assert_eq!(value["headers"]["x"], json!({"$secret": "TOKEN"}));
    // Data cannot ask for a secret.
    let error = input.evaluate(&scope(json!({"a": [{"$secret": "TOKEN"}]}))).expect_err("refused");
    assert!(error.to_string().contains("$secret"), "{error}");
    only("  - id: a\n    set: { v: \"${{ secrets.TOKEN }}\" }\n", 6, "LW0311");
    only("  - id: a\n    run: x\n    when: \"${{ secrets.TOKEN == 'x' }}\"\n", 7, "LW0311");
    only("  - id: a\n    run: x\n    env: { A: \"${{ secrets.TOKEN + 'x' }}\" }\n", 7, "LW0311");
    only("  - id: a\n    run: x\n    env: { A: \"${{ secrets.OTHER }}\" }\n", 7, "LW0312");
    only("  - id: a\n    http: { url: \"${{ secrets.TOKEN }}\" }\n", 6, "LW0311");
    only("  - id: a\n    http: { url: \"http://x\", json: { $secret: TOKEN } }\n", 6, "LW0111");
    only("  - id: a\n    run: x\n    stdin: \"${{ secrets.TOKEN }}\"\n", 7, "LW0311");
}

#[test]
fn locals_are_seen_by_expressions() {
    let workflow = workflow(&with_steps("  - id: a\n    for_each: [{ x: 2 }]\n    set: { v: \"${{ item.x + index }}\" }\n"));
    let Action::Set(values) = &workflow.body.steps[0].action else { panic!("a set") };
    let locals = BTreeMap::from([("item", Arc::new(json!({"x": 2}))), ("index", Arc::new(json!(3)))]);
    let scope = Scope { locals, ..Scope::default() };
    assert_eq!(values["v"].evaluate(&scope), Ok(json!(5)));
    assert!(values["v"].evaluate(&Scope::default()).expect_err("nothing there").missing);
    let _ = StepScope::default();
}

#[test]
fn branches_that_exclude_each_other_cannot_be_joined_by_all() {
    let pick = "  - id: pick\n    choose: { x: true, else: y }\n  - id: l\n    needs: [pick.x]\n    run: x\n  - id: r\n    needs: [pick.y]\n    run: x\n";
    only(&format!("{pick}  - id: both\n    needs: [l, r]\n    run: x\n"), 14, "LW0206");
    none(&format!("{pick}  - id: either\n    needs: [l, r]\n    join: any\n    run: x\n"));
    none(&format!("{pick}  - id: one\n    needs: [l, pick]\n    run: x\n"));
    let text =
        with_steps(&format!("{pick}  - id: both\n    needs: [l, r]\n    run: x\n  - id: after\n    needs: [both]\n    run: x\n"));
    let found: Vec<(u32, &str)> = problems(&text).iter().map(|(line, code, _)| (*line, *code)).collect();
    assert_eq!(found, [(14, "LW0206"), (17, "LW0208")]);
    only("  - id: a\n    end: succeeded\n  - id: b\n    needs: [a]\n    run: x\n", 8, "LW0208");
    none(
        "  - id: a\n    run: x\n  - id: ok\n    needs: [a]\n    run: x\n  - id: bad\n    needs: [a.failed]\n    run: x\n  - id: e\n    needs: [ok, bad]\n    join: first\n    run: x\n",
    );
    only(
        "  - id: a\n    run: x\n  - id: ok\n    needs: [a]\n    run: x\n  - id: bad\n    needs: [a.failed]\n    run: x\n  - id: e\n    needs: [ok, bad]\n    run: x\n",
        14,
        "LW0206",
    );
}

#[test]
fn a_read_of_a_branch_that_excludes_the_readers_own_is_found_like_a_join_of_both() {
    let pick = "  - id: c\n    choose: { big: true, else: small }\n  - id: a\n    needs: [c.small]\n    set: { v: 1 }\n";
    let reads = |value: &str| format!("  - id: n\n    needs: [c.big]\n    set: {{ v: \"{value}\" }}\n");
    let text = with_steps(&format!("{pick}{}", reads("${{ steps.a.output.v }}")));
    only(&format!("{pick}{}", reads("${{ steps.a.output.v }}")), 12, "LW0206");
    let mended = mended(&text, "LW0206");
    assert!(problems(&mended).is_empty(), "{mended}: {:?}", problems(&mended));
    none(&format!("{pick}{}", reads("${{ has(steps.a.output) ? steps.a.output.v : 2 }}")));
    // In whatever order they stand, and through further steps.
    only(&format!("{}{pick}", reads("${{ steps.a.output.v }}")), 7, "LW0206");
    let far = "  - id: far\n    needs: [a]\n    set: { v: 2 }\n";
    only(&format!("{pick}{far}{}", reads("${{ steps.far.output.v }}")), 15, "LW0206");
    // Without `needs` at all, two reads exclude each other as well; a step that reads such a one never runs either.
    let both = "  - id: b\n    needs: [c.big]\n    set: { v: 1 }\n  - id: n\n    set: { v: \"${{ steps.a.output.v + steps.b.output.v }}\" }\n  - id: after\n    set: { v: \"${{ steps.n.output.v }}\" }\n";
    let found = problems(&with_steps(&format!("{pick}{both}")));
    let found: Vec<(u32, &str)> = found.iter().map(|(line, code, _)| (*line, *code)).collect();
    assert_eq!(found, [(14, "LW0206"), (15, "LW0208")]);
    // A read of the branch's own is none.
    let own = "  - id: n\n    needs: [c.small]\n    set: { v: \"${{ steps.a.output.v }}\" }\n";
    only(&format!("{pick}{own}"), 12, "LW0209");
    // A failure and what needs a success.
    only(
        "  - id: a\n    run: x\n  - id: b\n    needs: [a]\n    set: { v: 1 }\n  - id: n\n    needs: [a.failed]\n    set: { v: \"${{ steps.b.output.v }}\" }\n",
        12,
        "LW0206",
    );
}

#[test]
fn a_read_is_waited_for_besides_any_join_and_told_where_only_a_branch_runs_what_is_read() {
    let a = "  - id: a\n    choose: { x: true, else: y }\n  - id: b\n    needs: [a.x]\n    set: { v: 1 }\n";
    let joined =
        |needs: &str, value: &str| format!("{a}  - id: d\n    needs: [{needs}]\n    join: any\n    set: {{ v: \"{value}\" }}\n");
    let read = "${{ steps.b.output.v }}";
    only(&joined("a.y, a.x", read), 13, "LW0210");
    let mended = mended(&with_steps(&joined("a.y, a.x", read)), "LW0210");
    assert!(problems(&mended).is_empty(), "{mended}: {:?}", problems(&mended));
    none(&joined("a.y, a.x", "${{ has(steps.b.output) ? steps.b.output.v : 2 }}"));
    // Both edges lead from the branch that is read.
    let inner = "  - id: p\n    needs: [a.x]\n    run: x\n  - id: q\n    needs: [a.x]\n    run: x\n";
    none(&format!("{inner}{}", joined("p, q", read)));
    // A step that nothing decides about is waited for, and runs.
    let plain = |when: &str| {
        format!(
            "  - id: f\n    run: x\n  - id: g\n    run: x\n  - id: b\n{when}    set: {{ v: 1 }}\n  - id: d\n    needs: [f, g]\n    join: first\n    set: {{ v: \"{read}\" }}\n"
        )
    };
    none(&plain(""));
    only(&plain("    when: \"${{ env.X == '1' }}\"\n").replace("env.X == '1'", "run.id == 'r'"), 15, "LW0210");
}

#[test]
fn an_end_that_works_nothing_out_never_fails() {
    let after = |end: &str| format!("  - id: a\n    end: {end}\n  - id: b\n    needs: [a.failed]\n    run: x\n");
    only(&after("{ failed: no }"), 8, "LW0208");
    only(&after("succeeded"), 8, "LW0208");
    none(&after("{ failed: \"${{ run.trigger.data.why }}\" }"));
}

#[test]
fn a_timeout_around_is_shorter() {
    only("  - id: g\n    timeout: 1m\n    steps:\n      - id: a\n        timeout: 2m\n        run: x\n", 9, "LW0402");
    none("  - id: g\n    timeout: 3m\n    steps:\n      - id: a\n        timeout: 2m\n        run: x\n");
}

#[test]
fn a_schema_that_is_none_is_shown_where_it_is_wrong() {
    only("  - id: a\n    approve:\n      message: x\n      form:\n        properties:\n          n: { type: 5 }\n", 10, "LW0120");
    let elsewhere = "  - id: a\n    http: { url: \"http://x\", expect: { schema: { $ref: \"http://127.0.0.1:1/x.json\" } } }\n";
    only(elsewhere, 6, "LW0120");
    none("  - id: a\n    approve: { message: x, form: { $ref: \"#/$defs/n\", $defs: { n: { type: string } } } }\n");
    none("  - id: a\n    http: { url: \"http://x\", expect: { schema: { type: object } } }\n");
}

#[test]
fn a_breaker_suits_a_step_that_has_attempts() {
    let found = |step: &str| {
        let text = format!("loomwork: 1\nid: w\nsteps:\n  - id: a\n    breaker: {{ failures: 2, cooldown: 1m }}\n{step}");
        let analysis = analyze(&text);
        let codes: Vec<&str> = analysis.diagnostics.iter().map(|found| found.code).collect();
        (codes, analysis.workflow.map(|workflow| workflow.unsupported().len()))
    };
    for step in
        ["    run: x\n", "    workflow: { id: other }\n", "    http: { url: 'http://localhost' }\n    for_each: '${{ [1] }}'\n"]
    {
        assert_eq!(found(step), (vec![], Some(0)), "{step}");
    }
    assert_eq!(found("    set: { n: 1 }\n").0, ["LW0119"]);
    assert_eq!(found("    steps: [{ id: b, run: x }]\n"), (vec!["LW0112"], Some(1)));
}

/// The text after the first fix of the first problem with a code.
fn mended(text: &str, code: &str) -> String {
    let found = analyze(text).diagnostics;
    let fix = found.iter().find(|found| found.code == code).and_then(|found| found.fixes.first());
    fix.unwrap_or_else(|| panic!("no fix of {code}: {found:?}")).apply(text)
}

#[test]
fn what_is_shown_as_it_is_written_takes_no_expressions() {
    only("  - id: a\n    title: Say ${{ run.id }}\n    run: x\n", 6, "LW0313");
    only("  - id: a\n    description: \"For ${{ secrets.TOKEN }}\"\n    run: x\n", 6, "LW0313");
    none("  - id: a\n    title: Say $${{ run.id }}\n    run: x\n");
    let at_top = "loomwork: 1\nid: w\ndescription: ${{ run.id }}\nlabels: { who: \"${{ run.id }}\" }\ninputs: { a: { type: string, description: \"${{ run.id }}\" } }\nsteps:\n  - { id: a, run: x }\n";
    let found: Vec<(u32, &str)> = problems(at_top).iter().map(|(line, code, _)| (*line, *code)).collect();
    assert_eq!(found, [(3, "LW0313"), (4, "LW0313"), (5, "LW0313")]);
}

#[test]
fn names_take_no_expressions_and_headers_are_named_as_requests_can_carry_them() {
    let name = "\"${{ run.id }}\"";
    only(&format!("  - id: a\n    set:\n      {name}: 1\n"), 7, "LW0313");
    only(&format!("  - id: a\n    set:\n      k: {{ {name}: 1 }}\n"), 7, "LW0313");
    only(&format!("  - id: a\n    run: x\noutputs:\n  {name}: 1\n"), 8, "LW0313");
    only(&format!("  - id: a\n    run: x\nlabels:\n  {name}: x\n"), 8, "LW0313");
    only(&format!("  - id: a\n    run: x\nversion: {name}\n"), 7, "LW0313");
    let header = |name: &str| format!("  - id: a\n    http:\n      url: http://e.org\n      headers:\n        {name}: x\n");
    for wrong in ["\"a b\"", "\"\"", "ä", name] {
        only(&header(wrong), 9, "LW0121");
    }
    none(&header("X-Request_Id.2"));
}

#[test]
fn messages_say_what_is_wrong() {
    let said =
        |steps: &str| problems(&with_steps(steps)).into_iter().map(|(_, _, message)| message).collect::<Vec<_>>().join(" ");
    for (steps, wanted) in [
        ("  - id: a\n    run: \"\"\n", "not empty text"),
        ("  - id: a\n    run: \"  \"\n", "not blank text"),
        ("  - id: a\n    command: []\n", "not an empty list"),
        ("  - id: a\n    cancel: []\n", "not an empty list"),
        ("  - id: a\n    choose: {}\n", "not an empty map"),
        ("  - id: a\n    first_of: {}\n", "not an empty map"),
        ("  - id: a\n    end: failed\n", "`end: { failed: MESSAGE }`"),
        ("  - id: a\n    end: { failed: \"\" }\n", "says why the run failed is expected here, not empty text"),
        ("  - id: a\n    needs: [\"\"]\n    run: x\n", "The name of a step is expected here"),
        ("  - id: a\n    http: { url: \"http://x\", expect: { status: 999 } }\n", "`5xx`"),
        ("  - id: a\n    http: { url: \"http://x\", expect: { status: [ok] } }\n", "`5xx`"),
        ("  - id: a\n    http: { url: \"ftp://x\" }\n", "`https://`"),
        ("  - id: a\n    http: { url: \"\" }\n", "`https://`"),
        ("  - id: a\n    approve: { message: x, on_timeout: rejected }\n", "there is none"),
        ("  - id: a\n    run: x\n    env: { \"${{ secrets.TOKEN }}\": a }\n", "cannot name an environment variable"),
        ("  - id: a\n    run: x\n    env: { \"H=\": a }\n", "cannot name an environment variable"),
    ] {
        let found = said(steps);
        assert!(found.contains(wanted), "{steps}: {found}");
    }
    let text = with_steps("  - id: a\n    end: failed\n");
    assert!(problems(&mended(&text, "LW0115")).is_empty());
    let text = with_steps("  - id: a\n    http: { url: example.org/x }\n");
    assert!(problems(&mended(&text, "LW0115")).is_empty(), "{}", mended(&text, "LW0115"));
    none("  - id: a\n    http: { url: \"HTTPS://x\" }\n");
    none("  - id: a\n    http: { url: \"${{ run.id }}/x\" }\n");
}

#[test]
fn a_moment_that_is_too_far_is_told_from_what_is_none() {
    let said = |until: &str| {
        let found = problems(&with_steps(&format!("  - id: a\n    wait: {{ until: \"{until}\" }}\n")));
        found.into_iter().map(|(_, _, message)| message).collect::<String>()
    };
    assert!(said("9999-12-31T23:59:59Z").starts_with("This moment is out of range: moments from -"));
    assert!(said("9999-12-31T23:59:59-05:00").ends_with(" to 9999-12-30T22:00:00.999999999Z are known."));
    for none in ["2026-01-31", "2026-01-31T08:00:00", "2026-02-31T08:00:00Z", "soon"] {
        assert!(said(none).starts_with("A moment with its offset from UTC is expected here"), "{none}");
    }
}
