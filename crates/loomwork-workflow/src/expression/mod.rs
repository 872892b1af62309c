//! Expressions: CEL inside `${{ }}`, as templates of values.
//!
//! CEL's syntax is read by the `cel` crate; its tree is lowered to a small one of our own and evaluated here, because
//! that crate's evaluator has no bound on steps or memory, and would copy every JSON value it looks at.
//!
//! Invariant: the same template and scope give the same value, within the bounds of `meter`.
//! Not here: which steps exist (`check` resolves references).

mod canonical;
mod eval;
mod functions;
mod lower;
mod meter;
mod number;
mod operators;
mod parsed;
mod program;
mod scope;
mod split;
mod template;
mod time;
mod value;

pub(crate) use functions::{Builtin, Gives, MACROS, Style, all as builtins, is_namespace};
pub(crate) use number::whole;
pub(crate) use parsed::Expressions;
pub(crate) use program::{Code, Constant, Fold, Operator, Problem, ProblemKind, Program, Root, StepField};
pub use program::{Read, Reference};
pub use scope::{Scope, StepScope};
pub(crate) use split::{Piece, split};
pub(crate) use template::{Chunk, Part, TemplateProblem, holds_hole};
pub use template::{ExpressionError, Template};
