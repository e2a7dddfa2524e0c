//! The catalog in a `PostgreSQL` server, version 13 or later.
//!
//! Some connections read, each statement for itself; one writes (`transactions.rs`), under a lock that makes it the only one among all
//! processes. Statements are prepared once a connection. The server may go away and come back: `watch.rs` looks whether it is there, those
//! who wait for it learn at once that it is not, and nothing has to be started anew.

mod address;
mod hearing;
mod transactions;
mod watch;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, PgConnection, PgPool};
use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::sql::{OwnWays, Pool, Presence, SqlCatalog, Writer};
use crate::ports::{CatalogError, Heard};
pub use address::{Address, is_postgres};
use hearing::Hearing;
use transactions::Locked;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// A connection that was used so lately is not tried before it is used again.
const FRESH: Duration = Duration::from_secs(1);

/// Which server, and how long it is waited for.
#[derive(Clone)]
pub struct PostgresSettings {
    /// The server and database where everything is written.
    pub address: Address,
    /// A replica of it, for lists, which may lag behind.
    pub read_address: Option<Address>,
    /// Connections that read, on either server. There is one more that writes.
    pub max_connections: u32,
    /// For how long to try to connect.
    pub connect: Duration,
    /// For how long to wait until one of the connections is free.
    pub acquire: Duration,
    /// How long one statement may take.
    pub statement: Duration,
}

/// What the catalog is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To read and write. Brings the schema up to date.
    Writing,
    /// To read alone.
    Reading,
}

/// Opens the catalog; gives its id beside it, which its data folder has to know.
pub async fn open(settings: &PostgresSettings, purpose: Purpose) -> anyhow::Result<(SqlCatalog, Uuid)> {
    let told = || format!("cannot open the catalog {}", settings.address);
    let (mut connection, id) = prepare(settings, purpose).await.with_context(told)?;
    check_finished(&mut connection).await.with_context(told)?;
    connection.close().await.with_context(told)?;
    let options = settings.options(&settings.address, purpose);
    let presence = Arc::new(Presence::default());
    let reader = settings.pool(&options);
    let writer = Writer::start(Locked::new(options.clone(), settings.connect, Arc::clone(&presence)));
    let mut watches = vec![watch::start(options.clone(), settings, Arc::clone(&presence))];
    let lists = settings.read_address.as_ref().map(|address| {
        let options = settings.options(address, Purpose::Reading);
        let presence = Arc::new(Presence::default());
        watches.push(watch::start(options.clone(), settings, Arc::clone(&presence)));
        Pool::Postgres(settings.pool(&options), presence)
    });
    let own = PostgresWays { _watches: watches, options, hearing: OnceLock::new() };
    Ok((SqlCatalog::new(Pool::Postgres(reader, presence), lists, writer, own), id))
}

impl PostgresSettings {
    /// How to connect for the work of a service.
    fn options(&self, address: &Address, purpose: Purpose) -> PgConnectOptions {
        let millis = |time: Duration| time.as_millis().to_string();
        let read_only = if purpose == Purpose::Reading { "on" } else { "off" };
        address.options().options([
            ("statement_timeout", millis(self.statement)),
            // A process that hangs in a transaction keeps nobody from writing for ever.
            ("idle_in_transaction_session_timeout", millis(self.statement)),
            ("default_transaction_read_only", read_only.to_owned()),
        ])
    }

    /// Nothing connects before it is needed.
    fn pool(&self, options: &PgConnectOptions) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(self.max_connections).acquire_timeout(self.acquire);
        let pool = pool.test_before_acquire(false).before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        });
        pool.connect_lazy_with(options.clone())
    }
}

/// The note in `secrets` of a catalog whose rows are still being copied.
pub(super) const UNFINISHED: &str = "unfinished transfer";

/// Opens a catalog that gets its rows from elsewhere; gives its id beside it.
pub(super) async fn open_to_fill(settings: &PostgresSettings) -> anyhow::Result<(PgConnection, Uuid)> {
    let told = || format!("cannot open the catalog {}", settings.address);
    let (mut connection, id) = prepare(settings, Purpose::Writing).await.with_context(told)?;
    // Of two that fill it at once each would remove what the other one adds.
    let is_alone: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_lock(7596837462840)").fetch_one(&mut connection).await?;
    ensure!(is_alone, "another process copies rows into this database");
    Ok((connection, id))
}

/// Makes sure that all rows are there.
async fn check_finished(connection: &mut PgConnection) -> anyhow::Result<()> {
    let is_unfinished: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM secrets WHERE name = $1)")
        .bind(UNFINISHED)
        .fetch_one(connection)
        .await?;
    ensure!(
        !is_unfinished,
        "rows are being copied into it; run `imagestore migrate-catalog` again until it says that all is done"
    );
    Ok(())
}

/// Makes sure that the database can be used, and brings its schema up to date; gives the catalog's id.
async fn prepare(settings: &PostgresSettings, purpose: Purpose) -> anyhow::Result<(PgConnection, Uuid)> {
    let mut connection = connect(settings).await?;
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut connection).await?;
    ensure!(encoding == "UTF8", "the database has the encoding {encoding}; make one with ENCODING 'UTF8'");
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&mut connection).await?;
    let is_known = version.parse::<u32>().is_ok_and(|version| version >= 130_000);
    ensure!(is_known, "the server is older than PostgreSQL 13");
    match purpose {
        // Whoever starts first takes a lock until it is done; the others find that nothing is left to do.
        Purpose::Writing => MIGRATIONS.run(&mut connection).await.context("its schema cannot be brought up to date")?,
        Purpose::Reading => check_schema(&mut connection).await?,
    }
    let id = sqlx::query_scalar("SELECT id FROM catalogs").fetch_one(&mut connection).await?;
    Ok((connection, id))
}

/// Connects without a limit of time for statements: a migration may take long. A server that is starting is waited for.
async fn connect(settings: &PostgresSettings) -> anyhow::Result<PgConnection> {
    let options = settings.address.options();
    let attempt = || async {
        let connecting = tokio::time::timeout(settings.connect, options.connect());
        connecting.await.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    };
    let pauses = ExponentialBuilder::new().with_min_delay(Duration::from_millis(50)).with_max_delay(FRESH);
    let pauses = pauses.without_max_times().with_total_delay(Some(settings.connect));
    let is_starting = |error: &sqlx::Error| match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(told) => told.code().is_some_and(|code| code == "57P03"),
        _ => false,
    };
    Ok(attempt.retry(pauses).when(is_starting).await?)
}

async fn check_schema(connection: &mut PgConnection) -> anyhow::Result<()> {
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    ensure!(exists, "the database is empty; start imagestore on it once, which makes the tables");
    let current: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?;
    if MIGRATIONS.iter().any(|migration| current.is_none_or(|current| migration.version > current)) {
        bail!("it was made by an older version; start imagestore on it once, which brings it up to date");
    }
    Ok(())
}

struct PostgresWays {
    _watches: Vec<AbortOnDropHandle<()>>,
    options: PgConnectOptions,
    /// Begun when it is first asked for: a command does not listen.
    hearing: OnceLock<Hearing>,
}

#[async_trait]
impl OwnWays for PostgresWays {
    async fn copy_to(&self, _file: &Path) -> Result<(), CatalogError> {
        Err(CatalogError::Failed(anyhow::anyhow!("rows of PostgreSQL are copied by pg_dump")))
    }

    fn hear(&self) -> Option<broadcast::Receiver<Heard>> {
        Some(self.hearing.get_or_init(|| Hearing::start(self.options.clone())).subscribe())
    }
}
