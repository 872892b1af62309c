//! Lowers CEL's syntax tree to a `Program`: resolves names and functions, collects what is read.
//!
//! Invariant: recursion is bounded by `MAX_DEPTH`, whatever the source.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use cel::parser::PrattParser;

use super::functions::{self, Builtin, FUNCTION_NAMES, Style};
use super::meter::{MAX_DEPTH, MAX_SOURCE};
use super::program::{Code, Constant, Fold, Operator, Problem, ProblemKind, Program, Read, Reference, Root, StepField};

const ROOTS: [&str; 4] = ["inputs", "steps", "env", "run"];
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

impl Program {
    /// Parses and resolves an expression.
    pub(crate) fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let whole = |kind, message: String| vec![Problem { kind, message, start: 0, end: source.len(), suggestion: None }];
        if source.len() > MAX_SOURCE {
            let message = format!("the expression has {} bytes; at most {MAX_SOURCE} are allowed", source.len());
            return Err(whole(ProblemKind::TooLarge, message));
        }
        if source.trim().is_empty() {
            return Err(whole(ProblemKind::Syntax, "the expression is empty".to_owned()));
        }
        let parser = PrattParser::new().max_recursion_depth(64).error_recovery_limit(4).error_reporting_limit(8);
        let tree = parser.parse(source).map_err(|errors| {
            let first = errors.errors.into_iter().next();
            vec![first.map_or_else(
                || Problem {
                    kind: ProblemKind::Syntax,
                    message: "it is not an expression".to_owned(),
                    start: 0,
                    end: source.len(),
                    suggestion: None,
                },
                |error| syntax_problem(source, error.pos, &error.msg),
            )]
        })?;
        let mut lowering = Lowering {
            source,
            locals: Vec::new(),
            guards: Vec::new(),
            in_has: 0,
            references: Vec::new(),
            roots: Vec::new(),
            problems: Vec::new(),
        };
        let code = lowering.lower(&tree, 0);
        match code {
            Some(code) if lowering.problems.is_empty() => {
                Ok(Self { source: source.to_owned(), code, references: lowering.references, roots: lowering.roots })
            }
            _ if lowering.problems.is_empty() => Err(whole(ProblemKind::Syntax, "it is not an expression".to_owned())),
            _ => Err(lowering.problems),
        }
    }
}

