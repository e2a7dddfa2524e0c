//! Files that look as good as they should, or have as many bytes as they may.

use std::sync::Mutex;

use image::{DynamicImage, Rgba, RgbaImage};
use image_engine::{CompressPlan, Compressed, EngineError, Facts, Limits, Rendered, Sources, Tried, quality};
use img_parts::ImageEXIF;
use img_parts::jpeg::Jpeg;
use shared_types::transform::ClientHints;
use shared_types::{Formats, Goal, OutputFormat, Transform, TransformQuery};
use testkit::pictures::{animation, colour, file, graphic, jpeg, photo};

use crate::support::{facts, make, png, rendered};

fn transform(query: &str) -> Transform {
    TransformQuery::parse_text(query, ClientHints::default()).unwrap().transform
}

/// Goal and formats as they are written in documents.
fn compress(source: &[u8], query: &str, goal: &str, formats: &str) -> Result<Compressed, EngineError> {
    let goal = (!goal.is_empty()).then(|| goal.parse().unwrap());
    plan(source, query, goal, &formats.parse().unwrap())?.make(source, None, &|_| {}, &|| false)
}

fn plan(source: &[u8], query: &str, goal: Option<Goal>, formats: &Formats) -> Result<CompressPlan, EngineError> {
    let facts = facts(source);
    let sources = Sources::original(&facts, source.len() as u64);
    CompressPlan::new(&sources, &transform(query), goal, formats, &Limits::default())
}

fn made(source: &[u8], query: &str, goal: &str, formats: &str) -> (Rendered, Vec<Tried>) {
    match compress(source, query, goal, formats) {
        Ok(Compressed::Made { rendered, tried }) => (rendered, tried),
        other => panic!("{query} {goal} {formats}: {other:?}"),
    }
}

fn score(reference: &[u8], candidate: &[u8]) -> f64 {
    quality::score(reference, candidate, &Limits::default(), &|| false).unwrap()
}

#[test]
fn a_target_is_held_by_every_format_and_hardly_exceeded() {
    let source = png(&photo(480, 320, 7).into());
    for format in ["jpg", "webp", "avif", "jxl"] {
        for goal in [50.0, 70.0, 80.0] {
            let (rendered, tried) = made(&source, "", &format!("target={goal}"), format);
            let measured = score(&source, &rendered.bytes);
            assert!((goal..goal + 2.5).contains(&measured), "{format} {goal}: {measured}");
            assert!((rendered.score.unwrap() - measured).abs() < 0.01, "{format} {goal}: {rendered:?}");
            assert!(rendered.tries <= 8, "{format} {goal}: {}", rendered.tries);
            assert_eq!((tried.len(), tried[0].tries), (1, rendered.tries));
            assert_eq!((rendered.width, rendered.height), (480, 320));
        }
    }
}

#[test]
fn a_large_picture_is_encoded_a_few_times() {
    let source = png(&photo(1600, 1200, 7).into());
    let mut tries = Vec::new();
    for (format, goal) in [("jpg", 60.0), ("jpg", 80.0), ("jpg", 90.0), ("webp", 75.0), ("avif", 70.0)] {
        let (rendered, tried) = made(&source, "", &format!("target={goal}"), format);
        let measured = score(&source, &rendered.bytes);
        assert!((goal..goal + 2.5).contains(&measured), "{format} {goal}: {measured}");
        assert!((rendered.score.unwrap() - measured).abs() < 0.01, "{format} {goal}: {rendered:?}");
        assert!(rendered.tries <= 8, "{format} {goal}: {tried:?}");
        tries.push(rendered.tries);
    }
    assert!(tries.iter().sum::<u32>() <= 5 * tries.len() as u32, "at most five on average: {tries:?}");
}

#[test]
fn what_is_judged_is_the_picture_that_was_worked_on() {
    let source = jpeg::oriented(&photo(640, 480, 7), 6, 95);
    let (rendered, _) = made(&source, "w=160&gray=1", "target=75", "webp");
    assert_eq!((rendered.width, rendered.height), (160, 120));
    let reference = made(&source, "w=160&gray=1", "target=lossless", "png").0;
    let measured = score(&reference.bytes, &rendered.bytes);
    assert!((75.0..78.0).contains(&measured), "{measured}");
}

