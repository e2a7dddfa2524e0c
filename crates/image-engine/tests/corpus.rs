//! Every file of `tests/corpus` is a test: what is in `reference` shows what the text beside it says, and is never taken for whole when it
//! is cut off; what is in `hostile` does no harm. `cargo run -p testkit --bin make-corpus` writes the files that are made by code.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::RgbaImage;
use image_engine::quality::thumbhash;
use image_engine::{Effort, EngineError, Limits, Plan, Rendered, Sources, probe, render, verify, verify_cost};
use libtest_mimic::{Arguments, Trial};
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, Recipe, TransformQuery};

const LIMITS: Limits = Limits {
    max_pixels: 1 << 20,
    max_output_pixels: 1 << 20,
    max_side: 1 << 12,
    max_frames: 64,
    max_animation_pixels: 1 << 22,
    compress_memory: u64::MAX,
    result_memory: u64::MAX,
};

/// The longest that anything may take on one file: many times what it takes on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(20);

/// The most bytes that may be announced for a file within [`LIMITS`], and that the whole process may ever hold.
const MOST_MEMORY: u64 = 256 << 20;

/// Files up to this size are cut off at every byte, larger ones in so many places.
const SMALL: usize = 2048;
const CUTS: usize = 64;

fn main() {
    let corpus = Path::new("tests/corpus");
    let mut trials = Vec::new();
    for path in files(&corpus.join("reference")) {
        if path.extension().is_none_or(|extension| extension != "txt") {
            let (shown, cut) = (path.clone(), path.clone());
            trials.push(trial("reference", &path, move || shows_what_it_says(&shown)));
            trials.push(trial("cut", &path, move || is_never_whole_when_cut(&cut)));
        }
    }
    for path in files(&corpus.join("hostile")) {
        let harmful = path.clone();
        trials.push(trial("hostile", &path, move || does_no_harm(&fs::read(harmful).unwrap())));
    }
    // An empty folder must not pass for success.
    assert!(trials.len() > 100, "{} of the corpus were found in {}", trials.len(), corpus.display());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial(kind: &str, path: &Path, test: impl FnOnce() + Send + 'static) -> Trial {
    let name = path.file_name().unwrap().to_string_lossy();
    Trial::test(format!("{kind}::{name}"), move || {
        test();
        Ok(())
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn check(source: &[u8]) -> Result<(), EngineError> {
    verify(source, &LIMITS, &|| false)
}

/// Plans and renders; what is announced and what comes out is within the limits.
fn make(source: &[u8], query: &str, format: &str) -> Result<Rendered, EngineError> {
    let facts = probe(Cursor::new(source))?;
    let transform = TransformQuery::parse_text(query, ClientHints::default()).unwrap().transform;
    let recipe = Recipe::new(transform, ImageFormat::from_extension(format).unwrap().as_output().unwrap());
    let plan = Plan::new(&Sources::original(&facts, source.len() as u64), &recipe, Effort::Fast, &LIMITS)?;
    let announced = plan.memory().max(verify_cost(&facts, source.len() as u64));
    assert!(announced <= MOST_MEMORY, "{announced} bytes for {facts:?}");
    let made = render(&plan, source, None, &|| false)?;
    let (width, height) = (made.width, made.height);
    let pixels = u64::from(width) * u64::from(height);
    assert!(
        pixels > 0 && pixels <= LIMITS.max_output_pixels && width.max(height) <= LIMITS.max_side,
        "{width}x{height}"
    );
    Ok(made)
}

fn does_no_harm(source: &[u8]) {
    let begun = Instant::now();
    let verified = check(source);
    for (query, format) in [
        ("", "png"),
        ("w=9", "jpg"),
        ("w=9", "webp"),
        ("q=50", "jxl"),
        ("page=1", "bmp"),
        ("strip=0&w=5", "png"),
        ("crop=1,1,4,3&rotate=90", "gif"),
    ] {
        let made = make(source, query, format);
        let asks_too_much = matches!(made, Err(EngineError::InvalidTransform { .. }));
        assert!(made.is_ok() || asks_too_much || verified.is_err(), "{query}: whole, and {made:?}");
    }
    let hash = thumbhash(source, &LIMITS, &|| false);
    assert!(hash.is_ok() || verified.is_err(), "whole, and {hash:?}");
    let taken = begun.elapsed();
    assert!(taken < LONGEST, "{taken:?}");
    assert!(most_resident() <= MOST_MEMORY, "{} bytes", most_resident());
}

/// By the kernel's count, what C libraries take included.
fn most_resident() -> u64 {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The lines of the text beside a file, by their first word.
fn description(path: &Path) -> HashMap<String, String> {
    let text = PathBuf::from(format!("{}.txt", path.display()));
    let text = fs::read_to_string(&text).unwrap_or_else(|error| panic!("{}: {error}", text.display()));
    text.lines()
        .map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line:?} is no name and value")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn shows_what_it_says(path: &Path) {
    let (source, told) = (fs::read(path).unwrap(), description(path));
    let number = |name: &str| told[name].parse::<u32>().unwrap();
    let facts = probe(Cursor::new(&source)).unwrap();
    assert_eq!(Some(facts.format), ImageFormat::from_extension(&told["format"]));
    let (width, height) = facts.upright_size();
    assert_eq!(format!("{width}x{height}"), told["size"]);
    assert_eq!((facts.orientation.into(), facts.bits.into()), (number("orientation"), number("bits")));
    assert_eq!(check(&source), Ok(()));
    let (frames, tolerance) = (number("frames"), number("tolerance") as u8);
    assert_eq!(facts.animated, frames > 1);
    let shown =
        |query: &str| image::load_from_memory(&make(&source, query, "png").unwrap().bytes).unwrap().into_rgba8();
    let corners: Vec<_> = told["corners"].split(' ').map(colour).collect();
    has_corners(&shown(""), &corners, tolerance);
    if frames > 1 {
        has_corners(&shown(&format!("page={}", frames - 1)), &[colour(&told["last"]); 4], tolerance);
        let beyond = make(&source, &format!("page={frames}"), "png");
        assert!(matches!(beyond, Err(EngineError::InvalidTransform { parameter: "page", .. })), "{beyond:?}");
    }
}

/// Red, green, blue and alpha in hexadecimal.
fn colour(text: &str) -> [u8; 4] {
    u32::from_str_radix(text, 16).unwrap().to_be_bytes()
}

/// In the middle of the quarters. What cannot be seen has no colour.
fn has_corners(picture: &RgbaImage, corners: &[[u8; 4]], tolerance: u8) {
    let (width, height) = picture.dimensions();
    let places = [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| (width * x / 4, height * y / 4));
    assert_eq!(corners.len(), places.len());
    for ((x, y), wanted) in places.into_iter().zip(corners) {
        let found = picture.get_pixel(x, y).0;
        let seen = if wanted[3] == 0 { 3.. } else { 0.. };
        let near =
            found[seen.clone()].iter().zip(&wanted[seen]).all(|(found, wanted)| found.abs_diff(*wanted) <= tolerance);
        assert!(near, "{found:?} instead of {wanted:?} at {x},{y} of {width}x{height}");
    }
}

fn is_never_whole_when_cut(path: &Path) {
    let source = fs::read(path).unwrap();
    let needed = source.len() - description(path)["spare"].parse::<usize>().unwrap();
    let step = if source.len() < SMALL { 1 } else { source.len().div_ceil(CUTS) };
    for length in (0..needed).step_by(step).chain([needed - 1]) {
        let cut = &source[..length];
        let (begun, verified) = (Instant::now(), check(cut));
        assert!(verified.is_err(), "cut to {length} of {}, and taken for whole", source.len());
        // A picture or an error, and no panic.
        drop(make(cut, "", "png"));
        drop(make(cut, "w=7", "jpg"));
        assert!(begun.elapsed() < LONGEST, "cut to {length}: {:?}", begun.elapsed());
    }
}
