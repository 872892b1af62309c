//! The action of a step.

use super::Decoder;
use super::keys::{LATER_ACTIONS, OUTPUT};
use super::step::Ports;
use crate::codes;
use crate::model::{Action, Choose, OutputAs, RunAction};
use crate::yaml::{Entry, Node};

const ACTIONS: [&str; 3] = ["run", "set", "choose"];
/// Keys that stand beside `run`.
const RUN_FIELDS: [&str; 5] = ["shell", "env", "workdir", "stdin", "output"];

impl Decoder<'_> {
    /// The one action of a step with its ports, if it has exactly one that is known.
    pub(super) fn action(&mut self, node: &Node) -> Option<(Action, Ports)> {
        let entries = node.entries()?;
        let is_action = |entry: &&Entry| ACTIONS.contains(&entry.key.as_str()) || LATER_ACTIONS.contains(&entry.key.as_str());
        let found: Vec<&Entry> = entries.iter().filter(is_action).collect();
        let [entry] = found[..] else {
            let place = super::first_line(self.text, node.place);
            if found.is_empty() {
                let message = "The step does nothing: add an action (`run`, `set` or `choose`).";
                self.report(codes::NO_ACTION, place, message);
            } else {
                let names: Vec<String> = found.iter().map(|entry| format!("`{}`", entry.key)).collect();
                let message =
                    format!("A step has exactly one action; this one has {}. Make a step of each.", names.join(" and "));
                self.report(codes::TWO_ACTIONS, found[1].key_place, message);
            }
            return None;
        };
        let action = self.at(&entry.key, |this| match entry.key.as_str() {
            "set" => Some(Action::Set(this.named_templates(&entry.value))),
            "choose" => this.choose(&entry.value).map(Action::Choose),
            _ => None,
        });
        let action = if entry.key == "run" { Some(Action::Run(self.run(node, entry))) } else { action };
        if entry.key != "run" && ACTIONS.contains(&entry.key.as_str()) {
            self.refuse_run_fields(entries, &entry.key);
        }
        let action = action?;
        let ports = match &action {
            Action::Choose(choose) => Ports::Known(ports_of(choose)),
            Action::Run(_) | Action::Set(_) => Ports::Known(vec!["succeeded".to_owned()]),
        };
        Some((action, ports))
    }

    fn refuse_run_fields(&mut self, entries: &[Entry], action: &str) {
        for entry in entries.iter().filter(|entry| RUN_FIELDS.contains(&entry.key.as_str())) {
            self.at(&entry.key, |this| {
                let message = format!("`{}` belongs to `run`; a step with `{action}` does not take it.", entry.key);
                this.report(codes::UNKNOWN_KEY, entry.key_place, message);
            });
        }
    }

    fn choose(&mut self, node: &Node) -> Option<Choose> {
        let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
            self.wrong_type(node, "a map from port names to conditions");
            return None;
        };
        let mut choose = Choose { cases: Vec::new(), otherwise: None };
        for entry in entries {
            self.at(&entry.key, |this| {
                if entry.key == "else" {
                    let name = this.string(&entry.value);
                    choose.otherwise = name.filter(|name| this.port_name(name, entry.value.place));
                    return;
                }
                this.port_name(&entry.key, entry.key_place);
                if let Some(condition) = this.condition(&entry.value) {
                    choose.cases.push((entry.key.clone(), condition));
                } else {
                    // The port is there whatever its condition says.
                    choose.cases.push((entry.key.clone(), crate::Template::literal(false.into())));
                }
            });
        }
        Some(choose)
    }

    fn port_name(&mut self, name: &str, place: crate::text::Place) -> bool {
        if matches!(name, "failed" | "succeeded") {
            let message = format!("`{name}` is a port that steps have by themselves; choose another name for the case.");
            self.report(codes::RESERVED_ID, place, message);
            return false;
        }
        self.name(name, place, "A case")
    }

    fn run(&mut self, step: &Node, entry: &Entry) -> RunAction {
        let shell = step.get("shell").and_then(|node| self.at("shell", |this| this.shell(node)));
        let shell = shell.unwrap_or_else(|| ["bash", "-e", "{0}"].map(str::to_owned).to_vec());
        let env = step.get("env").map(|node| self.at("env", |this| this.env_map(node))).unwrap_or_default();
        let script = self.at("run", |this| this.script(step, &entry.value, &shell));
        RunAction {
            script: script.unwrap_or_default(),
            shell,
            env,
            workdir: step.get("workdir").and_then(|node| self.at("workdir", |this| this.string_template(node))),
            stdin: step.get("stdin").map(|node| self.at("stdin", |this| this.template(node))),
            output: step.get("output").and_then(|node| self.at("output", |this| this.output(node))),
        }
    }

    fn shell(&mut self, node: &Node) -> Option<Vec<String>> {
        if let Some(items) = node.items() {
            let argv: Vec<String> = items.iter().filter_map(|item| self.string(item)).collect();
            if argv.len() == items.len() && !argv.iter().any(|argument| argument.contains("{0}")) {
                let message =
                    "A shell written as a list needs `{0}` where the path of the script goes, for example [perl, \"{0}\"].";
                self.report(codes::UNKNOWN_VALUE, node.place, message);
            }
            return (!argv.is_empty()).then_some(argv);
        }
        let known: [(&str, &[&str]); 4] = [
            ("bash", &["bash", "-e", "{0}"]),
            ("sh", &["sh", "-e", "{0}"]),
            ("python", &["python3", "{0}"]),
            ("node", &["node", "{0}"]),
        ];
        let argv = self.word(node, &known)?;
        Some(argv.iter().map(|argument| (*argument).to_owned()).collect())
    }

    fn output(&mut self, node: &Node) -> Option<OutputAs> {
        if !self.keys(node, &OUTPUT) {
            return None;
        }
        if let Some(from) = node.get("from") {
            self.at("from", |this| this.word(from, &[("stdout", ())]));
        }
        let Some(kind) = node.get("as") else {
            self.report(codes::MISSING_KEY, node.place, "`output` needs `as`: `text`, `lines` or `json`.");
            return None;
        };
        let known = [OutputAs::Text, OutputAs::Lines, OutputAs::Json].map(|kind| (kind.as_str(), kind));
        self.at("as", |this| this.word(kind, &known))
    }
}

fn ports_of(choose: &Choose) -> Vec<String> {
    let mut ports: Vec<String> = choose.cases.iter().map(|(name, _)| name.clone()).collect();
    if let Some(otherwise) = &choose.otherwise
        && !ports.contains(otherwise)
    {
        ports.push(otherwise.clone());
    }
    ports
}
