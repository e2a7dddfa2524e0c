//! The URL grammar: what is accepted, what is refused and how it says so, and that one picture has one key.

#![allow(clippy::unwrap_used, clippy::format_push_string, reason = "tests may panic and need not be fast")]

use proptest::prelude::*;
use shared_types::transform::{ClientHints, FormatChoice};
use shared_types::{Digest, OutputFormat, Recipe, TransformError, TransformQuery};

fn parse(query: &str) -> Result<TransformQuery, TransformError> {
    parse_with(query, ClientHints::default())
}

fn parse_with(query: &str, hints: ClientHints) -> Result<TransformQuery, TransformError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    TransformQuery::parse(pairs, hints)
}

fn canonical(query: &str) -> String {
    Recipe::new(parse(query).unwrap().transform, OutputFormat::WebP).to_string()
}

#[test]
fn equal_requests_have_one_text() {
    for (query, text) in [
        ("", "format=webp"),
        ("h=20&w=10", "w=10&h=20&format=webp"),
        ("w=10&h=20&fit=inside", "w=10&h=20&format=webp"),
        ("w=100&dpr=2", "w=200&format=webp"),
        ("w=10&h=20&fit=cover&gravity=center", "w=10&h=20&fit=cover&format=webp"),
        ("flip", "flip=1&format=webp"),
        ("flip=0&rotate=0&gray=false", "format=webp"),
        ("blur=1.50", "blur=1.5&format=webp"),
        ("bg=red", "bg=ff0000ff&format=webp"),
        ("bg=f00", "bg=ff0000ff&format=webp"),
        ("w=4&h=4&fit=cover&gravity=fp:0.5:0.25", "w=4&h=4&fit=cover&gravity=fp:0.5:0.25&format=webp"),
        ("target=medium&w=9", "w=9&target=70&format=webp"),
        ("target=080.5", "target=80.5&format=webp"),
        ("target=lossless", "lossless=1&format=webp"),
        ("max_bytes=0500&w=9", "w=9&max_bytes=500&format=webp"),
        ("crop=1,2,3,4&q=70", "crop=1,2,3,4&q=70&format=webp"),
        ("q=70&gps=keep&strip=0&icc=keep&round=5", "round=5&icc=keep&strip=0&gps=keep&q=70&format=webp"),
        ("icc=auto&strip=1", "format=webp"),
        ("icc=srgb&strip=false", "icc=srgb&strip=0&format=webp"),
    ] {
        assert_eq!(canonical(query), text, "{query}");
    }
}

#[test]
fn quality_is_dropped_where_it_means_nothing() {
    let transform = parse("q=50").unwrap().transform;
    assert_eq!(Recipe::new(transform.clone(), OutputFormat::Png).to_string(), "format=png");
    assert_eq!(Recipe::new(transform, OutputFormat::Jpeg).to_string(), "q=50&format=jpg");
}

#[test]
fn colours_are_counted_where_there_is_a_palette() {
    let transform = parse("q=50&colors=016").unwrap().transform;
    assert_eq!(Recipe::new(transform.clone(), OutputFormat::Png).to_string(), "colors=16&format=png");
    assert_eq!(Recipe::new(transform.clone(), OutputFormat::Gif).to_string(), "colors=16&format=gif");
    assert_eq!(Recipe::new(transform.clone(), OutputFormat::Jpeg).to_string(), "q=50&format=jpg");
    for format in OutputFormat::ALL {
        let has_palette = matches!(format, OutputFormat::Png | OutputFormat::Gif);
        assert_eq!(transform.check_format(format).is_ok(), has_palette, "{format}");
    }
}

#[test]
fn what_cannot_be_embedded_is_dropped() {
    let transform = parse("icc=keep&strip=0&gps=keep").unwrap().transform;
    for (format, text) in [
        (OutputFormat::Jpeg, "icc=keep&strip=0&gps=keep&format=jpg"),
        (OutputFormat::Tiff, "icc=keep&format=tiff"),
        (OutputFormat::Gif, "format=gif"),
        (OutputFormat::Bmp, "format=bmp"),
    ] {
        assert_eq!(Recipe::new(transform.clone(), format).to_string(), text);
    }
}

#[test]
fn a_goal_contradicts_other_ways_to_say_how_it_is_encoded() {
    for (query, parameter) in [
        ("target=9.9", "target"),
        ("target=fine", "target"),
        ("max_bytes=0", "max_bytes"),
        ("max_bytes=-1", "max_bytes"),
        ("max_bytes=10k", "max_bytes"),
        ("target=80&q=50", "q"),
        ("max_bytes=9&q=50", "q"),
        ("target=80&max_bytes=9", "max_bytes"),
        ("target=80&lossless=1", "target"),
        ("max_bytes=99&colors=9", "max_bytes"),
    ] {
        let error = parse(query).expect_err(query);
        assert_eq!(error.parameter, parameter, "{query}");
    }
}

