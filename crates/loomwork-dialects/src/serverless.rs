//! The Serverless Workflow DSL, version 1.0: <https://github.com/serverlessworkflow/specification>.
//!
//! There, data flows: what a task gives out is what the next one takes in, and expressions (jq) look at that. Here steps name
//! what they read. The importer follows the data along the tasks and writes each `.path` as a path into the step it came
//! from; a jq program that is more than paths and comparisons becomes a step with the action `jq`.

mod call;
mod control;
mod data;
mod events;
mod flow;
mod jq;
mod process;
mod retry;
mod runtime;
mod tasks;

use std::collections::HashSet;

use indexmap::IndexMap;

use self::data::{Data, Kind};
use self::flow::Scope;
use crate::cel;
use crate::draft::{Workflow, text_of};
use crate::duration;
use crate::names::identifier;
use crate::report::Report;
use crate::source::{Node, Source};
use crate::yaml::{Map, Yaml};
use crate::{Dialect, ImportError};

/// Most steps that are made: functions that are called more than once are written out each time.
const MAX_MADE: usize = 5_000;

/// One workflow on its way.
struct Importing<'s, 'r> {
    report: &'r Report,
    workflow: Workflow,
    usable: Option<Node<'s>>,
    /// Input → what its uses say of its type; only of those that no schema declares.
    inferred: IndexMap<String, Kind>,
    declared: bool,
    made: usize,
    /// Functions that are being written out.
    calling: Vec<String>,
    /// Where expressions stand of which something was made.
    worked_out: HashSet<String>,
}

pub(crate) fn import(source: &Source, report: &Report) -> Result<Vec<Workflow>, ImportError> {
    let root = source.root();
    let problem = |node: Node<'_>, message: &str| ImportError::NotOfDialect {
        name: source.name.clone(),
        line: node.line(),
        dialect: Dialect::ServerlessWorkflow,
        message: message.to_owned(),
    };
    let Some(document) = root.get("document").filter(|document| document.is_map()) else {
        return Err(problem(root, "there is no `document:` with `dsl`, `namespace`, `name` and `version`; add it"));
    };
    let Some(tasks) = root.get("do").filter(|tasks| tasks.is_list()) else {
        return Err(problem(
            root,
            "there is no list of tasks under `do:`; add it (versions before 1.0 have `states:` and cannot be imported)",
        ));
    };
    let mut importing = Importing {
        report,
        workflow: head(document, source, report),
        usable: root.get("use"),
        inferred: IndexMap::new(),
        declared: false,
        made: 0,
        calling: Vec::new(),
        worked_out: HashSet::new(),
    };
    importing.declare(root);
    importing.schedule(root);
    importing.workflow.timeout = importing.timeout(root);
    for secret in importing.usable.and_then(|usable| usable.get("secrets")).map(Node::items).unwrap_or_default() {
        if let Some(name) = secret.text() {
            importing.workflow.secret(&identifier(name));
        }
    }
    if let Some(usable) = importing.usable {
        report.drop_key(usable, "extensions", "there are no steps before and after every step; put them where they are needed");
        report.drop_key(usable, "catalogs", "functions of a catalog are not fetched");
    }
    let mut scope = Scope::new(Data::inputs());
    let end = importing.tasks(tasks, &mut scope);
    scope.set_variable("input", Data::inputs());
    let end = importing.shaped(root, "output", end, &mut scope, "output");
    importing.workflow.steps = std::mem::take(&mut scope.steps);
    if importing.workflow.steps.is_empty() {
        return Err(problem(tasks, "there is no task under `do:`; add one"));
    }
    importing.outputs(&end);
    importing.put_inferred();
    importing.report_unused(root);
    if importing.made > MAX_MADE {
        return Err(ImportError::TooLarge {
            name: source.name.clone(),
            line: tasks.line(),
            message: format!(
                "it makes more than {MAX_MADE} steps, because functions are written out wherever they are called; split it"
            ),
        });
    }
    Ok(vec![importing.workflow])
}

fn head(document: Node<'_>, source: &Source, report: &Report) -> Workflow {
    let name = document.get("name").and_then(|node| text_of(node, report));
    let mut workflow = Workflow::new(name.as_deref().unwrap_or(crate::names::stem(&source.name)));
    workflow.version = document.get("version").and_then(|node| text_of(node, report));
    if let Some(dsl) = document.get("dsl").and_then(Node::text) {
        workflow.head.push(format!("Made from a definition in Serverless Workflow DSL {dsl}."));
    }
    let texts: Vec<String> = ["title", "summary"].into_iter().filter_map(|key| text_of(document.get(key)?, report)).collect();
    workflow.description = (!texts.is_empty()).then(|| texts.join("\n"));
    if let Some(namespace) = document.get("namespace").and_then(|node| text_of(node, report)) {
        workflow.labels.put("namespace", namespace);
    }
    for key in ["tags", "metadata"] {
        for (name, value) in document.get(key).map(Node::entries).unwrap_or_default() {
            if let Some(text) = value.text() {
                workflow.labels.put(name, text);
            }
        }
    }
    workflow
}

