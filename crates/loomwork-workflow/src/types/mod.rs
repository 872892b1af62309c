//! Types: what values can be, worked out from what a workflow declares.
//!
//! Invariant: types err on the side of `dyn`. What they call an error can never work; what they do not know is silent.
//! A person may give a failed step an output by hand: it is taken to have the step's type.
//! Not here: the evaluation of expressions (`expression`), names that do not exist (`check`).

mod calls;
mod check;
mod infer;
mod lattice;
mod operators;
mod outputs;
mod passed;
mod schema;
mod signature;
#[cfg(test)]
mod tests;

pub(crate) use check::{Given, Site, Typed, Types, Wants, check, programs_of};
pub(crate) use infer::{Steps, View, error_type, event_type, infer, pass_type, run_type};
pub(crate) use lattice::Heads;
pub use lattice::{ObjectType, Type};
pub use schema::{of_schema, to_schema};
pub use signature::{Parameter, Signature};
