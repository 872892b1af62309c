//! The command from outside: its exit codes, its JSON, and what it does with bad input.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Place, until};

const HELLO: &str = "loomwork: 1\nid: hello\ninputs:\n  n: { type: integer, default: 1 }\n  name: { type: string, required: true }\nsteps:\n  - id: a\n    run: echo \"$NAME\"\n    env: { NAME: \"${{ inputs.name }}\" }\n    output: { from: stdout, as: text }\noutputs:\n  said: \"${{ steps.a.output }}\"\n  n: \"${{ inputs.n }}\"\n";
const FLAKY: &str = "loomwork: 1\nid: flaky\nsteps:\n  - id: first\n    run: echo first >> effects\n  - id: second\n    needs: [first]\n    run: |\n      echo second >> effects\n      echo trouble >&2\n      test -e repaired\n";
const SLOW: &str = "loomwork: 1\nid: slow\nsteps:\n  - id: wait\n    run: |\n      touch started\n      while [ ! -e go ]; do sleep 0.05; done\n";

#[test]
fn a_run_prints_itself_and_its_exit_code_is_its_end() {
    let place = Place::new(&[("workflows/hello.yaml", HELLO), ("workflows/flaky.yaml", FLAKY)]);
    let done = place.json(&["run", "hello", "--input", "name=Ada", "--input", "n=41", "--label", "k=v", "--priority", "7"]);
    assert_eq!(done.code, 0, "{done:?}");
    let run = done.json();
    assert_eq!(run["status"], "succeeded");
    assert_eq!(run["outputs"], json!({"said": "Ada\n", "n": 41}));
    assert_eq!((&run["labels"], &run["priority"]), (&json!({"k": "v"}), &json!(7)));
    let failed = place.json(&["run", "workflows/flaky.yaml"]);
    assert_eq!((failed.code, &failed.json()["status"]), (1, &json!("failed")));
    assert_eq!(failed.json()["error"]["step"], "second");
    let list = place.json(&["runs", "--status", "failed"]).json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 1);
    assert!(list["runs"][0].get("steps").is_none(), "lists come without steps");
    assert_eq!(place.json(&["show", failed.json()["id"].as_str().unwrap()]).json(), failed.json());
}

#[test]
fn retry_takes_the_run_up_in_the_background_and_keeps_what_succeeded() {
    let place = Place::new(&[("workflows/flaky.yaml", FLAKY)]);
    let run = place.json(&["run", "flaky"]).json()["id"].as_str().unwrap().to_owned();
    let plan = place.json(&["retry", &run, "--plan"]);
    assert_eq!(plan.json(), json!({"runs": ["second"], "reused": ["first"], "repeats": ["second"]}), "{plan:?}");
    fs::write(place.path().join("repaired"), "").unwrap();
    let retried = place.json(&["retry", &run, "--step", "second"]);
    assert_eq!((retried.code, &retried.json()["id"]), (0, &json!(run)), "{retried:?}");
    until("the run has succeeded", || place.json(&["show", &run]).json()["status"] == "succeeded");
    assert_eq!(place.read("effects"), "first\nsecond\nsecond\n");
    let again = place.json(&["retry", &run]);
    assert_eq!(again.code, 4, "{again:?}");
    assert!(again.err.contains("error:"), "{again:?}");
}

