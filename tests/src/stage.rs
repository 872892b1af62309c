//! Carries an example out with the real program and compares what comes of it with what its page says.
//!
//! Invariant: nothing is waited for but conditions, and a difference is told, never passed over.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use crate::{
    Owner, PATIENCE, Ran, RunView, Workspace,
    example::{Deed, Example, Kind},
    http::HttpServer,
};

/// Where the pages say that their server is.
const SERVER: &str = "http://127.0.0.1:8080";
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What differs from the page; nothing when all is as it says.
pub fn differences(example: &Example) -> Vec<String> {
    let outcome = example.outcome.as_object().cloned().unwrap_or_default();
    let known =
        ["status", "error", "outputs", "output", "steps", "attempts", "effects", "requests", "runs", "problems", "refused"];
    let mut found: Vec<String> = outcome
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| format!("what is `{key}` of an outcome?"))
        .collect();
    let server = HttpServer::new(example.answers.clone());
    let workspace = set_up(example, &server);
    let file = format!("workflows/{}.yaml", example.id);
    let report = workspace.json(&["validate", &file]).json();
    let diagnostics = report["files"][0]["diagnostics"].as_array().cloned().unwrap_or_default();
    let expected: Vec<Value> = outcome.get("problems").and_then(Value::as_array).cloned().unwrap_or_default();
    // Hints are advice, no problems.
    let problems = diagnostics.iter().filter(|diagnostic| diagnostic["severity"] != "hint");
    let codes: Vec<Value> = problems.map(|diagnostic| diagnostic["code"].clone()).collect();
    let unexpected = example.kind != Kind::Refused && codes != expected;
    if unexpected || (report["ok"] == false) != (example.kind == Kind::Invalid) {
        found.push(format!("its problems are {:#}", report["files"][0]["diagnostics"]));
        return found;
    }
    match example.kind {
        Kind::Invalid => {}
        Kind::Refused => found.extend(refusal(&workspace.say(&["run", &example.id]), &outcome)),
        Kind::Run => match carry_out(&workspace, example) {
            // The owner stays: what the run started may still be under way.
            Ok((run, _owner)) => found.extend(compare(&workspace, &server, &run, &outcome)),
            Err(trouble) => found.push(trouble),
        },
    }
    found
}

