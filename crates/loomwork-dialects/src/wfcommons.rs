//! WfFormat 1.5 of the WfCommons project: recorded workflows become workflows that replay the recorded times at a chosen
//! speed. What was recorded besides times and dependencies stands as comments.
//!
//! The format: <https://github.com/wfcommons/WfFormat>.

use std::collections::HashMap;

use indexmap::{IndexMap, IndexSet};

use crate::cel;
use crate::draft::{self, MAX_STEPS, Workflow, text_of};
use crate::names::{Names, stem};
use crate::report::Report;
use crate::source::{Node, Source};
use crate::yaml::{Map, Yaml};
use crate::{Dialect, ImportError};

/// How many times faster than recorded a replay is unless the input says otherwise.
const SPEED: u64 = 60;

/// A task of the source.
struct Task<'s> {
    node: Node<'s>,
    source_id: &'s str,
    name: Option<&'s str>,
    id: String,
}

pub(crate) fn import(source: &Source, report: &Report) -> Result<Vec<Workflow>, ImportError> {
    let root = source.root();
    let problem = |node: Node<'_>, message: String| ImportError::NotOfDialect {
        name: source.name.clone(),
        line: node.line(),
        dialect: Dialect::Wfformat,
        message,
    };
    let specification = root.get("workflow").and_then(|workflow| workflow.get("specification"));
    let nodes = specification.and_then(|specification| specification.get("tasks")).map(Node::items).unwrap_or_default();
    let Some(specification) = specification.filter(|_| !nodes.is_empty()) else {
        return Err(problem(root, "there is no list of tasks at `workflow.specification.tasks` (files before version 1.5 have it elsewhere: convert them with the tools of WfCommons)".to_owned()));
    };
    if nodes.len() > MAX_STEPS {
        return Err(ImportError::TooLarge {
            name: source.name.clone(),
            line: specification.line(),
            message: format!(
                "there are {} tasks, and a workflow has at most {MAX_STEPS} steps; import a smaller instance",
                nodes.len()
            ),
        });
    }
    let tasks = tasks(&nodes).map_err(|(node, message)| problem(node, message))?;
    let parents = parents(&tasks, report);
    let files = file_sizes(specification);
    let execution = root.get("workflow").and_then(|workflow| workflow.get("execution"));
    let records = execution.map(|execution| records(execution, &tasks, report)).unwrap_or_default();

    let name = root.get("name").and_then(|name| text_of(name, report)).unwrap_or_else(|| stem(&source.name).to_owned());
    let mut workflow = Workflow::new(&name);
    if workflow.id != name {
        report.translated(root.peek("name").unwrap_or(root), format!("the workflow has the id `{}` here", workflow.id));
    }
    workflow.description = root.get("description").and_then(|node| text_of(node, report));
    head(&mut workflow, root, execution, report);
    let about = "how many times faster than recorded";
    workflow.inputs.put("speed", Map::new().with("type", "number").with("default", Yaml::from(SPEED)).with("description", about));
    for task in &tasks {
        let needs: Vec<&str> = parents[task.source_id].iter().map(|at| tasks[*at].id.as_str()).collect();
        workflow.steps.push(step(task, &needs, records.get(task.source_id).copied(), &files, report));
    }
    let renamed = tasks.iter().filter(|task| task.id != task.source_id).count();
    if renamed > 0 {
        report.translated(specification, format!("{renamed} tasks have another id here, because ids are made of letters, digits and `_`; a comment at each names the old one"));
    }
    Ok(vec![workflow])
}

fn tasks<'s>(nodes: &[Node<'s>]) -> Result<Vec<Task<'s>>, (Node<'s>, String)> {
    let mut names = Names::new();
    let mut seen = HashMap::new();
    let mut tasks = Vec::new();
    for node in nodes {
        let name = node.get("name").and_then(Node::text);
        let Some(source_id) = node.get("id").and_then(Node::text).or(name) else {
            return Err((*node, "this task has neither `id` nor `name`; give it an `id`".to_owned()));
        };
        if let Some(line) = seen.insert(source_id, node.line()) {
            return Err((
                *node,
                format!("the task `{source_id}` stands twice (also on line {line}); give one of them another `id`"),
            ));
        }
        tasks.push(Task { node: *node, source_id, name, id: names.claim(source_id) });
    }
    Ok(tasks)
}

/// The parents of each task, from what tasks say of their parents and of their children.
fn parents<'s>(tasks: &[Task<'s>], report: &Report) -> HashMap<&'s str, IndexSet<usize>> {
    let by_id: HashMap<&str, usize> = tasks.iter().enumerate().map(|(at, task)| (task.source_id, at)).collect();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (at, task) in tasks.iter().enumerate() {
        if let Some(name) = task.name {
            by_name.entry(name).or_insert(at);
        }
    }
    let find = |node: Node<'s>| {
        let text = node.text()?;
        let found = by_id.get(text).or_else(|| by_name.get(text)).copied();
        if found.is_none() {
            report.dropped(node, format!("there is no task `{text}`: the dependency is left out"));
        }
        found
    };
    let mut parents: HashMap<&str, IndexSet<usize>> = tasks.iter().map(|task| (task.source_id, IndexSet::new())).collect();
    for task in tasks {
        let named = task.node.get("parents").map(Node::items).unwrap_or_default();
        let found: Vec<usize> = named.into_iter().filter_map(find).collect();
        parents.entry(task.source_id).or_default().extend(found);
    }
    let mut one_sided = 0;
    for (at, task) in tasks.iter().enumerate() {
        for child in task.node.get("children").map(Node::items).unwrap_or_default().into_iter().filter_map(find) {
            one_sided += usize::from(parents.entry(tasks[child].source_id).or_default().insert(at));
        }
    }
    if let Some(task) = tasks.first().filter(|_| one_sided > 0) {
        report.approximated(task.node, format!("{one_sided} dependencies are told by the parent only (`children`) and not by the child (`parents`); they were taken all the same"));
    }
    parents
}

