//! Animations: the frames that are seen, how long, how often; one frame of many; and what is too much.

use std::io::Cursor;

use image::{AnimationDecoder, GenericImageView, Rgba, RgbaImage};
use image_engine::{Effort, EngineError, Limits, probe, verify};
use testkit::pictures::animation::{Dispose, Placed, apng, apng_with, avif, bars, gif, jxl, patchwork, shown, webp};

use crate::support::{make, plan, recipe, render};

const SIDE: u32 = 32;

/// The frame that is shown, taken out by the engine.
fn page(source: &[u8], page: usize) -> RgbaImage {
    let made = make(source, &format!("page={page}"), "png").unwrap();
    image::load_from_memory(&made.bytes).unwrap().to_rgba8()
}

/// Frames that WebP can say too: what is shown is the same for every format.
fn without_restoring() -> Vec<Placed> {
    let mut frames = patchwork(SIDE, SIDE);
    for frame in &mut frames {
        if frame.dispose == Dispose::Restore {
            frame.dispose = Dispose::Clear;
        }
    }
    frames
}

/// As they look: what is transparent has no colour.
fn seen(picture: &RgbaImage) -> RgbaImage {
    let mut picture = picture.clone();
    for Rgba(pixel) in picture.pixels_mut().filter(|pixel| pixel.0[3] == 0) {
        *pixel = [0; 4];
    }
    picture
}

