//! Lowers CEL's syntax tree to a `Program`: resolves names and functions, collects what is read.
//!
//! Invariant: recursion is bounded by `MAX_DEPTH`, whatever the source.

mod call;
mod fold;
mod guard;
mod parse;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::meter::MAX_DEPTH;
use super::program::{Code, Constant, Problem, ProblemKind, Read, Reference, Root, StepField};

const ROOTS: [&str; 4] = ["inputs", "steps", "env", "run"];
/// What is in scope at some places only.
const GIVEN: [&str; 4] = ["item", "index", "pass", "event"];
/// Names that a macro over a list cannot take for its elements.
const RESERVED_ROOTS: [&str; 8] = ["inputs", "steps", "env", "run", "secrets", "item", "index", "pass"];
const TYPES: [(&str, &str); 11] = [
    ("int", "int"),
    ("uint", "uint"),
    ("double", "double"),
    ("bool", "bool"),
    ("string", "string"),
    ("bytes", "bytes"),
    ("list", "list"),
    ("map", "map"),
    ("null_type", "null_type"),
    ("type", "type"),
    ("dyn", "dyn"),
];
const STEP_FIELDS: [(&str, StepField); 5] = [
    ("output", StepField::Output),
    ("status", StepField::Status),
    ("error", StepField::Error),
    ("attempts", StepField::Attempts),
    ("duration", StepField::Duration),
];

struct Lowering<'s> {
    source: &'s str,
    locals: Vec<String>,
    /// Steps whose output is known to be there, by an enclosing `has()`.
    guards: Vec<String>,
    in_has: usize,
    references: Vec<Reference>,
    roots: Vec<Root>,
    problems: Vec<Problem>,
}

