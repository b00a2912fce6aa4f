//! Feeds `muster_fuzz::query_string` with what libFuzzer breeds.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| muster_fuzz::query_string(bytes));
