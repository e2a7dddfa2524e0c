//! The score of a picture against another, and the hash that stands for one.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use image::{DynamicImage, Rgba, RgbaImage};
use image_engine::quality::{MAX_THUMBHASH, Pixels, QualityError, Reference, score, thumbhash};
use image_engine::{EngineError, Limits, Stop};
use testkit::pictures::{animation, broken, colour, file, graphic, jpeg, photo, png, samples};

use crate::support::near;

fn compared(reference: &[u8], candidate: &[u8]) -> Result<f64, QualityError> {
    score(reference, candidate, &Limits::default(), &|| false)
}

fn pixels(picture: &RgbaImage) -> Pixels {
    Pixels::from_rgba(picture.dimensions(), picture.as_raw().clone()).unwrap()
}

fn between(reference: &RgbaImage, candidate: &RgbaImage) -> f64 {
    Reference::new(&pixels(reference), &|| false).unwrap().score(&pixels(candidate), &|| false).unwrap()
}

fn hash(source: &[u8]) -> Vec<u8> {
    thumbhash(source, &Limits::default(), &|| false).unwrap()
}

/// The picture that a hash stands for, and its mean colour.
fn shown(hash: &[u8]) -> (RgbaImage, [u8; 4]) {
    let (width, height, rgba) = ::thumbhash::thumb_hash_to_rgba(hash).unwrap();
    let picture = RgbaImage::from_raw(width as u32, height as u32, rgba).unwrap();
    let mean = [0, 1, 2, 3].map(|channel| {
        let sum: u32 = picture.pixels().map(|pixel| u32::from(pixel[channel])).sum();
        (sum / (picture.width() * picture.height())) as u8
    });
    (picture, mean)
}

/// The metric of two pictures at once, with alpha whether it hides something or not.
fn by_the_library(reference: &RgbaImage, candidate: &RgbaImage) -> f64 {
    let [one, other] = [reference, candidate].map(|picture| {
        let (width, height) = picture.dimensions();
        let kind = fast_ssim2::PixelDescriptor::RGBA8_SRGB;
        fast_ssim2::PixelSlice::new(picture.as_raw(), width, height, width as usize * 4, kind).unwrap()
    });
    fast_ssim2::compute_ssimulacra2(&one, &other).unwrap()
}

#[test]
fn a_picture_is_itself_and_falls_with_the_quality_of_its_jpeg() {
    let picture = photo(320, 240, 3);
    let original = file::png(&picture);
    assert!((compared(&original, &original).unwrap() - 100.0).abs() < 1e-6);
    assert!((compared(&original, &file::bmp(&picture)).unwrap() - 100.0).abs() < 1e-6, "whatever the format");
    let reference =
        Reference::new(&Pixels::decode(&original, &Limits::default(), &|| false).unwrap(), &|| false).unwrap();
    let mut scores = Vec::new();
    for quality in [95, 80, 60, 40, 20, 5] {
        let candidate = jpeg::full_chroma(&picture, quality);
        let decoded = Pixels::decode(&candidate, &Limits::default(), &|| false).unwrap();
        scores.push(reference.score(&decoded, &|| false).unwrap());
        assert_eq!(scores.last().copied(), compared(&original, &candidate).ok(), "prepared or not");
    }
    assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{scores:?}");
    assert!(scores[0] > 75.0 && scores[5] < 50.0, "{scores:?}");
}

#[test]
fn pictures_are_compared_as_they_are_seen() {
    let picture = photo(200, 120, 5);
    let upright = jpeg::oriented(&picture, 1, 95);
    for orientation in 2..=8 {
        let score = compared(&upright, &jpeg::oriented(&picture, orientation, 95)).unwrap();
        assert!(score > 85.0, "orientation {orientation}: {score}");
    }
    // The same numbers with another profile are other colours.
    let plain = file::png(&picture);
    let wide = colour::png_with(plain.clone(), Some(colour::display_p3()), None);
    assert!(compared(&plain, &wide).unwrap() < 95.0);
    assert!((compared(&plain, &png::sixteen_bit(&picture)).unwrap() - 100.0).abs() < 1e-6, "16 bits of the same");
    let grey = file::pgm(&picture);
    let coloured = DynamicImage::from(image::load_from_memory(&grey).unwrap().into_rgb8());
    assert!((compared(&grey, &file::png(coloured.as_rgb8().unwrap())).unwrap() - 100.0).abs() < 1e-6, "grey");
    let frames = animation::bars(64, 48, 3);
    let animated = animation::apng(64, 48, &frames, 0);
    let first = file::png_alpha(&animation::shown(64, 48, &frames)[0]);
    assert!((compared(&animated, &first).unwrap() - 100.0).abs() < 1e-6, "the first frame");
}

