//! Measures the built services on this machine and prints one table. `scripts/bench` builds what it needs and runs it.

#![allow(clippy::expect_used, reason = "a measurement that cannot be taken ends the run and says why")]

mod cold;
mod jobs;
mod load;
mod memory;
mod mixed;
mod pictures;
mod race;
mod report;
mod start;
mod upload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tempfile::TempDir;
use testkit::process::{Store, StoreOptions};

use crate::pictures::Pictures;
use crate::report::Report;

/// Measures the built services on this machine and prints one table.
///
/// Everything runs on loopback and on files of its own, which are removed at the end.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    /// Fewer and shorter rounds: to see that it works, not for figures.
    #[arg(long)]
    quick: bool,
    /// Folder with photos to make the pictures from; without any, they are made by code.
    #[arg(long, value_name = "FOLDER")]
    photos: Option<PathBuf>,
    /// Folder for the files of the run, on the disk to be measured [default: beside this program].
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
    /// Only the measurements with one of these names: start, upload, race, cold, memory, mixed, jobs.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
}

/// What every measurement gets.
struct Bench {
    quick: bool,
    pictures: Pictures,
    scratch: TempDir,
}

impl Bench {
    /// A full run's number, or a quick run's.
    fn count<N>(&self, full: N, quick: N) -> N {
        if self.quick { quick } else { full }
    }

    /// An empty folder of this name.
    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.scratch.path().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("the folder can be emptied");
        }
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        folder
    }
}

/// A store that keeps its data in this folder. The access log is off, as it is for what it is compared with.
fn start_store(data_dir: &Path) -> Store {
    start_store_with(data_dir, &[])
}

/// The same, with settings.
fn start_store_with(data_dir: &Path, settings: &[(&str, &str)]) -> Store {
    let settings = [("RUST_LOG", "info,access=off")].iter().chain(settings);
    let env = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Store::start(StoreOptions { data_dir: Some(data_dir.to_owned()), env, ..StoreOptions::default() })
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let beside = std::env::current_exe().expect("the running program has a path");
    let scratch = cli.scratch.clone().unwrap_or_else(|| beside.parent().unwrap_or(Path::new(".")).to_owned());
    let scratch =
        tempfile::Builder::new().prefix("bench-").tempdir_in(scratch).expect("the scratch folder is writable");
    step("pictures");
    let pictures = Pictures::make(cli.photos.as_deref(), if cli.quick { 2 } else { 6 });
    let bench = Bench { quick: cli.quick, pictures, scratch };
    let mut report = Report::new(&bench.pictures, cli.quick);
    let wanted = |name: &str| cli.only.is_empty() || cli.only.iter().any(|only| only == name);
    if wanted("start") {
        start::measure(&bench, &mut report).await;
    }
    if wanted("upload") {
        upload::measure(&bench, &mut report).await;
    }
    if wanted("race") {
        race::measure(&bench, &mut report).await;
    }
    if wanted("cold") {
        cold::measure(&bench, &mut report).await;
    }
    if wanted("memory") {
        memory::measure(&bench, &mut report).await;
    }
    if wanted("mixed") {
        mixed::measure(&bench, &mut report).await;
    }
    if wanted("jobs") {
        jobs::measure(&bench, &mut report).await;
    }
    report.print();
    ExitCode::SUCCESS
}

/// Says on stderr what is being measured now.
fn step(name: &str) {
    eprintln!("bench: {name}");
}
