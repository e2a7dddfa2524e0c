//! What is told of a picture: placeholders, colours, the hash of near copies, what the camera noted.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::{RgbImage, RgbaImage, imageops};
use image_engine::analysis::{Analysis, AnalysisPlan, Camera, PerceptualHash, Position};
use image_engine::quality::thumbhash;
use image_engine::{EngineError, Limits};
use proptest::prelude::*;
use testkit::pictures::{colour, file, graphic, jpeg, photo, samples, svg};

use crate::support::facts;

fn looked_at(source: &[u8], limits: &Limits) -> Result<Analysis, EngineError> {
    AnalysisPlan::new(&facts(source), source.len() as u64, limits)?.carry_out(source, &|| false)
}

fn analysed(source: &[u8]) -> Analysis {
    looked_at(source, &Limits::default()).unwrap()
}

fn hash(source: &[u8]) -> PerceptualHash {
    analysed(source).hash.unwrap()
}

fn resized(picture: &RgbImage, part: f64) -> RgbImage {
    let side = |side: u32| (f64::from(side) * part).round() as u32;
    imageops::resize(picture, side(picture.width()), side(picture.height()), imageops::FilterType::Lanczos3)
}

/// Without 2 % of its width and height, cut away on the left and above.
fn cropped(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    imageops::crop_imm(picture, width / 50, height / 50, width - width / 50, height - height / 50).to_image()
}

#[test]
fn near_copies_are_near_and_other_pictures_are_not() {
    let mut hashes: Vec<PerceptualHash> = Vec::new();
    for seed in 1..=12 {
        let picture = photo(960, 640, seed);
        let original = hash(&jpeg::baseline(&picture, 92));
        for (what, copy) in [
            ("resized", jpeg::baseline(&resized(&picture, 0.37), 90)),
            ("compressed", jpeg::baseline(&picture, 60)),
            ("cropped", jpeg::baseline(&cropped(&picture), 90)),
            ("as a PNG", file::png(&picture)),
            ("all of it", file::webp_lossy(&resized(&cropped(&picture), 0.4), 60.0)),
        ] {
            let distance = original.distance(hash(&copy));
            assert!(distance <= 7, "photo {seed} {what}: {distance}");
        }
        for (other, known) in hashes.iter().enumerate() {
            let distance = original.distance(*known);
            assert!(distance > 12, "photos {seed} and {}: {distance}", other + 1);
        }
        hashes.push(original);
    }
}

#[test]
fn a_turned_copy_is_the_same_picture() {
    let picture = photo(480, 320, 3);
    let upright = analysed(&jpeg::baseline(&picture, 90));
    for orientation in 2..=8 {
        let turned = analysed(&jpeg::oriented(&picture, orientation, 90));
        assert!(upright.hash.unwrap().distance(turned.hash.unwrap()) <= 2, "{orientation}");
        assert_eq!(turned.camera.orientation, Some(orientation));
        assert_eq!(turned.blurhash[..1], upright.blurhash[..1], "four components across, three down");
    }
    assert_eq!(analysed(&jpeg::baseline(&photo(320, 480, 3), 90)).blurhash.len(), 28);
}

#[test]
fn a_picture_of_nothing_has_no_hash() {
    for picture in [file::plain(300, 200, [255, 0, 0]), file::plain(1, 1, [0; 3])] {
        let found = analysed(&file::png(&picture));
        assert_eq!(found.hash, None);
        let [red, green, blue] = picture.get_pixel(0, 0).0;
        assert_eq!(found.colours.len(), 1, "{found:?}");
        assert_eq!(found.colours[0].rgb, [red, green, blue]);
        assert!((found.colours[0].share - 1.0).abs() < 1e-9);
    }
    let hidden = analysed(&file::png_alpha(&RgbaImage::new(20, 20)));
    assert_eq!((hidden.hash, hidden.colours), (None, vec![]));
}

#[test]
fn colours_are_those_that_are_seen_most() {
    let mut picture = file::plain(400, 300, [250, 250, 250]);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if y < 60 {
            pixel.0 = [200, 30, 30];
        } else if x < 40 {
            pixel.0 = [20, 40, 160];
        }
    }
    let found = analysed(&file::png(&picture)).colours;
    let near = |rgb: [u8; 3], wanted: [u8; 3]| rgb.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 6);
    for (wanted, share) in [([250; 3], 0.72), ([200, 30, 30], 0.2), ([20, 40, 160], 0.08)] {
        let part: f64 = found.iter().filter(|colour| near(colour.rgb, wanted)).map(|colour| colour.share).sum();
        assert!((part - share).abs() < 0.03, "{wanted:?}: {part} in {found:?}");
    }
    assert_eq!(found[0].rgb, [250; 3], "the most frequent comes first");
    assert!(found.len() <= 6);
}

