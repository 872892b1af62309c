//! What all tasks have in common: `if`, `input`, `output`, `export`, `timeout`, and values with expressions in them.

use std::collections::HashSet;

use serde_json::Value;

use super::data::{Data, Kind};
use super::flow::{Entry, Exit, Exits, Scope};
use super::jq;
use super::runtime::{self, Piece};
use super::{Importing, MAX_MADE};
use crate::cel::{self, Part};
use crate::draft;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

impl<'s> Importing<'s, '_> {
    /// Makes the steps of one task.
    pub(super) fn task(&mut self, name: &str, node: Node<'s>, mut at: Entry, scope: &mut Scope) -> Exits {
        self.made += 1;
        scope.set_variable("input", at.data.clone());
        let mut skipping = Vec::new();
        if let Some(condition) = node.get("if")
            && let Some(text) = condition.text()
        {
            let value = self.expression(name, text, condition, &mut at, scope);
            let id = scope.names.claim(&format!("{name}_if"));
            let mut step = draft::step(&id, None);
            at.put(&mut step);
            step.put("choose", Map::new().with("run", cel::whole(&value.expression())).with("else", "skip"));
            scope.steps.push(step);
            skipping.push(Exit { step: id.clone(), port: Some("skip".to_owned()), data: at.data.clone() });
            at.needs = vec![draft::need(&id, Some("run"))];
            at.any = false;
        }
        at.data = self.shaped(node, "input", at.data.clone(), scope, name);
        scope.set_variable("input", at.data.clone());
        let first = scope.steps.len();
        let mut exits = self.kind(name, node, &at, scope);
        exits.skipping.append(&mut skipping);
        if let Some(timeout) = self.timeout(node)
            && let Some(step) = scope.steps[first..].last_mut()
        {
            step.put("timeout", timeout);
        }
        self.report.drop_key(node, "metadata", "steps carry no metadata; a comment can hold it");
        scope.set_variable("input", at.data.clone());
        if let [only] = exits.onward.as_mut_slice() {
            only.data = self.shaped(node, "output", only.data.clone(), scope, &only.step.clone());
            if let Some(export) = node.get("export").and_then(|export| export.get("as")) {
                let data = only.data.clone();
                scope.set_variable("output", data.clone());
                let exported = self.reshaped(export, &data, scope, &only.step.clone());
                scope.drop_variable("output");
                scope.set_variable("context", exported);
            }
        }
        exits
    }

    fn kind(&mut self, name: &str, node: Node<'s>, at: &Entry, scope: &mut Scope) -> Exits {
        type Maker<'s, 'r> = fn(&mut Importing<'s, 'r>, &str, Node<'s>, &mut Entry, &mut Scope) -> Exits;
        let makers: [(&str, Maker<'s, '_>); 12] = [
            ("call", Importing::call),
            ("set", Importing::set),
            ("switch", Importing::switch),
            ("for", Importing::each),
            ("fork", Importing::fork),
            ("try", Importing::attempt),
            ("do", Importing::group),
            ("run", Importing::process),
            ("wait", Importing::wait),
            ("listen", Importing::listen),
            ("emit", Importing::emit),
            ("raise", Importing::raise),
        ];
        let mut at = at.clone();
        if self.made <= MAX_MADE {
            for (key, maker) in makers {
                if node.has(key) {
                    return maker(self, name, node, &mut at, scope);
                }
            }
        }
        self.not_translated(name, node, node, "the task does nothing that is known", &at, scope)
    }

    /// A step that fails until a person replaces it.
    pub(super) fn not_translated(
        &mut self,
        name: &str,
        node: Node<'s>,
        place: Node<'s>,
        why: &str,
        at: &Entry,
        scope: &mut Scope,
    ) -> Exits {
        let (mut step, id) = self.open(name, at, scope);
        self.worked_out.insert(node.path());
        self.report.placeholder(
            place,
            format!("the task `{name}` cannot be translated: {why}. Its step fails until you replace it by an action."),
        );
        step.comment.push(format!("was: {}", node.value()));
        draft::placeholder(
            &mut step,
            &format!("The task {name} could not be translated: {why}. Replace this step by an action."),
        );
        scope.steps.push(step);
        Exits::one(&id, Data::output(&id))
    }

    /// A step with its id and edges.
    pub(super) fn open(&mut self, name: &str, at: &Entry, scope: &mut Scope) -> (Map, String) {
        let id = scope.names.claim(name);
        let mut step = draft::step(&id, Some(name));
        at.put(&mut step);
        (step, id)
    }

    /// What `input.from` or `output.as` makes of the data.
    pub(super) fn shaped(&mut self, node: Node<'s>, key: &str, data: Data, scope: &mut Scope, name: &str) -> Data {
        let Some(shape) = node.get(key).filter(|shape| shape.is_map()) else { return data };
        if !node.path().is_empty() {
            self.report.drop_key(
                shape,
                "schema",
                "data between steps is not checked against a schema; `expect` of a request and `output_schema` of an agent are",
            );
        }
        match shape.get(if key == "input" { "from" } else { "as" }).filter(|_| !(node.path().is_empty() && key == "input")) {
            Some(program) => self.reshaped(program, &data, scope, name),
            None => data,
        }
    }

    /// A value that is made from the data; it may need a step with `jq`.
    pub(super) fn reshaped(&mut self, node: Node<'s>, data: &Data, scope: &mut Scope, name: &str) -> Data {
        let mut at = Entry { needs: Vec::new(), any: false, data: data.clone() };
        let shaped = match node.string() {
            Some(text) => self.expression(name, text, node, &mut at, scope),
            None => {
                let value = node.value();
                self.data(&value, name, node, &mut at, scope)
            }
        };
        self.kept_short(shaped, name, node, scope)
    }

    /// Data that takes a long expression is kept in a step: what is made of it would grow without end.
    pub(super) fn kept_short(&mut self, data: Data, name: &str, place: Node<'s>, scope: &mut Scope) -> Data {
        let expression = data.expression();
        if expression.len() <= cel::LONGEST / 4 {
            return data;
        }
        if expression.len() > cel::LONGEST {
            self.report.approximated(
                place,
                "it makes an expression that is longer than the language takes: divide it into several `set` steps",
            );
        }
        let id = scope.names.claim(&format!("{name}_data"));
        scope.steps.push(draft::step(&id, None).with("set", Map::new().with("value", cel::whole(&expression))));
        self.made += 1;
        Data::output(&id).field("value")
    }

    /// The value of a program, with or without `${ }` around it. What is more than our expressions know becomes a step.
    pub(super) fn expression(&mut self, name: &str, text: &str, place: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Data {
        self.worked_out.insert(place.path());
        let program = runtime::program(text).unwrap_or(text);
        if let Some(translated) = jq::translate(program, &at.data, &scope.variables) {
            for (input, kind) in translated.inputs {
                self.infer(&input, kind, place);
            }
            self.secrets_of(&translated.data, place);
            return translated.data;
        }
        let id = scope.names.claim(&format!("{name}_value"));
        let mut step = draft::step(&id, None);
        at.put(&mut step);
        let used: Vec<(String, Data)> =
            scope.variables.iter().filter(|(variable, _)| names(program, variable)).cloned().collect();
        let known = |word: &str| used.iter().any(|(variable, _)| variable == word);
        let given = ["workflow", "task", "runtime", "secrets", "authorization", "input", "output"];
        let unknown: Vec<&str> = given.into_iter().filter(|word| names(program, word) && !known(word)).collect();
        if unknown.is_empty() {
            self.report.translated(
                place,
                format!("`{program}` is more than paths and comparisons: it became the step `{id}` with the action `jq`"),
            );
        } else {
            self.report.placeholder(
                place,
                format!(
                    "`{program}` reads ${}, which is not there: the step `{id}` fails until you change its program",
                    unknown.join(", $")
                ),
            );
        }
        let input = at.data.expression();
        let (program, input) = if used.is_empty() {
            (program.to_owned(), Yaml::from(cel::whole(&input)))
        } else {
            let bound: String = used.iter().map(|(variable, _)| format!(".{variable} as ${variable} | ")).collect();
            let map = used.iter().fold(Map::new(), |map, (variable, data)| map.with(variable, cel::whole(&data.expression())));
            (format!("{bound}.data | ({program})"), map.with("data", cel::whole(&input)).into())
        };
        step.put("jq", Map::new().with("program", cel::escape(&program)).with("input", input));
        scope.steps.push(step);
        self.made += 1;
        at.behind(&id);
        Data::output(&id)
    }

    /// Declares the secrets that a value reads. Not everywhere can there be one.
    fn secrets_of(&mut self, data: &Data, place: Node<'s>) {
        let secrets = data.secrets();
        for secret in &secrets {
            self.workflow.secret(secret);
        }
        let takes = ["headers", "body", "environment", "arguments", "bearer", "basic", "error"];
        if let Some(secret) = secrets.first()
            && !place.path().split('/').any(|key| takes.contains(&key))
        {
            self.report.placeholder(
                place,
                format!(
                    "the secret `{secret}` cannot stand here, where it would be stored or shown: the file is not valid until you read it in `env`, headers, auth, a body or arguments of a tool instead"
                ),
            );
        }
    }

    /// The parts of a text with expressions in it; none when there are none, or it is one expression as a whole.
    pub(super) fn mixed(
        &mut self,
        name: &str,
        text: &str,
        place: Node<'s>,
        at: &mut Entry,
        scope: &mut Scope,
    ) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        for piece in runtime::pieces(text)? {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text.to_owned())),
                Piece::Program(program) => match self.expression(name, program, place, at, scope) {
                    Data::Text(inner) => parts.extend(inner),
                    value => parts.push(Part::Expression(value.expression())),
                },
            }
        }
        Some(parts)
    }

    /// Says which expressions stay as they are written, because nothing was made of them.
    pub(super) fn report_unused(&self, root: Node<'s>) {
        let left_out = self.report.left_out();
        for node in root.all().into_iter().filter(|node| !node.untouched()) {
            let Some(text) = node.string().filter(|text| text.contains("${")) else { continue };
            let is_program = match runtime::pieces(text) {
                // In a script, `${ }` mostly belongs to its own language.
                Some(pieces) if node.key() == "code" => {
                    pieces.iter().any(|piece| matches!(piece, Piece::Program(program) if program.starts_with('.')))
                }
                found => found.is_some() || runtime::program(text).is_some(),
            };
            if is_program && !covered(&node.path(), &self.worked_out) && !covered(&node.path(), &left_out) {
                self.report.approximated(
                    node,
                    "its `${ … }` stays as it is written: no expression is worked out there. Write the value by hand",
                );
            }
        }
    }

    /// Declares an input that nobody declared, after its use.
    pub(super) fn infer(&mut self, input: &str, kind: Kind, place: Node<'s>) {
        if self.workflow.inputs.has(input) {
            return;
        }
        if !self.inferred.contains_key(input) {
            self.report.approximated(
                place,
                format!(
                    "the input `{input}` is used here but no schema declares it; it was declared after its use: check its type"
                ),
            );
        }
        let known = self.inferred.entry(input.to_owned()).or_insert(kind);
        if *known == Kind::String {
            *known = kind;
        }
    }

    /// A value with expressions in its texts.
    pub(super) fn data(&mut self, value: &Value, name: &str, place: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Data {
        match value {
            Value::String(text) if runtime::program(text).is_some() => self.expression(name, text, place, at, scope),
            Value::String(text) => match self.mixed(name, text, place, at, scope) {
                Some(parts) => Data::text(parts),
                None => Data::of(cel::quote(text)),
            },
            Value::Object(entries) => {
                let fields = entries.iter().map(|(key, value)| (key.clone(), self.data(value, name, place, at, scope))).collect();
                Data::Fields(fields)
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.data(item, name, place, at, scope).expression()).collect();
                Data::of(format!("[{}]", items.join(", ")))
            }
            other => Data::of(cel::literal(other)),
        }
    }

    /// The same as a template.
    pub(super) fn template(&mut self, value: &Value, name: &str, place: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Yaml {
        match value {
            Value::String(text) if runtime::program(text).is_some() => self.expression(name, text, place, at, scope).template(),
            Value::String(text) => match self.mixed(name, text, place, at, scope) {
                Some(parts) => cel::template(&parts).into(),
                None => cel::escape(text).into(),
            },
            Value::Object(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let value = self.template(value, name, place, at, scope);
                    map.put(key, value);
                }
                map.into()
            }
            Value::Array(items) => {
                let items: Vec<Yaml> = items.iter().map(|item| self.template(item, name, place, at, scope)).collect();
                items.into()
            }
            other => Yaml::Plain(other.clone()),
        }
    }

    /// A map of values, or an expression that gives one.
    pub(super) fn template_map(&mut self, node: Node<'s>, name: &str, at: &mut Entry, scope: &mut Scope) -> Map {
        let mut map = Map::new();
        for (key, value) in node.entries() {
            let json = value.value();
            let template = self.template(&json, name, value, at, scope);
            map.put(key, template);
        }
        if let Some(text) = node.string() {
            self.report
                .dropped(node, format!("`{text}` makes the whole map at once, which cannot be translated: write its entries"));
        }
        map
    }
}

/// Whether a place, or one that it lies in, is among some.
fn covered(path: &str, places: &HashSet<String>) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| places.contains(&path[..end]))
}

/// Whether a program reads a variable.
fn names(program: &str, variable: &str) -> bool {
    let sign = format!("${variable}");
    program
        .match_indices(&sign)
        .any(|(at, _)| !program[at + sign.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}
