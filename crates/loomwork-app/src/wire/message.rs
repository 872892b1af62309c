//! What guest and host say to each other.

use loomwork_api::{ApiError, News, Request, Watch};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// From the guest to the host. `id` is chosen by the guest and names the call or watch in the answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToHost {
    /// Must be the first message.
    Hello {
        contract: u32,
        version: String,
        /// Name under which the guest's actions are recorded.
        actor: String,
    },
    Call {
        id: u64,
        request: Box<Request>,
    },
    Watch {
        id: u64,
        watch: Watch,
    },
    Unwatch {
        id: u64,
    },
}

/// From the host to the guest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToGuest {
    /// The answer to a hello that is understood.
    Welcome(Welcome),
    /// The answer to one that is not; the connection ends.
    Refused {
        message: String,
    },
    Answer {
        id: u64,
        value: Value,
    },
    Failure {
        id: u64,
        error: ApiError,
    },
    News {
        id: u64,
        news: Box<News>,
    },
    /// No more news will come for this watch.
    Ended {
        id: u64,
    },
}

/// Facts about the host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) contract: u32,
    pub(crate) version: String,
    pub(crate) pid: u32,
}
