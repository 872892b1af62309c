//! What became of a source: one finding for each thing that a person should know.

use std::cell::RefCell;
use std::collections::HashSet;

use serde::Serialize;

use crate::source::{Node, Source};

/// What became of a part of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It means the same, but looks different: an id was changed, a setting moved.
    Translated,
    /// It was translated into something that is near, not equal.
    Approximated,
    /// A step stands in its place that fails with a clear message until a person replaces it.
    Placeholder,
    /// It is not in the workflow.
    Dropped,
}

impl Severity {
    /// Its word in a report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Translated => "translated",
            Self::Approximated => "approximated",
            Self::Placeholder => "placeholder",
            Self::Dropped => "dropped",
        }
    }
}

/// What became of one part of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What became of it.
    pub severity: Severity,
    /// The file it stands in.
    pub file: String,
    /// Where it stands, as a JSON pointer.
    pub path: String,
    /// Its line, from 1.
    pub line: Option<u32>,
    /// What happened and what to do.
    pub message: String,
}

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: RefCell<Vec<Finding>>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn add(&self, severity: Severity, node: Node<'_>, message: String) {
        let finding = Finding { severity, file: node.file().to_owned(), path: node.path(), line: Some(node.line()), message };
        let mut findings = self.findings.borrow_mut();
        if !findings.contains(&finding) || findings.len() > 2_000 {
            findings.push(finding);
        }
    }

    pub(crate) fn translated(&self, node: Node<'_>, message: impl Into<String>) {
        self.add(Severity::Translated, node, message.into());
    }

    pub(crate) fn approximated(&self, node: Node<'_>, message: impl Into<String>) {
        self.add(Severity::Approximated, node, message.into());
    }

    pub(crate) fn placeholder(&self, node: Node<'_>, message: impl Into<String>) {
        self.add(Severity::Placeholder, node, message.into());
    }

    /// Says that something is not in the workflow. All of it counts as read from then on.
    pub(crate) fn dropped(&self, node: Node<'_>, message: impl Into<String>) {
        node.take();
        self.add(Severity::Dropped, node, message.into());
    }

    /// The places of which it was said that they are not in the workflow.
    pub(crate) fn left_out(&self) -> HashSet<String> {
        let findings = self.findings.borrow();
        findings.iter().filter(|finding| finding.severity == Severity::Dropped).map(|finding| finding.path.clone()).collect()
    }

    /// The same for a key, when it is there.
    pub(crate) fn drop_key(&self, map: Node<'_>, key: &str, message: &str) {
        if let Some(node) = map.peek(key) {
            self.dropped(node, format!("`{key}: {}` is left out: {message}", node.shown()));
        }
    }

    /// Reports everything that no importer looked at.
    pub(crate) fn sweep(&self, source: &Source) {
        for node in source.unread() {
            let what = match node.key() {
                "" => format!("`{}`", node.shown()),
                key => format!("`{key}: {}`", node.shown()),
            };
            let message = format!(
                "{what} is left out: it is not known at this place, or not of the kind that is expected there. If it matters, add it by hand."
            );
            self.dropped(node, message);
        }
    }

    /// The findings in the order of the source.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        let mut files: Vec<String> = Vec::new();
        for finding in &findings {
            if !files.contains(&finding.file) {
                files.push(finding.file.clone());
            }
        }
        let order = |finding: &Finding| files.iter().position(|file| *file == finding.file);
        findings.sort_by_key(|finding| (order(finding), finding.line));
        findings
    }
}
