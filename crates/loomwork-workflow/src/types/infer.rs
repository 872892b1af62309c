//! From a parsed expression to the type of its value, and what in it can never work.
//!
//! Invariant: whatever the expression evaluates to in a scope of the given types is a value of the inferred type;
//! `Never` is inferred only for what always fails. What fails in a part that may not be evaluated (a branch, the other
//! side of `||`, the body of a macro) is found too, but does not make the whole `Never`.
//! Not here: where an expression stands (`check`), and what steps give back (`outputs`).

use std::collections::HashMap;

use super::lattice::{Heads, Type};
use super::operators;
use crate::expression::{Code, Constant, Operator, Program, StepField};
use crate::text::Place;

/// What the names of an expression hold at its place.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) inputs: &'a Type,
    pub(crate) env: &'a Type,
    pub(crate) steps: &'a Steps<'a>,
    pub(crate) item: &'a Type,
    pub(crate) previous: &'a Type,
}

/// What the outputs of the steps of a scope hold, and of those around it, where the inner one wins.
#[derive(Default)]
pub(crate) struct Steps<'o> {
    pub(crate) own: HashMap<&'o str, Type>,
    /// Those whose output is null when they failed and the run went on, and where that is said.
    pub(crate) passed: HashMap<&'o str, Place>,
    pub(crate) outer: Option<&'o Steps<'o>>,
}

impl Steps<'_> {
    pub(crate) fn get(&self, id: &str) -> Option<&Type> {
        self.own.get(id).or_else(|| self.outer.and_then(|outer| outer.get(id)))
    }

    /// Where it is said that the run goes on when a step fails, if it is.
    pub(crate) fn passed(&self, id: &str) -> Option<Place> {
        let known = self.passed.get(id).copied();
        known.or_else(|| self.outer.filter(|_| !self.own.contains_key(id)).and_then(|outer| outer.passed(id)))
    }
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FindingKind {
    /// An operation that fails whatever the values are.
    Fails,
    /// A comparison that is always false, or always true.
    Compares,
    /// An operation that means something else, or fails, when a number has a fraction.
    Fraction,
    /// A field that a closed object lacks.
    Lacks,
    /// A field that an open object is not known to have, though one with nearly this name.
    Resembles,
}

/// Something that can never work, or never be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: FindingKind,
    /// What it is about, as it is written: an operator, a function or a field.
    pub(crate) word: String,
    pub(crate) message: String,
    /// What may be meant in place of the word.
    pub(crate) suggestion: Option<String>,
}

/// The type of an expression's value, and what was found in it.
pub(crate) fn infer(program: &Program, view: View<'_>) -> (Type, Vec<Finding>) {
    let mut inference = Inference { view, locals: Vec::new(), findings: Vec::new() };
    let of = inference.infer(&program.code);
    (of, inference.findings)
}

/// The fields of a step's error.
pub(crate) fn error_type() -> Type {
    let fields = [
        ("class", Type::Text),
        ("message", Type::Text),
        ("details", Type::Dyn),
        ("recoverable", Type::Bool),
        ("suggested_action", Type::Text),
    ];
    Type::object(fields.map(|(name, field)| (name.to_owned(), field)), false)
}

/// `run`; `run.started_at` by itself is a moment.
pub(crate) fn run_type() -> Type {
    let trigger = [("kind".to_owned(), Type::Text), ("actor".to_owned(), Type::Text)];
    let fields = [("id", Type::Text), ("started_at", Type::Text), ("trigger", Type::object(trigger, true))];
    Type::object(fields.map(|(name, field)| (name.to_owned(), field)), true)
}

/// `pass`: its number, and the output of the pass before.
pub(crate) fn pass_type(previous: &Type) -> Type {
    Type::object([("index".to_owned(), Type::Int), ("previous".to_owned(), previous.clone())], false)
}

