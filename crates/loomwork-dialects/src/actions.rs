//! Workflows of GitHub Actions: jobs become groups of steps, a matrix becomes a `for_each`, conditions become `when`.
//!
//! What an action (`uses:`) does is code of somebody else: its step stays as a placeholder that fails with a clear message.
//! The format: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax>.

mod conditions;
mod expression;
mod functions;
mod job;
mod matrix;
mod runner;
mod scope;
mod step;
mod triggers;

use indexmap::IndexMap;

use self::expression::Piece;
use self::scope::Scope;
use crate::cel::{self, Part};
use crate::draft::{Workflow, text_of};
use crate::names::{Names, stem};
use crate::report::Report;
use crate::source::{Node, Source};
use crate::yaml::{Map, Yaml};
use crate::{Dialect, ImportError};

/// Settings of `defaults: {run}` and what they default to.
#[derive(Debug, Clone, Default)]
struct Defaults {
    shell: Option<String>,
    workdir: Option<String>,
}

impl Defaults {
    /// These with what a more inner map says.
    fn within(&self, node: Node<'_>, report: &Report) -> Self {
        let run = node.get("defaults").and_then(|defaults| defaults.get("run"));
        let of = |key: &str, outer: &Option<String>| {
            run.and_then(|run| run.get(key)).and_then(|node| text_of(node, report)).or_else(|| outer.clone())
        };
        Self { shell: of("shell", &self.shell), workdir: of("working-directory", &self.workdir) }
    }
}

pub(crate) fn import(source: &Source, report: &Report) -> Result<Vec<Workflow>, ImportError> {
    let root = source.root();
    let problem = |node: Node<'_>, message: &str| ImportError::NotOfDialect {
        name: source.name.clone(),
        line: node.line(),
        dialect: Dialect::GithubActions,
        message: message.to_owned(),
    };
    let Some(jobs) = root.get("jobs").filter(|jobs| jobs.is_map()) else {
        return Err(problem(root, "there is no `jobs:` map; add it"));
    };
    if jobs.entries().is_empty() {
        return Err(problem(jobs, "`jobs:` is empty; add a job with `steps`"));
    }
    let name = root.get("name").and_then(|name| shown_text(name, report)).unwrap_or_else(|| stem(&source.name).to_owned());
    let workflow = Workflow::new(stem(&source.name));
    let mut scope = Scope::new(workflow, report, &name);
    if scope.workflow.id != name {
        scope.workflow.description = Some(name);
    }
    triggers::put(root, &mut scope);
    for (key, value) in root.get("env").map(Node::entries).unwrap_or_default() {
        if let Some(text) = value.text() {
            let parts = scope.parts(text, value);
            let reads_secret = |part: &Part| matches!(part, Part::Expression(expression) if cel::reads_secret(expression));
            if parts.iter().any(reads_secret) {
                report.approximated(value, format!("`{key}` holds a secret, so each step has it in its own `env`"));
                scope.secret_env.insert(key.to_owned(), parts);
                continue;
            }
            scope.workflow.env.put(key, cel::template(&parts));
            scope.workflow_env.push(key.to_owned());
        }
    }
    concurrency(root, &mut scope);
    report.drop_key(root, "run-name", "runs have a name of their own here");
    report.drop_key(root, "permissions", "there is no token whose rights could be limited");
    let defaults = Defaults::default().within(root, report);
    let mut names = Names::new();
    let ids: IndexMap<&str, String> = jobs.entries().into_iter().map(|(name, _)| (name, names.claim(name))).collect();
    scope.jobs = ids.iter().map(|(name, id)| ((*name).to_owned(), id.clone())).collect();
    let continued = jobs.entries().into_iter().filter(|(_, node)| job::is_continued(*node));
    scope.continued_jobs = continued.map(|(name, _)| ids[name].clone()).collect();
    for (name, node) in jobs.entries() {
        if ids[name] != name {
            report.translated(node, format!("the job `{name}` has the id `{}` here", ids[name]));
        }
        let job = job::job(node, &ids[name], name, &defaults, &mut scope);
        scope.workflow.steps.push(job);
    }
    scope.report_remarks(root);
    Ok(vec![scope.finish()])
}

fn concurrency(root: Node<'_>, scope: &mut Scope<'_>) {
    let Some(node) = root.get("concurrency") else { return };
    let group = node.get("group").unwrap_or(node);
    let Some(text) = group.text() else { return };
    let parts = scope.open_parts(text, group);
    let mut map = Map::new().with("group", cel::template(&parts)).with("max", Yaml::from(1));
    let cancel = node.get("cancel-in-progress");
    let cancels = cancel.and_then(Node::boolean);
    if let Some(cancel) = cancel.filter(|_| cancels.is_none()) {
        scope.report.dropped(cancel, "only `true` and `false` can be translated: runs of one group wait for each other");
    }
    map.put("on_conflict", if cancels == Some(true) { "cancel_running" } else { "queue" });
    scope.workflow.concurrency = map;
}

/// A title or a description, which is shown here as it is written: its expressions stand in it as words.
fn shown_text(node: Node<'_>, report: &Report) -> Option<String> {
    let text = text_of(node, report)?;
    let pieces = expression::split(&text);
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        return Some(text);
    }
    let words: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Expression(source) => format!("({})", source.trim()),
        })
        .collect();
    report
        .approximated(node, format!("`{text}` is shown as `{words}`: no expressions are worked out in titles and descriptions"));
    Some(words)
}

/// The environment of a job or step: name → parts of its value.
type Env = IndexMap<String, Vec<Part>>;

fn read_env(node: Option<Node<'_>>, outer: &Env, scope: &mut Scope<'_>) -> Env {
    let mut env = outer.clone();
    for (key, value) in node.map(Node::entries).unwrap_or_default() {
        if value.is_null() {
            value.take();
            env.insert(key.to_owned(), Vec::new());
        } else if let Some(text) = value.text() {
            let parts = scope.parts(text, value);
            env.insert(key.to_owned(), parts);
        }
    }
    env
}
