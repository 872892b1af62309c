//! A simulated world for the engine: a clock, a journal in memory, actions whose ends are drawn, crashes at every moment.
//! The same seed gives the same history.
//!
//! Not here: anything that ships. Only tests depend on this crate.

mod empty;
mod generate;
mod judge;
mod rules;
mod standing;
mod world;

pub use empty::Empty;
pub use generate::random_workflow;
pub use judge::{judge, judge_every_moment};
pub use rules::broken_rules;
pub use standing::{breakers, broken_standing, letters};
pub use world::{Dice, World, fingerprint, history};
