//! What must hold for any text and any edit.
//!
//! Texts: `pieces` (nearly workflows), `documents` (whole ones in many styles), `forest` (with nested
//! groups), `values` (what people type).

mod analysis;
mod documents;
mod fields;
mod forest;
mod order;
mod pieces;
mod plans;
mod scopes;
mod steps;
mod values;
mod versions;
