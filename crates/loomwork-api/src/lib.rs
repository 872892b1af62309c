//! The contract of Loomwork: every request, response, event and error code, as Rust types.
//!
//! Invariant: whatever crosses a process boundary (window, browser, command line, local socket) is a type of
//! this crate, and the TypeScript of the interface is generated from it (feature `ts`). Changes are additive.
//!
//! Not here: behaviour. What a request does lives in `loomwork-app`; what a run does lives in `loomwork-run`.

mod care;
mod checkpoint;
mod contract;
mod design;
mod error;
mod event;
mod import;
mod plan;
mod queue;
mod retention;
mod run;
mod shared;
mod versions;
mod watch;
mod workspace;

pub use care::*;
pub use checkpoint::*;
pub use contract::*;
pub use design::*;
pub use error::*;
pub use event::*;
pub use import::*;
pub use plan::*;
pub use queue::*;
pub use retention::*;
pub use run::*;
pub use shared::*;
pub use versions::*;
pub use watch::*;
pub use workspace::*;

/// Version of the contract that the local socket's handshake compares. Raised when a peer of an older version
/// could misunderstand a newer one.
pub const CONTRACT_VERSION: u32 = 1;

/// Writes the TypeScript of all types to a folder, one file a type.
///
/// # Errors
/// When the folder cannot be written.
#[cfg(feature = "ts")]
pub fn export_typescript(folder: &std::path::Path) -> Result<(), ts_rs::ExportError> {
    use ts_rs::TS as _;
    let config = ts_rs::Config::new().with_out_dir(folder).with_large_int("number");
    Contract::export_all(&config)?;
    Request::export_all(&config)?;
    ApiError::export_all(&config)?;
    Watch::export_all(&config)?;
    News::export_all(&config)
}
