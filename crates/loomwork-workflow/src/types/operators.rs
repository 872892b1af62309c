//! The operators by the types of their sides.

use super::lattice::{Heads, Type};
use crate::expression::Operator;

/// What can be a key of a map, or an index of a list.
pub(super) const KEYS: Heads = Heads::BOOL.or(Heads::NUMBER).or(Heads::TEXT);

/// What has an order by itself.
pub(super) const SORTED: Heads =
    Heads::BOOL.or(Heads::TEXT).or(Heads::BYTES).or(Heads::TIMESTAMP).or(Heads::DURATION).or(Heads::NUMBER);

/// What `+` takes and gives, by heads. Lists are joined apart.
const ADD: [(Heads, Heads, Type); 8] = [
    (Heads::INT, Heads::INT, Type::Int),
    (Heads::DOUBLE, Heads::NUMBER, Type::Double),
    (Heads::NUMBER, Heads::DOUBLE, Type::Double),
    (Heads::TEXT, Heads::TEXT, Type::Text),
    (Heads::BYTES, Heads::BYTES, Type::Bytes),
    (Heads::TIMESTAMP, Heads::DURATION, Type::Timestamp),
    (Heads::DURATION, Heads::TIMESTAMP, Type::Timestamp),
    (Heads::DURATION, Heads::DURATION, Type::Duration),
];
const SUBTRACT: [(Heads, Heads, Type); 6] = [
    (Heads::INT, Heads::INT, Type::Int),
    (Heads::DOUBLE, Heads::NUMBER, Type::Double),
    (Heads::NUMBER, Heads::DOUBLE, Type::Double),
    (Heads::TIMESTAMP, Heads::TIMESTAMP, Type::Duration),
    (Heads::TIMESTAMP, Heads::DURATION, Type::Timestamp),
    (Heads::DURATION, Heads::DURATION, Type::Duration),
];
const SCALE: [(Heads, Heads, Type); 3] = [
    (Heads::INT, Heads::INT, Type::Int),
    (Heads::DOUBLE, Heads::NUMBER, Type::Double),
    (Heads::NUMBER, Heads::DOUBLE, Type::Double),
];
const REMAINDER: [(Heads, Heads, Type); 1] = [(Heads::INT, Heads::INT, Type::Int)];

/// What has an order, with what.
const ORDERED: [Heads; 6] = [Heads::BOOL, Heads::TEXT, Heads::BYTES, Heads::TIMESTAMP, Heads::DURATION, Heads::NUMBER];

pub(super) fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::In => "in",
    }
}

/// What an operator gives; `Never` when it takes no value of the left with any of the right.
pub(super) fn result(operator: Operator, left: &Type, right: &Type) -> Type {
    let (a, b) = (left.heads(), right.heads());
    let by = |table: &[(Heads, Heads, Type)]| {
        Type::any_of(table.iter().filter(|(x, y, _)| a.meets(*x) && b.meets(*y)).map(|(.., given)| given.clone()))
    };
    match operator {
        Operator::Add if a.meets(Heads::LIST) && b.meets(Heads::LIST) => by(&ADD).or(joined(left, right)),
        Operator::Add => by(&ADD),
        Operator::Subtract => by(&SUBTRACT),
        Operator::Multiply | Operator::Divide => by(&SCALE),
        Operator::Remainder => by(&REMAINDER),
        Operator::Equal | Operator::NotEqual => Type::Bool,
        Operator::In if b.meets(Heads::LIST.or(Heads::MAP)) => Type::Bool,
        Operator::In => Type::Never,
        _ if ORDERED.iter().any(|kind| a.meets(*kind) && b.meets(*kind)) => Type::Bool,
        _ => Type::Never,
    }
}

fn joined(left: &Type, right: &Type) -> Type {
    if left.is_any() || right.is_any() {
        return Type::list(Type::Dyn);
    }
    left.only(Heads::LIST).or(right.only(Heads::LIST))
}

/// How the sides could be made to fit.
pub(super) fn hint(operator: Operator, left: &Type, right: &Type) -> &'static str {
    let (a, b) = (left.heads(), right.heads());
    if a.meets(Heads::NUMBER) && b.meets(Heads::NUMBER) {
        "; convert one with int()"
    } else if operator == Operator::Add && (a.meets(Heads::TEXT) || b.meets(Heads::TEXT)) {
        "; convert the other with text()"
    } else {
        ""
    }
}

/// Whether it depends on the fraction of a number what an operator gives, or whether it gives anything: `/` drops the
/// fraction of two integers, `%` takes integers only. Of a value of which nothing is known nothing is said.
pub(super) fn depends_on_fraction(operator: Operator, left: &Type, right: &Type) -> bool {
    let either = |of: &Type| !of.is_any() && of.heads().meets(Heads::INT) && of.heads().meets(Heads::DOUBLE);
    let surely_double = |of: &Type| !of.heads().meets(Heads::INT) && of.heads().meets(Heads::DOUBLE);
    match operator {
        Operator::Divide => (either(left) || either(right)) && !surely_double(left) && !surely_double(right),
        Operator::Remainder => either(left) || either(right),
        _ => false,
    }
}

/// Whether an `==` or `!=` compares what has no value in common. A comparison with null asks whether there is a value.
pub(super) fn never_equal(operator: Operator, left: &Type, right: &Type) -> bool {
    let widened = |of: &Type| if of.heads().meets(Heads::NUMBER) { of.heads().or(Heads::NUMBER) } else { of.heads() };
    matches!(operator, Operator::Equal | Operator::NotEqual)
        && *left != Type::Null
        && *right != Type::Null
        && !widened(left).meets(widened(right))
}

/// The numbers among some values, or among the elements of the only one.
pub(super) fn numbers_of(arguments: &[Type]) -> Type {
    let among = |of: &Type| if of.is_any() { Type::number() } else { of.only(Heads::NUMBER) };
    match arguments {
        [one] if one.heads().meets(Heads::LIST) => among(&one.elements()).or(among(one)),
        several => Type::any_of(several.iter().map(among)),
    }
}

/// What a macro goes through: the elements of a list, the keys of a map.
pub(super) fn elements_of_range(range: &Type) -> Type {
    let element = |member: &Type| match member {
        Type::List(_) => member.elements(),
        Type::Object(_) => Type::Text,
        // A map made by an expression may have other keys than text.
        _ if member.heads().meets(Heads::MAP) => Type::Dyn,
        _ => Type::Never,
    };
    Type::any_of(range.members().iter().map(element))
}
