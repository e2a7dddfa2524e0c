//! Photos that somebody put into a folder, for measurements.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use walkdir::{DirEntry, WalkDir};

use crate::lanczos;

/// Files with fewer bits a pixel are drawings, blurred or empty: they cost an encoder less than photos do.
const PHOTO_BITS_A_PIXEL: f64 = 1.0;
/// Pixels of a photo as a site keeps it.
const WEB_PIXELS: f64 = 2.8e6;
/// The fewest pixels of which such a photo is made.
pub const WEB_SOURCE_PIXELS: f64 = 3.5e6;

/// Every JPEG below the folder, in no particular order. What cannot be read is left out.
pub fn jpegs_below(folder: &Path) -> Vec<PathBuf> {
    let is_jpeg = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jpg")) && path.is_file()
    };
    WalkDir::new(folder).into_iter().filter_map(Result::ok).map(DirEntry::into_path).filter(is_jpeg).collect()
}

/// A JPEG's pixels.
pub fn decode(jpeg: &[u8]) -> RgbImage {
    let decoded = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::RGB).expect("the photo can be decoded");
    RgbImage::from_raw(decoded.width as u32, decoded.height as u32, decoded.pixels).expect("a decoder fills its rows")
}

/// At most as large as a site keeps it, scaled in linear light.
pub fn web_size(picture: &RgbImage) -> RgbImage {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = (WEB_PIXELS / (width * height)).sqrt().min(1.0);
    lanczos::resize(picture, (width * scale).round() as u32, (height * scale).round() as u32)
}

/// JPEG photos of at least so many pixels, the largest of each motif, in the order of their paths.
pub fn motifs_below(folder: &Path, smallest: f64) -> Vec<PathBuf> {
    let found = jpegs_below(folder).into_iter();
    let mut sized: Vec<(f64, PathBuf)> = found.filter_map(|path| Some((pixels(&path)?, path))).collect();
    sized.retain(|(pixels, _)| *pixels >= smallest);
    sized.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut motifs = HashSet::new();
    let mut paths: Vec<PathBuf> =
        sized.into_iter().map(|(_, path)| path).filter(|path| motifs.insert(motif(path))).collect();
    paths.sort();
    paths
}

/// Wallpapers come in several sizes: `Elephants_3840x2160.jpg` beside `Elephants.jpg`, `5120x2880.jpg` beside `720x1440.jpg`.
fn motif(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = stem.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'x' || c == '_');
    path.with_file_name(name.to_owned() + ".")
}

/// How many pixels a colour photo has; `None` for anything else.
fn pixels(path: &Path) -> Option<f64> {
    let bytes = fs::read(path).ok()?;
    let header = turbojpeg::read_header(&bytes).ok()?;
    let pixels = header.width as f64 * header.height as f64;
    (bytes.len() as f64 * 8.0 / pixels >= PHOTO_BITS_A_PIXEL).then_some(pixels)
}
