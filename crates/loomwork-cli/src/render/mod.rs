//! Results for people.

pub(crate) mod diagnostics;
pub(crate) mod progress;
pub(crate) mod run;
pub(crate) mod versions;
