//! Ids: foreign names made into names that the language takes, each once in its scope.

use std::collections::{HashMap, HashSet};

/// Words of the expression language that cannot name a step.
const RESERVED: [&str; 22] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "has",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// Longest id that is made.
const LONGEST: usize = 60;

/// The ids of one scope.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
    /// The number to try next for a name that is taken: thousands of steps may want one name.
    next: HashMap<String, usize>,
    files: bool,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Names of files, which keep their hyphens.
    pub(crate) fn for_files() -> Self {
        Self { files: true, ..Self::default() }
    }

    /// An id near to what is wanted that nobody has yet.
    pub(crate) fn claim(&mut self, wanted: &str) -> String {
        let base = if self.files { workflow_id(wanted) } else { identifier(wanted) };
        let mut name = base.clone();
        while !self.taken.insert(name.to_ascii_lowercase()) {
            let number = self.next.entry(base.clone()).or_insert(2);
            name = format!("{base}_{number}");
            *number += 1;
        }
        name
    }
}

/// Whether a text can name a step or an input, and follow a dot in an expression.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&text)
}

/// The identifier nearest to a text.
pub(crate) fn identifier(text: &str) -> String {
    let mut name = String::new();
    for c in text.trim().chars().take(LONGEST) {
        if c.is_ascii_alphanumeric() || c == '_' {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let trimmed = name.trim_end_matches('_');
    let mut name = if trimmed.is_empty() { "step".to_owned() } else { trimmed.to_owned() };
    if name.starts_with(|c: char| c.is_ascii_digit()) || RESERVED.contains(&name.as_str()) {
        name.insert(0, '_');
    }
    name
}

/// The name of an environment variable nearest to a text.
pub(crate) fn variable(text: &str) -> String {
    identifier(text).to_ascii_uppercase()
}

/// The id of a workflow nearest to a text.
pub(crate) fn workflow_id(text: &str) -> String {
    let mut id = String::new();
    for c in text.trim().chars().take(LONGEST) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            id.push(c);
        } else if !id.ends_with('-') {
            id.push('-');
        }
    }
    let trimmed = id.trim_matches(['-', '_', '.']);
    if trimmed.is_empty() { "imported".to_owned() } else { trimmed.to_owned() }
}

/// The name of a file without its folder and ending.
pub(crate) fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_that_the_language_takes() {
        for (wanted, id) in [("build-linux", "build_linux"), ("3rd", "_3rd"), ("for", "_for"), ("ü", "step"), ("a b.c", "a_b_c")]
        {
            assert_eq!(identifier(wanted), id);
            assert!(is_identifier(id));
        }
        let mut names = Names::new();
        assert_eq!(["a-b", "a_b", "a b"].map(|wanted| names.claim(wanted)), ["a_b", "a_b_2", "a_b_3"]);
        assert_eq!(workflow_id(" CI: all of it "), "CI-all-of-it");
        assert_eq!(stem(".github/workflows/ci.yml"), "ci");
    }
}
