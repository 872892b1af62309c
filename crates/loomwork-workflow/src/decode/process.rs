//! `run` and `command`: processes and what stands beside them.

use super::Decoder;
use super::keys::OUTPUT;
use crate::codes;
use crate::model::{OutputAs, Process, ProgramText};
use crate::yaml::{Entry, Node};

impl Decoder<'_> {
    pub(super) fn run(&mut self, step: &Node, entry: &Entry) -> Process {
        let shell = step.get("shell").and_then(|node| self.at("shell", |this| this.shell(node)));
        let shell = shell.unwrap_or_else(|| crate::DEFAULT_SHELL.map(str::to_owned).to_vec());
        let script = self.at("run", |this| this.script(step, &entry.value, &shell));
        self.process(step, ProgramText::Script { script: script.unwrap_or_default(), shell })
    }

    pub(super) fn command(&mut self, step: &Node, entry: &Entry) -> Process {
        let argv = self.at("command", |this| {
            let Some(items) = entry.value.items().filter(|items| !items.is_empty()) else {
                this.wrong_type(&entry.value, "a list of the program and its arguments, like [git, status],");
                return Vec::new();
            };
            items.iter().filter_map(|item| this.string_template(item)).collect()
        });
        self.process(step, ProgramText::Command(argv))
    }

    fn process(&mut self, step: &Node, program: ProgramText) -> Process {
        if let Some(artifacts) = step.get("artifacts") {
            self.at("artifacts", |this| this.artifacts(artifacts));
        }
        Process {
            program,
            env: step
                .get("env")
                .map(|node| self.at("env", |this| this.with_secrets(|this| this.env_map(node))))
                .unwrap_or_default(),
            workdir: step.get("workdir").and_then(|node| self.at("workdir", |this| this.string_template(node))),
            stdin: step.get("stdin").map(|node| self.at("stdin", |this| this.template(node))),
            output: step.get("output").and_then(|node| self.at("output", |this| this.output(node))),
        }
    }

    /// Files to keep: a list of paths or patterns below the workspace.
    fn artifacts(&mut self, node: &Node) {
        let Some(items) = node.items() else {
            self.wrong_type(node, "a list of paths or patterns such as [\"out/*.html\"]");
            return;
        };
        for item in items {
            if let Some(path) = self.string(item)
                && (path.starts_with('/') || path.split('/').any(|part| part == ".."))
            {
                self.report(
                    codes::UNKNOWN_VALUE,
                    item.place,
                    "Artifacts are files below the workspace: a relative path without `..`.",
                );
            }
        }
        self.cannot_run(node, "artifacts");
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

    pub(super) fn output(&mut self, node: &Node) -> Option<OutputAs> {
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
