//! The top of a workflow file.

use indexmap::IndexMap;

use super::Decoder;
use super::body::BodySketch;
use super::keys::{CONCURRENCY, DEFAULTS, TOP};
use crate::analysis::NamedSecret;
use crate::codes;
use crate::expression::Template;
use crate::model::{Concurrency, Defaults, Input, OnConflict, OnFailure};
use crate::text::Place;
use crate::types::Site;
use crate::yaml::{Entry, Node, Style};

/// What could be decoded of a workflow, whatever its problems.
#[derive(Default)]
pub(crate) struct Sketch<'n> {
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) inputs: IndexMap<String, Input>,
    pub(crate) env: IndexMap<String, Template>,
    pub(crate) defaults: Defaults,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) timeout_place: Place,
    /// The time-out that steps have by default, and where it is said.
    pub(crate) default_timeout: Option<(u64, Place)>,
    pub(crate) on_failure: OnFailure,
    pub(crate) priority: Option<u8>,
    pub(crate) labels: IndexMap<String, String>,
    pub(crate) body: BodySketch<'n>,
    pub(crate) outputs: IndexMap<String, Template>,
    /// Where the outputs are written.
    pub(crate) outputs_node: Option<&'n Node>,
    /// The expressions that belong to no step.
    pub(crate) sites: Vec<Site>,
    pub(crate) concurrency: Option<Concurrency>,
    pub(crate) secrets: Vec<String>,
    pub(crate) other: serde_json::Map<String, serde_json::Value>,
}

/// Decodes a file.
pub(crate) fn decode<'n>(decoder: &mut Decoder<'_>, root: Option<&'n Node>) -> Sketch<'n> {
    let mut sketch = Sketch::default();
    let Some(root) = root.filter(|root| root.entries().is_some_and(|entries| !entries.is_empty())) else {
        if !decoder.has_errors() {
            let place = root.map_or(Place::new(0, 0), |root| super::first_line(decoder.text, root.place));
            decoder.report(codes::MISSING_KEY, place, "A workflow is a map that begins with `loomwork: 1`, `id` and `steps`.");
        }
        return sketch;
    };
    decoder.keys(root, &TOP);
    decoder.required(root);
    // Declared names come first: steps may stand before them in the file.
    if let Some(node) = root.get("inputs") {
        decoder.at("inputs", |this| this.inputs(node, &mut sketch));
    }
    if let Some(node) = root.get("env") {
        sketch.env = decoder.at("env", |this| this.workflow_env(node));
        decoder.env = sketch.env.keys().cloned().collect();
    }
    if let Some(node) = root.get("secrets") {
        sketch.secrets = decoder.at("secrets", |this| this.secret_names(node));
        decoder.secrets.clone_from(&sketch.secrets);
    }
    decoder.find_secrets_end(root);
    decoder.operation(root);
    for entry in root.entries().unwrap_or_default() {
        let node = &entry.value;
        decoder.at(&entry.key, |this| match entry.key.as_str() {
            "id" => sketch.id = this.workflow_id(node),
            "version" => {
                this.not_worked_out(node);
                sketch.version = this.scalar_text(node);
            }
            "description" => sketch.description = this.shown_text(node),
            "defaults" => {
                sketch.defaults = this.defaults(node);
                sketch.default_timeout = sketch.defaults.timeout_ms.zip(node.get("timeout").map(|node| node.place));
            }
            "timeout" => {
                sketch.timeout_ms = this.timeout(node);
                sketch.timeout_place = node.place;
            }
            "on_failure" => sketch.on_failure = this.on_failure(node),
            "priority" => sketch.priority = this.integer(node, 0, 9).and_then(|n| u8::try_from(n).ok()),
            "labels" => sketch.labels = this.labels(node),
            "concurrency" => sketch.concurrency = this.concurrency(node),
            "agents" | "servers" | "triggers" | "profiles" | "sla" | "alerts" => {
                sketch.other.insert(entry.key.clone(), node.to_json());
            }
            _ => {}
        });
    }
    if let Some(node) = root.get("steps") {
        sketch.body = decoder.first_body(node);
    }
    if let Some(node) = root.get("outputs") {
        sketch.outputs_node = Some(node);
        sketch.outputs = decoder.at("outputs", |this| this.named_templates(node));
        sketch.body.output_reads = std::mem::take(&mut decoder.reads);
    }
    sketch.sites = std::mem::take(&mut decoder.sites);
    sketch
}

