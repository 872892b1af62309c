//! The steps of a workflow as one table, those of groups behind their group, with the scopes in which names are looked up.

use std::collections::HashMap;

use serde_json::Value;

use super::form::{Form, Pen, step_form};
use super::needs_field;
use crate::model::{Action, Body, Step, Workflow};

/// A step with its place.
pub(super) struct Row<'w> {
    pub(super) step: &'w Step,
    pub(super) path: String,
    /// Row of its group.
    pub(super) parent: Option<usize>,
    /// Written edges: id of the source and port.
    needs: Vec<(&'w str, Option<&'w str>)>,
}

/// All steps of a workflow.
pub(super) struct Table<'w> {
    pub(super) rows: Vec<Row<'w>>,
    ids: HashMap<(Option<usize>, &'w str), usize>,
    /// Rows of each scope, in the order of the file.
    children: HashMap<Option<usize>, Vec<usize>>,
}

impl<'w> Table<'w> {
    pub(super) fn new(workflow: &'w Workflow) -> Self {
        let mut table = Self { rows: Vec::new(), ids: HashMap::new(), children: HashMap::new() };
        table.scope(&workflow.body, None, "");
        table
    }

    fn scope(&mut self, body: &'w Body, parent: Option<usize>, prefix: &str) {
        for (index, step) in body.steps.iter().enumerate() {
            let needs = body.graph.needs(index).map(|(from, port)| (body.steps[from].id.as_str(), port));
            let row = self.rows.len();
            let path = format!("{prefix}{}", step.id);
            self.rows.push(Row { step, path: path.clone(), parent, needs: needs.collect() });
            self.ids.insert((parent, &step.id), row);
            self.children.entry(parent).or_default().push(row);
            if let Action::Group(group) = &step.action {
                self.scope(&group.body, Some(row), &format!("{path}."));
            }
        }
    }

    /// The rows of a scope.
    pub(super) fn children(&self, scope: Option<usize>) -> &[usize] {
        self.children.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// The step of a scope with this id.
    pub(super) fn child(&self, scope: Option<usize>, id: &str) -> Option<usize> {
        self.ids.get(&(scope, id)).copied()
    }

    /// The step that a name means in a scope: the nearest one outwards.
    pub(super) fn resolve(&self, mut scope: Option<usize>, id: &str) -> Option<usize> {
        loop {
            if let Some(row) = self.child(scope, id) {
                return Some(row);
            }
            scope = self.rows[scope?].parent;
        }
    }

    /// The form of a step with its edges. `name` gives the names of the steps that it mentions; none: as written.
    pub(super) fn form(&self, row: usize, name: Option<&dyn Fn(usize) -> String>) -> Form {
        let Row { step, parent, needs, .. } = &self.rows[row];
        let Some(name) = name else {
            let mut form = step_form(step, Pen::Written, Pen::Written);
            add_needs(&mut form, needs, Pen::Written);
            return form;
        };
        let named = |scope: Option<usize>, id: &str| self.resolve(scope, id).map_or_else(|| id.to_owned(), name);
        let outside = |id: &str| named(*parent, id);
        let within = |id: &str| named(Some(row), id);
        let mut form = step_form(step, Pen::Canonical(&outside), Pen::Canonical(&within));
        add_needs(&mut form, needs, Pen::Canonical(&outside));
        form
    }

    /// The form of a step with those of its own steps, none of which has its id in it.
    pub(super) fn shape(&self, row: usize, name: &dyn Fn(usize) -> String) -> Value {
        let mut form = self.form(row, Some(name));
        let mut inner: Vec<Value> = self.children(Some(row)).iter().map(|child| self.shape(*child, name)).collect();
        inner.sort_by_cached_key(Value::to_string);
        if !inner.is_empty() {
            form.insert("steps".to_owned(), Value::Array(inner));
        }
        Value::Object(form)
    }
}

fn add_needs(form: &mut Form, needs: &[(&str, Option<&str>)], pen: Pen<'_>) {
    let text = |(id, port): &(&str, Option<&str>)| match port {
        Some(port) => format!("{}.{port}", pen.step(id)),
        None => pen.step(id),
    };
    needs_field(form, needs.iter().map(text).collect());
}
