//! Feeds `muster_fuzz::json_body` with what libFuzzer breeds.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| muster_fuzz::json_body(bytes));
