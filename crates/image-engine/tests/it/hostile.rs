//! Files that were made to harm, and what fuzzing found.

use image_engine::{EngineError, Limits, SNIFF_BYTES, sniff, verify};
use testkit::pictures::{broken, file, jpeg, png, samples};

use crate::support::make;

fn check(source: &[u8]) -> Result<(), EngineError> {
    verify(source, &Limits::default(), &|| false)
}

#[test]
fn an_avif_that_is_coded_larger_than_it_says_is_not_decoded() {
    // The first is found in the boxes, the second when it is read.
    for side in [1000, 100] {
        let found = check(&broken::avif_claiming(16, 16, &file::quarters(side, side)));
        assert_eq!(found, Err(EngineError::Corrupt("its coded picture is larger than it says".to_owned())), "{side}");
    }
}

#[test]
fn an_honest_avif_is_whole() {
    for sample in samples().iter().filter(|sample| sample.extension == "avif") {
        assert_eq!(check(&sample.bytes), Ok(()), "{}", sample.name);
    }
    for side in [1, 7, 64, 300] {
        assert_eq!(check(&file::avif(&file::quarters(side, side), 50)), Ok(()), "{side}");
    }
}

#[test]
fn a_webp_frame_that_is_larger_than_its_picture_is_not_decoded() {
    let mut moving = file::animated_webp(40, 30, 2);
    assert_eq!(check(&moving), Ok(()));
    // A key frame of 16,383 x 16,383 in the place of the first one.
    let frame = moving.windows(4).position(|window| window == b"ANMF").unwrap() + 24;
    moving[frame..frame + 4].copy_from_slice(b"VP8 ");
    moving[frame + 8..frame + 18].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f]);
    assert_eq!(check(&moving), Err(EngineError::Corrupt("a frame is larger than the picture".to_owned())));
}

#[test]
fn a_tiff_field_that_is_not_there_is_not_made_room_for() {
    let bytes = file::tiff(&file::quarters(32, 16));
    assert_eq!(check(&bytes), Ok(()));
    let directory = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    // The count of the first field, which is the width.
    let mut claiming = bytes;
    claiming[directory + 6..directory + 10].copy_from_slice(&u32::to_le_bytes(10_000_000));
    let found = check(&claiming).unwrap_err().to_string();
    assert!(found.contains("beyond the end"), "{found}");
}

#[test]
fn a_format_is_told_by_the_first_bytes_alone() {
    let mut bytes = b"\0\0\0\x80ftypmif1\0\0\0\0".to_vec();
    bytes.resize(SNIFF_BYTES, b' ');
    bytes.extend_from_slice(b"avif");
    assert_eq!(sniff(&bytes), None);
}

/// An ICO of this PNG of one pixel.
fn icon(png: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 32, 0];
    file.extend_from_slice(&u32::try_from(png.len()).unwrap().to_le_bytes());
    file.extend_from_slice(&22_u32.to_le_bytes());
    file.extend_from_slice(png);
    file
}

#[test]
fn a_palette_that_ends_within_a_colour_is_corrupt_and_no_panic() {
    for (bytes, transparent) in
        [(1, 1), (2, 0), (4, 1), (8, 3), (539, 1), (770, 1), (0, 0), (3, 200), (768, 256), (900, 0), (900, 300)]
    {
        let png = png::odd_palette(bytes, transparent);
        for file in [icon(&png), png] {
            let made = make(&file, "", "png");
            assert!(bytes % 3 == 0 || made.is_err() && check(&file).is_err(), "{bytes} {transparent}");
        }
    }
}

#[test]
fn a_palette_that_is_missing_is_missed_when_the_file_is_checked() {
    let mut png = png::odd_palette(6, 1);
    let palette = png.windows(4).position(|window| window == b"PLTE").unwrap() - 4;
    // Length, kind, two colours and a checksum.
    png.drain(palette..palette + 18);
    assert_eq!(check(&png), Err(EngineError::Corrupt("it has no palette".to_owned())));
}

