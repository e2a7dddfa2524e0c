//! The page: what was measured, under which conditions.

use std::fmt::Write;

use crate::measure::{BESIDE, Figures, Kind, PAGE, TURN};
use crate::{Cli, Store};
use testkit::measured;

/// Everything on the page that is not a figure.
const TEMPLATE: &str = include_str!("page.md");

pub(crate) fn text(cli: &Cli, stores: &[Store], figures: &[Figures]) -> String {
    let sizes: Vec<_> =
        stores.iter().map(|store| format!("{} of {:.0} MB", count(store.rows), store.bytes as f64 / 1e6)).collect();
    let load = measured::load();
    let conditions = format!(
        "* {}, {} MiB of memory; load average at the end (1, 5, 15 minutes) {load}.\n* imagestore of commit {}, built for release.\n\
         * Catalogs of so many images: {}.\n* {} rounds of {} measurements, of {} insertions.",
        measured::processor(),
        measured::memory().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024,
        cli.commit,
        sizes.join(", "),
        cli.rounds,
        cli.samples,
        cli.samples / 5,
    );
    TEMPLATE
        .replace("{conditions}", &conditions)
        .replace("{page}", &PAGE.to_string())
        .replace("{turn}", &TURN.to_string())
        .replace("{beside}", &BESIDE.as_millis().to_string())
        .replace("{table}", table(stores, figures).trim_end())
}

fn table(stores: &[Store], figures: &[Figures]) -> String {
    let mut text = format!(
        "| | images | p50, µs | p99, µs | p99 by that of {} | reads |\n|---|---:|---:|---:|---:|---:|\n",
        count(stores[0].rows)
    );
    for kind in Kind::ALL {
        let of_kind = || figures.iter().filter(|figures| figures.kind == kind);
        let smallest = of_kind().next().map_or(f64::NAN, |figures| figures.p99);
        for Figures { rows, p50, p99, reads, .. } in of_kind() {
            let (name, rows, ratio) = (kind.name(), count(*rows), p99 / smallest);
            let _ = writeln!(text, "| {name} | {rows} | {p50:.0} | {p99:.0} | {ratio:.2} | {reads:.1} |");
        }
    }
    text
}

/// With commas between thousands.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
