//! Colour profiles made by code, and what puts them and metadata into files.

use image::{DynamicImage, ImageEncoder};
use img_parts::{ImageEXIF, ImageICC, jpeg::Jpeg, png::Png, webp::WebP};
use moxcms::{ColorProfile, ToneReprCurve};

/// The profile of Display P3: the primaries of cinema with the curve of sRGB.
pub fn display_p3() -> Vec<u8> {
    encoded(&ColorProfile::new_display_p3())
}

/// The profile of Adobe RGB (1998).
pub fn adobe_rgb() -> Vec<u8> {
    encoded(&ColorProfile::new_adobe_rgb())
}

/// The profile of `ProPhoto` RGB, whose blue and green no eye can see.
pub fn pro_photo() -> Vec<u8> {
    encoded(&ColorProfile::new_pro_photo_rgb())
}

/// sRGB as older profiles tell it: a curve of 1024 points, and no number that names it.
pub fn srgb() -> Vec<u8> {
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    let light = |code: f64| if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) };
    let curve = (0..1024).map(|step| (light(f64::from(step) / 1023.0) * 65_535.0).round() as u16).collect();
    let curve = Some(ToneReprCurve::Lut(curve));
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    encoded(&profile)
}

/// The primaries of sRGB with an exponent for a curve.
pub fn srgb_with_gamma(gamma: f32) -> Vec<u8> {
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    let curve = Some(moxcms::curve_from_gamma(gamma));
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    encoded(&profile)
}

/// A profile of grey pixels.
pub fn grey(gamma: f32) -> Vec<u8> {
    encoded(&ColorProfile::new_gray_with_gamma(gamma))
}

fn encoded(profile: &ColorProfile) -> Vec<u8> {
    let mut icc = profile.encode().expect("the profile can be written");
    // When it was made.
    icc[24..36].copy_from_slice(&[7, 0xd0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    icc
}

/// The profile of a made-up press: a table of two steps an ink, so that [`lab_of_inks`] holds where every ink is all or nothing.
pub fn press() -> Vec<u8> {
    let mut table = b"mft2\0\0\0\0\x04\x03\x02\0".to_vec();
    let fixed = |number: f64| ((number * 65_536.0).round() as i32).to_be_bytes();
    for cell in 0..9 {
        table.extend(fixed(if cell % 4 == 0 { 1.0 } else { 0.0 }));
    }
    let line = [0_u16, u16::MAX].map(u16::to_be_bytes).concat();
    table.extend([2_u16.to_be_bytes(), 2_u16.to_be_bytes()].concat());
    table.extend(line.repeat(4));
    for corner in 0..16_u8 {
        let [lightness, a, b] = lab_of_inks([8, 4, 2, 1].map(|ink| corner & ink != 0));
        // Lab of version 2 in 16 bits.
        for word in [lightness * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0] {
            table.extend((word.round() as u16).to_be_bytes());
        }
    }
    table.extend(line.repeat(3));
    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[24..36].copy_from_slice(&[7, 0xea, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[fixed(0.9642), fixed(1.0), fixed(0.8249)].concat());
    profile.extend([1_u32.to_be_bytes(), *b"A2B0", 144_u32.to_be_bytes(), (table.len() as u32).to_be_bytes()].concat());
    profile.extend(table);
    let length = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&length);
    profile
}

/// What that press prints with all or nothing of cyan, magenta, yellow and black: L*, a*, b* under D50.
pub fn lab_of_inks(inks: [bool; 4]) -> [f64; 3] {
    let [cyan, magenta, yellow, black] = inks.map(|ink| if ink { 1.0 } else { 0.0 });
    let left = 1.0 - 0.7 * black;
    let lightness = 92.0 - 30.0 * cyan - 35.0 * magenta - 8.0 * yellow;
    [lightness, -15.0 * cyan + 40.0 * magenta - 3.0 * yellow, -20.0 * cyan + 40.0 * yellow].map(|value| value * left)
}

/// The same JPEG with a profile, in as many segments as it takes, and EXIF.
pub fn jpeg_with(jpeg: Vec<u8>, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut jpeg = Jpeg::from_bytes(jpeg.into()).expect("a JPEG");
    jpeg.set_icc_profile(icc.map(Into::into));
    jpeg.set_exif(exif.map(Into::into));
    jpeg.encoder().bytes().into()
}

/// The same PNG with a profile and EXIF.
pub fn png_with(png: Vec<u8>, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut png = Png::from_bytes(png.into()).expect("a PNG");
    png.set_icc_profile(icc.map(Into::into));
    png.set_exif(exif.map(Into::into));
    png.encoder().bytes().into()
}

/// The same WebP with a profile and EXIF.
pub fn webp_with(webp: Vec<u8>, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut webp = WebP::from_bytes(webp.into()).expect("a WebP");
    webp.set_icc_profile(icc.map(Into::into));
    webp.set_exif(exif.map(Into::into));
    webp.encoder().bytes().into()
}

/// A TIFF with a profile.
pub fn tiff_with(picture: &DynamicImage, icc: Vec<u8>) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = image::codecs::tiff::TiffEncoder::new(&mut bytes);
    encoder.set_icc_profile(icc).expect("TIFF has a place for it");
    encoder
        .write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into())
        .expect("the picture can be encoded");
    bytes.into_inner()
}

/// A PNG that says by numbers which colours it is in: primaries and transfer characteristics of ITU-T H.273. 16 bits a channel.
pub fn png_of_code_points(
    picture: &image::ImageBuffer<image::Rgb<u16>, Vec<u16>>,
    primaries: u8,
    transfer: u8,
) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb16(picture.clone()).write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
    super::png::with_chunk(&bytes.into_inner(), *b"cICP", &[primaries, transfer, 0, 1])
}

/// The same AVIF with other numbers for its primaries and transfer characteristics.
pub fn avif_with_code_points(mut avif: Vec<u8>, primaries: u8, transfer: u8) -> Vec<u8> {
    let at = avif.windows(4).position(|word| word == b"nclx").expect("it says its colours by numbers") + 4;
    avif[at..at + 4].copy_from_slice(&[0, primaries, 0, transfer]);
    avif
}

/// A JPEG of one colour in inks, each from nothing to 255, as print programs write it.
pub fn jpeg_of_inks(width: u32, height: u32, inks: [u8; 4], icc: Vec<u8>) -> Vec<u8> {
    let plain = super::jpeg::of_inks(width, height, inks);
    jpeg_with(plain, Some(icc), None)
}
