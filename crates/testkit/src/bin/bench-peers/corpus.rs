//! The source pictures, made from a folder of photos.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use testkit::image::RgbImage;
use testkit::photos::jpegs_below;
use testkit::pictures::jpeg;

use crate::lanczos;
use crate::work::Shape;

/// Files with fewer bits a pixel are drawings, blurred or empty: they cost an encoder less than photos do.
const PHOTO_BITS_A_PIXEL: f64 = 1.0;
const WEB_PIXELS: f64 = 2.8e6;
const WEB_QUALITY: u8 = 85;
const PHONE_QUALITY: u8 = 92;

/// The pictures of one shape, as files in a folder of their own, which is where the peers find them.
pub(crate) struct Corpus {
    pub(crate) folder: PathBuf,
    pub(crate) photos: Vec<Photo>,
}

/// One source picture.
pub(crate) struct Photo {
    /// Its file's name in the folder.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) megapixels: f64,
}

impl Corpus {
    /// At most `count` pictures in a new folder within `scratch`.
    pub(crate) fn make(shape: Shape, photos: &Path, scratch: &Path, count: usize) -> Self {
        let folder = scratch.join(format!("{}-photos", shape.name()));
        fs::create_dir_all(&folder).expect("the scratch folder is writable");
        let smallest = match shape {
            Shape::Web => 3.5e6,
            Shape::Phone => 8e6,
        };
        let mut made = Vec::new();
        for path in candidates(photos, smallest).into_iter().take(count) {
            let name = format!("{}-{:02}.jpg", shape.name(), made.len() + 1);
            let picture = decode(&fs::read(&path).expect("a photo that was just listed can be read"));
            let (picture, quality) = match shape {
                Shape::Web => (web_size(&picture), WEB_QUALITY),
                Shape::Phone => (picture, PHONE_QUALITY),
            };
            let bytes = jpeg::baseline(&picture, quality);
            fs::write(folder.join(&name), &bytes).expect("the scratch folder is writable");
            let megapixels = f64::from(picture.width()) * f64::from(picture.height()) / 1e6;
            made.push(Photo { name, bytes, megapixels });
        }
        assert!(!made.is_empty(), "no JPEG in {} is large enough for the shape {}", photos.display(), shape.name());
        Self { folder, photos: made }
    }

    /// How many pictures of what size there are, for the page.
    pub(crate) fn about(&self) -> String {
        let sizes = self.photos.iter().map(|photo| photo.megapixels);
        let (smallest, largest) = sizes.fold((f64::MAX, 0.0_f64), |(low, high), size| (low.min(size), high.max(size)));
        let megabytes = self.photos.iter().map(|photo| photo.bytes.len()).sum::<usize>() as f64 / 1e6;
        let mean = megabytes / self.photos.len() as f64;
        format!(
            "{} photos of {smallest:.1} to {largest:.1} megapixels, {mean:.1} MB each on average",
            self.photos.len()
        )
    }
}

/// A JPEG's pixels.
pub(crate) fn decode(jpeg: &[u8]) -> RgbImage {
    let decoded = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::RGB).expect("the photo can be decoded");
    RgbImage::from_raw(decoded.width as u32, decoded.height as u32, decoded.pixels).expect("a decoder fills its rows")
}

fn web_size(picture: &RgbImage) -> RgbImage {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = (WEB_PIXELS / (width * height)).sqrt().min(1.0);
    lanczos::resize(picture, (width * scale).round() as u32, (height * scale).round() as u32)
}

/// JPEG photos of at least so many pixels, the largest of each motif, in the order of their paths.
fn candidates(folder: &Path, smallest: f64) -> Vec<PathBuf> {
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
