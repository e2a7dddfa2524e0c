//! The catalog in one `SQLite` file.
//!
//! Write-ahead log with `synchronous=FULL`: a transaction that was acknowledged survives a power cut. One connection writes, so writers
//! queue up in order instead of failing with "busy", and share the wait for the disk; several read, and never wait for the writer.
//!
//! The file is read, not mapped (`mmap_size`): mapped, an error of the disk ends the process (SIGBUS) where it fails one request now, and each
//! commit makes every reader give its mapping up. Of five million images getting one takes as long either way, and beside 200 commits a
//! second up to a third longer when mapped.

mod access;
mod albums;
mod analyses;
mod checkpoints;
mod images;
mod jobs;
mod keeping;
mod listing;
mod pending;
mod renditions;
mod rows;
mod sinks;
mod totals;
mod uploads;
mod variants;
mod writer;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{Digest, ImageId};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::domain::{
    Image, ImageChange, ImageEvent, ImageNotice, ImageQuery, Position, Reach, Tag, Totals, Variant, Whose,
};
use crate::ports::{Catalog, CatalogError, NewWork};
use checkpoints::Checkpoints;
use writer::Writer;

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

/// The catalog of the embedded default.
pub struct SqliteCatalog {
    reader: SqlitePool,
    writer: Writer,
}

impl SqliteCatalog {
    /// Opens or creates the file and brings its schema up to date.
    pub async fn open(file: &Path, settings: &SqliteSettings) -> Result<Self, sqlx::Error> {
        let options = writable(file)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", LOG_KEPT)
            .pragma("cache_size", settings.cache_size());
        let mut connection = options.connect().await?;
        MIGRATIONS.run(&mut connection).await?;
        let checkpoints = Checkpoints::start(options.connect().await?);
        let reader = readers(options.read_only(true), READERS).await?;
        Ok(Self { reader, writer: Writer::start(connection, Some(checkpoints)) })
    }

    /// Opens a copy that nobody else uses, and leaves it as one file without a write-ahead log beside it.
    pub async fn open_copy(file: &Path) -> Result<Self, sqlx::Error> {
        let options = writable(file).journal_mode(SqliteJournalMode::Delete);
        let mut connection = options.connect().await?;
        MIGRATIONS.run(&mut connection).await?;
        let reader = readers(options.read_only(true), 1).await?;
        Ok(Self { reader, writer: Writer::start(connection, None) })
    }

    /// Opens the file of a stopped or running service for reading alone.
    pub async fn open_read_only(file: &Path) -> Result<Self, sqlx::Error> {
        let mut connection = read_only(file).connect().await?;
        let current: i64 =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut connection).await?;
        if MIGRATIONS.iter().any(|migration| migration.version > current) {
            let older = "it was made by an older version; start imagestore on it once, which brings it up to date";
            return Err(sqlx::Error::Configuration(older.into()));
        }
        connection.close().await?;
        Self::open_to_copy(file).await
    }

    /// Opens the file of a stopped or running service for [`Catalog::copy_to`] alone, whichever version made it.
    pub async fn open_to_copy(file: &Path) -> Result<Self, sqlx::Error> {
        let options = read_only(file);
        let connection = options.connect().await?;
        let reader = readers(options, 1).await?;
        Ok(Self { reader, writer: Writer::start(connection, None) })
    }
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

impl From<sqlx::Error> for CatalogError {
    fn from(error: sqlx::Error) -> Self {
        const SQLITE_FULL: &str = "13";
        let full = error.as_database_error().and_then(|e| e.code().map(|code| code == SQLITE_FULL)).unwrap_or(false);
        if full { Self::Full(error.into()) } else { Self::Failed(error.into()) }
    }
}

