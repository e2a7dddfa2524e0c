//! Files that were made to harm: they claim more than they hold, or say two things at once.

use super::broken::TEXT;
use super::file::{self, quarters};
use super::{broken, photo, png};

/// An ICO of this PNG of one pixel.
pub fn icon(png: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 32, 0];
    file.extend_from_slice(&u32::try_from(png.len()).expect("the file is small").to_le_bytes());
    file.extend_from_slice(&22_u32.to_le_bytes());
    file.extend_from_slice(png);
    file
}

/// An animated WebP whose first frame is a key frame of 16,383 x 16,383.
pub fn webp_frame_too_large() -> Vec<u8> {
    let mut moving = file::animated_webp(40, 30, 2);
    let frame = moving.windows(4).position(|window| window == b"ANMF").expect("it is animated") + 24;
    moving[frame..frame + 4].copy_from_slice(b"VP8 ");
    moving[frame + 8..frame + 18].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f]);
    moving
}

/// A TIFF whose width is said to be ten million numbers.
pub fn tiff_field_too_long() -> Vec<u8> {
    let mut bytes = file::tiff(&quarters(32, 16));
    let directory = first_directory(&bytes);
    bytes[directory + 6..directory + 10].copy_from_slice(&u32::to_le_bytes(10_000_000));
    bytes
}

/// A TIFF with a palette whose width is one byte, and something behind it that another reader takes for a part of it. Found by fuzzing.
pub fn tiff_of_two_widths() -> Vec<u8> {
    let mut bytes = file::tiff_palette(&quarters(32, 16));
    let directory = first_directory(&bytes);
    bytes[directory + 2..directory + 14].copy_from_slice(&[0, 1, 1, 0, 1, 0, 0, 0, 32, 1, 0, 0]);
    bytes
}

fn first_directory(tiff: &[u8]) -> usize {
    u32::from_le_bytes([tiff[4], tiff[5], tiff[6], tiff[7]]) as usize
}

/// A PNG that says that its pixels have a palette, without one.
pub fn png_without_palette() -> Vec<u8> {
    let mut png = png::odd_palette(6, 1);
    let palette = png.windows(4).position(|window| window == b"PLTE").expect("it has one") - 4;
    // Length, kind, two colours and a checksum.
    png.drain(palette..palette + 18);
    png
}

/// An EXR that stores 100,000 x 100,000 pixels and shows few.
pub fn exr_window_too_large() -> Vec<u8> {
    let mut bytes = file::exr(&file::light(&photo(16, 12, 3)));
    // The data window: name, kind, size of the value, then left, top, right and bottom.
    let name = bytes.windows(11).position(|window| window == b"dataWindow\0").expect("it has one");
    let value = name + 11 + 6 + 4;
    bytes[value + 8..value + 12].copy_from_slice(&i32::to_le_bytes(100_000));
    bytes[value + 12..value + 16].copy_from_slice(&i32::to_le_bytes(100_000));
    bytes
}

/// The header of a JPEG XL of 8 x 8 with a profile of 255 MiB, as it is stored.
pub fn jxl_profile_too_large() -> Vec<u8> {
    let profile = 255_u64 << 20;
    let mut bits = String::new();
    let mut put = |value: u64, count: u32| {
        bits.extend((0..count).map(|bit| if value >> bit & 1 == 1 { '1' } else { '0' }));
    };
    put(0x0aff, 16);
    // Sides of 8: small, one block, square.
    put(1, 1);
    put(0, 5);
    put(1, 3);
    // Neither all defaults nor extra fields; 8 bit integers in 16 bit buffers; no extra channels, no XYB; a profile.
    put(0b00, 2);
    put(0b000, 3);
    put(1, 1);
    put(0b00, 2);
    put(0, 1);
    put(0b10, 2);
    // RGB is the first of the colour spaces; no extensions; the usual tables.
    put(0, 2);
    put(0, 2);
    put(1, 1);
    // The length: in groups of 12, 8 and 8 bits.
    put(0b11, 2);
    put(profile & 0xfff, 12);
    put(1, 1);
    put(profile >> 12 & 0xff, 8);
    put(1, 1);
    put(profile >> 20 & 0xff, 8);
    put(0, 1);
    let bits = (bits + &"0".repeat(200)).into_bytes();
    bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'))).collect()
}

