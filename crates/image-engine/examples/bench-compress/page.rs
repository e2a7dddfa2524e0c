//! The page: what was measured, under which conditions.

use std::fmt::Write;

use shared_types::OutputFormat;

use crate::figures::{Ours, PhotoFigures, files, ratio};
use crate::{GOALS, KINDS};
use testkit::measured;

/// Everything on the page that is not a figure.
const TEMPLATE: &str = include_str!("page.md");

/// One photo, while the others are waited for.
pub(crate) fn line(photo: &PhotoFigures) -> String {
    let mut text = String::new();
    for (index, goal) in GOALS.iter().enumerate() {
        let told = |bytes: Option<f64>| bytes.map_or("-".to_owned(), |bytes| format!("{:.1}", bytes / 1000.0));
        let turbo = photo.optimised[index];
        let moz = photo.mozjpeg.and_then(|moz| moz[index]);
        let _ = write!(text, "{goal}: turbo {} moz {}", told(turbo), told(moz));
        for (kind, ours) in KINDS.iter().zip(&photo.ours[index]) {
            if let Some(Ours { bytes, score, format, tries, cpu, .. }) = ours {
                let tries: Vec<_> = tries.iter().map(|(format, tries)| format!("{format} {tries}")).collect();
                let ratio = turbo.map_or(f64::NAN, |turbo| bytes / turbo);
                let _ = write!(
                    text,
                    "; {kind} {:.1} ({ratio:.2}) {score:.2} {format} [{}] {cpu:.1}s",
                    bytes / 1000.0,
                    tries.join(", ")
                );
            }
        }
        text.push('\n');
    }
    text
}

pub(crate) fn text(commit: &str, quick: bool, threads: usize, photos: &[PhotoFigures]) -> String {
    let mut conditions = String::new();
    if quick {
        conditions += "**A quick run of two photos. The figures mean nothing.**\n\n";
    }
    let processor = measured::processor();
    let load = measured::load();
    let sharp = if photos.iter().any(|photo| photo.mozjpeg.is_some()) {
        "sharp 0.35.5 with `mozjpeg: true`"
    } else {
        "sharp was not installed"
    };
    let _ = write!(
        conditions,
        "* {processor}, {threads} photos at a time, each by one thread; load average at the end (1, 5, 15 minutes) {load}.\n* image-engine of commit {commit}, built for \
         release; libjpeg-turbo as the crate turbojpeg builds it; {sharp}.\n* {} photos.",
        photos.len()
    );
    TEMPLATE
        .replace("{conditions}", &conditions)
        .replace("{ratios}", ratios(photos).trim_end())
        .replace("{search}", search(photos).trim_end())
        .replace("{formats}", formats(photos).trim_end())
}

fn ratios(photos: &[PhotoFigures]) -> String {
    let mut text = String::from(
        "| score | ours | by libjpeg-turbo | by it with optimised tables | by sharp with mozjpeg |\n|---:|---|---:|---:|---:|\n",
    );
    let told = |ratio: Option<(f64, f64, usize)>| match ratio {
        Some((mean, worst, count)) if count == photos.len() => format!("{mean:.2} ({worst:.2})"),
        Some((mean, worst, count)) => format!("{mean:.2} ({worst:.2}) of {count}"),
        None => "–".to_owned(),
    };
    for (goal, score) in GOALS.iter().enumerate() {
        for (kind, name) in KINDS.iter().enumerate() {
            let baseline = ratio(photos, goal, kind, |photo| photo.baseline[goal]);
            let optimised = ratio(photos, goal, kind, |photo| photo.optimised[goal]);
            let mozjpeg = ratio(photos, goal, kind, |photo| photo.mozjpeg.and_then(|bytes| bytes[goal]));
            let _ =
                writeln!(text, "| {score} | {name} | {} | {} | {} |", told(baseline), told(optimised), told(mozjpeg));
        }
    }
    text
}

fn search(photos: &[PhotoFigures]) -> String {
    let mut text = String::from(
        "| format | files | below the goal | within +0 and +2.5 | mean above | kept without loss | encodings, mean (most) | CPU s a megapixel |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (kind, name) in KINDS.iter().enumerate() {
        let all: Vec<_> = files(photos, kind).collect();
        let lossy: Vec<_> = all.iter().filter(|(_, ours, _)| !ours.lossless).collect();
        let count = lossy.len().max(1) as f64;
        let below = all.iter().filter(|(goal, ours, _)| ours.score < *goal).count();
        let within = lossy.iter().filter(|(goal, ours, _)| (0.0..=2.5).contains(&(ours.score - goal))).count() as f64;
        let above = lossy.iter().map(|(goal, ours, _)| ours.score - goal).sum::<f64>() / count;
        let tries: Vec<f64> =
            all.iter().flat_map(|(_, ours, _)| ours.tries.iter().map(|tries| f64::from(tries.1))).collect();
        let most = tries.iter().copied().fold(0.0, f64::max);
        let mean = tries.iter().sum::<f64>() / tries.len().max(1) as f64;
        let cpu = all.iter().map(|(_, ours, _)| ours.cpu).sum::<f64>()
            / all.iter().map(|(.., megapixels)| megapixels).sum::<f64>();
        let _ = writeln!(
            text,
            "| {name} | {} | {below} | {:.0} % | {above:.2} | {} | {mean:.1} ({most:.0}) | {cpu:.2} |",
            all.len(),
            within / count * 100.0,
            all.len() - lossy.len(),
        );
    }
    text
}

/// What `auto` chose.
fn formats(photos: &[PhotoFigures]) -> String {
    let auto = KINDS.len() - 1;
    let mut text = String::from("| score | jpg | webp | avif | png |\n|---:|---:|---:|---:|---:|\n");
    for (goal, score) in GOALS.iter().enumerate() {
        let count = |format| {
            photos
                .iter()
                .filter(|photo| photo.ours[goal][auto].as_ref().is_some_and(|ours| ours.format == format))
                .count()
        };
        let [jpeg, webp, avif, png] =
            [OutputFormat::Jpeg, OutputFormat::WebP, OutputFormat::Avif, OutputFormat::Png].map(count);
        let _ = writeln!(text, "| {score} | {jpeg} | {webp} | {avif} | {png} |");
    }
    text
}
