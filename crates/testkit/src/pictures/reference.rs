//! Small files of every kind that the services read, and what each of them shows.
//!
//! The pictures are four quarters of plain colours, which tell any turn, mirror or exchange of channels, and survive any encoder.

use image::{Rgb, RgbImage, Rgba, RgbaImage};

use super::animation::{self, Dispose, Placed};
use super::{file, jpeg, png};

/// Width and height of them all, upright.
pub const SIZE: (u32, u32) = (32, 24);

/// Colours of the four quarters: top left, top right, bottom left, bottom right.
type Corners = [[u8; 4]; 4];

const FULL: Corners = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 255, 255]];
/// One quarter cannot be seen.
const CLEAR: Corners = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [0, 0, 0, 0]];
const GREY: Corners = [[54, 54, 54, 255], [182, 182, 182, 255], [18, 18, 18, 255], [255, 255, 255, 255]];
/// Grey with one quarter that cannot be seen.
const GREY_CLEAR: Corners = [[85, 85, 85, 255], [85, 85, 85, 255], [85, 85, 85, 255], [0, 0, 0, 0]];
/// Dark enough for light to be shown as it is.
const DIM: Corners = [[150, 0, 0, 255], [0, 150, 0, 255], [0, 0, 150, 255], [150, 150, 150, 255]];
/// All over the frames of an animation but the first.
const LATER: [u8; 4] = [32, 64, 96, 255];

/// A file and what it shows.
#[derive(Debug, Clone)]
pub struct Reference {
    /// A name for the file, with the usual extension of its format.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// EXIF orientation.
    pub orientation: u8,
    /// Bits of a channel.
    pub bits: u8,
    /// How many frames it has; those after the first are of one colour.
    pub frames: u32,
    /// Colours in the middle of the quarters: red, green, blue, alpha.
    pub corners: Corners,
    /// By how much a channel may differ.
    pub tolerance: u8,
    /// Bytes at the end that the picture does not need.
    pub spare: usize,
}

impl Reference {
    fn new(name: &str, corners: Corners, tolerance: u8, bytes: Vec<u8>) -> Self {
        let (name, orientation, bits, frames, spare) = (name.to_owned(), 1, 8, 1, 0);
        Self { name, bytes, orientation, bits, frames, corners, tolerance, spare }
    }

    /// The text that stands beside the file: a line for each fact, its name first.
    pub fn describe(&self) -> String {
        let Self { name, orientation, bits, frames, corners, tolerance, spare, .. } = self;
        let hex = |[red, green, blue, alpha]: [u8; 4]| format!("{red:02x}{green:02x}{blue:02x}{alpha:02x}");
        let format = name.rsplit('.').next().unwrap_or_default();
        let (width, height) = SIZE;
        let last = if *frames > 1 { format!("last {}\n", hex(LATER)) } else { String::new() };
        format!(
            "format {format}\nsize {width}x{height}\norientation {orientation}\nbits {bits}\nframes {frames}\n\
             corners {}\ntolerance {tolerance}\nspare {spare}\n{last}",
            corners.map(hex).join(" "),
        )
    }
}

/// One of each kind.
pub fn all() -> Vec<Reference> {
    let mut all = stills();
    all.extend(transparent());
    all.extend((1..=8).map(|orientation| {
        let bytes = jpeg::oriented(&opaque(FULL), orientation, 90);
        let file = Reference::new(&format!("jpeg-orientation-{orientation}.jpg"), FULL, 12, bytes);
        Reference { orientation, ..file }
    }));
    all.extend(moving());
    all
}

