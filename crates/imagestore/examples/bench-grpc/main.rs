//! Many clients of the gRPC interface at once, and its speed beside that of HTTP. `scripts/check-grpc` and `scripts/bench-grpc` start it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it found is what it is for")]

mod figures;
mod load;
mod page;
mod transfer;

use std::path::PathBuf;

use clap::Parser;
use tonic::transport::Channel;

#[derive(Debug, Parser)]
enum Cli {
    /// Has many users store images and get them back, and fails if one call does.
    Load(load::Options),
    /// Measures uploads and downloads over gRPC and over HTTP in turn, and writes the page.
    Transfer(TransferOptions),
}

#[derive(Debug, clap::Args)]
struct TransferOptions {
    /// Sizes of the files, in megabytes.
    #[arg(long, value_delimiter = ',', default_value = "1,10,60")]
    sizes: Vec<usize>,
    /// Clients at once.
    #[arg(long, value_delimiter = ',', default_value = "1,4")]
    clients: Vec<usize>,
    /// How many times each side has its turn.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Bytes of one message of an upload.
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1024..=8_388_608))]
    chunk: u32,
    /// Where the store keeps its files: the disk to be measured.
    #[arg(long)]
    folder: PathBuf,
    /// The page to write; without it the figures are only shown.
    #[arg(long)]
    page: Option<PathBuf>,
    /// The commit that is measured, for the page.
    #[arg(long, default_value = "unknown")]
    commit: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse() {
        Cli::Load(options) => load::run(options).await,
        Cli::Transfer(options) => {
            let figures = transfer::measure(&options).await?;
            let text = page::text(&options, &figures);
            println!("{text}");
            if let Some(page) = &options.page {
                std::fs::write(page, text)?;
                eprintln!("bench-grpc: wrote {}", page.display());
            }
            Ok(())
        }
    }
}

/// A connection of its own to `HOST:PORT`.
async fn connect(address: &str) -> anyhow::Result<Channel> {
    Ok(Channel::from_shared(format!("http://{address}"))?.max_frame_size(grpc_api::FRAME_BYTES).connect().await?)
}
