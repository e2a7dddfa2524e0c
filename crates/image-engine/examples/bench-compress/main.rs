//! Measures how small pictures become at a measured quality, beside encoders that others use, and writes a page about it.
//!
//! `scripts/bench-compress` fetches photos, installs the peers, builds what is needed and runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be taken ends the run and says why"
)]

mod figures;
mod page;
mod peers;

use std::fs;
use std::io::Cursor;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use clap::Parser;
use image_engine::quality::{Pixels, Reference};
use image_engine::{CompressPlan, Compressed, Limits, Sources, probe};
use shared_types::{Formats, Goal, OutputFormat, Transform};
use testkit::image::{self, RgbImage};
use testkit::photos::{WEB_SOURCE_PIXELS, decode, motifs_below, web_size};
use testkit::process::thread_cpu_seconds;

use figures::{Ours, PhotoFigures};
use peers::{Curve, MozJpeg, Turbo};

/// Measures how small pictures become at a measured quality.
#[derive(Debug, Parser)]
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
    /// Two photos: to see that it works, not for figures.
    #[arg(long)]
    quick: bool,
    /// The commit that is measured, for the page.
    #[arg(long, default_value = "unknown")]
    commit: String,
}

/// The scores that are asked for.
pub(crate) const GOALS: [f64; 3] = [70.0, 80.0, 90.0];
/// The formats that are made, `auto` last.
pub(crate) const KINDS: [&str; 4] = ["jpg", "webp", "avif", "auto"];

fn main() {
    let cli = Cli::parse();
    let count = if cli.quick { 2 } else { 12 };
    let paths: Vec<_> = motifs_below(&cli.photos, WEB_SOURCE_PIXELS).into_iter().take(count).collect();
    assert!(!paths.is_empty(), "no JPEG in {} is large enough", cli.photos.display());
    let (next, photos) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads.min(paths.len()) {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Relaxed)) {
                    let figures = photo(path, &cli.peers);
                    println!("{}\n{}", path.display(), page::line(&figures));
                    photos.lock().unwrap().push(figures);
                }
            });
        }
    });
    let photos = photos.into_inner().unwrap();
    let text = page::text(&cli.commit, cli.quick, threads, &photos);
    println!("{text}");
    fs::write(&cli.page, text).unwrap();
    eprintln!("bench-compress: wrote {}", cli.page.display());
}

fn photo(path: &Path, peers: &Path) -> PhotoFigures {
    let scratch = testkit::tempfile::tempdir().unwrap();
    let picture = web_size(&decode(&fs::read(path).unwrap()));
    measure(&picture, MozJpeg::start(peers, scratch.path()).as_mut())
}

fn measure(picture: &RgbImage, sharp: Option<&mut MozJpeg>) -> PhotoFigures {
    let source = lossless(picture);
    let judge = Reference::new(&Pixels::decode(&source, &Limits::default(), &|| false).unwrap(), &|| false).unwrap();
    let score = |file: &[u8]| {
        let candidate = Pixels::decode(file, &Limits::default(), &|| false).unwrap();
        judge.score(&candidate, &|| false).unwrap()
    };
    let ours = GOALS.map(|goal| KINDS.map(|kind| compress(&source, goal, kind, &score)));
    let turbo = Curve::new(&mut Turbo(picture), &score).bytes_at(GOALS);
    let [baseline, optimised] = [0, 1].map(|way| turbo.map(|bytes| bytes.map(|bytes| bytes[way])));
    let mozjpeg = sharp.map(|sharp| {
        sharp.take(picture);
        Curve::new(sharp, &score).bytes_at(GOALS).map(|bytes| bytes.map(|[bytes]| bytes))
    });
    let megapixels = f64::from(picture.width()) * f64::from(picture.height()) / 1e6;
    PhotoFigures { megapixels, ours, baseline, optimised, mozjpeg }
}

/// The same pixels for everybody.
fn lossless(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Bmp).unwrap();
    bytes.into_inner()
}

fn compress(source: &[u8], goal: f64, kind: &str, score: &dyn Fn(&[u8]) -> f64) -> Option<Ours> {
    let facts = probe(Cursor::new(source)).unwrap();
    let sources = Sources::original(&facts, source.len() as u64);
    let goal: Goal = format!("target={goal}").parse().unwrap();
    let formats: Formats = kind.parse().unwrap();
    let plan = CompressPlan::new(&sources, &Transform::default(), Some(goal), &formats, &Limits::default()).unwrap();
    let before = thread_cpu_seconds();
    let made = plan.make(source, None, &|_| {}, &|| false);
    let cpu = thread_cpu_seconds() - before;
    let Ok(Compressed::Made { rendered, tried }) = made else { return None };
    let tries = tried.iter().filter(|tried| tried.tries > 0).map(|tried| (tried.format, tried.tries)).collect();
    let lossless = rendered.quality.is_none() && rendered.format != OutputFormat::Png;
    Some(Ours {
        bytes: rendered.bytes.len() as f64,
        score: score(&rendered.bytes),
        format: rendered.format,
        tries,
        cpu,
        lossless,
    })
}