#[test]
fn placeholders_are_what_others_make() {
    let source = file::png(&photo(96, 64, 5));
    let found = analysed(&source);
    assert_eq!(found.thumbhash, thumbhash(&source, &Limits::default(), &|| false).unwrap());
    let pixels = image::load_from_memory(&source).unwrap().into_rgba8();
    assert_eq!(found.blurhash, blurhash::encode(4, 3, 96, 64, pixels.as_raw()).unwrap());
    let shown = blurhash::decode(&found.blurhash, 8, 8, 1.0).unwrap();
    assert_eq!(shown.len(), 8 * 8 * 4);
}

#[test]
fn every_kind_of_picture_is_told_of() {
    let drawn = svg::everything(60, 40);
    let samples = samples().into_iter().map(|sample| (sample.name, sample.animated, sample.bytes));
    for (name, animated, bytes) in samples.chain([("svg", false, drawn)]) {
        let found = analysed(&bytes);
        assert!((5..=25).contains(&found.thumbhash.len()), "{name}");
        assert_eq!(found.blurhash.len(), 28, "{name}");
        assert!(!found.colours.is_empty() && found.hash.is_some(), "{name}");
        assert_eq!(found.frames > 1, animated, "{name}");
    }
}

#[test]
fn the_profile_has_its_name() {
    let plain = jpeg::baseline(&photo(64, 48, 2), 90);
    assert_eq!(analysed(&plain).profile, None);
    for (icc, part) in [(colour::display_p3(), "P3"), (colour::adobe_rgb(), "Adobe")] {
        let source = colour::jpeg_with(plain.clone(), Some(icc), None);
        let name = analysed(&source).profile.unwrap();
        assert!(name.contains(part), "{name}");
    }
}

#[test]
fn limits_and_the_end_of_patience_hold() {
    let source = file::png(&photo(200, 100, 1));
    let small = Limits { max_pixels: 10_000, ..Limits::default() };
    assert!(matches!(looked_at(&source, &small), Err(EngineError::TooLarge { .. })));
    let plan = AnalysisPlan::new(&facts(&source), source.len() as u64, &Limits::default()).unwrap();
    assert_eq!(plan.carry_out(&source, &|| true), Err(EngineError::Stopped));
    assert!(plan.carry_out(&source[..source.len() / 2], &|| false).is_err());
    assert!(plan.carry_out(&file::png(&photo(201, 100, 1)), &|| false).is_err(), "not what was planned for");
}

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

fn text(text: &[u8]) -> Value {
    Value::Ascii(vec![text.to_vec()])
}

fn ratios(values: &[(u32, u32)]) -> Value {
    Value::Rational(values.iter().map(|(num, denom)| Rational { num: *num, denom: *denom }).collect())
}

fn written(fields: &[Field], little_endian: bool) -> Vec<u8> {
    let mut writer = Writer::new();
    for field in fields {
        writer.push_field(field);
    }
    let mut exif = Cursor::new(Vec::new());
    writer.write(&mut exif, little_endian).unwrap();
    exif.into_inner()
}

fn camera_of(fields: &[Field], little_endian: bool) -> Camera {
    let plain = jpeg::baseline(&photo(32, 24, 2), 90);
    analysed(&colour::jpeg_with(plain, None, Some(written(fields, little_endian)))).camera
}

fn notes() -> Vec<Field> {
    vec![
        field(Tag::Make, text(b"Maker")),
        field(Tag::Model, text(b"Model 5  \0 rest")),
        field(Tag::Software, text(b"Program 1.0")),
        field(Tag::Orientation, Value::Short(vec![6])),
        field(Tag::LensModel, text(b"35mm F2")),
        field(Tag::DateTime, text(b"2026:01:02 03:04:05")),
        field(Tag::DateTimeOriginal, text(b"2025:06:07 08:09:10")),
        field(Tag::OffsetTimeOriginal, text(b"+02:00")),
        field(Tag::ExposureTime, ratios(&[(1, 125)])),
        field(Tag::FNumber, ratios(&[(28, 10)])),
        field(Tag::PhotographicSensitivity, Value::Short(vec![400])),
        field(Tag::FocalLength, ratios(&[(350, 10)])),
        field(Tag::GPSLatitudeRef, text(b"S")),
        field(Tag::GPSLatitude, ratios(&[(33, 1), (51, 1), (36, 1)])),
        field(Tag::GPSLongitudeRef, text(b"E")),
        field(Tag::GPSLongitude, ratios(&[(151, 1), (12, 1), (0, 1)])),
        field(Tag::GPSAltitudeRef, Value::Byte(vec![1])),
        field(Tag::GPSAltitude, ratios(&[(25, 2)])),
    ]
}

