//! The `imagestore` binary.

use std::process::ExitCode;

use clap::Parser;
use imagestore::cli::{self, Cli};

/// Chosen by measurement: the system allocator keeps several times the memory after mixed picture sizes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    service_kit::exit::report("imagestore", cli::run(Cli::parse()).await)
}
