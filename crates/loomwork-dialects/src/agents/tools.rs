//! The dialect `agent-tools`: lists of `tools` and `agents`, and `workflows: {NAME: {steps}}`.

mod servers;

use indexmap::IndexMap;

use self::servers::Servers;
use super::{Request, long_text, parts, put_command};
use crate::cel::{self, Part};
use crate::draft::{self, Workflow, text_of};
use crate::names::{Names, identifier};
use crate::report::Report;
use crate::source::{Node, Source};
use crate::yaml::{Map, Yaml};
use crate::{Dialect, ImportError, ImportOptions};

/// An agent of the source.
struct Agent {
    id: String,
    model: Option<String>,
    system: Option<String>,
    tools: Vec<String>,
}

pub(crate) fn import(source: &Source, report: &Report, options: &ImportOptions) -> Result<Vec<Workflow>, ImportError> {
    let root = source.root();
    let not_of_dialect = |line: u32, message: &str| ImportError::NotOfDialect {
        name: source.name.clone(),
        line,
        dialect: Dialect::AgentTools,
        message: message.to_owned(),
    };
    let Some(node) = root.get("workflows").filter(|node| node.is_map()) else {
        return Err(not_of_dialect(root.line(), "there is no `workflows:` map of workflows with `steps`; add one"));
    };
    let servers = Servers::read(root, report);
    let agents = agents(root, report, options);
    let mut workflows = Vec::new();
    for (name, node) in node.entries() {
        if !node.peek("steps").is_some_and(Node::is_list) {
            return Err(not_of_dialect(node.line(), &format!("the workflow `{name}` has no list of `steps`; add it")));
        }
        let mut workflow = Workflow::new(name);
        if workflow.id != name {
            report.translated(node, format!("the workflow `{name}` has the id `{}` here", workflow.id));
        }
        workflow.description = node.get("description").and_then(|node| text_of(node, report));
        let importing = Importing {
            report,
            options,
            servers: &servers,
            agents: &agents,
            workflow,
            given: IndexMap::new(),
            used: Vec::new(),
            retries: 0,
        };
        workflows.push(importing.run(node));
    }
    if workflows.is_empty() {
        return Err(not_of_dialect(node.line(), "`workflows:` is empty; add a workflow with `steps`"));
    }
    Ok(workflows)
}

fn agents(root: Node<'_>, report: &Report, options: &ImportOptions) -> IndexMap<String, Agent> {
    let mut names = Names::new();
    let mut agents = IndexMap::new();
    for node in root.get("agents").map(Node::items).unwrap_or_default() {
        let Some(source_id) = node.get("id").and_then(Node::text) else { continue };
        let id = names.claim(source_id);
        if id != source_id {
            report.translated(node, format!("the agent `{source_id}` is called `{id}` here"));
        }
        let provider = node.get("agent_type").and_then(|node| text_of(node, report));
        let model = node.get("model").and_then(|node| text_of(node, report));
        let model = match (&provider, &model) {
            (Some(provider), Some(model)) if !model.contains('/') => Some(format!("{provider}/{model}")),
            (Some(provider), None) if options.bind_agents.contains_key(source_id) => Some(provider.clone()),
            (Some(provider), None) => {
                report.approximated(
                    node,
                    format!(
                        "the agent `{source_id}` names no model of `{provider}`; `{}` was put: change it if need be",
                        options.default_model
                    ),
                );
                None
            }
            (_, model) => model.clone(),
        };
        let system = node.get("system_prompt").and_then(|node| Some((node, text_of(node, report)?)));
        let system = system.map(|(place, text)| {
            if text.contains("${") {
                report.approximated(place, "no values are put into a system prompt: its `${…}` stay as they are written");
            }
            text
        });
        let tools = names_of(node.get("tools"));
        if let Some(place) = node.peek("tools").filter(|_| !tools.is_empty()) {
            report.translated(
                place,
                format!(
                    "the tools of the agent `{source_id}` ({}) stand at each of its steps that names no other",
                    tools.join(", ")
                ),
            );
        }
        if options.bind_agents.contains_key(source_id) {
            report.translated(node, format!("the agent `{source_id}` is the local command that it is bound to; its model, system prompt and tools are given to it with each task"));
        }
        agents.insert(source_id.to_owned(), Agent { id, model, system, tools });
    }
    agents
}

