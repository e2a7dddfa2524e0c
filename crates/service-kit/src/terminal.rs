//! What a command shows: a bar while it works, a table at the end.

use std::future::Future;
use std::io::IsTerminal;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::Failure;
use crate::server::StopSignals;

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Files, of which so many are there.
    Files(u64),
    /// Bytes, of which so many are there.
    Bytes(u64),
    /// Rows, of which so many are there.
    Rows(u64),
    /// Things of which nobody knows how many there are.
    Unknown,
}

/// A bar on stderr, where somebody looks at it and `shown` says so.
pub fn bar(unit: Unit, shown: bool) -> ProgressBar {
    if !shown || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match unit {
        Unit::Files(total) => (ProgressBar::new(total), "{bar:40} {pos}/{len} files, {elapsed} ({eta} left)"),
        Unit::Rows(total) => (ProgressBar::new(total), "{bar:40} {pos}/{len} rows, {elapsed} ({eta} left)"),
        Unit::Bytes(total) => (ProgressBar::new(total), "{bar:40} {bytes}/{total_bytes}, {elapsed} ({eta} left)"),
        Unit::Unknown => (ProgressBar::new_spinner(), "{spinner} {pos} done, {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A table without lines whose columns from `numbers` on are flush right.
pub fn table<const N: usize>(header: [&str; N], numbers: usize, rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header);
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.add_rows(rows);
    table
}

/// The work, unless SIGTERM or SIGINT comes first: then it is dropped where it is.
///
/// # Errors
/// [`Failure::Fault`], if a signal came, with `left`, which tells what is left behind.
pub async fn until_signal<T>(work: impl Future<Output = T>, left: &str) -> Result<T, Failure> {
    let mut signals = StopSignals::new().map_err(Failure::fault)?;
    tokio::select! {
        biased;
        () = signals.recv() => Err(Failure::Fault(format!("stopped by a signal; {left}"))),
        done = work => Ok(done),
    }
}