#[test]
fn a_checkpoint_is_kept_listed_restored_and_deleted_and_a_damaged_one_is_told() {
    let place = Place::new(&[("workflows/flaky.yaml", FLAKY), ("workflows/slow.yaml", SLOW)]);
    let run = place.json(&["run", "slow", "--detach"]).json()["id"].as_str().unwrap().to_owned();
    until("the step is under way", || place.path().join("started").exists());
    let kept = place.json(&["checkpoint", "create", &run, "--name", "early", "--level", "debug"]);
    assert_eq!((kept.code, &kept.json()["facts"]["name"]), (0, &json!("early")), "{kept:?}");
    let damaged = place.json(&["checkpoint", "create", &run]).json()["id"].as_str().unwrap().to_owned();
    let file = place.path().join(format!(".loomwork/checkpoints/{run}/{damaged}.checkpoint"));
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let list = place.json(&["checkpoint", "list", &run]).json()["checkpoints"].clone();
    assert_eq!((&list[0]["id"], &list[0]["facts"]), (&json!(damaged), &Value::Null), "{list}");
    assert!(list[0]["problem"].as_str().unwrap().contains("damaged"), "{list}");
    assert_eq!((&list[1]["facts"]["level"], &list[1]["problem"]), (&json!("debug"), &Value::Null));
    let refused = place.json(&["checkpoint", "restore", &run, &damaged]);
    assert!(refused.code == 4 && refused.err.contains("damaged"), "{refused:?}");
    let plan = place.json(&["checkpoint", "restore", &run, "early", "--plan"]);
    assert_eq!(plan.json(), json!({"runs": ["wait"], "reused": [], "repeats": ["wait"]}), "{plan:?}");
    let restored = place.json(&["checkpoint", "restore", &run, "early"]).json();
    assert_eq!(restored["forked_from"]["run"], json!(run), "{restored}");
    fs::write(place.path().join("go"), "").unwrap();
    for each in [&run, restored["id"].as_str().unwrap()] {
        until("the run has succeeded", || place.json(&["show", each]).json()["status"] == "succeeded");
    }
    let late = place.json(&["checkpoint", "create", &run, "--name", "late"]);
    assert_eq!((late.code, place.json(&["checkpoint", "restore", &run, "late"]).code), (0, 4), "{late:?}");
    assert_eq!(place.json(&["checkpoint", "create", &run, "--name", ""]).code, 2);
    for name in ["early", "late", &damaged] {
        assert_eq!(place.json(&["checkpoint", "delete", &run, name]).code, 0);
    }
    assert_eq!(place.json(&["checkpoint", "list", &run]).json()["checkpoints"], json!([]));
    assert_eq!(place.json(&["checkpoint", "delete", &run, "early"]).code, 3);
    assert_eq!(place.json(&["checkpoint", "list", "nosuchrun"]).code, 3);
}

#[test]
fn a_run_outlives_the_file_of_its_workflow() {
    let place = Place::new(&[("workflows/flaky.yaml", FLAKY)]);
    let run = place.json(&["run", "flaky"]).json()["id"].as_str().unwrap().to_owned();
    fs::remove_file(place.path().join("workflows/flaky.yaml")).unwrap();
    fs::write(place.path().join("repaired"), "").unwrap();
    assert_eq!(place.json(&["run", "flaky"]).code, 3);
    assert_eq!(place.json(&["retry", &run]).code, 0);
    until("the run has succeeded", || place.json(&["show", &run]).json()["status"] == "succeeded");
}

#[test]
fn wrong_inputs_are_named_and_make_no_run() {
    let place = Place::new(&[("workflows/hello.yaml", HELLO)]);
    assert!(std::process::Command::new("mkfifo").arg(place.path().join("pipe")).status().unwrap().success());
    for (arguments, named) in [
        (vec!["run", "hello"], "name"),
        (vec!["run", "hello", "--input", "name=x", "--input", "n=many"], "`n`"),
        (vec!["run", "hello", "--input", "name=x", "--input", "nmae=y"], "nmae"),
        (vec!["run", "hello", "--input", "name=x", "--input", "n=7.5"], "must be a whole number, and 7.5 is none"),
        (vec!["run", "hello", "--inputs", "pipe"], "not a plain file"),
        (vec!["run", "hello", "--inputs", "workflows"], "is a folder"),
    ] {
        let refused = place.json(&arguments);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains(named) && refused.out.is_empty(), "{refused:?}");
    }
    assert_eq!(place.json(&["run", "hello", "--input", "name"]).code, 2);
    assert_eq!(place.json(&["run", "hello", "--inputs", "missing.json"]).code, 2);
    assert_eq!(place.json(&["runs"]).json()["runs"], json!([]));
    fs::write(place.path().join("in.json"), r#"{"name": "from a file", "n": 2}"#).unwrap();
    let run = place.json(&["run", "hello", "--inputs", "in.json", "--input", "n=3"]).json();
    assert_eq!(run["outputs"], json!({"said": "from a file\n", "n": 3}));
}