fn file_sizes<'s>(specification: Node<'s>) -> IndexMap<&'s str, String> {
    let mut sizes = IndexMap::new();
    for file in specification.get("files").map(Node::items).unwrap_or_default() {
        if let Some(id) = file.get("id").and_then(Node::text) {
            let size = file.get("sizeInBytes").and_then(Node::whole);
            sizes.insert(id, size.map_or_else(|| id.to_owned(), |size| format!("{id} ({size} bytes)")));
        }
    }
    sizes
}

fn records<'s>(execution: Node<'s>, tasks: &[Task<'s>], report: &Report) -> HashMap<&'s str, Node<'s>> {
    let known: IndexSet<&str> = tasks.iter().map(|task| task.source_id).collect();
    let mut records = HashMap::new();
    for record in execution.get("tasks").map(Node::items).unwrap_or_default() {
        let Some(id) = record.get("id").and_then(Node::text) else { continue };
        if !known.contains(id) {
            report.dropped(record, format!("there is no task `{id}` in the specification: its record is left out"));
        } else if records.insert(id, record).is_some() {
            report.approximated(record, format!("the task `{id}` was recorded more than once; this record is used"));
        }
    }
    records
}

fn head(workflow: &mut Workflow, root: Node<'_>, execution: Option<Node<'_>>, report: &Report) {
    let mut lines = vec!["A recorded workflow: each step takes as long as its task took, divided by `speed`.".to_owned()];
    if let Some(version) = root.get("schemaVersion").and_then(|node| Some((node, node.text()?))) {
        if version.1 != "1.5" {
            report.approximated(version.0, format!("the file is of version {}; it was read as 1.5", version.1));
        }
        lines.push(format!("Made from WfFormat {}.", version.1));
    }
    for key in ["createdAt", "author", "runtimeSystem"] {
        lines.extend(root.get(key).map(|node| remark(key, node)));
    }
    if let Some(execution) = execution {
        for key in ["executedAt", "makespanInSeconds"] {
            lines.extend(execution.get(key).map(|node| remark(key, node)));
        }
        lines.extend(
            execution.get("machines").map(Node::items).unwrap_or_default().into_iter().map(|node| remark("machine", node)),
        );
    }
    workflow.head = lines;
}

/// A line of a comment that holds all of a value.
fn remark(key: &str, node: Node<'_>) -> String {
    let value = node.value();
    value.as_str().map_or_else(|| format!("{key}: {value}"), |text| format!("{key}: {text}"))
}

fn step(task: &Task<'_>, needs: &[&str], record: Option<Node<'_>>, files: &IndexMap<&str, String>, report: &Report) -> Map {
    let mut step = draft::step(&task.id, task.name);
    let mut comment = Vec::new();
    if task.id != task.source_id {
        comment.push(format!("task {}", task.source_id));
    }
    for (key, word) in [("inputFiles", "reads"), ("outputFiles", "writes")] {
        let named: Vec<String> = task
            .node
            .get(key)
            .map(Node::items)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|file| file.text())
            .map(|file| files.get(file).cloned().unwrap_or_else(|| file.to_owned()))
            .collect();
        if !named.is_empty() {
            comment.push(format!("{word} {}", named.join(", ")));
        }
    }
    if !needs.is_empty() {
        step.put("needs", needs.to_vec());
    }
    let runtime =
        record.and_then(|record| record.get("runtimeInSeconds")).and_then(Node::number).filter(|seconds| *seconds >= 0.0);
    if let Some(record) = record {
        for (key, value) in record.entries().into_iter().filter(|(key, _)| !matches!(*key, "id" | "runtimeInSeconds")) {
            if is_recorded(key) {
                comment.push(if key == "command" { format!("ran {}", command(value)) } else { remark(key, value) });
            }
        }
    }
    match runtime {
        Some(seconds) => {
            step.put("run", "sleep \"$SECONDS_SCALED\"");
            let seconds = cel::literal(&serde_json::json!(seconds));
            step.put("env", Map::new().with("SECONDS_SCALED", cel::whole(&format!("{seconds} / double(inputs.speed)"))));
        }
        None => {
            step.put("run", ":");
            report.approximated(
                task.node,
                format!("no time was recorded for the task `{}`: its step ends at once", task.source_id),
            );
        }
    }
    step.comment = comment;
    step
}

/// The keys of a record that stand as comments; others are reported.
fn is_recorded(key: &str) -> bool {
    matches!(
        key,
        "command"
            | "coreCount"
            | "avgCPU"
            | "readBytes"
            | "writtenBytes"
            | "memoryInBytes"
            | "energyInKWh"
            | "avgPowerInW"
            | "priority"
            | "machine"
            | "machines"
            | "executedAt"
    )
}

fn command(node: Node<'_>) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(node.get("program").and_then(Node::text).map(str::to_owned));
    words.extend(
        node.get("arguments")
            .map(Node::items)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|argument| argument.text().map(str::to_owned)),
    );
    words.join(" ")
}
