//! Texts with expressions that were parsed before.
//!
//! Invariant: what is given for a text is what parsing it gives, and nothing is kept longer than two analyses in a row
//! without being asked for; so what is kept is never larger than the two latest texts together.

use std::collections::HashMap;

use super::template::{Template, TemplateProblem};

/// A parsed text: the template and its problems.
type Parsed = (Template, Vec<TemplateProblem>);

/// Parsed texts by the text.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    now: HashMap<String, Parsed>,
    before: HashMap<String, Parsed>,
}

impl Expressions {
    /// Parses a text, or finds what parsing it gave.
    pub(crate) fn parse(&mut self, text: &str) -> Parsed {
        if !text.contains("${{") {
            return Template::parse_text(text);
        }
        if let Some(parsed) = self.now.get(text) {
            return parsed.clone();
        }
        let (text, parsed) = self.before.remove_entry(text).unwrap_or_else(|| (text.to_owned(), Template::parse_text(text)));
        self.now.entry(text).insert_entry(parsed).get().clone()
    }

    /// Begins another analysis: what the last one did not ask for is forgotten.
    pub(crate) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}
