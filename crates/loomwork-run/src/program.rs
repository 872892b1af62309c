//! A workflow lowered to what the machine knows: one flat table of definitions, grouped into scopes.
//!
//! Invariant: the definitions of one scope stand side by side, so that the instances of a scope can, too.
//! `for_each`, `loop` and groups keep their origin: a definition says what it was in the file.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use loomwork_workflow::{Action, Body, Defaults, EdgeKind, Graph, Group, Repeat, Step, Trigger, Workflow};

/// A workflow lowered to what the machine knows.
#[derive(Debug, Clone)]
pub struct Program {
    /// The workflow; its steps have moved to `definitions`.
    pub workflow: Workflow,
    /// Hash of its text.
    pub definition: String,
    /// All steps of all scopes.
    pub definitions: Vec<Definition>,
    /// The scopes; the first is the workflow's own.
    pub scopes: Vec<ScopeDefinition>,
}

impl PartialEq for Program {
    /// The hash of the text says it all.
    fn eq(&self, other: &Self) -> bool {
        self.definition == other.definition
    }
}

/// One step of the file.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The step; the steps of a group have moved to `inner`.
    pub step: Step,
    /// The scope in which it stands.
    pub scope: usize,
    /// The scope of its own steps, if it is a group.
    pub inner: Option<usize>,
    /// Whether an edge leaves its port `failed`.
    pub handles_failure: bool,
    /// Number of edges into it: those of its `needs`, and the implied ones.
    pub incoming: (u32, u32),
}

/// One scope.
#[derive(Debug, Clone)]
pub struct ScopeDefinition {
    /// Its steps, in `definitions`.
    pub steps: Range<usize>,
    /// Its edges, by index within the scope.
    pub graph: Arc<Graph>,
    /// The definition whose group it is; none for the workflow's own.
    pub owner: Option<usize>,
    /// Step id → index within the scope.
    pub names: HashMap<String, usize>,
}

/// What an instance of a definition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An action of its own.
    Leaf,
    /// The steps of a scope.
    Scope(usize),
    /// One child for each element of a list.
    Each,
    /// One child for each pass.
    Loop,
}

impl Program {
    /// Lowers a workflow; `definition` is the hash of its text.
    pub fn new(mut workflow: Workflow, definition: String) -> Self {
        let mut definitions: Vec<Definition> = Vec::new();
        let mut scopes: Vec<ScopeDefinition> = Vec::new();
        let mut waiting: std::collections::VecDeque<(Body, Option<usize>)> = [(std::mem::take(&mut workflow.body), None)].into();
        while let Some((body, owner)) = waiting.pop_front() {
            let scope = scopes.len();
            let first = definitions.len();
            if let Some(owner) = owner {
                definitions[owner].inner = Some(scope);
            }
            for step in body.steps {
                let mut step = Arc::unwrap_or_clone(step);
                if let Action::Group(Group { body, .. }) = &mut step.action {
                    waiting.push_back((std::mem::take(body), Some(definitions.len())));
                }
                definitions.push(Definition { step, scope, inner: None, handles_failure: false, incoming: (0, 0) });
            }
            for edge in &body.graph.edges {
                match edge.kind {
                    EdgeKind::Needs => definitions[first + edge.to].incoming.0 += 1,
                    EdgeKind::Implied => definitions[first + edge.to].incoming.1 += 1,
                }
                if edge.kind == EdgeKind::Needs && edge.trigger == Trigger::Port("failed".to_owned()) {
                    definitions[first + edge.from].handles_failure = true;
                }
            }
            let names = definitions[first..].iter().enumerate().map(|(local, d)| (d.step.id.clone(), local)).collect();
            scopes.push(ScopeDefinition { steps: first..definitions.len(), graph: body.graph, owner, names });
        }
        Self { workflow, definition, definitions, scopes }
    }

    /// Takes what holds in all of a workspace, where the workflow says nothing.
    pub fn default_to(&mut self, defaults: &Defaults) {
        let own = &mut self.workflow.defaults;
        own.timeout_ms = own.timeout_ms.or(defaults.timeout_ms);
        if own.retry.is_none() {
            own.retry.clone_from(&defaults.retry);
        }
    }

    /// Where a definition stands: its id behind those of the groups around it, with dots.
    pub(crate) fn place(&self, definition: usize) -> String {
        let id = &self.definitions[definition].step.id;
        match self.scopes[self.definitions[definition].scope].owner {
            Some(group) => format!("{}.{id}", self.place(group)),
            None => id.clone(),
        }
    }

    /// What decides the result of a definition, as a hash; the steps of a group have their own.
    pub(crate) fn fingerprint(&self, definition: usize) -> String {
        let Definition { step, scope, inner, .. } = &self.definitions[definition];
        let first = self.scopes[*scope].steps.start;
        let needs = self.scopes[*scope].graph.needs(definition - first).map(|(from, port)| {
            let source = &self.definitions[first + from].step.id;
            port.map_or_else(|| source.clone(), |port| format!("{source}.{port}"))
        });
        let names = |id: &str, inside: bool| self.meaning(if inside { inner.unwrap_or(*scope) } else { *scope }, id);
        loomwork_workflow::step_fingerprint(step, needs.collect(), &names)
    }

    /// The place of the step that a name means in a scope: the nearest one outwards.
    fn meaning(&self, mut scope: usize, id: &str) -> String {
        loop {
            let ScopeDefinition { steps, owner, names, .. } = &self.scopes[scope];
            match (names.get(id), owner) {
                (Some(local), _) => return self.place(steps.start + local),
                (None, Some(group)) => scope = self.definitions[*group].scope,
                (None, None) => return id.to_owned(),
            }
        }
    }

    /// Number of steps in the file.
    pub fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// What an instance does: the whole step, or (`part`) one element or pass of it.
    pub fn shape(&self, definition: usize, part: bool) -> Shape {
        let definition = &self.definitions[definition];
        match (&definition.step.repeat, definition.inner) {
            (Some(Repeat::ForEach(_)), _) if !part => Shape::Each,
            (Some(Repeat::Loop(_)), _) if !part => Shape::Loop,
            (_, Some(scope)) => Shape::Scope(scope),
            (_, None) => Shape::Leaf,
        }
    }

    /// Whether `retry`, `timeout` and `on_error` of a definition apply to this kind of instance: those of a for-each with a
    /// simple action apply to each element, all others to the whole.
    pub fn policy_applies(&self, definition: usize, part: bool) -> bool {
        let definition = &self.definitions[definition];
        match (&definition.step.repeat, definition.inner) {
            (Some(Repeat::ForEach(_)), None) => part,
            _ => !part,
        }
    }
}
