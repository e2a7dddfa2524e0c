//! What each operation does to pixels, in every kind of them.

use image::{DynamicImage, GenericImageView, Rgb, RgbImage, Rgba, RgbaImage};
use image_engine::{EngineError, Rendered};
use testkit::pictures::photo;

use crate::support::{self, plan, png, recipe};

fn make(picture: &DynamicImage, query: &str, format: &str) -> Result<Rendered, EngineError> {
    support::make(&png(picture), query, format)
}

fn made(picture: &DynamicImage, query: &str) -> DynamicImage {
    let rendered = make(picture, query, "png").unwrap_or_else(|error| panic!("{query}: {error}"));
    image::load_from_memory(&rendered.bytes).unwrap()
}

/// The result as a JPEG, which has no transparency.
fn made_as_jpeg(picture: &DynamicImage, query: &str) -> RgbImage {
    let made = make(picture, query, "jpg").unwrap();
    let read = support::make(&made.bytes, "", "png").unwrap();
    image::load_from_memory(&read.bytes).unwrap().to_rgb8()
}

fn plain(width: u32, height: u32, colour: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(width, height, Rgb(colour)).into()
}

/// The first pixel of a plain picture of that colour after the query.
fn colour(of: [u8; 3], query: &str) -> [u8; 3] {
    made(&plain(8, 8, of), query).to_rgb8().get_pixel(0, 0).0
}

fn assert_near(got: [u8; 3], expected: [u8; 3], what: &str) {
    assert!(got.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1), "{what}: {got:?}, expected {expected:?}");
}

/// The same picture in all eight kinds of pixels.
fn kinds(picture: &RgbaImage) -> [DynamicImage; 8] {
    let picture = DynamicImage::from(picture.clone());
    [
        picture.to_luma8().into(),
        picture.to_luma_alpha8().into(),
        picture.to_rgb8().into(),
        picture.to_rgba8().into(),
        picture.to_luma16().into(),
        picture.to_luma_alpha16().into(),
        picture.to_rgb16().into(),
        picture.to_rgba16().into(),
    ]
}

/// A square of `inner` in the middle of a border of `outer` that is 10 pixels wide left and above, 20 right and below.
fn framed(inner: [u8; 4], outer: [u8; 4]) -> RgbaImage {
    let is_inner = |x: u32, y: u32| (10..40).contains(&x) && (10..30).contains(&y);
    RgbaImage::from_fn(60, 50, |x, y| Rgba(if is_inner(x, y) { inner } else { outer }))
}

#[test]
fn trim_leaves_what_differs_from_the_border() {
    for picture in kinds(&framed([20, 90, 30, 255], [250, 250, 250, 255])) {
        assert_eq!(made(&picture, "trim").dimensions(), (30, 20), "{:?}", picture.color());
        assert_eq!(made(&picture, "trim&w=15").dimensions(), (15, 10), "{:?}", picture.color());
        assert_eq!(made(&picture, "trim&rotate=90").dimensions(), (20, 30), "{:?}", picture.color());
        assert_eq!(made(&picture, "trim=255").dimensions(), (60, 50), "nothing differs so much");
        assert_eq!(made(&picture, "trim&crop=0,0,30,50&pad=1").dimensions(), (22, 22), "a crop comes first");
    }
    let noisy = RgbImage::from_fn(60, 50, |x, y| {
        if (10..40).contains(&x) && (10..30).contains(&y) { Rgb([0; 3]) } else { Rgb([200 + ((x + y) % 8) as u8; 3]) }
    });
    assert_eq!(made(&noisy.clone().into(), "trim=10").dimensions(), (30, 20));
    assert_eq!(made(&noisy.into(), "trim=3").dimensions(), (60, 50));
    let invisible = framed([20, 90, 30, 255], [0, 0, 0, 0]);
    let mut invisible = invisible;
    invisible.put_pixel(55, 45, Rgba([255, 0, 0, 0]));
    assert_eq!(made(&invisible.into(), "trim").dimensions(), (30, 20), "transparent is one colour");
    assert_eq!(made(&plain(9, 7, [5; 3]), "trim").dimensions(), (9, 7), "all of one colour stays");
}

#[test]
fn the_whole_of_a_trimmed_jpeg_is_decoded_and_announced() {
    let picture = DynamicImage::from(framed([20, 90, 30, 255], [250, 250, 250, 255])).to_rgb8();
    let large = image::imageops::resize(&picture, 960, 800, image::imageops::FilterType::Nearest);
    let source = testkit::pictures::jpeg::baseline(&large, 90);
    let trimmed = support::make(&source, "trim=30&w=60", "png").unwrap();
    assert_eq!((trimmed.width, trimmed.height), (60, 40));
    let memory = |query| plan(&source, &recipe(query, "png")).memory();
    assert!(memory("trim&w=60") > memory("w=60") + 960 * 800 * 3, "at full size and with the result unknown");
}

