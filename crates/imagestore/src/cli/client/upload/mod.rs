//! `imagestore client upload`.
//!
//! Each file is a stream of its own, several at once on one connection: what is refused is one file, and no other has to be sent again.

mod pieces;
mod send;
mod sources;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures::{StreamExt, stream};
use grpc_api::image_v1 as api;
use indicatif::ProgressBar;
use service_kit::exit::{Failure, print};
use service_kit::terminal::{self, Unit};
use tokio::task::spawn_blocking;

use self::send::{Fault, Sender};
use self::sources::Source;
use super::connection::ServerFlags;
use super::{record, words};
use crate::cli::complain;
use crate::domain::{ImageName, Tags, Visibility};

#[derive(Debug, Args)]
pub(super) struct UploadArgs {
    /// Files; folders, of which every picture is taken, whatever it is called; - for standard input. Links in folders are not followed.
    #[arg(required = true, value_name = "FILE|FOLDER|-")]
    sources: Vec<PathBuf>,
    /// Tags for all of them, with commas between them.
    #[arg(long, value_name = "TAGS", default_value = "")]
    tag: Tags,
    /// private, unlisted or public [default: as the store's settings say].
    #[arg(long, value_name = "WHO")]
    visibility: Option<Visibility>,
    /// What comes from standard input is called like this.
    #[arg(long, value_name = "NAME", default_value = "stdin", value_parser = name)]
    name: String,
    /// Print the record of each image as JSON, with its file, one a line.
    #[arg(long)]
    json: bool,
    /// Files at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = crate::cli::jobs)]
    jobs: usize,
}

fn name(text: &str) -> Result<String, String> {
    let name = ImageName::from_client(text).filter(|name| name.as_str() == text);
    name.map(|name| name.as_str().to_owned()).ok_or_else(|| "must be a file's name, without a path".to_owned())
}

/// What became of one file.
type Done = (Source, Result<api::Image, Fault>);

pub(super) async fn run(server: &ServerFlags, args: UploadArgs) -> Result<(), Failure> {
    let UploadArgs { sources, tag, visibility, name, json, jobs } = args;
    let found = spawn_blocking(move || sources::expand(&sources, &name)).await.map_err(Failure::fault)?;
    let client = server.connect().await?;
    let bar = terminal::bar(Unit::Bytes(found.iter().flatten().filter_map(|source| source.size).sum()), true);
    let first = api::UploadImageRequest {
        tags: tag.iter().map(str::to_owned).collect(),
        visibility: visibility.map(|visibility| visibility.name().to_owned()).unwrap_or_default(),
        ..Default::default()
    };
    let sender = Arc::new(Sender { client, first, bar: bar.clone() });
    let work = upload(server, found, &sender, jobs, json);
    let done = terminal::until_signal(work, "what was printed is stored, and nothing stays of the rest").await;
    bar.finish_and_clear();
    done?
}

/// Sends what was found, and tells of each in its turn.
async fn upload(
    server: &ServerFlags,
    found: Vec<Result<Source, String>>,
    sender: &Arc<Sender>,
    jobs: usize,
    json: bool,
) -> Result<(), Failure> {
    let (total, mut failed, mut seen) = (found.len(), 0, 0);
    let mut sent =
        stream::iter(found).map(|found| async move { Ok::<Done, String>(sender.send(found?).await) }).buffered(jobs);
    while let Some(done) = sent.next().await {
        seen += 1;
        let refused = match done {
            Ok((source, Ok(image))) => {
                told(&sender.bar, &image, &source, json)?;
                continue;
            }
            Ok((source, Err(Fault::Store(status)))) => {
                let behind = total - seen;
                let why = server.explain(&status);
                return Err(Failure::Fault(format!(
                    "{}: {why} ({behind} more are not uploaded)",
                    words::plain(&source.label)
                )));
            }
            Ok((source, Err(Fault::Refused(status)))) => format!("{}: {}", source.label, server.explain(&status)),
            Ok((source, Err(Fault::Unreadable(error)))) => format!("{}: cannot be read: {error}", source.label),
            Err(refused) => refused,
        };
        failed += 1;
        sender.bar.suspend(|| complain(&words::plain(&refused)));
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::Fault(format!("{failed} of {total} were not uploaded"))),
    }
}

fn told(bar: &ProgressBar, image: &api::Image, source: &Source, json: bool) -> Result<(), Failure> {
    let line = if json {
        record::json(image, Some(&source.label))?
    } else {
        format!("{}\t{}", words::plain(&image.id), words::plain(&source.label))
    };
    bar.suspend(|| print(&line))
}
