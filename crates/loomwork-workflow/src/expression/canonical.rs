//! Expressions as text that is the same for all ways of writing them: blanks, quotation marks, comments and line ends
//! of the source are gone, and the names of steps are given by the caller.
//!
//! Invariant: two trees that differ in more than the names of steps have different texts. The text is for comparing;
//! nothing parses it.

use std::fmt::Write as _;

use super::program::{Code, Constant};

/// The canonical text of a tree.
pub(super) fn canonical(code: &Code, names: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    write(code, names, &mut text);
    text
}

fn write(code: &Code, names: &dyn Fn(&str) -> String, out: &mut String) {
    match code {
        Code::Constant(value) => constant(value, out),
        Code::Type(name) => node(out, "type", name),
        Code::Local(slot) => node(out, "local", slot),
        Code::Inputs => out.push_str("inputs"),
        Code::Env => out.push_str("env"),
        Code::Run => out.push_str("run"),
        Code::StartedAt => out.push_str("started_at"),
        Code::Given(name) => node(out, "given", name),
        Code::Secret(name) => node(out, "secret", name),
        Code::Step { step, field } => node(out, "step", format_args!("{:?},{field:?}", names(step))),
        Code::Select(operand, field) => {
            write(operand, names, out);
            let _ = write!(out, ".{field:?}");
        }
        Code::Has(operand) => call(out, "has", [&**operand], names),
        Code::Index(operand, at) => call(out, "index", [&**operand, at], names),
        Code::List(items) => call(out, "list", items, names),
        Code::Map(entries) => call(out, "map", entries.iter().flat_map(|(key, value)| [key, value]), names),
        Code::And(left, right) => call(out, "and", [&**left, right], names),
        Code::Or(left, right) => call(out, "or", [&**left, right], names),
        Code::Not(operand) => call(out, "not", [&**operand], names),
        Code::Negate(operand) => call(out, "negate", [&**operand], names),
        Code::If(condition, yes, no) => call(out, "if", [&**condition, yes, no], names),
        Code::Binary(operator, left, right) => call(out, &format!("{operator:?}"), [&**left, right], names),
        Code::Call(builtin, arguments) => call(out, &format!("fn {}", builtin.name), arguments, names),
        Code::Matches(operand, regex) => {
            call(out, "matches", [&**operand], names);
            let _ = write!(out, "{:?}", regex.as_str());
        }
        Code::Bind(value, inside) => call(out, "bind", [&**value, inside], names),
        Code::Fold { fold, range, filter, body } => {
            let parts = [Some(&**range), filter.as_deref(), Some(&**body)];
            let shape = if filter.is_some() { "filtered " } else { "" };
            call(out, &format!("{shape}{fold:?}"), parts.into_iter().flatten(), names);
        }
    }
}

fn node(out: &mut String, name: &str, inside: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{name}({inside})");
}

fn call<'c>(out: &mut String, name: &str, parts: impl IntoIterator<Item = &'c Code>, names: &dyn Fn(&str) -> String) {
    out.push_str(name);
    out.push('(');
    for part in parts {
        write(part, names, out);
        out.push(',');
    }
    out.push(')');
}

fn constant(value: &Constant, out: &mut String) {
    let _ = match value {
        Constant::Null => write!(out, "null"),
        Constant::Bool(value) => write!(out, "{value}"),
        Constant::Int(value) => write!(out, "{value}"),
        Constant::UInt(value) => write!(out, "{value}u"),
        Constant::Double(value) => write!(out, "{value:?}d"),
        Constant::Text(value) => write!(out, "{value:?}"),
        Constant::Bytes(value) => write!(out, "b{}", hex::encode(value)),
    };
}
