//! `imagestore migrate-blobs`.

use clap::Args;
use indicatif::DecimalBytes;
use service_kit::config::Secret;
use service_kit::exit::{Failure, print};
use service_kit::terminal::{self, Unit};

use super::explained;
use crate::app::{self, Amount, CopyProgress, MigrateOptions, MigrateReport};
use crate::settings::Settings;
use crate::wiring;

/// Keys of the store that blobs come from, where they are not those of the settings: on a command line others could read them.
const FROM_ACCESS_KEY: &str = "IMAGESTORE_FROM_ACCESS_KEY";
const FROM_SECRET_KEY: &str = "IMAGESTORE_FROM_SECRET_KEY";

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// Where the blobs are, as in blobs.url. Keys are those of the settings, or `IMAGESTORE_FROM_ACCESS_KEY` and `IMAGESTORE_FROM_SECRET_KEY`.
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where they are to be, as in blobs.url, with the keys of the settings.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Read what is there already and compare it with its digest, and not only its size.
    #[arg(long)]
    verify: bool,
    /// Blobs at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::jobs)]
    jobs: usize,
}

pub(super) async fn run(settings: &Settings, args: &MigrateArgs) -> Result<(), Failure> {
    if args.from == args.to {
        return Err(Failure::Usage("--from and --to are the same".to_owned()));
    }
    let from = wiring::passage(&settings_of_origin(settings), &args.from).map_err(Failure::fault)?;
    let to = wiring::passage(settings, &args.to).map_err(Failure::fault)?;
    let bar = terminal::bar(Unit::Bytes(0), true);
    let shown = bar.clone();
    let progress = move |progress| match progress {
        CopyProgress::Bytes(total) => shown.set_length(total),
        CopyProgress::Done(bytes) => shown.inc(bytes),
    };
    let options = MigrateOptions { verify: args.verify, jobs: args.jobs };
    let work = app::migrate_blobs(&*from.blobs, &*to.blobs, options, &progress);
    let done = terminal::until_signal(work, "what is copied so far stays; the same command goes on with it").await;
    bar.finish_and_clear();
    let report = explained(done?)?;
    print(&table(&report))?;
    verdict(&report)
}

fn settings_of_origin(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if let (Ok(access), Ok(secret)) = (std::env::var(FROM_ACCESS_KEY), std::env::var(FROM_SECRET_KEY)) {
        settings.blobs.access_key = Secret::from(access.as_str());
        settings.blobs.secret_key = Secret::from(secret.as_str());
    }
    settings
}

fn table(report: &MigrateReport) -> String {
    let amount = |what: &str, Amount { number, bytes }: Amount| {
        vec![what.to_owned(), number.to_string(), DecimalBytes(bytes).to_string()]
    };
    let count = |what: &str, number: u64| vec![what.to_owned(), number.to_string(), String::new()];
    let rows = [
        amount("copied now", report.copied),
        amount("there already", report.present),
        count("removed meanwhile", report.vanished),
        count("damaged, not copied", report.damaged.len() as u64),
        count("parts of unfinished uploads, left out", report.parts),
        count("times listed", u64::from(report.passes)),
    ];
    terminal::table(["blobs", "number", "bytes"], 1, rows).to_string()
}

fn verdict(report: &MigrateReport) -> Result<(), Failure> {
    let mut lines: Vec<_> = report.damaged.iter().map(|digest| format!("blob {digest} is damaged")).collect();
    if !lines.is_empty() {
        lines.push("imagestore fsck tells what they belong to".to_owned());
    }
    if !report.is_complete {
        lines.push("new blobs keep coming; run the same command again".to_owned());
    }
    if lines.is_empty() { Ok(()) } else { Err(Failure::Fault(lines.join("\n"))) }
}
