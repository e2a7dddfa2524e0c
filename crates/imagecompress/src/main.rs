//! The `imagecompress` binary.

use std::process::ExitCode;

use clap::Parser;
use imagecompress::cli::{self, Cli};
use service_kit::allocator::{self, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator = allocator::ALLOCATOR;

#[tokio::main]
async fn main() -> ExitCode {
    service_kit::exit::report("imagecompress", cli::run(Cli::parse()).await)
}
