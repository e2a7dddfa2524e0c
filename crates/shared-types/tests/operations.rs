//! The grammar of edges, colours, marks and presets: what is accepted, what is refused, and one text for one picture.

#![allow(clippy::unwrap_used, clippy::format_push_string, reason = "tests may panic and need not be fast")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use shared_types::transform::{ClientHints, MAX_TEXT, Presets};
use shared_types::{Digest, OutputFormat, Recipe, TransformError, TransformQuery};

const LOGO: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn parse(query: &str) -> Result<TransformQuery, TransformError> {
    TransformQuery::parse_text(query, ClientHints::default())
}

fn canonical(query: &str) -> String {
    Recipe::new(parse(query).unwrap().transform, OutputFormat::Png).to_string()
}

#[test]
fn equal_requests_have_one_text() {
    for (query, text) in [
        ("trim", "trim=10&"),
        ("trim=0", "trim=0&"),
        ("pad=5,5,5,5", "pad=5&"),
        ("pad=05,0,1,0", "pad=5,0,1,0&"),
        ("pad=0", ""),
        ("round=0", ""),
        ("round=max", "round=max&"),
        ("brightness=0&contrast=-0&saturation=00&hue=0&gamma=1.00&sepia=0&negate=0", ""),
        ("negate&contrast=-5&brightness=7", "brightness=7&contrast=-5&negate=1&"),
        ("hue=-30", "hue=330&"),
        ("hue=360", ""),
        ("gamma=2.200", "gamma=2.2&"),
        ("duotone=navy,%23ffd166", "duotone=000080,ffd166&"),
        ("pixelate=8&round=4&gray=1", "gray=1&pixelate=8&round=4&"),
        ("wm=01890A5D-AC96-774B-BCCE-B302099A8057", "wm=01890a5d-ac96-774b-bcce-b302099a8057&"),
        (
            "wmmargin=0&wmscale=0.25&wmopacity=1.0&wmpos=southeast&wm=01890a5d-ac96-774b-bcce-b302099a8057",
            "wm=01890a5d-ac96-774b-bcce-b302099a8057&wmmargin=0&",
        ),
        ("wmtext=a%20b+c&wmtextcolor=white&wmtextshadow=1", "wmtext=a+b+c&"),
        ("wmtext=%C3%A9%26%3D%0A2&wmtextpos=tile", "wmtext=%C3%A9%26%3D%0A2&wmtextpos=tile&"),
        (
            "wmtext=x&wmtextcolor=red&wmtextsize=20&wmtextshadow=0",
            "wmtext=x&wmtextsize=20&wmtextcolor=ff0000&wmtextshadow=0&",
        ),
    ] {
        assert_eq!(canonical(query), format!("{text}format=png"), "{query}");
    }
}

