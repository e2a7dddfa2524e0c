//! The page: what was measured, under which conditions.

use std::fmt::Write;
use std::fs;

use crate::TransferOptions;
use crate::figures::{median, quantile};
use crate::transfer::{Direction, Figures};

/// Everything on the page that is not a figure.
const TEMPLATE: &str = include_str!("page.md");

pub(crate) fn text(options: &TransferOptions, figures: &[Figures]) -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let conditions = format!(
        "* {}, {} CPUs; load average at the end (1, 5, 15 minutes) {load}.\n* imagestore of commit {}, built for release.\n\
         * {} rounds. Messages of uploads have {} bytes.",
        field("/proc/cpuinfo", "model name"),
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

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
    value.map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