fn stills() -> Vec<Reference> {
    let (picture, dim) = (opaque(FULL), opaque(DIM));
    let of = |name: &str, tolerance, bytes| Reference::new(name, FULL, tolerance, bytes);
    vec![
        of("jpeg-420.jpg", 16, jpeg::baseline(&picture, 90)),
        of("jpeg-444.jpg", 12, jpeg::full_chroma(&picture, 90)),
        of("jpeg-progressive.jpg", 16, jpeg::progressive(&picture, 90)),
        of("jpeg-cmyk.jpg", 16, jpeg::cmyk(&picture, 90)),
        Reference::new("jpeg-grey.jpg", GREY, 8, jpeg::grey(&picture, 90)),
        of("png-rgb.png", 0, file::png(&picture)),
        Reference { bits: 16, ..of("png-16.png", 0, png::sixteen_bit(&picture)) },
        of("png-interlaced.png", 0, png::interlaced(&picture)),
        of("webp-lossy.webp", 24, file::webp_lossy(&picture, 90.0)),
        of("avif.avif", 12, file::avif(&picture, 90)),
        of("heic.heic", 24, file::heic(&picture, 90)),
        of("jxl-lossy.jxl", 16, file::jxl(&picture, 95)),
        Reference { bits: 16, ..of("jxl-16.jxl", 0, file::jxl_deep(&picture)) },
        of("tiff-rgb.tiff", 0, file::tiff(&picture)),
        of("tiff-palette.tiff", 0, file::tiff_palette(&picture)),
        of("bmp.bmp", 0, file::bmp(&picture)),
        of("pnm-colour.ppm", 0, file::ppm(&picture)),
        Reference::new("pnm-grey.pgm", GREY, 1, file::pgm(&picture)),
        Reference { bits: 32, ..Reference::new("hdr.hdr", DIM, 2, file::hdr(&file::light(&dim))) },
        Reference { bits: 32, ..Reference::new("exr.exr", DIM, 2, file::exr(&file::light(&dim))) },
    ]
}

fn transparent() -> Vec<Reference> {
    let picture = clear(CLEAR);
    let of = |name: &str, tolerance, bytes| Reference::new(name, CLEAR, tolerance, bytes);
    vec![
        of("png-alpha.png", 0, file::png_alpha(&picture)),
        of("png-palette.png", 0, png::palette(&picture)),
        Reference::new("png-grey-alpha.png", GREY_CLEAR, 0, png::grey_alpha(&picture)),
        of("gif.gif", 2, file::gif(&picture)),
        of("webp-lossless.webp", 0, file::webp_lossless(&picture)),
        of("avif-alpha.avif", 12, file::avif_alpha(&picture, 90)),
        of("heic-alpha.heic", 24, file::heic_alpha(&picture, 90)),
        of("jxl-lossless.jxl", 0, file::jxl_lossless(&picture)),
        // A PNG within it: the checksum of its end is not looked at.
        Reference { spare: 4, ..of("ico.ico", 0, file::ico(&picture)) },
        of("qoi.qoi", 0, file::qoi(&picture)),
    ]
}

fn moving() -> Vec<Reference> {
    let later = RgbaImage::from_pixel(SIZE.0, SIZE.1, Rgba(LATER));
    let frame = |picture| Placed { at: (0, 0), picture, milliseconds: 100, dispose: Dispose::Keep, blend: false };
    let frames = [clear(FULL), later.clone(), later].map(frame);
    let of = |name: &str, tolerance, bytes| Reference { frames: 3, ..Reference::new(name, FULL, tolerance, bytes) };
    vec![
        of("gif-animated.gif", 2, animation::gif(SIZE.0 as u16, SIZE.1 as u16, &frames, Some(0))),
        of("png-animated.png", 0, animation::apng(SIZE.0, SIZE.1, &frames, 0)),
        of("webp-animated.webp", 0, animation::webp(SIZE.0, SIZE.1, &frames, 0)),
        of("avif-animated.avif", 12, animation::avif(&frames, 90)),
        of("jxl-animated.jxl", 0, animation::jxl(&frames, 0)),
    ]
}

fn clear(corners: Corners) -> RgbaImage {
    let (width, height) = SIZE;
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba(corners[usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)])
    })
}

fn opaque(corners: Corners) -> RgbImage {
    let picture = clear(corners);
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let [red, green, blue, _] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue])
    })
}
