//! Drives `loomwork_fuzz::jq` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| loomwork_fuzz::jq(bytes));
