//! What came of each file: lines, a table, JSON.

use std::io::Write;
use std::path::PathBuf;

use indicatif::DecimalBytes;
use serde_json::{Map, Value, json};
use service_kit::exit::{Failure, print};
use service_kit::terminal;
use shared_types::wire::VariantFigures;
use shared_types::{ErrorCode, OutputFormat};

/// What came of one file.
#[derive(Debug)]
pub(super) struct FileReport {
    pub(super) input: PathBuf,
    pub(super) result: std::result::Result<Result, (ErrorCode, String)>,
}

/// What became of a file that could be worked on.
#[derive(Debug)]
pub(super) enum Result {
    /// A new file.
    Made { output: PathBuf, format: OutputFormat, bytes: u64, figures: VariantFigures },
    /// Nothing smaller: a copy where one was asked for.
    Kept { output: Option<PathBuf>, why: String, figures: VariantFigures },
}

impl FileReport {
    pub(super) fn is_failure(&self) -> bool {
        self.result.is_err()
    }

    /// Before and after.
    fn bytes(&self) -> Option<(u64, u64)> {
        match &self.result {
            Ok(Result::Made { bytes, figures, .. }) => Some((figures.source_bytes, *bytes)),
            Ok(Result::Kept { figures, .. }) => Some((figures.source_bytes, figures.source_bytes)),
            Err(_) => None,
        }
    }

    /// One line of JSON, as soon as it is known.
    pub(super) fn print_json(&self) -> std::result::Result<(), Failure> {
        print(&self.document().to_string())
    }

    fn document(&self) -> Value {
        let mut document = Map::new();
        document.insert("input".to_owned(), json!(self.input.to_string_lossy()));
        let (status, output, figures) = match &self.result {
            Ok(Result::Made { output, format, figures, .. }) => {
                document.insert("format".to_owned(), json!(format));
                ("made", Some(output), figures)
            }
            Ok(Result::Kept { output, why, figures }) => {
                document.insert("reason".to_owned(), json!(why));
                ("kept", output.as_ref(), figures)
            }
            Err((code, detail)) => {
                document.insert("status".to_owned(), json!("failed"));
                document.insert("code".to_owned(), json!(code.code()));
                document.insert("detail".to_owned(), json!(detail));
                return document.into();
            }
        };
        document.insert("status".to_owned(), json!(status));
        document.insert("output".to_owned(), json!(output.map(|path| path.to_string_lossy())));
        let (before, after) = self.bytes().unwrap_or_default();
        let entries = [
            ("bytes_before", json!(before)),
            ("bytes_after", json!(after)),
            ("quality", json!(figures.quality)),
            ("score", json!(figures.score)),
            ("tries", json!(figures.tries)),
            ("seconds", json!(figures.seconds)),
        ];
        document.extend(entries.map(|(name, value)| (name.to_owned(), value)));
        document.into()
    }

    /// `a.jpg -> a.webp: 3.1 MB -> 412 kB (87 % less), q 71, score 80.4, tries 4, 1.9 s`
    fn line(&self) -> Option<String> {
        let input = self.input.display();
        match &self.result {
            Ok(Result::Made { output, bytes, figures, .. }) => {
                let (before, after) = (DecimalBytes(figures.source_bytes), DecimalBytes(*bytes));
                let saved = saved(figures.source_bytes, *bytes);
                let quality = figures.quality.map_or_else(String::new, |quality| format!(", q {quality}"));
                let score = figures.score.map_or_else(String::new, |score| format!(", score {score:.1}"));
                let (tries, seconds) = (figures.tries.unwrap_or(1), figures.seconds);
                let output = output.display();
                Some(format!(
                    "{input} -> {output}: {before} -> {after} ({saved}){quality}{score}, tries {tries}, {seconds:.1} s"
                ))
            }
            Ok(Result::Kept { output, why, .. }) => {
                let copied = output.as_ref().map_or_else(String::new, |path| format!(" -> {}", path.display()));
                Some(format!("{input}{copied}: kept as it is. {why}"))
            }
            Err(_) => None,
        }
    }

    fn row(&self) -> Vec<String> {
        let name = self.input.display().to_string();
        let dash = || "-".to_owned();
        match (&self.result, self.bytes()) {
            (Ok(result), Some((before, after))) => {
                let (what, figures) = match result {
                    Result::Made { format, figures, .. } => (format.to_string(), figures),
                    Result::Kept { figures, .. } => ("kept".to_owned(), figures),
                };
                vec![
                    name,
                    what,
                    DecimalBytes(before).to_string(),
                    DecimalBytes(after).to_string(),
                    saved(before, after),
                    figures.quality.map_or_else(dash, |quality| quality.to_string()),
                    figures.score.map_or_else(dash, |score| format!("{score:.1}")),
                    figures.tries.map_or_else(dash, |tries| tries.to_string()),
                    format!("{:.1} s", figures.seconds),
                ]
            }
            _ => [vec![name, "failed".to_owned()], vec![dash(); 7]].concat(),
        }
    }
}

fn saved(before: u64, after: u64) -> String {
    if before == 0 {
        return "-".to_owned();
    }
    let part = 100.0 * (1.0 - after as f64 / before as f64);
    if part < 0.0 { format!("{:.0} % more", -part) } else { format!("{part:.0} % less") }
}

/// Failures on stderr, a line each; the rest on stdout, as a table or as lines. As JSON it has been told already.
pub(super) fn print_all(reports: &[FileReport], json: bool, as_table: bool) -> std::result::Result<(), Failure> {
    for report in reports {
        if let Err((_, detail)) = &report.result {
            // Nothing can be done about a closed stderr.
            let _ = writeln!(std::io::stderr(), "imagecompress: {}: {detail}", report.input.display());
        }
    }
    if json {
        return Ok(());
    }
    if as_table {
        return print(&table(reports));
    }
    reports.iter().filter_map(FileReport::line).try_for_each(|line| print(&line))
}

fn table(reports: &[FileReport]) -> String {
    let header = ["file", "format", "before", "after", "saved", "q", "score", "tries", "time"];
    let total = (reports.len() > 1).then(|| total(reports));
    terminal::table(header, 2, reports.iter().map(FileReport::row).chain(total)).to_string()
}

fn total(reports: &[FileReport]) -> Vec<String> {
    let all = reports.iter().filter_map(FileReport::bytes);
    let (before, after) = all.fold((0, 0), |(before, after), (b, a)| (before + b, after + a));
    let made = reports.iter().filter(|report| matches!(report.result, Ok(Result::Made { .. }))).count();
    vec![
        format!("{made} of {} files", reports.len()),
        String::new(),
        DecimalBytes(before).to_string(),
        DecimalBytes(after).to_string(),
        saved(before, after),
    ]
}
