//! What an earlier version wrote is read, listed and gone on with.

use std::path::Path;

use loomwork_tests::Workspace;

/// A workspace as an earlier version left it.
fn kept(version: &str) -> Workspace {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("earlier").join(version);
    let workspace = Workspace::new(&[]);
    std::fs::create_dir_all(workspace.path(".loomwork")).unwrap();
    for (from, to) in [("journal.db", ".loomwork/journal.db"), ("logs", ".loomwork/logs"), ("workflows", "workflows")] {
        copy(&folder.join(from), &workspace.path(to));
    }
    workspace
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

#[test]
fn runs_of_an_earlier_version_are_listed_read_and_gone_on_with() {
    let workspace = kept("1");
    workspace.json(&["trust"]).exits(0);
    let owner = workspace.serve();
    let list = workspace.json(&["runs"]).exits(0).json();
    let run = |workflow: &str| {
        let runs = list["runs"].as_array().unwrap();
        let found = runs.iter().find(|run| run["workflow"] == workflow).unwrap_or_else(|| panic!("no run of {workflow}: {list}"));
        (found["id"].as_str().unwrap().to_owned(), found["status"].as_str().unwrap().to_owned())
    };
    let statuses = ["all", "called", "fails", "undone", "waits"].map(|workflow| run(workflow).1);
    assert_eq!(statuses, ["succeeded", "succeeded", "failed", "compensated", "waiting"]);
    let all = workspace.json(&["show", &run("all").0]).exits(0).json();
    assert_eq!(all["outputs"], serde_json::json!({ "last": 10 }));
    assert!(workspace.json(&["events", &run("all").0]).exits(0).out.contains("run_created"));

    workspace.write("ready", "");
    workspace.json(&["retry", &run("fails").0]).exits(0);
    let fails = workspace.ends(&run("fails").0, "succeeded");
    assert_eq!((fails.attempts("before").len(), fails.step_status("after")), (1, "succeeded"));
    workspace.json(&["approve", &run("waits").0, "ask"]).exits(0);
    workspace.ends(&run("waits").0, "succeeded");
    owner.stop();
    workspace.json(&["doctor"]).exits(0);
    workspace.journal().assert_whole();
}