#[test]
fn a_fault_names_its_parameter() {
    for (query, parameter) in [
        ("nonsense=1", "nonsense"),
        ("w=10&w=10", "w"),
        ("icc=p3", "icc"),
        ("icc=keep&gray=1", "icc"),
        ("icc=keep&hue=10", "icc"),
        ("strip=2", "strip"),
        ("strip=0&gps=drop", "gps"),
        ("gps=keep", "gps"),
        ("strip=1&gps=keep", "gps"),
        ("w=0", "w"),
        ("w=-5", "w"),
        ("w=99999999999999999999", "w"),
        ("w=NaN", "w"),
        ("w=1e3", "w"),
        ("w=", "w"),
        ("h=16385", "h"),
        ("w=16384&dpr=2", "w"),
        ("w=10&dpr=NaN", "dpr"),
        ("w=10&dpr=inf", "dpr"),
        ("w=10&dpr=0", "dpr"),
        ("dpr=2", "dpr"),
        ("fit=cover", "fit"),
        ("w=10&fit=cover", "fit"),
        ("w=10&h=10&fit=best", "fit"),
        ("gravity=north", "gravity"),
        ("w=10&h=10&gravity=north", "gravity"),
        ("w=10&h=10&fit=contain&gravity=smart", "gravity"),
        ("w=10&h=10&fit=cover&gravity=fp:2:0", "gravity"),
        ("enlarge=1", "enlarge"),
        ("crop=1,2,3", "crop"),
        ("crop=0,0,0,5", "crop"),
        ("rotate=45", "rotate"),
        ("flip=maybe", "flip"),
        ("bg=notacolour", "bg"),
        ("blur=0", "blur"),
        ("blur=1000", "blur"),
        ("sharpen=-1", "sharpen"),
        ("q=0", "q"),
        ("q=101", "q"),
        ("q=1.5", "q"),
        ("colors=1", "colors"),
        ("colors=257", "colors"),
        ("colors=all", "colors"),
        ("colors=9&lossless=1", "colors"),
        ("format=exe", "format"),
        ("type=exe", "type"),
        ("format=webp&type=webp", "type"),
        ("transform=../x", "transform"),
        ("transform=compress&w=10", "transform"),
        ("w=auto&dpr=2", "dpr"),
    ] {
        assert_eq!(parse(query).map_err(|error| error.parameter), Err(parameter.to_owned()), "{query}");
    }
}

#[test]
fn format_and_type_mean_the_same() {
    assert_eq!(parse("format=jpeg").unwrap().format, parse("type=jpg").unwrap().format);
    assert_eq!(parse("format=auto").unwrap().format, FormatChoice::Auto);
    assert_eq!(parse("").unwrap().format, FormatChoice::Source);
}

#[test]
fn hints_fill_in_what_is_left_to_the_browser() {
    let hints = ClientHints { width: Some(500), dpr: Some(2.0) };
    let query = parse_with("w=auto", hints).unwrap();
    assert_eq!(query.transform.resize.unwrap().width, Some(512), "rounded up to a step of 64");
    assert!(query.varies_by_width && !query.varies_by_dpr);
    let query = parse_with("w=100&dpr=auto", hints).unwrap();
    assert_eq!(query.transform.resize.unwrap().width, Some(200));
    assert!(parse("w=auto").unwrap().transform.is_identity(), "without a hint nothing is resized");
    assert!(parse("w=auto&h=100&fit=cover").is_ok(), "a missing hint makes no contradiction");
}

#[test]
fn the_key_tells_sources_recipes_and_engines_apart() {
    let key = |source: &[u8], query, revision| {
        Recipe::new(parse(query).unwrap().transform, OutputFormat::Jpeg).key(&Digest::of(source), revision)
    };
    assert_eq!(key(b"a", "w=1", 1), key(b"a", "w=1", 1));
    assert_ne!(key(b"a", "w=1", 1), key(b"b", "w=1", 1));
    assert_ne!(key(b"a", "w=1", 1), key(b"a", "w=2", 1));
    assert_ne!(key(b"a", "w=1", 1), key(b"a", "w=1", 2));
}

prop_compose! {
    fn queries()(
        crop in proptest::option::of((0u32..5000, 0u32..5000, 1u32..5000, 1u32..5000)),
        rotate in proptest::sample::select(vec!["0", "90", "180", "270"]),
        (flip, flop, gray, enlarge) in any::<(bool, bool, bool, bool)>(),
        w in 1u32..=16384,
        h in proptest::option::of(1u32..=16384),
        fit in proptest::sample::select(vec!["inside", "cover", "contain", "fill", "outside"]),
        gravity in proptest::sample::select(vec!["center", "north", "southeast", "fp:0.123:1"]),
        blur in proptest::option::of(0.3f64..100.0),
        q in proptest::option::of(1u8..=100),
        colors in proptest::option::of(2u16..=256),
    ) -> String {
        let mut query = format!("w={w}&rotate={rotate}&flip={}&flop={}&gray={}&enlarge={}", u8::from(flip), u8::from(flop), u8::from(gray), u8::from(enlarge));
        if let Some((x, y, w, h)) = crop { query += &format!("&crop={x},{y},{w},{h}"); }
        if let Some(h) = h {
            query += &format!("&h={h}&fit={fit}");
            if matches!(fit, "cover" | "contain") { query += &format!("&gravity={gravity}"); }
        }
        if let Some(blur) = blur { query += &format!("&blur={blur:.4}"); }
        if let Some(q) = q { query += &format!("&q={q}"); }
        if let Some(colors) = colors { query += &format!("&colors={colors}"); }
        query
    }
}

proptest! {
    #[test]
    fn the_canonical_text_reads_back_as_itself(query in queries()) {
        let recipe = Recipe::new(parse(&query).unwrap().transform, OutputFormat::Avif);
        let again = parse(&recipe.to_string()).unwrap();
        prop_assert_eq!(&Recipe::new(again.transform, OutputFormat::Avif), &recipe);
    }

    #[test]
    fn no_text_makes_the_parser_panic(name in "[a-z]{1,9}", value in "\\PC{0,20}") {
        let _ = TransformQuery::parse([(name.as_str(), value.as_str())], ClientHints::default());
    }
}