#[test]
fn every_kind_of_file_has_a_score_and_a_hash() {
    for sample in samples() {
        let score = compared(&sample.bytes, &sample.bytes).unwrap();
        assert!((score - 100.0).abs() < 1e-6, "{}: {score}", sample.name);
        let hash = hash(&sample.bytes);
        assert!((5..=MAX_THUMBHASH).contains(&hash.len()), "{}: {} bytes", sample.name, hash.len());
        assert_eq!(shown(&hash).1[3] < 255, sample.transparent, "{}", sample.name);
    }
}

#[test]
fn what_shows_through_counts_over_dark_and_over_bright() {
    let plain = |colour: [u8; 4]| RgbaImage::from_pixel(64, 64, Rgba(colour));
    let clear = plain([255, 255, 255, 0]);
    for solid in [plain([255; 4]), plain([0, 0, 0, 255])] {
        assert!(between(&solid, &clear) < 50.0);
        assert!(between(&clear, &solid) < 50.0);
    }
    assert!(between(&clear, &plain([200, 0, 0, 0])) > 99.99, "what cannot be seen has no colour");
    let (drawing, mut paler) = (graphic(160, 120), graphic(160, 120));
    paler.pixels_mut().for_each(|pixel| pixel[3] = pixel[3] / 4 * 3);
    assert!(between(&drawing, &paler) < 90.0);
    for (one, other) in [(&drawing, &paler), (&paler, &drawing), (&clear, &plain([9, 200, 9, 128]))] {
        assert!((between(one, other) - by_the_library(one, other)).abs() < 1e-6);
    }
    let mut opaque = drawing.clone();
    opaque.pixels_mut().for_each(|pixel| pixel[3] = 255);
    assert!(!pixels(&opaque).is_clear() && pixels(&drawing).is_clear());
}

#[test]
fn pictures_of_a_few_pixels_are_compared() {
    for size in [(1, 1), (1, 40), (7, 3), (8, 8), (9, 1)] {
        let picture = RgbaImage::from_fn(size.0, size.1, |x, y| Rgba([x as u8 * 20, y as u8 * 6, 90, 255]));
        let mut other = picture.clone();
        other.pixels_mut().for_each(|pixel| pixel[2] = 250);
        assert!((between(&picture, &picture) - 100.0).abs() < 1e-6, "{size:?}");
        let score = between(&picture, &other);
        assert!(score < 80.0, "{size:?}: {score}");
        assert!(pixels(&picture).thumbhash().unwrap().len() <= MAX_THUMBHASH, "{size:?}");
    }
}

#[test]
fn other_sizes_limits_and_damage_are_refused() {
    let (large, small) = (file::png(&photo(64, 48, 1)), file::png(&photo(48, 64, 1)));
    let refused = compared(&large, &small);
    assert_eq!(refused, Err(QualityError::SizesDiffer { reference: (64, 48), candidate: (48, 64) }));
    assert_eq!(refused.unwrap_err().to_string(), "one picture has 64x48 pixels, the other 48x64");
    let limits = Limits { max_pixels: 64 * 48 - 1, ..Limits::default() };
    let too_large = EngineError::TooLarge { what: "pixels", actual: 64 * 48, limit: 64 * 48 - 1 };
    assert_eq!(score(&large, &large, &limits, &|| false), Err(too_large.clone().into()));
    assert_eq!(thumbhash(&large, &limits, &|| false), Err(too_large));
    assert_eq!(thumbhash(b"text", &Limits::default(), &|| false), Err(EngineError::NotAnImage));
    let cut = broken::last_third_missing(&large);
    assert!(matches!(compared(&large, &cut), Err(QualityError::Engine(EngineError::Corrupt(_)))));
    for (size, bytes) in [((0, 7), 0), ((2, 2), 15), ((2, 2), 17), ((u32::MAX, u32::MAX), 16)] {
        assert!(matches!(Pixels::from_rgba(size, vec![0; bytes]), Err(EngineError::Corrupt(_))), "{size:?} {bytes}");
    }
}