#[test]
fn a_fault_names_its_parameter_and_says_what_to_write() {
    let long = format!("wmtext={}", "é".repeat(MAX_TEXT + 1));
    for (query, parameter, reason) in [
        ("trim=256", "trim", "from 0 to 255"),
        ("trim=-1", "trim", "from 0 to 255"),
        ("pad=1,2", "pad", "TOP,RIGHT,BOTTOM,LEFT"),
        ("pad=16385", "pad", "up to 16384"),
        ("pad=", "pad", "such as pad=20"),
        ("round=circle", "round", "or max"),
        ("brightness=101", "brightness", "from -100 to 100"),
        ("contrast=--5", "contrast", "from -100 to 100"),
        ("saturation=1.5", "saturation", "whole number"),
        ("hue=361", "hue", "from -360 to 360"),
        ("hue=-", "hue", "from -360 to 360"),
        ("gamma=0", "gamma", "from 0.1 to 10"),
        ("sepia=2", "sepia", "1 or 0"),
        ("duotone=red", "duotone", "DARK,LIGHT"),
        ("duotone=red,ff880080", "duotone", "opaque"),
        ("gray&sepia", "gray", "contradicts sepia"),
        ("gray&duotone=red,blue", "gray", "contradicts duotone"),
        ("sepia&duotone=red,blue", "sepia", "give sepia or duotone"),
        ("pixelate=1", "pixelate", "from 2 to 1024"),
        ("wm=logo", "wm", "id of an image"),
        ("wmpos=north", "wmpos", "needs wm beside it"),
        ("wmscale=0.5&wmtext=x", "wmscale", "needs wm beside it"),
        ("wmtextsize=10", "wmtextsize", "needs wmtext beside it"),
        ("wmtext=x&wmtextsize=3", "wmtextsize", "from 4 to 2048"),
        ("wmtext=x&wmtextpos=smart", "wmtextpos", "or tile"),
        ("wmtext=x&wmtextopacity=0", "wmtextopacity", "from 0.01 to 1"),
        ("wmtext=x&wmtextmargin=5000", "wmtextmargin", "from 0 to 4096"),
        ("wmtext=x&wmtextcolor=ff000080", "wmtextcolor", "wmtextopacity"),
        ("wmtext=", "wmtext", "1 to 200 characters"),
        ("wmtext=+%0A+", "wmtext", "1 to 200 characters"),
        ("wmtext=a%00b", "wmtext", "control characters"),
        (&long, "wmtext", "1 to 200 characters"),
        ("trim&w=10&enlarge=1", "enlarge", "w and h"),
        ("trim&w=10&h=10&fit=outside&enlarge=1", "enlarge", "w and h"),
        ("transform=compress&round=5", "transform", "remove the other parameters"),
        ("wmtext=x&wmtext=y", "wmtext", "more than once"),
    ] {
        let error = parse(query).unwrap_err();
        assert_eq!(error.parameter, parameter, "{query}: {error}");
        assert!(error.reason.contains(reason), "{query}: {error}");
    }
    assert!(parse("trim&w=10&h=10&enlarge=1").is_ok());
}

#[test]
fn the_key_tells_the_bytes_of_watermarks_apart() {
    let recipe = Recipe::new(parse(&format!("wm={LOGO}")).unwrap().transform, OutputFormat::Png);
    let key = |recipe: &Recipe| recipe.key(&Digest::of(b"picture"), 1);
    let [one, other] = [b"one".as_slice(), b"other"].map(|bytes| recipe.clone().with_watermark(Digest::of(bytes)));
    assert_ne!(key(&one), key(&other));
    assert_ne!(key(&one), key(&recipe));
    assert_eq!(one.to_string(), other.to_string());
}

fn presets(named: &[(&str, &str)]) -> Result<Presets, String> {
    let named: BTreeMap<_, _> = named.iter().map(|(name, query)| ((*name).to_owned(), (*query).to_owned())).collect();
    Presets::try_from(named)
}

#[test]
fn what_stands_beside_a_preset_wins() {
    let presets = presets(&[("thumbnail", "w=150&h=150&fit=cover"), ("signed", "wmtext=%C2%A9+me&type=webp")]).unwrap();
    let expanded = |query: &str, has_extension: bool| {
        let (pairs, used) = presets.expand(form_urlencoded::parse(query.as_bytes()).collect(), has_extension);
        let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.sort();
        (pairs.join("&"), used.is_some())
    };
    for (query, has_extension, expected) in [
        ("transform=thumbnail", false, ("fit=cover&h=150&w=150", true)),
        ("w=300&transform=thumbnail&q=50", false, ("fit=cover&h=150&q=50&w=300", true)),
        ("transform=signed", false, ("type=webp&wmtext=© me", true)),
        ("transform=signed&format=png", false, ("format=png&wmtext=© me", true)),
        ("transform=signed", true, ("wmtext=© me", true)),
        ("transform=compress", false, ("transform=compress", false)),
        ("w=5", false, ("w=5", false)),
        ("transform=thumbnail&transform=signed", false, ("transform=signed&transform=thumbnail", false)),
    ] {
        let (pairs, used) = expanded(query, has_extension);
        assert_eq!((pairs.as_str(), used), expected, "{query}");
    }
}

