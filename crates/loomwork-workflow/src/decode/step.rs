//! A step: its id, its place in the graph, its policies. Its action is decoded in `action`.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Decoder;
use super::body::BodySketch;
use super::keys::STEP;
use super::sight::ReadSite;
use crate::codes;
use crate::model::{Action, Join, OnRestart, Repeat, Rest, Step};
use crate::outline::OutlineNode;
use crate::text::Place;
use crate::types::{Site, Typed};
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
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) step: String,
    pub(crate) port: Option<String>,
    pub(crate) place: Place,
}

/// The name of a step, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) step: String,
    pub(crate) place: Place,
}

/// The ports of a step besides `failed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ports {
    Known(Vec<String>),
    /// The action is not one that is known.
    Unknown,
}

/// What could be decoded of a step, and where that is written.
pub(crate) struct Draft<'n> {
    pub(crate) node: &'n Node,
    /// What it says by itself.
    pub(crate) own: Box<Decoded>,
    /// Its own steps, when it is a group.
    pub(crate) body: Option<BodySketch<'n>>,
    /// What its steps read of the scopes around it.
    pub(crate) escaped: Vec<ReadSite>,
}

impl Deref for Draft<'_> {
    type Target = Decoded;

    fn deref(&self) -> &Decoded {
        &self.own
    }
}

impl DerefMut for Draft<'_> {
    fn deref_mut(&mut self) -> &mut Decoded {
        &mut self.own
    }
}

/// What could be decoded of a step. What is inside a group is apart.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// Its id when it has a valid one of its own, else `@` and its index.
    pub(crate) label: String,
    /// Its label behind those of the groups around it, with dots.
    pub(crate) path: String,
    /// Whether the label is an id.
    pub(crate) named: bool,
    pub(crate) id_place: Place,
    pub(crate) title: Option<String>,
    /// The action's key, or `unknown`.
    pub(crate) action_name: &'static str,
    pub(crate) ports: Ports,
    pub(crate) needs: Vec<Need>,
    pub(crate) join: Join,
    pub(crate) join_place: Option<Place>,
    pub(crate) reads: Vec<ReadSite>,
    /// Its expressions.
    pub(crate) sites: Vec<Site>,
    /// Steps that it cancels.
    pub(crate) cancels: Vec<Named>,
    pub(crate) timeout: Option<(u64, Place)>,
    /// Other durations that it may take, by field.
    pub(crate) waits: Vec<(String, u64, Place)>,
    /// The step itself, when it has an action that could be decoded. A group has no steps yet.
    pub(crate) step: Option<Arc<Step>>,
    /// How it is drawn, when that is known from a version before this one.
    pub(crate) drawn: Option<Arc<OutlineNode>>,
    /// What its values are, when that is known from a version before this one.
    pub(crate) typed: Option<Typed>,
    /// The group with its steps, when it is known from a version before this one.
    pub(crate) whole: Option<Arc<Step>>,
}

/// The ids of a scope.
pub(super) struct Seen<'n> {
    /// Those of the steps so far, and where they stand.
    pub(super) places: HashMap<String, Place>,
    /// All steps.
    pub(super) items: &'n [Node],
    /// The ids of all steps, once it is asked.
    pub(super) ids: OnceCell<HashSet<String>>,
}

impl Seen<'_> {
    /// An id that no step has: this, and the first number from one on.
    fn free(&self, base: &str, from: usize) -> Option<String> {
        let ids =
            self.ids.get_or_init(|| self.items.iter().filter_map(|step| Some(step.get("id")?.scalar()?.text.clone())).collect());
        (from..).map(|number| format!("{base}{number}")).find(|id| !ids.contains(id))
    }
}

