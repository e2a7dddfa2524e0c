//! What is announced is what is taken: the peak memory of every kind of source and recipe, C libraries included.
//!
//! Each case runs in a process of its own. It does its work on a tiny picture first, which loads code and tables; then the kernel's own count of
//! the most that was resident (`VmHWM`) is set back, and tells what the work took on the picture that counts.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed test may panic, and its child speaks by printing"
)]

mod bench;

use image::{Rgb, RgbImage};
use image_engine::{CompressPlan, Effort, Limits, Sources};
use shared_types::{Formats, Transform};
use testkit::pictures::{animation, colour, file, graphic, jpeg, photo, png, svg};

use bench::{Bench, MIB, Source, plan};

const WM: &str = "wm=01890a5d-ac96-774b-bcce-b302099a8057&wmscale=1&wmmargin=0";

#[test]
#[ignore = "run by the others, in a process of its own"]
fn one_case() {
    bench::do_case();
}

fn stills(width: u32, height: u32) -> Vec<(&'static str, Vec<u8>)> {
    let profile = || Some(colour::adobe_rgb());
    let (picture, drawing) = (photo(width, height, 7), graphic(width, height));
    vec![
        ("jpeg", jpeg::baseline(&picture, 90)),
        ("jpeg progressive", jpeg::progressive(&picture, 90)),
        ("jpeg full chroma", jpeg::full_chroma(&picture, 90)),
        ("jpeg grey", jpeg::grey(&picture, 90)),
        ("jpeg cmyk", jpeg::cmyk(&picture, 90)),
        ("jpeg oriented", jpeg::oriented(&picture, 6, 90)),
        ("png", file::png(&picture)),
        ("png alpha", file::png_alpha(&drawing)),
        ("png 16", png::sixteen_bit(&picture)),
        ("png palette", png::palette(&drawing)),
        ("png grey alpha", png::grey_alpha(&drawing)),
        ("png interlaced", png::interlaced(&picture)),
        ("gif", file::gif(&drawing)),
        ("webp lossy", file::webp_lossy(&picture, 80.0)),
        ("webp lossless", file::webp_lossless(&drawing)),
        ("bmp", file::bmp(&picture)),
        ("tiff", file::tiff(&picture)),
        ("avif", file::avif(&picture, 60)),
        ("avif alpha", file::avif_alpha(&drawing, 60)),
        ("avif subsampled", bench::rendered(&file::png(&picture), "avif")),
        ("avif subsampled alpha", bench::rendered(&file::png_alpha(&drawing), "avif")),
        ("avif 10", bench::rendered(&png::sixteen_bit(&picture), "avif")),
        ("qoi", file::qoi(&drawing)),
        ("pnm", file::ppm(&picture)),
        ("pnm grey", file::pgm(&picture)),
        ("hdr", file::hdr(&file::light(&picture))),
        ("exr", file::exr(&file::light(&picture))),
        ("tiff palette", file::tiff_palette(&picture)),
        ("jxl lossy", file::jxl(&picture, 80)),
        ("jxl lossless", file::jxl_lossless(&drawing)),
        ("jxl 16", file::jxl_deep(&picture)),
        ("heic", file::heic(&picture, 60)),
        ("heic alpha", file::heic_alpha(&drawing, 60)),
        ("jpeg of a profile", colour::jpeg_with(jpeg::baseline(&picture, 90), profile(), None)),
        ("png 16 of a profile", colour::png_with(png::sixteen_bit(&picture), profile(), None)),
    ]
}

/// What only a search makes, which takes minutes for megapixels.
fn stills_of_full_chroma(width: u32, height: u32) -> Vec<(&'static str, Vec<u8>)> {
    let (picture, drawing) = (file::png(&photo(width, height, 7)), file::png_alpha(&graphic(width, height)));
    vec![
        ("avif 10 full chroma", bench::compressed(&picture, "target=90", "avif")),
        ("avif 10 full chroma alpha", bench::compressed(&drawing, "target=90", "avif")),
    ]
}

