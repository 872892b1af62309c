//! Results for people.

pub(crate) mod diagnostics;
mod excerpt;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod retention;
pub(crate) mod run;
pub(crate) mod shared;
pub(crate) mod versions;