#[test]
fn a_cut_picture_of_light_is_corrupt() {
    let scene = file::light(&testkit::pictures::photo(64, 48, 3));
    for (name, whole) in [("hdr", file::hdr(&scene)), ("exr", file::exr(&scene))] {
        assert_eq!(check(&whole), Ok(()), "{name}");
        for length in (0..whole.len()).step_by(whole.len() / 200) {
            assert!(check(&whole[..length]).is_err(), "{name} cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn an_exr_that_stores_more_than_it_shows_is_not_decoded() {
    let mut bytes = file::exr(&file::light(&testkit::pictures::photo(64, 48, 3)));
    // The data window: name, kind, size of the value, then left, top, right and bottom.
    let value = bytes.windows(11).position(|window| window == b"dataWindow\0").unwrap() + 11 + 6 + 4;
    bytes[value + 8..value + 12].copy_from_slice(&i32::to_le_bytes(100_000));
    bytes[value + 12..value + 16].copy_from_slice(&i32::to_le_bytes(100_000));
    assert!(check(&bytes).is_err());
}

#[test]
fn a_jpeg_xl_is_whole_or_refused() {
    let scene = testkit::pictures::photo(300, 280, 3);
    for (name, whole) in [("lossy", file::jxl(&scene, 80)), ("deep", file::jxl_deep(&scene))] {
        assert_eq!(check(&whole), Ok(()), "{name}");
        for length in (0..whole.len()).step_by(whole.len() / 100) {
            assert!(check(&whole[..length]).is_err(), "{name} cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn a_colour_profile_that_a_few_bytes_stand_for_is_not_unpacked() {
    // The header of a JPEG XL of 8 x 8 with a profile of 255 MiB, as it is stored.
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
    put((255 << 20) & 0xfff, 12);
    put(1, 1);
    put((255 << 20) >> 12 & 0xff, 8);
    put(1, 1);
    put((255 << 20) >> 20 & 0xff, 8);
    put(0, 1);
    let bits = (bits + &"0".repeat(200)).into_bytes();
    let file: Vec<u8> =
        bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'))).collect();
    let found = check(&file).unwrap_err().to_string();
    assert!(found.contains("colour profile of many megabytes"), "{found}");
}

#[test]
fn a_heic_is_whole_or_refused() {
    let scene = testkit::pictures::photo(600, 300, 3);
    for (name, whole) in
        [("tiles", file::heic(&scene, 60)), ("alpha", file::heic_alpha(&testkit::pictures::graphic(64, 48), 60))]
    {
        assert_eq!(check(&whole), Ok(()), "{name}");
        for length in (0..whole.len()).step_by(whole.len() / 60) {
            assert!(check(&whole[..length]).is_err(), "{name} cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn a_heic_that_is_coded_larger_than_it_says_is_not_decoded() {
    const TAG: &[u8] = b"ispe";
    let mut bytes = file::heic(&file::quarters(1000, 1000), 30);
    for tag in (0..bytes.len() - 16).filter(|at| bytes[*at..].starts_with(TAG)).collect::<Vec<_>>() {
        // Version and flags stand between.
        let size = u32::to_be_bytes(16);
        bytes[tag + 8..tag + 12].copy_from_slice(&size);
        bytes[tag + 12..tag + 16].copy_from_slice(&size);
    }
    assert_eq!(check(&bytes), Err(EngineError::Corrupt("its coded picture is larger than it says".to_owned())));
}

#[test]
fn what_is_wrong_with_a_png_is_told_in_words() {
    let png = file::one_pixel_png();
    // Magic, then length, kind, 13 bytes and a checksum.
    let header = png[8..33].to_vec();
    let twice = [&png[..33], &header, &png[33..]].concat();
    let mut scratched = png.clone();
    scratched[30] ^= 1;
    for file in [twice, scratched] {
        let found = check(&file).unwrap_err().to_string();
        assert!(found.contains("IHDR") && !found.contains(['{', '}']), "{found}");
    }
}

#[test]
fn a_jpeg_xl_in_colours_without_a_name_is_refused_and_no_panic() {
    // Found by fuzzing: a picture that keeps the encoder's inner colours.
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
    let found = check(&file).unwrap_err().to_string();
    assert!(found.contains("colours without a name"), "{found}");
}

#[test]
fn a_tiff_whose_width_can_be_read_in_two_ways_is_refused() {
    // Found by fuzzing: who reads the palette takes one of them, who reads the pixels the other.
    let mut file = file::tiff_palette(&file::quarters(32, 16));
    assert_eq!(check(&file), Ok(()));
    let directory = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    // The first field, the width: one byte, and something behind it.
    file[directory + 2..directory + 14].copy_from_slice(&[0, 1, 1, 0, 1, 0, 0, 0, 32, 1, 0, 0]);
    assert_eq!(check(&file), Err(EngineError::Corrupt("its size changed".to_owned())));
}

/// Harmless is the same whatever the colours are: what was taken in can be shown.
#[test]
fn bytes_between_the_segments_of_a_jpeg_do_no_harm() {
    let picture = file::quarters(32, 16);
    for whole in [jpeg::baseline(&picture, 90), jpeg::of_inks(32, 16, [10, 20, 30, 40])] {
        let frame = whole.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        let padded = [&whole[..frame], &[0; 6], &whole[frame..]].concat();
        assert_eq!(check(&padded), Ok(()));
        for query in ["", "w=3"] {
            assert_eq!(make(&padded, query, "bmp"), make(&whole, query, "bmp"), "{query}");
        }
    }
}
