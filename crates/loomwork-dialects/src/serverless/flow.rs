//! From a list of tasks that run one after the other, with jumps, to steps with edges.

use std::collections::HashMap;

use super::Importing;
use super::data::Data;
use super::jq::Variables;
use crate::cel;
use crate::draft::{self, need};
use crate::names::Names;
use crate::source::Node;
use crate::yaml::Map;

/// The steps of one scope while they are made.
pub(super) struct Scope {
    pub(super) steps: Vec<Map>,
    pub(super) names: Names,
    /// What flows into the scope.
    pub(super) input: Data,
    pub(super) variables: Variables,
    /// How many groups it lies in.
    depth: usize,
}

/// One way out of a task.
#[derive(Debug, Clone)]
pub(super) struct Exit {
    pub(super) step: String,
    pub(super) port: Option<String>,
    pub(super) data: Data,
}

/// Where a task begins: what it waits for, and what flows in.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) needs: Vec<String>,
    pub(super) any: bool,
    pub(super) data: Data,
}

/// The ways out of a task: those that follow its `then`, and those that go to a named place.
#[derive(Debug, Default)]
pub(super) struct Exits {
    pub(super) onward: Vec<Exit>,
    /// Ways that go on with the next task whatever `then` says.
    pub(super) skipping: Vec<Exit>,
    pub(super) directed: Vec<(String, Exit)>,
}

impl Exit {
    pub(super) fn of(step: &str, data: Data) -> Self {
        Self { step: step.to_owned(), port: None, data }
    }

    /// Whether the run came this way, as an expression.
    fn taken(&self) -> String {
        match self.port.as_deref() {
            None => format!("has(steps.{}.output)", self.step),
            Some("failed") => format!("steps.{}.status == 'failed'", self.step),
            Some(port) => format!("has(steps.{0}.output) && steps.{0}.output == {1}", self.step, cel::quote(port)),
        }
    }
}

impl Exits {
    pub(super) fn one(step: &str, data: Data) -> Self {
        Self { onward: vec![Exit::of(step, data)], ..Self::default() }
    }
}

impl Entry {
    pub(super) fn put(&self, step: &mut Map) {
        if !self.needs.is_empty() {
            step.put("needs", self.needs.clone());
            if self.any && self.needs.len() > 1 {
                step.put("join", "any");
            }
        }
    }

    /// Goes on behind a step.
    pub(super) fn behind(&mut self, step: &str) {
        self.needs = vec![step.to_owned()];
        self.any = false;
    }
}

impl Scope {
    pub(super) fn new(input: Data) -> Self {
        let variables = vec![("context".to_owned(), Data::Fields(indexmap::IndexMap::new()))];
        Self { steps: Vec::new(), names: Names::new(), input, variables, depth: 0 }
    }

    /// A scope within this one.
    pub(super) fn inner(&self, input: Data) -> Self {
        Self { steps: Vec::new(), names: Names::new(), input, variables: self.variables.clone(), depth: self.depth + 1 }
    }

