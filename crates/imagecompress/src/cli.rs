//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use service_kit::exit::{Failure, print};
use service_kit::{config, health, logs, openapi};

use crate::app::Until;
use crate::settings::Settings;
use crate::{files, http, wiring};

/// Makes images smaller: those of an imagestore, posted back as variants, and files.
///
/// Without a command it serves, and works on the jobs of the store. Settings come from built-in defaults, imagecompress.toml or --config,
/// .env, the environment (`IMAGECOMPRESS__STORE__URL` and so on) and these flags, later ones winning. Exit codes: 0 done, 1 a fault, 2 wrong
/// usage or settings.
#[derive(Debug, Parser)]
#[command(name = "imagecompress", version)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Flags {
    /// Settings file [default: imagecompress.toml, if it exists].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, global = true, value_name = "ADDRESS")]
    bind: Option<String>,
    /// The imagestore to work for.
    #[arg(long, global = true, value_name = "URL")]
    store_url: Option<String>,
    /// error, warn, info, debug or trace.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// text or json.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve, and work on jobs (the default).
    Serve,
    /// Work on jobs of the store without serving, until a signal says to stop.
    Run {
        /// Stop when there are no more, and print what was done: for cron.
        #[arg(long)]
        once: bool,
    },
    /// Compress files of this machine; no store is needed. Exits with 1 if one of them failed. Results have the permissions of their
    /// inputs and the time at which they were made.
    File(files::Options),
    /// Look at the settings.
    Config {
        #[command(subcommand)]
        action: config::Action,
    },
    /// Print the description of every address as the service sends it at /openapi.json.
    Openapi,
    /// Ask the running service whether it is ready. Exits with 1 if it is not.
    Health,
}

impl Flags {
    fn settings(self, threads: Option<String>) -> Result<Settings, Failure> {
        let flags = [
            ("cpu.threads", threads),
            ("http.bind", self.bind),
            ("store.url", self.store_url),
            ("log.level", self.log_level),
            ("log.format", self.log_format),
        ];
        let given = flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        Settings::load(self.config, given).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// Runs the command.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let command = cli.command.unwrap_or(Command::Serve);
    let threads = if let Command::File(options) = &command { options.threads() } else { None };
    let settings = cli.flags.settings(threads)?;
    match command {
        Command::Serve => {
            logs::init(&settings.log.level, settings.log.format);
            wiring::serve(settings).await.map_err(Failure::fault)
        }
        Command::Run { once } => {
            logs::init(&settings.log.level, settings.log.format);
            let until = if once { Until::Empty } else { Until::Stopped };
            let tally = wiring::run(&settings, until).await.map_err(Failure::fault)?;
            print(&tally.to_string())
        }
        Command::File(options) => file(&options, settings).await,
        Command::Config { action } => action.run(&settings),
        Command::Openapi => print(&openapi::text(&http::describe())),
        Command::Health => health::ask(&settings.http.bind, settings.tls.is_set()).await.map_err(Failure::fault),
    }
}

async fn file(options: &files::Options, mut settings: Settings) -> Result<(), Failure> {
    // What goes wrong is told file by file; the log is for what cannot be.
    logs::init("error", settings.log.format);
    // Nobody has to take in what is made.
    settings.limits.result_budget = u64::MAX;
    let press = wiring::press(&settings).map_err(Failure::fault)?;
    let threads = press.cpu().threads();
    files::run(options, press, threads, settings.limits.source_bytes).await
}
