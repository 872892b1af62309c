//! Drives `loomwork_fuzz::import` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| loomwork_fuzz::import(bytes));
