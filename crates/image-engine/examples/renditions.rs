//! What master copies cost in bytes and in quality, measured on a folder of photos:
//! `cargo run --release -p image-engine --example renditions -- ~/.cache/imagestore/photos`.
//!
//! The quality of a variant is the SSIMULACRA2 score against the picture scaled from every pixel of the original; the loss is how much less
//! it is for the variant made from the master than for the one made from the original, every pixel of it decoded; in parentheses the same
//! for what is made from the original without a master. A `-` stands where masters do not serve. `all` as the second argument tries
//! further formats and qualities.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a program for the console of a developer"
)]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image_engine::quality::{Pixels, Reference};
use image_engine::{Effort, Limits, MasterCopy, Plan, Rendered, RenditionPlan, Source, Sources, probe, render};
use shared_types::transform::ClientHints;
use shared_types::{OutputFormat, Recipe, TransformQuery};

const SIDES: [u32; 7] = [100, 200, 320, 512, 640, 800, 1000];

fn main() {
    let mut files = Vec::new();
    find(Path::new(&std::env::args().nth(1).unwrap()), &mut files);
    files.sort();
    let (mut originals, mut masters) = (0, 0);
    for path in files {
        let source = fs::read(&path).unwrap();
        originals += source.len();
        let facts = probe(Cursor::new(&source)).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let size = facts.upright_size();
        let bytes = source.len() as u64;
        let Some(plan) = RenditionPlan::new(&facts, bytes, &Limits::default()) else { continue };
        let Some(master) = plan.make(&source, &|| false).unwrap() else {
            println!("{name} {size:?}: not worth it");
            continue;
        };
        masters += master.bytes.len();
        let part = 100.0 * master.bytes.len() as f64 / source.len() as f64;
        println!("{name} {size:?} progressive={}: {part:.1} % of {} bytes", facts.progressive, source.len());
        for (format, quality) in formats() {
            let mut line = format!("    {format} q={quality:<3}");
            for side in SIDES {
                let lossy = if format == OutputFormat::Png { String::new() } else { format!("&q={quality}") };
                let small = format!("w={side}&h={side}{lossy}");
                let cut = format!("{small}&crop=0,0,{},{}", size.0, size.1);
                let full = make(&source, &cut, format);
                let judge = judge(&source, &format!("w={side}&h={side}&crop=0,0,{},{}", size.0, size.1));
                let direct = make(&source, &small, format);
                let [best, direct] = [full, direct].map(|made| score(&judge, &made));
                let copy = MasterCopy { bytes: master.bytes.len() as u64, ..plan.expected() };
                let sources = Sources { master: Some(copy), ..Sources::original(&facts, bytes) };
                let variant = Plan::new(&sources, &recipe(&small, format), Effort::Fast, &Limits::default()).unwrap();
                let loss = if variant.source() == Source::Master {
                    let ours = render(&variant, &master.bytes, None, &|| false).unwrap();
                    format!("{:+5.2}", score(&judge, &ours) - best)
                } else {
                    "    -".to_owned()
                };
                let cell = format!(" {side} {best:5.1} {loss} ({:+5.2})", direct - best);
                line.push_str(&cell);
            }
            println!("{line}");
        }
    }
    println!("masters {masters} of {originals} bytes: {:.1} %", 100.0 * masters as f64 / originals as f64);
}

fn formats() -> Vec<(OutputFormat, u8)> {
    use OutputFormat::{Avif, Jpeg, WebP};
    if std::env::args().nth(2).is_none() {
        return vec![(Jpeg, 80), (OutputFormat::Png, 80)];
    }
    vec![(Jpeg, 60), (Jpeg, 85), (Jpeg, 90), (Jpeg, 95), (WebP, 80), (WebP, 90), (Avif, 60), (Avif, 80)]
}

fn recipe(query: &str, format: OutputFormat) -> Recipe {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Recipe::new(TransformQuery::parse(pairs, ClientHints::default()).unwrap().transform, format)
}

fn make(source: &[u8], query: &str, format: OutputFormat) -> Rendered {
    let facts = probe(Cursor::new(source)).unwrap();
    let sources = Sources::original(&facts, source.len() as u64);
    let plan = Plan::new(&sources, &recipe(query, format), Effort::Fast, &Limits::default()).unwrap();
    render(&plan, source, None, &|| false).unwrap()
}

fn judge(source: &[u8], query: &str) -> Reference {
    Reference::new(&picture(&make(source, query, OutputFormat::Png)), &|| false).unwrap()
}

fn score(judge: &Reference, made: &Rendered) -> f64 {
    judge.score(&picture(made), &|| false).unwrap()
}

fn picture(made: &Rendered) -> Pixels {
    Pixels::decode(&made.bytes, &Limits::default(), &|| false).unwrap()
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            find(&path, found);
        } else if path.extension().is_some_and(|e| e == "jpg" || e == "png") && !path.is_symlink() {
            found.push(path);
        }
    }
}