#[test]
fn what_the_camera_noted_is_told() {
    let expected = Camera {
        make: Some("Maker".to_owned()),
        model: Some("Model 5".to_owned()),
        lens: Some("35mm F2".to_owned()),
        taken_at: Some("2025-06-07T08:09:10+02:00".to_owned()),
        exposure_seconds: Some(0.008),
        f_number: Some(2.8),
        iso: Some(400),
        focal_length_mm: Some(35.0),
        orientation: Some(6),
        software: Some("Program 1.0".to_owned()),
        position: Some(Position { latitude: -33.86, longitude: 151.2, altitude_m: Some(-12.5) }),
    };
    for little_endian in [true, false] {
        assert_eq!(camera_of(&notes(), little_endian), expected);
    }
    let picture = photo(32, 24, 2);
    let exif = || Some(written(&notes(), true));
    let png = colour::png_with(file::png(&picture), None, exif());
    let webp = colour::webp_with(file::webp_lossy(&picture, 80.0), None, exif());
    for (name, source) in [("png", png), ("webp", webp)] {
        let found = analysed(&source).camera;
        assert_eq!((found.make, found.position), (expected.make.clone(), expected.position), "{name}");
    }
    assert_eq!(analysed(&file::png(&picture)).camera, Camera::default());
}

#[test]
fn what_cannot_be_true_is_not_told() {
    let found = camera_of(
        &[
            field(Tag::Make, text(&[b'x'; 5000])),
            field(Tag::Model, text("Mo\u{1b}[31mdel\r\n\u{202e}x".as_bytes())),
            field(Tag::Software, text(b" \x07 ")),
            field(Tag::LensModel, text(b"\xff\xfe")),
            field(Tag::Orientation, Value::Short(vec![9])),
            field(Tag::DateTimeOriginal, text(b"2025:13:07 08:09:10")),
            field(Tag::OffsetTimeOriginal, text(b"<b>")),
            field(Tag::ExposureTime, ratios(&[(1, 0)])),
            field(Tag::FNumber, ratios(&[(0, 10)])),
            field(Tag::FocalLength, text(b"long")),
            field(Tag::GPSLatitudeRef, text(b"N")),
            field(Tag::GPSLatitude, ratios(&[(91, 1), (0, 1), (0, 1)])),
            field(Tag::GPSLongitudeRef, text(b"E")),
            field(Tag::GPSLongitude, ratios(&[(1, 1)])),
        ],
        true,
    );
    let make = found.make.clone().unwrap();
    assert_eq!(make.len(), 120);
    let expected = Camera {
        make: Some(make),
        model: Some("Mo[31mdelx".to_owned()),
        lens: Some("\u{fffd}\u{fffd}".to_owned()),
        ..Camera::default()
    };
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn scratched_notes_are_read_without_harm(
        places in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..20),
        little_endian in any::<bool>(),
    ) {
        let mut exif = written(&notes(), little_endian);
        for (place, byte) in places {
            *place.get_mut(&mut exif) = byte;
        }
        let source = colour::jpeg_with(jpeg::baseline(&file::plain(8, 8, [90; 3]), 90), None, Some(exif));
        let camera = looked_at(&source, &Limits::default()).unwrap().camera;
        for text in [&camera.make, &camera.model, &camera.lens, &camera.software, &camera.taken_at].into_iter().flatten() {
            prop_assert!(text.chars().count() <= 120 && !text.chars().any(char::is_control), "{text:?}");
        }
        for number in [camera.exposure_seconds, camera.f_number, camera.focal_length_mm].into_iter().flatten() {
            prop_assert!(number.is_finite() && number > 0.0);
        }
        if let Some(Position { latitude, longitude, .. }) = camera.position {
            prop_assert!(latitude.abs() <= 90.0 && longitude.abs() <= 180.0);
        }
    }

    #[test]
    fn pictures_of_any_size_are_told_of(width in 1_u32..400, height in 1_u32..400, clear in any::<bool>()) {
        let source = if clear { file::png_alpha(&graphic(width, height)) } else { file::png(&photo(width, height, 1)) };
        let found = analysed(&source);
        prop_assert!(found.thumbhash.len() <= 25 && found.blurhash.len() == 28 && found.colours.len() <= 6);
        let whole: f64 = found.colours.iter().map(|colour| colour.share).sum();
        prop_assert!(whole <= 1.0 + 1e-9);
    }
}
