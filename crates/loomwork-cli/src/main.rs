//! The loomwork command.
fn main() {}
