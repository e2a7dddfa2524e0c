//! Pictures of few colours: PNG with a palette, and GIF.

use std::collections::HashSet;
use std::io::Cursor;

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use image_engine::{Effort, Limits, probe, verify};
use testkit::pictures::animation::{Dispose, Placed, apng};
use testkit::pictures::{colour, file, graphic, photo, png};

use crate::support::{decoded, make, recipe, render, rendered};

/// SSIMULACRA2: 100 is the same, 80 hardly to be told from it.
fn likeness(picture: &RgbImage, made: &RgbImage) -> f64 {
    let slice = |picture| {
        let picture: &RgbImage = picture;
        let (width, height) = picture.dimensions();
        PixelSlice::new(picture.as_raw(), width, height, width as usize * 3, PixelDescriptor::RGB8_SRGB).unwrap()
    };
    Ssimulacra2Reference::new(&slice(picture)).unwrap().compare(&slice(made)).unwrap()
}

fn colours(picture: &RgbaImage) -> HashSet<[u8; 4]> {
    picture.pixels().map(|pixel| pixel.0).collect()
}

/// Kind of pixels, bits of each, colours of the palette and how many of these have their alpha told.
fn layout(file: &[u8]) -> (::png::ColorType, u8, usize, usize) {
    let reader = ::png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    let info = reader.info();
    let [palette, alphas] = [&info.palette, &info.trns].map(|chunk| chunk.as_ref().map_or(0, |chunk| chunk.len()));
    (info.color_type, info.bit_depth as u8, palette / 3, alphas)
}

