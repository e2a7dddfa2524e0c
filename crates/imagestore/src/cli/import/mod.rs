//! `imagestore import`: pictures of folders, exports, lists, buckets and other stores.
//!
//! The data folder must not be in use by a service. A blob lies there without a row for a moment, and what keeps it from being removed meanwhile
//! holds within one process; a service that starts would take it for a leftover.
//!
//! * `sources` — which pictures are meant: folders, exports, lists.
//! * `bucket`, `pict_rs` — those of other servers.
//! * `work` — one picture from there into the store.
//! * `report` — what came of it.

mod bucket;
mod pict_rs;
mod report;
mod sources;
mod work;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use indicatif::ProgressBar;
use ipnet::IpNet;
use service_kit::exit::Failure;
use service_kit::terminal::{self, Unit};

use self::report::Report;
use self::sources::Item;
use self::work::Bench;
use super::explained;
use crate::app::{self, OnDuplicate};
use crate::domain::{StoreError, Tags, UserName, Visibility};
use crate::settings::Settings;
use crate::wiring::{self, Access};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct ImportArgs {
    /// Folders, of which every picture is taken, whatever it is called; folders that `imagestore export` wrote; files. Links are not
    /// followed.
    #[arg(value_name = "SOURCE", required_unless_present_any = ["list", "s3_listing", "pict_rs"])]
    sources: Vec<PathBuf>,
    /// A file with one path or URL a line, or - for standard input.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// The list of a bucket: its address with prefix= and the like, as `ListObjectsV2` has it, public or presigned. Objects are fetched beside it.
    #[arg(long, value_name = "URL")]
    s3_listing: Option<String>,
    /// The address of a pict-rs, of which every original is taken.
    #[arg(long, value_name = "URL", requires = "api_token_file")]
    pict_rs: Option<String>,
    /// A file with the API key of the pict-rs.
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,
    /// Fetch from addresses that are not public too.
    #[arg(long)]
    allow_private: bool,
    /// Whose the images will be [default: whose they were, or nobody's].
    #[arg(long, value_name = "NAME")]
    owner: Option<UserName>,
    /// Tags for all of them, with commas between them.
    #[arg(long, value_name = "TAGS", default_value = "")]
    tag: Tags,
    /// private, unlisted or public [default: what they were, or auth.visibility].
    #[arg(long, value_name = "WHO")]
    visibility: Option<Visibility>,
    /// What is done when the bytes are stored already, as of uploads.
    #[arg(long, value_name = "WHAT", default_value = "return")]
    on_duplicate: OnDuplicate,
    /// Images of an export keep their ids, where no other image has them.
    #[arg(long)]
    keep_ids: bool,
    /// Make an album of each folder that has pictures in it.
    #[arg(long)]
    album_per_folder: bool,
    /// Pictures at once [default: one a core].
    #[arg(long, value_name = "N", value_parser = super::jobs)]
    jobs: Option<usize>,
    /// Store nothing, only tell what would be.
    #[arg(long)]
    dry_run: bool,
    /// How the end is told.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    report: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people.
    Table,
    /// One JSON document.
    Json,
}

/// What is to be taken, as far as it could be found.
type Items = BoxStream<'static, Result<Item, (String, StoreError)>>;

pub(super) async fn run(settings: &Settings, args: ImportArgs) -> Result<(), Failure> {
    let mut settings = settings.clone();
    settings.fetch.enabled = true;
    if args.allow_private {
        let everywhere = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
        settings.fetch.allowed_networks.extend(everywhere.map(|address| IpNet::new_assert(address, 0)));
    }
    let only_look = args.dry_run && wiring::is_in_use(&settings.data_dir);
    let access = if only_look { Access::ReadOnly } else { Access::Exclusive };
    let opened = wiring::open(&settings, access).await.map_err(Failure::fault)?;
    if access == Access::Exclusive {
        explained(app::recover(&opened.services).await)?;
    }
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let format = args.report;
    let bar = terminal::bar(Unit::Unknown, format == ReportFormat::Table);
    let work = import(&opened.services, args, jobs, &bar);
    let done = terminal::until_signal(work, "the same command goes on with it").await;
    bar.finish_and_clear();
    opened.services.close().await;
    let report = done??;
    report.print(format == ReportFormat::Json)?;
    report.verdict()
}

async fn import(services: &app::Services, args: ImportArgs, jobs: usize, bar: &ProgressBar) -> Result<Report, Failure> {
    let items = items(services, &args)?;
    let mut report = Report::new(args.dry_run);
    let bench = Arc::new(Bench::new(services, args).await?);
    let taken = Arc::clone(&bench);
    let mut work = items
        .enumerate()
        .map(move |(index, item)| {
            let bench = Arc::clone(&taken);
            async move { bench.take(index, item).await }
        })
        .buffer_unordered(jobs);
    while let Some(done) = work.next().await {
        bar.inc(1);
        report.note(done);
    }
    drop(work);
    bench.fill_albums(&mut report).await;
    Ok(report)
}

/// All sources, one after the other.
fn items(services: &app::Services, args: &ImportArgs) -> Result<Items, Failure> {
    let mut items: Vec<Items> = Vec::new();
    for source in &args.sources {
        items.push(sources::of_path(source, args.album_per_folder)?);
    }
    if let Some(list) = &args.list {
        items.push(sources::of_list(list)?);
    }
    if let Some(url) = &args.s3_listing {
        items.push(bucket::items(services.clone(), url, args.album_per_folder)?);
    }
    if let (Some(url), Some(file)) = (&args.pict_rs, &args.api_token_file) {
        let unreadable = |error| Failure::Usage(format!("cannot read {}: {error}", file.display()));
        let token = std::fs::read_to_string(file).map_err(unreadable)?;
        items.push(pict_rs::items(services.clone(), url, token.trim())?);
    }
    Ok(stream::iter(items).flatten().boxed())
}
