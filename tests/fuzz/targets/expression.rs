//! Drives `loomwork_fuzz::expression` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| loomwork_fuzz::expression(bytes));
