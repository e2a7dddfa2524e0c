//! Rows of a catalog in a file, copied into one on a server.
//!
//! Each run makes the server what the file is at one moment: it compares the tables row by row, in the order of their keys, removes what is gone or
//! differs, and adds what is missing. So a run that was stopped goes on where it was, and one after another copies only what has changed since. The
//! file may be in use; the last run, for which nobody uses it, makes the server's catalog one that can be served.
//!
//! Until then constraints between tables are taken away and triggers are off, since rows come table by table, and a note in `secrets` keeps
//! everybody else out. The definitions of the constraints stand in that note.

mod rows;
mod table;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::postgres::{self, PostgresSettings};
use super::sqlite;
use table::Table;

/// What is copied.
const TABLES: &[&str] = &[
    "blobs",
    "users",
    "api_keys",
    "images",
    "image_tags",
    "delete_tokens",
    "variants",
    "renditions",
    "analyses",
    "jobs",
    "job_turns",
    "backfills",
    "webhooks",
    "albums",
    "album_images",
    "deleted_places",
    "album_shares",
    "outbox",
    "uploads",
    "upload_parts",
    "totals",
    "days",
    "sinks",
    "deliveries",
];

/// What belongs to one catalog alone.
const OWN: &[&str] = &["_sqlx_migrations", "leases", "claims", "removals", "secrets"];

/// What is to be put back when all rows are there.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// Which file the rows come from.
    from: String,
    /// Table, name and definition of each constraint between tables.
    constraints: Vec<(String, String, String)>,
}

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransferReport {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that were missing on the server.
    pub added: u64,
    /// Rows that were gone from the file, or different.
    pub removed: u64,
}

/// A file and a server.
pub struct Transfer {
    source: SqliteConnection,
    target: PgConnection,
    id: Uuid,
    tables: Vec<Table>,
    note: Note,
    rows: u64,
}

impl Transfer {
    /// Opens both; rows of the file are as they are at this moment.
    ///
    /// # Errors
    /// The file is of an older version, or the server has a catalog of something else.
    pub async fn open(file: &Path, server: &PostgresSettings) -> anyhow::Result<Self> {
        let unreadable = || format!("cannot read the catalog {}", file.display());
        let mut source = sqlite::open_snapshot(file).await.with_context(unreadable)?;
        let (mut target, id) = postgres::open_to_fill(server).await?;
        let named: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
                .fetch_all(&mut source)
                .await?;
        let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
        let known: BTreeSet<&str> = TABLES.iter().chain(OWN).copied().collect();
        ensure!(named == known, "the tables of {} are not those of this version", file.display());
        let note = take_over(&mut target, &file.display().to_string()).await?;
        let (mut tables, mut rows) = (Vec::new(), 0);
        for name in TABLES {
            let table = Table::open(name, &mut source, &mut target).await.with_context(|| format!("table {name}"))?;
            rows += table.count(&mut source).await?;
            tables.push(table);
        }
        Ok(Self { source, target, id, tables, note, rows })
    }

    /// How many rows the file has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The id of the server's catalog.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Makes the server what the file is, and compares the two again. Tells after how many rows it is each time.
    pub async fn run(&mut self, progress: &(dyn Fn(u64) + Send + Sync)) -> anyhow::Result<TransferReport> {
        let Self { source, target, tables, rows, .. } = self;
        let mut report = TransferReport { rows: *rows, ..TransferReport::default() };
        // All that goes before anything that comes: a name may have another owner by now.
        for table in &*tables {
            report.removed += table.remove(source, target).await.with_context(|| format!("table {}", table.name()))?;
        }
        for table in &*tables {
            let added = table.add(source, target, progress).await;
            report.added += added.with_context(|| format!("table {}", table.name()))?;
        }
        for table in &*tables {
            let differ = table.differences(source, target).await?;
            ensure!(differ == 0, "{differ} rows of the table {} differ after they were copied", table.name());
        }
        Ok(report)
    }

    /// Makes the server's catalog one that can be served. From now on the file is not what counts any more.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        let mut tx = self.target.begin().await?;
        for table in &self.tables {
            table.set_counter(&mut tx).await.with_context(|| format!("table {}", table.name()))?;
        }
        for (table, name, definition) in &self.note.constraints {
            let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");
            sqlx::query(AssertSqlSafe(add)).execute(&mut *tx).await.with_context(|| format!("constraint {name}"))?;
        }
        for table in TABLES {
            let on = format!("ALTER TABLE {table} ENABLE TRIGGER USER");
            sqlx::query(AssertSqlSafe(on)).execute(&mut *tx).await?;
        }
        sqlx::query("DELETE FROM secrets WHERE name = $1").bind(postgres::UNFINISHED).execute(&mut *tx).await?;
        tx.commit().await?;
        // Figures by which statements are planned, which rows that were added at once do not bring with them.
        sqlx::query("ANALYZE").execute(&mut self.target).await?;
        self.target.close().await?;
        Ok(self.source.close().await?)
    }
}

/// Keeps everybody else out of the server's catalog.
async fn take_over(target: &mut PgConnection, file: &str) -> anyhow::Result<Note> {
    let begun: Option<String> = sqlx::query_scalar("SELECT value FROM secrets WHERE name = $1")
        .bind(postgres::UNFINISHED)
        .fetch_optional(&mut *target)
        .await?;
    if let Some(begun) = begun {
        let note: Note = serde_json::from_str(&begun)?;
        if note.from != file {
            bail!("rows of {} are being copied into this database, and not those of {file}", note.from);
        }
        return Ok(note);
    }
    let is_used: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM blobs) OR EXISTS (SELECT 1 FROM users)")
        .fetch_one(&mut *target)
        .await?;
    ensure!(!is_used, "the database has a catalog with images or users already; make an empty one");
    let is_served: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM leases WHERE until_us > extract(epoch FROM clock_timestamp()) * 1000000)",
    )
    .fetch_one(&mut *target)
    .await?;
    ensure!(!is_served, "an imagestore runs on the database; stop it, and if it was killed wait half a minute");
    let mut tx = target.begin().await?;
    // Whoever was there before has left nothing but secrets of its own, and the folder has others.
    sqlx::query("DELETE FROM secrets").execute(&mut *tx).await?;
    let constraints: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE contype = 'f' AND conrelid::regclass::text = ANY($1) ORDER BY 1, 2",
    )
    .bind(TABLES)
    .fetch_all(&mut *tx)
    .await?;
    for (table, name, _) in &constraints {
        let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {name}");
        sqlx::query(AssertSqlSafe(drop)).execute(&mut *tx).await?;
    }
    for table in TABLES {
        let off = format!("ALTER TABLE {table} DISABLE TRIGGER USER");
        sqlx::query(AssertSqlSafe(off)).execute(&mut *tx).await?;
    }
    let note = Note { from: file.to_owned(), constraints };
    sqlx::query("INSERT INTO secrets (name, value) VALUES ($1, $2)")
        .bind(postgres::UNFINISHED)
        .bind(serde_json::to_string(&note)?)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(note)
}
