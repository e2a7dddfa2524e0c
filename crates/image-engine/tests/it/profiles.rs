//! Profiles in files: read from every format, embedded again whole, and harmless however broken.

use std::io::Cursor;

use image::{GenericImageView, ImageDecoder, ImageReader, Rgb, RgbImage};
use image_engine::{Limits, MasterCopy, NotMaster, RenditionPlan, Source, Sources, probe, render};
use proptest::prelude::*;
use shared_types::ImageFormat;
use testkit::pictures::{colour, file, jpeg, photo, png};

use crate::colours::{SKIN, middle, sources, wide_spaces};
use crate::support::{decoded, near, plan_of, recipe, rendered};

/// The profile of a file, read by another program than the one that wrote it as far as there is one.
pub(crate) fn icc_of(bytes: &[u8], format: &str) -> Option<Vec<u8>> {
    let (bytes, format) = match format {
        // No decoders here that tell: the engine's own.
        "jpg" => return icc_of_jpeg(bytes),
        "avif" => (rendered(bytes, "icc=keep", "png").bytes, "png"),
        format => (bytes.to_vec(), format),
    };
    if format == "tiff" {
        // Limits, which a reader sets, stand in its way.
        return image::codecs::tiff::TiffDecoder::new(Cursor::new(&bytes)).unwrap().icc_profile().unwrap();
    }
    let format = image::ImageFormat::from_extension(format).unwrap();
    ImageReader::with_format(Cursor::new(&bytes), format).into_decoder().unwrap().icc_profile().unwrap()
}

/// Compares without printing thousands of numbers.
#[allow(clippy::needless_pass_by_value, reason = "what is compared was just made")]
pub(crate) fn same_icc(got: Option<Vec<u8>>, expected: Option<Vec<u8>>, what: &str) {
    let same = got == expected;
    assert!(
        same,
        "{what}: a profile of {:?} bytes instead of {:?}",
        got.map(|icc| icc.len()),
        expected.map(|icc| icc.len())
    );
}

/// Parts in their order, counted as ICC.1, B.4 wants it.
fn icc_of_jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut icc, mut at) = (Vec::new(), 2);
    while bytes[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if let Some(part) = bytes[at + 4..at + 2 + length].strip_prefix(b"ICC_PROFILE\0") {
            icc.push((part[0], part[1], part[2..].to_vec()));
        }
        at += 2 + length;
    }
    assert!(icc.iter().enumerate().all(|(index, part)| (part.0, part.1) == (index as u8 + 1, icc.len() as u8)));
    (!icc.is_empty()).then(|| icc.into_iter().flat_map(|part| part.2).collect())
}

#[test]
fn wide_colours_stay_and_the_file_says_which_they_are() {
    for (name, icc, to_srgb) in wide_spaces() {
        for (kind, source) in sources(SKIN, &icc) {
            for format in ["jpg", "png", "webp", "avif", "tiff"] {
                for query in ["", "w=20", "icc=keep"] {
                    let made = rendered(&source, query, format);
                    let told = icc_of(&made.bytes, format);
                    same_icc(told, Some(icc.clone()), &format!("{name} {kind} -> {format} {query}"));
                    let pixel = if format == "avif" {
                        middle(&decoded(&rendered(&made.bytes, "icc=keep", "png").bytes))
                    } else if format == "jpg" {
                        middle(&decoded(&rendered(&made.bytes, "icc=keep", "bmp").bytes))
                    } else {
                        middle(&decoded(&made.bytes))
                    };
                    let expected = if format == "jpg" { to_srgb(SKIN) } else { SKIN };
                    near(pixel, expected, 3, &format!("{name} {kind} -> {format} {query}"));
                }
            }
        }
    }
}

#[test]
fn a_large_profile_takes_several_segments() {
    let mut icc = colour::display_p3();
    icc.resize(150_001, 7);
    let length = (icc.len() as u32).to_be_bytes();
    icc[..4].copy_from_slice(&length);
    let source = colour::jpeg_with(jpeg::baseline(&photo(64, 48, 2), 90), Some(icc.clone()), None);
    for format in ["jpg", "png", "webp", "avif", "tiff"] {
        same_icc(icc_of(&rendered(&source, "w=40", format).bytes, format), Some(icc.clone()), format);
    }
    icc.resize(5 << 20, 7);
    let source = colour::jpeg_with(jpeg::baseline(&photo(64, 48, 2), 90), Some(icc), None);
    assert_eq!(icc_of(&rendered(&source, "icc=keep", "jpg").bytes, "jpg"), None, "too large");
}

