//! Variants made from a master copy are those made from the original.

use image::RgbaImage;
use image_engine::{Effort, Facts, Limits, MasterCopy, Plan, RenditionPlan, Source, Sources, render};
use proptest::prelude::*;
use testkit::pictures::{file, graphic, jpeg, photo};

use crate::support::{facts, make, recipe};

fn planned(source: &[u8], limits: &Limits) -> RenditionPlan {
    RenditionPlan::new(&facts(source), source.len() as u64, limits).unwrap()
}

/// An original and its master.
struct Pair {
    source: Vec<u8>,
    facts: Facts,
    master: Vec<u8>,
    copy: MasterCopy,
}

impl Pair {
    fn of(source: Vec<u8>) -> Self {
        let plan = planned(&source, &Limits::default());
        let master = plan.make(&source, &|| false).unwrap().unwrap();
        let MasterCopy { width, height, .. } = plan.expected();
        assert_eq!((master.width, master.height), (width, height));
        let copy = MasterCopy { width, height, bytes: master.bytes.len() as u64 };
        Self { facts: facts(&source), source, master: master.bytes, copy }
    }

    /// The variant made from every pixel of the original, and the one made from its master.
    fn variants(&self, query: &str) -> (RgbaImage, RgbaImage) {
        let sources = Sources { master: Some(self.copy), ..Sources::original(&self.facts, self.source.len() as u64) };
        let plan = Plan::new(&sources, &recipe(query, "webp"), Effort::Fast, &Limits::default()).unwrap();
        assert_eq!(plan.source(), Source::Master, "{query}");
        let copied = render(&plan, &self.master, None, &|| false).unwrap();
        // A crop is cut from the whole picture, so this one keeps a JPEG from being decoded smaller.
        let (width, height) = self.facts.upright_size();
        let direct = make(&self.source, &format!("{query}&crop=0,0,{width},{height}"), "webp").unwrap();
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
    assert_eq!(planned(&source, &Limits::default()).make(&source, &|| false).unwrap(), None);
}

#[test]
fn what_clients_may_ask_for_does_not_bound_the_master() {
    let source = jpeg::baseline(&photo(2600, 2000, 3), 95);
    let limits = Limits { max_output_pixels: 1000, ..Limits::default() };
    assert!(planned(&source, &limits).make(&source, &|| false).unwrap().is_some());
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
