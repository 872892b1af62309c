//! What must hold for any text and any edit.
//!
//! Texts: `pieces` (nearly workflows), `documents` (whole ones in many styles), `values` (what people type).

mod analysis;
mod documents;
mod fields;
mod order;
mod pieces;
mod plans;
mod steps;
mod values;
mod versions;
