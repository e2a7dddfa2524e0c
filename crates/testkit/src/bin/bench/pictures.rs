//! The pictures that are sent: 12 megapixels, every file another one.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use image::RgbImage;
use image::imageops::FilterType;
use testkit::image;
use testkit::photos::jpegs_below;
use testkit::pictures::{jpeg, photo};

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;
const QUALITY: u8 = 90;
/// Photos with fewer pixels would be blown up to 12 megapixels and compress unlike a photo.
const ENOUGH_PIXELS: usize = 8_000_000;

/// A few encoded pictures, from which any number of distinct files is made.
pub(crate) struct Pictures {
    files: Vec<Vec<u8>>,
    source: String,
    made: AtomicU64,
}

impl Pictures {
    /// From the photos in the folder if it has any that are large enough, otherwise by code.
    pub(crate) fn make(folder: Option<&Path>, count: usize) -> Self {
        let mut paths = folder.map(jpegs_below).unwrap_or_default();
        // The most detailed first: a picture of sky and blur compresses to a tenth of what a camera writes.
        paths.sort_by_key(|path| (std::cmp::Reverse(fs::metadata(path).map_or(0, |facts| facts.len())), path.clone()));
        let taken: Vec<_> = paths.iter().filter_map(|path| large_photo(path)).take(count).collect();
        let source = if taken.is_empty() { "made by code".to_owned() } else { format!("from {} photos", taken.len()) };
        let pictures =
            if taken.is_empty() { (1..=count as u64).map(|seed| photo(WIDTH, HEIGHT, seed)).collect() } else { taken };
        let files: Vec<_> = pictures.iter().map(|picture| jpeg::baseline(picture, QUALITY)).collect();
        let mean = files.iter().map(Vec::len).sum::<usize>() / files.len();
        let source = format!("{source}, 12 megapixels, JPEG quality {QUALITY}, {:.1} MB on average", mean as f64 / 1e6);
        Self { files, source, made: AtomicU64::new(0) }
    }

    /// Where they come from, for the report.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// A file that was not sent before: one of the pictures with a comment of its own, so that no digest repeats.
    pub(crate) fn distinct(&self) -> Vec<u8> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let file = &self.files[number as usize % self.files.len()];
        jpeg::with_comment(file, &format!("file {number} of this run"))
    }
}

/// A file of any size that was not sent before.
pub(crate) fn small(width: u32, height: u32, number: u64) -> Vec<u8> {
    jpeg::baseline(&photo(width, height, number), QUALITY)
}

fn large_photo(path: &Path) -> Option<RgbImage> {
    let bytes = fs::read(path).ok()?;
    let header = turbojpeg::read_header(&bytes).ok()?;
    if header.width * header.height < ENOUGH_PIXELS {
        return None;
    }
    let decoded = turbojpeg::decompress(&bytes, turbojpeg::PixelFormat::RGB).ok()?;
    let picture = RgbImage::from_raw(decoded.width as u32, decoded.height as u32, decoded.pixels)?;
    Some(image::DynamicImage::from(picture).resize_to_fill(WIDTH, HEIGHT, FilterType::Lanczos3).into_rgb8())
}
