//! Workflow files through the front door: what is listed, opened, saved, refused.

mod support;

use loomwork_api::*;
use loomwork_app::{Mode, Workspace, check_file, init};
use support::{Place, script};

const GOOD: &str = "loomwork: 1\nid: good\nsteps:\n  - id: a\n    run: echo a\n";

#[tokio::test]
async fn files_are_listed_by_path_and_a_broken_one_does_not_hide_the_others() {
    let place =
        Place::new(&[("workflows/z.yaml", GOOD), ("workflows/deep/a.yml", "id: [\n"), ("workflows/.hidden/x.yaml", GOOD)]);
    place.write("workflows/latin.yaml", b"loomwork: 1\nid: latin # \xe9\nsteps: []\n");
    place.write("workflows/notes.txt", "no workflow");
    let backend = place.open(Mode::JoinOrRead).await;
    let list = backend.request(ListWorkflows {}).await.unwrap().workflows;
    let paths: Vec<&str> = list.iter().map(|workflow| workflow.path.as_str()).collect();
    assert_eq!(paths, ["workflows/deep/a.yml", "workflows/latin.yaml", "workflows/z.yaml"]);
    assert!(list[0].errors > 0 && list[1].errors > 0);
    assert_eq!((list[2].id.as_deref(), list[2].errors, list[2].steps), (Some("good"), 0, 1));
    let latin = backend.request(OpenWorkflow { workflow: "workflows/latin.yaml".to_owned() }).await.unwrap();
    let problem = latin.design.diagnostics.iter().find(|problem| problem.code == "LW0901").unwrap();
    assert_eq!((problem.line, problem.column), (2, 13));
}

#[tokio::test]
async fn links_and_paths_never_lead_out_of_the_workspace() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.yaml"), GOOD).unwrap();
    let place = Place::new(&[("workflows/inside.yaml", GOOD)]);
    std::os::unix::fs::symlink(outside.path().join("secret.yaml"), place.path().join("workflows/link.yaml")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path().join("workflows/folder")).unwrap();
    std::os::unix::fs::symlink("inside.yaml", place.path().join("workflows/alias.yaml")).unwrap();
    let backend = place.own().await;
    let list = backend.request(ListWorkflows {}).await.unwrap().workflows;
    let paths: Vec<&str> = list.iter().map(|workflow| workflow.path.as_str()).collect();
    assert_eq!(paths, ["workflows/alias.yaml", "workflows/inside.yaml"]);
    let absolute = outside.path().join("secret.yaml").display().to_string();
    for path in [
        "../secret.yaml",
        "workflows/../../x.yaml",
        absolute.as_str(),
        "workflows/link.yaml",
        "workflows/folder/secret.yaml",
        "/",
    ] {
        let error = backend.request(OpenWorkflow { workflow: path.to_owned() }).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{path}: {error}");
        let save = SaveWorkflow { path: path.to_owned(), text: GOOD.to_owned(), layout: None, base_revision: None };
        assert_eq!(backend.request(save).await.unwrap_err().code, ErrorCode::InvalidRequest, "{path}");
        let delete = backend.request(DeleteWorkflow { path: path.to_owned() }).await.unwrap_err();
        assert_eq!(delete.code, ErrorCode::InvalidRequest, "{path}");
    }
    assert_eq!(std::fs::read_to_string(outside.path().join("secret.yaml")).unwrap(), GOOD);
    backend.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_the_place_of_a_workflow_keeps_nobody_waiting() {
    let place = Place::new(&[("workflows/w.yaml", GOOD)]);
    let pipe = place.path().join("workflows/pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let backend = place.own().await;
    let error = backend.request(OpenWorkflow { workflow: "workflows/pipe.yaml".to_owned() }).await.unwrap_err();
    assert!(error.message.contains("not a plain file"), "{error}");
    assert_eq!(backend.request(ListWorkflows {}).await.unwrap().workflows.len(), 1);
    backend.close().await;
}

#[test]
fn what_is_no_file_is_refused_at_once_wherever_it_is() {
    let place = Place::new(&[("workflows/w.yaml", GOOD)]);
    let pipe = place.path().join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, wanted) in [(pipe.as_path(), "not a plain file"), (place.path(), "is a folder")] {
        let error = check_file(path).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        assert!(error.message.contains(wanted), "{error}");
    }
}