impl Decoder<'_> {
    fn required(&mut self, root: &Node) {
        match root.get("loomwork") {
            Some(node) if node.to_json() == 1 => {}
            Some(node) => {
                let fix = self.replacement("Change to 1", node.place, "1");
                let place = super::first_line(self.text, node.place);
                self.report(codes::LANGUAGE_VERSION, place, "This version of the application reads `loomwork: 1`.")
                    .fixes
                    .push(fix);
            }
            None => {
                let fix = self.replacement(
                    "Add `loomwork: 1`",
                    Place::new(root.place.start, root.place.start),
                    format!("loomwork: 1{}", self.line_break()),
                );
                let place = super::first_line(self.text, root.place);
                let diagnostic =
                    self.report(codes::MISSING_KEY, place, "The language version is missing: begin the file with `loomwork: 1`.");
                if !root.flow {
                    diagnostic.fixes.push(fix);
                }
            }
        }
        for key in ["id", "steps"] {
            if root.get(key).is_none() {
                let place = super::first_line(self.text, root.place);
                self.report(codes::MISSING_KEY, place, format!("The workflow has no `{key}`."));
            }
        }
    }

    /// The id of a workflow names it on the command line and in addresses, never in expressions.
    fn workflow_id(&mut self, node: &Node) -> Option<String> {
        let id = self.scalar_text(node)?;
        if is_workflow_id(&id) {
            return Some(id);
        }
        let mended: String = id.chars().map(|c| if is_workflow_id_char(c) { c } else { '-' }).take(100).collect();
        let mended = mended.trim_start_matches(['-', '_', '.']).to_owned();
        let fix = (!mended.is_empty()).then(|| self.replacement(format!("Change to `{mended}`"), node.place, mended));
        let message = format!(
            "`{}` is not an id of a workflow: letters, digits, `-`, `_` and `.`, at most 100, beginning with a letter or digit.",
            clip(&id)
        );
        self.report(codes::BAD_ID, super::first_line(self.text, node.place), message).fixes.extend(fix);
        None
    }

    fn inputs(&mut self, node: &Node, sketch: &mut Sketch<'_>) {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map from names to inputs");
            return;
        };
        for entry in entries {
            self.inputs.push(entry.key.clone());
            if let Some(input) = self.at(&entry.key, |this| this.input(entry)) {
                sketch.inputs.insert(entry.key.clone(), input);
            }
        }
    }

    /// The workflow's environment is worked out before any step: it may read inputs and the run.
    fn workflow_env(&mut self, node: &Node) -> IndexMap<String, Template> {
        let env = self.env_map(node);
        for read in std::mem::take(&mut self.reads) {
            let message = format!(
                "The environment of the workflow is set before any step runs, so it cannot read `{}`.",
                read.reference.step
            );
            self.report(codes::UNKNOWN_NAME, read.place, message);
        }
        env
    }

    pub(super) fn env_map(&mut self, node: &Node) -> IndexMap<String, Template> {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map from names to text");
            return IndexMap::new();
        };
        let mut env = IndexMap::new();
        for entry in entries {
            if entry.key.is_empty() || entry.key.contains(['=', '\0']) || entry.key.contains("${{") {
                let message = format!("`{}` cannot name an environment variable.", clip(&entry.key));
                self.report(codes::BAD_ID, entry.key_place, message);
            }
            if let Some(template) = self.at(&entry.key, |this| this.env_value(&entry.value)) {
                env.insert(entry.key.clone(), template);
            }
        }
        env
    }

    fn env_value(&mut self, node: &Node) -> Option<Template> {
        if node.scalar().is_some_and(|scalar| scalar.style == Style::Plain && scalar.value().is_null()) {
            return Some(Template::literal(serde_json::Value::String(String::new())));
        }
        self.string_template(node)
    }

    pub(super) fn defaults(&mut self, node: &Node) -> Defaults {
        if !self.keys(node, &DEFAULTS) {
            return Defaults::default();
        }
        Defaults {
            timeout_ms: node.get("timeout").and_then(|node| self.at("timeout", |this| this.timeout(node))),
            retry: node.get("retry").and_then(|node| self.at("retry", |this| this.retry(node))),
        }
    }

    fn on_failure(&mut self, node: &Node) -> OnFailure {
        let known = [("finish", OnFailure::Finish), ("stop", OnFailure::Stop), ("compensate", OnFailure::Compensate)];
        self.word(node, &known).unwrap_or_default()
    }

    fn secret_names(&mut self, node: &Node) -> Vec<String> {
        let Some(items) = node.items() else {
            let fix = node.string().filter(|_| !node.aliased);
            let fix = fix.map(|text| self.replacement("Make it a list", node.place, format!("[{text}]")));
            self.wrong_type(node, "a list of names such as [PUBLISH_TOKEN]").fixes.extend(fix);
            return Vec::new();
        };
        let mut names: Vec<String> = Vec::new();
        for item in items {
            let Some(name) = self.string(item).filter(|name| self.name(name, item.place, "A secret")) else { continue };
            if names.contains(&name) {
                let fix = self.without_item(node, item.place, "Remove this one");
                let message = format!("The secret `{name}` stands here twice; remove one.");
                self.report(codes::DUPLICATE_ID, item.place, message).fixes.extend(fix);
                continue;
            }
            self.named_secrets.push(NamedSecret { name: name.clone(), span: self.lines.span(item.place) });
            names.push(name);
        }
        names
    }

    fn concurrency(&mut self, node: &Node) -> Option<Concurrency> {
        if !self.keys(node, &CONCURRENCY) {
            return None;
        }
        let group = self.needed(node, "group", "`concurrency`")?;
        let group = self.at("group", |this| this.string_template(group))?;
        for read in std::mem::take(&mut self.reads) {
            let message = "The concurrency group is known before any step runs, so it cannot read steps.";
            self.report(codes::UNKNOWN_NAME, read.place, message);
        }
        let known = [("queue", OnConflict::Queue), ("skip", OnConflict::Skip), ("cancel_running", OnConflict::CancelRunning)];
        Some(Concurrency {
            group,
            max: node.get("max").and_then(|node| self.at("max", |this| this.integer(node, 1, 10_000))).unwrap_or(1),
            on_conflict: node
                .get("on_conflict")
                .and_then(|node| self.at("on_conflict", |this| this.word(node, &known)))
                .unwrap_or_default(),
        })
    }

    fn labels(&mut self, node: &Node) -> IndexMap<String, String> {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map from names to text");
            return IndexMap::new();
        };
        entries
            .iter()
            .filter_map(|entry| {
                self.name_not_worked_out(entry);
                let text = self.at(&entry.key, |this| {
                    this.not_worked_out(&entry.value);
                    this.scalar_text(&entry.value)
                });
                Some((entry.key.clone(), text?))
            })
            .collect()
    }

    /// Names with any values.
    pub(super) fn named_templates(&mut self, node: &Node) -> IndexMap<String, Template> {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map from names to values");
            return IndexMap::new();
        };
        let value = |entry: &Entry| {
            self.name_not_worked_out(entry);
            (entry.key.clone(), self.at(&entry.key, |this| this.template(&entry.value)))
        };
        entries.iter().map(value).collect()
    }
}

/// Whether a text can be the id of a workflow.
pub(super) fn is_workflow_id(id: &str) -> bool {
    id.len() <= 100 && id.chars().all(is_workflow_id_char) && id.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_workflow_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