    pub(super) fn drop_variable(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    pub(super) fn set_variable(&mut self, name: &str, data: Data) {
        self.drop_variable(name);
        self.variables.push((name.to_owned(), data));
    }
}

/// Where a way leads.
enum Target {
    Task(usize),
    Out,
    End,
}

impl<'s> Importing<'s, '_> {
    /// Makes the steps of a list of tasks; what flows out at its end.
    pub(super) fn tasks(&mut self, list: Node<'s>, scope: &mut Scope) -> Data {
        let tasks: Vec<(&str, Node<'s>)> = list.items().into_iter().filter_map(|item| item.entries().first().copied()).collect();
        let mut incoming: HashMap<usize, Vec<Exit>> = HashMap::new();
        let mut out: Vec<Exit> = Vec::new();
        for (at, (name, node)) in tasks.iter().enumerate() {
            if self.made > super::MAX_MADE {
                node.take();
                continue;
            }
            let ways = incoming.remove(&at).unwrap_or_default();
            if at > 0 && ways.is_empty() {
                self.report.dropped(*node, format!("the task `{name}` is left out: nothing leads to it"));
                continue;
            }
            let entry = match at {
                0 => Entry { needs: Vec::new(), any: false, data: scope.input.clone() },
                _ => self.entry(name, &ways, scope),
            };
            let exits = self.task(name, *node, entry, scope);
            let then = node.get("then").and_then(Node::text);
            let onward = exits.onward.into_iter().map(|exit| (then.unwrap_or("continue").to_owned(), exit));
            let skipping = exits.skipping.into_iter().map(|exit| ("continue".to_owned(), exit));
            let mut ended = Vec::new();
            for (directive, exit) in onward.chain(skipping).chain(exits.directed) {
                match self.target(&directive, at, &tasks, *node) {
                    Target::Task(to) => incoming.entry(to).or_default().push(exit),
                    Target::End if scope.depth > 0 => ended.push(exit),
                    Target::Out | Target::End => out.push(exit),
                }
            }
            self.end(name, &ended, scope);
        }
        match out.as_slice() {
            [] => Data::of("null"),
            [only] => only.data.clone(),
            ways => {
                let mut ways = ways.to_vec();
                ways.reverse();
                self.merged("result", &ways, scope).data
            }
        }
    }

    fn target(&self, directive: &str, at: usize, tasks: &[(&str, Node<'s>)], node: Node<'s>) -> Target {
        let next = if at + 1 < tasks.len() { Target::Task(at + 1) } else { Target::Out };
        match directive {
            "continue" => next,
            "exit" => Target::Out,
            "end" => Target::End,
            name => match tasks.iter().position(|(task, _)| *task == name) {
                Some(to) if to > at => Target::Task(to),
                Some(_) => {
                    self.report.placeholder(node, format!("it jumps back to `{name}`, which steps cannot do: the way ends here. Put what repeats into a group with `loop`"));
                    Target::Out
                }
                None => {
                    self.report.approximated(node, format!("there is no task `{name}` in this list: the next one follows"));
                    next
                }
            },
        }
    }

    /// A step that ends the whole run from within a group.
    fn end(&mut self, name: &str, ways: &[Exit], scope: &mut Scope) {
        if ways.is_empty() {
            return;
        }
        let id = scope.names.claim(&format!("{name}_end"));
        let mut step = draft::step(&id, None);
        entry_of(ways).put(&mut step);
        step.put("end", "succeeded");
        scope.steps.push(step);
    }

    /// Where a task begins that these ways lead to.
    fn entry(&mut self, name: &str, ways: &[Exit], scope: &mut Scope) -> Entry {
        if ways.iter().all(|way| way.data == ways[0].data) { entry_of(ways) } else { self.merged(name, ways, scope) }
    }

    /// A step that takes the data of whichever way was gone.
    fn merged(&mut self, name: &str, ways: &[Exit], scope: &mut Scope) -> Entry {
        if ways.iter().all(|way| way.data == ways[0].data) {
            return entry_of(ways);
        }
        let id = scope.names.claim(&format!("{name}_input"));
        let mut step = draft::step(&id, None);
        entry_of(ways).put(&mut step);
        let last = ways.last().map(|way| way.data.expression()).unwrap_or_default();
        let value = ways[..ways.len() - 1]
            .iter()
            .rev()
            .fold(last, |rest, way| format!("{} ? {} : {rest}", way.taken(), way.data.expression()));
        step.put("set", Map::new().with("value", cel::whole(&value)));
        scope.steps.push(step);
        self.made += 1;
        Entry { needs: vec![id.clone()], any: false, data: Data::output(&id).field("value") }
    }
}

fn entry_of(ways: &[Exit]) -> Entry {
    let mut needs: Vec<String> = Vec::new();
    for way in ways {
        let item = need(&way.step, way.port.as_deref());
        if !needs.contains(&item) {
            needs.push(item);
        }
    }
    Entry { any: needs.len() > 1, needs, data: ways.first().map_or(Data::Inputs, |way| way.data.clone()) }
}
