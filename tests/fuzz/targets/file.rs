//! Drives `loomwork_fuzz::file` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| loomwork_fuzz::file(bytes));
