//! The command line.

mod access;
mod client;
mod copy;
mod export;
mod gc;
mod import;
mod manifest;
mod migrate;
mod migrate_catalog;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use image_engine::SNIFF_BYTES;
use jiff::Span;
use service_kit::exit::{Failure, print};
use service_kit::{config, health, logs, openapi};

use crate::app;
use crate::cli::access::{KeyAction, UserAction};
use crate::cli::client::ClientArgs;
use crate::cli::copy::{BackupArgs, RestoreArgs};
use crate::cli::export::ExportArgs;
use crate::cli::gc::GcArgs;
use crate::cli::import::ImportArgs;
use crate::cli::migrate::MigrateArgs;
use crate::domain::StoreError;
use crate::http;
use crate::settings::Settings;
use crate::wiring::{self, Access};

/// Keeps images and makes any variant of them.
///
/// Without a command it serves. Settings come from built-in defaults, imagestore.toml or --config, .env, the environment
/// (`IMAGESTORE__HTTP__BIND` and so on) and these flags, later ones winning. Exit codes: 0 done, 1 a fault (or fsck found damage), 2 wrong
/// usage or settings.
#[derive(Debug, Parser)]
#[command(name = "imagestore", version)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the flags stand under that every command of the service has.
const SETTINGS: &str = "Settings of the service";

#[derive(Debug, Args)]
struct Flags {
    /// Settings file [default: imagestore.toml, if it exists].
    #[arg(long, global = true, help_heading = SETTINGS, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, global = true, help_heading = SETTINGS, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Addresses and ports for gRPC, with commas between them; "" for none.
    #[arg(long, global = true, help_heading = SETTINGS, value_name = "ADDRESS")]
    grpc_bind: Option<String>,
    /// Folder for everything that is kept.
    #[arg(long, global = true, help_heading = SETTINGS, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// error, warn, info, debug or trace.
    #[arg(long, global = true, help_heading = SETTINGS, value_name = "LEVEL")]
    log_level: Option<String>,
    /// text or json.
    #[arg(long, global = true, help_heading = SETTINGS, value_name = "FORMAT")]
    log_format: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Store(StoreCommand),
    /// Upload, fetch, list, delete and watch images of a running store, by gRPC. Needs no settings and no data folder. Exits with 1 if something failed.
    Client(ClientArgs),
}

/// What needs the settings of a store.
#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Serve (the default).
    Serve,
    /// Look at the settings.
    Config {
        #[command(subcommand)]
        action: config::Action,
    },
    /// Check every record against its file. Exits with 1 if something is wrong.
    Fsck {
        /// Remove files that nothing refers to and records of damaged variants. The service must not be running.
        #[arg(long)]
        repair: bool,
    },
    /// Copy everything that is kept into a folder, which can be served as it is. The service may be running. Exits with 1 if something that is kept
    /// is damaged.
    Backup(BackupArgs),
    /// Copy a backup into the data folder, which must be empty, and compare every file with its digest.
    Restore(RestoreArgs),
    /// Write originals into a folder under their names, with images.jsonl, which tells what is known of them. The service may be running.
    Export(ExportArgs),
    /// Store pictures of folders, exports, lists, buckets or a pict-rs. What is there already is not stored again, so that a run which was stopped can
    /// be repeated. The service must not be running. Exits with 1 if something failed.
    Import(ImportArgs),
    /// Remove what nothing refers to, and tell how much that was. The service may be running; only files whose deletion was begun and not finished are
    /// left to it then.
    Gc(GcArgs),
    /// Copy all blobs to another storage, comparing each with its digest. The service may be running; run it once more when the service is
    /// stopped, then set blobs.url. What is there already is not copied again. Exits with 1 if something is damaged.
    MigrateBlobs(MigrateArgs),
    /// Copy the rows of the data folder's catalog into the database that catalog.url names. The service may be running with catalog.url = "sqlite:";
    /// run it once more when the service is stopped, which copies what has changed since and makes the database the catalog.
    MigrateCatalog,
    /// Look after the master copies that variants are made from.
    Renditions {
        #[command(subcommand)]
        action: RenditionsAction,
    },
    /// Add users, list them, let them in or not. The service may be running.
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Make keys, list them, revoke them. The service may be running, and hears of it within a few seconds (`auth.remember_seconds`).
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Sign an address, so that anybody may use it until it expires. The service may be running.
    Sign {
        /// Such as /i/ID.webp?w=512 or /download/ID.
        address: String,
        /// For how long, such as 7d or 12h.
        #[arg(long, value_name = "TIME", default_value = "1h")]
        expires: Span,
    },
    /// Print the description of every address as the service sends it at /openapi.json.
    Openapi,
    /// Ask the running service whether it is ready. Exits with 1 if it is not.
    Health,
}

#[derive(Debug, Subcommand)]
enum RenditionsAction {
    /// Drop all and queue anew what is worth one; the service makes them. It must not be running.
    Rebuild,
    /// Print how many there are, their bytes, and how many are to be made.
    Status,
}

