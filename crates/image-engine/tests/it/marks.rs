//! Watermarks and text: where they stand, how visible they are, and that no text is too much.

#![allow(clippy::format_collect, reason = "tests need not be fast")]

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use image_engine::{Effort, EngineError, Facts, Header, Limits, Rendered, Sources};
use proptest::prelude::*;
use shared_types::transform::ClientHints;
use shared_types::{OutputFormat, Recipe, TransformQuery};
use testkit::pictures::{broken, file, jpeg};

use crate::support::{self, facts, make_marked, plan, plan_of, png, recipe};

const LOGO: &str = "wm=01890a5d-ac96-774b-bcce-b302099a8057";

fn make(picture: &DynamicImage, logo: Option<(&Facts, &[u8])>, query: &str) -> Result<Rendered, EngineError> {
    make_marked(&png(picture), logo, query, "png")
}

fn marked(picture: &DynamicImage, logo: &[u8], query: &str) -> DynamicImage {
    let rendered = make(picture, Some((&facts(logo), logo)), &format!("{LOGO}&{query}"))
        .unwrap_or_else(|e| panic!("{query}: {e}"));
    image::load_from_memory(&rendered.bytes).unwrap()
}

/// Text on a plain grey of 300x200.
fn written(query: &str) -> RgbImage {
    let rendered = make(&grey(300, 200), None, query).unwrap_or_else(|error| panic!("{query}: {error}"));
    image::load_from_memory(&rendered.bytes).unwrap().to_rgb8()
}

fn grey(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_pixel(width, height, Rgb([128; 3])).into()
}

/// Left, top, right and bottom of the pixels that are not the grey of the ground; the last two are beyond them.
fn extent(picture: &RgbImage) -> Option<(u32, u32, u32, u32)> {
    let changed: Vec<_> = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 != [128; 3]).collect();
    let left = changed.iter().map(|(x, _, _)| *x).min()?;
    let top = changed.iter().map(|(_, y, _)| *y).min()?;
    let right = changed.iter().map(|(x, _, _)| x + 1).max()?;
    let bottom = changed.iter().map(|(_, y, _)| y + 1).max()?;
    Some((left, top, right, bottom))
}

#[test]
fn a_watermark_stands_where_it_should() {
    let logo = file::png(&file::plain(40, 20, [255, 0, 0]));
    for (query, expected) in [
        ("wmmargin=0", (150, 175, 200, 200)),
        ("", (146, 171, 196, 196)),
        ("wmmargin=10&wmpos=northwest", (10, 10, 60, 35)),
        ("wmpos=center&wmscale=0.5", (50, 75, 150, 125)),
        ("wmpos=center&wmscale=1&wmmargin=0", (0, 50, 200, 150)),
        ("wmpos=north&wmscale=1&wmmargin=20", (20, 20, 180, 100)),
        ("wmpos=fp:0.5:0.25&wmmargin=0&wmscale=0.2", (80, 40, 120, 60)),
        ("wmpos=fp:1:1&wmmargin=5&wmscale=0.2", (155, 175, 195, 195)),
        ("wmmargin=4096", (100, 100, 101, 101)),
    ] {
        let picture = marked(&grey(200, 200), &logo, query).to_rgb8();
        let got = extent(&picture).unwrap_or_default();
        if query == "wmmargin=4096" {
            // No room is left: one pixel at most, wherever that is.
            assert!(got.2 - got.0 <= 1 && got.3 - got.1 <= 1, "{got:?}");
            continue;
        }
        assert_eq!(got, expected, "{query}");
        assert_eq!(picture.get_pixel(expected.0, expected.1).0, [255, 0, 0], "{query}");
    }
    let tall = file::png(&file::plain(10, 100, [255, 0, 0]));
    let picture = marked(&grey(200, 100), &tall, "wmscale=0.5&wmmargin=0&wmpos=northwest").to_rgb8();
    assert_eq!(extent(&picture), Some((0, 0, 5, 50)), "its height is bounded as well");
}

