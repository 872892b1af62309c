//! The action of a step, of a compensation or of a fallback: which one it is, and what may stand beside it.

use super::Decoder;
use super::body::BodySketch;
use super::keys::{ACTIONS, FIELDS, STEP};
use super::step::{Named, Ports};
use crate::codes;
use crate::model::{Action, Choose};
use crate::yaml::{Entry, Node};

/// Actions that have a meaning only as a step of their own.
const STEPS_ONLY: [&str; 8] = ["choose", "steps", "wait", "first_of", "approve", "cancel", "end", "team"];

/// What could be decoded of an action.
pub(super) struct Acted<'n> {
    pub(super) action: Action,
    pub(super) ports: Ports,
    /// The steps of a group, which move into the action at the end.
    pub(super) body: Option<BodySketch<'n>>,
    /// The steps that `cancel` names.
    pub(super) cancels: Vec<Named>,
}

impl<'n> Decoder<'_> {
    /// The one action of a step with its ports, if it has exactly one that is known.
    pub(super) fn action(&mut self, node: &'n Node) -> Option<Acted<'n>> {
        let entry = self.action_entry(node, "step")?;
        self.refuse_foreign_fields(node, &entry.key);
        let mut acted = Acted {
            action: Action::Set(indexmap::IndexMap::new()),
            ports: Ports::Known(vec!["succeeded".to_owned()]),
            body: None,
            cancels: Vec::new(),
        };
        let value = &entry.value;
        let action = match entry.key.as_str() {
            "steps" => {
                let (group, body) = self.group(node, value);
                acted.body = Some(body);
                Some(Action::Group(group))
            }
            "choose" => self.at("choose", |this| this.choose(value)).map(|choose| {
                acted.ports = Ports::Known(ports_of(&choose));
                Action::Choose(choose)
            }),
            "first_of" => self.at("first_of", |this| this.first_of(value)).map(|branches| {
                acted.ports = Ports::Known(branches.keys().cloned().collect());
                Action::FirstOf(branches)
            }),
            "approve" => {
                acted.ports = Ports::Known(vec!["approved".to_owned(), "rejected".to_owned()]);
                self.at("approve", |this| this.approve(value)).map(Action::Approve)
            }
            "cancel" => {
                acted.cancels = self.at("cancel", |this| this.cancel(value));
                Some(Action::Cancel(acted.cancels.iter().map(|named| named.step.clone()).collect()))
            }
            _ => self.plain_action(node, entry),
        };
        match action {
            Some(action) => {
                acted.action = action;
                Some(acted)
            }
            None => {
                self.half_decoded = Some(acted.ports);
                None
            }
        }
    }

    /// An action of a compensation or a fallback.
    pub(super) fn lone_action(&mut self, node: &'n Node, what: &str) -> Option<Action> {
        let entry = self.action_entry(node, what)?;
        if STEPS_ONLY.contains(&entry.key.as_str()) {
            let message = format!("`{}` steers the run; it cannot stand in a {what}. Make it a step.", entry.key);
            self.report(codes::MISPLACED_ACTION, entry.key_place, message);
            return None;
        }
        self.refuse_foreign_fields(node, &entry.key);
        self.plain_action(node, entry)
    }

    fn action_entry(&mut self, node: &'n Node, what: &str) -> Option<&'n Entry> {
        let entries = node.entries()?;
        let found: Vec<&Entry> = entries.iter().filter(|entry| ACTIONS.contains(&entry.key.as_str())).collect();
        if let [entry] = found[..] {
            return Some(entry);
        }
        let place = super::first_line(self.text, node.place);
        if found.is_empty() {
            // One that is misspelt is reported as that.
            let meant = |entry: &Entry| crate::nearest(&entry.key, STEP.known.iter().copied());
            let misspelt = |entry: &Entry| meant(entry).is_some_and(|key| ACTIONS.contains(&key.as_str()));
            if entries.iter().any(|entry| !STEP.known.contains(&entry.key.as_str()) && misspelt(entry)) {
                return None;
            }
            let message = format!("The {what} does nothing: add an action, for example `run`, `http` or `set`.");
            self.report(codes::NO_ACTION, place, message);
        } else {
            let names: Vec<String> = found.iter().map(|entry| format!("`{}`", entry.key)).collect();
            let message = format!("A {what} has exactly one action; this one has {}. Make a step of each.", names.join(" and "));
            let first = self.related(found[0].key_place, format!("The first action is `{}`.", found[0].key));
            self.report(codes::TWO_ACTIONS, found[1].key_place, message).related.push(first);
        }
        None
    }

    /// Fields that belong to another action.
    fn refuse_foreign_fields(&mut self, node: &Node, action: &str) {
        for entry in node.entries().unwrap_or_default() {
            let owners = FIELDS.iter().find(|(field, _)| *field == entry.key).map(|(_, owners)| *owners);
            let Some(owners) = owners.filter(|owners| !owners.contains(&action)) else { continue };
            self.at(&entry.key, |this| {
                let owners: Vec<String> = owners.iter().map(|owner| format!("`{owner}`")).collect();
                let message =
                    format!("`{}` belongs to {}; a step with `{action}` does not take it.", entry.key, owners.join(" and "));
                let fix = this.without_entry(node, entry);
                this.report(codes::UNKNOWN_KEY, entry.key_place, message).fixes.extend(fix);
            });
        }
    }

    fn plain_action(&mut self, node: &Node, entry: &Entry) -> Option<Action> {
        let value = &entry.value;
        match entry.key.as_str() {
            "run" => return Some(Action::Process(self.run(node, entry))),
            "command" => return Some(Action::Process(self.command(node, entry))),
            "agent" => return Some(self.agent_action(node, value)),
            _ => {}
        }
        self.at(&entry.key, |this| match entry.key.as_str() {
            "set" => Some(Action::Set(this.named_templates(value))),
            "wait" => this.wait(value).map(Action::Wait),
            "emit" => this.emit(value),
            "end" => this.end(value).map(Action::End),
            "workflow" => this.call(value).map(Action::Call),
            "http" => this.http(value),
            "jq" => this.jq(value),
            "tool" => this.tool(value),
            "container" => this.container(value),
            "team" => this.team(value),
            _ => None,
        })
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
                // The port is there whatever its condition says.
                let condition = this.condition(&entry.value).unwrap_or_else(|| crate::Template::literal(false.into()));
                choose.cases.push((entry.key.clone(), condition));
            });
        }
        Some(choose)
    }

    pub(super) fn port_name(&mut self, name: &str, place: crate::text::Place) -> bool {
        if matches!(name, "failed" | "succeeded") {
            let message = format!("`{name}` is a port that steps have by themselves; choose another name.");
            self.report(codes::RESERVED_ID, place, message);
            return false;
        }
        self.name(name, place, "A port")
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
