//! Writes a JPEG that looks like a photo.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use testkit::pictures::{jpeg, photo};

/// Writes a JPEG that looks like a photo, always the same one for the same seed.
#[derive(Debug, Parser)]
#[command(name = "make-photo")]
struct Cli {
    /// The file to write.
    file: PathBuf,
    /// Width in pixels.
    #[arg(long, default_value_t = 4000)]
    width: u32,
    /// Height in pixels.
    #[arg(long, default_value_t = 3000)]
    height: u32,
    /// Another seed is another scene.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// JPEG quality, 1 to 100.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let bytes = jpeg::baseline(&photo(cli.width, cli.height, cli.seed), cli.quality);
    match std::fs::write(&cli.file, bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-photo: cannot write {}: {error}", cli.file.display());
            ExitCode::FAILURE
        }
    }
}
