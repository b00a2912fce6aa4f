//! Feeds `muster_fuzz::skiptoken` with what libFuzzer breeds.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| muster_fuzz::skiptoken(bytes));
