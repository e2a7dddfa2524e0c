//! The `imagestore` binary.

use std::process::ExitCode;

use clap::Parser;
use imagestore::cli::{self, Cli};

/// Pictures of all sizes come and go; the system allocator keeps what they leave between them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    service_kit::exit::report("imagestore", cli::run(Cli::parse()).await)
}