#[test]
fn as_many_bytes_as_there_may_be_are_used() {
    let source = png(&photo(480, 320, 7).into());
    // From one quantizer of AV1 to the next it is a tenth or more.
    for (format, least) in [("jpg", 11_500), ("webp", 11_500), ("avif", 9_500), ("jxl", 11_500)] {
        let (rendered, _) = made(&source, "", "max_bytes=12000", format);
        assert!((least..=12_000).contains(&rendered.bytes.len()), "{format}: {}", rendered.bytes.len());
        let measured = score(&source, &rendered.bytes);
        assert!((rendered.score.unwrap() - measured).abs() < 0.01, "{format}: {measured} {:?}", rendered.score);
    }
    let (rendered, _) = made(&source, "", "max_bytes=10000000", "webp,jxl");
    assert_eq!(rendered.score, Some(100.0), "without loss where that fits");
    let EngineError::GoalUnreachable(why) = compress(&source, "", "max_bytes=40", "jpg,webp").unwrap_err() else {
        panic!("forty bytes are not enough");
    };
    let bytes: usize = why.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    let (smallest, _) = made(&source, "", &format!("max_bytes={bytes}"), "jpg,webp");
    assert_eq!(smallest.bytes.len(), bytes, "{why}");
}

#[test]
fn a_score_beyond_a_format_is_reached_without_loss_or_not_at_all() {
    let source = png(&photo(320, 200, 7).into());
    for format in ["webp", "jxl", "png"] {
        let (rendered, _) = made(&source, "", "target=100", format);
        assert!(score(&source, &rendered.bytes) > 99.99, "{format}");
        assert_eq!((rendered.score, rendered.quality), (Some(100.0), None), "{format}");
    }
    let error = compress(&source, "", "target=100", "jpg").unwrap_err();
    assert!(matches!(&error, EngineError::GoalUnreachable(why) if why.contains("the highest score is 9")), "{error}");
}

#[test]
fn of_several_formats_the_smallest_file_is_taken() {
    let source = png(&photo(480, 320, 7).into());
    let (best, tried) = made(&source, "", "target=75", "jpg,webp,avif");
    assert_eq!(tried.len(), 3);
    for format in ["jpg", "webp", "avif"] {
        let alone = made(&source, "", "target=75", format).0.bytes.len();
        // Where several are tried, the search in one of them ends when hardly anything is left to gain.
        assert!(
            best.bytes.len() <= alone + alone / 50,
            "{format} has {alone} bytes, {} {}",
            best.format,
            best.bytes.len()
        );
    }
    assert!(score(&source, &best.bytes) >= 75.0);
}

#[test]
fn photos_and_drawings_are_tried_in_what_suits_them() {
    let names = |tried: &[Tried], skipped: bool| {
        let mut names: Vec<_> =
            tried.iter().filter(|tried| (tried.tries == 0) == skipped).map(|tried| tried.format.extension()).collect();
        names.sort_unstable();
        names
    };
    let (_, tried) = made(&png(&photo(320, 240, 7).into()), "", "target=75", "auto");
    assert_eq!(names(&tried, false), ["avif", "jpg", "webp"]);
    assert_eq!(names(&tried, true), ["png"]);
    let stripes =
        RgbaImage::from_fn(320, 240, |x, y| Rgba([if (x / 40 + y / 40) % 2 == 0 { 250 } else { 20 }, 90, 160, 255]));
    let source = file::bmp(&DynamicImage::from(stripes).into_rgb8());
    let (rendered, tried) = made(&source, "", "target=90", "auto");
    assert_eq!(names(&tried, true), ["jpg"]);
    assert!(rendered.bytes.len() < 700, "{} bytes as {}", rendered.bytes.len(), rendered.format);
}