impl<'s> Importing<'s, '_> {
    /// Inputs from the schema of the workflow's input.
    fn declare(&mut self, root: Node<'s>) {
        let Some(input) = root.get("input") else { return };
        self.report.drop_key(input, "from", "the input is taken as it is given: change what reads it");
        let Some(schema) = input.get("schema") else { return };
        self.report.drop_key(schema, "resource", "a schema from elsewhere is not fetched: write the inputs by hand");
        if let Some(format) = schema.get("format").and_then(|node| Some((node, node.text()?)))
            && !format.1.starts_with("json")
        {
            self.report.dropped(format.0, format!("the schema format `{}` is not known", format.1));
        }
        let Some(document) = schema.get("document") else { return };
        self.report.drop_key(document, "$schema", "inputs have the types of this language");
        if document.get("type").and_then(Node::string).is_some_and(|kind| kind != "object") {
            self.report.dropped(document, "only an object can be the input of a workflow: its fields are the inputs");
            return;
        }
        let required: Vec<String> = document
            .get("required")
            .map(Node::items)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|node| node.text().map(str::to_owned))
            .collect();
        for (name, property) in document.get("properties").map(Node::entries).unwrap_or_default() {
            self.declared = true;
            let id = identifier(name);
            let kind = property.get("type").and_then(Node::string).unwrap_or("object");
            let mut map = Map::new().with("type", if kind == "null" { "object" } else { kind });
            if required.iter().any(|required| required == name) {
                map.put("required", true);
            }
            map.put_some("enum", property.get("enum").map(|node| Yaml::from(node.value())));
            map.put_some("default", property.get("default").map(|node| Yaml::from(node.value())));
            map.put_some("description", property.get("description").and_then(Node::text));
            if id != name {
                self.report.translated(property, format!("the input `{name}` is called `{id}` here"));
            }
            self.workflow.inputs.put(&id, map);
        }
    }

    fn put_inferred(&mut self) {
        for (name, kind) in std::mem::take(&mut self.inferred) {
            if !self.workflow.inputs.has(&name) {
                self.workflow.inputs.put(&name, Map::new().with("type", kind.as_str()).with("required", true));
            }
        }
    }

    fn schedule(&mut self, root: Node<'s>) {
        let Some(schedule) = root.get("schedule") else { return };
        if let Some(cron) = schedule.get("cron").and_then(Node::text) {
            let schedule = Map::new().with("cron", cron).with("time_zone", "UTC");
            self.workflow.triggers.push(Map::new().with("schedule", schedule));
        }
        if let Some(on) = schedule.get("on") {
            for filter in events::filters(on) {
                if let Some(event) = filter.get("with").and_then(|with| with.get("type")).and_then(Node::text) {
                    self.workflow.triggers.push(Map::new().with("event", Map::new().with("name", event)));
                    self.report
                        .approximated(filter, format!("every event `{event}` starts a run; its data is not taken as the input"));
                }
            }
        }
        self.report.drop_key(schedule, "every", "write it as a `cron` of a schedule");
        self.report.drop_key(
            schedule,
            "after",
            "a `run_finished` trigger on this workflow with a `wait` in front can take its place",
        );
    }

    /// The `timeout` of a workflow or task, also one that is named under `use`.
    fn timeout(&self, node: Node<'s>) -> Option<String> {
        let timeout = node.get("timeout")?;
        let timeout = match timeout.string() {
            Some(name) => match self.usable.and_then(|usable| usable.get("timeouts")).and_then(|timeouts| timeouts.get(name)) {
                Some(found) => found,
                None => {
                    self.report.dropped(timeout, format!("there is no timeout `{name}` under `use`"));
                    return None;
                }
            },
            None => timeout,
        };
        let ms = self.span(timeout.get("after")?)?;
        (ms > 0).then(|| duration::text(ms))
    }

    /// A duration that is known before the run, in milliseconds.
    fn span(&self, node: Node<'s>) -> Option<u64> {
        if let Some(text) = node.string() {
            let ms = duration::iso(text);
            if ms.is_none() {
                self.report.dropped(node, format!("`{text}` is no duration that is known before the run, such as PT1H30M"));
            }
            return ms;
        }
        let units =
            [("days", 86_400_000.0), ("hours", 3_600_000.0), ("minutes", 60_000.0), ("seconds", 1_000.0), ("milliseconds", 1.0)];
        let parts = units.into_iter().filter_map(|(key, unit)| duration::of(node.get(key)?.number()?, unit));
        node.is_map().then(|| parts.fold(0, u64::saturating_add))
    }

    fn outputs(&mut self, end: &Data) {
        match end {
            Data::Fields(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    self.workflow.outputs.put(&identifier(name), cel::whole(&value.expression()));
                }
            }
            Data::Inputs | Data::Fields(_) => {}
            end => self.workflow.outputs.put("result", cel::whole(&end.expression())),
        }
    }
}
