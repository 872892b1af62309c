//! What functions and macros give by the types of what they are given.
//!
//! Not here: which functions there are (`expression::functions`).

use super::infer::Inference;
use super::lattice::{Heads, Type};
use super::operators;
use crate::expression::{Builtin, Code, Fold, Gives};

impl Inference<'_> {
    pub(super) fn call(&mut self, builtin: &'static Builtin, arguments: &[Type]) -> Type {
        if arguments.contains(&Type::Never) {
            return Type::Never;
        }
        let taken = |at: usize| builtin.takes.get(at).or(builtin.takes.last()).map_or(Heads::ANY, |(_, heads)| *heads);
        if let Some(at) = (0..arguments.len()).find(|at| !arguments[*at].heads().meets(taken(*at))) {
            let word = builtin.name.rsplit('.').next().unwrap_or(builtin.name);
            let message = format!("`{}` takes {}, not {}.", builtin.name, taken(at), arguments[at]);
            self.fails(word, message);
            return Type::Never;
        }
        let first = arguments.first().cloned().unwrap_or(Type::Dyn);
        match builtin.gives {
            Gives::Bool => Type::Bool,
            Gives::Int => Type::Int,
            Gives::Double => Type::Double,
            Gives::Text => Type::Text,
            Gives::Bytes => Type::Bytes,
            Gives::Timestamp => Type::Timestamp,
            Gives::Duration => Type::Duration,
            Gives::Type => Type::Type,
            Gives::Ints => Type::list(Type::Int),
            Gives::Texts => Type::list(Type::Text),
            Gives::Dyn => Type::Dyn,
            Gives::Same => first.only(taken(0)),
            Gives::Element => first.elements(),
            Gives::Flat if arguments.len() > 1 || first.is_any() => Type::list(Type::Dyn),
            Gives::Flat => {
                let element = first.elements();
                let inside = |member: &Type| match member {
                    Type::List(_) => member.elements(),
                    other => other.clone(),
                };
                Type::list(Type::any_of(element.members().iter().map(inside)))
            }
            Gives::Number => Type::number(),
            Gives::OneOf => match operators::numbers_of(arguments) {
                Type::Never => Type::number(),
                numbers => numbers,
            },
        }
    }

    pub(super) fn bind(&mut self, value: &Code, inside: &Code) -> Type {
        let value = self.infer(value);
        self.locals.push(value.clone());
        let of = self.infer(inside);
        self.locals.pop();
        if value == Type::Never { Type::Never } else { of }
    }

    pub(super) fn fold(&mut self, fold: Fold, range: &Code, filter: Option<&Code>, body: &Code) -> Type {
        let range = self.infer(range);
        if range == Type::Never {
            return Type::Never;
        }
        if !range.heads().meets(Heads::LIST.or(Heads::MAP)) {
            self.fails("", format!("A list or a map is needed here, not {range}."));
            return Type::Never;
        }
        let elements = operators::elements_of_range(&range);
        self.locals.push(elements.clone());
        let conditions = filter.filter(|_| fold == Fold::Map);
        if let Some(filter) = conditions {
            let of = self.infer(filter);
            self.condition(&of);
        }
        let body = self.infer(body);
        self.locals.pop();
        match fold {
            Fold::Map => Type::list(body),
            Fold::SortBy => {
                if body != Type::Never && !body.heads().meets(operators::SORTED) {
                    let message = format!("`sortBy` takes keys that are numbers, text, times or durations, not {body}.");
                    self.fails("sortBy", message);
                }
                Type::list(elements)
            }
            Fold::All | Fold::Exists | Fold::ExistsOne => {
                self.condition(&body);
                Type::Bool
            }
        }
    }

    fn condition(&mut self, of: &Type) {
        if *of != Type::Never && !of.heads().meets(Heads::BOOL) {
            self.fails("", format!("The condition is {of}; it must be true or false."));
        }
    }
}