/// Removes an image and all that is its own; gives the blobs doomed by it, or `None` if there was no such image.
async fn delete_image(
    tx: &mut SqliteConnection,
    id: ImageId,
    now: Timestamp,
) -> Result<Option<Vec<Digest>>, CatalogError> {
    let mut candidates = variants::digests_of(tx, id).await?;
    albums::leave_all(tx, id, now).await?;
    // Of one that was hidden it was told then.
    if let Some(image) = images::by_id(tx, id).await? {
        albums::write_image(tx, &ImageNotice::of(ImageEvent::Deleted, &image), now).await?;
        jobs::cancel_of_image(tx, id, now).await?;
    }
    let Some(original) = images::delete(tx, id).await? else { return Ok(None) };
    candidates.extend(renditions::delete_orphan(tx, &original).await?);
    analyses::delete_orphan(tx, &original).await?;
    candidates.push(original);
    rows::doom_unused(tx, &candidates).await.map(Some)
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn insert_image(&self, image: &Image, work: &NewWork) -> Result<(), CatalogError> {
        let (image, work) = (image.clone(), work.clone());
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                access::check_quota(tx, &image).await?;
                rows::refer_to_blob(tx, &image.digest, image.bytes).await?;
                images::insert(tx, &image).await?;
                albums::write_image(tx, &ImageNotice::of(ImageEvent::Stored, &image), image.created).await?;
                if work.rendition {
                    renditions::queue(tx, &image.digest).await?;
                }
                if work.analysis {
                    analyses::queue(tx, &image.digest).await?;
                }
                if let Some(upload) = work.upload {
                    uploads::set_done(tx, upload, image.id).await?;
                }
                if let Some(digest) = &work.delete_token {
                    images::insert_delete_token(tx, image.id, digest).await?;
                }
                if let Some(placement) = work.album {
                    albums::place(tx, image.id, placement, image.created).await?;
                }
                jobs::queue_for_new_image(tx, &work.jobs).await
            })
        });
        change.await
    }

    async fn image(&self, id: ImageId) -> Result<Option<Image>, CatalogError> {
        images::by_id(&mut *self.reader.acquire().await?, id).await
    }

    async fn image_by_digest(&self, digest: &Digest) -> Result<Option<Image>, CatalogError> {
        images::by_digest(&self.reader, digest).await
    }

    async fn images_of_original(&self, digest: &Digest, whose: Reach, limit: u32) -> Result<Vec<Image>, CatalogError> {
        images::of_original(&self.reader, digest, whose, limit).await
    }

    async fn change_image(
        &self,
        id: ImageId,
        change: &ImageChange,
        now: Timestamp,
    ) -> Result<Option<Image>, CatalogError> {
        let change = change.clone();
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(image) = images::change(tx, id, &change).await? else { return Ok(None) };
                albums::write_image(tx, &ImageNotice::of(ImageEvent::Changed, &image), now).await?;
                Ok(Some(image))
            })
        });
        work.await
    }

    async fn delete_token(&self, id: ImageId) -> Result<Option<Digest>, CatalogError> {
        images::delete_token(&self.reader, id).await
    }

    async fn images(&self, query: &ImageQuery) -> Result<(Vec<Image>, Option<Position>), CatalogError> {
        listing::page(&self.reader, query).await
    }

    async fn position(&self, whose: Whose, tag: Option<&Tag>, index: u32) -> Result<Option<Position>, CatalogError> {
        listing::position(&self.reader, whose, tag, index).await
    }

    async fn delete_image(&self, id: ImageId, now: Timestamp) -> Result<Option<Vec<Digest>>, CatalogError> {
        self.writer.change(move |tx| Box::pin(delete_image(tx, id, now))).await
    }

    async fn put_variant(&self, variant: &Variant, original: &Digest) -> Result<(bool, Vec<Digest>), CatalogError> {
        let (variant, original) = (variant.clone(), *original);
        let change =
            self.writer.change(move |tx| Box::pin(async move { variants::put(tx, &variant, &original).await }));
        change.await
    }

    async fn variant(&self, image: ImageId, key: &str) -> Result<Option<Variant>, CatalogError> {
        variants::by_key(&self.reader, image, key).await
    }

    async fn variants(&self, image: ImageId) -> Result<Vec<Variant>, CatalogError> {
        variants::of_image(&self.reader, image).await
    }

    async fn delete_variant(&self, image: ImageId, key: &str) -> Result<Vec<Digest>, CatalogError> {
        let key = key.to_owned();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let removed = variants::delete(tx, image, &key).await?;
                rows::doom_unused(tx, removed.as_slice()).await
            })
        });
        change.await
    }

    async fn doom_if_unused(&self, digest: &Digest) -> Result<bool, CatalogError> {
        let digest = *digest;
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                rows::know_blob(tx, &digest).await?;
                let doomed = rows::doom_unused(tx, &[digest]).await?;
                Ok(!doomed.is_empty())
            })
        });
        change.await
    }

    async fn doomed_blobs(&self) -> Result<Vec<Digest>, CatalogError> {
        rows::doomed(&self.reader).await
    }

    async fn forget_blob(&self, digest: &Digest) -> Result<(), CatalogError> {
        let digest = *digest;
        self.writer.change(move |tx| Box::pin(async move { rows::forget(tx, &digest).await })).await
    }

    async fn blobs(&self) -> Result<Vec<(Digest, u64)>, CatalogError> {
        rows::referenced(&self.reader).await
    }

    async fn users_of(&self, digest: &Digest) -> Result<Vec<(ImageId, Option<String>)>, CatalogError> {
        rows::users(&self.reader, digest).await
    }

    async fn totals(&self) -> Result<Totals, CatalogError> {
        totals::read(&self.reader).await
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let name = file.to_str().ok_or_else(|| CatalogError::Failed(anyhow::anyhow!("the path must be UTF-8")))?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&self.reader).await?;
        // SQLite leaves this to the operating system.
        let copy = tokio::fs::File::open(file).await.map_err(anyhow::Error::from).map_err(CatalogError::Failed)?;
        copy.sync_all().await.map_err(anyhow::Error::from).map_err(CatalogError::Failed)
    }

    async fn ping(&self) -> Result<(), CatalogError> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
