//! Pictures are scaled in the light of their own profile: half black and half white has half the light of white, whatever code value
//! stands for that.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, LumaA, Rgb, RgbImage};
use image_engine::{Limits, RenditionPlan, probe};
use testkit::pictures::animation::{Dispose, Placed};
use testkit::pictures::{animation, colour, file, jpeg, png};

use crate::support::{self, decoded, near, rendered};

const SIZE: u32 = 64;
const HALF: &str = "w=32&icc=keep";

fn board(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([if (x + y).is_multiple_of(2) { 255 } else { 0 }; 3]))
}

/// What stands for half the light of white, from 0 to 1.
fn half(gamma: f64) -> f64 {
    0.5_f64.powf(gamma.recip())
}

fn code_8(share: f64) -> [u8; 3] {
    [(share * 255.0).round() as u8; 3]
}

fn middle(picture: &DynamicImage) -> [u8; 3] {
    picture.to_rgb8().get_pixel(picture.width() / 2, picture.height() / 2).0
}

fn scaled(source: &[u8], query: &str) -> [u8; 3] {
    middle(&decoded(&rendered(source, query, "png").bytes))
}

/// The same board, of 8 bits.
fn sources(icc: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    let (plain, icc) = (board(SIZE, SIZE), || Some(icc.to_vec()));
    let clear = DynamicImage::from(plain.clone()).into_rgba8();
    [
        ("jpeg", colour::jpeg_with(jpeg::full_chroma(&plain, 100), icc(), None)),
        ("png", colour::png_with(file::png(&plain), icc(), None)),
        ("png with alpha", colour::png_with(file::png_alpha(&clear), icc(), None)),
        ("webp", colour::webp_with(file::webp_lossless(&clear), icc(), None)),
        ("tiff", colour::tiff_with(&plain.into(), icc().unwrap_or_default())),
    ]
}

#[test]
fn half_the_light_is_that_of_the_profile() {
    // 174, 186 and 128 of 255.
    for (name, icc, gamma) in [
        ("ProPhoto", colour::pro_photo(), 1.8),
        ("Adobe RGB", colour::adobe_rgb(), 563.0 / 256.0),
        ("linear", colour::srgb_with_gamma(1.0), 1.0),
    ] {
        for (kind, source) in sources(&icc) {
            near(scaled(&source, HALF), code_8(half(gamma)), 1, &format!("{name} {kind}"));
            // However it is told: half the light of white is 188 in sRGB.
            near(scaled(&source, "w=32&icc=srgb"), [188; 3], 1, &format!("{name} {kind} as sRGB"));
        }
        let deep = colour::png_with(png::sixteen_bit(&board(SIZE, SIZE)), Some(icc), None);
        let [code, ..] = decoded(&rendered(&deep, HALF, "png").bytes).into_rgb16().get_pixel(16, 16).0;
        let expected = half(gamma) * 65_535.0;
        assert!((f64::from(code) - expected).abs() < 40.0, "{name}: {code} instead of {expected}");
    }
}

#[test]
fn without_another_curve_it_is_that_of_srgb() {
    for (name, icc) in [
        ("sRGB", colour::srgb()),
        ("P3", colour::display_p3()),
        ("grey", colour::grey(1.8)),
        ("inks", colour::press()),
        ("none", vec![0; 200]),
    ] {
        for (kind, source) in sources(&icc) {
            near(scaled(&source, HALF), [188; 3], 1, &format!("{name} {kind}"));
        }
    }
}

