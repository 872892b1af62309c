//! Versions of a workflow: what was run is kept, and what is different between two versions is told.

use std::fs;

use loomwork_tests::Workspace;
use serde_json::{Value, json};

const ONE: &str =
    "loomwork: 1\nid: w\nversion: 1.0.0\nsteps:\n  - { id: a, run: echo a }\n  - { id: b, needs: [a], run: echo b }\n";
const TWO: &str = "loomwork: 1\nid: w\nversion: 1.1.0\nsteps:\n  - { id: first, run: echo a }\n  - { id: b, needs: [first], run: echo c }\n  - { id: d, run: echo d }\n";

/// Hashes of the versions that `versions` lists, with their numbers of runs and whether they are the file.
fn listed(workspace: &Workspace) -> Vec<(String, Value, Value)> {
    let list = workspace.json(&["versions", "w"]).exits(0).json();
    let version =
        |version: &Value| (version["hash"].as_str().unwrap().to_owned(), version["runs"].clone(), version["current"].clone());
    list["versions"].as_array().unwrap().iter().map(version).collect()
}

#[test]
fn versions_that_were_run_are_listed_behind_the_file_as_it_stands() {
    let workspace = Workspace::new(&[("w", ONE)]);
    assert!(matches!(&listed(&workspace)[..], [(_, runs, current)] if *runs == 0 && *current == true));
    workspace.say(&["run", "w"]).exits(0);
    workspace.say(&["run", "w"]).exits(0);
    workspace.write("workflows/w.yaml", TWO);
    let before = listed(&workspace);
    assert_eq!(
        before.iter().map(|(_, runs, current)| json!([runs, current])).collect::<Vec<_>>(),
        [json!([0, true]), json!([2, false])]
    );
    workspace.say(&["run", "workflows/w.yaml"]).exits(0);
    let list = workspace.json(&["versions", "workflows/w.yaml"]).exits(0).json();
    assert_eq!((&list["workflow"], &list["path"]), (&json!("w"), &json!("workflows/w.yaml")));
    assert_eq!((&list["versions"][0]["version"], &list["versions"][1]["version"]), (&json!("1.1.0"), &json!("1.0.0")));
    assert_eq!(list["versions"][1]["runs"], 2);
    assert!(list["versions"][1]["first_run_at"].as_str() < list["versions"][1]["last_run_at"].as_str());
    let said = workspace.say(&["versions", "w"]).exits(0);
    assert!(said.out.contains("v1.0.0  2 runs") && said.out.contains("the file as it stands"), "{said:?}");

    // The file goes, what was run stays.
    fs::remove_file(workspace.path("workflows/w.yaml")).unwrap();
    let left = workspace.json(&["versions", "w"]).exits(0).json();
    assert_eq!((&left["path"], left["versions"].as_array().unwrap().len()), (&Value::Null, 2));
    workspace.say(&["versions", "other"]).exits(3).complains_about(&["other"]);
}

#[test]
fn two_versions_are_compared_by_file_id_or_hash() {
    let workspace = Workspace::new(&[("w", ONE)]);
    workspace.say(&["run", "w"]).exits(0);
    let hash = listed(&workspace)[0].0.clone();
    workspace.write("workflows/w.yaml", TWO);
    let comparison = workspace.json(&["diff", &hash[..8], "w"]).exits(0).json();
    assert_eq!(
        comparison,
        json!({
            "added": ["d"], "removed": [], "renamed": [{"from": "a", "to": "first"}], "moved": [],
            "changed": [{"from": "b", "to": "b", "fields": [
                {"field": "run", "aspect": "action", "from": "echo b", "to": "echo c"}]}],
            "workflow": [{"field": "version", "aspect": "presentation", "from": "1.0.0", "to": "1.1.0"}],
        })
    );
    workspace.write("old/w.yaml", ONE);
    assert_eq!(workspace.json(&["diff", "old/w.yaml", "workflows/w.yaml"]).exits(0).json(), comparison);
    let said = workspace.say(&["diff", "old/w.yaml", "w"]).exits(0);
    assert_eq!(
        said.out,
        "+ d\n> a → first  (renamed)\n~ b\n    run: echo b → echo c\n~ the workflow itself\n    version: 1.0.0 → 1.1.0\n"
    );
    workspace.write("same.yaml", &format!("# the same\n{}", TWO.replace("echo d", "'echo d'")));
    assert_eq!(workspace.say(&["diff", "w", "same.yaml"]).exits(0).out, "They mean the same.\n");
}

#[test]
fn what_cannot_be_compared_is_said_by_name() {
    let workspace = Workspace::new(&[("w", ONE), ("broken", "loomwork: 1\nid: broken\nsteps:\n  - id: a\n    rnu: x\n")]);
    workspace.say(&["diff", "w", "broken"]).exits(2).complains_about(&["workflows/broken.yaml", "rnu"]);
    workspace.say(&["diff", "w", "workflows/broken.yaml"]).exits(2).complains_about(&["rnu"]);
    workspace.say(&["diff", "w", "nowhere.yaml"]).exits(3).complains_about(&["nowhere.yaml"]);
    workspace.say(&["diff", "w", "0badcafe"]).exits(3).complains_about(&["0badcafe"]);
}