fn syntax_problem(source: &str, (line, column): (isize, isize), message: &str) -> Problem {
    let line_start = usize::try_from(line - 1)
        .ok()
        .and_then(|line| source.split_inclusive('\n').take(line).map(str::len).reduce(|a, b| a + b).or(Some(0)))
        .unwrap_or(0);
    let start = source[line_start..]
        .char_indices()
        .nth(usize::try_from(column - 1).unwrap_or(0))
        .map_or(source.len(), |(at, _)| line_start + at);
    let end = source[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.replace("mismatched input '<EOF>' expecting expression", "something is missing at its end");
    let message = message
        .replace("mismatched input ", "unexpected ")
        .replace("expecting", "where this should stand:")
        .replace("<EOF>", "the end");
    let kind = if message.contains("limit exceeded") { ProblemKind::TooLarge } else { ProblemKind::Syntax };
    Problem { kind, message, start, end, suggestion: None }
}

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
                let message = "`secrets` are not supported by this version".to_owned();
                self.problem(ProblemKind::NotSupported, name, message, None);
                return None;
            }
            "item" | "index" | "pass" => {
                let message =
                    format!("`{name}` is in scope only inside `for_each` and `loop`, which this version does not support");
                self.problem(ProblemKind::NotSupported, name, message, None);
                return None;
            }
            _ => {}
        }
        if let Some((_, type_name)) = TYPES.into_iter().find(|(known, _)| *known == name) {
            return Some(Code::Type(type_name));
        }
        let suggestion = crate::nearest(name, ROOTS.into_iter().chain(self.locals.iter().map(String::as_str)));
        let meant = suggestion.as_ref().map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
        let message = format!("`{name}` is not known; in scope are `inputs`, `steps`, `env` and `run`.{meant}");
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
                "run" if field == "started_at" => return Some(Code::StartedAt),
                "run" if !matches!(field, "id" | "trigger") => {
                    let suggestion = crate::nearest(field, ["id", "started_at", "trigger"]);
                    let message = format!("`run` has `id`, `started_at` and `trigger`, not `{field}`");
                    self.problem(ProblemKind::UnknownField, field, message, suggestion);
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

    fn call(&mut self, call: &CallExpr, depth: usize) -> Option<Code> {
        let name = call.func_name.as_str();
        if call.target.is_none()
            && let Some(code) = self.operator(name, &call.args, depth)
        {
            return code;
        }
        let (name, style, target) = match &call.target {
            None => (name.to_owned(), Style::Global, None),
            Some(target) => match &target.expr {
                Expr::Ident(space) if functions::is_namespace(space) && !self.locals.contains(space) => {
                    (format!("{space}.{name}"), Style::Global, None)
                }
                _ => (name.to_owned(), Style::Member, Some(target)),
            },
        };
        let arguments = target.map(AsRef::as_ref).into_iter().chain(&call.args);
        if style == Style::Member && name == "matches" || style == Style::Global && name == "matches" {
            let nodes: Vec<_> = arguments.clone().collect();
            if let [text, IdedExpr { expr: Expr::Literal(LiteralValue::String(pattern)), .. }] = nodes[..] {
                return self.matches(text, pattern.inner(), depth);
            }
        }
        let lowered: Vec<_> = arguments.map(|argument| self.lower(argument, depth + 1)).collect();
        let builtin = self.builtin(&name, style, lowered.len())?;
        lowered.into_iter().collect::<Option<Vec<_>>>().map(|arguments| Code::Call(builtin, arguments))
    }

    fn matches(&mut self, text: &IdedExpr, pattern: &str, depth: usize) -> Option<Code> {
        let text = self.lower_box(text, depth);
        match functions::regex(pattern) {
            Ok(regex) => text.map(|text| Code::Matches(text, Box::new(regex))),
            Err(error) => {
                self.problem(ProblemKind::Syntax, "matches", error.to_string(), None);
                None
            }
        }
    }

    fn builtin(&mut self, name: &str, style: Style, count: usize) -> Option<&'static Builtin> {
        let named: Vec<&Builtin> = functions::named(name, style).collect();
        if let Some(found) = named.iter().find(|builtin| (builtin.min..=builtin.max).contains(&count)) {
            return Some(found);
        }
        let word = name.rsplit('.').next().unwrap_or(name);
        if let Some(builtin) = named.first() {
            let receiver = usize::from(style == Style::Member);
            let (min, max) = (builtin.min - receiver, builtin.max - receiver);
            let wanted = if min == max { min.to_string() } else { format!("{min} to {max}") };
            let message = format!("`{name}` takes {wanted} arguments, not {}", count - receiver);
            self.problem(ProblemKind::UnknownFunction, word, message, None);
        } else if let Some(other) = functions::named(name, style.other()).next() {
            let message = match other.style {
                Style::Member => format!("`{name}` is called on a value: `x.{name}(…)`"),
                _ => format!("`{name}` is not called on a value: `{name}(x)`"),
            };
            self.problem(ProblemKind::UnknownFunction, word, message, None);
        } else {
            let suggestion = crate::nearest(name, FUNCTION_NAMES.iter().copied());
            let meant = suggestion.as_ref().map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
            self.problem(
                ProblemKind::UnknownFunction,
                word,
                format!("there is no function `{name}`.{meant}"),
                suggestion.filter(|s| !s.contains('.')),
            );
        }
        None
    }

    /// Outer none: not an operator.
    fn operator(&mut self, name: &str, args: &[IdedExpr], depth: usize) -> Option<Option<Code>> {
        let binary = match name {
            operators::ADD => Operator::Add,
            operators::SUBSTRACT => Operator::Subtract,
            operators::MULTIPLY => Operator::Multiply,
            operators::DIVIDE => Operator::Divide,
            operators::MODULO => Operator::Remainder,
            operators::EQUALS => Operator::Equal,
            operators::NOT_EQUALS => Operator::NotEqual,
            operators::LESS => Operator::Less,
            operators::LESS_EQUALS => Operator::LessOrEqual,
            operators::GREATER => Operator::Greater,
            operators::GREATER_EQUALS => Operator::GreaterOrEqual,
            operators::IN => Operator::In,
            operators::CONDITIONAL | operators::LOGICAL_AND | operators::LOGICAL_OR => {
                return Some(self.branching(name, args, depth));
            }
            operators::LOGICAL_NOT => {
                return Some(self.lower_box(args.first()?, depth).map(Code::Not));
            }
            operators::NEGATE => {
                return Some(self.lower_box(args.first()?, depth).map(Code::Negate));
            }
            operators::INDEX => return Some(self.index(args, depth)),
            operators::NOT_STRICTLY_FALSE => return Some(self.lower(args.first()?, depth + 1)),
            _ => return None,
        };
        let [left, right] = args else {
            return Some(None);
        };
        let (left, right) = (self.lower_box(left, depth), self.lower_box(right, depth));
        Some(left.zip(right).map(|(left, right)| Code::Binary(binary, left, right)))
    }

    /// The operators under which a `has()` guards what stands behind it.
    fn branching(&mut self, name: &str, args: &[IdedExpr], depth: usize) -> Option<Code> {
        let first = self.lower_box(args.first()?, depth);
        let (when_true, when_false) = self.guarded_by(args.first()?, depth);
        match (name, args) {
            (operators::CONDITIONAL, [_, then, otherwise]) => {
                let then = self.under(when_true, then, depth);
                let otherwise = self.under(when_false, otherwise, depth);
                Some(Code::If(first?, then?, otherwise?))
            }
            (operators::LOGICAL_AND, [_, right]) => {
                let right = self.under(when_true, right, depth);
                Some(Code::And(first?, right?))
            }
            (_, [_, right]) => {
                let right = self.under(when_false, right, depth);
                Some(Code::Or(first?, right?))
            }
            _ => None,
        }
    }

    fn under(&mut self, guards: Vec<String>, node: &IdedExpr, depth: usize) -> Option<Box<Code>> {
        let before = self.guards.len();
        self.guards.extend(guards);
        let code = self.lower_box(node, depth);
        self.guards.truncate(before);
        code
    }

    /// The steps whose output is there when a condition is true, and when it is false.
    fn guarded_by(&mut self, node: &IdedExpr, depth: usize) -> (Vec<String>, Vec<String>) {
        if depth > MAX_DEPTH {
            return (Vec::new(), Vec::new());
        }
        match &node.expr {
            Expr::Select(select) if select.test => (self.steps_read_by(select), Vec::new()),
            Expr::Call(call) if call.func_name == operators::LOGICAL_NOT => match call.args.first() {
                Some(operand) => {
                    let (when_true, when_false) = self.guarded_by(operand, depth + 1);
                    (when_false, when_true)
                }
                None => (Vec::new(), Vec::new()),
            },
            Expr::Call(call) if matches!(call.func_name.as_str(), operators::LOGICAL_AND | operators::LOGICAL_OR) => {
                let mut both = (Vec::new(), Vec::new());
                for operand in &call.args {
                    let (when_true, when_false) = self.guarded_by(operand, depth + 1);
                    if call.func_name == operators::LOGICAL_AND {
                        both.0.extend(when_true);
                    } else {
                        both.1.extend(when_false);
                    }
                }
                both
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// The step whose output a `has()` asks for.
    fn steps_read_by(&mut self, select: &SelectExpr) -> Vec<String> {
        if select.field == "output"
            && let Some(step) = self.step_of(&select.operand)
        {
            return vec![step.to_owned()];
        }
        let mut node = &*select.operand;
        for _ in 0..MAX_DEPTH {
            if let Some((step, StepField::Output)) = self.step_read(node) {
                return vec![step.to_owned()];
            }
            match &node.expr {
                Expr::Select(inner) => node = &inner.operand,
                _ => break,
            }
        }
        Vec::new()
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

    fn comprehension(&mut self, node: &ComprehensionExpr, depth: usize) -> Option<Code> {
        let range = self.lower_box(&node.iter_range, depth);
        if RESERVED_ROOTS.contains(&node.iter_var.as_str()) {
            let message = format!("`{}` already has a meaning; give the element another name", node.iter_var);
            self.problem(ProblemKind::UnknownName, &node.iter_var, message, None);
            return None;
        }
        let (fold, filter, body) = parts(node)?;
        self.locals.push(node.iter_var.clone());
        let filter = filter.map(|filter| self.lower_box(filter, depth));
        let body = self.lower_box(body, depth);
        self.locals.pop();
        let filter = match filter {
            Some(None) => return None,
            Some(filter) => filter,
            None => None,
        };
        Some(Code::Fold { fold, range: range?, filter, body: body? })
    }
}

/// Recognises the standard macros in their expansion: the kind, the filter, and the body.
fn parts(node: &ComprehensionExpr) -> Option<(Fold, Option<&IdedExpr>, &IdedExpr)> {
    let Expr::Call(step) = &node.loop_step.expr else {
        return None;
    };
    match &node.accu_init.expr {
        Expr::Literal(LiteralValue::Boolean(initial)) => {
            let fold = if *initial.inner() { Fold::All } else { Fold::Exists };
            Some((fold, None, step.args.get(1)?))
        }
        Expr::Literal(LiteralValue::Int(_)) => Some((Fold::ExistsOne, None, step.args.first()?)),
        Expr::List(_) if step.func_name == operators::CONDITIONAL => {
            let Expr::Call(add) = &step.args.get(1)?.expr else {
                return None;
            };
            Some((Fold::Map, step.args.first(), appended(add)?))
        }
        Expr::List(_) => Some((Fold::Map, None, appended(step)?)),
        _ => None,
    }
}

fn appended(add: &CallExpr) -> Option<&IdedExpr> {
    match &add.args.get(1)?.expr {
        Expr::List(list) => list.elements.first(),
        _ => None,
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
