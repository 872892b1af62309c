//! The JSON that other programs read: which keys there are, of which types. Keys may be added, never taken away or renamed.

use loomwork_tests::Workspace;
use serde_json::Value;

const WORKFLOW: &str = "loomwork: 1\nid: shape\nversion: 1.2.0\ninputs:\n  name: { type: string, default: you }\nsteps:\n  \
    - { id: good, title: A good one, run: \"echo hello $NAME; echo aside >&2\", env: { NAME: \"${{ inputs.name }}\" } }\n  \
    - { id: bad, needs: [good], run: exit 3 }\n  - { id: never, needs: [bad], set: { a: 1 } }\n";

/// A pattern of JSON: every key of an object must be there, `"text"`, `"time"`, `"number"`, `"hash"`, `"any"` stand for
/// values, `"null"` for none, `"text?"` for a value or null.
#[track_caller]
fn assert_shape(found: &Value, wanted: &Value, at: &str) {
    match wanted {
        Value::String(kind) => {
            let (kind, optional) = kind.strip_suffix('?').map_or((kind.as_str(), false), |kind| (kind, true));
            let text = found.as_str().unwrap_or_default();
            let fits = match kind {
                "text" => found.is_string(),
                "number" => found.is_u64(),
                "bool" => found.is_boolean(),
                "object" => found.is_object(),
                "hash" => text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()),
                "time" => is_time(text),
                "any" => true,
                "null" => found.is_null(),
                literal => text == literal,
            };
            assert!(fits || (optional && found.is_null()), "{at}: wanted {kind}, found {found}");
        }
        Value::Object(wanted) => {
            for (key, wanted) in wanted {
                let found = found.get(key).unwrap_or_else(|| panic!("{at}: {key} is missing in {found}"));
                assert_shape(found, wanted, &format!("{at}.{key}"));
            }
        }
        Value::Array(wanted) => {
            let found = found.as_array().unwrap_or_else(|| panic!("{at}: wanted a list, found {found}"));
            assert_eq!(found.len(), wanted.len(), "{at}: {found:?}");
            for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                assert_shape(found, wanted, &format!("{at}[{index}]"));
            }
        }
        other => assert_eq!(found, other, "{at}"),
    }
}

/// RFC 3339 in UTC with milliseconds.
fn is_time(text: &str) -> bool {
    let pattern = "0000-00-00T00:00:00.000Z";
    text.len() == pattern.len()
        && text.chars().zip(pattern.chars()).all(|(c, p)| if p == '0' { c.is_ascii_digit() } else { c == p })
}

fn summary() -> Value {
    serde_json::json!({
        "id": "text", "number": 1, "workflow": "shape", "path": "workflows/shape.yaml", "version": "1.2.0", "status": "failed",
        "trigger": {"kind": "manual", "actor": "text"}, "labels": {"team": "a=b"}, "priority": 7,
        "created_at": "time", "started_at": "time", "ended_at": "time", "duration_ms": "number",
        "progress": {"done": 3, "known": 3}, "error": error(true),
    })
}

fn error(of_run: bool) -> Value {
    let mut error = serde_json::json!({
        "class": "permanent", "message": "text", "details": {"exit_code": 3}, "recoverable": false, "suggested_action": "fail",
    });
    if of_run {
        error["step"] = "bad".into();
    }
    error
}

#[test]
fn a_run_its_list_its_events_and_its_logs_have_the_documented_shape() {
    let workspace = Workspace::new(&[("shape", WORKFLOW)]);
    let run = workspace.json(&["run", "shape", "--label", "team=a=b", "--priority", "7"]).exits(1).json();
    let id = run["id"].as_str().unwrap();
    let shown = workspace.json(&["show", id]).exits(0).json();
    assert_eq!(shown, run, "`run` and `show` print the same");
    assert_eq!(workspace.json(&["show", &id[..20]]).exits(0).json(), run, "a unique beginning of the id will do");

    assert_shape(&run, &summary(), "run");
    assert_shape(&run, &serde_json::json!({"inputs": {"name": "you"}, "outputs": null, "seq": "number"}), "run");
    let attempt = |status: &str, error: Value| {
        serde_json::json!({"number": 1, "status": status, "started_at": "time", "ended_at": "time", "error": error,
            "usage": {"cpu_ms": "number", "max_rss_bytes": "number?"}})
    };
    let steps = serde_json::json!([
        {"path": "good", "id": "good", "title": "A good one", "action": "run", "status": "succeeded", "port": "succeeded",
         "attempts": [attempt("succeeded", Value::Null)], "started_at": "time", "ended_at": "time", "duration_ms": "number",
         "input": {"run": "text", "env": {"NAME": "you"}}, "output": {"exit_code": 0, "stdout": "hello you\n", "stderr_tail": "aside\n"}, "error": null},
        {"path": "bad", "id": "bad", "title": null, "action": "run", "status": "failed", "port": "failed",
         "attempts": [attempt("failed", error(false))], "started_at": "time", "ended_at": "time", "duration_ms": "number",
         "input": {"run": "exit 3"}, "output": null, "error": error(false)},
        {"path": "never", "id": "never", "title": null, "action": "set", "status": "skipped", "port": null, "attempts": [],
         "started_at": "time?", "ended_at": "time", "duration_ms": "number?", "input": "any", "output": null, "error": null, "reason": "text"},
    ]);
    assert_shape(&run["steps"], &steps, "steps");

    let list = workspace.json(&["runs"]).exits(0).json();
    assert_shape(&list, &serde_json::json!({"runs": [summary()], "counts": {"failed": 1}}), "runs");
    assert!(list["runs"][0].get("steps").is_none(), "`runs` lists runs without steps");

    assert_events(&workspace, id);
    assert_logs(&workspace, id);
}

