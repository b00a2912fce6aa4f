//! Feeds `muster_fuzz::filter` with what libFuzzer breeds.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| muster_fuzz::filter(bytes));