#[test]
fn pad_adds_a_border_in_the_background() {
    for picture in kinds(&RgbaImage::from_pixel(30, 20, Rgba([40, 40, 40, 255]))) {
        let padded = made(&picture, "pad=1,2,3,4&bg=ff0000");
        assert_eq!(padded.dimensions(), (36, 24));
        let at = |x, y| padded.to_rgb8().get_pixel(x, y).0;
        assert_eq!((at(3, 1), at(34, 1), at(4, 0), at(4, 21)), ([255, 0, 0], [255, 0, 0], [255, 0, 0], [255, 0, 0]));
        assert_eq!((at(4, 1), at(33, 20)), ([40; 3], [40; 3]));
        assert!(!padded.color().has_alpha());
        let see_through = made(&picture, "pad=5");
        assert_eq!(see_through.to_rgba8().get_pixel(0, 0).0[3], 0);
        assert_eq!(see_through.color().has_color(), picture.color().has_color(), "grey stays grey");
        let deep = |picture: &DynamicImage| picture.color().bytes_per_pixel() > picture.color().channel_count();
        assert_eq!(deep(&padded), deep(&picture), "16 bits stay 16");
    }
    let both = made(&plain(40, 20, [1, 2, 3]), "w=20&h=20&fit=contain&pad=10&bg=white").to_rgb8();
    assert_eq!(both.dimensions(), (40, 40));
    assert_eq!((both.get_pixel(20, 12).0, both.get_pixel(20, 20).0), ([255; 3], [1, 2, 3]));
    let opaque = made_as_jpeg(&plain(20, 20, [0; 3]), "pad=16");
    assert_near(opaque.get_pixel(1, 1).0, [255; 3], "white where nothing can be transparent");
    let huge = make(&plain(20, 20, [0; 3]), "pad=16000", "jpg");
    assert!(matches!(huge, Err(EngineError::TooLarge { .. })), "{huge:?}");
}

#[test]
fn round_cuts_corners_smoothly() {
    for picture in kinds(&RgbaImage::from_pixel(40, 40, Rgba([40, 40, 40, 255]))) {
        let alpha = |query: &str| {
            let rounded = made(&picture, query);
            assert_eq!(rounded.color().has_color(), picture.color().has_color());
            move |x: u32, y: u32| rounded.to_rgba8().get_pixel(x, y).0[3]
        };
        let circle = alpha("round=max");
        assert_eq!((circle(0, 0), circle(39, 0), circle(0, 39), circle(39, 39), circle(5, 5)), (0, 0, 0, 0, 0));
        assert!([circle(20, 20), circle(20, 0), circle(0, 20), circle(7, 7)].iter().all(|alpha| *alpha > 250));
        let edge: Vec<u8> = (0..40).flat_map(|y| (0..40).map(move |x| (x, y))).map(|(x, y)| circle(x, y)).collect();
        let covered: f64 = edge.iter().map(|alpha| f64::from(*alpha) / 255.0).sum();
        assert!((covered - 400.0 * std::f64::consts::PI).abs() < 4.0, "the area of the circle, not {covered}");
        assert!(edge.iter().filter(|alpha| (1..255).contains(*alpha)).count() > 40);
        let slight = alpha("round=4");
        assert_eq!((slight(0, 0), slight(4, 0), slight(0, 4), slight(39, 20)), (0, 255, 255, 255));
        assert_eq!(alpha("round=4000")(5, 5), 0, "no more than half of a side");
    }
    let on_red = made_as_jpeg(&plain(160, 160, [0, 0, 255]), "round=max&bg=ff0000&q=100");
    assert_near(on_red.get_pixel(2, 2).0, [254, 0, 0], "on the background");
    assert_near(on_red.get_pixel(80, 80).0, [0, 0, 254], "the picture itself");
    assert_near(made_as_jpeg(&plain(160, 160, [0; 3]), "round=max").get_pixel(2, 2).0, [255; 3], "or on white");
}