fn set_up(example: &Example, server: &HttpServer) -> Workspace {
    let workspace = Workspace::new(&[(&example.id, &example.workflow.replace(SERVER, &server.url()))]);
    for (path, text) in &example.files {
        workspace.write(path, &text.replace(SERVER, &server.url()));
        // What the program keeps for itself must be private, and scripts must be programs.
        let mode = if path.starts_with(".loomwork/") { 0o600 } else { 0o755 };
        fs::set_permissions(workspace.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    workspace
}

fn refusal(ran: &Ran, outcome: &Map<String, Value>) -> Option<String> {
    let word = outcome.get("refused").and_then(Value::as_str).unwrap_or("(the outcome says nothing of `refused`)");
    (ran.code != 2 || !ran.err.contains(word)).then(|| format!("it is not refused for {word}: {ran:?}"))
}

/// Runs it to the end, or to the status at which it is said to rest.
fn carry_out(workspace: &Workspace, example: &Example) -> Result<(RunView, Option<Owner>), String> {
    let inputs: Vec<&str> = example.inputs.iter().flat_map(|input| ["--input", input]).collect();
    let start = [&["run", &example.id], &inputs[..]].concat();
    let Some(wanted) = example.outcome["status"].as_str() else { return Err("the outcome has no `status`".to_owned()) };
    let ends = ["succeeded", "failed", "cancelled", "compensated"].contains(&wanted);
    if example.deeds.is_empty() && ends {
        let ran = workspace.json(&start);
        let run = serde_json::from_str(&ran.out).map_err(|_| format!("it does not run: {ran:?}"))?;
        return Ok((RunView(run), None));
    }
    let mut owner = workspace.serve();
    let ran = workspace.json(&[&start[..], &["--detach"]].concat());
    let run = serde_json::from_str(&ran.out).map(RunView).map_err(|_| format!("it does not start: {ran:?}"))?;
    let id = run.id().to_owned();
    for deed in &example.deeds {
        // A run that was archived cannot be looked at, and nothing may be waited for then.
        if !deed.once.is_empty() {
            look(workspace, &id, &format!("what stands before {:?}", deed.words), |run| holds(run, deed))?;
        }
        match deed.words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["kill", "-9", "ENGINE"] => {
                owner.kill();
                owner = workspace.serve();
            }
            ["touch", file] => workspace.open_gate(file),
            ["loomwork", ..] => {
                let words: Vec<&str> =
                    deed.words[1..].iter().map(|word| if word == "RUN" { id.as_str() } else { word }).collect();
                let ran = workspace.json(&words);
                if ran.code != deed.exit {
                    return Err(format!("{:?} did not exit with {}: {ran:?}", deed.words, deed.exit));
                }
            }
            _ => return Err(format!("nobody can type {:?}", deed.words)),
        }
    }
    let ended = look(workspace, &id, &format!("status {wanted}"), |run| run.status() == wanted && settled(run, wanted))?;
    Ok((ended, Some(owner)))
}

/// A run that rests has nothing under way: what is still queued or running could change what is compared.
fn settled(run: &RunView, wanted: &str) -> bool {
    wanted != "waiting" || !run.0["steps"].as_array().into_iter().flatten().any(|step| step["status"] == "running")
}

fn holds(run: &RunView, deed: &Deed) -> bool {
    deed.once.iter().all(|(step, status)| match step {
        None => run.status() == status,
        Some(path) => steps(run).any(|step| step["path"] == *path && step["status"] == *status),
    })
}

fn steps(run: &RunView) -> impl Iterator<Item = &Value> {
    run.0["steps"].as_array().into_iter().flatten()
}

fn look(workspace: &Workspace, run: &str, what: &str, wanted: impl Fn(&RunView) -> bool) -> Result<RunView, String> {
    let start = Instant::now();
    loop {
        let seen = workspace.show(run);
        if wanted(&seen) {
            return Ok(seen);
        }
        if start.elapsed() > PATIENCE {
            return Err(format!("waited in vain for {what}, the run is {}", seen.0));
        }
        std::thread::sleep(PAUSE);
    }
}

fn compare(workspace: &Workspace, server: &HttpServer, run: &RunView, outcome: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, is: &Value, said: &Value| {
        if !same(is, said) {
            found.push(format!("{what} is {is}, the page says {said}"));
        }
    };
    let step = |path: &str| steps(run).find(|step| step["path"] == path).cloned().unwrap_or_default();
    for (key, said) in outcome {
        let entries = || said.as_object().into_iter().flatten();
        match key.as_str() {
            "status" | "outputs" => differ(key, &run.0[key], said),
            "error" => entries().for_each(|(field, said)| differ(&format!("error.{field}"), &run.0["error"][field], said)),
            "output" => entries().for_each(|(path, said)| differ(&format!("the output of {path}"), &step(path)["output"], said)),
            "steps" => entries().for_each(|(path, said)| differ(path, &end_of(&step(path)), said)),
            "attempts" => entries().for_each(|(path, said)| {
                let attempts = step(path)["attempts"].as_array().map_or(0, Vec::len);
                differ(&format!("the number of attempts of {path}"), &attempts.into(), said);
            }),
            "effects" => differ(key, &workspace.lines("effects").into(), said),
            "requests" => differ(key, &server.requests().into(), said),
            "runs" => entries().for_each(|(workflow, said)| differ(workflow, &runs_of(workspace, workflow, said), said)),
            _ => {}
        }
    }
    if !found.is_empty() {
        found.push(format!("the run is {}", run.0));
    }
    found
}

/// `skipped`, `failed`, or with a named port `succeeded on large`.
fn end_of(step: &Value) -> Value {
    match (step["status"].as_str(), step["port"].as_str()) {
        (Some(status), Some(port)) if !["succeeded", "failed"].contains(&port) => format!("{status} on {port}").into(),
        (Some(status), _) => status.into(),
        (None, _) => Value::Null,
    }
}

/// The statuses of all runs of a workflow, the oldest first. Waits while they are not as said.
fn runs_of(workspace: &Workspace, workflow: &str, said: &Value) -> Value {
    let start = Instant::now();
    loop {
        let runs = workspace.json(&["runs", "--workflow", workflow]).json();
        let newest_first = runs["runs"].as_array().into_iter().flatten().map(|run| run["status"].clone());
        let statuses = Value::Array(newest_first.rev().collect());
        if same(&statuses, said) || start.elapsed() > PATIENCE {
            return statuses;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Equal as JSON, where 1 equals 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