/// The largest difference of a channel, on white.
fn difference(a: &RgbaImage, b: &RgbaImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    let on_white = |Rgba([red, green, blue, alpha]): Rgba<u8>| {
        [red, green, blue]
            .map(|channel| ((u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255) as u8)
    };
    let pairs = a.pixels().zip(b.pixels());
    pairs.flat_map(|(a, b)| [0, 1, 2].map(|at| on_white(*a)[at].abs_diff(on_white(*b)[at]))).max().unwrap_or(0)
}

fn mean_difference(a: &RgbaImage, b: &RgbaImage) -> f64 {
    let sum: u64 = a.iter().zip(b.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

/// Delays in ms and the count of plays of a GIF, by the `gif` crate.
fn times_of_gif(file: &[u8]) -> (Vec<u32>, Option<u32>) {
    let mut decoder = gif::Decoder::new(file).unwrap();
    let plays = match decoder.repeat() {
        gif::Repeat::Infinite => None,
        gif::Repeat::Finite(repetitions) => Some(u32::from(repetitions) + 1),
    };
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        delays.push(u32::from(frame.delay) * 10);
    }
    (delays, plays)
}

/// The same of a WebP, from its chunks.
fn times_of_webp(file: &[u8]) -> (Vec<u32>, Option<u32>) {
    let (mut delays, mut plays, mut at) = (Vec::new(), Some(1), 12);
    while at + 8 <= file.len() {
        let length = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap()) as usize;
        let content = &file[at + 8..at + 8 + length];
        match &file[at..at + 4] {
            b"ANIM" => plays = Some(u32::from(u16::from_le_bytes([content[4], content[5]]))).filter(|plays| *plays > 0),
            b"ANMF" => delays.push(u32::from_le_bytes([content[12], content[13], content[14], 0])),
            _ => {}
        }
        at += 8 + length.next_multiple_of(2);
    }
    (delays, plays)
}

#[test]
fn every_frame_is_composed_as_a_viewer_shows_it() {
    let (all, without) = (patchwork(SIDE, SIDE), without_restoring());
    let (side, one) = (SIDE as u16, Some(0));
    for (name, file, frames) in [
        ("gif", gif(side, side, &all, one), &all),
        ("png", apng(SIDE, SIDE, &all, 0), &all),
        ("png with a picture of its own", apng_with(SIDE, SIDE, &all, 0, Some(&RgbaImage::new(SIDE, SIDE))), &all),
        ("webp", webp(SIDE, SIDE, &without, 0), &without),
    ] {
        assert_eq!(verify(&file, &Limits::default(), &|| false), Ok(()), "{name}");
        for (index, expected) in shown(SIDE, SIDE, frames).iter().enumerate() {
            assert_eq!(seen(&page(&file, index)), seen(expected), "{name}, frame {index}");
        }
    }
    let frames = bars(64, 48, 4);
    let file = avif(&frames, 95);
    for (index, frame) in frames.iter().enumerate() {
        let off = mean_difference(&page(&file, index), &frame.picture);
        assert!(off < 4.0, "avif, frame {index}: {off}");
    }
}

#[test]
fn half_transparent_pixels_are_blended() {
    let mut frames = patchwork(SIDE, SIDE);
    frames.push(Placed {
        // On the last frame's patch, and beside it.
        at: (0, 0),
        picture: RgbaImage::from_pixel(10, 10, Rgba([100, 150, 250, 120])),
        milliseconds: 100,
        dispose: Dispose::Keep,
        blend: true,
    });
    let last = frames.len() - 1;
    let expected = &shown(SIDE, SIDE, &frames)[last];
    assert!(difference(&page(&apng(SIDE, SIDE, &frames, 0), last), expected) <= 2);
}

#[test]
fn an_animation_stays_one_in_every_format_that_has_them() {
    let (side, frames) = (SIDE as u16, without_restoring());
    let delays: Vec<u32> = frames.iter().map(|frame| frame.milliseconds.into()).collect();
    for (name, source) in [
        ("gif", gif(side, side, &frames, Some(2))),
        ("png", apng(SIDE, SIDE, &frames, 3)),
        ("webp", webp(SIDE, SIDE, &frames, 3)),
    ] {
        // Lossy formats keep colour at half the resolution, and the stripes are two pixels wide.
        for (format, tolerance) in [("gif", 0.0), ("webp", 12.0), ("avif", 12.0)] {
            let made = make(&source, "q=95", format).unwrap();
            assert_eq!((made.width, made.height), (SIDE, SIDE));
            assert_eq!(verify(&made.bytes, &Limits::default(), &|| false), Ok(()), "{name} as {format}");
            assert!(probe(Cursor::new(&made.bytes)).unwrap().animated, "{name} as {format}");
            for (index, expected) in shown(SIDE, SIDE, &frames).iter().enumerate() {
                let got = page(&made.bytes, index);
                let off = mean_difference(&seen(&got), &seen(expected));
                assert!(off <= tolerance, "{name} as {format}, frame {index}: {off}");
            }
            let times = match format {
                "gif" => times_of_gif(&made.bytes),
                "webp" => times_of_webp(&made.bytes),
                // What libavif writes is read back by libavif; the next test reads what somebody else wrote.
                _ => times_of_gif(&make(&made.bytes, "", "gif").unwrap().bytes),
            };
            assert_eq!(times, (delays.clone(), Some(3)), "{name} as {format}");
        }
    }
}

#[test]
fn delays_and_loops_are_read_and_written() {
    let mut frames = bars(48, 32, 5);
    for (frame, milliseconds) in frames.iter_mut().zip([100, 33, 33, 34, 2000]) {
        frame.milliseconds = milliseconds;
    }
    let times = |source: &[u8], format: &str| {
        let made = make(source, "", format).unwrap().bytes;
        if format == "gif" { times_of_gif(&made) } else { times_of_webp(&made) }
    };
    assert_eq!(times(&avif(&frames, 60), "webp"), (vec![100, 33, 33, 34, 2000], None));
    // Moments are rounded: 100, 130, 170, 200 and 2200 ms.
    assert_eq!(times(&apng(48, 32, &frames, 7), "gif"), (vec![100, 30, 40, 30, 2000], Some(7)));
    for (repetitions, plays) in [(None, Some(1)), (Some(0), None), (Some(1), Some(2)), (Some(9), Some(10))] {
        let source = gif(48, 32, &frames, repetitions);
        assert_eq!(times(&source, "webp").1, plays, "{repetitions:?}");
        assert_eq!(times(&source, "gif").1, plays, "{repetitions:?}");
    }
    // 60 a second would be slowed down to ten by every viewer.
    for frame in &mut frames {
        frame.milliseconds = 16;
    }
    assert_eq!(times(&apng(48, 32, &frames, 0), "gif").0, [20; 5]);
}

#[test]
fn every_frame_goes_through_the_same_steps() {
    // The detail moves from left to right; smart gravity must stay where it was on the first frame.
    let frame = |index: u32| {
        let busy = move |x: u32, y: u32| x / 100 == index && (x / 4 + y / 4).is_multiple_of(2);
        Placed {
            at: (0, 0),
            picture: RgbaImage::from_fn(300, 100, |x, y| {
                Rgba(if busy(x, y) { [250, 30, 30, 255] } else { [20 * index as u8, 90, 90, 255] })
            }),
            milliseconds: 100,
            dispose: Dispose::Keep,
            blend: false,
        }
    };
    let source = apng(300, 100, &[frame(0), frame(1), frame(2)], 0);
    let query = "w=50&h=50&fit=cover&gravity=smart&flop=1&gray=1";
    let made = make(&source, query, "gif").unwrap();
    assert_eq!((made.width, made.height), (50, 50));
    let detail = |index: usize| page(&made.bytes, index).pixels().filter(|pixel| pixel.0[0] < 70).count();
    let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(&made.bytes)).unwrap();
    assert_eq!(decoder.into_frames().collect_frames().unwrap().len(), 3);
    let spread = |index: usize| {
        let values = page(&made.bytes, index);
        let (low, high) =
            values.pixels().fold((255, 0), |(low, high), pixel| (low.min(pixel.0[0]), high.max(pixel.0[0])));
        high - low
    };
    assert!(spread(0) > 10, "the window is where the detail of the first frame is: {} {}", spread(0), detail(0));
    assert!(spread(2) < 10, "and stays there: {}", spread(2));
    for pixel in page(&made.bytes, 1).pixels() {
        assert!(pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2], "grey: {pixel:?}");
    }
}

