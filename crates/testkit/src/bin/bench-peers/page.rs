//! The page: what was measured, under which conditions.

use std::collections::HashMap;
use std::fmt::Write;

use crate::Cli;
use crate::cores::Cores;
use crate::figures::{Row, ShapeFigures};
use crate::work::Work;
use testkit::measured;

/// Everything on the page that is not a figure.
const TEMPLATE: &str = include_str!("page.md");

/// The machine and the programs.
pub(crate) struct Conditions {
    text: String,
    load_at_start: String,
    load_at_end: String,
}

impl Conditions {
    pub(crate) fn new(cli: &Cli, [servers, load]: [&Cores; 2], versions: &HashMap<String, String>) -> Self {
        let mut text = String::new();
        if cli.quick {
            text += "**A quick run: one round of two photos. The figures mean nothing.**\n\n";
        }
        let processor = measured::processor();
        let memory = measured::memory();
        let rounds = if cli.quick { 1 } else { cli.rounds };
        let cores = [servers, load].map(|cores| cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let [servers, load] = cores;
        let _ = writeln!(
            text,
            "* {processor}, {memory} of memory. Servers on cores {servers}, load on cores {load}; rounds: {rounds}."
        );
        let _ =
            writeln!(text, "* imagestore {} of commit {}, built for release.", env!("CARGO_PKG_VERSION"), cli.commit);
        let mut peers: Vec<_> = versions.values().collect();
        peers.sort();
        for about in peers {
            let _ = writeln!(text, "* {about}.");
        }
        Self { text, load_at_start: measured::load(), load_at_end: String::new() }
    }

    /// What else the machine was doing shows in its load, which should be about one server's.
    pub(crate) fn note_load_at_end(&mut self) {
        self.load_at_end = measured::load();
    }
}

/// The page.
pub(crate) fn text(conditions: &Conditions, shapes: &[ShapeFigures]) -> String {
    let Conditions { text, load_at_start, load_at_end } = conditions;
    let load = format!(
        "* Load average of the machine (1, 5, 15 minutes): {load_at_start} at the start, {load_at_end} at the end."
    );
    let tables: Vec<_> = shapes.iter().map(shape).collect();
    TEMPLATE.replace("{conditions}", &format!("{text}{load}")).replace("{tables}", tables.join("\n").trim_end())
}

fn shape(figures: &ShapeFigures) -> String {
    let mut text = format!("## {}: {}\n", figures.shape.name(), figures.about);
    for work in figures.shape.works() {
        text += &table(work, &figures.rows);
    }
    text +=
        "\nPeak memory over all of these works, summed over a server's processes:\n\n| server | MiB |\n|---|---:|\n";
    for (name, kib) in &figures.memory {
        let _ = writeln!(text, "| {name} | {:.0} |", *kib as f64 / 1024.0);
    }
    text
}

fn table(work: Work, rows: &[Row]) -> String {
    let mut text = format!("\n### {}\n\n", work.name());
    text += "| server | pictures/s | CPU ms a picture | KB | SSIMULACRA2 (worst) | imagestore by this |\n|---|---:|---:|---:|---:|---:|\n";
    for row in rows.iter().filter(|row| row.work == work) {
        let [rate, lowest, highest] = row.rate;
        let [ratio, low, high] = row.ratio;
        let ratio = match row.name {
            "imagestore" => String::new(),
            _ => format!("{ratio:.2} ({low:.2}–{high:.2})"),
        };
        let [score, worst] = row.score;
        let _ = writeln!(
            text,
            "| {} | {rate:.1} ({lowest:.1}–{highest:.1}) | {:.1} | {:.1} | {score:.1} ({worst:.1}) | {ratio} |",
            row.name,
            row.cpu_ms,
            row.bytes / 1000.0,
        );
    }
    text
}
