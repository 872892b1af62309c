//! The dialect `agent-steps`: `workflow: {inputs, outputs, steps, error_handling, monitoring}`, with `templates` and `engine`
//! beside it.

mod engine;
mod step;

use indexmap::IndexMap;

use self::engine::Engine;
use crate::draft::{Workflow, text_of};
use crate::names::{Names, stem};
use crate::report::Report;
use crate::source::{Node, Source};
use crate::yaml::{Map, Yaml};
use crate::{Dialect, ImportError, ImportOptions};

/// A step of the source, as others refer to it.
struct Known<'s> {
    node: Node<'s>,
    source_id: String,
    id: String,
    /// Name by which others read an output → field of what the agent returns.
    outputs: IndexMap<String, String>,
    parallel: bool,
}

/// One workflow on its way.
struct Importing<'s, 'o> {
    report: &'o Report,
    options: &'o ImportOptions,
    engine: &'o Engine,
    workflow: Workflow,
    known: Vec<Known<'s>>,
    /// Input of the source → input of ours.
    inputs: IndexMap<String, String>,
    input_names: Names,
}

pub(crate) fn import(source: &Source, report: &Report, options: &ImportOptions) -> Result<Vec<Workflow>, ImportError> {
    let mut beside = Vec::new();
    for (name, text) in &options.beside {
        beside.push(Source::read(name, text)?);
    }
    let roots: Vec<Node<'_>> = std::iter::once(source).chain(&beside).map(Source::root).collect();
    let mut engine = Engine::default();
    for root in &roots {
        if let Some(node) = root.get("engine") {
            engine.read(node, report);
        }
    }
    let mut workflows = Vec::new();
    for root in &roots {
        if let Some(node) = root.get("workflow").filter(|node| node.is_map()) {
            let id = node.get("id").and_then(|id| text_of(id, report)).unwrap_or_else(|| stem(&source.name).to_owned());
            workflows.push(workflow(node, &id, report, options, &engine));
        }
        for (name, template) in root.get("templates").map(Node::entries).unwrap_or_default() {
            workflows.push(workflow(template, name, report, options, &engine));
        }
    }
    let ours = source.root();
    if workflows.is_empty() && !ours.has("engine") {
        return Err(ImportError::NotOfDialect {
            name: source.name.clone(),
            line: ours.line(),
            dialect: Dialect::AgentSteps,
            message: "there is no `workflow:` map with a list of `steps` in it, and neither `templates:` nor `engine:`; add one"
                .to_owned(),
        });
    }
    if workflows.is_empty() {
        let message =
            "these are settings only: import them beside the file that has the `workflow:`, so that they reach its steps";
        report.approximated(ours, message);
    }
    beside.iter().for_each(|source| report.sweep(source));
    Ok(workflows)
}

fn workflow(node: Node<'_>, id: &str, report: &Report, options: &ImportOptions, engine: &Engine) -> Workflow {
    let mut workflow = Workflow::new(id);
    if workflow.id != id {
        report.translated(node, format!("the workflow `{id}` has the id `{}` here", workflow.id));
    }
    workflow.version = node.get("version").and_then(|node| text_of(node, report));
    workflow.description = node.get("description").and_then(|node| text_of(node, report));
    engine.put(&mut workflow);
    let mut importing = Importing {
        report,
        options,
        engine,
        workflow,
        known: known(node, report),
        inputs: IndexMap::new(),
        input_names: Names::new(),
    };
    importing.declare_inputs(node);
    let policies = importing.policies(node);
    let mut steps: Vec<Map> = (0..importing.known.len()).map(|at| importing.step(at, &policies)).collect();
    importing.workflow.steps.append(&mut steps);
    importing.outputs(node);
    importing.monitoring(node);
    importing.workflow
}

fn known<'s>(node: Node<'s>, report: &Report) -> Vec<Known<'s>> {
    let mut names = Names::new();
    let steps = node.get("steps").map(Node::items).unwrap_or_default();
    let read = |(at, node): (usize, Node<'s>)| {
        let source_id = node.get("id").and_then(|id| text_of(id, report)).unwrap_or_else(|| format!("step_{}", at + 1));
        let id = names.claim(&source_id);
        if id != source_id {
            report.translated(node, format!("the step `{source_id}` has the id `{id}` here"));
        }
        let outputs = node.get("outputs").map(Node::entries).unwrap_or_default();
        let outputs = outputs.iter().filter_map(|(name, field)| Some(((*name).to_owned(), field.text()?.to_owned()))).collect();
        let parallel = node.get("parallel").and_then(Node::boolean).unwrap_or(false);
        Known { node, source_id, id, outputs, parallel }
    };
    steps.into_iter().filter(|step| step.is_map()).enumerate().map(read).collect()
}

