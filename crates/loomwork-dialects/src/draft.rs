//! A workflow of our language under construction.

use crate::cel;
use crate::names;
use crate::report::Report;
use crate::source::Node;
use crate::yaml::{self, Map, Yaml};

/// Most steps of a workflow.
pub(crate) const MAX_STEPS: usize = 10_000;

/// A workflow under construction; its parts are written in the order in which the language lists them.
#[derive(Debug, Default)]
pub(crate) struct Workflow {
    pub(crate) id: String,
    /// Comment at the top of the file.
    pub(crate) head: Vec<String>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) labels: Map,
    pub(crate) inputs: Map,
    pub(crate) env: Map,
    pub(crate) secrets: Vec<String>,
    pub(crate) agents: Map,
    pub(crate) servers: Map,
    pub(crate) triggers: Vec<Map>,
    pub(crate) concurrency: Map,
    pub(crate) profiles: Map,
    pub(crate) timeout: Option<String>,
    pub(crate) defaults: Map,
    pub(crate) steps: Vec<Map>,
    pub(crate) outputs: Map,
}

impl Workflow {
    pub(crate) fn new(id: &str) -> Self {
        Self { id: names::workflow_id(id), ..Self::default() }
    }

    /// Declares a secret once.
    pub(crate) fn secret(&mut self, name: &str) {
        if !self.secrets.iter().any(|known| known == name) {
            self.secrets.push(name.to_owned());
        }
    }

    /// The file.
    pub(crate) fn text(self) -> String {
        let mut map = Map::new();
        map.put("loomwork", 1);
        map.put("id", self.id);
        map.put_some("version", self.version);
        map.put_some("description", self.description);
        map.put_filled("labels", self.labels);
        map.put_filled("inputs", self.inputs);
        map.put_filled("env", self.env);
        if !self.secrets.is_empty() {
            map.put("secrets", self.secrets);
            map.note("secrets", "put each of these into .loomwork/secrets.json");
        }
        map.put_filled("agents", self.agents);
        map.put_filled("servers", self.servers);
        if !self.triggers.is_empty() {
            map.put("triggers", self.triggers);
        }
        map.put_filled("concurrency", self.concurrency);
        map.put_filled("profiles", self.profiles);
        map.put_some("timeout", self.timeout);
        map.put_filled("defaults", self.defaults);
        map.put("steps", self.steps);
        map.put_filled("outputs", self.outputs);
        yaml::file(&self.head, &map)
    }
}

/// A step with its id and, when the source has a name for it that is not the id, its title.
pub(crate) fn step(id: &str, title: Option<&str>) -> Map {
    let mut map = Map::block();
    map.put("id", id);
    if let Some(title) = title.map(str::trim).filter(|title| !title.is_empty() && *title != id) {
        map.put("title", title.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    map
}

/// The action of a step that stands in for what could not be translated: it fails and says why.
pub(crate) fn placeholder(step: &mut Map, message: &str) {
    step.put("run", "echo \"$MESSAGE\" >&2\nexit 1\n");
    step.put("env", Map::new().with("MESSAGE", cel::escape(message)));
}

/// An item of `needs`.
pub(crate) fn need(step: &str, port: Option<&str>) -> String {
    port.map_or_else(|| step.to_owned(), |port| format!("{step}.{port}"))
}

/// Text for a field of the language; tells when the source has something else there.
pub(crate) fn text_of(node: Node<'_>, report: &Report) -> Option<String> {
    let text = node.text();
    if text.is_none() && !node.is_null() {
        report.dropped(node, format!("`{}` is left out: text is expected there, not `{}`.", node.key(), node.shown()));
    }
    text.map(str::to_owned)
}

impl From<i32> for Yaml {
    fn from(number: i32) -> Self {
        Self::Plain(number.into())
    }
}
