//! Why a text cannot be imported at all.

use thiserror::Error;

use crate::Dialect;

/// Why a text cannot be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportError {
    /// It is not YAML or JSON.
    #[error("{name}, line {line}, column {column}: this cannot be read as YAML or JSON: {message}")]
    Unreadable {
        /// The file.
        name: String,
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// It is beyond a bound.
    #[error("{name}, line {line}: {message}")]
    TooLarge {
        /// The file.
        name: String,
        /// From 1.
        line: u32,
        /// Which bound, and what to do.
        message: String,
    },
    /// It can be read, but lacks what makes it a workflow of this dialect.
    #[error("{name}, line {line}: this is not {}: {message}", dialect.title())]
    NotOfDialect {
        /// The file.
        name: String,
        /// From 1.
        line: u32,
        /// What it was to be.
        dialect: Dialect,
        /// What is missing and how to mend it.
        message: String,
    },
}

impl ImportError {
    /// The line it is about, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        match self {
            Self::Unreadable { line, .. } | Self::TooLarge { line, .. } | Self::NotOfDialect { line, .. } => *line,
        }
    }

    /// The class of the failure.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "resource",
            Self::Unreadable { .. } | Self::NotOfDialect { .. } => "validation",
        }
    }
}
