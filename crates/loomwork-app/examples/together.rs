//! How fast 200 runs of five steps are that one request of the contract starts, as one line of JSON:
//! `cargo run --release -p loomwork-app --example together`. Nothing is stubbed: a workspace on the disk, its owner, its watch.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example for people")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::pin::pin;
use std::time::Instant;

use futures::StreamExt as _;
use loomwork_api::{StartRuns, Watch};
use loomwork_app::{Backend, Mode, OpenOptions, Workspace};
use serde_json::{Map, json};

const RUNS: usize = 200;
const STEPS: usize = 5;
const ROUNDS: usize = 9;

fn workflow() -> String {
    let mut text = "loomwork: 1\nid: together\nsteps:\n  - id: s0\n    set: { n: 0 }\n".to_owned();
    for step in 1..STEPS {
        let before = step - 1;
        let _ = write!(
            text,
            "  - id: s{step}\n    needs: [s{before}]\n    set: {{ n: \"${{{{ steps.s{before}.output.n + 1 }}}}\" }}\n"
        );
    }
    text
}

#[tokio::main]
async fn main() {
    // Beside the program, because a system's folder for temporary files may lie in memory.
    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    std::fs::create_dir(folder.path().join("workflows")).unwrap();
    std::fs::write(folder.path().join("workflows/together.yaml"), workflow()).unwrap();
    let workspace = Workspace::at(folder.path()).unwrap();
    let data = Some(folder.path().join("data"));
    let backend = Backend::open(OpenOptions { data, ..OpenOptions::new(workspace, Mode::Own) }).await.unwrap();
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push((RUNS * STEPS) as f64 / seconds(&backend).await);
    }
    rates.sort_by(f64::total_cmp);
    backend.close().await;
    println!("{}", json!({"figures": {"per_s": rates[ROUNDS / 2]}}));
}

/// From the request until a watcher has heard of the end of all runs.
async fn seconds(backend: &Backend) -> f64 {
    let mut news = pin!(backend.watch(Watch::default()));
    let request = StartRuns { workflow: "together".to_owned(), inputs: vec![Map::new(); RUNS], ..StartRuns::default() };
    let began = Instant::now();
    let mut open: HashSet<String> = backend.request(request).await.unwrap().runs.into_iter().collect();
    while !open.is_empty() {
        for run in news.next().await.unwrap().runs.iter().filter(|run| run.status.is_final()) {
            open.remove(&run.id);
        }
    }
    began.elapsed().as_secs_f64()
}
