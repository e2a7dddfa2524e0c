//! `imagestore export`: originals as plain files, and a manifest that tells what is known of them.
//!
//! Whoever stops it may run it again: files that are there with the right bytes stay. The manifest is written to `images.jsonl.part` line by
//! line, each after its file, and takes its place at the end, with the lines of earlier exports that this one has nothing to say of.

mod folder;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{DecimalBytes, ProgressBar};
use jiff::Timestamp;
use service_kit::exit::{Failure, print};
use service_kit::terminal::{self, Unit};

use self::folder::{Folder, Outcome};
use super::explained;
use super::manifest::Entry;
use crate::app::{Amount, ExportWish, Services};
use crate::domain::{AlbumName, UserName};
use crate::settings::Settings;
use crate::wiring::{self, Access};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Where the files go; made if it is not there.
    folder: PathBuf,
    /// Only images of this user.
    #[arg(long, value_name = "NAME")]
    owner: Option<UserName>,
    /// Only images in this album: one of --owner's, or of nobody's.
    #[arg(long, value_name = "NAME")]
    album: Option<AlbumName>,
    /// Only images stored at this time or later, such as 2026-10-01 or 2026-10-01T12:00:00Z.
    #[arg(long, value_name = "DATE", value_parser = time)]
    since: Option<Timestamp>,
    /// Put the images of each album into a folder of its name; of an image in several albums there is one file.
    #[arg(long)]
    album_folders: bool,
    /// Files at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::jobs)]
    jobs: usize,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let date = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let time = text.parse().ok().or_else(|| date().map(|zoned| zoned.timestamp()));
    time.ok_or_else(|| "must be a date such as 2026-10-01, or a time such as 2026-10-01T12:00:00Z".to_owned())
}

/// What came of it.
#[derive(Default)]
struct Report {
    written: Amount,
    present: Amount,
    gone: u64,
    damaged: u64,
}

pub(super) async fn run(settings: &Settings, args: &ExportArgs) -> Result<(), Failure> {
    let opened = wiring::open(settings, Access::ReadOnly).await.map_err(Failure::fault)?;
    let bar = terminal::bar(Unit::Unknown, true);
    let work = export(&opened.services, args, &bar);
    let done = terminal::until_signal(work, "the same command goes on with it").await;
    bar.finish_and_clear();
    opened.services.close().await;
    let report = done??;
    let row = |what: &str, Amount { number, bytes }: Amount| {
        vec![what.to_owned(), number.to_string(), DecimalBytes(bytes).to_string()]
    };
    let count = |what: &str, number: u64| vec![what.to_owned(), number.to_string(), String::new()];
    let rows = [
        row("written", report.written),
        row("there already", report.present),
        count("deleted meanwhile", report.gone),
        count("damaged", report.damaged),
    ];
    print(&terminal::table(["", "number", "bytes"], 1, rows).to_string())?;
    match report.damaged {
        0 => Ok(()),
        damaged => Err(Failure::Fault(format!("{damaged} images were not exported"))),
    }
}

async fn export(services: &Services, args: &ExportArgs, bar: &ProgressBar) -> Result<Report, Failure> {
    let wish = ExportWish { owner: args.owner.clone(), album: args.album.clone(), since: args.since };
    let mut images = explained(services.export(wish).await)?;
    let mut folder =
        Folder::open(&args.folder, args.album_folders).map_err(|error| unwritable(&args.folder, &error))?;
    let mut report = Report::default();
    while let Some(page) = explained(images.page().await)? {
        let named: Vec<_> = page.into_iter().map(|image| (folder.file_of(&image), image)).collect();
        let root = folder.root.clone();
        let mut written = stream::iter(named)
            .map(|(file, image)| {
                let path = root.join(&file);
                async move { Ok::<_, Failure>((folder::write(services, &image.image, &path).await?, file, image)) }
            })
            .buffered(args.jobs);
        while let Some((outcome, file, image)) = written.try_next().await? {
            bar.inc(1);
            match outcome {
                Outcome::Written => report.written.add(image.image.bytes),
                Outcome::Present => report.present.add(image.image.bytes),
                Outcome::Gone => {
                    report.gone += 1;
                    continue;
                }
                Outcome::Damaged => {
                    report.damaged += 1;
                    super::complain(&format!("image {}: its original is damaged, see imagestore fsck", image.image.id));
                    continue;
                }
            }
            folder.note(&Entry::of(&image, file)).map_err(|error| unwritable(&args.folder, &error))?;
        }
    }
    folder.finish().map_err(|error| unwritable(&args.folder, &error))?;
    Ok(report)
}

fn unwritable(folder: &Path, error: &io::Error) -> Failure {
    Failure::Fault(format!("cannot write to {}: {error}", folder.display()))
}
