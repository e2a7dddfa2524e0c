//! Writes the files that the engine's corpus test reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use testkit::pictures::{Sample, broken, hostile, reference, samples_of};

/// Writes small pictures with what they show, and files that were made to harm: the folders `reference` and `hostile`. What else is in
/// them stays.
#[derive(Debug, Parser)]
#[command(name = "make-corpus")]
struct Cli {
    /// The folder to write to.
    #[arg(default_value = "crates/image-engine/tests/corpus")]
    folder: PathBuf,
}

/// A picture of each kind of file after an accident.
fn scratched(sample: &Sample) -> (String, Vec<u8>) {
    let name = format!("scratched-{}.{}", sample.name.replace(' ', "-"), sample.extension);
    (name, broken::scratched(&sample.bytes, sample.bytes.len() / 4, 5))
}

fn write(folder: &Path, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    files.into_iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}

fn make(folder: &Path) -> std::io::Result<()> {
    let shown = reference::all().into_iter().flat_map(|file| {
        let text = file.describe().into_bytes();
        [(format!("{}.txt", file.name), text), (file.name, file.bytes)]
    });
    write(&folder.join("reference"), shown)?;
    let made = hostile::all().into_iter().map(|(name, bytes)| (name.to_owned(), bytes));
    write(&folder.join("hostile"), made.chain(samples_of(24, 16).iter().map(scratched)))
}

fn main() -> ExitCode {
    let folder = Cli::parse().folder;
    match make(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-corpus: cannot write to {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
