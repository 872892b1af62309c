//! A step: its id, its place in the graph, its policies. Its action is decoded in `action`.

use std::collections::HashMap;

use super::Decoder;
use super::keys::STEP;
use crate::codes;
use crate::expression::Reference;
use crate::model::{Action, Join, OnRestart, Step};
use crate::text::Place;
use crate::yaml::Node;

/// The words that CEL keeps for itself (CEL specification, "Syntax": RESERVED, and the literals).
const RESERVED: [&str; 22] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "has",
];

/// One entry of `needs`.
pub(crate) struct Need {
    pub(crate) step: String,
    pub(crate) port: Option<String>,
    pub(crate) place: Place,
}

/// A read of a step, and where it stands.
pub(crate) struct ReadSite {
    pub(crate) reference: Reference,
    pub(crate) place: Place,
    pub(crate) field: String,
}

/// The ports of a step besides `failed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ports {
    Known(Vec<String>),
    /// The action is not one that is known.
    Unknown,
}

/// What could be decoded of a step.
pub(crate) struct Draft<'n> {
    /// Its id when it has a valid one of its own, else `@` and its index.
    pub(crate) label: String,
    /// Whether the label is an id.
    pub(crate) named: bool,
    pub(crate) node: &'n Node,
    pub(crate) id_place: Place,
    pub(crate) title: Option<String>,
    /// `run`, `set`, `choose`, or `unknown`.
    pub(crate) action_name: &'static str,
    pub(crate) ports: Ports,
    pub(crate) needs: Vec<Need>,
    pub(crate) join: Join,
    pub(crate) join_place: Option<Place>,
    pub(crate) reads: Vec<ReadSite>,
    pub(crate) timeout: Option<(u64, Place)>,
    /// The step itself, when it has an action that could be decoded.
    pub(crate) step: Option<Step>,
}