#[test]
fn tiles_cover_the_picture_to_its_edges() {
    let logo = file::png(&file::plain(10, 10, [255, 0, 0]));
    let picture = marked(&grey(100, 100), &logo, "wmpos=tile&wmscale=0.1&wmmargin=10").to_rgb8();
    for (x, y, pixel) in picture.enumerate_pixels() {
        let is_tile = x / 10 % 2 == 1 && y / 10 % 2 == 1;
        assert_eq!(pixel.0, if is_tile { [255, 0, 0] } else { [128; 3] }, "{x},{y}");
    }
    let cut = marked(&grey(105, 35), &logo, "wmpos=tile&wmscale=0.1&wmmargin=1").to_rgb8();
    assert!(cut.get_pixel(104, 34).0 == [255, 0, 0] || cut.get_pixel(103, 34).0 == [255, 0, 0], "cut at the edge");
}

#[test]
fn opacity_and_transparency_mix_in_every_kind_of_pixel() {
    let half = file::png_alpha(&RgbaImage::from_pixel(8, 8, Rgba([255, 255, 255, 128])));
    let black = DynamicImage::from(RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 255])));
    let kinds: [DynamicImage; 8] = [
        black.to_luma8().into(),
        black.to_luma_alpha8().into(),
        black.to_rgb8().into(),
        black.to_rgba8().into(),
        black.to_luma16().into(),
        black.to_luma_alpha16().into(),
        black.to_rgb16().into(),
        black.to_rgba16().into(),
    ];
    for picture in kinds {
        let whole = marked(&picture, &half, "wmscale=1&wmmargin=0");
        assert_eq!(whole.color().has_color(), picture.color().has_color(), "a grey mark leaves grey grey");
        assert_eq!(whole.to_rgba8().get_pixel(10, 10).0, [128, 128, 128, 255]);
        let faint = marked(&picture, &half, "wmscale=1&wmmargin=0&wmopacity=0.5");
        assert_eq!(faint.to_rgba8().get_pixel(10, 10).0, [64, 64, 64, 255]);
        let red = marked(&picture, &file::png(&file::plain(4, 4, [255, 0, 0])), "wmscale=1&wmmargin=0");
        assert_eq!(red.to_rgba8().get_pixel(10, 10).0, [255, 0, 0, 255], "{:?}", picture.color());
    }
    let nothing = DynamicImage::from(RgbaImage::from_pixel(20, 20, Rgba([9, 9, 9, 0])));
    let alone = marked(&nothing, &half, "wmscale=1&wmmargin=0").to_rgba8();
    assert_eq!(alone.get_pixel(10, 10).0, [255, 255, 255, 128], "over nothing it is itself");
}

#[test]
fn a_watermark_is_upright_and_of_any_format() {
    let quarters = file::quarters(64, 32);
    for orientation in [1, 6, 8] {
        let logo = jpeg::oriented(&quarters, orientation, 95);
        let picture = marked(&grey(64, 32), &logo, "wmscale=1&wmmargin=0").to_rgb8();
        for (x, y) in [(5, 5), (59, 5), (5, 27), (59, 27)] {
            let (got, expected) = (picture.get_pixel(x, y).0, quarters.get_pixel(x, y).0);
            assert!(
                (0..3).all(|c| got[c].abs_diff(expected[c]) < 12),
                "{orientation} at {x},{y}: {got:?} {expected:?}"
            );
        }
    }
}

#[test]
fn what_is_wrong_with_a_watermark_is_said_of_wm() {
    let (good, huge) = (png(&grey(9, 9)), broken::png_claiming(60_000, 60_000));
    for (logo, reason) in [
        (None, "has no effect here"),
        (Some((&facts(&good), b"nonsense".as_slice())), "cannot be drawn: not a picture"),
        (Some((&facts(&good), huge.as_slice())), "at most"),
        (Some((&facts(&huge), good.as_slice())), "at most"),
    ] {
        let error = make(&grey(9, 9), logo, LOGO).unwrap_err();
        let EngineError::InvalidTransform { parameter: "wm", reason: got } = &error else { panic!("{error}") };
        assert!(got.contains(reason), "{got}");
    }
}

#[test]
fn what_is_drawn_on_top_is_announced() {
    let (picture, logo) = (png(&grey(300, 200)), file::png(&file::plain(2000, 1000, [9; 3])));
    let plain = plan(&picture, &recipe("", "png")).memory();
    assert!(plan(&picture, &recipe("wmtext=x", "png")).memory() > plain);
    let (original, mark) = (facts(&picture), facts(&logo));
    let watermark = Some(Header { facts: &mark, bytes: logo.len() as u64 });
    let sources = Sources { watermark, ..Sources::original(&original, picture.len() as u64) };
    assert!(plan_of(&sources, &recipe(LOGO, "png")).unwrap().memory() >= plain + 2000 * 1000 * 3);
}