#[test]
fn a_large_jpeg_is_a_photo_without_a_look_at_its_pixels() {
    let picture = photo(1700, 1200, 7);
    let [jpeg, png] = [jpeg::baseline(&picture, 90), png(&picture.into())];
    // As from a camera.
    let announced = |source: &[u8], goal: &str, formats: &str| {
        let facts = Facts { width: 4000, height: 3000, ..facts(source) };
        let goal = Some(goal.parse().unwrap());
        let sources = Sources::original(&facts, 3_000_000);
        let formats = formats.parse().unwrap();
        CompressPlan::new(&sources, &Transform::default(), goal, &formats, &Limits::default()).unwrap().memory()
    };
    let most = announced(&jpeg, "target=80", "auto");
    assert_eq!(announced(&jpeg, "max_bytes=90000", "auto"), most);
    for (source, goal, formats) in
        [(&png, "target=80", "auto"), (&jpeg, "target=95", "auto"), (&jpeg, "target=80", "webp")]
    {
        assert!(announced(source, goal, formats) > most, "{goal} {formats}: WebP may be without loss");
    }
    let Compressed::Kept { tried, .. } = compress(&jpeg, "", "max_bytes=90000000", "auto").unwrap() else {
        panic!("it has fewer");
    };
    let skipped: Vec<_> = tried.iter().map(|tried| (tried.format, tried.why_not.as_deref().unwrap_or(""))).collect();
    assert!(matches!(skipped[..], [(OutputFormat::Png, why)] if why.contains("photo")), "{skipped:?}");
}