#[test]
fn as_many_colours_as_asked_for_in_as_few_bits_as_they_need() {
    let scene = file::png(&photo(203, 90, 3));
    for effort in [Effort::Fast, Effort::Thorough] {
        for (most, bits) in [(2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (100, 8), (256, 8)] {
            let recipe = recipe(&format!("colors={most}"), "png");
            let made = render(&scene, &recipe, effort, &Limits::default(), &|| false).unwrap().bytes;
            let (kind, depth, palette, alphas) = layout(&made);
            assert_eq!((kind, alphas), (::png::ColorType::Indexed, 0), "{most}");
            // Where there is time, more bits are taken if they compress better.
            assert!(depth == bits || effort == Effort::Thorough && depth > bits, "{most}: {depth} bits");
            assert!(palette <= most && palette * 10 >= most * 9, "{palette} colours instead of {most}");
            assert!(colours(&decoded(&made).to_rgba8()).len() <= most);
            assert_eq!(verify(&made, &Limits::default(), &|| false), Ok(()));
        }
    }
    let gif = rendered(&scene, "colors=9", "gif").bytes;
    assert!(colours(&decoded(&gif).to_rgba8()).len() <= 9);
}

#[test]
fn what_has_few_colours_keeps_every_pixel() {
    let shades = |count: u32| {
        RgbaImage::from_fn(61, 40, move |x, y| {
            let shade = ((x * 7 + y * 13) % count) as u8;
            Rgba([shade * 3, 255 - shade, shade ^ 0x5a, if shade < 3 { shade * 90 } else { 255 }])
        })
    };
    for (count, bits) in [(2, 1), (4, 2), (9, 4), (80, 8)] {
        let picture = shades(count);
        for effort in [Effort::Fast, Effort::Thorough] {
            let recipe = recipe(&format!("colors={}", count.max(2)), "png");
            let made = render(&file::png_alpha(&picture), &recipe, effort, &Limits::default(), &|| false).unwrap();
            assert_eq!(decoded(&made.bytes).to_rgba8(), picture, "{count} colours, {effort:?}");
            let (kind, depth, palette, alphas) = layout(&made.bytes);
            assert_eq!((kind, depth, palette), (::png::ColorType::Indexed, bits, count as usize));
            assert_eq!(alphas, count.min(3) as usize, "opaque colours come last");
        }
    }
}

#[test]
fn transparency_has_its_share_of_the_palette() {
    let picture = graphic(160, 120);
    let before = colours(&picture).len();
    assert!(before > 64, "{before}");
    let made = decoded(&rendered(&file::png_alpha(&picture), "colors=24", "png").bytes).to_rgba8();
    assert!(colours(&made).len() <= 24);
    let (mut off, mut soft) = (0, 0);
    for (pixel, got) in picture.pixels().zip(made.pixels()).map(|(pixel, got)| (pixel.0[3], got.0[3])) {
        if matches!(pixel, 0 | 255) {
            assert_eq!(got, pixel, "what is all or nothing stays so");
        } else {
            (off, soft) = (off + u32::from(got.abs_diff(pixel)), soft + 1);
        }
    }
    assert!(off < soft * 22, "{off} in {soft} pixels");
}

#[test]
fn palettes_are_chosen_well() {
    for seed in [3, 8] {
        let scene = photo(320, 240, seed);
        for (query, format, least) in [("", "gif", 88.0), ("colors=256", "png", 88.0), ("colors=32", "png", 66.0)] {
            let made = decoded(&rendered(&file::png(&scene), query, format).bytes).to_rgb8();
            let score = likeness(&scene, &made);
            assert!(score > least, "{format} {query}: {score}");
        }
    }
}

#[test]
fn colours_that_are_nearly_alike_are_told_apart() {
    // 512 colours in a corner of all there are, opaque and not.
    for alpha in [255, 120] {
        let picture = RgbaImage::from_fn(64, 64, |x, y| {
            let number = (x + y * 64) % 512;
            Rgba([100 + (number % 8) as u8, 100 + (number / 8 % 8) as u8, 100 + (number / 64) as u8, alpha])
        });
        let made = decoded(&rendered(&file::png_alpha(&picture), "colors=256", "png").bytes).to_rgba8();
        let count = colours(&made).len();
        assert!((200..=256).contains(&count), "{count}");
        let worst = picture.iter().zip(made.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 4, "{worst}");
    }
}

#[test]
fn flat_areas_stay_flat() {
    let mut picture = DynamicImage::ImageRgb8(photo(200, 100, 4)).to_rgba8();
    let flat = [201, 98, 34, 255];
    for (_, _, pixel) in picture.enumerate_pixels_mut().filter(|(x, ..)| *x >= 100) {
        *pixel = Rgba(flat);
    }
    let made = decoded(&rendered(&file::png_alpha(&picture), "colors=40", "png").bytes).to_rgba8();
    // What is left over of the photo may be handed on to a few pixels beside it.
    let others =
        (104..200).flat_map(|x| (0..100).map(move |y| (x, y))).filter(|(x, y)| made.get_pixel(*x, *y).0 != flat);
    assert_eq!(others.count(), 0);
}

#[test]
fn dots_are_mixed_in_linear_light() {
    let light = |code: u8| {
        let code = f64::from(code) / 255.0;
        if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
    };
    let ramp = GrayImage::from_fn(256, 64, |x, _| Luma([x as u8]));
    for (query, most) in [("colors=2", 0.035), ("colors=4", 0.018)] {
        let made = decoded(&rendered(&crate::support::png(&ramp.clone().into()), query, "png").bytes).to_luma8();
        // Where it is lighter than the dark ones of the palette and darker than the light ones.
        for from in (80..176).step_by(16) {
            let mean = |picture: &GrayImage| {
                let part = (from..from + 16).flat_map(|x| (0..64).map(move |y| (x, y)));
                part.map(|(x, y)| light(picture.get_pixel(x, y).0[0])).sum::<f64>() / 1024.0
            };
            let (got, expected) = (mean(&made), mean(&ramp));
            assert!((got - expected).abs() < most, "{query} {from}: {got} instead of {expected}");
        }
    }
}

#[test]
fn grey_stays_grey() {
    let grey = DynamicImage::ImageRgb8(photo(90, 60, 2)).to_luma8();
    let source = crate::support::png(&grey.clone().into());
    let made = rendered(&source, "colors=256", "png").bytes;
    assert_eq!((layout(&made).0, decoded(&made).to_luma8()), (::png::ColorType::Grayscale, grey));
    let few = decoded(&rendered(&source, "colors=12", "png").bytes).to_rgb8();
    assert!(few.pixels().all(|Rgb([red, green, blue])| red == green && green == blue));
    // A profile of grey does not go with a palette.
    let with_profile = colour::png_with(source, Some(colour::grey(1.8)), None);
    let made = rendered(&with_profile, "colors=12&icc=keep", "png").bytes;
    assert_eq!(probe(Cursor::new(&made)).unwrap().width, 90);
    assert!(!made.windows(4).any(|name| name == b"iCCP"));
}

#[test]
fn drawings_in_grey_take_few_bits_where_time_is_taken() {
    let lines = GrayImage::from_fn(120, 80, |x, y| Luma([if (x / 9 + y / 7) % 3 == 0 { 30 } else { 255 }]));
    let source = crate::support::png(&lines.clone().into());
    let made = render(&source, &recipe("", "png"), Effort::Thorough, &Limits::default(), &|| false).unwrap().bytes;
    assert_eq!(layout(&made), (::png::ColorType::Indexed, 1, 2, 0));
    assert_eq!(decoded(&made).to_luma8(), lines);
}

#[test]
fn sixteen_bits_become_eight() {
    let made = rendered(&png::sixteen_bit(&photo(64, 48, 2)), "colors=50", "png").bytes;
    assert_eq!(layout(&made).0, ::png::ColorType::Indexed);
}

/// How much pixels change from frame to frame, on average.
fn changes(frames: &[RgbImage]) -> f64 {
    let pairs = frames.windows(2).flat_map(|pair| pair[0].iter().zip(pair[1].iter()));
    let (sum, count) = pairs.fold((0_u64, 0_u64), |(sum, count), (a, b)| (sum + u64::from(a.abs_diff(*b)), count + 1));
    sum as f64 / count as f64
}

#[test]
fn dots_do_not_crawl_from_frame_to_frame() {
    let scene = photo(120, 80, 5);
    // It gets a little brighter and darker, so that every pixel changes and none of them much.
    let pictures: Vec<_> = (0..6)
        .map(|index| {
            RgbImage::from_fn(120, 80, |x, y| Rgb(scene.get_pixel(x, y).0.map(|code| code.clamp(1, 254) + index % 2)))
        })
        .collect();
    let frames: Vec<_> = pictures
        .iter()
        .map(|picture| Placed {
            at: (0, 0),
            picture: DynamicImage::ImageRgb8(picture.clone()).to_rgba8(),
            milliseconds: 100,
            dispose: Dispose::Keep,
            blend: false,
        })
        .collect();
    let file = make(&apng(120, 80, &frames, 0), "colors=32", "gif").unwrap().bytes;
    let shown: Vec<_> =
        (0..6).map(|page| decoded(&rendered(&file, &format!("page={page}"), "png").bytes).to_rgb8()).collect();
    let still: Vec<_> = pictures
        .iter()
        .map(|picture| decoded(&rendered(&file::png(picture), "colors=32", "png").bytes).to_rgb8())
        .collect();
    let (shown, still) = (changes(&shown), changes(&still));
    assert!(shown < still * 0.6, "{shown}, and {still} where each frame is alone");
}
