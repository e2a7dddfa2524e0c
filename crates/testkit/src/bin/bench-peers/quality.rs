//! How close a result is to the best there could be.

use std::collections::HashMap;

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use testkit::image::{self, Rgb, RgbImage};

use testkit::lanczos;
use testkit::photos::decode;

use crate::work::Format;

/// Results of one photo against its references, of which there is one for each size.
pub(crate) struct Judge {
    original: RgbImage,
    references: HashMap<(u32, u32), Ssimulacra2Reference>,
}

impl Judge {
    /// For the results made from this JPEG.
    pub(crate) fn new(original: &[u8]) -> Self {
        Self { original: decode(original), references: HashMap::new() }
    }

    /// SSIMULACRA2 of a result: 100 is the reference itself, 90 not to be told from it, 70 good, 50 plainly worse.
    pub(crate) fn score(&mut self, result: &[u8], format: Format) -> f64 {
        let picture = pixels(result, format);
        let size = picture.dimensions();
        let original = &self.original;
        let reference = self.references.entry(size).or_insert_with(|| {
            let best = lanczos::resize(original, size.0, size.1);
            Ssimulacra2Reference::new(&slice(&best)).expect("the reference is large enough to be compared")
        });
        reference.compare(&slice(&picture)).expect("both have the same size")
    }
}

fn slice(picture: &RgbImage) -> PixelSlice<'_> {
    let (width, height) = picture.dimensions();
    let stride = width as usize * 3;
    PixelSlice::new(picture.as_raw(), width, height, stride, PixelDescriptor::RGB8_SRGB).expect("rows without gaps")
}

/// By the decoders of the formats' own libraries, which smooth colour where it was stored coarsely.
fn pixels(file: &[u8], format: Format) -> RgbImage {
    match format {
        Format::Jpeg => decode(file),
        Format::Png => image::load_from_memory(file).expect("a server's PNG can be decoded").into_rgb8(),
        Format::Webp => {
            let decoded = webp::Decoder::new(file).decode().expect("a server's WebP can be decoded");
            let channels = if decoded.is_alpha() { 4 } else { 3 };
            let rgb = decoded.chunks_exact(channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            RgbImage::from_raw(decoded.width(), decoded.height(), rgb).expect("a decoder fills its rows")
        }
        Format::Avif => {
            let decoded = libavif::decode_rgb(file).expect("a server's AVIF can be decoded");
            RgbImage::from_fn(decoded.width(), decoded.height(), |x, y| {
                let (red, green, blue, _) = decoded.pixel(x, y);
                Rgb([red, green, blue])
            })
        }
    }
}
