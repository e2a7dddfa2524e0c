//! `imagecompress file`: files of this machine, without a store.
//!
//! * `inputs` — which files are meant.
//! * `output` — where a result goes, and how it gets there whole or not at all.
//! * `work` — one file from its path to its path.
//! * `report` — what came of each: lines, a table, JSON.

mod inputs;
mod output;
mod report;
mod work;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::Args;
use futures::{StreamExt, stream};
use indicatif::ProgressBar;
use service_kit::exit::Failure;
use service_kit::server::StopSignals;
use service_kit::terminal::{self, Unit};
use shared_types::{Formats, Goal, ImageFormat};

use self::inputs::Input;
use self::output::Destination;
use self::report::FileReport;
use self::work::Bench;
use crate::app::{Order, Press};

/// What to compress, how far, and where the results go.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Options {
    /// Files, and with --recursive folders.
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// How it is to look: lossless, visually-lossless, high, medium, low, or a SSIMULACRA2 score from 10 to 100 [default: high].
    #[arg(long, value_name = "SCORE", value_parser = Goal::from_target, group = "goal")]
    target: Option<Goal>,
    /// How many bytes it may have: the best-looking file that is no larger.
    #[arg(long, value_name = "N", value_parser = max_bytes, group = "goal")]
    max_bytes: Option<Goal>,
    /// A fixed encoder quality, 1 to 100.
    #[arg(short, long, value_name = "N", value_parser = quality, group = "goal")]
    quality: Option<Goal>,
    /// auto, same, or some formats with commas between them; the smallest file wins [default: that of --output, or same].
    #[arg(long, value_name = "FORMATS")]
    format: Option<Formats>,
    /// Where the result of the one input goes; its extension names the format.
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    output: Option<PathBuf>,
    /// Folder for the results, made if it is not there. Without it they go beside the inputs, as NAME.EXT or, where that is the
    /// input itself, as NAME.min.EXT.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Replace files that exist. An input is replaced only where --output or --out-dir leads to it.
    #[arg(long)]
    overwrite: bool,
    /// Take all pictures below folders, but those named NAME.min.EXT.
    #[arg(short, long)]
    recursive: bool,
    /// Files at once [default: one a core].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the table of savings for a single file too.
    #[arg(long, conflicts_with = "json")]
    report: bool,
    /// Print one JSON document a file in place of text.
    #[arg(long)]
    json: bool,
}

fn max_bytes(text: &str) -> Result<Goal, String> {
    format!("max_bytes={text}").parse()
}

fn quality(text: &str) -> Result<Goal, String> {
    format!("q={text}").parse()
}

impl Options {
    /// As a setting, if it is given.
    pub fn threads(&self) -> Option<String> {
        self.threads.map(|threads| threads.to_string())
    }

    fn order(&self) -> Result<Order, Failure> {
        let goal = self.target.or(self.max_bytes).or(self.quality).unwrap_or(Goal::DEFAULT);
        Ok(Order { goal: Some(goal), formats: self.formats()?, ..Order::default() })
    }

    /// The extension of `--output` names the format; `--format` beside it may only agree.
    fn formats(&self) -> Result<Formats, Failure> {
        let extension = self.output.as_ref().and_then(|path| path.extension()?.to_str());
        let Some(extension) = extension else { return Ok(self.format.clone().unwrap_or_default()) };
        let named = ImageFormat::from_extension(extension).and_then(ImageFormat::as_output);
        match (named.map(Formats::one), &self.format) {
            (Some(named), None) => Ok(named),
            (Some(named), Some(given)) if named != *given => Err(Failure::Usage(format!(
                "--output names {named} by its extension and --format {given}: give one of the two"
            ))),
            (_, given) => Ok(given.clone().unwrap_or_default()),
        }
    }

    fn destination(&self) -> Result<Destination, Failure> {
        match (&self.output, &self.out_dir) {
            (Some(_), _) if self.inputs.len() > 1 => {
                Err(Failure::Usage("--output takes one input; --out-dir takes the results of several".to_owned()))
            }
            (Some(_), _) if self.inputs[0].is_dir() => {
                Err(Failure::Usage("--output takes one file; --out-dir takes the results of a folder".to_owned()))
            }
            (Some(file), _) => Ok(Destination::File(file.clone())),
            (None, Some(folder)) => Ok(Destination::Folder(folder.clone())),
            (None, None) => Ok(Destination::Beside),
        }
    }
}

/// Compresses the files, as many at once as there are threads, and tells what came of each.
///
/// # Errors
/// [`Failure::Usage`] for options that contradict each other; [`Failure::Fault`] if a file failed, or a signal came, after all
/// that could be done was done.
pub async fn run(options: &Options, press: Press, threads: usize, source_bytes: u64) -> Result<(), Failure> {
    let (order, destination) = (options.order()?, options.destination()?);
    let inputs = inputs::expand(&options.inputs, options.recursive);
    let taken: HashSet<_> = inputs.iter().filter_map(|input| input.path.canonicalize().ok()).collect();
    let bench = Arc::new(Bench {
        press,
        order,
        destination,
        overwrite: options.overwrite,
        source_bytes,
        inputs: taken,
        outputs: Mutex::default(),
    });
    let shown = inputs.len() > 1 && !options.json;
    let bar = terminal::bar(Unit::Files(inputs.len() as u64), shown);
    let count = inputs.len();
    let mut reports = all(&bench, inputs, threads, &bar, options.json).await?;
    bar.finish_and_clear();
    reports.sort_by_key(|(index, _)| *index);
    let reports: Vec<_> = reports.into_iter().map(|(_, report)| report).collect();
    report::print_all(&reports, options.json, options.report || count > 1)?;
    let failed = reports.iter().filter(|report| report.is_failure()).count();
    match (count - reports.len(), failed) {
        (0, 0) => Ok(()),
        (0, failed) => Err(Failure::Fault(format!("{failed} of {count} files failed"))),
        (left, _) => Err(Failure::Fault(format!("stopped by a signal; {left} of {count} files were not done"))),
    }
}

/// In the order in which they end; fewer than all if a signal came.
async fn all(
    bench: &Arc<Bench>,
    inputs: Vec<Input>,
    threads: usize,
    bar: &ProgressBar,
    json: bool,
) -> Result<Vec<(usize, FileReport)>, Failure> {
    let mut signals = StopSignals::new().map_err(Failure::fault)?;
    let mut work = stream::iter(inputs.into_iter().enumerate())
        .map(|(index, input)| {
            let bench = Arc::clone(bench);
            async move { (index, bench.compress(input).await) }
        })
        .buffer_unordered(threads);
    let mut reports = Vec::new();
    loop {
        let next = tokio::select! {
            biased;
            () = signals.recv() => None,
            next = work.next() => next,
        };
        let Some((index, report)) = next else { return Ok(reports) };
        bar.inc(1);
        if json {
            report.print_json()?;
        }
        reports.push((index, report));
    }
}