#[test]
fn formats_that_take_too_much_memory_are_left_out() {
    let source = png(&photo(400, 300, 7).into());
    let (facts, identity) = (facts(&source), Transform::default());
    let plan = |limits: Limits, formats: &str| {
        let (sources, goal) = (Sources::original(&facts, source.len() as u64), Some("target=60".parse().unwrap()));
        CompressPlan::new(&sources, &identity, goal, &formats.parse().unwrap(), &limits)
    };
    let tried = |plan: CompressPlan| match plan.make(&source, None, &|_| {}, &|| false) {
        Ok(Compressed::Made { tried, .. }) => tried,
        other => panic!("{other:?}"),
    };
    let why = |tried: &[Tried], format| {
        let tried = tried.iter().find(|tried| tried.format == format).unwrap();
        tried.why_not.clone().filter(|_| tried.tries == 0).unwrap_or_default()
    };
    let all = plan(Limits::default(), "avif,jpg").unwrap();
    // A pixel of AVIF takes twice as much to open as one of JPEG.
    let few = Limits { result_memory: 6 << 20, ..Limits::default() };
    let left = plan(few, "avif,jpg").unwrap();
    assert!(left.memory() < all.memory(), "{} of {}", left.memory(), all.memory());
    let told = tried(left);
    assert!(why(&told, OutputFormat::Avif).starts_with("opening it takes"), "{told:?}");
    assert_eq!(why(&told, OutputFormat::Jpeg), "");
    match plan(few, "avif") {
        Err(EngineError::InvalidTransform { parameter: "format", reason }) => {
            assert!(reason.contains("avif: opening it takes"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    let few = Limits { compress_memory: all.memory() - 1, ..Limits::default() };
    let left = plan(few, "avif,jpg").unwrap();
    assert!(left.memory() <= few.compress_memory);
    assert!(why(&tried(left), OutputFormat::Avif).starts_with("making it takes"));
    // Whoever carries it out knows what to say of it.
    let only = plan(few, "avif").unwrap();
    assert_eq!(only.memory(), all.memory());
}

#[test]
fn transparency_is_kept_or_refused() {
    let source = file::png_alpha(&graphic(200, 150));
    let (rendered, tried) = made(&source, "", "target=80", "jpg,webp");
    assert_eq!(rendered.format, OutputFormat::WebP);
    assert!(tried.iter().any(|tried| tried.format == OutputFormat::Jpeg && tried.why_not.is_some()));
    assert!(score(&source, &rendered.bytes) >= 80.0);
    let error = compress(&source, "", "target=80", "jpg").unwrap_err();
    assert!(matches!(&error, EngineError::InvalidTransform { parameter: "format", reason } if reason.contains("jpg")));
    made(&source, "bg=ffffff", "target=80", "jpg");
    let opaque: RgbaImage = DynamicImage::from(photo(200, 150, 7)).into_rgba8();
    made(&file::png_alpha(&opaque), "", "target=80", "jpg");
}

#[test]
fn what_is_not_smaller_than_the_source_is_not_made() {
    let plain = jpeg::baseline(&photo(320, 240, 7), 20);
    // With the tables that suit it already.
    let small = made(&plain, "", "target=lossless", "same").0.bytes;
    for (goal, formats) in
        [("target=95", "same"), ("q=95", "same"), ("target=95", "jpg,png"), ("target=lossless", "jpg,png")]
    {
        let compressed = compress(&small, "", goal, formats).unwrap();
        assert!(matches!(compressed, Compressed::Kept { .. }), "{goal} {formats}: {compressed:?}");
    }
    let Compressed::Kept { why, tried } = compress(&small, "", "max_bytes=1000000", "auto").unwrap() else {
        panic!("it has few enough bytes");
    };
    assert!(tried.is_empty() && why.contains(&small.len().to_string()), "{why}");
    // What is asked of the picture has to be done, and so has a change of format.
    made(&small, "flop=1", "target=95", "same");
    made(&small, "", "target=lossless", "png");
}

#[test]
fn without_a_goal_or_with_a_quality_it_is_encoded_once() {
    let source = png(&photo(320, 240, 7).into());
    let [coarse, usual, fine] = ["q=40", "", "q=95"].map(|goal| made(&source, "", goal, "webp").0);
    assert_eq!(
        [&coarse, &usual, &fine].map(|made| (made.quality, made.tries)),
        [(Some(40), 1), (Some(80), 1), (Some(95), 1)]
    );
    assert!(coarse.bytes.len() < usual.bytes.len() && usual.bytes.len() < fine.bytes.len());
    assert_eq!(made(&source, "q=40", "", "webp").0, coarse);
}

#[test]
fn a_transform_does_not_say_otherwise() {
    let source = png(&photo(64, 48, 7).into());
    for (query, parameter) in [("q=40", "q"), ("lossless=1", "lossless"), ("colors=9", "colors")] {
        let error = compress(&source, query, "target=80", "webp").unwrap_err();
        assert!(matches!(error, EngineError::InvalidTransform { parameter: told, .. } if told == parameter));
    }
}

#[test]
fn animations_stay_and_are_judged_by_their_worst_frame() {
    let frames = animation::bars(96, 64, 5);
    let source = animation::apng(96, 64, &frames, 0);
    for format in ["webp", "avif"] {
        let (rendered, _) = made(&source, "", "target=80", format);
        let facts = facts(&rendered.bytes);
        assert!(facts.animated, "{format}");
        assert!(rendered.score.unwrap() >= 80.0, "{format}: {:?}", rendered.score);
        assert!(score(&source, &rendered.bytes) >= 80.0, "{format}: the first frame");
    }
    let error = compress(&source, "flop=1", "target=80", "jpg,png").unwrap_err();
    assert!(
        matches!(&error, EngineError::InvalidTransform { parameter: "format", reason } if reason.contains("one frame"))
    );
    assert!(matches!(compress(&source, "", "target=80", "same").unwrap(), Compressed::Kept { .. }));
    made(&source, "page=2", "target=80", "jpg");
}

#[test]
fn progress_goes_up_to_a_hundred_and_the_work_can_be_stopped() {
    let source = png(&photo(320, 240, 7).into());
    let plan = plan(&source, "", Some("target=75".parse().unwrap()), &Formats::Auto).unwrap();
    let told = Mutex::new(Vec::new());
    plan.make(&source, None, &|percent| told.lock().unwrap().push(percent), &|| false).unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
    assert_eq!((told.first(), told.last()), (Some(&0), Some(&100)), "{told:?}");
    assert!(told.len() > 5, "{told:?}");
    let count = Mutex::new(0);
    for after in [0, 3, 9, 20] {
        *count.lock().unwrap() = 0;
        let stop = || {
            *count.lock().unwrap() += 1;
            *count.lock().unwrap() > after
        };
        assert_eq!(plan.make(&source, None, &|_| {}, &stop), Err(EngineError::Stopped), "after {after}");
    }
}

#[test]
fn a_jpeg_is_written_anew_without_loss() {
    let picture = photo(320, 240, 7);
    let turned = jpeg::oriented(&picture, 6, 92);
    let exif = Jpeg::from_bytes(turned.clone().into()).unwrap().exif().map(|exif| exif.to_vec());
    let source = colour::jpeg_with(turned, Some(colour::adobe_rgb()), exif);
    for goal in ["target=lossless", "target=100"] {
        let (rendered, _) = made(&source, "", goal, "same");
        assert!(rendered.bytes.len() < source.len(), "{goal}");
        assert_eq!((rendered.score, rendered.format), (Some(100.0), OutputFormat::Jpeg));
        let [before, after] = [&source, &rendered.bytes].map(|file| facts(file));
        assert_eq!((after.orientation, after.upright_size()), (6, before.upright_size()));
        assert_eq!((rendered.width, rendered.height), before.upright_size());
        let [before, after] = [&source, &rendered.bytes]
            .map(|file| quality::Pixels::decode(file, &Limits::default(), &|| false).unwrap());
        assert!(before == after, "{goal}: a pixel has changed");
    }
    let error = compress(&source, "flop=1", "target=lossless", "same").unwrap_err();
    assert!(matches!(&error, EngineError::GoalUnreachable(why) if why.contains("jpg")), "{error}");
}

#[test]
fn pngs_become_smaller_without_loss() {
    let picture = graphic(300, 200);
    let source = file::png_alpha(&picture);
    let (rendered, _) = made(&source, "", "target=lossless", "same");
    assert!(rendered.bytes.len() < source.len() * 9 / 10, "{} of {}", rendered.bytes.len(), source.len());
    assert_eq!(crate::support::decoded(&rendered.bytes).into_rgba8(), picture);
    let deep = testkit::pictures::png::sixteen_bit(&photo(120, 80, 7));
    let (rendered, tried) = made(&deep, "", "target=lossless", "webp,png");
    assert_eq!(rendered.format, OutputFormat::Png, "WebP has eight bits: {tried:?}");
    let [before, after] = [&deep, &rendered.bytes].map(|file| crate::support::decoded(file).into_rgb16());
    assert!(before == after, "a pixel has changed");
}

#[test]
fn a_variant_may_have_a_goal() {
    let source = png(&photo(480, 320, 7).into());
    for format in ["jpg", "webp", "avif", "jxl"] {
        let made = rendered(&source, "w=300&target=70", format);
        let reference = rendered(&source, "w=300", "png");
        let measured = score(&reference.bytes, &made.bytes);
        assert!((70.0..73.0).contains(&measured), "{format}: {measured}");
        assert!((made.score.unwrap() - measured).abs() < 0.01 && made.tries <= 8, "{format}: {} tries", made.tries);
        let most = made.bytes.len();
        let made = rendered(&source, &format!("w=300&max_bytes={most}"), format);
        assert!((most * 8 / 10..=most).contains(&made.bytes.len()), "{format}: {} of {most}", made.bytes.len());
    }
    let frames = animation::apng(96, 64, &animation::bars(96, 64, 5), 0);
    let made = rendered(&frames, "target=80", "webp");
    assert!(facts(&made.bytes).animated && made.score.unwrap() >= 80.0);
    let error = make(&source, "max_bytes=30", "jpg").unwrap_err();
    assert!(matches!(error, EngineError::GoalUnreachable(_)), "{error}");
    let error = make(&source, "target=100", "jpg").unwrap_err();
    assert!(matches!(&error, EngineError::GoalUnreachable(why) if why.contains("highest score of jpg")), "{error}");
}
