//! The right pixels: light, colour, transparency, depth; and no panic on anything.

use std::io::Cursor;

use image::{DynamicImage, GenericImageView, Rgb, RgbImage, Rgba, RgbaImage};
use image_engine::{Effort, EngineError, Limits, probe, verify, verify_cost};
use proptest::prelude::*;
use testkit::pictures::{broken, file, jpeg, photo, png, samples};

use crate::support::{make, plan, recipe, render};

fn pixels(source: &[u8], query: &str) -> DynamicImage {
    image::load_from_memory(&make(source, query, "png").unwrap().bytes).unwrap()
}

#[test]
fn light_is_averaged_and_not_its_code() {
    let board = RgbImage::from_fn(256, 256, |x, y| if (x + y) % 2 == 0 { Rgb([255; 3]) } else { Rgb([0; 3]) });
    let middle = pixels(&file::png(&board), "w=32").to_rgb8().get_pixel(16, 16).0;
    // Half the light of white is 188 in sRGB; averaging code values would give 128.
    assert!(middle.iter().all(|channel| channel.abs_diff(188) <= 3), "{middle:?}");
}

#[test]
fn what_is_transparent_does_not_darken_what_is_not() {
    let picture = RgbaImage::from_fn(64, 64, |x, _| if x < 32 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) });
    let small = pixels(&file::png_alpha(&picture), "w=16").to_rgba8();
    for pixel in small.pixels().filter(|pixel| pixel.0[3] > 8) {
        assert!(pixel.0[0] >= 250, "{pixel:?}");
    }
}

#[test]
fn colours_survive_every_way_of_storing_them() {
    let plain = file::plain(64, 48, [200, 60, 40]);
    for (name, source, tolerance) in [
        ("jpeg", jpeg::baseline(&plain, 95), 6),
        ("cmyk", jpeg::cmyk(&plain, 95), 8),
        ("progressive", jpeg::progressive(&plain, 95), 6),
        ("png", file::png(&plain), 1),
        ("png 16", png::sixteen_bit(&plain), 1),
        ("bmp", file::bmp(&plain), 1),
        ("tiff", file::tiff(&plain), 1),
        ("avif", file::avif(&plain, 90), 6),
        ("webp", file::webp_lossy(&plain, 90.0), 6),
        ("ppm", file::ppm(&plain), 1),
        ("jxl", file::jxl(&plain, 90), 3),
        ("heic", file::heic(&plain, 90), 6),
        ("jxl 16", file::jxl_deep(&plain), 1),
        ("exr", file::exr(&file::light(&plain)), 1),
        ("hdr", file::hdr(&file::light(&plain)), 3),
    ] {
        let middle = pixels(&source, "w=32").to_rgb8().get_pixel(16, 12).0;
        let near = middle.iter().zip([200_u8, 60, 40]).all(|(got, expected)| got.abs_diff(expected) <= tolerance);
        assert!(near, "{name}: {middle:?}");
    }
}

#[test]
fn light_beyond_white_is_bent_and_keeps_its_hue() {
    let light = |brightness: f32| {
        let source = file::exr(&image::Rgb32FImage::from_pixel(8, 8, Rgb([brightness, brightness / 2.0, 0.0])));
        let picture = pixels(&source, "");
        assert_eq!(picture.color(), image::ColorType::Rgb16);
        picture.to_rgb16().get_pixel(4, 4).0
    };
    let values: Vec<_> = [0.5, 0.9, 2.0, 20.0, 2000.0].map(light).to_vec();
    // 0.5 and 0.25 of white in sRGB, untouched.
    assert!(values[0][0].abs_diff(48_192) < 30 && values[0][1].abs_diff(35_199) < 30, "{values:?}");
    assert!(values.is_sorted_by_key(|value| value[0]) && values[4][0] > 65_000 && values[3][0] < 65_535, "{values:?}");
    // A half in light is 0.73 to 0.74 in code, however bright.
    for [red, green, blue] in values {
        let ratio = f64::from(green) / f64::from(red);
        assert!((0.72..0.75).contains(&ratio) && blue == 0, "{red} {green} {blue}");
    }
    let odd = file::exr(&image::Rgb32FImage::from_pixel(8, 8, Rgb([f32::NAN, -1.0, f32::INFINITY])));
    let [red, green, blue] = pixels(&odd, "").to_rgb16().get_pixel(4, 4).0;
    assert!((red, green) == (0, 0) && blue > 65_000);
}

#[test]
fn grey_and_depth_are_kept() {
    let scene = photo(64, 48, 1);
    assert_eq!(pixels(&jpeg::grey(&scene, 90), "w=32").color(), image::ColorType::L8);
    assert_eq!(pixels(&png::sixteen_bit(&scene), "w=32").color(), image::ColorType::Rgb16);
}

