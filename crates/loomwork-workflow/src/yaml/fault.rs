//! What can be wrong with a text as YAML.
//!
//! Not here: what is wrong with a workflow (`codes`).

use crate::text::Place;

/// What is wrong with a text as YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Syntax,
    Tab,
    TooLarge,
    DuplicateKey,
    Unsupported,
}

/// A problem of a text as YAML.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) place: Place,
    pub(crate) message: String,
    /// Where the first of two is.
    pub(crate) first: Option<Place>,
    /// What to remove to mend it.
    pub(crate) removal: Option<Place>,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, place: Place, message: String) -> Self {
        Self { kind, place, message, first: None, removal: None }
    }
}

/// The tabs that indent the line of an error, or the next line, where the scanner stops a little early.
pub(super) fn tab_indentation(text: &str, at: usize) -> Option<Place> {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let next_start = text[at..].find('\n').map(|newline| at + newline + 1);
    [Some(line_start), next_start].into_iter().flatten().find_map(|start| {
        let indent = text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
        text[start..start + indent].contains('\t').then(|| Place::new(start, start + indent))
    })
}