impl Lowering<'_> {
    fn problem(&mut self, kind: ProblemKind, word: &str, message: String, suggestion: Option<String>) {
        let (start, end) = find_word(self.source, word);
        self.problems.push(Problem { kind, message, start, end, suggestion });
    }

    fn lower_box(&mut self, node: &IdedExpr, depth: usize) -> Option<Box<Code>> {
        self.lower(node, depth + 1).map(Box::new)
    }

    fn lower(&mut self, node: &IdedExpr, depth: usize) -> Option<Code> {
        if depth > MAX_DEPTH {
            if !self.problems.iter().any(|problem| problem.kind == ProblemKind::TooLarge) {
                let message = format!("the expression is nested deeper than {MAX_DEPTH} levels");
                self.problems.push(Problem {
                    kind: ProblemKind::TooLarge,
                    message,
                    start: 0,
                    end: self.source.len(),
                    suggestion: None,
                });
            }
            return None;
        }
        match &node.expr {
            Expr::Literal(literal) => Some(Code::Constant(constant(literal))),
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) => self.select(select, depth),
            Expr::Call(call) => self.call(call, depth),
            Expr::List(list) => self.all(&list.elements, depth).map(Code::List),
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return self.unsupported("message literals");
                    };
                    let key = self.lower(&entry.key, depth + 1);
                    let value = self.lower(&entry.value, depth + 1);
                    entries.push(key.zip(value));
                }
                entries.into_iter().collect::<Option<Vec<_>>>().map(Code::Map)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
            Expr::Struct(_) => self.unsupported("message literals"),
            Expr::Unspecified => self.unsupported("this"),
        }
    }

    fn unsupported(&mut self, what: &str) -> Option<Code> {
        let message = format!("{what} cannot stand in an expression here");
        self.problems.push(Problem { kind: ProblemKind::Syntax, message, start: 0, end: self.source.len(), suggestion: None });
        None
    }

    /// Lowers all, so that the problems of all are found.
    fn all(&mut self, nodes: &[IdedExpr], depth: usize) -> Option<Vec<Code>> {
        let lowered: Vec<_> = nodes.iter().map(|node| self.lower(node, depth + 1)).collect();
        lowered.into_iter().collect()
    }

    fn ident(&mut self, name: &str) -> Option<Code> {
        if let Some(slot) = self.locals.iter().rposition(|local| local == name) {
            return Some(Code::Local(slot));
        }
        match name {
            "inputs" => return Some(Code::Inputs),
            "env" => return Some(Code::Env),
            "run" => return Some(Code::Run),
            "steps" => {
                let message = "`steps` must be followed by the id of a step: `steps.my_step.output`".to_owned();
                self.problem(ProblemKind::DynamicStep, name, message, None);
                return None;
            }
            "secrets" => {
                let message = "name the secret: `secrets.MY_SECRET`".to_owned();
                self.problem(ProblemKind::SecretInside, name, message, None);
                return None;
            }
            _ => {}
        }
        if let Some(given) = GIVEN.into_iter().find(|given| *given == name) {
            self.roots.push(Root::Local(given));
            return Some(Code::Given(given));
        }
        if let Some((_, type_name)) = TYPES.into_iter().find(|(known, _)| *known == name) {
            return Some(Code::Type(type_name));
        }
        let suggestion = self.near(name);
        let meant = suggestion.as_ref().map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
        let message = format!("`{name}` is not known; in scope are `inputs`, `steps`, `env`, `run` and `secrets`.{meant}");
        self.problem(ProblemKind::UnknownName, name, message, suggestion);
        None
    }

    /// `steps.x` or `steps['x']`.
    fn step_of<'n>(&mut self, node: &'n IdedExpr) -> Option<&'n str> {
        let is_steps = |operand: &IdedExpr, locals: &[String]| {
            matches!(&operand.expr, Expr::Ident(name) if name == "steps") && !locals.iter().any(|local| local == "steps")
        };
        match &node.expr {
            Expr::Select(select) if is_steps(&select.operand, &self.locals) => Some(&select.field),
            Expr::Call(call) if call.func_name == operators::INDEX && is_steps(call.args.first()?, &self.locals) => {
                match &call.args.get(1)?.expr {
                    Expr::Literal(LiteralValue::String(name)) => Some(name.inner()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn select(&mut self, select: &SelectExpr, depth: usize) -> Option<Code> {
        if select.test {
            self.in_has += 1;
            let operand = self.field(&select.operand, &select.field, depth);
            self.in_has -= 1;
            return operand.map(|operand| Code::Has(Box::new(operand)));
        }
        self.field(&select.operand, &select.field, depth)
    }

    fn field(&mut self, operand: &IdedExpr, field: &str, depth: usize) -> Option<Code> {
        if let Expr::Ident(name) = &operand.expr
            && !self.locals.contains(name)
        {
            match name.as_str() {
                "steps" => {
                    let message = format!(
                        "say what is read from step `{field}`: `steps.{field}.output`, `.status`, `.error`, `.attempts` or `.duration`"
                    );
                    self.references.push(Reference {
                        step: field.to_owned(),
                        read: Read::Settled,
                        field: String::new(),
                        key: None,
                    });
                    self.problem(ProblemKind::UnknownField, field, message, None);
                    return None;
                }
                "inputs" => self.roots.push(Root::Input(field.to_owned())),
                "env" => self.roots.push(Root::Env(field.to_owned())),
                "secrets" => {
                    self.roots.push(Root::Secret(field.to_owned()));
                    return Some(Code::Secret(field.to_owned()));
                }
                "run" if field == "started_at" => return Some(Code::StartedAt),
                "run" if !matches!(field, "id" | "trigger") => {
                    let suggestion = crate::nearest(field, ["id", "started_at", "trigger"]);
                    let message = format!("`run` has `id`, `started_at` and `trigger`, not `{field}`");
                    self.problem(ProblemKind::UnknownField, field, message, suggestion);
                    return None;
                }
                _ if self.is_like_a_step(name, field) => {
                    let meant = format!("steps.{name}");
                    let message = format!("`{name}` is not known. What a step has is read as `{meant}.{field}`.");
                    self.problem(ProblemKind::UnknownName, name, message, Some(meant));
                    return None;
                }
                _ => {}
            }
        }
        if let Some(step) = self.step_of(operand) {
            return self.step(step, field);
        }
        if let Some((step, StepField::Output)) = self.step_read(operand) {
            let code = self.step(step, "output");
            if let Some(last) = self.references.last_mut() {
                last.key = Some(field.to_owned());
            }
            return code.map(|code| Code::Select(Box::new(code), field.to_owned()));
        }
        self.lower_box(operand, depth).map(|operand| Code::Select(operand, field.to_owned()))
    }

    /// Whether an unknown name, which is like no known one, is asked for what steps have.
    fn is_like_a_step(&self, name: &str, field: &str) -> bool {
        let is_known = GIVEN.contains(&name) || TYPES.into_iter().any(|(known, _)| known == name);
        !is_known && self.near(name).is_none() && STEP_FIELDS.into_iter().any(|(known, _)| known == field)
    }

    /// The name in scope that is nearest to one that is not known.
    fn near(&self, name: &str) -> Option<String> {
        crate::nearest(name, ROOTS.into_iter().chain(self.locals.iter().map(String::as_str)))
    }

    /// `steps.x.output` and the like, written with dots.
    fn step_read<'n>(&mut self, node: &'n IdedExpr) -> Option<(&'n str, StepField)> {
        let Expr::Select(select) = &node.expr else {
            return None;
        };
        let step = self.step_of(&select.operand)?;
        STEP_FIELDS.into_iter().find(|(name, _)| *name == select.field).map(|(_, field)| (step, field))
    }

    fn step(&mut self, step: &str, field: &str) -> Option<Code> {
        let known = STEP_FIELDS.into_iter().find(|(name, _)| *name == field);
        let guarded = self.in_has > 0 || self.guards.iter().any(|guard| guard == step);
        let read = if matches!(known, Some((_, StepField::Output))) && !guarded { Read::Output } else { Read::Settled };
        self.references.push(Reference { step: step.to_owned(), read, field: field.to_owned(), key: None });
        let Some((_, kind)) = known else {
            let suggestion = crate::nearest(field, STEP_FIELDS.into_iter().map(|(name, _)| name));
            let meant = suggestion.as_ref().map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
            let message = format!("a step has `output`, `status`, `error`, `attempts` and `duration`, not `{field}`.{meant}");
            self.problem(ProblemKind::UnknownField, field, message, suggestion);
            return None;
        };
        Some(Code::Step { step: step.to_owned(), field: kind })
    }
    fn index(&mut self, args: &[IdedExpr], depth: usize) -> Option<Code> {
        let [operand, at] = args else { return None };
        let literal = match &at.expr {
            Expr::Literal(LiteralValue::String(name)) => Some(name.inner()),
            _ => None,
        };
        if let Some(name) = literal {
            let is_root = matches!(&operand.expr, Expr::Ident(root) if RESERVED_ROOTS.contains(&root.as_str()));
            if is_root || self.step_of(operand).is_some() || self.step_read(operand).is_some() {
                return self.field(operand, name, depth);
            }
        } else if matches!(&operand.expr, Expr::Ident(name) if name == "steps") || self.step_of(operand).is_some() {
            let message = "which step is read must be written out: `steps.my_step.output`".to_owned();
            self.problem(ProblemKind::DynamicStep, "steps", message, None);
            return None;
        }
        let (operand, at) = (self.lower_box(operand, depth), self.lower_box(at, depth));
        operand.zip(at).map(|(operand, at)| Code::Index(operand, at))
    }
}

fn constant(literal: &LiteralValue) -> Constant {
    match literal {
        LiteralValue::Boolean(value) => Constant::Bool(*value.inner()),
        LiteralValue::Bytes(value) => Constant::Bytes(value.inner().into()),
        LiteralValue::Double(value) => Constant::Double(*value.inner()),
        LiteralValue::Int(value) => Constant::Int(*value.inner()),
        LiteralValue::Null => Constant::Null,
        LiteralValue::String(value) => Constant::Text(value.inner().into()),
        LiteralValue::UInt(value) => Constant::UInt(*value.inner()),
    }
}

/// The first occurrence of a name as a whole word, else the whole source.
fn find_word(source: &str, word: &str) -> (usize, usize) {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in source.match_indices(word) {
        let before = source[..at].chars().next_back().is_some_and(part_of_word);
        let after = source[at + word.len()..].chars().next().is_some_and(part_of_word);
        if !before && !after && !word.is_empty() {
            return (at, at + word.len());
        }
    }
    (0, source.len())
}