#[tokio::test]
async fn saving_keeps_permissions_and_refuses_a_file_that_changed_meanwhile() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new(&[("workflows/w.yaml", GOOD)]);
    let file = place.path().join("workflows/w.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let backend = place.own().await;
    let opened = backend.request(OpenWorkflow { workflow: "good".to_owned() }).await.unwrap();
    let save = |text: &str, base: &str| SaveWorkflow {
        path: opened.path.clone(),
        text: text.to_owned(),
        layout: None,
        base_revision: Some(base.to_owned()),
    };
    let saved = backend.request(save(&format!("# note\n{GOOD}"), &opened.revision)).await.unwrap();
    assert_ne!(saved.revision, opened.revision);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let error = backend.request(save(GOOD, &opened.revision)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert_eq!(error.details["current_revision"], saved.revision);
    assert_eq!(place.read("workflows/w.yaml"), format!("# note\n{GOOD}"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(backend.request(save(GOOD, &saved.revision)).await.unwrap_err().code, ErrorCode::Conflict);
    assert!(!file.exists(), "a vanished file does not come back by a save that did not know");
    let left: Vec<_> = std::fs::read_dir(place.path().join("workflows")).unwrap().collect();
    assert!(left.is_empty(), "no drafts stay behind");
    backend.close().await;
}

#[tokio::test]
async fn saving_over_bytes_that_are_no_text_is_refused() {
    let place = Place::new(&[]);
    let bytes = b"loomwork: 1\nid: latin # \xe9\n";
    place.write("workflows/latin.yaml", bytes);
    let backend = place.own().await;
    let save = SaveWorkflow { path: "workflows/latin.yaml".to_owned(), text: GOOD.to_owned(), layout: None, base_revision: None };
    assert_eq!(backend.request(save).await.unwrap_err().code, ErrorCode::Refused);
    assert_eq!(std::fs::read(place.path().join("workflows/latin.yaml")).unwrap(), bytes);
    backend.close().await;
}

#[tokio::test]
async fn positions_live_beside_the_file_and_leave_with_it() {
    let place = Place::new(&[("workflows/w.yaml", GOOD)]);
    let backend = place.own().await;
    let mut layout = Layout::default();
    layout.nodes.insert("b".to_owned(), Point { x: 1.5, y: 2.0 });
    layout.nodes.insert("a".to_owned(), Point { x: 0.0, y: -3.0 });
    let save = SaveWorkflow {
        path: "workflows/w.yaml".to_owned(),
        text: GOOD.to_owned(),
        layout: Some(layout.clone()),
        base_revision: None,
    };
    assert_eq!(backend.request(save).await.unwrap().layout, layout);
    let text = place.read("workflows/w.yaml.layout.json");
    assert!(text.find("\"a\"") < text.find("\"b\"") && text.ends_with("}\n"), "{text}");
    backend.request(DeleteWorkflow { path: "workflows/w.yaml".to_owned() }).await.unwrap();
    assert!(!place.path().join("workflows/w.yaml.layout.json").exists());
    backend.close().await;
}

#[tokio::test]
async fn two_workflows_with_one_id_are_an_error_that_names_both() {
    let place = Place::new(&[("workflows/one.yaml", GOOD), ("workflows/two.yaml", GOOD)]);
    let backend = place.own().await;
    let by_id = backend.request(support::start("good")).await.unwrap_err();
    assert!(by_id.message.contains("one.yaml") && by_id.message.contains("two.yaml"), "{by_id}");
    let by_path = backend.request(support::start("workflows/one.yaml")).await.unwrap_err();
    assert_eq!(by_path.code, ErrorCode::InvalidWorkflow);
    assert!(by_path.message.contains("two.yaml"), "{by_path}");
    assert!(
        check_file(&place.path().join("workflows/two.yaml")).unwrap().diagnostics.iter().any(|problem| problem.code == "LW0903")
    );
    backend.close().await;
}

#[tokio::test]
async fn an_id_that_is_unknown_is_answered_with_those_there_are() {
    let place = Place::new(&[("workflows/one.yaml", GOOD)]);
    let backend = place.own().await;
    let error = backend.request(support::start("god")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.message.contains("good"), "{error}");
    backend.close().await;
}

#[tokio::test]
async fn a_new_workflow_can_be_run_at_once_and_its_id_cannot_be_taken_twice() {
    let place = Place::new(&[]);
    let backend = place.own().await;
    let made = backend.request(CreateWorkflow { id: "fresh".to_owned(), text: None }).await.unwrap();
    assert_eq!(made.path, "workflows/fresh.yaml");
    assert_eq!(made.design.diagnostics, []);
    let run = backend.request(support::start("fresh")).await.unwrap();
    assert_eq!(support::ended(&backend, &run.summary.id).await.summary.status, RunStatus::Succeeded);
    let again = backend.request(CreateWorkflow { id: "fresh".to_owned(), text: None }).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Refused);
    for id in ["", "../x", "a b", ".x", &"x".repeat(101)] {
        let error = backend.request(CreateWorkflow { id: id.to_owned(), text: None }).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{id:?}");
    }
    backend.close().await;
}

#[tokio::test]
async fn a_change_by_another_program_is_told_and_seen_at_once() {
    use futures::StreamExt as _;
    let place = Place::new(&[("workflows/w.yaml", GOOD)]);
    let backend = place.own().await;
    let mut news = std::pin::pin!(backend.watch(Watch::default()));
    let mut told = async |path: &str| {
        tokio::time::timeout(support::LONG, async {
            while !news.next().await.unwrap().workflows.iter().any(|changed| changed == path) {}
        })
        .await
        .unwrap_or_else(|_| panic!("never told of {path}"));
    };
    place.write("workflows/w.yaml", script("good", "echo changed"));
    told("workflows/w.yaml").await;
    let opened = backend.request(OpenWorkflow { workflow: "good".to_owned() }).await.unwrap();
    assert!(opened.design.text.contains("echo changed"));
    place.write("workflows/new/deep.yaml", script("deep", "echo"));
    told("workflows/new/deep.yaml").await;
    place.write("workflows/w.yaml.layout.json", "{}");
    told("workflows/w.yaml").await;
    std::fs::remove_dir_all(place.path().join("workflows")).unwrap();
    told("workflows/new/deep.yaml").await;
    place.write("workflows/back.yaml", script("back", "echo"));
    told("workflows/back.yaml").await;
    backend.close().await;
}

#[test]
fn init_makes_an_example_without_problems_and_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/place");
    let (workspace, made) = init(&target).unwrap();
    assert_eq!(made, ["workflows/", "workflows/hello.yaml"]);
    assert_eq!(check_file(&target.join("workflows/hello.yaml")).unwrap().diagnostics, []);
    std::fs::write(target.join("workflows/hello.yaml"), GOOD).unwrap();
    assert_eq!(init(&target).unwrap(), (workspace, vec![]));
    assert_eq!(std::fs::read_to_string(target.join("workflows/hello.yaml")).unwrap(), GOOD);
}

#[test]
fn the_nearest_workspace_is_found_upwards() {
    let place = Place::new(&[]);
    std::fs::create_dir_all(place.path().join("a/b")).unwrap();
    let found = Workspace::nearest(&place.path().join("a/b")).unwrap();
    assert_eq!(found.root(), place.path().canonicalize().unwrap());
    assert_eq!(Workspace::at(&place.path().join("missing")).unwrap_err().code, ErrorCode::NotFound);
}