#[test]
fn text_stands_within_the_picture_at_its_size() {
    let size = |query: &str| {
        let (left, top, right, bottom) = extent(&written(query)).unwrap_or_else(|| panic!("{query}: nothing is seen"));
        (right - left, bottom - top)
    };
    let (_, small) = size("wmtext=HHH&wmtextsize=20&wmtextshadow=0");
    let (_, large) = size("wmtext=HHH&wmtextsize=80&wmtextshadow=0");
    // Capitals of this font are 0.73 em high.
    assert!(small.abs_diff(15) <= 1 && large.abs_diff(58) <= 2, "{small} {large}");
    let (left, top, right, bottom) = extent(&written("wmtext=Hg")).unwrap();
    assert!(left > 200 && top > 150 && (290..=296).contains(&right) && bottom <= 196, "{left} {top} {right} {bottom}");
    let (left, top, ..) = extent(&written("wmtext=Hg&wmtextpos=northwest&wmtextmargin=0&wmtextshadow=0")).unwrap();
    assert!(left <= 4 && top <= 8, "{left} {top}");
    let long = format!("wmtext={}&wmtextsize=100", "MW".repeat(100));
    let (width, height) = size(&long);
    assert!((200..=292).contains(&width) && height < 20, "it shrinks to fit: {width} {height}");
    let (_, two) = size("wmtext=H%0AH&wmtextsize=20&wmtextshadow=0");
    assert!((35..=40).contains(&two), "two lines: {two}");
    let tiled = written("wmtext=H&wmtextpos=tile&wmtextsize=20");
    assert_eq!(extent(&tiled).map(|(left, top, ..)| (left < 12, top < 14)), Some((true, true)));
    assert!(tiled.pixels().filter(|pixel| pixel.0 == [255; 3]).count() > 1000);
}

#[test]
fn text_has_its_colour_opacity_and_shadow() {
    let darkest = |picture: &RgbImage| picture.pixels().map(|pixel| pixel.0[0]).min().unwrap();
    let red = written("wmtext=HHHH&wmtextsize=60&wmtextcolor=ff0000&wmtextshadow=0");
    assert!(red.pixels().any(|pixel| pixel.0 == [255, 0, 0]));
    assert!(darkest(&red) >= 127, "no shadow");
    assert!(darkest(&written("wmtext=HHHH&wmtextsize=60")) < 80, "a shadow");
    let faint = written("wmtext=HHHH&wmtextsize=60&wmtextopacity=0.5&wmtextshadow=0");
    let brightest = faint.pixels().map(|pixel| pixel.0[0]).max().unwrap();
    assert!(brightest.abs_diff(192) <= 1, "{brightest}");
}

#[test]
fn letters_of_many_scripts_are_their_own() {
    // What the font lacks is the same box for all.
    let shape = |text: &str| {
        let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        written(&format!("wmtext={text}&wmtextsize=60&wmtextshadow=0")).into_raw()
    };
    let unknown = shape("\u{f1234}");
    assert_eq!(shape("\u{f4321}"), unknown);
    let mut seen = std::collections::HashSet::from([unknown]);
    for text in ["A", "é", "ß", "Ł", "Ж", "я", "Ω", "λ", "©", "€"] {
        assert!(seen.insert(shape(text)), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_text_on_no_picture_panics(
        text in "\\PC{1,60}(\n\\PC{0,20}){0,3}", width in 1u32..80, height in 1u32..80,
        size in proptest::option::of(4u32..=2048), margin in proptest::option::of(0u32..=4096),
        position in proptest::sample::select(vec!["tile", "northeast", "center", "fp:0.3:0.9"]),
    ) {
        let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut query = format!("wmtext={text}&wmtextpos={position}");
        if let Some(size) = size { query = format!("{query}&wmtextsize={size}"); }
        if let Some(margin) = margin { query = format!("{query}&wmtextmargin={margin}"); }
        let Ok(parsed) = TransformQuery::parse_text(&query, ClientHints::default()) else { return Ok(()) };
        let recipe = Recipe::new(parsed.transform, OutputFormat::Bmp);
        let made = support::render(&png(&grey(width, height)), &recipe, Effort::Fast, &Limits::default(), &|| false);
        let made = made.unwrap();
        prop_assert_eq!((made.width, made.height), (width, height));
    }
}
