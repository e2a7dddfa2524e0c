//! The right colours, measured against formulas that are written down here.

use std::io::Cursor;

use image::{ColorType, DynamicImage, Rgb};
use image_engine::probe;
use testkit::pictures::{colour, file, jpeg, photo, png};

use crate::profiles::{icc_of, same_icc};
use crate::support::{decoded, near, rendered, rendered_marked};

/// From linear light of other primaries to that of sRGB's, both under D65; `ProPhoto`'s under D50, adapted by Bradford.
const OF_P3: [[f64; 3]; 3] = [[1.22494, -0.22494, 0.0], [-0.04206, 1.04206, 0.0], [-0.01964, -0.07864, 1.09827]];
const OF_ADOBE: [[f64; 3]; 3] = [[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]];
const OF_PRO_PHOTO: [[f64; 3]; 3] =
    [[2.03437, -0.72758, -0.30679], [-0.22882, 1.23173, -0.00291], [-0.00856, -0.15327, 1.16184]];
const OF_2020: [[f64; 3]; 3] =
    [[1.66049, -0.58764, -0.07285], [-0.12455, 1.1329, -0.00835], [-0.01815, -0.10058, 1.11873]];

fn light_of_srgb(code: f64) -> f64 {
    if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

fn srgb_of_light(light: [f64; 3]) -> [u8; 3] {
    light.map(|light| {
        let light = light.clamp(0.0, 1.0);
        let code = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (code * 255.0).round() as u8
    })
}

fn multiplied(matrix: [[f64; 3]; 3], light: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2])
}

