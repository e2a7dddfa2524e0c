//! What is planned from headers alone, without any picture.

use image_engine::{Effort, EngineError, Facts, JpegScale, Limits, MasterCopy, NotMaster, Plan, Source, Sources, Step};
use proptest::prelude::*;
use serde_json::Value;
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, Recipe, TransformQuery};

use crate::support::{plan_of, recipe, render};

/// The steps by their names, in the order that `shared_types::transform` promises.
const ORDER: [&str; 23] = [
    "Orient",
    "Crop",
    "Trim",
    "Rotate",
    "Flip",
    "Flop",
    "Resize",
    "SettleColours",
    "Levels",
    "TurnColours",
    "Gray",
    "Sepia",
    "Duotone",
    "Negate",
    "Pixelate",
    "Blur",
    "Sharpen",
    "Pad",
    "Background",
    "Watermark",
    "Text",
    "Round",
    "Flatten",
];

fn names(plan: &Plan) -> Vec<String> {
    let name = |step: &Step| format!("{step:?}").split('(').next().unwrap_or_default().to_owned();
    plan.steps().iter().map(name).collect()
}

fn header(format: ImageFormat, width: u32, height: u32) -> Facts {
    let (animated, has_alpha, progressive) = (false, false, false);
    Facts {
        format,
        width,
        height,
        orientation: 1,
        animated,
        has_alpha,
        bits: 8,
        progressive,
        subsampled: false,
        frames: Some(1),
    }
}

#[test]
fn steps_that_change_nothing_are_not_taken() {
    let (photo, drawing) = (header(ImageFormat::Jpeg, 400, 300), header(ImageFormat::Qoi, 400, 300));
    let clear = Facts { has_alpha: true, ..drawing.clone() };
    let turned = Facts { orientation: 6, ..photo.clone() };
    let moving = Facts { animated: true, frames: None, ..header(ImageFormat::Gif, 400, 300) };
    for (facts, query, format, expected) in [
        (&drawing, "", "png", ""),
        (&drawing, "w=400&h=300&fit=contain&pad=0&trim=0", "png", "Trim Resize Pad"),
        (&drawing, "w=400&h=300&fit=contain", "png", ""),
        (&drawing, "w=400&h=300&fit=cover&gravity=smart", "png", ""),
        (&drawing, "w=400&h=299&fit=cover", "png", "Resize"),
        (&drawing, "w=900", "png", ""),
        (&drawing, "w=900&enlarge=1", "png", "Resize"),
        (&drawing, "w=500&h=300&fit=contain", "jpg", "Pad"),
        (&drawing, "w=500&h=300&fit=contain", "png", "Pad"),
        (&drawing, "w=500&h=300&fit=contain&bg=ff000080", "jpg", "Pad Background Flatten"),
        (&drawing, "bg=red&brightness=0&gamma=1&hue=0&saturation=0&rotate=0", "png", ""),
        (&drawing, "gamma=2&hue=9", "png", "Levels TurnColours"),
        (&drawing, "round=3", "png", "Round"),
        (&drawing, "round=3", "jpg", "Round Flatten"),
        (&clear, "", "png", ""),
        (&clear, "", "jpg", "Flatten"),
        (&clear, "bg=red", "jpg", "Background"),
        (&clear, "bg=ff000080", "jpg", "Background Flatten"),
        (&photo, "", "jpg", "SettleColours"),
        (&turned, "w=99", "jpg", "Orient Resize SettleColours"),
        (&moving, "", "gif", "SettleColours"),
        (&moving, "", "jpg", "SettleColours Flatten"),
    ] {
        let plan = plan_of(&Sources::original(facts, 1), &recipe(query, format)).unwrap();
        assert_eq!(names(&plan).join(" "), expected, "{query} as {format} of {facts:?}");
    }
}

#[test]
fn what_headers_can_refuse_is_refused() {
    let photo = header(ImageFormat::Jpeg, 400, 300);
    let refused = |facts: &Facts, query| plan_of(&Sources::original(facts, 1), &recipe(query, "png")).unwrap_err();
    let parameter = |query| match refused(&photo, query) {
        EngineError::InvalidTransform { parameter, .. } => parameter,
        error => panic!("{query}: {error:?}"),
    };
    assert_eq!(parameter("crop=400,0,9,9"), "crop");
    assert_eq!(parameter("page=1"), "page");
    assert_eq!(parameter("wm=01890a5d-ac96-774b-bcce-b302099a8057"), "wm");
    let huge = header(ImageFormat::Jpeg, 32_000, 32_000);
    assert!(matches!(refused(&huge, "w=9"), EngineError::TooLarge { what: "pixels", .. }));
    assert!(matches!(refused(&photo, "pad=16000"), EngineError::TooLarge { .. }));
}