impl<'n> Decoder<'_> {
    pub(super) fn step(&mut self, index: usize, node: &'n Node, seen: &mut Seen<'_>) -> Draft<'n> {
        let place = super::first_line(self.text, node.place);
        let prefix = self.prefix.clone();
        let named = node.get("id").and_then(Node::string).unwrap_or_else(|| format!("@{index}"));
        self.step = Some(format!("{prefix}{named}"));
        let id = self.step_id(node, seen, place);
        let own = Decoded {
            path: format!("{prefix}{}", id.clone().unwrap_or_else(|| format!("@{index}"))),
            label: id.clone().unwrap_or_else(|| format!("@{index}")),
            named: id.is_some(),
            id_place: node.get("id").map_or(place, |id| id.place),
            title: None,
            action_name: "unknown",
            ports: Ports::Unknown,
            needs: Vec::new(),
            join: Join::default(),
            join_place: None,
            reads: Vec::new(),
            sites: Vec::new(),
            cancels: Vec::new(),
            timeout: None,
            waits: Vec::new(),
            step: None,
            drawn: None,
            typed: None,
            whole: None,
        };
        let mut draft = Draft { node, own: Box::new(own), body: None, escaped: Vec::new() };
        if self.keys(node, &STEP) {
            self.step_body(node, &mut draft);
        }
        draft.reads = std::mem::take(&mut self.reads);
        draft.sites = std::mem::take(&mut self.sites);
        draft.waits = waits(node);
        self.step = None;
        draft
    }

    fn step_body(&mut self, node: &'n Node, draft: &mut Draft<'n>) {
        let mut step = bare(node, draft.label.clone(), self.repeat(node));
        let (each, looped, group) = (node.get("for_each").is_some(), node.get("loop").is_some(), node.get("steps").is_some());
        for entry in node.entries().unwrap_or_default() {
            let value = &entry.value;
            self.at(&entry.key, |this| match entry.key.as_str() {
                "title" => step.title = this.shown_text(value),
                "description" => step.description = this.shown_text(value),
                "needs" => draft.needs = this.needs(value),
                "join" => {
                    (step.join, step.rest) = this.join(value).unwrap_or_default();
                    draft.join_place = Some(value.place);
                }
                "when" => step.when = this.condition(value),
                "retry" => step.retry = this.retry(value),
                "timeout" => step.timeout_ms = this.timeout(value),
                "on_restart" => step.on_restart = this.on_restart(value),
                // The errors of a group are those of the whole, not of an element.
                "on_error" => {
                    step.on_error = this.seeing(|sight| sight.item |= each && !group, |this| this.on_error(node, value));
                }
                "breaker" => step.breaker = this.breaker(value),
                "pin" => step.pin = Some(value.to_json()),
                "cache" => {
                    let inside = |sight: &mut super::sight::Sight| {
                        sight.item |= each;
                        sight.pass |= looped;
                    };
                    step.cache = this.seeing(inside, |this| this.cache(value));
                }
                "resources" => step.resources = this.resources(value, group).map(Box::new),
                "priority" => step.priority = this.integer(value, 0, 9).and_then(|priority| u8::try_from(priority).ok()),
                "isolation" | "runs_on" | "sla" => this.placement(&entry.key, value),
                _ => {}
            });
        }
        self.step_effect(node, draft, step, (each, looped));
    }

    /// What the step does and how it is undone; the elements of a `for_each` and the passes of a `loop` are seen in there.
    fn step_effect(&mut self, node: &'n Node, draft: &mut Draft<'n>, mut step: Step, (each, looped): (bool, bool)) {
        let inside = |sight: &mut super::sight::Sight| {
            sight.item |= each;
            sight.pass |= looped;
        };
        if let Some(compensate) = node.get("compensate") {
            let undo = self.at("compensate", |this| this.seeing(inside, |this| this.compensate(compensate)));
            step.compensate = undo.map(Box::new);
        }
        draft.title.clone_from(&step.title);
        draft.join = step.join;
        draft.timeout = step.timeout_ms.zip(node.get("timeout").map(|timeout| timeout.place));
        let acted = self.seeing(inside, |this| this.action(node));
        draft.action_name = name_of_action(node).unwrap_or("unknown");
        let half_decoded = self.half_decoded.take();
        match acted {
            Some(acted) => {
                draft.ports = acted.ports;
                draft.body = acted.body;
                draft.cancels = acted.cancels;
                step.action = acted.action;
                self.suits(node, &step);
                draft.step = Some(Arc::new(step));
            }
            None => draft.ports = half_decoded.unwrap_or(Ports::Unknown),
        }
        // Elements and passes have ports of their own; the whole succeeds or fails.
        if each || looped {
            draft.ports = Ports::Known(vec!["succeeded".to_owned()]);
        }
    }

    fn step_id(&mut self, node: &Node, seen: &mut Seen<'_>, place: Place) -> Option<String> {
        let entries = node.entries()?;
        let Some(id_node) = entries.iter().find(|entry| entry.key == "id").map(|entry| &entry.value) else {
            let message = "The step has no `id`; give it one: letters, digits and `_`.";
            let id = seen.free("step_", seen.places.len() + 1);
            let slot = entries.first().and_then(|first| self.key_slot(node, first));
            let fix = slot.zip(id).map(|(slot, id)| self.insertion(format!("Add `id: {id}`"), &slot, &format!("id: {id}")));
            self.report(codes::MISSING_KEY, place, message).fixes.extend(fix);
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
            if let Some(first) = seen.places.get(&id).copied() {
                let line = this.lines.line(first.start);
                let related = this.related(first, format!("The first step with the id `{id}` is here."));
                let message = format!("The id `{id}` is taken by the step at line {line}; rename one of them.");
                // What an alias stands for is renamed for all who use it, the other step included.
                let free = seen.free(&format!("{id}_"), 2).filter(|_| !id_node.aliased && !node.aliased);
                let fix = free.map(|free| this.replacement(format!("Rename to `{free}`"), id_node.place, free));
                let diagnostic = this.report(codes::DUPLICATE_ID, id_node.place, message);
                diagnostic.fixes.extend(fix);
                diagnostic.related.push(related);
                return None;
            }
            seen.places.insert(id.clone(), id_node.place);
            Some(id)
        })
    }

    /// Checks a name that expressions use.
    pub(super) fn name(&mut self, name: &str, place: Place, what: &str) -> bool {
        if is_name(name) {
            return true;
        }
        let mended = mend_name(name.trim());
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
                if text.trim().is_empty() {
                    let fix = self.without_item(node, item.place, "Remove this one");
                    let message = "The name of a step is expected here; this text is empty.";
                    self.report(codes::UNKNOWN_STEP, item.place, message).fixes.extend(fix);
                    return None;
                }
                let (step, port) = match text.split_once('.') {
                    Some((step, port)) => (step.to_owned(), Some(port.to_owned())),
                    None => (text, None),
                };
                Some(Need { step, port, place: item.place })
            })
            .collect()
    }

    fn on_restart(&mut self, node: &Node) -> OnRestart {
        let known = [("rerun", OnRestart::Rerun), ("fail", OnRestart::Fail), ("ask", OnRestart::Ask)];
        self.word(node, &known).unwrap_or_default()
    }

    /// Reports what has no meaning for this action.
    fn suits(&mut self, node: &Node, step: &Step) {
        let instant = matches!(
            step.action,
            Action::Set(_) | Action::Choose(_) | Action::Emit { .. } | Action::Cancel(_) | Action::End(_) | Action::Approve(_)
        );
        if instant
            && !matches!(step.repeat, Some(Repeat::Loop(_)))
            && let Some(entry) = node.entry("compensate")
            && !matches!(step.action, Action::Emit { .. } | Action::Approve(_))
        {
            let message = format!("`{}` changes nothing outside the run, so there is nothing to undo.", step.action.name());
            let fix = self.without_entry(node, entry);
            self.at("compensate", |this| this.report(codes::DEAD_COMPENSATION, entry.key_place, message).fixes.extend(fix));
        }
        if !matches!(step.action, Action::Process(_) | Action::Effect { .. })
            && step.cache.is_some()
            && let Some(entry) = node.entry("cache")
        {
            let message = format!(
                "`cache` uses the output of an action again that is performed, like `run`, `http` or `jq`; `{}` has none to keep.",
                step.action.name()
            );
            let fix = self.without_entry(node, entry);
            self.at("cache", |this| this.report(codes::CONFLICT, entry.key_place, message).fixes.extend(fix));
        }
        self.suits_breaker(node, step);
        if matches!(step.action, Action::End(_)) && step.repeat.is_some() {
            let place = super::first_line(self.text, node.place);
            self.report(codes::CONFLICT, place, "`end` ends the run at its first element or pass; it cannot be repeated.");
        }
    }

    /// A breaker counts attempts; a group has those of its steps.
    fn suits_breaker(&mut self, node: &Node, step: &Step) {
        let Some(entry) = node.entry("breaker").filter(|_| step.breaker.is_some()) else { return };
        if matches!(step.action, Action::Group(_)) {
            self.at("breaker", |this| this.cannot_run(&entry.value, "breaker of a group"));
        } else if !matches!(step.action, Action::Process(_) | Action::Effect { .. } | Action::Call(_)) {
            let name = step.action.name();
            let message = format!(
                "`breaker` counts failed attempts of an action that is performed, like `run`, `http` or `workflow`; `{name}` has none."
            );
            let fix = self.without_entry(node, entry);
            self.at("breaker", |this| this.report(codes::CONFLICT, entry.key_place, message).fixes.extend(fix));
        }
    }
}