#[test]
fn a_broken_file_is_refused_with_the_place_of_its_errors() {
    let place = Place::new(&[("workflows/broken.yaml", "loomwork: 1\nid: broken\nsteps:\n  - id: a\n    rum: echo\n")]);
    let run = place.json(&["run", "workflows/broken.yaml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("rum") && run.err.contains("5"), "{run:?}");
    let checked = place.json(&["validate", "workflows/broken.yaml"]);
    assert_eq!(checked.code, 2);
    let report = checked.json();
    let problems = report["files"][0]["diagnostics"].as_array().unwrap();
    let problem = problems.iter().find(|problem| problem["line"] == 5).unwrap();
    assert_eq!((&report["ok"], &problem["severity"]), (&json!(false), &json!("error")));
    assert!(problem["fixes"][0]["edits"].is_array(), "{problem}");
}

#[test]
fn a_file_outside_any_workspace_can_be_validated_but_not_run() {
    let place = Place::new(&[]);
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("w.yaml");
    fs::write(&file, HELLO).unwrap();
    let path = file.display().to_string();
    assert_eq!(place.json(&["validate", &path]).json()["ok"], true);
    let run = place.json(&["run", &path]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("outside the workspace"), "{run:?}");
}

#[test]
fn what_does_not_exist_is_not_found() {
    let place = Place::new(&[("workflows/hello.yaml", HELLO)]);
    for arguments in [
        ["show", "0198"],
        ["events", "0198"],
        ["logs", "0198"],
        ["run", "nothing"],
        ["run", "workflows/gone.yaml"],
        ["validate", "gone.yaml"],
    ] {
        let missing = place.json(&arguments);
        assert_eq!(missing.code, 3, "{arguments:?} {missing:?}");
        assert!(missing.err.starts_with("error:"), "{missing:?}");
    }
    let elsewhere = place.command().args(["--workspace", "/no/such/folder", "runs"]).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(3));
    let empty = tempfile::tempdir().unwrap();
    let none = place.bare().current_dir(empty.path()).arg("runs").output().unwrap();
    assert_eq!(none.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&none.stderr).contains("loomwork init"));
}

#[test]
fn wrong_use_exits_with_two() {
    let place = Place::new(&[]);
    for arguments in [
        vec!["frobnicate"],
        vec!["run"],
        vec!["runs", "--status", "sleeping"],
        vec!["run", "x", "--priority", "11"],
        vec!["retry", "x", "--set", "{}"],
    ] {
        assert_eq!(place.json(&arguments).code, 2, "{arguments:?}");
    }
    assert_eq!(place.json(&["serve", "--listen", "0.0.0.0:0"]).code, 2);
}