/// Text, EXIF and a profile of a PNG may be long; none of them stands in the way of its pixels.
#[test]
fn long_chunks_are_stepped_over() {
    let plain = file::png(&file::plain(32, 32, SKIN));
    for kind in [*b"eXIf", *b"iTXt", *b"tEXt", *b"zTXt", *b"abCd", *b"iCCP", *b"sPLT"] {
        for start in [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], b"II*\0"] {
            let mut body = start.to_vec();
            body.resize(9 << 20, 1);
            let source = png::with_chunk(&plain, kind, &body);
            image_engine::verify(&source, &Limits::default(), &|| false).unwrap();
            for query in ["", "strip=0"] {
                near(
                    middle(&decoded(&rendered(&source, query, "png").bytes)),
                    SKIN,
                    0,
                    &String::from_utf8_lossy(&kind),
                );
            }
        }
    }
    // A thousandth of its size as a file.
    let mut bomb = colour::display_p3();
    bomb.resize(60 << 20, 0);
    let length = (bomb.len() as u32).to_be_bytes();
    bomb[..4].copy_from_slice(&length);
    let source = colour::png_with(plain, Some(bomb), None);
    near(middle(&decoded(&rendered(&source, "icc=keep", "png").bytes)), SKIN, 0, "a profile that is too large");
}

#[test]
fn a_master_keeps_the_colours() {
    let photo = jpeg::full_chroma(&photo(2700, 2000, 4), 97);
    for icc in [colour::display_p3(), colour::srgb_with_gamma(1.8)] {
        check_master(&colour::jpeg_with(photo.clone(), Some(icc.clone()), None), icc);
    }
}

fn check_master(source: &[u8], icc: Vec<u8>) {
    let facts = probe(Cursor::new(&source)).unwrap();
    let limits = Limits::default();
    let wanted = RenditionPlan::new(&facts, source.len() as u64, &limits).unwrap();
    let master = wanted.make(source, &|| false).unwrap().unwrap();
    let copy = MasterCopy { bytes: master.bytes.len() as u64, ..wanted.expected() };
    let sources = Sources { master: Some(copy), ..Sources::original(&facts, source.len() as u64) };
    same_icc(icc_of(&master.bytes, "jpg"), Some(icc), "master");
    for (query, format) in [("w=300", "webp"), ("w=300&icc=srgb", "webp"), ("w=300&icc=keep", "webp")] {
        // A crop keeps a JPEG from being decoded smaller.
        let direct = rendered(source, &format!("{query}&crop=0,0,2700,2000"), format).bytes;
        let plan = plan_of(&sources, &recipe(query, format)).unwrap();
        assert_eq!(plan.source(), Source::Master, "{query}");
        let copied = render(&plan, &master.bytes, None, &|| false).unwrap();
        same_icc(icc_of(&copied.bytes, format), icc_of(&direct, format), query);
        let [a, b] = [direct, copied.bytes].map(|bytes| decoded(&bytes).to_rgb8());
        // Noise differs; no colour as a whole does.
        for channel in 0..3 {
            let mean = |picture: &RgbImage| {
                picture.pixels().map(|pixel| f64::from(pixel.0[channel])).sum::<f64>() / (300.0 * 222.0)
            };
            assert!((mean(&a) - mean(&b)).abs() < 0.5, "{query}: {} {}", mean(&a), mean(&b));
        }
    }
    let plan = plan_of(&sources, &recipe("w=300&strip=0", "webp")).unwrap();
    assert_eq!(plan.source(), Source::Original(NotMaster::Metadata));
}

#[test]
fn an_animation_keeps_its_colours() {
    let moving = file::animated_webp(48, 32, 3);
    let source = colour::webp_with(moving, Some(colour::display_p3()), None);
    for format in ["webp", "avif"] {
        let made = rendered(&source, "w=24", format);
        let facts = probe(Cursor::new(&made.bytes)).unwrap();
        assert!(facts.animated, "{format}");
        let first = rendered(&made.bytes, "page=0&icc=keep", "png");
        same_icc(icc_of(&first.bytes, "png"), Some(colour::display_p3()), format);
    }
    assert_eq!(decoded(&rendered(&source, "w=24", "gif").bytes).dimensions(), (24, 16));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_profile_makes_it_panic(
        which in 0usize..6, flips in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..20), cut in 0u16..400,
        fit in any::<bool>(),
    ) {
        let profiles = [colour::display_p3(), colour::adobe_rgb(), colour::srgb(), colour::grey(1.8), colour::press(), vec![0; 200]];
        let mut icc = profiles[which].clone();
        for (at, value) in flips {
            // Most damage where structure is.
            let at = at as usize % if fit { icc.len() } else { icc.len().min(400) };
            icc[at] ^= value;
        }
        icc.truncate(icc.len() - cut as usize % icc.len());
        let picture = RgbImage::from_fn(16, 8, |x, y| Rgb([x as u8 * 16, y as u8 * 32, 90]));
        let grey = jpeg::grey(&picture, 90);
        for source in [
            colour::jpeg_with(jpeg::baseline(&picture, 90), Some(icc.clone()), None),
            colour::jpeg_with(grey, Some(icc.clone()), None),
            colour::jpeg_of_inks(16, 8, [200, 30, 60, 10], icc.clone()),
            colour::png_with(file::png(&picture), Some(icc.clone()), None),
            colour::png_with(png::sixteen_bit(&picture), Some(icc), None),
        ] {
            for (query, format) in [("w=8", "png"), ("icc=keep&bg=red&pad=1", "jpg"), ("icc=srgb", "webp")] {
                prop_assert_eq!(rendered(&source, query, format).format.extension(), ImageFormat::from_extension(format).unwrap().extension());
            }
        }
    }
}
