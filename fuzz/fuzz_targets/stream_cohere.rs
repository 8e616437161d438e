//! The streams and answers of this dialect, for every client: no panic, and the same for any chunking.
#![no_main]

use attache::dialect::{Dialect, Platform};
use attache_fuzz::stream::{Input, follow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input<'_>| follow(Dialect::Cohere, Platform::Direct, &input));
