//! The private socket between the owner of a workspace and its guests: frames, messages, both ends.
//!
//! Invariant: a peer is a process of the same user that speaks a contract this side understands; nothing is
//! answered before both are known.
//!
//! Not here: what a request does (`cases`), when a guest becomes the owner (`backend`).

mod frame;
mod guest;
mod host;
mod message;

pub(crate) use guest::{Guest, JoinError, lost};
pub(crate) use host::serve;
