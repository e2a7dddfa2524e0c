//! Measures imagestore and its peers at the same work on this machine, and writes a page about it.
//!
//! `scripts/bench-peers` installs the peers, fetches photos, builds what is needed and runs it.

#![allow(clippy::expect_used, reason = "a measurement that cannot be taken ends the run and says why")]

mod contender;
mod cores;
mod corpus;
mod figures;
mod page;
mod peers;
mod quality;
mod rounds;
mod usage;
mod work;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::contender::{Contender, Place};
use crate::cores::Cores;
use crate::corpus::Corpus;
use crate::figures::ShapeFigures;
use crate::page::Conditions;
use crate::rounds::Extent;
use crate::work::Shape;

/// Measures imagestore and its peers at the same work on this machine, and writes a page about it.
#[derive(Debug, Parser)]
#[command(name = "bench-peers")]
struct Cli {
    /// Folder with photos.
    #[arg(long, value_name = "FOLDER")]
    photos: PathBuf,
    /// Folder with the installed peers.
    #[arg(long, value_name = "FOLDER")]
    peers: PathBuf,
    /// The page to write.
    #[arg(long, value_name = "FILE")]
    page: PathBuf,
    /// Rounds, of which the median is told.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=50))]
    rounds: u16,
    /// One round of few photos: to see that it works, not for figures.
    #[arg(long)]
    quick: bool,
    /// The commit that is measured, for the page.
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Folder for the files of the run [default: beside this program].
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
}

/// The most photos of a shape.
fn photos(shape: Shape, quick: bool) -> usize {
    match (shape, quick) {
        (_, true) => 2,
        (Shape::Web, false) => 12,
        (Shape::Phone, false) => 6,
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let beside = std::env::current_exe().expect("the running program has a path");
    let scratch = cli.scratch.clone().unwrap_or_else(|| beside.parent().unwrap_or(Path::new(".")).to_owned());
    let scratch =
        tempfile::Builder::new().prefix("bench-peers-").tempdir_in(scratch).expect("the scratch folder is writable");
    let (server_cores, load_cores) = cores::halves();
    // Before the runtime starts its threads, which stay where this one is.
    cores::bind(&load_cores);
    let versions = versions(&cli.peers);
    let mut conditions = Conditions::new(&cli, [&server_cores, &load_cores], &versions);
    let shapes = [Shape::Web, Shape::Phone].map(|shape| {
        let folder = scratch.path().join(shape.name());
        let corpus = Corpus::make(shape, &cli.photos, &folder, photos(shape, cli.quick));
        measure(&cli, shape, &corpus, &folder, &server_cores, &versions)
    });
    conditions.note_load_at_end();
    fs::write(&cli.page, page::text(&conditions, &shapes)).expect("the page can be written");
    eprintln!("bench-peers: wrote {}", cli.page.display());
    ExitCode::SUCCESS
}

#[tokio::main]
async fn measure(
    cli: &Cli,
    shape: Shape,
    corpus: &Corpus,
    scratch: &Path,
    cores: &Cores,
    versions: &HashMap<String, String>,
) -> ShapeFigures {
    let rounds = if cli.quick { 1 } else { usize::from(cli.rounds) };
    let extent = Extent { rounds, repeats: shape.repeats(), photos: corpus.photos.len() };
    let place = Place { corpus, scratch, installed: &cli.peers, cores };
    eprintln!("bench-peers: {}, {}; uploading", shape.name(), corpus.about());
    let mut contenders = vec![Contender::imagestore(&place).await];
    for kind in peers::ALL.into_iter().filter(|kind| versions.contains_key(kind.name())) {
        match Contender::peer(kind, &place) {
            Ok(peer) => contenders.push(peer),
            Err(fault) => eprintln!("bench-peers: {} is left out: {fault}", kind.name()),
        }
    }
    if versions.contains_key("vipsthumbnail") {
        contenders.push(Contender::vipsthumbnail(&place));
    }
    let entries = rounds::measure(&contenders, &shape.works(), extent).await;
    eprintln!("bench-peers: {}, scoring the results", shape.name());
    let figures = ShapeFigures::new(shape, corpus, &contenders, &entries);
    drop(contenders);
    fs::remove_dir_all(scratch).expect("the files of the run can be removed");
    figures
}

/// What is installed: names and descriptions, as the installing script writes them.
fn versions(peers: &Path) -> HashMap<String, String> {
    let text = fs::read_to_string(peers.join("versions.txt")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, about)| (name.to_owned(), about.to_owned()))
        .collect()
}
