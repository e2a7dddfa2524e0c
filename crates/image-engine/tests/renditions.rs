//! Variants made from a master copy are those made from the original.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::io::Cursor;

use image::RgbImage;
use image_engine::{Effort, Limits, make_rendition, probe, render, render_from_rendition, serves, wants_rendition};
use proptest::prelude::*;
use shared_types::transform::ClientHints;
use shared_types::{OutputFormat, Recipe, TransformQuery};
use testkit::pictures::{file, jpeg, photo};

fn recipe(query: &str) -> Recipe {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Recipe::new(TransformQuery::parse(pairs, ClientHints::default()).unwrap().transform, OutputFormat::WebP)
}

fn both(source: &[u8], query: &str) -> (RgbImage, RgbImage) {
    let (limits, go_on) = (Limits::default(), || false);
    let facts = probe(Cursor::new(source)).unwrap();
    let plan = wants_rendition(&facts, source.len() as u64).unwrap();
    let master = make_rendition(source, &plan, &limits, &go_on).unwrap().unwrap();
    assert_eq!((master.width, master.height), (plan.width, plan.height));
    let recipe = recipe(query);
    assert!(serves((plan.width, plan.height), &facts, &recipe), "{query}");
    let direct = render(source, &recipe, Effort::Fast, &limits, &go_on).unwrap();
    let copied = render_from_rendition(&master.bytes, &facts, &recipe, Effort::Fast, &limits, &go_on).unwrap();
    assert_eq!((copied.width, copied.height, copied.format), (direct.width, direct.height, direct.format), "{query}");
    let [direct, copied] = [direct, copied].map(|made| image::load_from_memory(&made.bytes).unwrap().into_rgb8());
    (direct, copied)
}

fn mean_difference((a, b): &(RgbImage, RgbImage)) -> f64 {
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

#[test]
fn a_variant_from_the_master_looks_like_one_from_the_original() {
    let picture = photo(3001, 2003, 3);
    for (name, source) in [
        ("baseline", jpeg::baseline(&picture, 92)),
        ("turned", jpeg::oriented(&picture, 6, 92)),
        ("progressive", jpeg::progressive(&picture, 92)),
        ("grey", jpeg::grey(&picture, 97)),
        ("png", file::png(&picture)),
    ] {
        for query in [
            "w=400",
            "w=300&h=300&fit=cover&gravity=northwest",
            "w=200&rotate=90&flop=1",
            "w=333&h=200&fit=contain&bg=f00",
        ] {
            let difference = mean_difference(&both(&source, query));
            assert!(difference < 2.0, "{name} {query}: {difference}");
        }
    }
}

#[test]
fn a_master_that_is_not_worth_its_bytes_is_not_given() {
    let source = jpeg::baseline(&photo(2600, 2000, 3), 20);
    let plan = wants_rendition(&probe(Cursor::new(&source)).unwrap(), source.len() as u64).unwrap();
    assert_eq!(make_rendition(&source, &plan, &Limits::default(), &|| false).unwrap(), None);
}

#[test]
fn what_clients_may_ask_for_does_not_bound_the_master() {
    let source = jpeg::baseline(&photo(2600, 2000, 3), 95);
    let plan = wants_rendition(&probe(Cursor::new(&source)).unwrap(), source.len() as u64).unwrap();
    let limits = Limits { max_output_pixels: 1000, ..Limits::default() };
    assert!(make_rendition(&source, &plan, &limits, &|| false).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// One size of the original gives one size of the variant, however the rounding of the master's own size falls.
    #[test]
    fn sizes_do_not_depend_on_the_master(width in 2600_u32..2700, height in 2000_u32..2100, w in 30_u32..300, h in 30_u32..300) {
        let source = jpeg::baseline(&photo(width, height, 5), 95);
        for query in [format!("w={w}"), format!("h={h}"), format!("w={w}&h={h}&fit=outside"), format!("w={w}&h={h}&fit=cover")] {
            both(&source, &query);
        }
    }
}