impl Flags {
    /// Makes sure that nobody believes a command heeds them which does not.
    fn refuse(self, command: &str) -> Result<(), Failure> {
        let Self { config, bind, grpc_bind, data_dir, log_level, log_format } = self;
        let is_given =
            config.is_some() || [bind, grpc_bind, data_dir, log_level, log_format].iter().any(Option::is_some);
        let refused = || {
            format!(
                "`{command}` has nothing to do with the settings of the service: leave --config, --bind and the like out"
            )
        };
        if is_given { Err(Failure::Usage(refused())) } else { Ok(()) }
    }

    fn settings(self) -> Result<Settings, Failure> {
        let flags = [
            ("http.bind", self.bind),
            ("grpc.binds", self.grpc_bind),
            ("data_dir", self.data_dir),
            ("log.level", self.log_level),
            ("log.format", self.log_format),
        ];
        let given = flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        Settings::load(self.config, given).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// Runs the command.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Some(Command::Client(args)) => {
            cli.flags.refuse("client")?;
            client::run(args).await
        }
        Some(Command::Store(command)) => run_for_store(cli.flags.settings()?, command).await,
        None => run_for_store(cli.flags.settings()?, StoreCommand::Serve).await,
    }
}

async fn run_for_store(settings: Settings, command: StoreCommand) -> Result<(), Failure> {
    match command {
        StoreCommand::Serve => {
            logs::init(&settings.log.level, settings.log.format);
            wiring::serve(settings).await.map_err(Failure::fault)
        }
        StoreCommand::Config { action } => action.run(&settings),
        StoreCommand::Fsck { repair } => {
            logs::init(&settings.log.level, settings.log.format);
            fsck(&settings, repair).await
        }
        StoreCommand::Backup(args) => {
            logs::init(&settings.log.level, settings.log.format);
            copy::backup(&settings, &args).await
        }
        StoreCommand::Restore(args) => {
            logs::init(&settings.log.level, settings.log.format);
            copy::restore(&settings, &args).await
        }
        StoreCommand::Export(args) => {
            logs::init(&settings.log.level, settings.log.format);
            export::run(&settings, &args).await
        }
        StoreCommand::Import(args) => {
            logs::init(&settings.log.level, settings.log.format);
            import::run(&settings, args).await
        }
        StoreCommand::Gc(args) => {
            logs::init(&settings.log.level, settings.log.format);
            gc::run(&settings, &args).await
        }
        StoreCommand::MigrateBlobs(args) => {
            logs::init(&settings.log.level, settings.log.format);
            migrate::run(&settings, &args).await
        }
        StoreCommand::MigrateCatalog => {
            logs::init(&settings.log.level, settings.log.format);
            migrate_catalog::run(&settings).await
        }
        StoreCommand::Renditions { action } => {
            logs::init(&settings.log.level, settings.log.format);
            renditions(&settings, &action).await
        }
        StoreCommand::User { action } => access::user(&settings, action).await,
        StoreCommand::Key { action } => access::key(&settings, action).await,
        StoreCommand::Sign { address, expires } => access::sign(&settings, &address, expires).await,
        StoreCommand::Openapi => print(&openapi::text(&http::describe(settings.public_url().as_ref()))),
        StoreCommand::Health => health::ask(&settings.http.bind, settings.tls.is_set()).await.map_err(Failure::fault),
    }
}

async fn fsck(settings: &Settings, repair: bool) -> Result<(), Failure> {
    let access = if repair { Access::Exclusive } else { Access::ReadOnly };
    let opened = wiring::open(settings, access).await.map_err(Failure::fault)?;
    if repair {
        app::recover(&opened.services).await.map_err(|error| Failure::fault(wiring::explain(&error)))?;
    }
    let report = app::fsck(&opened.services, repair).await.map_err(|error| Failure::fault(wiring::explain(&error)))?;
    opened.services.close().await;
    print(&report.to_string())?;
    if report.is_clean() { Ok(()) } else { Err(Failure::Fault("fsck found damage".to_owned())) }
}

async fn renditions(settings: &Settings, action: &RenditionsAction) -> Result<(), Failure> {
    let explain = |error| Failure::fault(wiring::explain(&error));
    let access = match action {
        RenditionsAction::Rebuild => Access::Exclusive,
        RenditionsAction::Status => Access::ReadOnly,
    };
    let opened = wiring::open(settings, access).await.map_err(Failure::fault)?;
    if matches!(action, RenditionsAction::Rebuild) {
        app::recover(&opened.services).await.map_err(explain)?;
        app::rebuild_renditions(&opened.services).await.map_err(explain)?;
    }
    let totals = opened.services.totals().await.map_err(explain)?;
    opened.services.close().await;
    print(&totals.masters.to_string())
}

/// A use case's result, with the whole cause for the operator.
fn explained<T>(result: Result<T, StoreError>) -> Result<T, Failure> {
    result.map_err(|error| Failure::fault(wiring::explain(&error)))
}

/// How many things are done at once.
fn jobs(text: &str) -> Result<usize, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=256).contains(jobs));
    jobs.ok_or_else(|| "must be a number from 1 to 256".to_owned())
}

/// Tells of something that went wrong while the rest goes on.
fn complain(text: &str) {
    // Nothing can be done about a closed stderr.
    let _ = writeln!(io::stderr(), "imagestore: {text}");
}

/// Whether a file is a picture, whatever it is called.
fn begins_like_a_picture(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    File::open(path)?.take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    Ok(image_engine::recognise(&head).is_ok())
}
