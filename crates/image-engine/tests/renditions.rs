//! Variants made from a master copy are those made from the original.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::io::Cursor;

use image::RgbaImage;
use image_engine::{
    Effort, Facts, Limits, make_rendition, probe, render, render_from_rendition, serves, wants_rendition,
};
use proptest::prelude::*;
use shared_types::transform::ClientHints;
use shared_types::{OutputFormat, Recipe, TransformQuery};
use testkit::pictures::{file, graphic, jpeg, photo};

fn recipe(query: &str) -> Recipe {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Recipe::new(TransformQuery::parse(pairs, ClientHints::default()).unwrap().transform, OutputFormat::WebP)
}

/// An original and its master.
struct Pair {
    source: Vec<u8>,
    facts: Facts,
    master: Vec<u8>,
    size: (u32, u32),
}

impl Pair {
    fn of(source: Vec<u8>) -> Self {
        let facts = probe(Cursor::new(&source)).unwrap();
        let plan = wants_rendition(&facts, source.len() as u64).unwrap();
        let master = make_rendition(&source, &plan, &Limits::default(), &|| false).unwrap().unwrap();
        assert_eq!((master.width, master.height), (plan.width, plan.height));
        Self { source, facts, master: master.bytes, size: (plan.width, plan.height) }
    }

    /// The variant made from every pixel of the original, and the one made from its master.
    fn variants(&self, query: &str) -> (RgbaImage, RgbaImage) {
        let (limits, go_on) = (Limits::default(), || false);
        let asked = recipe(query);
        assert!(serves(self.size, &self.facts, &asked), "{query}");
        // A crop is cut from the whole picture, so this one keeps a JPEG from being decoded smaller.
        let (width, height) = self.facts.upright_size();
        let fully = recipe(&format!("{query}&crop=0,0,{width},{height}"));
        let direct = render(&self.source, &fully, Effort::Fast, &limits, &go_on).unwrap();
        let copied =
            render_from_rendition(&self.master, &self.facts, None, &asked, Effort::Fast, &limits, &go_on).unwrap();
        assert_eq!(
            (copied.width, copied.height, copied.format),
            (direct.width, direct.height, direct.format),
            "{query}"
        );
        let [direct, copied] = [direct, copied].map(|made| image::load_from_memory(&made.bytes).unwrap().into_rgba8());
        (direct, copied)
    }
}

fn mean_difference((a, b): &(RgbaImage, RgbaImage)) -> f64 {
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
        ("transparent", file::png_alpha(&graphic(3001, 2003))),
    ] {
        let pair = Pair::of(source);
        for query in [
            "w=400&q=90",
            "w=300&h=300&fit=cover&gravity=northwest&q=90",
            "w=200&rotate=90&flop=1&q=90",
            "w=333&h=200&fit=contain&bg=f00&q=90",
        ] {
            let difference = mean_difference(&pair.variants(query));
            assert!(difference < 1.9, "{name} {query}: {difference}");
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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4) })]
    /// One size of the original gives one size of the variant, however the rounding of the master's own size falls.
    #[test]
    fn sizes_do_not_depend_on_the_master(
        width in 2600_u32..2700, height in 2000_u32..2100, w in 30_u32..300, h in 30_u32..300,
    ) {
        let pair = Pair::of(jpeg::baseline(&photo(width, height, 5), 95));
        for query in ["w={w}", "h={h}", "w={w}&h={h}&fit=outside", "w={w}&h={h}&fit=cover&gravity=east"] {
            pair.variants(&query.replace("{w}", &w.to_string()).replace("{h}", &h.to_string()));
        }
    }
}
