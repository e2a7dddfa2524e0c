//! The source pictures, made from a folder of photos.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::photos::{decode, motifs_below, web_size};
use testkit::pictures::jpeg;

use crate::work::Shape;

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
            Shape::Web => testkit::photos::WEB_SOURCE_PIXELS,
            Shape::Phone => 8e6,
        };
        let mut made = Vec::new();
        for path in motifs_below(photos, smallest).into_iter().take(count) {
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