#[test]
fn a_preset_that_cannot_work_is_refused() {
    for (name, query, reason) in [
        ("small", "w=0", "`w` must be"),
        ("small", "colour=red", "`colour` is not a parameter"),
        ("Small", "w=1", "a variant name is"),
        ("compress", "w=1", "compressing service"),
        ("small", "transform=thumbnail", "no place in a preset"),
        ("small", "download=x", "`download` is not"),
    ] {
        let error = presets(&[(name, query)]).unwrap_err();
        assert!(error.contains(reason), "{name} = {query}: {error}");
    }
}

prop_compose! {
    fn edges()(
        trim in proptest::option::of(any::<u8>()),
        pad in proptest::option::of((0u32..2000, 0u32..2000, 0u32..3, 0u32..2000)),
        round in proptest::sample::select(vec!["0", "7", "max", "16384"]),
        tones in proptest::array::uniform3(-100i8..=100),
        hue in -360i32..=360,
        gamma in 0.1f64..10.0,
        colouring in proptest::sample::select(vec!["", "&gray=1", "&sepia=1", "&duotone=112233,white"]),
        negate in any::<bool>(),
        pixelate in proptest::option::of(2u32..=1024),
    ) -> String {
        let [brightness, contrast, saturation] = tones;
        let mut query = format!("round={round}&brightness={brightness}&contrast={contrast}&saturation={saturation}&hue={hue}&gamma={gamma:.3}&negate={}{colouring}", u8::from(negate));
        if let Some(trim) = trim { query += &format!("&trim={trim}"); }
        if let Some((top, right, bottom, left)) = pad { query += &format!("&pad={top},{right},{bottom},{left}"); }
        if let Some(pixelate) = pixelate { query += &format!("&pixelate={pixelate}"); }
        query
    }
}

prop_compose! {
    fn marks()(
        text in proptest::option::of("[^\\p{Cc}]{0,30}[a-zа-яα-ω☃][^\\p{Cc}]{0,30}(\n[a-z&=+%]{1,5})?"),
        image in any::<bool>(),
        position in proptest::sample::select(vec!["tile", "center", "southeast", "fp:0.125:1"]),
        opacity in 0.01f64..=1.0,
        margin in proptest::option::of(0u32..=4096),
        size in proptest::option::of(4u32..=2048),
        shadow in any::<bool>(),
        colour in any::<[u8; 3]>(),
    ) -> String {
        let mut query = "q=50".to_owned();
        let placing = |prefix: &str| {
            let margin = margin.map(|margin| format!("&{prefix}margin={margin}")).unwrap_or_default();
            format!("&{prefix}pos={position}&{prefix}opacity={opacity:.4}{margin}")
        };
        if image { query += &format!("&wm={LOGO}&wmscale={opacity:.2}{}", placing("wm")); }
        if let Some(text) = text {
            let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            query += &format!("&wmtext={text}&wmtextshadow={}&wmtextcolor={}{}", u8::from(shadow), hex::encode(colour), placing("wmtext"));
            if let Some(size) = size { query += &format!("&wmtextsize={size}"); }
        }
        query
    }
}

proptest! {
    #[test]
    fn the_canonical_text_reads_back_as_itself(edges in edges(), marks in marks()) {
        let recipe = Recipe::new(parse(&format!("{edges}&{marks}")).unwrap().transform, OutputFormat::Avif);
        let text = recipe.to_string();
        let again = Recipe::new(parse(&text).unwrap().transform, OutputFormat::Avif);
        prop_assert_eq!(&again, &recipe);
        prop_assert_eq!(again.to_string(), text);
    }

    #[test]
    fn no_value_makes_the_parser_panic(
        name in proptest::sample::select(vec![
            "trim", "pad", "round", "brightness", "hue", "gamma", "duotone", "pixelate", "wm", "wmtext", "wmtextsize", "wmopacity",
        ]),
        value in "\\PC{0,20}|-?[0-9,.]{0,30}",
    ) {
        let _ = TransformQuery::parse([(name, value.as_str())], ClientHints::default());
    }
}
