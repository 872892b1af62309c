//! What a job says in `runs-on` of the system of its machine.
//!
//! Not here: labels as such, which are left out and reported (`job`).

use super::expression::{self, Piece};
use super::scope::Scope;
use crate::cel;
use crate::source::Node;

/// The system of the machine that a job runs on in the source.
#[derive(Debug)]
pub(super) enum System {
    /// Its labels name it.
    Named(&'static str),
    /// An expression of the source gives its label.
    Of(String),
}

impl System {
    /// Reads it, when the job says it.
    pub(super) fn of(job: Node<'_>) -> Option<Self> {
        let runs_on = job.peek("runs-on")?;
        let labels = if runs_on.is_map() { runs_on.peek("labels")? } else { runs_on };
        let labels: Vec<&str> = labels.items_or_one().into_iter().filter_map(Node::text).collect();
        if let [label] = labels[..]
            && let [Piece::Expression(source)] = expression::split(label)[..]
        {
            return Some(Self::Of(source.to_owned()));
        }
        let mut named = labels.into_iter().filter_map(named);
        let first = named.next()?;
        named.all(|other| other == first).then_some(Self::Named(first))
    }

    /// `runner.os` as an expression of ours; how it differs is noted.
    pub(super) fn value(&self, scope: &mut Scope<'_>) -> Option<String> {
        let whatever = "whatever the machine is that the step runs on here";
        match self {
            Self::Named(name) => {
                scope.remark(format!("`runner.os` is `{name}`, as `runs-on` says, {whatever}"));
                Some(cel::quote(name))
            }
            Self::Of(source) => {
                let label = scope.expression(source).ok().filter(|label| !cel::reads_secret(label))?;
                scope.remark(format!("`runner.os` is taken from the label in `runs-on` (`windows…` is Windows, `macos…` macOS, any other Linux), {whatever}"));
                let is = |start: &str| format!("text({label}).startsWith('{start}')");
                Some(format!("({} ? 'Windows' : {} ? 'macOS' : 'Linux')", is("windows"), is("macos")))
            }
        }
    }
}

fn named(label: &str) -> Option<&'static str> {
    let label = label.to_ascii_lowercase();
    let systems = [("ubuntu", "Linux"), ("linux", "Linux"), ("macos", "macOS"), ("windows", "Windows")];
    systems.into_iter().find(|(start, _)| label.starts_with(start)).map(|(_, system)| system)
}