impl<'n> Decoder<'_> {
    pub(super) fn step(&mut self, index: usize, node: &'n Node, seen: &mut HashMap<String, u32>) -> Draft<'n> {
        let place = super::first_line(self.text, node.place);
        self.step = node.get("id").and_then(Node::string).or_else(|| Some(format!("@{index}")));
        let id = self.step_id(node, seen, place);
        let mut draft = Draft {
            label: id.clone().unwrap_or_else(|| format!("@{index}")),
            named: id.is_some(),
            node,
            id_place: node.get("id").map_or(place, |id| id.place),
            title: None,
            action_name: "unknown",
            ports: Ports::Unknown,
            needs: Vec::new(),
            join: Join::default(),
            join_place: None,
            reads: Vec::new(),
            timeout: None,
            step: None,
        };
        if self.keys(node, &STEP) {
            self.step_body(node, &mut draft);
        }
        draft.reads = std::mem::take(&mut self.reads);
        self.step = None;
        draft
    }

    fn step_body(&mut self, node: &Node, draft: &mut Draft<'_>) {
        let mut step = Step {
            id: draft.label.clone(),
            title: None,
            description: None,
            action: Action::Set(indexmap::IndexMap::new()),
            join: Join::default(),
            when: None,
            retry: None,
            timeout_ms: None,
            on_restart: OnRestart::default(),
        };
        for entry in node.entries().unwrap_or_default() {
            let value = &entry.value;
            self.at(&entry.key, |this| match entry.key.as_str() {
                "title" => step.title = this.string(value),
                "description" => step.description = this.string(value),
                "needs" => draft.needs = this.needs(value),
                "join" => {
                    step.join = this.join(value).unwrap_or_default();
                    draft.join_place = Some(value.place);
                }
                "when" => step.when = this.condition(value),
                "retry" => step.retry = this.retry(value),
                "timeout" => step.timeout_ms = this.timeout(value),
                "on_restart" => step.on_restart = this.on_restart(value),
                _ => {}
            });
        }
        draft.title.clone_from(&step.title);
        draft.join = step.join;
        draft.timeout = step.timeout_ms.zip(node.get("timeout").map(|timeout| timeout.place));
        if let Some((action, ports)) = self.action(node) {
            draft.action_name = action.name();
            draft.ports = ports;
            step.action = action;
            draft.step = Some(step);
        }
    }

    fn step_id(&mut self, node: &Node, seen: &mut HashMap<String, u32>, place: Place) -> Option<String> {
        let entries = node.entries()?;
        let Some(id_node) = entries.iter().find(|entry| entry.key == "id").map(|entry| &entry.value) else {
            let message = "The step has no `id`; give it one: letters, digits and `_`.";
            self.report(codes::MISSING_KEY, place, message);
            return None;
        };
        self.at("id", |this| {
            let id = this.scalar_text(id_node)?;
            if RESERVED.contains(&id.as_str()) {
                let fix = this.replacement(format!("Rename to `{id}_`"), id_node.place, format!("{id}_"));
                this.report(
                    codes::RESERVED_ID,
                    id_node.place,
                    format!("`{id}` is a word of the expression language; choose another id."),
                )
                .fixes
                .push(fix);
                return None;
            }
            this.name(&id, id_node.place, "A step").then_some(())?;
            if let Some(line) = seen.get(&id) {
                let message = format!("The id `{id}` is taken by the step at line {line}; rename one of them.");
                let mut number = 2;
                while seen.contains_key(&format!("{id}_{number}")) {
                    number += 1;
                }
                let fix = this.replacement(format!("Rename to `{id}_{number}`"), id_node.place, format!("{id}_{number}"));
                this.report(codes::DUPLICATE_ID, id_node.place, message).fixes.push(fix);
                return None;
            }
            seen.insert(id.clone(), this.lines.line(id_node.place.start));
            Some(id)
        })
    }

    /// Checks a name that expressions use.
    pub(super) fn name(&mut self, name: &str, place: Place, what: &str) -> bool {
        if is_name(name) {
            return true;
        }
        let mended = mend_name(name);
        let fix = (!mended.is_empty()).then(|| self.replacement(format!("Rename to `{mended}`"), place, mended));
        let shown: String = name.chars().take(60).collect();
        let message =
            format!("{what} is named with letters, digits and `_`, not beginning with a digit; `{shown}` is not such a name.");
        self.report(codes::BAD_ID, place, message).fixes.extend(fix);
        false
    }

    fn needs(&mut self, node: &Node) -> Vec<Need> {
        let Some(items) = node.items() else {
            let fix = node.string().map(|text| self.replacement("Make it a list", node.place, format!("[{text}]")));
            self.wrong_type(node, "a list of steps such as [fetch, check.failed]").fixes.extend(fix);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                let text = self.string(item)?;
                let (step, port) = match text.split_once('.') {
                    Some((step, port)) => (step.to_owned(), Some(port.to_owned())),
                    None => (text, None),
                };
                Some(Need { step, port, place: item.place })
            })
            .collect()
    }

    fn on_restart(&mut self, node: &Node) -> OnRestart {
        let known = [("rerun", Some(OnRestart::Rerun)), ("fail", Some(OnRestart::Fail)), ("ask", None)];
        match self.word(node, &known) {
            Some(Some(word)) => word,
            Some(None) => {
                let message = "`on_restart: ask` is part of the language, but not supported by this version.";
                self.report(codes::NOT_SUPPORTED, node.place, message);
                OnRestart::default()
            }
            None => OnRestart::default(),
        }
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether expressions can name it.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.chars().all(is_name_char) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The nearest name that expressions can use.
fn mend_name(name: &str) -> String {
    let mut mended: String = name.chars().map(|c| if is_name_char(c) { c } else { '_' }).take(100).collect();
    if mended.starts_with(|c: char| c.is_ascii_digit()) {
        mended.insert(0, '_');
    }
    mended
}

/// Whether a text can be the id of a step.
pub(crate) fn is_valid_step_id(id: &str) -> bool {
    is_name(id) && !RESERVED.contains(&id)
}

/// An id as near to a text as can be.
pub(crate) fn mend_step_id(text: &str) -> String {
    let mended = mend_name(text.trim());
    match mended.as_str() {
        "" => "step".to_owned(),
        reserved if RESERVED.contains(&reserved) => format!("{reserved}_"),
        _ => mended,
    }
}
