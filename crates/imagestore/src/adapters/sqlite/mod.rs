//! The catalog in one `SQLite` file.
//!
//! Write-ahead log with `synchronous=FULL`: a transaction that was acknowledged survives a power cut. One connection writes, so writers
//! queue up in order instead of failing with "busy", and share the wait for the disk; several read, and never wait for the writer.
//!
//! The file is read, not mapped (`mmap_size`): mapped, an error of the disk ends the process (SIGBUS) where it fails one request now, and each
//! commit makes every reader give its mapping up. Of five million images getting one takes as long either way, and beside 200 commits a
//! second up to a third longer when mapped.

mod checkpoints;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Sqlite, SqliteConnection, Transaction};
use tokio::sync::broadcast;

use super::sql::{Connection, OwnWays, Pool, SqlCatalog, Transactions, Writer};
use crate::ports::{CatalogError, Heard};
use checkpoints::Checkpoints;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that read.
const READERS: u32 = 8;
/// Rows that a reader may be ahead of whoever asked: a page of a list, and nobody waits for the other in between.
const ROWS_AHEAD: usize = 256;
/// Bytes of the log that are kept when it is begun anew, having been longer for once.
const LOG_KEPT: &str = "67108864";

/// How much memory the catalog takes.
#[derive(Debug, Clone, Copy)]
pub struct SqliteSettings {
    /// Bytes for pages of the file, over all connections. What is not among them is read from the system's memory, or from the disk.
    pub cache_bytes: u64,
}

impl SqliteSettings {
    /// The share of one connection, as `PRAGMA cache_size` has it: KiB, negative.
    fn cache_size(self) -> String {
        let writer = 1;
        format!("-{}", self.cache_bytes / u64::from(READERS + writer) / 1024)
    }
}

/// Opens or creates the file and brings its schema up to date.
pub async fn open(file: &Path, settings: &SqliteSettings) -> Result<SqlCatalog, sqlx::Error> {
    let options = writable(file)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", "0")
        .pragma("journal_size_limit", LOG_KEPT)
        .pragma("cache_size", settings.cache_size());
    let mut connection = options.connect().await?;
    MIGRATIONS.run(&mut connection).await?;
    let checkpoints = Checkpoints::start(options.connect().await?);
    let reader = readers(options.read_only(true), READERS).await?;
    Ok(catalog(reader, connection, Some(checkpoints)))
}

/// Opens a copy that nobody else uses, and leaves it as one file without a write-ahead log beside it.
pub async fn open_copy(file: &Path) -> Result<SqlCatalog, sqlx::Error> {
    let options = writable(file).journal_mode(SqliteJournalMode::Delete);
    let mut connection = options.connect().await?;
    MIGRATIONS.run(&mut connection).await?;
    let reader = readers(options.read_only(true), 1).await?;
    Ok(catalog(reader, connection, None))
}

/// Opens the file of a stopped or running service for reading alone.
pub async fn open_read_only(file: &Path) -> Result<SqlCatalog, sqlx::Error> {
    connect_to_read(file).await?.close().await?;
    open_to_copy(file).await
}

/// A connection to the file of a stopped or running service that sees its rows as they are at this moment.
pub(super) async fn open_snapshot(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = connect_to_read(file).await?;
    sqlx::query("BEGIN").execute(&mut connection).await?;
    // The first look decides which moment it is.
    sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await?;
    Ok(connection)
}

async fn connect_to_read(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = read_only(file).connect().await?;
    let current: i64 =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut connection).await?;
    if MIGRATIONS.iter().any(|migration| migration.version > current) {
        let older = "it was made by an older version; start imagestore on it once, which brings it up to date";
        return Err(sqlx::Error::Configuration(older.into()));
    }
    Ok(connection)
}

/// Opens the file of a stopped or running service for [`Catalog::copy_to`](crate::ports::Catalog::copy_to) alone, whichever version made it.
pub async fn open_to_copy(file: &Path) -> Result<SqlCatalog, sqlx::Error> {
    let options = read_only(file);
    let connection = options.connect().await?;
    let reader = readers(options, 1).await?;
    Ok(catalog(reader, connection, None))
}

fn catalog(reader: SqlitePool, connection: SqliteConnection, checkpoints: Option<Checkpoints>) -> SqlCatalog {
    let writer = Writer::start(OneConnection { connection, checkpoints });
    SqlCatalog::new(Pool::Sqlite(reader.clone()), None, writer, SqliteWays(reader))
}

fn writable(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
}

fn read_only(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(5))
}

/// Connections to a file do not go stale: they are neither tried before each use, which costs as much as getting a row, nor closed when
/// they are old, with what they have cached.
async fn readers(options: SqliteConnectOptions, most: u32) -> Result<SqlitePool, sqlx::Error> {
    let pool = SqlitePoolOptions::new().max_connections(most);
    let pool = pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None);
    pool.connect_with(options.row_buffer_size(ROWS_AHEAD)).await
}

/// The connection that writes. Without checkpoints it can only be one that writes nothing.
struct OneConnection {
    connection: SqliteConnection,
    checkpoints: Option<Checkpoints>,
}

impl Transactions for OneConnection {
    type Database = Sqlite;
    type Context = ();
    /// A full disk, for one, may have ended the transaction.
    const CONFINES_FAILURES: bool = false;

    fn context(&self) {}

    async fn begin(&mut self) -> Result<Transaction<'_, Sqlite>, CatalogError> {
        // The write lock at once: a transaction that reads first and locks later could fail in between.
        Ok(self.connection.begin_with("BEGIN IMMEDIATE").await?)
    }

    fn connection<'c>(connection: &'c mut SqliteConnection, (): &'c ()) -> Connection<'c> {
        Connection::Sqlite(connection)
    }

    async fn answer<T: Send>(
        (): &(),
        answer: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, CatalogError> {
        Ok(answer.await?)
    }

    async fn ended(&mut self, _well: bool) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.look(&mut self.connection).await;
        }
    }

    async fn close(self) {
        // Before the writer: what closes last copies the whole log and removes it.
        if let Some(checkpoints) = self.checkpoints {
            checkpoints.close().await;
        }
        if let Err(error) = self.connection.close().await {
            log::warn!("the catalog was not closed properly: {error}");
        }
    }
}

struct SqliteWays(SqlitePool);

#[async_trait]
impl OwnWays for SqliteWays {
    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let name = file.to_str().ok_or_else(|| CatalogError::Failed(anyhow::anyhow!("the path must be UTF-8")))?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&self.0).await?;
        // SQLite leaves this to the operating system.
        let copy = tokio::fs::File::open(file).await.map_err(anyhow::Error::from).map_err(CatalogError::Failed)?;
        copy.sync_all().await.map_err(anyhow::Error::from).map_err(CatalogError::Failed)
    }

    fn hear(&self) -> Option<broadcast::Receiver<Heard>> {
        None
    }
}