#[test]
fn another_file_than_the_planned_one_is_not_worked_on() {
    let [small, large] = [(40, 30), (400, 300)]
        .map(|(width, height)| testkit::pictures::jpeg::baseline(&testkit::pictures::photo(width, height, 1), 80));
    let plan = crate::support::plan(&small, &recipe("w=9", "png"));
    let swapped = image_engine::render(&plan, &large, None, &|| false);
    assert!(matches!(swapped, Err(EngineError::Corrupt(_))), "{swapped:?}");
    assert!(render(&small, plan.recipe(), Effort::Fast, &Limits::default(), &|| false).is_ok());
}

fn any_header() -> impl Strategy<Value = Facts> {
    let format = proptest::sample::select(ImageFormat::ALL.to_vec());
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (format, 1_u32..12_000, 1_u32..8_000, 1_u8..=8, flags).prop_map(|(format, width, height, orientation, flags)| {
        let (animated, has_alpha, progressive, deep) = flags;
        let bits = if deep { 16 } else { 8 };
        let frames = (!animated).then_some(1);
        Facts { format, width, height, orientation, animated, has_alpha, bits, progressive, subsampled: false, frames }
    })
}

/// Any number of parameters, each with a value of its own.
fn any_query() -> impl Strategy<Value = String> {
    let size = (1_u32..3000, 1_u32..3000, any::<bool>(), any::<bool>());
    let fit = proptest::sample::select(vec!["inside", "cover", "contain", "fill", "outside", "cover&gravity=smart"]);
    let size = (size, fit).prop_map(|((w, h, both, enlarge), fit)| {
        let enlarge = u8::from(enlarge);
        if both { format!("w={w}&h={h}&fit={fit}&enlarge={enlarge}") } else { format!("w={w}&enlarge={enlarge}") }
    });
    let crop =
        (0_u32..4000, 0_u32..4000, 1_u32..4000, 1_u32..4000).prop_map(|(x, y, w, h)| format!("crop={x},{y},{w},{h}"));
    let others = proptest::sample::subsequence(
        vec![
            "trim",
            "rotate=90",
            "flip=1",
            "flop=1",
            "contrast=9",
            "hue=40",
            "gray=1",
            "negate=1",
            "pixelate=9",
            "blur=2",
            "sharpen=1",
            "pad=7",
            "bg=ff000080",
            "wmtext=x",
            "round=9",
            "q=70",
            "page=0",
        ],
        0..6,
    );
    (proptest::option::weighted(0.8, size), proptest::option::weighted(0.2, crop), others).prop_map(
        |(size, crop, others)| {
            let others = others.into_iter().map(str::to_owned);
            size.into_iter().chain(crop).chain(others).collect::<Vec<_>>().join("&")
        },
    )
}

/// Some parameters contradict each other.
fn read(query: &str, format: &str) -> Option<Recipe> {
    let transform = TransformQuery::parse_text(query, ClientHints::default()).ok()?.transform;
    Some(Recipe::new(transform, ImageFormat::from_extension(format)?.as_output()?))
}

fn doubled(facts: &Facts) -> Facts {
    Facts { width: facts.width * 2, height: facts.height * 2, ..facts.clone() }
}