#[test]
fn still_pictures_of_every_format() {
    type Kinds = fn(u32, u32) -> Vec<(&'static str, Vec<u8>)>;
    let mut bench = Bench::new();
    for (kinds, large) in [(stills as Kinds, (1400, 1050)), (stills_of_full_chroma, (700, 525))] {
        let tiny = kinds(24, 16);
        for (width, height) in [(160, 120), large] {
            for ((name, large), (_, tiny)) in kinds(width, height).iter().zip(&tiny) {
                let source = bench.source(&format!("{name} {width}x{height}"), large, tiny);
                still_picture(&mut bench, &source);
            }
        }
    }
    let icon = bench.source("ico", &file::ico(&graphic(256, 256)), &file::ico(&graphic(24, 16)));
    bench.verify(&icon);
    bench.render(&icon, None, "w=100", "png", "fast");
    bench.judge();
}

fn still_picture(bench: &mut Bench, source: &Source) {
    bench.verify(source);
    bench.analyse(source);
    for (query, format) in
        [("w=7", "avif"), ("w=400", "jpg"), ("", "bmp"), ("crop=10,10,100,90&w=50", "webp"), ("trim&w=90", "jpg")]
    {
        bench.render(source, None, query, format, "fast");
    }
}

#[test]
fn every_operation() {
    let mut bench = Bench::new();
    let sources = sources_of_operations(&bench);
    for source in &sources {
        for query in [
            "",
            "w=1200",
            "w=300&h=300&fit=cover&gravity=smart",
            "w=500&h=900&fit=contain&bg=f00",
            "w=2400&enlarge=1",
            "trim",
            "trim=0&w=500&h=500&fit=contain",
            "crop=100,100,1200,900&rotate=90",
            "rotate=270&flip=1&flop=1",
            "brightness=10&contrast=9&gamma=2",
            "saturation=30&hue=90",
            "gray=1&negate=1",
            "sepia=1",
            "duotone=000,fff",
            "pixelate=9",
            "blur=5",
            "sharpen=2",
            "pad=300&bg=0f08",
            "bg=0f08",
            "round=max",
            "wmtext=Hello",
            "wmtext=Hello&wmtextsize=400",
        ] {
            bench.render(source, None, query, "png", "fast");
        }
    }
    bench.judge();
}

#[test]
fn every_encoder_and_watermarks() {
    let mut bench = Bench::new();
    let sources = sources_of_operations(&bench);
    let marks = [
        bench.source("mark jpeg", &jpeg::baseline(&photo(2000, 1600, 3), 90), &[]),
        bench.source("mark png", &file::png_alpha(&graphic(1500, 1500)), &[]),
    ];
    for source in &sources {
        for mark in &marks {
            for query in ["w=900", "", "trim&w=800"] {
                bench.render(source, Some(mark), &format!("{query}&{WM}"), "jpg", "fast");
            }
        }
        for (query, format) in
            [("colors=256", "png"), ("colors=3", "png"), ("w=300&colors=40", "png"), ("colors=40", "gif")]
        {
            bench.render(source, None, query, format, "fast");
            bench.render(source, None, query, format, "thorough");
        }
        for format in ["webp", "jxl"] {
            bench.render(source, None, "lossless=1", format, "fast");
            bench.render(source, None, "w=800&lossless=1", format, "thorough");
        }
        for format in ["jpg", "png", "webp", "avif", "gif", "bmp", "tiff", "qoi", "jxl"] {
            bench.render(source, None, "", format, "fast");
            bench.render(source, None, "w=800", format, "thorough");
            bench.render(source, None, "w=250", format, "thorough");
        }
    }
    bench.judge();
}

fn sources_of_operations(bench: &Bench) -> [Source; 2] {
    sources_of(bench, (1600, 1200))
}

fn sources_of(bench: &Bench, large: (u32, u32)) -> [Source; 2] {
    let tiny = (24, 16);
    let photo = [large, tiny].map(|(width, height)| jpeg::baseline(&photo(width, height, 7), 90));
    let drawing = [large, tiny].map(|(width, height)| file::png_alpha(&graphic(width, height)));
    [bench.source("jpeg", &photo[0], &photo[1]), bench.source("png", &drawing[0], &drawing[1])]
}

#[test]
fn animations() {
    let mut bench = Bench::new();
    let [large, tiny] = [(480, 360), (24, 16)].map(|(width, height)| {
        let frames = animation::bars(width, height, 6);
        [
            file::animated_gif(width, height, 6),
            file::animated_webp(width, height, 6),
            animation::apng(width, height, &frames, 0),
            animation::avif(&frames, 60),
        ]
    });
    for (index, name) in ["gif", "webp", "apng", "avif"].into_iter().enumerate() {
        let source = bench.source(name, &large[index], &tiny[index]);
        bench.verify(&source);
        for query in ["", "w=200", "page=3", "w=960&enlarge=1"] {
            for format in ["gif", "webp", "avif"] {
                bench.render(&source, None, query, format, "fast");
            }
        }
        for format in ["webp", "avif"] {
            bench.render(&source, None, "w=300", format, "thorough");
        }
    }
    bench.judge();
}

#[test]
fn comparing_pictures() {
    let mut bench = Bench::new();
    for (width, height) in [(160, 120), (1000, 750)] {
        let pictures: Vec<_> = stills(width, height)
            .iter()
            .zip(stills(24, 16))
            .map(|((name, large), (_, tiny))| bench.source(&format!("{name} {width}x{height}"), large, &tiny))
            .collect();
        // Each with itself, and with one that is coded quite differently.
        for (index, source) in pictures.iter().enumerate().filter(|(index, _)| width < 1000 || index % 3 == 0) {
            bench.score(source, source);
            bench.score(source, &pictures[(index + 17) % pictures.len()]);
        }
    }
    bench.judge();
}

#[test]
fn compressing() {
    let mut bench = Bench::new();
    let sources = sources_of(&bench, (700, 550));
    for source in &sources {
        for (goal, formats) in [
            ("target=75", "auto"),
            ("target=92", "avif"),
            ("target=97", "webp,jxl"),
            ("target=lossless", "png,webp,jxl"),
            ("max_bytes=60000", "webp,avif"),
            ("target=80", "png,gif"),
            ("target=lossless", "same"),
        ] {
            bench.compress(source, "", goal, formats);
        }
        bench.compress(source, "w=500", "target=80", "webp");
        bench.render(source, None, "w=800&target=75", "webp", "fast");
        bench.render(source, None, "w=800&max_bytes=50000", "avif", "fast");
    }
    let [large, tiny] = [(480, 360), (24, 16)]
        .map(|(width, height)| animation::apng(width, height, &animation::bars(width, height, 6), 0));
    let source = bench.source("apng", &large, &tiny);
    bench.compress(&source, "", "target=80", "webp,avif,gif");
    bench.judge();
}

#[test]
fn compressing_a_photo_that_is_judged_in_strips() {
    let mut bench = Bench::new();
    let [large, tiny] = [(2400, 1800), (24, 16)].map(|(width, height)| jpeg::baseline(&photo(width, height, 7), 90));
    let source = bench.source("jpeg of 4.3 MP", &large, &tiny);
    bench.compress(&source, "", "target=70", "jpg");
    bench.compress(&source, "", "target=70", "auto");
    bench.judge();
}

#[test]
fn what_compressing_twelve_megapixels_takes_fits_into_its_budget() {
    let phone = jpeg::baseline(&photo(4000, 3000, 7), 90);
    let facts = image_engine::probe(std::io::Cursor::new(&phone)).unwrap();
    let sources = Sources::original(&facts, phone.len() as u64);
    let goal = Some("target=90".parse().unwrap());
    let plan = CompressPlan::new(&sources, &Transform::default(), goal, &Formats::Auto, &Limits::default()).unwrap();
    assert!(plan.memory() <= 1024 * MIB, "{} bytes are announced", plan.memory());
}

#[test]
fn drawings() {
    let mut bench = Bench::new();
    let copies = |count: usize| {
        let shapes = "<path d=\"M1 1h3l2 3-4 2z\" fill=\"none\" stroke=\"red\"/>".repeat(40);
        let copies = "<use href=\"#a\" transform=\"rotate(1)\"/>".repeat(count);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"99\" height=\"99\"><g id=\"a\">{shapes}</g>{copies}</svg>"
        )
    };
    let letters = |count: usize| {
        let line = format!("<text y=\"50\">{}</text>", "Ωmega &amp; 8 ".repeat(25));
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"99\" height=\"99\">{}</svg>", line.repeat(count))
    };
    let tiny = svg::everything(9, 9);
    let queries =
        ["", "w=1400&rotate=90", "w=900&h=900&fit=cover", "w=900&h=900&fit=cover&gravity=smart", "trim&w=900"];
    for (name, large) in [
        ("svg plain", svg::quarters(1600, 1200)),
        ("svg everything", svg::everything(1600, 1200)),
        ("svg layers", svg::layers(1600, 1200, 14)),
    ] {
        let source = bench.source(name, &large, &tiny);
        bench.verify(&source);
        for query in queries {
            bench.render(&source, None, query, "png", "fast");
        }
    }
    let dense = format!("<svg width=\"99\" height=\"99\">{}</svg>", "<path d=\"M0 0h9v9z\"/>".repeat(50_000));
    for (name, large) in [
        ("svg shapes", svg::shapes(1500, 1200, 60_000)),
        ("svg dense", dense.into_bytes()),
        ("svg copies", copies(450).into_bytes()),
        ("svg letters", letters(100).into_bytes()),
    ] {
        let source = bench.source(name, &large, &tiny);
        bench.verify(&source);
        bench.render(&source, None, "w=900", "png", "fast");
    }
    let mark = bench.source("mark svg", &svg::everything(40, 30), &tiny);
    let photo = bench.source(
        "jpeg under svg",
        &jpeg::baseline(&photo(1600, 1200, 7), 90),
        &jpeg::baseline(&photo(24, 16, 7), 90),
    );
    bench.render(&photo, Some(&mark), WM, "jpg", "fast");
    bench.judge();
}