/// `event`, in the condition of a wait.
pub(crate) fn event_type() -> Type {
    Type::object([("name".to_owned(), Type::Text), ("data".to_owned(), Type::Dyn)], false)
}

pub(super) struct Inference<'a> {
    view: View<'a>,
    pub(super) locals: Vec<Type>,
    pub(super) findings: Vec<Finding>,
}

impl Inference<'_> {
    pub(super) fn infer(&mut self, code: &Code) -> Type {
        match code {
            Code::Constant(constant) => of_constant(constant),
            Code::Type(_) => Type::Type,
            Code::Local(slot) => self.locals.get(*slot).cloned().unwrap_or(Type::Dyn),
            Code::Inputs => self.view.inputs.clone(),
            Code::Env => self.view.env.clone(),
            Code::Run => run_type(),
            Code::StartedAt => Type::Timestamp,
            Code::Given(name) => self.given(name),
            Code::Secret(_) => Type::Dyn,
            Code::Step { step, field } => match field {
                StepField::Output => self.view.steps.get(step).cloned().unwrap_or(Type::Dyn),
                StepField::Status => Type::Text,
                StepField::Error => error_type(),
                StepField::Attempts => Type::Int,
                StepField::Duration => Type::Duration,
            },
            Code::Select(operand, field) => {
                let of = self.infer(operand);
                self.select(&of, operand, field)
            }
            // Asking whether something is there is never wrong, and says no more than yes or no.
            Code::Has(operand) => {
                let before = self.findings.len();
                self.infer(operand);
                self.findings.truncate(before);
                Type::Bool
            }
            Code::Index(operand, at) => self.index(operand, at),
            Code::List(items) => {
                let items: Vec<Type> = items.iter().map(|item| self.infer(item)).collect();
                if items.contains(&Type::Never) { Type::Never } else { Type::list(Type::any_of(items)) }
            }
            Code::Map(entries) => self.map(entries),
            Code::And(left, right) => self.logical(left, right, "&&"),
            Code::Or(left, right) => self.logical(left, right, "||"),
            Code::Not(operand) => {
                let of = self.infer(operand);
                if self.boolean(&of, "!") { Type::Bool } else { Type::Never }
            }
            Code::Negate(operand) => {
                let of = self.infer(operand);
                let given = of.only(Heads::NUMBER.or(Heads::DURATION));
                if of.is_any() { Type::number().or(Type::Duration) } else { self.fits(given, &of, "-", "`-` does not take") }
            }
            Code::If(condition, then, otherwise) => {
                let of = self.infer(condition);
                let fits = self.boolean(&of, "?");
                let either = self.infer(then).or(self.infer(otherwise));
                if fits { either } else { Type::Never }
            }
            Code::Binary(operator, left, right) => {
                let whole = [right, left].into_iter().find_map(|side| match **side {
                    Code::Constant(Constant::Int(number)) => Some(number),
                    _ => None,
                });
                let (left, right) = (self.infer(left), self.infer(right));
                self.binary(*operator, &left, &right, whole)
            }
            Code::Call(builtin, arguments) => {
                let arguments: Vec<Type> = arguments.iter().map(|argument| self.infer(argument)).collect();
                self.call(builtin, &arguments)
            }
            Code::Matches(text, _) => {
                let of = self.infer(text);
                let given = if of.heads().meets(Heads::TEXT) { Type::Bool } else { Type::Never };
                self.fits(given, &of, "matches", "`matches` takes text, not")
            }
            Code::Bind(value, inside) => self.bind(value, inside),
            Code::Fold { fold, range, filter, body } => self.fold(*fold, range, filter.as_deref(), body),
        }
    }

    fn given(&self, name: &str) -> Type {
        match name {
            "item" => self.view.item.clone(),
            "index" => Type::Int,
            "pass" => pass_type(self.view.previous),
            _ => event_type(),
        }
    }

    /// Reports that something does not fit when nothing is left of it.
    pub(super) fn fits(&mut self, given: Type, of: &Type, word: &str, message: &str) -> Type {
        if given == Type::Never && *of != Type::Never {
            self.fails(word, format!("{message} {of}."));
        }
        given
    }

    pub(super) fn fails(&mut self, word: &str, message: String) {
        self.findings.push(Finding { kind: FindingKind::Fails, word: word.to_owned(), message, suggestion: None });
    }

    fn boolean(&mut self, of: &Type, word: &str) -> bool {
        if of.heads().meets(Heads::BOOL) {
            return true;
        }
        if *of != Type::Never {
            let sign = if word == "?" { "? :" } else { word };
            self.fails(word, format!("`{sign}` takes true or false, not {of}."));
        }
        false
    }

    /// A decisive side hides a failure of the other, so only two failures fail.
    fn logical(&mut self, left: &Code, right: &Code, word: &str) -> Type {
        let (left, right) = (self.infer(left), self.infer(right));
        let (left, right) = (self.boolean(&left, word), self.boolean(&right, word));
        if left || right { Type::Bool } else { Type::Never }
    }

    fn select(&mut self, of: &Type, operand: &Code, field: &str) -> Type {
        if *of == Type::Dyn || *of == Type::Never {
            return of.clone();
        }
        let mut found = Type::Never;
        let mut lacking = None;
        for member in of.members() {
            match member {
                Type::Map(value) => found = found.or(Type::clone(value)),
                Type::Object(object) | Type::Loose(object) => match object.fields.get(field) {
                    // A field that always fails is a fault of its own, reported where it stands.
                    Some(known) => found = found.or(if *known == Type::Never { Type::Dyn } else { known.clone() }),
                    None => {
                        found = if object.open { Type::Dyn } else { found };
                        lacking = Some(object);
                    }
                },
                _ => {}
            }
        }
        match lacking {
            Some(object) => {
                let nearest = crate::nearest(field, object.fields.keys().map(String::as_str));
                // What is not declared under `inputs` and `env` is reported as such.
                let declared = matches!(operand, Code::Inputs | Code::Env);
                let kind = if object.open { FindingKind::Resembles } else { FindingKind::Lacks };
                if found == Type::Never || (kind == FindingKind::Resembles && nearest.is_some() && !declared) {
                    self.lacks(kind, operand, field, object.fields.keys(), nearest);
                }
                found
            }
            None if found == Type::Never => {
                self.fails(field, format!("`{}` is {of}, which has no field `{field}`.", described(operand)));
                Type::Never
            }
            None => found,
        }
    }

    fn lacks<'k>(
        &mut self,
        kind: FindingKind,
        operand: &Code,
        field: &str,
        known: impl Iterator<Item = &'k String>,
        nearest: Option<String>,
    ) {
        let mut names: Vec<&str> = known.map(String::as_str).take(9).collect();
        if names.len() > 8 {
            names.truncate(8);
            names.push("…");
        }
        let meant = nearest.as_ref().map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
        let has = if names.is_empty() { "it is empty".to_owned() } else { format!("it has {}", names.join(", ")) };
        let message = format!("`{}` has no `{field}`; {has}.{meant}", described(operand));
        self.findings.push(Finding { kind, word: field.to_owned(), message, suggestion: nearest });
    }

    fn index(&mut self, operand: &Code, at: &Code) -> Type {
        let of = self.infer(operand);
        if let Code::Constant(Constant::Text(field)) = at
            && (matches!(of, Type::Loose(_)) || !of.heads().meets(Heads::LIST))
        {
            return self.select(&of, operand, field);
        }
        let at = self.infer(at);
        if of == Type::Never || at == Type::Never {
            return Type::Never;
        }
        if of.is_any() {
            return Type::Dyn;
        }
        let mut found = Type::Never;
        for member in of.members() {
            match member {
                Type::List(_) if at.heads().meets(Heads::NUMBER) => found = found.or(member.elements()),
                Type::Map(value) if at.heads().meets(operators::KEYS) => found = found.or(Type::clone(value)),
                Type::Object(_) if at.heads().meets(operators::KEYS) => found = Type::Dyn,
                _ => {}
            }
        }
        self.fits(found, &of, "[", &format!("With {at} as an index nothing is found in"))
    }

    fn map(&mut self, entries: &[(Code, Code)]) -> Type {
        let mut fields = Vec::with_capacity(entries.len());
        let mut named = true;
        let mut fails = false;
        for (key, value) in entries {
            let (of_key, of_value) = (self.infer(key), self.infer(value));
            if of_key != Type::Never && !of_key.heads().meets(operators::KEYS) {
                self.fails("", format!("{of_key} cannot be a key."));
            }
            fails |= !of_key.heads().meets(operators::KEYS) || of_value == Type::Never;
            match key {
                Code::Constant(Constant::Text(name)) => fields.push((name.to_string(), of_value)),
                _ => {
                    named = false;
                    fields.push((String::new(), of_value));
                }
            }
        }
        match (fails, named) {
            (true, _) => Type::Never,
            (false, true) => Type::object(fields, false),
            (false, false) => Type::map(Type::any_of(fields.into_iter().map(|(_, value)| value))),
        }
    }

    /// What an operator gives; a number may be written out at one of its sides.
    fn binary(&mut self, operator: Operator, left: &Type, right: &Type, whole: Option<i64>) -> Type {
        if *left == Type::Never || *right == Type::Never {
            return Type::Never;
        }
        let sign = operators::sign(operator);
        let given = operators::result(operator, left, right);
        if given == Type::Never {
            let hint = operators::hint(operator, left, right);
            self.fails(sign, format!("`{sign}` does not take {left} and {right}{hint}."));
        } else if operators::never_equal(operator, left, right) {
            let always = if operator == Operator::NotEqual { "true" } else { "false" };
            let message = format!("{left} and {right} are never equal, so this is always {always}.");
            let word = sign.to_owned();
            self.findings.push(Finding { kind: FindingKind::Compares, word, message, suggestion: None });
        } else if operators::depends_on_fraction(operator, left, right) {
            let message = if operator == Operator::Divide {
                let keep = whole.map_or_else(
                    || "Write `double(…)` around one of them".to_owned(),
                    |number| format!("Write `{number}.0` for `{number}`, or `double(…)`,"),
                );
                format!(
                    "`/` drops the fraction when both numbers are whole (7 / 2 is 3), and here that depends on the values. {keep} to keep it."
                )
            } else {
                "`%` takes whole numbers only, and here it depends on the values whether they are. Write `int(…)`.".to_owned()
            };
            let word = sign.to_owned();
            self.findings.push(Finding { kind: FindingKind::Fraction, word, message, suggestion: None });
        }
        given
    }
}

fn of_constant(constant: &Constant) -> Type {
    match constant {
        Constant::Null => Type::Null,
        Constant::Bool(_) => Type::Bool,
        Constant::Int(_) | Constant::UInt(_) => Type::Int,
        Constant::Double(_) => Type::Double,
        Constant::Text(_) => Type::Text,
        Constant::Bytes(_) => Type::Bytes,
    }
}

/// What an expression reads, as far as it is a chain of names.
fn described(code: &Code) -> String {
    match code {
        Code::Inputs => "inputs".to_owned(),
        Code::Env => "env".to_owned(),
        Code::Run => "run".to_owned(),
        Code::Given(name) => (*name).to_owned(),
        Code::Step { step, field } => format!("steps.{step}.{}", field.word()),
        Code::Select(operand, field) => format!("{}.{field}", described(operand)),
        Code::Index(operand, _) => format!("{}[…]", described(operand)),
        _ => "the value".to_owned(),
    }
}