#[test]
fn a_jpeg_decoded_small_looks_like_one_decoded_whole() {
    let scene = photo(1600, 1200, 9);
    let small = pixels(&jpeg::baseline(&scene, 95), "w=200").to_rgb8();
    let whole = pixels(&file::png(&scene), "w=200").to_rgb8();
    let error: u32 = small.iter().zip(whole.iter()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    let mean = f64::from(error) / f64::from(200 * 150 * 3);
    assert!(mean < 2.5, "{mean}");
}

#[test]
fn thorough_is_no_larger_and_a_palette_loses_nothing() {
    let made = |source: &[u8], format, effort| {
        render(source, &recipe("", format), effort, &Limits::default(), &|| false).unwrap()
    };
    let source = file::png(&photo(320, 240, 2));
    for format in ["jpg", "webp", "png"] {
        let [fast, thorough] = [Effort::Fast, Effort::Thorough].map(|effort| made(&source, format, effort));
        assert!(thorough.bytes.len() <= fast.bytes.len(), "{format}: {} {}", thorough.bytes.len(), fast.bytes.len());
    }
    let flat = made(&file::png(&file::quarters(200, 200)), "png", Effort::Thorough);
    assert_eq!(image::load_from_memory(&flat.bytes).unwrap().to_rgb8(), file::quarters(200, 200));
}

#[test]
fn a_qoi_is_what_was_there() {
    let clear = testkit::pictures::graphic(60, 40);
    for source in [file::png_alpha(&clear), file::png(&photo(60, 40, 1)), png::sixteen_bit(&photo(60, 40, 2))] {
        let made = make(&source, "", "qoi").unwrap();
        let (got, expected) =
            (image::load_from_memory(&made.bytes).unwrap(), image::load_from_memory(&source).unwrap());
        assert_eq!(got.to_rgba8(), expected.to_rgba8());
        assert_eq!(got.color().has_alpha(), expected.color().has_alpha());
    }
}

#[test]
fn without_loss_every_pixel_stays() {
    let clear = RgbaImage::from_fn(60, 40, |x, y| Rgba([x as u8 * 4, y as u8 * 6, 77, if x < 20 { 0 } else { 200 }]));
    let scenes =
        [file::png_alpha(&clear), file::png(&photo(90, 70, 1)), png::grey_alpha(&testkit::pictures::graphic(50, 40))];
    let with = |source: &[u8], query: &str, format: &str, effort| {
        render(source, &recipe(query, format), effort, &Limits::default(), &|| false)
    };
    for source in scenes {
        let expected = image::load_from_memory(&source).unwrap().to_rgba8();
        for (format, effort) in
            [("webp", Effort::Fast), ("webp", Effort::Thorough), ("jxl", Effort::Fast), ("jxl", Effort::Thorough)]
        {
            let made = with(&source, "lossless=1", format, effort).unwrap();
            assert_eq!(made.quality, None);
            // Read back through another format without loss.
            assert_eq!(pixels(&made.bytes, "").to_rgba8(), expected, "{format} {effort:?}");
            let lossy = with(&source, "q=70", format, effort).unwrap();
            assert_ne!(pixels(&lossy.bytes, "").to_rgba8(), expected, "{format} {effort:?} with loss");
        }
    }
    let deep = png::sixteen_bit(&photo(64, 48, 2));
    let made = make(&deep, "lossless=1", "jxl").unwrap();
    assert_eq!(pixels(&made.bytes, "").to_rgb16(), image::load_from_memory(&deep).unwrap().to_rgb16());
}

#[test]
fn a_jpeg_xl_is_small_and_looks_like_its_source() {
    let scene = photo(400, 300, 3);
    let source = file::png(&scene);
    let made = make(&source, "", "jxl").unwrap();
    assert_eq!(made.quality, Some(80));
    let webp = make(&source, "", "webp").unwrap();
    assert!(made.bytes.len() < webp.bytes.len(), "{} {}", made.bytes.len(), webp.bytes.len());
    let got = pixels(&made.bytes, "").to_rgb8();
    let error: u64 = got.iter().zip(scene.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let mean = error as f64 / got.as_raw().len() as f64;
    assert!(mean < 8.0, "{mean}");
}

#[test]
fn the_colours_of_a_tiff_come_from_its_palette() {
    let scene = photo(70, 50, 1);
    let level = |channel: u8| channel / 43 * 51;
    let expected = RgbImage::from_fn(70, 50, |x, y| Rgb(scene.get_pixel(x, y).0.map(level)));
    assert_eq!(pixels(&file::tiff_palette(&scene), "").to_rgb8(), expected);
}

#[test]
fn smart_gravity_finds_the_detail() {
    let busy = |x: u32, y: u32| x > 320 && (x / 4 + y / 4).is_multiple_of(2);
    let picture = RgbImage::from_fn(400, 100, |x, y| if busy(x, y) { Rgb([250, 30, 30]) } else { Rgb([90, 90, 90]) });
    let found = pixels(&file::png(&picture), "w=100&h=100&fit=cover&gravity=smart").to_rgb8();
    assert!(found.pixels().filter(|pixel| pixel.0[0] > 180).count() > 1000);
}

#[test]
fn work_stops_when_told_to() {
    let source = file::png(&photo(64, 48, 1));
    let stopped = render(&source, &recipe("w=10", "png"), Effort::Fast, &Limits::default(), &|| true);
    assert_eq!(stopped, Err(EngineError::Stopped));
    assert_eq!(verify(&source, &Limits::default(), &|| true), Err(EngineError::Stopped));
}

#[test]
fn a_thumbnail_of_a_large_jpeg_is_cheap_and_a_claim_is_refused() {
    let source = jpeg::baseline(&photo(2000, 1500, 1), 80);
    let facts = probe(Cursor::new(&source)).unwrap();
    let (bytes, whole) = (source.len() as u64, plan(&source, &recipe("", "jpg")).memory());
    assert!(plan(&source, &recipe("w=128", "jpg")).memory() - bytes < (whole - bytes) / 2);
    assert!(verify_cost(&facts, bytes) - bytes < (whole - bytes) / 8);
    let claim = broken::png_claiming(60_000, 60_000);
    assert!(matches!(verify(&claim, &Limits::default(), &|| false), Err(EngineError::TooLarge { .. })));
    assert!(matches!(make(&claim, "w=10", "png"), Err(EngineError::TooLarge { .. })));
}

#[test]
fn the_size_of_the_result_is_told() {
    let source = file::png(&photo(300, 200, 1));
    let made = make(&source, "w=100", "webp").unwrap();
    assert_eq!((made.width, made.height, made.quality), (100, 67, Some(80)));
    assert_eq!(pixels(&source, "w=100").dimensions(), (100, 67));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn damage_is_an_error_and_never_a_panic(
        which in 0usize..64, flips in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..12), cut in any::<u16>(),
    ) {
        let samples = samples();
        let mut bytes = samples[which % samples.len()].bytes.clone();
        for (at, value) in flips {
            let at = at as usize % bytes.len();
            bytes[at] ^= value;
        }
        bytes.truncate(bytes.len() - cut as usize % (bytes.len() / 4).max(1));
        let limits = Limits { max_pixels: 1_000_000, ..Limits::default() };
        let _ = verify(&bytes, &limits, &|| false);
        let _ = render(&bytes, &recipe("w=20&h=20&fit=cover", "png"), Effort::Fast, &limits, &|| false);
    }

    #[test]
    fn no_bytes_make_the_header_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in 0usize..6) {
        let magics: [&[u8]; 6] = [b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x1cftypavif", b"II*\0", b"qoif"];
        let _ = probe(Cursor::new([magics[magic], &bytes].concat()));
    }
}

/// A JPEG is scaled before it is turned, other formats after: the same picture must come out.
#[test]
fn every_turn_and_window_is_the_same_from_planes_and_from_pixels() {
    let picture = photo(301, 203, 5);
    let png = file::png(&picture);
    for query in [
        "w=120",
        "w=90&h=90&fit=cover&gravity=northeast",
        "w=60&h=90&fit=cover&gravity=fp:0.2:0.9",
        "crop=31,17,190,120&w=80",
        "rotate=90&w=70",
        "rotate=270&flip=1&w=100&h=40&fit=cover&gravity=west",
        "flop=1&crop=101,50,150,150&w=64&h=32&fit=fill",
        "rotate=180&flip=1&flop=1&w=100&h=100&fit=contain",
    ] {
        let expected = pixels(&png, query).to_rgb8();
        for orientation in 1..=8 {
            let got = pixels(&jpeg::oriented(&picture, orientation, 97), query).to_rgb8();
            assert_eq!(got.dimensions(), expected.dimensions(), "{query}, orientation {orientation}");
            let differences = got.as_raw().iter().zip(expected.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b)));
            let mean = differences.sum::<u64>() as f64 / got.as_raw().len() as f64;
            assert!(mean < 3.0, "{query}, orientation {orientation}: {mean}");
        }
    }
}
