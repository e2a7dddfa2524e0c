//! `imagestore gc`.

use std::time::Duration;

use clap::Args;
use indicatif::DecimalBytes;
use jiff::{Span, SpanRelativeTo};
use service_kit::exit::{Failure, print};
use service_kit::terminal;

use super::explained;
use crate::app::{self, Amount, GcOptions, GcReport};
use crate::settings::Settings;
use crate::wiring::{self, Access};

#[derive(Debug, Args)]
pub(super) struct GcArgs {
    /// Remove nothing, only tell what would go.
    #[arg(long)]
    dry_run: bool,
    /// While the service is running, leave files alone that are younger, such as 6h; at least 10m, in which an upload is either stored or
    /// broken off.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = age)]
    older_than: Duration,
}

fn age(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_mins(10);
    let wanted = || "must be a time of at least 10m, such as 1h or 2d".to_owned();
    let span: Span = text.parse().map_err(|_| wanted())?;
    let days = SpanRelativeTo::days_are_24_hours();
    let age = span.to_duration(days).ok().and_then(|age| Duration::try_from(age).ok());
    age.filter(|age| *age >= LEAST).ok_or_else(wanted)
}

pub(super) async fn run(settings: &Settings, args: &GcArgs) -> Result<(), Failure> {
    let alone = !wiring::is_in_use(&settings.data_dir);
    let access = match (args.dry_run, alone) {
        (true, _) => Access::ReadOnly,
        (false, true) => Access::Exclusive,
        (false, false) => Access::Beside,
    };
    let opened = wiring::open(settings, access).await.map_err(Failure::fault)?;
    let options = GcOptions { age: args.older_than, dry_run: args.dry_run, alone };
    let work = app::gc(&opened.services, options);
    let done = terminal::until_signal(work, "what was removed so far was not needed; run it again for the rest").await;
    opened.services.close().await;
    let report = explained(done?)?;
    print(&table(&report, args.dry_run, alone))
}

fn table(report: &GcReport, dry_run: bool, alone: bool) -> String {
    let files = |what: &str, Amount { number, bytes }: Amount| {
        vec![what.to_owned(), number.to_string(), DecimalBytes(bytes).to_string()]
    };
    let rows = |what: &str, number: u64| vec![what.to_owned(), number.to_string(), String::new()];
    let removed = [
        files("unfinished files", report.unfinished),
        files("files that nothing refers to", report.orphans),
        files(if alone { "half deleted files" } else { "half deleted files, left to the service" }, report.doomed),
        files("expired uploads", report.uploads),
        files("parts of no upload", report.parts),
        rows("old jobs", report.jobs),
        rows("old messages", report.messages),
    ];
    let heading = if dry_run { "would be removed" } else { "removed" };
    terminal::table([heading, "number", "bytes"], 1, removed).to_string()
}
