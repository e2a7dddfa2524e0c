//! `imagestore backup` and `imagestore restore`.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{DecimalBytes, ProgressBar};
use service_kit::exit::{Failure, print};
use service_kit::terminal::{self, Unit};

use super::explained;
use crate::app::{self, Amount, CopyOptions, CopyProgress, CopyReport};
use crate::settings::Settings;
use crate::wiring::{self, Access, CopyKind};

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// A folder that is empty, not there yet, or a backup: then only what is new is copied, and what is gone is removed.
    folder: PathBuf,
    /// Link files where that is possible, in place of copying them: quick and without further room, but damage to a file is damage to both.
    #[arg(long)]
    link: bool,
    /// Files at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::jobs)]
    jobs: usize,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// A folder that `imagestore backup` made.
    backup: PathBuf,
    /// Files at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::jobs)]
    jobs: usize,
}

pub(super) async fn backup(settings: &Settings, args: &BackupArgs) -> Result<(), Failure> {
    let options = CopyOptions { link: args.link, jobs: args.jobs };
    copy(settings, &settings.data_dir, &args.folder, CopyKind::Backup, options).await
}

pub(super) async fn restore(settings: &Settings, args: &RestoreArgs) -> Result<(), Failure> {
    let options = CopyOptions { link: false, jobs: args.jobs };
    copy(settings, &args.backup, &settings.data_dir, CopyKind::Restore, options).await
}

async fn copy(
    settings: &Settings,
    source: &Path,
    folder: &Path,
    kind: CopyKind,
    options: CopyOptions,
) -> Result<(), Failure> {
    if settings.postgres().is_some() {
        return Err(Failure::Fault(format!(
            "the rows are in PostgreSQL, which has its own tools: copy them with pg_dump --format=custom, then the folder {}; \
             to restore, use pg_restore and put the folder back",
            settings.data_dir.display()
        )));
    }
    if !wiring::is_data_folder(source) {
        let what = if kind == CopyKind::Backup { "data folder" } else { "backup" };
        return Err(Failure::Fault(format!("{} is no {what}: it has no catalog", source.display())));
    }
    let target = wiring::copy_into(settings, source, folder, kind).await.map_err(Failure::fault)?;
    let mut settings = Settings { data_dir: source.to_owned(), ..settings.clone() };
    if kind == CopyKind::Restore {
        wiring::FILES.clone_into(&mut settings.blobs.url);
    }
    let opened = wiring::open(&settings, Access::Copying).await.map_err(Failure::fault)?;
    let bar = terminal::bar(Unit::Bytes(0), true);
    let shown = bar.clone();
    let progress = move |progress| show(&shown, progress);
    let work = app::copy_store(&opened.services, &*target, options, &progress);
    let left = "what is copied so far stays; the same command goes on with it";
    let copied = terminal::until_signal(work, left).await;
    bar.finish_and_clear();
    opened.services.close().await;
    let report = explained(copied?)?;
    print(&table(&report))?;
    verdict(&report)
}

fn show(bar: &ProgressBar, progress: CopyProgress) {
    match progress {
        CopyProgress::Bytes(total) => bar.set_length(total),
        CopyProgress::Done(bytes) => bar.inc(bytes),
    }
}

fn table(report: &CopyReport) -> String {
    let row = |what: &str, Amount { number, bytes }: Amount| {
        vec![what.to_owned(), number.to_string(), DecimalBytes(bytes).to_string()]
    };
    let images = vec!["images".to_owned(), report.images.to_string(), String::new()];
    let rows = [
        images,
        row("files", report.kept),
        row("copied now", report.copied),
        row("linked now", report.linked),
        row("removed", report.removed),
    ];
    terminal::table(["", "number", "bytes"], 1, rows).to_string()
}

fn verdict(report: &CopyReport) -> Result<(), Failure> {
    if report.is_whole() {
        return Ok(());
    }
    let mut lines: Vec<_> =
        report.lost_images.iter().map(|(id, damage)| format!("image {id}: original {}", damage.words())).collect();
    if report.lost_derived > 0 {
        lines.push(format!("{} variants or master copies are damaged; they are made again", report.lost_derived));
    }
    lines.push("the copy is made, without what is damaged".to_owned());
    Err(Failure::Fault(lines.join("\n")))
}