/// A JPEG XL that keeps the encoder's inner colours, which have no name. Found by fuzzing.
pub fn jxl_colours_without_name() -> Vec<u8> {
    let mut file = vec![0; 109];
    for (at, bytes) in [
        (0, &[0xff, 0x0a, 0x40, 0x32, 0x40, 0x08, 0x80, 0x08, 0x02, 0x06][..]),
        (16, &[0x80]),
        (45, &[0x08]),
        (60, &[0x04]),
        (77, &[0x32]),
        (82, &[0x5b, 0x1b, 0x8c, 0x5b, 0x33, 0x00, 0x08, 0x13, 0x02, 0x55, 0xef, 0x00, 0x68, 0xea, 0x6d, 0x32, 0x36]),
        (99, &[0xfe, 0x4a, 0x00, 0x00, 0x00, 0xff, 0xff, 0x08, 0x00, 0x33]),
    ] {
        file[at..at + bytes.len()].copy_from_slice(bytes);
    }
    file.push(0xff);
    file
}

/// A HEIC that is said to have 16 x 16 pixels and is coded with a thousand a side.
pub fn heic_coded_too_large() -> Vec<u8> {
    const TAG: &[u8] = b"ispe";
    let mut bytes = file::heic(&quarters(1000, 1000), 30);
    for tag in (0..bytes.len() - 16).filter(|at| bytes[*at..].starts_with(TAG)).collect::<Vec<_>>() {
        // Version and flags stand between.
        let size = u32::to_be_bytes(16);
        bytes[tag + 8..tag + 12].copy_from_slice(&size);
        bytes[tag + 12..tag + 16].copy_from_slice(&size);
    }
    bytes
}

/// A PNG with its header twice.
pub fn png_with_two_headers() -> Vec<u8> {
    let png = file::one_pixel_png();
    // Magic, then length, kind, 13 bytes and a checksum.
    [&png[..33], &png[8..33], &png[33..]].concat()
}

/// A PNG whose header does not have its checksum.
pub fn png_with_scratched_header() -> Vec<u8> {
    let mut png = file::one_pixel_png();
    png[30] ^= 1;
    png
}

/// A file of boxes that names no picture format where it is looked for.
pub fn boxes_of_no_format() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x80ftypmif1\0\0\0\0".to_vec();
    bytes.resize(64, b' ');
    bytes.extend_from_slice(b"avif");
    bytes
}

/// An SVG with this inside.
fn svg(inside: &str) -> Vec<u8> {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"32\" height=\"24\">{inside}</svg>\n").into_bytes()
}

/// Masks in a circle, by names that end within themselves for who splits at brackets.
pub fn svg_of_masks_in_a_circle() -> Vec<u8> {
    let mask =
        |name: &str, next: &str| format!("<mask id=\"{name}\"><path mask=\"url(#{next})\" d=\"M0 0h9v9z\"/></mask>");
    let masks = [mask("a(", "b("), mask("b(", "c("), mask("c(", "a(")].concat();
    svg(&format!("{masks}<path mask=\"url(#a()\" d=\"M0 0h9v9z\"/>"))
}

/// Thirty masks, each with four shapes that inherit the next: 4^30 shapes.
pub fn svg_of_inherited_masks() -> Vec<u8> {
    let masks: Vec<_> = (0..30)
        .map(|level| {
            let shapes = "<path mask=\"inherit\" d=\"M0 0h9v9z\"/>".repeat(4);
            format!("<mask id=\"m{level}\"><g mask=\"url(#m{})\">{shapes}</g></mask>", level + 1)
        })
        .collect();
    svg(&format!("{}<path mask=\"url(#m0)\" d=\"M0 0h9v9z\"/>", masks.concat()))
}

/// One of each, with a name for a file. No picture comes of any of them, or none beyond what it says.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("text.jpg", TEXT.to_vec()),
        ("empty.png", Vec::new()),
        ("no-format.avif", boxes_of_no_format()),
        ("claims-60000-squared.png", broken::png_claiming(60_000, 60_000)),
        ("two-headers.png", png_with_two_headers()),
        ("scratched-header.png", png_with_scratched_header()),
        ("no-palette.png", png_without_palette()),
        ("palette-ends-within-colour.png", png::odd_palette(539, 1)),
        ("palette-too-long.png", png::odd_palette(900, 300)),
        ("palette-ends-within-colour.ico", icon(&png::odd_palette(539, 1))),
        ("coded-larger-by-much.avif", broken::avif_claiming(16, 16, &quarters(1000, 1000))),
        ("coded-larger.avif", broken::avif_claiming(16, 16, &quarters(100, 100))),
        ("coded-larger.heic", heic_coded_too_large()),
        ("frame-too-large.webp", webp_frame_too_large()),
        ("field-too-long.tiff", tiff_field_too_long()),
        ("two-widths.tiff", tiff_of_two_widths()),
        ("window-too-large.exr", exr_window_too_large()),
        ("profile-too-large.jxl", jxl_profile_too_large()),
        ("colours-without-name.jxl", jxl_colours_without_name()),
        ("masks-in-a-circle.svg", svg_of_masks_in_a_circle()),
        ("inherited-masks.svg", svg_of_inherited_masks()),
    ]
}