fn names_of(node: Option<Node<'_>>) -> Vec<String> {
    node.map(Node::items).unwrap_or_default().into_iter().filter_map(|tool| tool.text().map(str::to_owned)).collect()
}

/// One workflow on its way.
struct Importing<'o> {
    report: &'o Report,
    options: &'o ImportOptions,
    servers: &'o Servers,
    agents: &'o IndexMap<String, Agent>,
    workflow: Workflow,
    /// Agent of the source → the step of ours that it worked in last.
    given: IndexMap<String, String>,
    used: Vec<String>,
    /// The most retries that a tool of the step at hand asks for.
    retries: u64,
}

impl Importing<'_> {
    fn run(mut self, node: Node<'_>) -> Workflow {
        let mut names = Names::new();
        let mut before: Option<String> = None;
        let mut result: Option<String> = None;
        for step in node.get("steps").map(Node::items).unwrap_or_default().into_iter().filter(|step| step.is_map()) {
            let agent = step.get("agent").and_then(Node::text).map(str::to_owned);
            let id = names.claim(step.get("id").and_then(Node::text).or(agent.as_deref()).unwrap_or("step"));
            let made = self.step(step, &id, agent.as_deref(), before.as_deref());
            self.workflow.steps.push(made);
            if let Some(output) = step.get("output") {
                match output.get("to").and_then(Node::string) {
                    Some("user") => result = Some(id.clone()),
                    Some(other) => self.report.dropped(output, format!("`output: {{to: {other}}}` is left out: only `user` has a meaning here; steps read each other's outputs")),
                    None => {}
                }
            }
            if let Some(agent) = agent {
                self.given.insert(agent, id.clone());
            }
            before = Some(id);
        }
        if result.is_none() && before.is_some() {
            self.report.approximated(node, "no step has `output: {to: user}`; the workflow gives out what its last step says");
        }
        if let Some(step) = result.or(before) {
            self.workflow.outputs.put("result", cel::whole(&format!("steps.{step}.output")));
        }
        self.servers.put(&mut self.workflow, &self.used);
        self.workflow
    }

    fn step(&mut self, node: Node<'_>, id: &str, agent: Option<&str>, before: Option<&str>) -> Map {
        let mut step = draft::step(id, None);
        let parts = match node.get("input").and_then(|input| Some((input, input.text()?))) {
            Some((input, text)) => self.parts(text, input),
            None => vec![Part::Expression(match before {
                Some(before) => format!("steps.{before}.output"),
                None => self.input("user_input"),
            })],
        };
        let mut needs: Vec<String> = Vec::new();
        for part in &parts {
            if let Part::Expression(expression) = part
                && let Some(read) = expression.strip_prefix("steps.").and_then(|rest| rest.split('.').next())
                && !needs.iter().any(|need| need == read)
            {
                needs.push(read.to_owned());
            }
        }
        if let Some(before) = before.filter(|before| !needs.iter().any(|need| need == before)) {
            needs.push(before.to_owned());
        }
        if !needs.is_empty() {
            step.put("needs", needs);
        }
        let Some(agent) = agent else {
            self.report.placeholder(node, "the step names no agent: give it an action");
            draft::placeholder(&mut step, "This step had no agent where it came from. Replace it by an action.");
            return step;
        };
        let mut tools = names_of(node.get("tools"));
        if tools.is_empty() {
            tools = self.agents.get(agent).map(|agent| agent.tools.clone()).unwrap_or_default();
        }
        self.retries = 0;
        let tools: Vec<String> = tools.iter().filter_map(|tool| self.tool(tool, node)).collect();
        self.put_agent(&mut step, agent, &parts, &tools, node);
        if self.retries > 0 {
            let retry = Map::new().with("attempts", Yaml::from(self.retries.saturating_add(1).min(1_000)));
            step.put("retry", retry.with("classes", vec!["transient", "timeout", "dependency"]));
        }
        step
    }

    /// The server of a tool; says when there is none.
    fn tool(&mut self, tool: &str, node: Node<'_>) -> Option<String> {
        let Some(server) = self.servers.id(tool) else {
            self.report.dropped(
                node.peek("tools").unwrap_or(node),
                format!("the tool `{tool}` is no MCP server of this file: the agent works without it"),
            );
            return None;
        };
        self.retries = self.retries.max(self.servers.retries(tool));
        if !self.used.iter().any(|used| used == tool) {
            self.used.push(tool.to_owned());
        }
        Some(server)
    }

    fn put_agent(&mut self, step: &mut Map, name: &str, parts: &[Part], tools: &[String], node: Node<'_>) {
        let agent = self.agents.get(name);
        if let Some(argv) = self.options.bind_agents.get(name) {
            let mut request: Request = vec![("agent", cel::quote(name))];
            if let Some(model) = agent.and_then(|agent| agent.model.as_deref()) {
                request.push(("model", cel::quote(model)));
            }
            if let Some(system) = agent.and_then(|agent| agent.system.as_deref()) {
                let variable = format!("{name}_system");
                request.push(("system", long_text(&mut self.workflow, &variable, system)));
            }
            if !tools.is_empty() {
                let tools: Vec<String> = tools.iter().map(|tool| cel::quote(tool)).collect();
                request.push(("tools", format!("[{}]", tools.join(", "))));
            }
            let input = match parts {
                [Part::Text(text)] => long_text(&mut self.workflow, &format!("{name}_input"), text),
                parts => cel::joined(parts),
            };
            if input.len() > cel::LONGEST {
                self.report.approximated(
                    node,
                    "its input makes an expression that is longer than the language takes: move its fixed text to `env`",
                );
            }
            request.push(("input", input));
            put_command(step, argv, &request, "text");
            return;
        }
        let id = match agent {
            Some(agent) => agent.id.clone(),
            None => {
                self.report.approximated(
                    node.peek("agent").unwrap_or(node),
                    format!(
                        "the agent `{name}` is not among `agents`; it was added with the model `{}`: change it if need be",
                        self.options.default_model
                    ),
                );
                identifier(name)
            }
        };
        if !self.workflow.agents.has(&id) {
            let model = agent.and_then(|agent| agent.model.clone()).unwrap_or_else(|| self.options.default_model.clone());
            let mut map = Map::new().with("model", model);
            map.put_some("system", agent.and_then(|agent| agent.system.as_deref()).map(cel::escape));
            self.workflow.agents.put(&id, map);
        }
        step.put("agent", id);
        step.put("prompt", cel::template(parts));
        if !tools.is_empty() {
            step.put("tools", tools.to_vec());
        }
    }

    fn input(&mut self, name: &str) -> String {
        let id = identifier(name);
        if !self.workflow.inputs.has(&id) {
            self.workflow.inputs.put(&id, Map::new().with("type", "string").with("required", true));
        }
        format!("inputs.{id}")
    }

    /// The parts of a text: `${user_input}`, `${AGENT.output}`, `${NAME}`.
    fn parts(&mut self, text: &str, place: Node<'_>) -> Vec<Part> {
        parts(text, |after| {
            let name = after.strip_prefix('{')?.split('}').next()?;
            let length = name.len() + 2;
            if after.len() < length {
                return None;
            }
            if name == "user_input" {
                return Some((length, self.input(name)));
            }
            if let Some(agent) = name.strip_suffix(".output") {
                if let Some(step) = self.given.get(agent) {
                    return Some((length, format!("steps.{step}.output")));
                }
                self.report
                    .approximated(place, format!("no step before this one is by the agent `{agent}`: `${{{name}}}` stays text"));
                return None;
            }
            if servers::is_variable(name) {
                let input = self.input(name);
                self.report.approximated(place, format!("`${{{name}}}` came from the environment; it is an input of the workflow here, because expressions do not see the machine's environment"));
                return Some((length, input));
            }
            self.report.approximated(place, format!("`${{{name}}}` is not known and stays text"));
            None
        })
    }
}
