//! Pictures made by code: the same arguments give the same bytes, so a picture is kept in the repository only where a test is
//! about the very bytes.
//!
//! [`photo`] and [`graphic`] make pixels; [`file`] encodes them in every format the services read; [`jpeg`] and [`png`] hold what is
//! special to these two; [`animation`] places frames with every kind of disposal and blending; [`colour`] has profiles; [`svg`] draws;
//! [`broken`] and [`hostile`] make what must be refused; [`samples`] lists one of each kind, and [`reference`](mod@reference) says what
//! small files of each show.

pub mod animation;
pub mod broken;
pub mod colour;
pub mod file;
pub mod hostile;
pub mod jpeg;
pub mod png;
pub mod reference;
mod scene;
pub mod svg;

pub use broken::{png_claiming, truncations};
pub use jpeg::with_orientation;
pub use scene::{graphic, photo};

/// One encoded picture and what is known of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What kind of file it is, for messages.
    pub name: &'static str,
    /// The usual extension of the format: `jpg`, `png`, `gif`, `webp`, `bmp`, `tiff`, `avif`, `ico`, `qoi`, `ppm`, `pgm`,
    /// `hdr`, `exr`, `jxl`, `heic`.
    pub extension: &'static str,
    /// Width of the upright picture.
    pub width: u32,
    /// Height of the upright picture.
    pub height: u32,
    /// Whether it has more than one frame.
    pub animated: bool,
    /// Whether some of it is transparent.
    pub transparent: bool,
    /// The file.
    pub bytes: Vec<u8>,
}

/// One small file of every kind the services read: each format, and each flavour of a format that decoders get wrong.
pub fn samples() -> Vec<Sample> {
    samples_of(96, 64)
}

/// As [`samples`], in another size.
pub fn samples_of(width: u32, height: u32) -> Vec<Sample> {
    let photo = photo(width, height, 7);
    let graphic = graphic(width, height);
    let opaque =
        |name, extension, bytes| Sample { name, extension, width, height, animated: false, transparent: false, bytes };
    let clear = |name, extension, bytes| Sample { transparent: true, ..opaque(name, extension, bytes) };
    let moving = |name, extension, bytes| Sample { animated: true, ..opaque(name, extension, bytes) };
    vec![
        opaque("jpeg", "jpg", jpeg::baseline(&photo, 90)),
        opaque("jpeg progressive", "jpg", jpeg::progressive(&photo, 90)),
        opaque("jpeg grey", "jpg", jpeg::grey(&photo, 90)),
        opaque("jpeg cmyk", "jpg", jpeg::cmyk(&photo, 90)),
        opaque("jpeg oriented", "jpg", jpeg::oriented(&photo, 6, 90)),
        opaque("png", "png", file::png(&photo)),
        clear("png with alpha", "png", file::png_alpha(&graphic)),
        opaque("png 16 bit", "png", png::sixteen_bit(&photo)),
        clear("png palette", "png", png::palette(&graphic)),
        clear("png grey and alpha", "png", png::grey_alpha(&graphic)),
        opaque("png interlaced", "png", png::interlaced(&photo)),
        clear("gif", "gif", file::gif(&graphic)),
        moving("gif animated", "gif", file::animated_gif(width, height, 4)),
        opaque("webp lossy", "webp", file::webp_lossy(&photo, 80.0)),
        clear("webp lossless", "webp", file::webp_lossless(&graphic)),
        moving("webp animated", "webp", file::animated_webp(width, height, 4)),
        opaque("bmp", "bmp", file::bmp(&photo)),
        opaque("tiff", "tiff", file::tiff(&photo)),
        opaque("tiff palette", "tiff", file::tiff_palette(&photo)),
        moving("png animated", "png", animation::apng(width, height, &animation::bars(width, height, 4), 0)),
        moving("avif animated", "avif", animation::avif(&animation::bars(width, height, 4), 60)),
        opaque("avif", "avif", file::avif(&photo, 60)),
        clear("avif with alpha", "avif", file::avif_alpha(&graphic, 60)),
        clear("ico", "ico", file::ico(&graphic)),
        clear("qoi", "qoi", file::qoi(&graphic)),
        opaque("pnm colour", "ppm", file::ppm(&photo)),
        opaque("pnm grey", "pgm", file::pgm(&photo)),
        opaque("hdr", "hdr", file::hdr(&file::light(&photo))),
        opaque("exr", "exr", file::exr(&file::light(&photo))),
        opaque("jxl lossy", "jxl", file::jxl(&photo, 80)),
        clear("jxl lossless", "jxl", file::jxl_lossless(&graphic)),
        opaque("jxl 16 bit", "jxl", file::jxl_deep(&photo)),
        moving("jxl animated", "jxl", animation::jxl(&animation::bars(width, height, 4), 0)),
        opaque("heic", "heic", file::heic(&photo, 80)),
        clear("heic with alpha", "heic", file::heic_alpha(&graphic, 80)),
    ]
}

#[cfg(test)]
mod tests {
    use super::{file, graphic, jpeg, photo, samples};
    use image::ImageFormat;

    #[test]
    fn every_sample_is_what_it_says() {
        for sample in samples() {
            // Not read there at all.
            if matches!(sample.extension, "jxl" | "heic") || sample.name == "tiff palette" {
                continue;
            }
            // The first brand of a sequence is not known there.
            let format = match image::guess_format(&sample.bytes) {
                Err(_) if libavif::is_avif(&sample.bytes) => ImageFormat::Avif,
                guessed => guessed.expect(sample.name),
            };
            let known = ImageFormat::from_extension(sample.extension).expect(sample.name);
            assert_eq!(format, known, "{}", sample.name);
            let (width, height) = match sample.extension {
                "jpg" => {
                    turbojpeg::read_header(&sample.bytes).map(|head| (head.width, head.height)).expect(sample.name)
                }
                "avif" => {
                    let decoded = libavif::decode(&sample.bytes).expect(sample.name);
                    (decoded.width() as usize, decoded.height() as usize)
                }
                _ => {
                    let decoded = image::load_from_memory(&sample.bytes).expect(sample.name);
                    (decoded.width() as usize, decoded.height() as usize)
                }
            };
            let stored = if sample.name == "jpeg oriented" { (height, width) } else { (width, height) };
            assert_eq!(stored, (sample.width as usize, sample.height as usize), "{}", sample.name);
        }
    }

    #[test]
    fn the_same_arguments_give_the_same_bytes() {
        assert_eq!(photo(300, 200, 5), photo(300, 200, 5));
        assert_ne!(photo(300, 200, 5), photo(300, 200, 6));
        assert_eq!(graphic(80, 40), graphic(80, 40));
        assert_eq!(file::animated_webp(40, 30, 3), file::animated_webp(40, 30, 3));
    }

    #[test]
    fn a_photo_compresses_like_one() {
        // 12 megapixels at quality 90 are 3 to 5 MB from a camera: 2.0 to 3.4 bits a pixel.
        let bytes = jpeg::baseline(&photo(4000, 3000, 1), 90).len();
        assert!((3_000_000..5_000_000).contains(&bytes), "{bytes}");
    }
}
