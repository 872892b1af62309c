//! What expressions can see at a place besides `inputs`, `steps`, `env` and `run`.

use super::Decoder;
use crate::text::Place;

/// What is in scope here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sight {
    /// `item` and `index`: inside a `for_each`.
    pub(super) item: bool,
    /// `pass`: inside a `loop`.
    pub(super) pass: bool,
    /// `event`: in the `match` of a wait.
    pub(super) event: bool,
    /// `secrets`: where values are used and shown to nobody.
    pub(super) secrets: bool,
}

/// Why a step is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Purpose {
    /// To run: the step that is read comes first.
    #[default]
    Run,
    /// To decide about an error of the step itself, which may be read too.
    Error,
    /// To undo the step: it has ended by then, so nothing has to come first.
    Undo,
}

/// A read of a step, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct ReadSite {
    pub(crate) reference: crate::expression::Reference,
    pub(crate) place: Place,
    pub(crate) field: String,
    pub(crate) purpose: Purpose,
    /// Path of the step whose field it is; none for outputs of the workflow.
    pub(crate) step: Option<String>,
}

impl Decoder<'_> {
    /// Does something where more is in scope.
    pub(super) fn seeing<T>(&mut self, change: impl FnOnce(&mut Sight), inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.sight;
        change(&mut self.sight);
        let outcome = inner(self);
        self.sight = before;
        outcome
    }

    /// Does something whose reads have a purpose of their own.
    pub(super) fn reading_to<T>(&mut self, purpose: Purpose, inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.purpose, purpose);
        let outcome = inner(self);
        self.purpose = before;
        outcome
    }

    /// Does something at a place that takes secrets.
    pub(super) fn with_secrets<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.seeing(|sight| sight.secrets = true, inner)
    }
}