/// A profile, and what a colour of it is in sRGB.
pub(crate) type Space = (&'static str, Vec<u8>, fn([u8; 3]) -> [u8; 3]);

pub(crate) fn wide_spaces() -> [Space; 3] {
    [
        ("P3", colour::display_p3(), |rgb| {
            srgb_of_light(multiplied(OF_P3, rgb.map(|code| light_of_srgb(f64::from(code) / 255.0))))
        }),
        ("Adobe RGB", colour::adobe_rgb(), |rgb| {
            srgb_of_light(multiplied(OF_ADOBE, rgb.map(|code| (f64::from(code) / 255.0).powf(563.0 / 256.0))))
        }),
        ("ProPhoto", colour::pro_photo(), |rgb| {
            srgb_of_light(multiplied(OF_PRO_PHOTO, rgb.map(|code| (f64::from(code) / 255.0).powf(1.8))))
        }),
    ]
}

/// Within sRGB in each of the spaces.
pub(crate) const SKIN: [u8; 3] = [190, 150, 130];

pub(crate) fn sources(rgb: [u8; 3], icc: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let plain = file::plain(48, 32, rgb);
    [
        ("jpg", colour::jpeg_with(jpeg::full_chroma(&plain, 100), Some(icc.to_vec()), None)),
        ("png", colour::png_with(file::png(&plain), Some(icc.to_vec()), None)),
        (
            "webp",
            colour::webp_with(
                file::webp_lossless(&DynamicImage::from(plain.clone()).into_rgba8()),
                Some(icc.to_vec()),
                None,
            ),
        ),
        ("tiff", colour::tiff_with(&plain.into(), icc.to_vec())),
    ]
}

pub(crate) fn middle(picture: &DynamicImage) -> [u8; 3] {
    picture.to_rgb8().get_pixel(picture.width() / 2, picture.height() / 2).0
}

#[test]
fn conversion_to_srgb_is_right() {
    for (name, icc, to_srgb) in wide_spaces() {
        for rgb in [SKIN, [128, 128, 128], [60, 70, 90], [255, 255, 255], [0, 0, 0], [100, 140, 110]] {
            for (kind, source) in sources(rgb, &icc) {
                for (query, format) in [("icc=srgb", "png"), ("icc=srgb&w=16", "png"), ("", "bmp"), ("icc=keep", "gif")]
                {
                    let made = rendered(&source, query, format);
                    let name = format!("{name} {rgb:?} {kind} -> {format} {query}");
                    assert_eq!(icc_of(&made.bytes, format).filter(|_| format == "png"), None, "{name}");
                    // A JPEG is not quite what was put into it, and steps in the dark are large.
                    let stored =
                        if kind == "jpg" { middle(&decoded(&rendered(&source, "icc=keep", "png").bytes)) } else { rgb };
                    near(stored, rgb, 1, &name);
                    near(middle(&decoded(&made.bytes)), to_srgb(stored), 2, &name);
                }
            }
        }
    }
}

#[test]
fn what_fits_into_srgb_becomes_srgb() {
    for (_, source) in sources(SKIN, &colour::srgb()) {
        let made = rendered(&source, "", "png");
        assert_eq!(icc_of(&made.bytes, "png"), None);
        near(middle(&decoded(&made.bytes)), SKIN, 1, "the same colours under another name");
        same_icc(icc_of(&rendered(&source, "icc=keep", "png").bytes, "png"), Some(colour::srgb()), "sRGB");
    }
    for (_, source) in sources(SKIN, &colour::srgb_with_gamma(1.8)) {
        let made = rendered(&source, "", "png");
        assert_eq!(icc_of(&made.bytes, "png"), None);
        let expected = srgb_of_light(SKIN.map(|code| (f64::from(code) / 255.0).powf(1.8)));
        near(middle(&decoded(&made.bytes)), expected, 2, "gamma 1.8");
    }
}

#[test]
fn colours_that_are_named_are_those_of_srgb() {
    let bar = [220, 80, 40];
    let source = colour::png_with(file::png(&file::plain(60, 60, SKIN)), Some(colour::display_p3()), None);
    let mark = file::png(&file::plain(20, 20, bar));
    let id = "wm=01890a5d-ac96-774b-bcce-b302099a8057&wmscale=1&wmmargin=0";
    for query in ["bg=dc5028&w=60&h=30&fit=contain", "bg=dc5028&pad=20", id] {
        let kept = rendered_marked(&source, &mark, query, "png");
        same_icc(icc_of(&kept.bytes, "png"), Some(colour::display_p3()), query);
        let stored = decoded(&kept.bytes).to_rgb8().get_pixel(3, 3).0;
        assert!(stored.iter().zip(bar).any(|(got, named)| got.abs_diff(named) > 8), "{query}: {stored:?} is in P3");
        near(decoded(&rendered(&kept.bytes, "icc=srgb", "png").bytes).to_rgb8().get_pixel(3, 3).0, bar, 2, query);
    }
    // White letters cover enough of something to be white.
    let text = rendered(&source, "wmtext=I&wmtextsize=60&wmtextcolor=dc5028&wmtextshadow=0&wmtextpos=center", "png");
    let srgb = decoded(&rendered(&text.bytes, "icc=srgb", "png").bytes).to_rgb8();
    assert!(srgb.pixels().any(|pixel| pixel.0.iter().zip(bar).all(|(got, named)| got.abs_diff(named) <= 2)));
    // JPEG has no transparency: what shows through is the background in the colours of the file.
    let made = rendered(&source, "bg=dc5028&round=30", "jpg");
    near(decoded(&rendered(&made.bytes, "icc=srgb", "png").bytes).to_rgb8().get_pixel(0, 0).0, bar, 6, "round");
}

#[test]
fn what_works_on_srgb_gets_srgb() {
    let source = colour::png_with(file::png(&photo(60, 40, 3)), Some(colour::adobe_rgb()), None);
    for query in ["gray=1", "sepia=1", "duotone=1b2a49,ffd166", "saturation=20", "hue=30"] {
        let [auto, asked] = ["", "&icc=srgb"].map(|icc| rendered(&source, &format!("{query}{icc}"), "png").bytes);
        assert_eq!(auto, asked, "{query}");
        assert_eq!(icc_of(&auto, "png"), None, "{query}");
    }
    assert!(icc_of(&rendered(&source, "brightness=10&contrast=5&negate=1&blur=2", "png").bytes, "png").is_some());
}

#[test]
fn grey_stays_grey() {
    let grey = image::GrayImage::from_pixel(32, 32, image::Luma([128]));
    let mut source = Cursor::new(Vec::new());
    grey.write_to(&mut source, image::ImageFormat::Png).unwrap();
    let source = colour::png_with(source.into_inner(), Some(colour::grey(1.0)), None);
    let converted = decoded(&rendered(&source, "", "png").bytes);
    assert_eq!(converted.color(), ColorType::L8);
    near(middle(&converted), srgb_of_light([128.0 / 255.0; 3]), 2, "linear grey");
    for format in ["png", "jpg"] {
        let kept = rendered(&source, "icc=keep", format);
        same_icc(icc_of(&kept.bytes, format), Some(colour::grey(1.0)), format);
        assert_eq!(decoded(&rendered(&kept.bytes, "", "png").bytes).color(), ColorType::L8);
    }
    // Neither has grey, and colours make it coloured.
    assert_eq!(icc_of(&rendered(&source, "icc=keep", "webp").bytes, "webp"), None);
    assert_eq!(icc_of(&rendered(&source, "icc=keep&wmtext=a&wmtextcolor=red", "png").bytes, "png"), None);
    // A profile of another kind of pixels says nothing.
    let unfit = colour::png_with(file::png(&file::plain(32, 32, SKIN)), Some(colour::grey(1.0)), None);
    near(middle(&decoded(&rendered(&unfit, "icc=keep", "png").bytes)), SKIN, 0, "grey profile of colours");
}

/// Linear light of sRGB, which may lie outside of it.
fn light_of_lab([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let cube = |t: f64| if t > 6.0 / 29.0 { t.powi(3) } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let y = (lightness + 16.0) / 116.0;
    let xyz = [0.9642 * cube(y + a / 500.0), cube(y), 0.8249 * cube(y - b / 200.0)];
    let of_d50 = [[3.13386, -1.61687, -0.49061], [-0.97877, 1.91614, 0.03345], [0.07195, -0.22899, 1.40524]];
    multiplied(of_d50, xyz)
}

/// What all inks together reflect is black.
fn srgb_of_inks(inks: [bool; 4]) -> [u8; 3] {
    let [lightness, ..] = colour::lab_of_inks([true; 4]);
    let black = light_of_lab([lightness, 0.0, 0.0])[1];
    srgb_of_light(light_of_lab(colour::lab_of_inks(inks)).map(|light| (light - black) / (1.0 - black)))
}

#[test]
fn inks_are_converted_by_their_profile() {
    for bits in [0b0000, 0b1000, 0b0100, 0b0010, 0b0001, 0b1010, 0b0110, 0b1111] {
        let inks = [8, 4, 2, 1].map(|ink| bits & ink != 0);
        let amounts = inks.map(|ink| if ink { 255 } else { 0 });
        let source = colour::jpeg_of_inks(32, 32, amounts, colour::press());
        for (query, format) in [("", "png"), ("w=8", "png"), ("icc=keep", "png"), ("icc=srgb", "webp")] {
            let made = rendered(&source, query, format);
            assert_eq!(icc_of(&made.bytes, format), None);
            let tolerance = if format == "webp" { 4 } else { 2 };
            near(middle(&decoded(&made.bytes)), srgb_of_inks(inks), tolerance, &format!("{inks:?} {query}"));
        }
        let without = rendered(&colour::jpeg_with(jpeg::of_inks(32, 32, amounts), None, None), "", "png").bytes;
        let unread = rendered(&colour::jpeg_of_inks(32, 32, amounts, colour::display_p3()), "", "png").bytes;
        assert_eq!(without, unread, "a profile of something else is none");
    }
}

/// As `iCCP`-less PNG and AVIF tell their colours.
#[test]
fn numbers_are_understood() {
    let rgb = SKIN.map(|code| u16::from(code) * 257);
    let picture = image::ImageBuffer::from_pixel(32, 32, Rgb(rgb));
    let light = SKIN.map(|code| light_of_srgb(f64::from(code) / 255.0));
    for (name, primaries, transfer, expected, wide) in [
        ("sRGB", 1, 13, SKIN, false),
        ("BT.709", 1, 1, SKIN, false),
        ("P3", 12, 13, srgb_of_light(multiplied(OF_P3, light)), true),
        ("BT.2020", 9, 14, srgb_of_light(multiplied(OF_2020, light)), true),
        ("linear", 1, 8, srgb_of_light(SKIN.map(|code| f64::from(code) / 255.0)), false),
    ] {
        let png = colour::png_of_code_points(&picture, primaries, transfer);
        let plain = rendered(&colour::png_of_code_points(&picture, 1, 13), "", "avif").bytes;
        let avif = colour::avif_with_code_points(plain, primaries, transfer);
        for (kind, source, tolerance) in [("png", png, 2), ("avif", avif, 4)] {
            near(
                middle(&decoded(&rendered(&source, "icc=srgb", "png").bytes)),
                expected,
                tolerance,
                &format!("{name} {kind}"),
            );
            let auto = rendered(&source, "", "png");
            assert_eq!(icc_of(&auto.bytes, "png").is_some(), wide, "{name} {kind}");
            assert_eq!(decoded(&auto.bytes).color(), ColorType::Rgb16, "{name} {kind}");
        }
    }
}

#[test]
fn an_old_png_tells_gamma_and_primaries() {
    let source = file::png(&file::plain(32, 32, SKIN));
    let linear = png::with_chunk(&source, *b"gAMA", &100_000_u32.to_be_bytes());
    let expected = srgb_of_light(SKIN.map(|code| f64::from(code) / 255.0));
    near(middle(&decoded(&rendered(&linear, "", "png").bytes)), expected, 2, "linear");
    let usual = png::with_chunk(&source, *b"gAMA", &45_455_u32.to_be_bytes());
    near(middle(&decoded(&rendered(&usual, "", "png").bytes)), SKIN, 0, "1/2.2");
    let chunk = [31_270_u32, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000].map(u32::to_be_bytes).concat();
    let adobe = png::with_chunk(&png::with_chunk(&source, *b"gAMA", &45_455_u32.to_be_bytes()), *b"cHRM", &chunk);
    let light = SKIN.map(|code| light_of_srgb(f64::from(code) / 255.0));
    near(
        middle(&decoded(&rendered(&adobe, "icc=srgb", "png").bytes)),
        srgb_of_light(multiplied(OF_ADOBE, light)),
        2,
        "cHRM",
    );
    assert!(icc_of(&rendered(&adobe, "", "png").bytes, "png").is_some());
    let flat = [0_u32; 8].map(u32::to_be_bytes).concat();
    let nonsense = png::with_chunk(&png::with_chunk(&source, *b"gAMA", &50_000_u32.to_be_bytes()), *b"cHRM", &flat);
    rendered(&nonsense, "", "png");
}

/// Candelas per square metre to code values of PQ (SMPTE ST 2084).
fn pq(nits: f64) -> u16 {
    let root = (nits / 10_000.0).powf(2610.0 / 16_384.0);
    let code = ((3424.0 / 4096.0 + 2413.0 / 128.0 * root) / (1.0 + 2392.0 / 128.0 * root)).powf(2523.0 / 32.0);
    (code * 65_535.0).round() as u16
}

#[test]
fn high_dynamic_range_is_tone_mapped() {
    let shown = |nits: f64, transfer| {
        let code = if transfer == 16 { pq(nits) } else { (nits * 65_535.0) as u16 };
        let picture = image::ImageBuffer::from_pixel(16, 16, Rgb([code; 3]));
        let png = middle(&decoded(&rendered(&colour::png_of_code_points(&picture, 9, transfer), "", "png").bytes));
        let plain = rendered(&colour::png_of_code_points(&picture, 1, 13), "q=90", "avif").bytes;
        let avif = rendered(&colour::avif_with_code_points(plain, 9, transfer), "icc=keep", "png");
        assert_eq!(icc_of(&avif.bytes, "png"), None);
        near(middle(&decoded(&avif.bytes)), png, 3, "avif");
        png
    };
    // What is not bright keeps its light: a hundred of the 203 of white.
    near(shown(100.0, 16), srgb_of_light([100.0 / 203.0; 3]), 2, "PQ");
    let bright: Vec<_> = [100.0, 203.0, 400.0, 1000.0, 4000.0].map(|nits| shown(nits, 16)[0]).to_vec();
    assert!(bright.is_sorted() && bright[1] > 220 && bright[1] < 245 && bright[4] > 245, "{bright:?}");
    // Half the signal of HLG is a twelfth of the scene's light: 1000 * (1/12)^1.2 on the screen.
    near(shown(0.5, 18), srgb_of_light([1000.0 * (1.0_f64 / 12.0).powf(1.2) / 203.0; 3]), 2, "HLG");
    let hue = image::ImageBuffer::from_pixel(16, 16, Rgb([pq(60.0), pq(30.0), pq(20.0)]));
    let expected = srgb_of_light(multiplied(OF_2020, [60.0, 30.0, 20.0].map(|nits| nits / 203.0)));
    near(
        middle(&decoded(&rendered(&colour::png_of_code_points(&hue, 9, 16), "", "png").bytes)),
        expected,
        2,
        "a colour",
    );
}

#[test]
fn depth_is_kept() {
    let deep = image::ImageBuffer::from_fn(256, 4, |x, _| Rgb([(x * 40 + 20_000) as u16; 3]));
    let levels = |picture: &DynamicImage| {
        assert_eq!(picture.color(), ColorType::Rgb16);
        picture.to_rgb16().pixels().map(|pixel| pixel.0[1]).collect::<std::collections::BTreeSet<_>>().len()
    };
    let tiff = colour::tiff_with(&DynamicImage::ImageRgb16(deep.clone()), colour::display_p3());
    // 8 bits would leave 40 of them.
    assert_eq!(levels(&decoded(&rendered(&tiff, "", "png").bytes)), 256);
    assert!(levels(&decoded(&rendered(&tiff, "icc=srgb", "png").bytes)) > 200);
    let avif = rendered(&tiff, "q=100", "avif");
    assert_eq!(probe(Cursor::new(&avif.bytes)).unwrap().bits, 10);
    assert!(levels(&decoded(&rendered(&avif.bytes, "", "png").bytes)) > 100);
    assert_eq!(probe(Cursor::new(rendered(&avif.bytes, "w=100", "avif").bytes)).unwrap().bits, 10);
    let shallow = file::png(&photo(40, 30, 1));
    assert_eq!(probe(Cursor::new(rendered(&shallow, "", "avif").bytes)).unwrap().bits, 8);
}
