//! Goals and formats as they are written, and read back.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use proptest::prelude::*;
use shared_types::transform::ClientHints;
use shared_types::{Formats, Goal, OutputFormat, Recipe, Score, TransformQuery};

fn goals() -> impl Strategy<Value = Goal> {
    let score = (100_u32..=1000)
        .prop_map(|tenths| Goal::Target(format!("{}.{}", tenths / 10, tenths % 10).parse::<Score>().unwrap()));
    prop_oneof![
        score,
        Just(Goal::Lossless),
        (1..=i64::MAX as u64).prop_map(Goal::MaxBytes),
        (1_u8..=100).prop_map(|quality| Goal::Quality(quality.to_string().parse().unwrap())),
    ]
}

fn formats() -> impl Strategy<Value = Formats> {
    let listed = proptest::sample::subsequence(OutputFormat::ALL.to_vec(), 1..=9).prop_shuffle();
    prop_oneof![Just(Formats::Same), Just(Formats::Auto), listed.prop_map(Formats::Listed)]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(goal in goals(), formats in formats()) {
        prop_assert_eq!(goal.to_string().parse::<Goal>(), Ok(goal));
        prop_assert_eq!(formats.to_string().parse::<Formats>(), Ok(formats.clone()));
        let document = serde_json::to_string(&(goal, &formats)).unwrap();
        prop_assert_eq!(serde_json::from_str::<(Goal, Formats)>(&document).unwrap(), (goal, formats));
    }

    #[test]
    fn no_text_makes_them_panic(text in ".*") {
        let _ = (text.parse::<Goal>(), text.parse::<Formats>(), text.parse::<Score>());
        let _ = Goal::from_parameters(Some(&text), None, None);
        let _ = Goal::from_parameters(None, Some(&text), None);
    }
}

#[test]
fn names_and_numbers_are_scores() {
    for (text, value) in [
        ("visually-lossless", 90.0),
        ("high", 80.0),
        ("medium", 70.0),
        ("low", 50.0),
        ("10", 10.0),
        ("100", 100.0),
        ("72.5", 72.5),
    ] {
        let score: Score = text.parse().unwrap();
        assert!((score.value() - value).abs() < 1e-9, "{text}");
    }
    assert_eq!("lossless".parse(), Ok(Goal::Lossless));
    assert_eq!("80".parse(), Ok(Goal::DEFAULT), "a value alone is a target");
}

#[test]
fn what_is_neither_is_refused_with_what_to_write() {
    for text in ["", "9.9", "100.1", "1e2", "+80", " 80", "80 ", "80.", ".5", "80.55", "-80", "best", "NaN", "0080"] {
        let refused = Goal::from_parameters(Some(text), None, None).unwrap_err();
        assert_eq!(refused.parameter, "target", "{text:?}");
        assert!(refused.reason.contains("from 10 to 100"), "{text:?}: {}", refused.reason);
    }
    for text in ["", "0", "-1", "1.5", "1k", "0x10", "99999999999999999999"] {
        let refused = Goal::from_parameters(None, Some(text), None).unwrap_err();
        assert_eq!((refused.parameter.as_str(), refused.reason.contains("bytes")), ("max_bytes", true), "{text:?}");
    }
    for (given, at_fault) in [
        ([Some("80"), Some("9"), None], "max_bytes"),
        ([Some("80"), None, Some("9")], "q"),
        ([None, Some("80"), Some("9")], "q"),
    ] {
        let refused = Goal::from_parameters(given[0], given[1], given[2]).unwrap_err();
        assert_eq!(refused.parameter, at_fault);
    }
    assert_eq!(Goal::from_parameters(None, None, None), Ok(None));
    for text in ["quality=9", "target=", "max_bytes=", "q=0", "=80"] {
        assert!(text.parse::<Goal>().is_err(), "{text:?}");
    }
    for text in ["", "same,jpg", "jpg,", "jpg,jpeg", "heic", "jpg;png", "JPG,webp,jpg"] {
        assert!(text.parse::<Formats>().is_err(), "{text:?}");
    }
}

#[test]
fn a_goal_of_a_variant_suits_its_format() {
    let transform = |query| TransformQuery::parse_text(query, ClientHints::default()).unwrap().transform;
    for (query, parameter, able) in [
        ("target=80", "target", "jpg png webp avif bmp tiff qoi jxl"),
        ("target=lossless", "target", "png webp bmp tiff qoi jxl"),
        ("max_bytes=900", "max_bytes", "jpg webp avif jxl"),
    ] {
        for format in OutputFormat::ALL {
            let checked = transform(query).check_format(format);
            assert_eq!(checked.is_ok(), able.split(' ').any(|name| name == format.extension()), "{query} {format}");
            assert!(
                checked.is_ok_and(|()| true)
                    || transform(query).check_format(format).unwrap_err().parameter == parameter
            );
        }
    }
    let text = |query, format| Recipe::new(transform(query), format).to_string();
    assert_eq!(text("target=80", OutputFormat::Png), "format=png", "it keeps every pixel anyway");
    assert_eq!(text("target=lossless", OutputFormat::Png), "format=png");
    assert_eq!(text("target=lossless", OutputFormat::Jxl), text("lossless=1", OutputFormat::Jxl));
    assert_eq!(text("w=9&target=high", OutputFormat::Avif), "w=9&target=80&format=avif");
}
