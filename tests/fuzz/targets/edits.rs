//! Drives `loomwork_fuzz::edits` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| loomwork_fuzz::edits(bytes));
