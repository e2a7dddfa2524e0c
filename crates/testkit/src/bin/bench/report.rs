//! The table.

use std::io::Write;
use std::thread;

use crate::pictures::Pictures;
use testkit::measured;

/// Rows, in the order in which they were measured.
pub(crate) struct Report {
    conditions: String,
    rows: Vec<[String; 5]>,
}

impl Report {
    pub(crate) fn new(pictures: &Pictures, quick: bool) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let memory = measured::memory();
        let processor = measured::processor();
        let kind = if quick { "Quick run: figures are only rough. " } else { "" };
        let source = pictures.source();
        let conditions = format!("{kind}{cores} cores ({processor}), {memory} of memory; pictures: {source}.");
        Self { conditions, rows: Vec::new() }
    }

    /// Adds a row with nothing to compare with.
    pub(crate) fn figure(&mut self, what: &str, ours: String, how: &str) {
        self.rows.push([what.to_owned(), ours, String::new(), String::new(), how.to_owned()]);
    }

    /// Adds a row with a reference and the ratio of the two.
    pub(crate) fn compared(&mut self, what: &str, unit: &str, [ours, reference]: [f64; 2], how: &str) {
        let figures = [ours, reference].map(|value| format!("{} {unit}", number(value)));
        self.ratio(what, figures, ours / reference, how);
    }

    /// Adds a row whose figures are written already.
    pub(crate) fn ratio(&mut self, what: &str, [ours, reference]: [String; 2], ratio: f64, how: &str) {
        self.rows.push([what.to_owned(), ours, reference, format!("{ratio:.2}"), how.to_owned()]);
    }

    /// Writes the table to stdout.
    pub(crate) fn print(&self) {
        let head = ["measured", "this", "reference", "ratio", "how"].map(str::to_owned);
        let rows: Vec<&[String; 5]> = [&head].into_iter().chain(&self.rows).collect();
        let widths: [usize; 5] =
            std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
        let line = |row: &[String; 5]| {
            let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = line(&widths.map(|width| "-".repeat(width)));
        let body: String = self.rows.iter().map(line).collect();
        let text = format!("\n{}\n\n{}{rule}{body}", self.conditions, line(&head));
        std::io::stdout().write_all(text.as_bytes()).expect("the table can be written");
    }
}

/// A number as a person writes it: three digits that count, thousands apart.
pub(crate) fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// KiB as MiB.
pub(crate) fn mebibytes(kib: u64) -> String {
    format!("{} MiB", number(kib as f64 / 1024.0))
}