#[test]
fn one_frame_can_be_taken_out() {
    let frames = bars(48, 32, 4);
    for (name, source) in [
        ("gif", gif(48, 32, &frames, Some(0))),
        ("webp", webp(48, 32, &frames, 0)),
        ("png", apng(48, 32, &frames, 0)),
        ("avif", avif(&frames, 95)),
    ] {
        for (query, index) in [("anim=0", 0), ("page=0", 0), ("page=2", 2), ("anim=0&page=3", 3)] {
            for format in ["webp", "gif", "avif", "png", "jpg", "bmp", "tiff"] {
                let made = make(&source, query, format).unwrap();
                assert!(!probe(Cursor::new(&made.bytes)).unwrap().animated, "{name} {query} as {format}");
                if format == "png" {
                    let got = image::load_from_memory(&made.bytes).unwrap().to_rgba8();
                    let off = mean_difference(&got, &frames[index].picture);
                    assert!(off < 4.0, "{name} {query}: {off}");
                }
            }
        }
        let first = image::load_from_memory(&make(&source, "", "png").unwrap().bytes).unwrap().to_rgba8();
        assert!(mean_difference(&first, &frames[0].picture) < 4.0, "{name}: png shows the first frame");
        let Err(EngineError::InvalidTransform { parameter, reason }) = make(&source, "page=4", "png") else {
            panic!("{name}: there is no frame 4");
        };
        assert_eq!(parameter, "page");
        assert!(reason.contains("4 frames"), "{reason}");
    }
    let still = testkit::pictures::file::png(&testkit::pictures::photo(20, 20, 1));
    assert!(matches!(make(&still, "page=1", "png"), Err(EngineError::InvalidTransform { parameter: "page", .. })));
    assert_eq!(make(&still, "page=0", "png"), make(&still, "", "png"));
}

#[test]
fn too_many_frames_are_refused_before_one_is_decoded() {
    let frames = bars(48, 32, 6);
    let few = Limits { max_frames: 5, ..Limits::default() };
    let small = Limits { max_animation_pixels: 48 * 32 * 6 - 1, ..Limits::default() };
    for (name, source) in [
        ("gif", gif(48, 32, &frames, Some(0))),
        ("webp", webp(48, 32, &frames, 0)),
        ("png", apng(48, 32, &frames, 0)),
        ("avif", avif(&frames, 60)),
    ] {
        for (limits, expected) in [(few, "frames"), (small, "pixels in all its frames")] {
            for found in [
                verify(&source, &limits, &|| false),
                render(&source, &recipe("w=10", "webp"), Effort::Fast, &limits, &|| false).map(drop),
            ] {
                assert!(
                    matches!(&found, Err(EngineError::TooLarge { what, .. }) if *what == expected),
                    "{name}: {found:?}"
                );
            }
            let first = render(&source, &recipe("w=10&page=0", "webp"), Effort::Fast, &limits, &|| false);
            assert!(first.is_ok(), "{name}: the first frame is within the limits");
        }
    }
    // A result that is larger than its source is counted too.
    let enlarged = Limits { max_animation_pixels: 48 * 32 * 6, ..Limits::default() };
    let source = gif(48, 32, &frames, Some(0));
    assert_eq!(verify(&source, &enlarged, &|| false), Ok(()));
    let larger = render(&source, &recipe("w=96&enlarge=1", "gif"), Effort::Fast, &enlarged, &|| false);
    assert!(matches!(larger, Err(EngineError::TooLarge { .. })), "{larger:?}");
}

