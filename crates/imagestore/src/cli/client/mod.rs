//! `imagestore client`: images of a running store, by gRPC.
//!
//! It knows of the store what `proto/` says and nothing else: it is built on the generated client of `grpc-api`.
//!
//! * `connection` — where the store is, how it is reached, and the key that is shown.
//! * `words` — errors in a line, and texts of others without what a terminal would obey.
//! * `record` — what is told of an image.
//! * `upload`, `get`, `list`, `remove`, `watch` — the commands.

mod connection;
mod get;
mod list;
mod record;
mod remove;
mod upload;
mod watch;
mod words;

use clap::{Args, Subcommand};
use service_kit::exit::Failure;

use self::connection::ServerFlags;
use self::get::GetArgs;
use self::list::ListArgs;
use self::remove::RemoveArgs;
use self::upload::UploadArgs;
use self::watch::WatchArgs;

#[derive(Debug, Args)]
pub(super) struct ClientArgs {
    #[command(flatten)]
    server: ServerFlags,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Upload files and the pictures of folders. Prints the id and the file of each, with a tab between them. A file that is refused is told on
    /// stderr, and the others go on.
    Upload(UploadArgs),
    /// Fetch an original, a thumbnail or a variant into a file, which appears when it is whole.
    Get(GetArgs),
    /// List images, newest first.
    Ls(ListArgs),
    /// Delete images, without a question.
    Rm(RemoveArgs),
    /// Tell what happens, a line each, until Ctrl-C. Goes on behind the last event when the store comes back.
    Watch(WatchArgs),
}

pub(super) async fn run(args: ClientArgs) -> Result<(), Failure> {
    let ClientArgs { server, action } = args;
    match action {
        Action::Upload(args) => upload::run(&server, args).await,
        Action::Get(args) => get::run(&server, args).await,
        Action::Ls(args) => list::run(&server, args).await,
        Action::Rm(args) => remove::run(&server, args).await,
        Action::Watch(args) => watch::run(&server, args).await,
    }
}
