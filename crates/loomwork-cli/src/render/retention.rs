//! What goes, what stays and what is in the archive, as text.

use std::fmt::Write as _;

use loomwork_api::{ArchivedRun, Removal};
use loomwork_app::format_bytes;

use super::run;

/// What became of a removal, or what would; `done` is what was done.
pub(crate) fn removal(removal: &Removal, done: &str) -> String {
    let mut text = String::new();
    for gone in &removal.runs {
        let _ = writeln!(text, "{}  {} events, {}", run::headline(&gone.run), gone.events, format_bytes(gone.bytes));
    }
    for kept in &removal.kept {
        let _ = writeln!(text, "stays: {}\n    {}", run::headline(&kept.run), kept.why);
    }
    let what = if removal.plan { format!("would be {done}") } else { done.to_owned() };
    let runs = if removal.runs.len() == 1 { "run" } else { "runs" };
    let _ = write!(text, "{} {runs} {what}, {} stay", removal.runs.len(), removal.kept.len());
    let _ = write!(text, "; {} of journal, logs and checkpoints", format_bytes(removal.bytes));
    if removal.values > 0 {
        let values = if removal.values == 1 { "value" } else { "values" };
        let _ = write!(text, ", with {} large {values}", removal.values);
    }
    let archived: Option<u64> = removal.runs.iter().map(|run| run.archive_bytes).sum();
    if let Some(archived) = archived.filter(|bytes| *bytes > 0) {
        let _ = write!(text, "; {} in the archive", format_bytes(archived));
    }
    text.push('.');
    if removal.more {
        text.push_str(" There are more: the same command takes the next ones.");
    }
    text
}

/// An archived run.
pub(crate) fn archived(archived: &ArchivedRun) -> String {
    let Some(facts) = &archived.facts else {
        return format!("✗ {}  {}", archived.id, archived.problem.as_deref().unwrap_or("It cannot be read."));
    };
    format!("{}  archived {} by {}, {}", run::headline(&facts.run), facts.archived_at, facts.actor, format_bytes(facts.bytes))
}