#[test]
fn the_work_stops_between_frames_and_is_counted() {
    let frames = bars(64, 48, 20);
    let source = gif(64, 48, &frames, Some(0));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 30;
    let stopped = render(&source, &recipe("w=32", "webp"), Effort::Fast, &Limits::default(), &stop);
    assert_eq!(stopped, Err(EngineError::Stopped));
    let plan = |query, format| plan(&source, &recipe(query, format));
    assert!(plan("", "webp").memory() > plan("page=0", "webp").memory());
    let keeps =
        [("", "webp"), ("", "png"), ("page=0", "webp")].map(|(query, format)| plan(query, format).keeps_frames());
    assert_eq!(keeps, [true, false, false]);
}

#[test]
fn a_cut_animation_is_corrupt() {
    let (all, without) = (patchwork(SIDE, SIDE), without_restoring());
    for (name, source) in [
        ("gif", gif(32, 32, &all, Some(0))),
        ("png", apng(SIDE, SIDE, &all, 0)),
        ("webp", webp(SIDE, SIDE, &without, 0)),
        ("avif", avif(&bars(64, 48, 4), 60)),
    ] {
        for length in (0..source.len()).step_by(7) {
            let cut = &source[..length];
            assert!(verify(cut, &Limits::default(), &|| false).is_err(), "{name} cut to {length} of {}", source.len());
            // Whatever it gives, it comes back.
            let _ = make(cut, "w=10", "webp");
        }
    }
}

#[test]
fn frames_of_sixteen_bits_are_read() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0x40, 0x12].repeat(16)).unwrap();
    writer.write_image_data(&[0xc0, 0x12].repeat(16)).unwrap();
    writer.finish().unwrap();
    assert_eq!(verify(&bytes, &Limits::default(), &|| false), Ok(()));
    for (index, grey) in [(0, 0x40), (1, 0xc0)] {
        assert_eq!(page(&bytes, index).get_pixel(2, 2).0, [grey, grey, grey, 255]);
    }
    assert_eq!(image::load_from_memory(&make(&bytes, "", "gif").unwrap().bytes).unwrap().dimensions(), (4, 4));
}

#[test]
fn an_animation_without_loss_keeps_every_pixel_of_every_frame() {
    let source = gif(SIDE as u16, SIDE as u16, &without_restoring(), None);
    let count = without_restoring().len();
    let exact = make(&source, "lossless=1", "webp").unwrap();
    assert_eq!(exact.quality, None);
    for index in 0..count {
        assert_eq!(seen(&page(&exact.bytes, index)), seen(&page(&source, index)), "frame {index}");
    }
}

#[test]
fn a_jpeg_xl_moves() {
    let frames = bars(60, 40, 5);
    for plays in [0, 3] {
        let file = jxl(&frames, plays);
        let facts = probe(Cursor::new(&file)).unwrap();
        assert!(facts.animated && (facts.width, facts.height) == (60, 40));
        assert_eq!(verify(&file, &Limits::default(), &|| false), Ok(()));
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!(page(&file, index), frame.picture, "frame {index}");
        }
        let moving = make(&file, "", "gif").unwrap();
        assert_eq!(times_of_gif(&moving.bytes), (vec![100; 5], (plays > 0).then_some(u32::from(plays))));
    }
    let missing = make(&jxl(&frames, 0), "page=5", "png").unwrap_err();
    assert!(matches!(missing, EngineError::InvalidTransform { parameter: "page", .. }), "{missing:?}");
    let few = Limits { max_frames: 4, ..Limits::default() };
    let found = verify(&jxl(&frames, 0), &few, &|| false);
    assert!(matches!(found, Err(EngineError::TooLarge { what: "frames", actual: 5, limit: 4 })), "{found:?}");
}
