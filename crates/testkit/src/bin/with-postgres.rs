//! Runs a command whose stores have their catalogs in `PostgreSQL`.

use std::process::{Command, ExitCode};

use clap::Parser;
use testkit::postgres::{CATALOG, Server, ServerOptions};

/// Starts a `PostgreSQL` server, runs a command whose tests use it, and stops it again. Exits as the command did.
#[derive(Debug, Parser)]
#[command(name = "with-postgres")]
struct Cli {
    /// The port on loopback; any free one if nothing is said.
    #[arg(long)]
    port: Option<u16>,
    /// An empty database to make.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let Cli { port, database, command } = Cli::parse();
    let server = Server::start(ServerOptions { port, ..ServerOptions::default() });
    if let Some(name) = database {
        server.database(&name);
    }
    let status = Command::new(&command[0]).args(&command[1..]).env(CATALOG, server.address()).status();
    match status {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("with-postgres: cannot run {}: {error}", command[0]);
            ExitCode::FAILURE
        }
    }
}
