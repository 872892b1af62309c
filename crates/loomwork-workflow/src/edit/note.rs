//! What an edit did besides what it was asked for: edges that ended elsewhere, names that mean nothing any more.
//!
//! Not here: refusals (`EditError`). An edit with notes was carried out.

use std::fmt;

/// A consequence of an edit that a person should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// An edge that would have crossed the border of a group ends at the group, or no longer does.
    EdgeCarried {
        /// What was needed, as it was written.
        need: String,
        /// The step that needed it.
        to: String,
        /// What is needed now.
        now_need: String,
        /// The step that needs it now.
        now_to: String,
    },
    /// An edge is gone: there is no place for it any more.
    EdgeDropped {
        /// What was needed, as it was written.
        need: String,
        /// The step that needed it.
        to: String,
    },
    /// An expression reads a step that cannot be seen from there.
    Unresolved {
        /// The step whose field it is; none for outputs of the workflow.
        step: Option<String>,
        /// The name that it reads.
        name: String,
    },
    /// An expression reads another step than before, because that one has the same name and is nearer.
    OtherStep {
        /// The step whose field it is; none for outputs of the workflow.
        step: Option<String>,
        /// The path of the step that it reads now.
        now: String,
    },
    /// Fields that nothing takes over went with their step.
    FieldsDropped {
        /// The step.
        step: String,
        /// The fields.
        fields: Vec<String>,
    },
    /// A step got another id, because its own was taken.
    Renamed {
        /// The id that it had.
        from: String,
        /// The path that it has now.
        to: String,
    },
}

impl Note {
    /// Whether something was lost that a person may have to write anew.
    pub fn is_loss(&self) -> bool {
        !matches!(self, Self::EdgeCarried { .. } | Self::Renamed { .. })
    }

    /// The step to look at, if it is one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::EdgeCarried { now_to, .. } => Some(now_to),
            Self::EdgeDropped { to, .. } | Self::Renamed { to, .. } => Some(to),
            Self::Unresolved { step, .. } | Self::OtherStep { step, .. } => step.as_deref(),
            Self::FieldsDropped { .. } => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reader = |step: &Option<String>| step.as_ref().map_or_else(|| "an output".to_owned(), |step| format!("`{step}`"));
        match self {
            Self::EdgeCarried { need, to, now_need, now_to } if to == now_to => {
                write!(f, "`{to}` needed `{need}` and now needs `{now_need}`")
            }
            Self::EdgeCarried { need, to, now_need, now_to } => {
                write!(f, "`{to}` needed `{need}`; now `{now_to}` needs `{now_need}`")
            }
            Self::EdgeDropped { need, to } => write!(f, "`{to}` no longer needs `{need}`"),
            Self::Unresolved { step, name } => {
                write!(f, "{} reads `steps.{name}`, which cannot be seen from there", reader(step))
            }
            Self::OtherStep { step, now } => write!(f, "{} now reads `{now}`, which is nearer", reader(step)),
            Self::FieldsDropped { step, fields } => {
                let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
                write!(f, "with `{step}` went {}", fields.join(", "))
            }
            Self::Renamed { from, to } => write!(f, "`{from}` was taken, so it is `{to}`"),
        }
    }
}