fn assert_events(workspace: &Workspace, id: &str) {
    let events = workspace.json(&["events", id]).exits(0).json_lines();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    let wanted = [
        "run_created",
        "run_started",
        "attempt_started",
        "attempt_succeeded",
        "step_succeeded",
        "attempt_started",
        "attempt_failed",
        "step_failed",
        "step_skipped",
        "run_failed",
    ];
    let without_queue: Vec<&str> = kinds.iter().copied().filter(|kind| *kind != "step_queued").collect();
    assert_eq!(without_queue, wanted);
    let mut prev = Value::from("0".repeat(64));
    let mut seq = 0;
    for event in &events {
        let shape = serde_json::json!({
            "seq": "number", "run": id, "at": "time", "actor": "text", "kind": "text", "v": 1, "step": "text?", "attempt": "number?",
            "data": "object", "hash": "hash", "prev": prev,
        });
        assert_shape(event, &shape, "event");
        assert!(event["seq"].as_u64().unwrap() > seq, "{event}");
        seq = event["seq"].as_u64().unwrap();
        prev = event["hash"].clone();
    }
    let from = events[3]["seq"].to_string();
    assert_eq!(workspace.json(&["events", id, "--from", &from]).exits(0).json_lines(), events[3..]);
    assert_eq!(workspace.json(&["events", id, "--follow"]).exits(0).json_lines(), events, "following ends with the run");
}

fn assert_logs(workspace: &Workspace, id: &str) {
    let mut lines = workspace.json(&["logs", id, "--step", "good"]).exits(0).json_lines();
    lines.sort_by_key(|line| line["stream"].as_str().map(str::to_owned));
    let line = |stream: &str, text: &str| serde_json::json!({"at": "time", "step": "good", "attempt": 1, "number": "number", "stream": stream, "text": text});
    assert_shape(&Value::from(lines), &serde_json::json!([line("stderr", "aside"), line("stdout", "hello you")]), "logs");
    assert!(workspace.json(&["logs", id, "--step", "bad"]).exits(0).json_lines().is_empty());
}

#[test]
fn what_validate_finds_has_the_documented_shape() {
    let broken = "loomwork: 1\nid: broken\nsteps:\n  - id: one\n    rnu: echo\n  - id: two\n    needs: [oen]\n    run: true\n";
    let workspace = Workspace::new(&[("broken", broken)]);
    let report = workspace.json(&["validate", "workflows/broken.yaml"]).exits(2).json();
    assert_shape(&report, &serde_json::json!({"ok": false, "files": ["object"]}), "validate");
    let file = &report["files"][0];
    assert_shape(file, &serde_json::json!({"path": "workflows/broken.yaml", "ok": false}), "file");
    let diagnostics = file["diagnostics"].as_array().unwrap();
    let place = serde_json::json!({"code": "text", "severity": "text", "message": "text", "line": "number", "column": "number", "end_line": "number", "end_column": "number"});
    for diagnostic in diagnostics {
        assert_shape(diagnostic, &place, "diagnostic");
        for fix in diagnostic["fixes"].as_array().unwrap() {
            assert_shape(fix, &serde_json::json!({"title": "text"}), "fix");
            for edit in fix["edits"].as_array().unwrap() {
                assert_shape(
                    edit,
                    &serde_json::json!({"line": "number", "column": "number", "end_line": "number", "end_column": "number", "text": "text"}),
                    "edit",
                );
            }
        }
    }
    let typo = diagnostics.iter().find(|found| found["line"] == 5).unwrap();
    assert!(typo["message"].as_str().unwrap().contains("rnu"));
    assert_eq!(typo["fixes"][0]["edits"][0]["text"], "run");
    let unknown = diagnostics.iter().find(|found| found["line"] == 7).unwrap();
    assert_shape(
        unknown,
        &serde_json::json!({"step": "two", "severity": "error", "column": 13, "end_line": 7, "end_column": 16}),
        "unknown step",
    );
}

#[test]
fn a_retry_prints_the_plan_or_the_run_and_keeps_what_succeeded() {
    let workspace = Workspace::new(&[("shape", &WORKFLOW.replace("exit 3", "test -e mended || exit 3"))]);
    let run = workspace.json(&["run", "shape"]).exits(1).json();
    let id = run["id"].as_str().unwrap();
    let plan = workspace.json(&["retry", id, "--plan"]).exits(0).json();
    assert_eq!(plan, serde_json::json!({"runs": ["bad", "never"], "reused": ["good"], "repeats": ["bad"]}));
    assert_eq!(workspace.show(id).status(), "failed", "a plan changes nothing");
    workspace.open_gate("mended");
    let taken_up = workspace.json(&["retry", id, "--step", "bad"]).exits(0).json();
    assert_eq!(taken_up["id"], id);
    let ended = workspace.ends(id, "succeeded");
    assert_eq!((ended.attempts("good"), ended.attempts("bad")), (vec!["succeeded"], vec!["failed", "succeeded"]));
    assert_eq!(ended.step("good"), &run["steps"][0], "an earlier result is kept as it is");
}
