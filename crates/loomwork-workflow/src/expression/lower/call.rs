//! Functions and operators.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::Lowering;
use crate::expression::functions::{self, Builtin, FUNCTION_NAMES, Style};
use crate::expression::program::{Code, Operator, ProblemKind};

impl Lowering<'_> {
    pub(super) fn call(&mut self, call: &CallExpr, depth: usize) -> Option<Code> {
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
        match (name.as_str(), target, &call.args[..]) {
            ("sortBy", Some(list), [IdedExpr { expr: Expr::Ident(element), .. }, key]) => {
                return self.sort_by(list, element, key, depth);
            }
            ("cel.bind", None, [IdedExpr { expr: Expr::Ident(named), .. }, value, inside]) => {
                return self.bind(named, value, inside, depth);
            }
            ("sortBy" | "cel.bind", ..) => return self.macro_misused(&name),
            _ => {}
        }
        let arguments = target.map(AsRef::as_ref).into_iter().chain(&call.args);
        if name == "matches" {
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
}
