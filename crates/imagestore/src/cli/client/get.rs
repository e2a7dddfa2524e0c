//! `imagestore client get`.

mod download;
mod target;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::StreamExt;
use grpc_api::image_v1 as api;
use indicatif::ProgressBar;
use service_kit::exit::{Failure, print};
use service_kit::terminal::{self, Unit};
use shared_types::ImageId;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use self::download::Download;
use super::connection::ServerFlags;
use super::words;

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// Which image.
    id: ImageId,
    /// Where to: a file, a folder, or - for standard output [default: the image's name, here].
    #[arg(long, short, value_name = "FILE|FOLDER|-")]
    output: Option<PathBuf>,
    /// The thumbnail, at most 256 pixels wide.
    #[arg(long, conflicts_with_all = ["variant", "parameters"])]
    thumbnail: bool,
    /// A variant by its parameters, as in addresses, with commas between them: w=640,format=webp or transform=compress.
    #[arg(long, value_name = "PARAMETERS", value_parser = variant)]
    variant: Option<Parameters>,
    /// One more parameter of the variant.
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// Replace a file that is there, and write to a terminal.
    #[arg(long)]
    force: bool,
}

/// Parameters of a variant, as they were said.
#[derive(Debug, Clone)]
struct Parameters(Vec<(String, String)>);

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("must be NAME=VALUE, such as w=640")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Values may have commas in them: what is no pair goes on with the one before.
fn variant(text: &str) -> Result<Parameters, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in text.split(',') {
        match (pair(part), pairs.last_mut()) {
            (Ok(pair), _) => pairs.push(pair),
            (Err(_), Some((_, value))) => *value = format!("{value},{part}"),
            (Err(error), None) => return Err(error),
        }
    }
    Ok(Parameters(pairs))
}

impl GetArgs {
    /// What is asked for beside the original.
    fn transform(&self) -> Result<Option<api::Transform>, Failure> {
        let of_variant = self.variant.iter().flat_map(|Parameters(pairs)| pairs);
        let mut transform = api::Transform::default();
        for (name, value) in of_variant.chain(&self.parameters) {
            if transform.parameters.insert(name.clone(), value.clone()).is_some() {
                return Err(Failure::Usage(format!("the parameter {} is said twice", words::plain(name))));
            }
        }
        Ok((!transform.parameters.is_empty()).then_some(transform))
    }
}

pub(super) async fn run(server: &ServerFlags, args: GetArgs) -> Result<(), Failure> {
    let transform = args.transform()?;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if to_stdout && !args.force && std::io::stdout().is_terminal() {
        return Err(Failure::Usage("a picture makes no sense on a terminal; --force writes it there".to_owned()));
    }
    let folder = args.output.as_deref().filter(|path| path.is_dir()).or(args.output.is_none().then_some(Path::new("")));
    let named = args.output.as_deref().filter(|_| folder.is_none());
    if let Some(file) = named.filter(|_| !to_stdout) {
        target::check(file, args.force)?;
    }
    let work = async {
        let download = download::begin(server, args.id, args.thumbnail, transform, folder.is_some()).await?;
        let bar = terminal::bar(Unit::Bytes(download.size), !to_stdout);
        let done = match (folder, named) {
            _ if to_stdout => receive(server, download, &mut target::stdout()?, &bar).await.map(|()| None),
            (Some(folder), _) => {
                let file = folder.join(&download.name);
                into_file(server, download, &file, args.force, &bar).await.map(|()| Some(file))
            }
            (None, file) => {
                into_file(server, download, file.unwrap_or(Path::new("")), args.force, &bar).await.map(|()| None)
            }
        };
        bar.finish_and_clear();
        done
    };
    let chosen = terminal::until_signal(work, "nothing stays of what was begun").await??;
    chosen.map_or(Ok(()), |file| print(&file.display().to_string()))
}

async fn into_file(
    server: &ServerFlags,
    download: Download,
    file: &Path,
    force: bool,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    target::check(file, force)?;
    let unwritable = |error| target::unwritable(file, &error);
    let temporary = target::temporary(file).map_err(unwritable)?;
    let mut writer = tokio::fs::File::from_std(temporary.as_file().try_clone().map_err(unwritable)?);
    receive(server, download, &mut writer, bar).await?;
    writer.sync_all().await.map_err(unwritable)?;
    target::put(temporary, file, force)
}

/// Writes all pieces, and makes sure that they are what was announced.
async fn receive(
    server: &ServerFlags,
    download: Download,
    writer: &mut (impl AsyncWrite + Unpin),
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let Download { size, digest, mut pieces, .. } = download;
    let unwritable = |error: std::io::Error| Failure::Fault(format!("cannot write: {error}"));
    let (mut received, mut hasher) = (0, blake3::Hasher::new());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|status| Failure::Fault(server.explain(&status)))?;
        hasher.update(&piece);
        writer.write_all(&piece).await.map_err(unwritable)?;
        received += piece.len() as u64;
        bar.inc(piece.len() as u64);
    }
    writer.flush().await.map_err(unwritable)?;
    let is_whole = received == size && digest.is_none_or(|digest| digest == hasher.finalize().to_hex().as_str());
    if is_whole {
        return Ok(());
    }
    Err(Failure::Fault("the picture did not arrive as it is stored; get it again".to_owned()))
}