/// How long its action may take by itself, where it says so as a plain duration.
fn waits(step: &Node) -> Vec<(String, u64, Place)> {
    let said = |action: &str, key: &str| {
        let node = step.get(action)?.get(key)?;
        let ms = crate::parse_duration(&node.string()?).ok()?;
        Some((format!("{action}.{key}"), ms, node.place))
    };
    let places = [("wait", "for"), ("wait", "timeout"), ("approve", "timeout"), ("http", "timeout")];
    places.into_iter().filter_map(|(action, key)| said(action, key)).collect()
}

/// A step of which nothing is read yet but its name.
fn bare(node: &Node, id: String, repeat: Option<Repeat>) -> Step {
    Step {
        id,
        title: None,
        description: None,
        action: Action::Set(indexmap::IndexMap::new()),
        join: Join::default(),
        rest: Rest::default(),
        repeat,
        when: None,
        retry: None,
        timeout_ms: None,
        on_restart: OnRestart::default(),
        on_error: Vec::new(),
        compensate: None,
        breaker: None,
        cache: None,
        pin: None,
        resources: None,
        priority: None,
        other: kept_as_written(node),
    }
}

/// Fields that are checked and have no type of their own yet.
fn kept_as_written(node: &Node) -> serde_json::Map<String, serde_json::Value> {
    let keys = ["isolation", "resources", "runs_on", "sla", "priority", "artifacts"];
    let entries = node.entries().unwrap_or_default().iter().filter(|entry| keys.contains(&entry.key.as_str()));
    entries.map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
}

/// The key of the first action of a step.
fn name_of_action(node: &Node) -> Option<&'static str> {
    let entries = node.entries()?;
    entries.iter().find_map(|entry| super::keys::ACTIONS.iter().find(|action| **action == entry.key).copied())
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
