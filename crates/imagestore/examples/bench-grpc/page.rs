//! The page: what was measured, under which conditions.

use std::fmt::Write;

use crate::TransferOptions;
use crate::figures::{median, quantile};
use crate::transfer::{Direction, Figures};
use testkit::measured;

/// Everything on the page that is not a figure.
const TEMPLATE: &str = include_str!("page.md");

pub(crate) fn text(options: &TransferOptions, figures: &[Figures]) -> String {
    let load = measured::load();
    let conditions = format!(
        "* {}, {} CPUs; load average at the end (1, 5, 15 minutes) {load}.\n* imagestore of commit {}, built for release.\n\
         * {} rounds. Messages of uploads have {} bytes.",
        measured::processor(),
        std::thread::available_parallelism().map_or(0, usize::from),
        options.commit,
        options.rounds,
        options.chunk,
    );
    TEMPLATE.replace("{conditions}", &conditions).replace("{table}", table(figures).trim_end())
}

fn table(figures: &[Figures]) -> String {
    let mut text = "| | file, MB | at once | gRPC, MB/s | HTTP, MB/s | gRPC by HTTP | of the rounds |\n".to_owned();
    text.push_str("|---|---:|---:|---:|---:|---:|---|\n");
    for direction in [Direction::Upload, Direction::Download] {
        let name = if direction == Direction::Upload { "upload" } else { "download" };
        for Figures { megabytes, clients, grpc, http, .. } in figures.iter().filter(|of| of.direction == direction) {
            let ratios: Vec<_> = grpc.iter().zip(http).map(|(grpc, http)| grpc / http).collect();
            let (least, most) = (quantile(&ratios, 0.0), quantile(&ratios, 1.0));
            let _ = writeln!(
                text,
                "| {name} | {megabytes} | {clients} | {:.0} | {:.0} | {:.2} | {least:.2} to {most:.2} |",
                median(grpc),
                median(http),
                median(&ratios)
            );
        }
    }
    text
}