#[test]
fn tones_move_as_they_say() {
    for (of, query, expected) in [
        ([100, 150, 200], "brightness=20", [151, 201, 251]),
        ([100, 150, 200], "brightness=-100", [0, 0, 0]),
        ([100, 150, 200], "brightness=100", [255, 255, 255]),
        ([100, 150, 200], "contrast=-100", [128, 128, 128]),
        ([100, 150, 200], "contrast=100", [0, 255, 255]),
        ([100, 128, 200], "contrast=50", [61, 128, 255]),
        ([100, 150, 200], "gamma=2", [160, 196, 226]),
        ([100, 150, 200], "gamma=0.5", [39, 88, 157]),
        ([100, 150, 200], "saturation=-100", [143, 143, 143]),
        ([100, 150, 200], "saturation=100", [57, 157, 255]),
        ([90, 90, 90], "saturation=100", [90, 90, 90]),
        ([90, 90, 90], "hue=123", [90, 90, 90]),
        ([255, 0, 0], "hue=180", [0, 109, 109]),
        ([100, 100, 100], "sepia=1", [135, 120, 94]),
        ([0, 0, 0], "duotone=102030,a0b0c0", [16, 32, 48]),
        ([255, 255, 255], "duotone=102030,a0b0c0", [160, 176, 192]),
        ([255, 0, 0], "duotone=000000,ffffff", [54, 54, 54]),
        ([100, 150, 200], "negate=1", [155, 105, 55]),
        // Each before the next: 100 + 51 is 151, and what is left of 255 is 104.
        ([100, 100, 100], "negate=1&brightness=20", [104, 104, 104]),
    ] {
        assert_near(colour(of, query), expected, query);
    }
}

#[test]
fn tones_keep_kind_depth_and_alpha() {
    let picture = RgbaImage::from_fn(16, 16, |x, y| Rgba([(x * 16) as u8, 128, 128, (y * 16) as u8]));
    for picture in kinds(&picture) {
        for query in ["brightness=10", "contrast=10", "gamma=1.5", "saturation=30", "hue=30", "negate=1", "pixelate=3"]
        {
            let toned = made(&picture, query);
            assert_eq!(toned.color(), picture.color(), "{query}");
            if query != "pixelate=3" {
                let alphas = |picture: &DynamicImage| picture.to_rgba8().pixels().map(|p| p.0[3]).collect::<Vec<_>>();
                assert_eq!(alphas(&toned), alphas(&picture), "{query}");
            }
        }
        for query in ["sepia=1", "duotone=112233,ffeedd"] {
            let toned = made(&picture, query);
            assert!(toned.color().has_color(), "{query}");
            assert_eq!(toned.color().has_alpha(), picture.color().has_alpha(), "{query}");
        }
        let eight = made(&picture, "brightness=15&negate=1").to_rgba8();
        let again = made(&picture.to_rgba8().into(), "brightness=15&negate=1").to_rgba8();
        let grey = !picture.color().has_color();
        assert!(grey || eight.iter().zip(again.iter()).all(|(a, b)| a.abs_diff(*b) <= 1), "16 bits look like 8");
    }
}

#[test]
fn pixelate_gives_each_block_the_mean_of_its_light() {
    let board = RgbaImage::from_fn(20, 13, |x, y| Rgba([if (x + y) % 2 == 0 { 255 } else { 0 }; 4].map(|v| v)));
    let opaque = DynamicImage::from(DynamicImage::from(board.clone()).to_luma8());
    for picture in kinds(&opaque.to_rgba8()) {
        let blocks = made(&picture, "pixelate=8").to_rgb8();
        // Half the light of white is 188 in sRGB.
        assert_near(blocks.get_pixel(0, 0).0, [188; 3], "mean");
        assert!((0..8).all(|at| blocks.get_pixel(at, at) == blocks.get_pixel(0, 0)));
    }
    let blocks = made(&board.into(), "pixelate=8").to_rgba8();
    assert_eq!(blocks.get_pixel(0, 0).0, [255, 255, 255, 128], "black that is transparent does not darken");
    let scene = made(&photo(50, 37, 3).into(), "pixelate=16").to_rgb8();
    let distinct: std::collections::HashSet<_> = scene.pixels().collect();
    assert!(distinct.len() <= 12, "blocks at the edges are smaller, not more");
    assert_eq!(scene.get_pixel(49, 36), scene.get_pixel(48, 32));
}

#[test]
fn every_operation_takes_the_smallest_picture() {
    for picture in kinds(&RgbaImage::from_pixel(1, 1, Rgba([7, 7, 7, 200]))) {
        for query in
            ["trim", "round=max", "round=9", "pad=1", "pixelate=1024", "contrast=-100", "hue=90", "duotone=red,blue"]
        {
            for format in ["jpg", "png", "webp", "gif", "bmp", "tiff", "avif"] {
                make(&picture, query, format).unwrap_or_else(|error| panic!("{query} {format}: {error}"));
            }
        }
    }
}
