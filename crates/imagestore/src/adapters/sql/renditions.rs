//! Rows of master copies.

use async_trait::async_trait;
use shared_types::Digest;
use sqlx::FromRow;

use super::connection::Connection;
use super::query::{query, query_as, query_scalar};
use super::{SqlCatalog, pending, rows};
use crate::domain::{Master, PendingWork, Rendition};
use crate::ports::{CatalogError, RenditionCatalog};

#[derive(FromRow)]
struct RenditionRow {
    state: String,
    digest: Option<Vec<u8>>,
    bytes: Option<i64>,
    width: Option<i64>,
    height: Option<i64>,
}

impl TryFrom<RenditionRow> for Rendition {
    type Error = CatalogError;

    fn try_from(row: RenditionRow) -> Result<Self, CatalogError> {
        match (row.state.as_str(), row.digest, row.bytes, row.width, row.height) {
            ("pending", ..) => Ok(Self::Pending),
            ("not-worth-it", ..) => Ok(Self::NotWorthIt),
            ("failed", ..) => Ok(Self::Failed),
            ("done", Some(digest), Some(bytes), Some(width), Some(height)) => Ok(Self::Done(Master {
                digest: rows::digest(&digest)?,
                bytes: rows::unsigned(bytes)?,
                width: rows::unsigned(width)?,
                height: rows::unsigned(height)?,
            })),
            _ => Err(rows::unreadable("rendition")),
        }
    }
}

fn state(rendition: &Rendition) -> (&'static str, Option<&Master>) {
    match rendition {
        Rendition::Pending => ("pending", None),
        Rendition::Done(master) => ("done", Some(master)),
        Rendition::NotWorthIt => ("not-worth-it", None),
        Rendition::Failed => ("failed", None),
    }
}

pub(super) async fn queue(tx: &mut Connection<'_>, original: &Digest) -> Result<(), CatalogError> {
    let insert = "INSERT INTO renditions (original, state) SELECT $1, 'pending' WHERE EXISTS (SELECT 1 FROM images WHERE digest = $1) \
         ON CONFLICT (original) DO NOTHING";
    pending::carry_out(tx, insert, original).await
}

/// Removes the row of an original that no image has any more; gives the digest of its master.
pub(super) async fn delete_orphan(tx: &mut Connection<'_>, original: &Digest) -> Result<Option<Digest>, CatalogError> {
    let master: Option<Option<Vec<u8>>> = query_scalar(
        "DELETE FROM renditions WHERE original = $1 AND NOT EXISTS (SELECT 1 FROM images WHERE digest = $1) RETURNING digest",
    )
    .bind(original.as_bytes().as_slice())
    .fetch_optional(tx)
    .await?;
    master.flatten().map(|bytes| rows::digest(&bytes)).transpose()
}

/// Writes what came of a master; gives the digest of the one before, if there was one.
async fn settle(
    tx: &mut Connection<'_>,
    original: &Digest,
    outcome: &Rendition,
) -> Result<Option<Digest>, CatalogError> {
    let before: Option<Option<Vec<u8>>> = query_scalar("SELECT digest FROM renditions WHERE original = $1")
        .bind(original.as_bytes().as_slice())
        .fetch_optional(&mut *tx)
        .await?;
    let before = before.ok_or(CatalogError::NoImage)?;
    let (state, master) = state(outcome);
    if let Some(master) = master {
        rows::refer_to_blob(tx, &master.digest, master.bytes).await?;
    }
    query("UPDATE renditions SET state = $2, digest = $3, bytes = $4, width = $5, height = $6 WHERE original = $1")
        .bind(original.as_bytes().as_slice())
        .bind(state)
        .bind(master.map(|master| master.digest.as_bytes().to_vec()))
        .bind(master.map(|master| rows::signed(master.bytes)).transpose()?)
        .bind(master.map(|master| master.width))
        .bind(master.map(|master| master.height))
        .execute(tx)
        .await?;
    before.map(|bytes| rows::digest(&bytes)).transpose()
}

async fn requeue(tx: &mut Connection<'_>, original: &Digest, master: &Digest) -> Result<bool, CatalogError> {
    let changed = query(
        "UPDATE renditions SET state = 'pending', attempts = 0, digest = NULL, bytes = NULL, width = NULL, height = NULL \
         WHERE original = $1 AND digest = $2",
    )
    .bind(original.as_bytes().as_slice())
    .bind(master.as_bytes().as_slice())
    .execute(tx)
    .await?;
    Ok(changed > 0)
}

#[async_trait]
impl RenditionCatalog for SqlCatalog {
    async fn queue_rendition(&self, original: &Digest) -> Result<(), CatalogError> {
        let original = *original;
        self.writer.change(move |tx| Box::pin(async move { queue(tx, &original).await })).await
    }

    async fn rendition(&self, original: &Digest) -> Result<Option<Rendition>, CatalogError> {
        let row: Option<RenditionRow> =
            query_as("SELECT state, digest, bytes, width, height FROM renditions WHERE original = $1")
                .bind(original.as_bytes().as_slice())
                .fetch_optional(&self.reader)
                .await?;
        row.map(Rendition::try_from).transpose()
    }

    async fn next_rendition(&self) -> Result<Option<PendingWork>, CatalogError> {
        let query =
            "SELECT original, attempts FROM renditions WHERE state = 'pending' ORDER BY attempts, number LIMIT 1";
        pending::next(&self.reader, query).await
    }

    async fn set_rendition_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError> {
        let original = *original;
        let update = "UPDATE renditions SET attempts = $2 WHERE original = $1 AND state = 'pending'";
        let change = self
            .writer
            .change(move |tx| Box::pin(async move { pending::set_attempts(tx, update, &original, attempts).await }));
        change.await
    }

    async fn settle_rendition(&self, original: &Digest, outcome: &Rendition) -> Result<Vec<Digest>, CatalogError> {
        let (original, outcome) = (*original, outcome.clone());
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let before = settle(tx, &original, &outcome).await?;
                rows::doom_unused(tx, before.as_slice()).await
            })
        });
        change.await
    }

    async fn requeue_rendition(&self, original: &Digest, master: &Digest) -> Result<Vec<Digest>, CatalogError> {
        let (original, master) = (*original, *master);
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                if requeue(tx, &original, &master).await? { rows::doom_unused(tx, &[master]).await } else { Ok(vec![]) }
            })
        });
        change.await
    }

    async fn drop_renditions(&self) -> Result<Vec<Digest>, CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let masters: Vec<Option<Vec<u8>>> =
                    query_scalar("DELETE FROM renditions RETURNING digest").fetch_all(&mut *tx).await?;
                let masters: Result<Vec<Digest>, _> =
                    masters.iter().flatten().map(|bytes| rows::digest(bytes)).collect();
                rows::doom_unused(tx, &masters?).await
            })
        });
        change.await
    }

    async fn originals_of(&self, master: &Digest) -> Result<Vec<Digest>, CatalogError> {
        let originals: Vec<Vec<u8>> = query_scalar("SELECT original FROM renditions WHERE digest = $1 ORDER BY number")
            .bind(master.as_bytes().as_slice())
            .fetch_all(&self.reader)
            .await?;
        originals.iter().map(|bytes| rows::digest(bytes)).collect()
    }
}
