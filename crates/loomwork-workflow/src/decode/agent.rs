//! Agents, teams, tools and containers, and the servers that they use: checked here, and noted as what this version
//! cannot run.

use super::Decoder;
use super::keys::{AGENT, BUDGET, CONTAINER, SERVER, TEAM, TOOL};
use crate::codes;
use crate::expression::Template;
use crate::model::Action;
use crate::text::Place;
use crate::yaml::{Entry, Node};

/// How the agents of a team work together.
const STRATEGIES: [&str; 6] = ["sequential", "parallel", "debate", "vote", "supervisor", "handoff"];

impl Decoder<'_> {
    pub(super) fn agent_action(&mut self, step: &Node, node: &Node) -> Action {
        self.at("agent", |this| {
            this.cannot_run(node, "agent");
            if let Some(name) = this.string(node) {
                this.known_agent(&name, node.place);
            }
        });
        if step.get("prompt").is_none() {
            self.needed(step, "prompt", "A step with `agent`");
        }
        let entries = step.entries().unwrap_or_default().iter();
        let beside = entries.filter(|entry| matches!(entry.key.as_str(), "prompt" | "tools" | "budget" | "output_schema"));
        let mut fields = vec![("agent".to_owned(), Template::literal(node.to_json()))];
        fields.extend(beside.map(|entry| (entry.key.clone(), self.at(&entry.key, |this| this.agent_field(entry)))));
        Action::Effect { name: "agent", input: Template::map(fields) }
    }

    /// A field that steps with `agent`, teams and agents have alike.
    fn agent_field(&mut self, entry: &Entry) -> Template {
        let node = &entry.value;
        match entry.key.as_str() {
            "prompt" | "system" => self.string_template(node).unwrap_or_else(|| Template::literal(serde_json::Value::Null)),
            "tools" => {
                self.tool_names(node);
                Template::literal(node.to_json())
            }
            "budget" => {
                self.budget(node);
                Template::literal(node.to_json())
            }
            "output_schema" => Template::literal(self.schema(node).unwrap_or_default()),
            _ => self.template(node),
        }
    }

    /// Tools as `server.tool`, or `server` for all of its tools.
    fn tool_names(&mut self, node: &Node) {
        let Some(items) = node.items() else {
            self.wrong_type(node, "a list of tools such as [files.read_file, clock]");
            return;
        };
        for item in items {
            if let Some(name) = self.string(item) {
                let server = name.split_once('.').map_or(name.as_str(), |(server, _)| server).to_owned();
                self.known_server(&server, item.place);
            }
        }
    }

    fn budget(&mut self, node: &Node) {
        if !self.keys(node, &BUDGET) {
            return;
        }
        for key in ["turns", "tokens"] {
            if let Some(node) = node.get(key) {
                self.at(key, |this| this.integer(node, 1, u32::MAX));
            }
        }
        if let Some(cost) = node.get("cost")
            && !cost.scalar().and_then(|scalar| scalar.value().as_f64()).is_some_and(|cost| cost > 0.0)
        {
            self.at("cost", |this| this.wrong_type(cost, "an amount of money above 0").code);
        }
    }

    pub(super) fn tool(&mut self, node: &Node) -> Option<Action> {
        self.cannot_run(node, "tool");
        if !self.keys(node, &TOOL) {
            return None;
        }
        if let Some(server) = self.needed(node, "server", "`tool`")
            && let Some(name) = self.string(server)
        {
            self.known_server(&name, server.place);
        }
        self.needed(node, "name", "`tool`");
        let input = self.fields(node, |this, entry| match entry.key.as_str() {
            "arguments" => {
                if entry.value.entries().is_none() && !entry.value.string().is_some_and(|text| text.contains("${{")) {
                    this.wrong_type(&entry.value, "a map of arguments");
                }
                this.with_secrets(|this| this.template(&entry.value))
            }
            "name" => this.string_template(&entry.value).unwrap_or_else(|| Template::literal(serde_json::Value::Null)),
            _ => Template::literal(entry.value.to_json()),
        });
        Some(Action::Effect { name: "tool", input })
    }

    pub(super) fn container(&mut self, node: &Node) -> Option<Action> {
        self.cannot_run(node, "container");
        if !self.keys(node, &CONTAINER) {
            return None;
        }
        self.needed(node, "image", "`container`");
        let input = self.fields(node, |this, entry| this.container_field(entry));
        Some(Action::Effect { name: "container", input })
    }

    fn container_field(&mut self, entry: &Entry) -> Template {
        let node = &entry.value;
        match entry.key.as_str() {
            "env" => self.with_secrets(|this| this.text_fields(node)),
            "command" | "volumes" => {
                if node.items().is_none() {
                    self.wrong_type(node, "a list of text");
                }
                self.template(node)
            }
            "network" => {
                self.word(node, &[("none", ()), ("host", ()), ("bridge", ())]);
                Template::literal(node.to_json())
            }
            "output" => {
                self.output(node);
                Template::literal(node.to_json())
            }
            "image" | "workdir" => self.string_template(node).unwrap_or_else(|| Template::literal(serde_json::Value::Null)),
            "cpu" => {
                self.positive(node, "a number of processors above 0");
                Template::literal(node.to_json())
            }
            "memory" => {
                self.bytes(node);
                Template::literal(node.to_json())
            }
            _ => self.template(node),
        }
    }

    /// A number above 0.
    pub(super) fn positive(&mut self, node: &Node, what: &str) {
        if !node.scalar().and_then(|scalar| scalar.value().as_f64()).is_some_and(|value| value > 0.0) {
            self.wrong_type(node, what);
        }
    }

    /// A size such as `512MB` or `2GiB`.
    pub(super) fn bytes(&mut self, node: &Node) {
        let fits = node.scalar().is_some_and(|scalar| crate::bytes::parse_bytes(&scalar.text).is_some());
        if !fits {
            self.wrong_type(node, "a size such as 512MB or 2GiB");
        }
    }

    pub(super) fn team(&mut self, node: &Node) -> Option<Action> {
        self.cannot_run(node, "team");
        if !self.keys(node, &TEAM) {
            return None;
        }
        for key in ["strategy", "agents", "prompt"] {
            self.needed(node, key, "`team`");
        }
        let input = self.fields(node, |this, entry| {
            let node = &entry.value;
            match entry.key.as_str() {
                "strategy" => {
                    this.word(node, &STRATEGIES.map(|strategy| (strategy, ())));
                    Template::literal(node.to_json())
                }
                "agents" => {
                    match node.items().filter(|items| !items.is_empty()) {
                        Some(items) => items.iter().for_each(|item| {
                            if let Some(name) = this.string(item) {
                                this.known_agent(&name, item.place);
                            }
                        }),
                        None => {
                            this.wrong_type(node, "a list of agents");
                        }
                    }
                    Template::literal(node.to_json())
                }
                "rounds" => {
                    this.integer(node, 1, 1_000);
                    Template::literal(node.to_json())
                }
                _ => this.agent_field(entry),
            }
        });
        Some(Action::Effect { name: "team", input })
    }

    /// The agents and servers of the workflow, or those that a profile has in their place.
    pub(super) fn agents(&mut self, node: &Node) {
        for entry in self.named_entries(node, "An agent") {
            self.at(&entry.key, |this| {
                if this.keys(&entry.value, &AGENT) {
                    this.needed(&entry.value, "model", "An agent");
                    for field in entry.value.entries().unwrap_or_default() {
                        this.at(&field.key, |this| match field.key.as_str() {
                            "temperature" => {
                                if !field.value.scalar().and_then(|scalar| scalar.value().as_f64()).is_some_and(|t| t >= 0.0) {
                                    this.wrong_type(&field.value, "a number from 0");
                                }
                            }
                            "model" | "description" => {
                                this.string(&field.value);
                            }
                            _ => {
                                this.agent_field(field);
                            }
                        });
                    }
                }
            });
        }
    }

    pub(super) fn servers(&mut self, node: &Node) {
        for entry in self.named_entries(node, "A server") {
            self.at(&entry.key, |this| this.server(&entry.value));
        }
    }

    fn server(&mut self, node: &Node) {
        if !self.keys(node, &SERVER) {
            return;
        }
        match (node.entry("command"), node.entry("url")) {
            (None, None) => {
                let place = super::first_line(self.text, node.place);
                self.report(codes::MISSING_KEY, place, "A server has a `command` that starts it, or a `url` where it is.");
            }
            (Some(_), Some(url)) => {
                self.report(codes::CONFLICT, url.key_place, "A server has a `command` or a `url`, not both.");
            }
            (Some(command), None) if command.value.items().is_none_or(<[_]>::is_empty) => {
                self.at("command", |this| this.wrong_type(&command.value, "a list of the program and its arguments").code);
            }
            _ => {}
        }
        if let Some(node) = node.get("timeout") {
            self.at("timeout", |this| this.duration(node));
        }
        for entry in node.entries().unwrap_or_default() {
            let value = &entry.value;
            self.at(&entry.key, |this| match entry.key.as_str() {
                "env" | "headers" => drop(this.with_secrets(|this| this.text_fields(value))),
                "url" | "workdir" => drop(this.string_template(value)),
                "description" => drop(this.string(value)),
                _ => {}
            });
        }
    }

    pub(super) fn known_agent(&mut self, name: &str, place: Place) {
        let known = self.agents.clone();
        self.known_name(name, place, &known, "agent", "agents");
    }

    fn known_server(&mut self, name: &str, place: Place) {
        let known = self.servers.clone();
        self.known_name(name, place, &known, "server", "servers");
    }

    fn known_name(&mut self, name: &str, place: Place, known: &[String], what: &str, key: &str) {
        if known.iter().any(|known| known == name) {
            return;
        }
        let nearest = crate::nearest(name, known.iter().map(String::as_str));
        let message = match &nearest {
            Some(nearest) => format!("There is no {what} `{name}`. Did you mean `{nearest}`?"),
            None => format!("There is no {what} `{name}`: declare it under `{key}` at the top of the file."),
        };
        let fix = nearest
            .filter(|_| place.slice(self.text) == name)
            .map(|nearest| self.replacement(format!("Change to `{nearest}`"), place, nearest));
        self.report(codes::UNKNOWN_MEMBER, place, message).fixes.extend(fix);
    }

    /// The entries of a map whose keys are names.
    pub(super) fn named_entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map from names");
            return &[];
        };
        for entry in entries {
            self.name(&entry.key, entry.key_place, what);
        }
        entries
    }
}
