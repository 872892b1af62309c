//! `owner.json`: where the owner of a workspace answers. Only a hint; the lock says whether it lives.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loomwork_api::{ApiResult, CONTRACT_VERSION};
use serde::{Deserialize, Serialize};

use crate::problem;

/// The owner's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnerAddress {
    /// Process id.
    pub(crate) pid: u32,
    /// Path of its socket.
    pub(crate) socket: PathBuf,
    /// Version of its software.
    pub(crate) version: String,
    /// Version of the contract that it speaks.
    pub(crate) contract: u32,
    /// When it started, RFC 3339.
    pub(crate) started_at: String,
}

impl OwnerAddress {
    /// The address of this process.
    pub(crate) fn own(socket: PathBuf) -> Self {
        Self {
            pid: std::process::id(),
            socket,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            contract: CONTRACT_VERSION,
            started_at: jiff::Timestamp::now().to_string(),
        }
    }

    /// Reads an address; none while it is missing or half written by an owner that has just started.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes the address, whole.
    pub(crate) fn write(&self, path: &Path) -> ApiResult<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| problem::internal(format!("An address cannot be written: {error}.")))?;
        let draft = path.with_extension("json.tmp");
        fs::write(&draft, format!("{text}\n"))
            .and_then(|()| fs::rename(&draft, path))
            .map_err(|error| problem::file("write", path, &error))
    }
}