#[test]
fn a_plan_tells_what_it_does() {
    let format = ImageFormat::Jpeg;
    let (animated, has_alpha, progressive, frames) = (false, false, false, Some(1));
    let photo = Facts {
        format,
        width: 4000,
        height: 3000,
        orientation: 6,
        animated,
        has_alpha,
        bits: 8,
        progressive,
        subsampled: false,
        frames,
    };
    let told = |query: &str, format: &str| {
        let plan = plan_of(&Sources::original(&photo, 1_000_000), &recipe(query, format)).unwrap();
        serde_json::to_value(plan.describe()).unwrap()
    };
    let small = told("w=300&brightness=10&saturation=-20&sepia=1&wmtext=Hi&round=9", "webp");
    assert_eq!(small["source"]["file"], "original");
    assert_eq!(small["source"]["not_master"], "missing");
    assert_eq!(
        small["decode"],
        serde_json::json!({ "width": 2000, "height": 1500, "divisor": 2, "streams": true, "every_frame": false })
    );
    let steps: Vec<_> = small["steps"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(
        steps,
        [
            r#"{"size":[3000,4000],"step":"orient"}"#,
            r#"{"parameters":"w=300","size":[300,400],"step":"resize"}"#,
            r#"{"step":"settle-colours"}"#,
            r#"{"parameters":"brightness=10","step":"levels"}"#,
            r#"{"parameters":"saturation=-20","step":"turn-colours"}"#,
            r#"{"parameters":"sepia=1","step":"sepia"}"#,
            r#"{"parameters":"wmtext=Hi","step":"text"}"#,
            r#"{"parameters":"round=9","step":"round"}"#,
        ]
    );
    let output = serde_json::json!({
        "format": "webp", "width": 300, "height": 400, "animated": false, "quality": 80, "quality_by": "default",
    });
    assert_eq!(small["output"], output);
    assert_eq!(
        small["limits"][0],
        serde_json::json!({ "of": "source pixels", "actual": 12_000_000, "limit": 100_000_000 })
    );
    let by = |query, format| told(query, format)["output"]["quality_by"].clone();
    assert_eq!(by("q=7", "jpg"), "parameter");
    assert_eq!(by("", "png"), "lossless");
    assert_eq!(by("target=70", "jpg"), "search");
    assert_eq!(told("trim", "jpg")["output"]["width"], Value::Null);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn every_plan_is_consistent(
        facts in any_header(), query in any_query(), bytes in 1_u64..50_000_000,
        format in proptest::sample::select(vec!["jpg", "png", "webp", "avif", "gif", "bmp", "tiff"]),
    ) {
        let Some(recipe) = read(&query, format) else { return Ok(()) };
        let limits = Limits { max_output_pixels: 20_000_000, ..Limits::default() };
        let planned = |facts: &Facts| Plan::new(&Sources::original(facts, bytes), &recipe, Effort::Fast, &limits);
        let Ok(plan) = planned(&facts) else { return Ok(()) };
        let places: Vec<_> = names(&plan).iter().map(|name| ORDER.iter().position(|known| known == name)).collect();
        prop_assert!(places.is_sorted_by(|a, b| a.is_some() && a < b), "{:?}", plan.steps());
        for step in plan.describe().steps {
            let read = TransformQuery::parse_text(&step.parameters.clone().unwrap_or_default(), ClientHints::default());
            prop_assert!(read.is_ok(), "{step:?}: {read:?}");
        }
        prop_assert!(plan.memory() > bytes);
        prop_assert_eq!(plan.source(), Source::Original(NotMaster::Missing));
        prop_assert_eq!(plan.size().is_none(), query.contains("trim"));
        if let Some((width, height)) = plan.size() {
            prop_assert!(u64::from(width) * u64::from(height) <= limits.max_output_pixels && width.max(height) <= limits.max_side);
        }
        // A JPEG keeps at least three times the pixels of each side that the result has; what nobody asked to scale keeps them all.
        let scale = plan.jpeg_scale().unwrap_or(JpegScale::Full);
        if scale != JpegScale::Full {
            let sides = recipe.transform.resize.as_ref().map(|resize| (resize.width, resize.height)).unwrap_or_default();
            let (width, height) = facts.upright_size();
            let (width, height) = recipe.transform.crop.map_or((width, height), |crop| (crop.width, crop.height));
            let longest = width.max(height) / scale.divisor();
            let asked = sides.0.unwrap_or(1).min(sides.1.unwrap_or(u32::MAX)).max(1);
            prop_assert!(longest >= asked * 3, "{scale:?} of {facts:?} for {query}");
        }
        // Pixels cost memory; but a larger JPEG may be decoded at a smaller scale, or scaled as it is read.
        if let Ok(larger) = planned(&doubled(&facts)) && facts.format != ImageFormat::Jpeg && recipe.transform.crop.is_none() {
            prop_assert!(larger.memory() >= plan.memory(), "{} {}", larger.memory(), plan.memory());
        }
    }

    #[test]
    fn a_master_is_used_only_where_it_serves(
        facts in any_header(), query in any_query(), part in 2_u32..40,
        format in proptest::sample::select(vec!["jpg", "png", "webp", "avif"]),
    ) {
        let (width, height) = facts.upright_size();
        let master = Some(MasterCopy { width: (width / part).max(1), height: (height / part).max(1), bytes: 1000 });
        let Some(recipe) = read(&query, format) else { return Ok(()) };
        let original = Sources::original(&facts, 1_000_000);
        let Ok(plan) = plan_of(&Sources { master, ..original }, &recipe) else { return Ok(()) };
        let without = plan_of(&original, &recipe);
        if let Ok(without) = &without {
            prop_assert_eq!(plan.size(), without.size());
            prop_assert_eq!(plan.keeps_frames(), without.keeps_frames());
        }
        if plan.source() != Source::Master {
            prop_assert_eq!(plan.memory(), without.unwrap().memory());
            return Ok(());
        }
        prop_assert!(!facts.animated && format != "png" && !query.contains("crop") && !query.contains("trim"));
        let names = names(&plan);
        prop_assert!(names.iter().any(|name| name == "Resize"), "{names:?}");
        prop_assert!(!names.iter().any(|name| name == "Orient"), "{names:?}");
        prop_assert!(plan.jpeg_scale().is_none_or(|scale| scale == JpegScale::Full));
    }
}