impl<'s> Importing<'s, '_> {
    fn declare_inputs(&mut self, node: Node<'s>) {
        for input in node.get("inputs").map(Node::items).unwrap_or_default() {
            let Some(source_name) = input.get("name").and_then(|name| text_of(name, self.report)) else { continue };
            let name = self.input_names.claim(&source_name);
            if name != source_name {
                self.report.translated(input, format!("the input `{source_name}` is called `{name}` here"));
            }
            let declared = self.input(input);
            self.workflow.inputs.put(&name, declared);
            self.inputs.insert(source_name, name);
        }
    }

    fn input(&self, node: Node<'s>) -> Map {
        let kind = node.get("type");
        let written = kind.and_then(|kind| text_of(kind, self.report)).unwrap_or_else(|| "string".to_owned());
        let ours = match written.as_str() {
            "string" | "number" | "integer" | "boolean" | "array" | "object" => written.as_str(),
            "enum" => "string",
            other => {
                if let Some(kind) = kind {
                    let message = format!("the input's type `{other}` is `string` here: its text is passed on as it is");
                    self.report.approximated(kind, message);
                }
                "string"
            }
        };
        let as_ours = |node: Node<'s>| match node.text().filter(|_| ours == "string") {
            Some(text) => Yaml::from(text),
            None => Yaml::from(node.value()),
        };
        let mut map = Map::new().with("type", ours);
        map.put_some("required", node.get("required").and_then(Node::boolean));
        let values = node.get("values").map(|values| values.items().into_iter().map(as_ours).collect::<Vec<_>>());
        map.put_some("enum", values.filter(|values| !values.is_empty()));
        map.put_some("default", node.get("default").map(as_ours));
        map.put_some("description", node.get("description").and_then(|node| text_of(node, self.report)));
        map
    }

    /// The name of an input; one that is used but not declared is declared.
    fn input_name(&mut self, source_name: &str, node: Node<'s>) -> String {
        if let Some(name) = self.inputs.get(source_name) {
            return name.clone();
        }
        let name = self.input_names.claim(source_name);
        self.workflow.inputs.put(&name, Map::new().with("type", "string").with("required", true));
        self.inputs.insert(source_name.to_owned(), name.clone());
        let message = format!("the input `{source_name}` is used here but not declared; it was declared as required text");
        self.report.approximated(node, message);
        name
    }

    /// What a name that a step gives out is, as an expression.
    fn output_of(&self, at: usize, field: &str) -> String {
        let known = &self.known[at];
        let base = format!("steps.{}.output", known.id);
        if known.parallel {
            format!("{base}.map(each, {})", crate::cel::field("each", field))
        } else {
            crate::cel::field(&base, field)
        }
    }

    fn outputs(&mut self, node: Node<'s>) {
        let mut names = Names::new();
        for output in node.get("outputs").map(Node::items).unwrap_or_default() {
            let Some(source_name) = output.get("name").and_then(|name| text_of(name, self.report)) else { continue };
            if let Some(kind) = output.get("type") {
                let message = format!("the type of the output `{source_name}` is left out: outputs have the type of their value");
                self.report.dropped(kind, message);
            }
            let giver = self.known.iter().rposition(|step| step.outputs.contains_key(&source_name));
            let Some(at) = giver else {
                self.report.dropped(output, format!("no step gives out `{source_name}`: the output is left out"));
                continue;
            };
            let name = names.claim(&source_name);
            let value = self.output_of(at, &self.known[at].outputs[&source_name]);
            self.workflow.outputs.put(&name, crate::cel::whole(&value));
            let message = format!(
                "the output `{source_name}` is what the last step with an output of that name gives out: `{}`",
                self.known[at].id
            );
            self.report.translated(output, message);
        }
    }

    fn monitoring(&self, node: Node<'s>) {
        for (key, value) in node.get("monitoring").map(Node::entries).unwrap_or_default() {
            match value.boolean() {
                Some(true) => self
                    .report
                    .translated(value, format!("`{key}` is always on: every run has live progress, figures and an audit trail")),
                Some(false) => self.report.dropped(value, format!("`{key}` cannot be switched off")),
                None => {}
            }
        }
    }
}