#[test]
fn masters() {
    let mut bench = Bench::new();
    let (large, tiny) = (photo(4000, 3000, 7), photo(24, 16, 7));
    for (name, encode) in [
        ("jpeg", (|picture| jpeg::baseline(picture, 90)) as fn(&RgbImage) -> Vec<u8>),
        ("progressive", |picture| jpeg::progressive(picture, 90)),
        ("turned", |picture| jpeg::oriented(picture, 6, 90)),
        ("png", file::png),
    ] {
        let source = bench.source(name, &encode(&large), &encode(&tiny));
        bench.master(&source);
        bench.verify(&source);
        bench.render(&source, None, "w=512", "jpg", "fast");
    }
    bench.judge();
}

#[test]
fn a_thumbnail_of_a_hundred_megapixels() {
    let mut bench = Bench::new();
    let waves =
        |width, height| RgbImage::from_fn(width, height, |x, y| Rgb([(x / 8) as u8, (y / 8) as u8, (x ^ y) as u8]));
    let huge = jpeg::baseline(&waves(12_000, 8_300), 80);
    let source = bench.source("huge", &huge, &jpeg::baseline(&waves(24, 16), 80));
    bench.render(&source, None, "w=512", "jpg", "fast");
    bench.master(&source);
    let beside = plan(&huge, None, "w=512", "jpg", Effort::Fast).unwrap().memory() - huge.len() as u64;
    assert!(beside < 48 * MIB, "{beside} bytes beside those of the file");
    bench.judge();
}
