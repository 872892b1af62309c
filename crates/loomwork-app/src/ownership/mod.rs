//! Who owns a workspace: a lock that the operating system drops with the process, the owner's address, and the
//! place of its socket.
//!
//! Invariant: at most one process holds the lock, and only it opens the journal for writing. Files that a dead
//! owner left mean nothing; the lock alone decides.

mod address;
mod lock;
mod socket;

pub(crate) use address::OwnerAddress;
pub(crate) use lock::{OwnerLock, is_owned};
pub(crate) use socket::{SocketFile, socket_path};