#[test]
fn a_database_that_cannot_be_written_is_exit_five_and_named() {
    let place = Place::new(&[("workflows/hello.yaml", HELLO)]);
    fs::write(place.path().join(".loomwork"), "in the way").unwrap();
    let run = place.json(&["run", "hello", "--input", "name=x"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.err.contains(".loomwork"), "{run:?}");
    fs::remove_file(place.path().join(".loomwork")).unwrap();
    fs::create_dir_all(place.path().join(".loomwork/journal.db")).unwrap();
    let run = place.json(&["run", "hello", "--input", "name=x"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.err.contains("journal.db"), "{run:?}");
    let detached = place.json(&["run", "hello", "--input", "name=x", "--detach"]);
    assert_eq!(detached.code, 5, "{detached:?}");
    assert!(detached.err.contains("journal.db"), "what the background engine said is passed on: {detached:?}");
}

#[test]
fn a_port_in_use_is_exit_five_and_nothing_is_owned() {
    let place = Place::new(&[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let served = place.json(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(served.code, 5);
    assert!(served.err.contains("in use"), "{served:?}");
    assert!(!place.path().join(".loomwork").exists());
}

#[test]
fn serve_says_one_line_answers_guests_and_leaves_in_order() {
    let place = Place::new(&[("workflows/slow.yaml", SLOW)]);
    let mut serve = place.serve();
    let address = serve.address["address"].as_str().unwrap();
    assert!(address.starts_with("http://127.0.0.1:") && address.contains("/#token="), "{address}");
    assert_eq!(serve.address["pid"], serve.process.id());
    let run = place.json(&["run", "slow", "--detach"]).json()["id"].as_str().unwrap().to_owned();
    until("the step runs", || place.path().join("started").exists());
    assert!(place.read(".loomwork/owner.json").contains(&serve.process.id().to_string()));
    serve.signal("TERM");
    assert_eq!(serve.process.wait().unwrap().code(), Some(0));
    let last = place.json(&["events", &run]).lines().pop().unwrap();
    assert_ne!(last["kind"], "run_failed", "{last}");
    assert_eq!(place.json(&["show", &run]).json()["status"], "running");
    fs::write(place.path().join("go"), "").unwrap();
    let _second = place.serve();
    until("the run has gone on by itself", || place.json(&["show", &run]).json()["status"] == "succeeded");
}

#[test]
fn a_killed_owner_is_followed_at_once_and_its_run_goes_on() {
    let place = Place::new(&[("workflows/slow.yaml", SLOW)]);
    let mut first = place.serve();
    let run = place.json(&["run", "slow", "--detach"]).json()["id"].as_str().unwrap().to_owned();
    until("the step runs", || place.path().join("started").exists());
    first.signal("KILL");
    first.process.wait().unwrap();
    let shown = place.json(&["show", &run]);
    assert_eq!((shown.code, &shown.json()["status"]), (0, &json!("running")), "without an owner the journal is read");
    let _second = place.serve();
    fs::write(place.path().join("go"), "").unwrap();
    until("the run has succeeded", || place.json(&["show", &run]).json()["status"] == "succeeded");
    assert_eq!(place.json(&["show", &run]).json()["steps"][0]["attempts"][0]["status"], "lost");
}

#[test]
fn events_and_logs_can_be_followed_to_the_end_of_the_run() {
    let place = Place::new(&[(
        "workflows/talk.yaml",
        "loomwork: 1\nid: talk\nsteps:\n  - id: a\n    run: |\n      echo one\n      touch started\n      while [ ! -e go ]; do sleep 0.05; done\n      seq 2 3000\n",
    )]);
    let _serve = place.serve();
    let run = place.json(&["run", "talk", "--detach"]).json()["id"].as_str().unwrap().to_owned();
    until("the step runs", || place.path().join("started").exists());
    let events = place.spawn(&["events", &run, "--follow"]);
    let logs = place.spawn(&["logs", &run, "--follow", "--step", "a"]);
    fs::write(place.path().join("go"), "").unwrap();
    let events = support::finish(events);
    assert_eq!(events.code, 0, "{events:?}");
    let kinds: Vec<Value> = events.lines().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!((&kinds[0], kinds.last().unwrap()), (&json!("run_created"), &json!("run_succeeded")), "{kinds:?}");
    assert_eq!(events.lines(), place.json(&["events", &run]).lines());
    let logs = support::finish(logs);
    let texts: Vec<String> = logs.lines().iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> = std::iter::once("one".to_owned()).chain((2..=3000).map(|n: u32| n.to_string())).collect();
    assert_eq!(texts, expected);
    assert_eq!(place.json(&["logs", &run, "--step", "b"]).code, 3);
}

#[test]
fn an_interrupted_run_is_cancelled_when_nobody_can_be_asked() {
    let place = Place::new(&[("workflows/slow.yaml", SLOW)]);
    let run = place.spawn(&["run", "slow"]);
    until("the step runs", || place.path().join("started").exists());
    support::signal(run.id(), "INT");
    let run = support::finish(run);
    assert_eq!((run.code, &run.json()["status"]), (1, &json!("cancelled")), "{run:?}");
}

#[test]
fn cancel_reaches_a_run_that_another_process_carries() {
    let place = Place::new(&[("workflows/slow.yaml", SLOW)]);
    let waiting = place.spawn(&["run", "slow"]);
    until("the step runs", || place.path().join("started").exists());
    let run = place.json(&["runs"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.json(&["cancel", &run, "--reason", "enough"]).code, 0);
    let ended = support::finish(waiting);
    assert_eq!((ended.code, &ended.json()["status"]), (1, &json!("cancelled")), "{ended:?}");
    assert_eq!(place.json(&["cancel", &run]).code, 4);
}

#[test]
fn a_background_engine_leaves_when_nothing_is_under_way() {
    let place = Place::new(&[("workflows/slow.yaml", SLOW)]);
    let mut engine = place.spawn(&["serve", "--background", "--idle-seconds", "1"]);
    until("it owns the workspace", || place.path().join(".loomwork/owner.json").exists());
    place.json(&["run", "slow", "--detach"]);
    until("the step runs", || place.path().join("started").exists());
    assert!(engine.try_wait().unwrap().is_none());
    fs::write(place.path().join("go"), "").unwrap();
    let left = support::finish(engine);
    assert_eq!((left.code, left.out.as_str()), (0, ""), "{left:?}");
    assert!(!place.path().join(".loomwork/owner.json").exists());
}

#[test]
fn the_window_is_missed_with_a_clear_word() {
    let place = Place::new(&[]);
    // A link, not a copy: a file that was just written may still be open in a child that another test is starting.
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_loomwork"));
    let folder = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
    let alone = folder.path().join("loomwork");
    fs::hard_link(program, &alone).unwrap();
    let opened = std::process::Command::new(alone).env("PATH", "").arg("open").arg(place.path()).output().unwrap();
    assert_eq!(opened.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&opened.stderr).contains("loomwork-desktop"));
}

const FOREIGN: &str = "name: Build\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hello\n";

#[test]
fn a_foreign_file_is_imported_with_a_report_and_overwrites_nothing() {
    let place = Place::new(&[("ci.yml", FOREIGN)]);
    let answer = place.json(&["import", "ci.yml"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let imported = answer.json();
    assert_eq!((&imported["dialect"], &imported["files"][0]["ok"]), (&"github-actions".into(), &true.into()));
    assert!(imported["report"].as_array().is_some_and(|report| report.iter().any(|found| found["line"] == 5)), "{imported}");
    let path = format!("workflows/{}.yaml", imported["files"][0]["id"].as_str().unwrap());
    let written = place.read(&path);
    std::fs::write(place.path().join(&path), format!("{written}# mine\n")).unwrap();
    let again = place.json(&["import", "ci.yml"]);
    assert_eq!(again.code, 4);
    assert!(again.err.contains("--force") && place.read(&path).ends_with("# mine\n"), "{again:?}");
    assert_eq!(place.json(&["import", "ci.yml", "--force"]).code, 0);
    assert_eq!(place.read(&path), written);
    assert_eq!(place.json(&["import", "ci.yml", "--output", "elsewhere/one.yaml"]).code, 0);
    assert_eq!(place.read("elsewhere/one.yaml"), written);
    assert_eq!(place.json(&["import", "ci.yml", "--output", "bare.yaml"]).code, 0);
    assert_eq!(place.read("bare.yaml"), written);
}

#[test]
fn what_cannot_be_imported_says_why() {
    let place = Place::new(&[("other.yaml", "just: a map\n"), ("broken.yaml", "a: [\n")]);
    let other = place.json(&["import", "other.yaml"]);
    assert!(other.code == 2 && other.err.contains("wfformat"), "{other:?}");
    let broken = place.json(&["import", "broken.yaml"]);
    assert!(broken.code == 2 && broken.err.contains("line"), "{broken:?}");
    assert_eq!(place.json(&["import", "nowhere.yaml"]).code, 3);
    assert!(place.json(&["import", "other.yaml", "--dialect", "cobol"]).err.contains("agent-steps"));
}

#[test]
fn the_schema_of_the_language_is_printed() {
    let place = Place::new(&[]);
    let schema = place.json(&["schema"]).json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["loomwork"]["const"], 1);
}