/// How often the work asks whether to stop, and what comes of it when that is so from the first, the second, … time on.
fn when_stopped<T: std::fmt::Debug, E: std::fmt::Debug>(work: impl Fn(Stop<'_>) -> Result<T, E>) -> Vec<E> {
    let asked = AtomicUsize::new(0);
    let counting = || asked.fetch_add(1, Relaxed) == usize::MAX;
    work(&counting).unwrap();
    let stopped_from = |first| {
        let asked = AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Relaxed) >= first;
        work(&stop).unwrap_err()
    };
    (0..asked.load(Relaxed)).map(stopped_from).collect()
}

#[test]
fn nobody_waits_for_a_comparison_that_was_stopped() {
    let original = file::png(&photo(256, 256, 1));
    let picture = Pixels::decode(&original, &Limits::default(), &|| false).unwrap();
    let reference = Reference::new(&picture, &|| false).unwrap();
    let prepared = when_stopped(|stop| Reference::new(&picture, stop));
    let compared = when_stopped(|stop| reference.score(&picture, stop));
    let hashed = when_stopped(|stop| thumbhash(&original, &Limits::default(), stop));
    // At each of the six scales.
    assert!(prepared.len() >= 6 && compared.len() >= 6 && !hashed.is_empty(), "{prepared:?} {compared:?} {hashed:?}");
    assert!(prepared.iter().chain(&hashed).all(|error| *error == EngineError::Stopped), "{prepared:?} {hashed:?}");
    assert!(compared.iter().all(|error| *error == QualityError::Engine(EngineError::Stopped)), "{compared:?}");
}

#[test]
fn a_thumbhash_has_the_mean_colour_and_the_aspect() {
    for (width, height, rgb) in [(400, 200, [200, 60, 40]), (90, 90, [20, 120, 220]), (500, 1000, [240, 240, 30])] {
        let hash = hash(&file::png(&file::plain(width, height, rgb)));
        let (picture, mean) = shown(&hash);
        near([mean[0], mean[1], mean[2]], rgb, 8, "the mean colour");
        let aspect = f64::from(width) / f64::from(height);
        let got = f64::from(picture.width()) / f64::from(picture.height());
        assert!((got / aspect - 1.0).abs() < 0.15, "{got} instead of {aspect}");
    }
}

#[test]
fn what_cannot_be_seen_lends_a_thumbhash_no_colour() {
    // Green at the left; at the right nothing, in red.
    let half = RgbaImage::from_fn(300, 200, |x, _| Rgba(if x < 150 { [10, 200, 10, 255] } else { [255, 0, 0, 0] }));
    let found = hash(&file::png_alpha(&half));
    assert_eq!(found, pixels(&half).thumbhash().unwrap());
    let (picture, _) = shown(&found);
    let (left, right) = (picture.get_pixel(2, 10).0, picture.get_pixel(picture.width() - 3, 10).0);
    near([left[0], left[1], left[2]], [10, 200, 10], 16, "what is seen");
    assert!(left[3] > 230 && right[3] < 25, "{left:?} {right:?}");
}

#[test]
fn a_thumbhash_is_of_the_picture_as_it_is_seen() {
    // Red, green; blue, white: turned, other corners have other colours.
    let picture = file::quarters(1600, 800);
    let upright = shown(&hash(&jpeg::oriented(&picture, 1, 90))).0;
    for orientation in 2..=8 {
        let turned = shown(&hash(&jpeg::oriented(&picture, orientation, 90))).0;
        assert_eq!(upright.dimensions(), turned.dimensions());
        for (x, y) in [(2, 2), (upright.width() - 3, upright.height() - 3)] {
            let [a, b] = [&upright, &turned].map(|picture| picture.get_pixel(x, y).0);
            near([a[0], a[1], a[2]], [b[0], b[1], b[2]], 12, "a corner");
        }
    }
}
