//! Arguments in, exit code out; everything else is the library's.

use std::process::ExitCode;

/// Gives memory back to the system and does not fight itself across threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    attache::app::main()
}