#[test]
fn grey_has_a_curve_too() {
    let (icc, expected) = (|| Some(colour::grey(1.8)), code_8(half(1.8)));
    let plain = DynamicImage::from(board(SIZE, SIZE));
    let clear =
        ImageBuffer::from_fn(SIZE, SIZE, |x, y| LumaA([if (x + y).is_multiple_of(2) { 255_u8 } else { 0 }, 255]));
    for (kind, source) in [
        ("png", support::png(&plain.to_luma8().into())),
        ("png of 16 bits", support::png(&plain.to_luma16().into())),
        ("png with alpha", support::png(&clear.into())),
    ] {
        near(scaled(&colour::png_with(source, icc(), None), HALF), expected, 1, kind);
    }
    let grey = jpeg::grey(&board(SIZE, SIZE), 100);
    near(scaled(&colour::jpeg_with(grey.clone(), icc(), None), HALF), expected, 1, "jpeg");
    let unfit = colour::jpeg_with(grey, Some(colour::pro_photo()), None);
    near(scaled(&unfit, HALF), [188; 3], 1, "a profile of colours");
}

#[test]
fn numbers_stand_for_a_profile_here_too() {
    let deep = DynamicImage::from(board(SIZE, SIZE)).into_rgb16();
    near(scaled(&colour::png_of_code_points(&deep, 1, 8), HALF), [128; 3], 1, "cICP");
    let old = png::with_chunk(&file::png(&board(SIZE, SIZE)), *b"gAMA", &100_000_u32.to_be_bytes());
    near(scaled(&old, HALF), [128; 3], 1, "gAMA");
}

#[test]
fn what_is_even_stays_as_it_is() {
    for code in [0, 1, 2, 3, 7, 20, 128, 254, 255] {
        for icc in [colour::pro_photo(), colour::adobe_rgb(), colour::srgb_with_gamma(1.0)] {
            let source = colour::png_with(file::png(&file::plain(SIZE, SIZE, [code; 3])), Some(icc.clone()), None);
            near(scaled(&source, HALF), [code; 3], 0, "8 bits");
            let grey = ImageBuffer::from_pixel(SIZE, SIZE, Rgb([u16::from(code) * 257 - 5 * u16::from(code % 2); 3]));
            let source = colour::png_with(support::png(&DynamicImage::ImageRgb16(grey.clone())), Some(icc), None);
            let [got, ..] = decoded(&rendered(&source, HALF, "png").bytes).into_rgb16().get_pixel(16, 16).0;
            assert!(
                got.abs_diff(grey.get_pixel(0, 0).0[0]) <= 1,
                "16 bits: {got} instead of {:?}",
                grey.get_pixel(0, 0)
            );
        }
    }
}

#[test]
fn every_frame_has_it() {
    let frame = |level| {
        let mut picture = board(SIZE, SIZE);
        // Frames that are the same would become one.
        picture.put_pixel(0, 0, Rgb([level; 3]));
        picture.put_pixel(1, 1, Rgb([level; 3]));
        Placed {
            at: (0, 0),
            picture: DynamicImage::from(picture).into_rgba8(),
            milliseconds: 100,
            dispose: Dispose::Keep,
            blend: false,
        }
    };
    let moving = animation::apng(SIZE, SIZE, &[0, 100, 200].map(frame), 0);
    let made = rendered(&colour::png_with(moving, Some(colour::pro_photo()), None), "w=32&icc=keep&lossless=1", "webp");
    assert!(probe(Cursor::new(&made.bytes)).unwrap().animated);
    for page in 0..3 {
        near(scaled(&made.bytes, &format!("page={page}&icc=keep")), code_8(half(1.8)), 1, &format!("frame {page}"));
    }
}

#[test]
fn a_master_is_made_in_it() {
    let source = colour::jpeg_with(jpeg::full_chroma(&board(2560, 1920), 95), Some(colour::pro_photo()), None);
    let facts = probe(Cursor::new(&source)).unwrap();
    let wanted = RenditionPlan::new(&facts, source.len() as u64, &Limits::default()).unwrap();
    let master = wanted.make(&source, &|| false).unwrap().unwrap();
    assert_eq!((master.width, master.height), (1280, 960));
    near(scaled(&master.bytes, "icc=keep"), code_8(half(1.8)), 1, "master");
}
