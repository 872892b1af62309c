//! Tasks that steer others: `do`, `switch`, `for`, `fork`, `try`, and the small ones `set`, `wait`, `raise`.

use super::Importing;
use super::data::{Data, Kind};
use super::flow::{Entry, Exit, Exits, Scope};
use super::runtime;
use crate::cel;
use crate::draft;
use crate::duration;
use crate::names::Names;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

impl<'s> Importing<'s, '_> {
    /// The body of a group: its steps, and what flows out as the output `value`.
    fn body(&mut self, step: &mut Map, list: Node<'s>, mut inner: Scope) {
        let end = self.tasks(list, &mut inner);
        if inner.steps.is_empty() {
            inner.steps.push(draft::step("nothing", None).with("set", Map::new().with("value", cel::whole("null"))));
        }
        step.put("steps", inner.steps);
        step.put("outputs", Map::new().with("value", cel::whole(&end.expression())));
    }

    pub(super) fn group(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some(list) = node.get("do") else { return Exits::default() };
        let (mut step, id) = self.open(name, at, scope);
        let inner = scope.inner(at.data.clone());
        self.body(&mut step, list, inner);
        scope.steps.push(step);
        Exits::one(&id, Data::output(&id).field("value"))
    }

    pub(super) fn set(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some(values) = node.get("set") else { return Exits::default() };
        if let Some(text) = values.string() {
            let value = self.expression(name, text, values, at, scope);
            let (step, id) = self.open(name, at, scope);
            scope.steps.push(step.with("set", Map::new().with("value", cel::whole(&value.expression()))));
            return Exits::one(&id, Data::output(&id).field("value"));
        }
        let map = self.template_map(values, name, at, scope);
        let keys = map.keys().map(str::to_owned).collect();
        let (step, id) = self.open(name, at, scope);
        scope.steps.push(step.with("set", map));
        Exits::one(&id, Data::Keyed(format!("steps.{id}.output"), keys))
    }

    pub(super) fn switch(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let cases = node.get("switch").map(Node::items).unwrap_or_default();
        let mut ports = Names::new();
        ports.claim("failed");
        ports.claim("else");
        let mut choose = Map::new();
        let mut directed: Vec<(String, String)> = Vec::new();
        let mut otherwise: Option<String> = None;
        for (case, body) in cases.into_iter().filter_map(|case| case.entries().first().copied()) {
            let port = ports.claim(case);
            let then = body.get("then").and_then(Node::text).unwrap_or("continue").to_owned();
            match body.get("when").and_then(|when| Some((when, when.text()?))) {
                Some((when, text)) => {
                    let condition = self.expression(name, text, when, at, scope);
                    choose.put(&port, cel::whole(&condition.expression()));
                    directed.push((then, port));
                }
                None if otherwise.is_none() => {
                    otherwise = Some(port.clone());
                    directed.push((then, port));
                }
                None => self
                    .report
                    .dropped(body, format!("the case `{case}` is left out: another one without `when` stands before it")),
            }
        }
        // Without a case for everything else the source goes on with the next task.
        let otherwise = otherwise.unwrap_or_else(|| {
            let port = ports.claim("otherwise");
            directed.push(("continue".to_owned(), port.clone()));
            port
        });
        choose.put("else", otherwise);
        let (step, id) = self.open(name, at, scope);
        scope.steps.push(step.with("choose", choose));
        let data = at.data.clone();
        let exit = |(then, port)| (then, Exit { step: id.clone(), port: Some(port), data: data.clone() });
        Exits { directed: directed.into_iter().map(exit).collect(), ..Exits::default() }
    }

    pub(super) fn each(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let (Some(over), Some(list)) = (node.get("for"), node.get("do")) else {
            return self.not_translated(name, node, node, "`for` lacks its `do`", at, scope);
        };
        let Some((place, text)) = over.get("in").and_then(|list| Some((list, list.text()?))) else {
            return self.not_translated(name, node, over, "`for` lacks its `in`", at, scope);
        };
        let elements = self.expression(name, text, place, at, scope).expression();
        if let Some(input) = elements.strip_prefix("inputs.").filter(|input| crate::names::is_identifier(input)) {
            self.inferred.insert(input.to_owned(), Kind::Array);
        }
        self.report.drop_key(
            node,
            "while",
            "a `for_each` goes through all elements: end the run or skip the rest inside it, or make it a `loop`",
        );
        let item = over.get("each").and_then(Node::text).unwrap_or("item").to_owned();
        let index = over.get("at").and_then(Node::text).unwrap_or("index").to_owned();
        let mut inner = scope.inner(at.data.clone());
        // An inner loop has an `item` of its own, so what it might read of this one is kept under the name of a step.
        let (item_data, index_data) = if has_loop(list) {
            let kept = inner.names.claim(&format!("each_{item}"));
            let values = Map::new().with("item", cel::whole("item")).with("index", cel::whole("index"));
            inner.steps.push(draft::step(&kept, None).with("set", values));
            (Data::output(&kept).field("item"), Data::output(&kept).field("index"))
        } else {
            (Data::of("item"), Data::of("index"))
        };
        inner.set_variable(&item, item_data);
        inner.set_variable(&index, index_data);
        let (mut step, id) = self.open(name, at, scope);
        step.put("for_each", cel::whole(&elements));
        step.put("max_parallel", 1);
        self.body(&mut step, list, inner);
        scope.steps.push(step);
        self.report.approximated(over, "each element starts with the data that flows into the `for` (there, with what the element before gave out), and the result is the list of what all of them give out");
        Exits::one(&id, Data::of(format!("steps.{id}.output.map(each, each.value)")))
    }

    pub(super) fn fork(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some(fork) = node.get("fork") else { return Exits::default() };
        let competes = fork.get("compete").and_then(Node::boolean).unwrap_or(false);
        let (mut step, id) = self.open(name, at, scope);
        let mut inner = scope.inner(at.data.clone());
        let mut results = Vec::new();
        let branches = fork.get("branches").map(Node::items).unwrap_or_default();
        for (branch, body) in branches.into_iter().filter_map(|branch| branch.entries().first().copied()) {
            let start = Entry { needs: Vec::new(), any: false, data: at.data.clone() };
            if let Some(then) = body.peek("then") {
                self.report.dropped(then, "branches of a `fork` end where they end: `then` is left out");
            }
            let exits = self.task(branch, body, start, &mut inner);
            results.extend(exits.onward.into_iter().next());
        }
        if results.is_empty() {
            return self.not_translated(name, node, fork, "`fork` has no branches that can be followed", at, scope);
        }
        let mut outputs = Map::new();
        let data = if competes {
            let winner = inner.names.claim("winner");
            let needs: Vec<String> = results.iter().map(|exit| exit.step.clone()).collect();
            let mut race = draft::step(&winner, None).with("needs", needs);
            race.put("join", Map::new().with("at_least", 1).with("rest", "cancel"));
            let value = results.iter().rev().fold("null".to_owned(), |rest, exit| {
                format!("has(steps.{}.output) ? {} : {rest}", exit.step, exit.data.expression())
            });
            inner.steps.push(race.with("set", Map::new().with("value", cel::whole(&value))));
            outputs.put("value", cel::whole(&format!("steps.{winner}.output.value")));
            Data::output(&id).field("value")
        } else {
            results.iter().for_each(|exit| outputs.put(&exit.step, cel::whole(&exit.data.expression())));
            let all: Vec<String> = results.iter().map(|exit| format!("steps.{id}.output.{}", exit.step)).collect();
            Data::of(format!("[{}]", all.join(", ")))
        };
        step.put("steps", inner.steps);
        step.put("outputs", outputs);
        scope.steps.push(step);
        Exits::one(&id, data)
    }

    pub(super) fn attempt(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let (Some(list), Some(catch)) = (node.get("try"), node.get("catch")) else {
            return self.not_translated(name, node, node, "`try` needs a list of tasks and a `catch`", at, scope);
        };
        let (mut step, id) = self.open(name, at, scope);
        let inner = scope.inner(at.data.clone());
        self.body(&mut step, list, inner);
        let retried = catch.get("retry").map(|retry| self.retry(retry));
        if let Some(retry) = &retried {
            step.put("retry", retry.clone());
        }
        if let Some(filter) = catch.get("errors") {
            self.report.dropped(filter, "only some errors are caught there; here all are: errors have classes, which `retry.classes` and `on_error` can name");
        }
        for key in ["when", "exceptWhen"] {
            self.report.drop_key(catch, key, "every error is caught; `on_error` with `when` can tell them apart");
        }
        let done = Exit::of(&id, Data::output(&id).field("value"));
        let Some(handler) = catch.get("do") else {
            if let Some(variable) = catch.peek("as") {
                self.report.dropped(variable, "nothing reads the error: there is no `do`");
            }
            if retried.is_none() {
                let classes =
                    vec!["transient", "timeout", "resource", "dependency", "validation", "security", "permanent", "unknown"];
                step.put("on_error", vec![Map::new().with("classes", classes).with("do", "continue")]);
            }
            scope.steps.push(step);
            return Exits { onward: vec![done], ..Exits::default() };
        };
        scope.steps.push(step);
        let mut inner = scope.inner(at.data.clone());
        let variable = catch.get("as").and_then(Node::text).unwrap_or("error").to_owned();
        inner.set_variable(&variable, problem_details(&format!("steps.{id}.error")));
        let caught = Entry { needs: vec![draft::need(&id, Some("failed"))], any: false, data: at.data.clone() };
        let (mut step, handler_id) = self.open(&format!("{name}_catch"), &caught, scope);
        self.body(&mut step, handler, inner);
        scope.steps.push(step);
        let handled = Exit::of(&handler_id, Data::output(&handler_id).field("value"));
        Exits { onward: vec![done, handled], ..Exits::default() }
    }

    pub(super) fn wait(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some(wait) = node.get("wait") else { return Exits::default() };
        let span: Yaml = match wait.string() {
            Some(text) if runtime::program(text).is_some() => {
                self.report.approximated(wait, "the duration is computed: it must be written as here (`1h30m`), not as PT1H30M");
                cel::whole(&self.expression(name, text, wait, at, scope).expression()).into()
            }
            _ => match self.span(wait) {
                Some(ms) => duration::text(ms).into(),
                None => return self.not_translated(name, node, wait, "its duration cannot be read", at, scope),
            },
        };
        let (step, id) = self.open(name, at, scope);
        scope.steps.push(step.with("wait", Map::new().with("for", span)));
        Exits::one(&id, at.data.clone())
    }

    pub(super) fn raise(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let error = node.get("raise").and_then(|raise| raise.get("error"));
        let error = error.map(|error| match error.string() {
            Some(name) => {
                self.usable.and_then(|usable| usable.get("errors")).and_then(|errors| errors.get(name)).unwrap_or(error)
            }
            None => error,
        });
        let mut env = Map::new();
        for (key, variable) in
            [("title", "TITLE"), ("detail", "DETAIL"), ("type", "TYPE"), ("status", "STATUS"), ("instance", "INSTANCE")]
        {
            if let Some(value) = error.and_then(|error| error.get(key)) {
                let json = value.value();
                let template = self.template(&json, name, value, at, scope);
                env.put(
                    variable,
                    match template {
                        Yaml::Plain(value) => value.to_string().into(),
                        other => other,
                    },
                );
            }
        }
        let (mut step, _) = self.open(name, at, scope);
        step.put("run", "echo \"${TITLE:-${TYPE:-error}}: ${DETAIL:-} (${STATUS:-})\" >&2\nexit 1\n");
        step.put_filled("env", env);
        scope.steps.push(step);
        self.report.approximated(node, "the error is raised by a script that writes it and fails: its class is `permanent`");
        self.report.drop_key(node, "then", "nothing follows an error that is raised");
        Exits::default()
    }
}

/// Whether a list of tasks has a loop somewhere in it.
fn has_loop(list: Node<'_>) -> bool {
    list.all().iter().any(|node| node.key() == "for")
}

/// An error of a step as the problem details that a handler reads there.
fn problem_details(error: &str) -> Data {
    let field = |name: &str| Data::of(format!("{error}.{name}"));
    let status = format!("(has({error}.details.status) ? {error}.details.status : null)");
    let fields = [
        ("type", field("class")),
        ("status", Data::of(status)),
        ("title", field("message")),
        ("detail", field("message")),
        ("details", field("details")),
    ];
    Data::Fields(fields.into_iter().map(|(name, data)| (name.to_owned(), data)).collect())
}
