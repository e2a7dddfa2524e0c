//! Leases, claims and secrets of processes that share a catalog.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::Digest;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::connection::Connection;
use super::dialect::{Dialect, by_clock};
use super::query::{query, query_as, query_scalar};
use super::{SqlCatalog, rows};
use crate::ports::{CatalogError, Heard, ReplicaCatalog};

/// The channel on which a change of an image is told, with its commit (migrations/postgres).
pub(in crate::adapters) const CHANGED_IMAGES: &str = "imagestore_images";
/// The channel of everything else.
pub(in crate::adapters) const WORDS: &str = "imagestore_words";

fn micros(time: Duration) -> Result<i64, CatalogError> {
    i64::try_from(time.as_micros()).map_err(|error| CatalogError::Failed(error.into()))
}

async fn hold(tx: &mut Connection<'_>, name: &str, holder: Uuid, time_us: i64) -> Result<bool, CatalogError> {
    // What is over is of no use to anybody.
    query(by_clock!("DELETE FROM leases WHERE until_us <= ", "")).execute(&mut *tx).await?;
    let held = query(by_clock!(
        "INSERT INTO leases (name, holder, until_us) VALUES ($1, $2, $3 + ",
        ") ON CONFLICT (name) DO UPDATE SET until_us = excluded.until_us WHERE leases.holder = excluded.holder"
    ));
    Ok(held.bind(name).bind(holder).bind(time_us).execute(tx).await? > 0)
}

async fn claim(
    tx: &mut Connection<'_>,
    digest: &Digest,
    (claim, holder): (Uuid, Uuid),
    time_us: i64,
) -> Result<(), CatalogError> {
    let doomed = query_scalar("SELECT doomed = 1 FROM blobs WHERE digest = $1").bind(digest.as_bytes().as_slice());
    if doomed.fetch_optional(&mut *tx).await? == Some(true) {
        return Err(CatalogError::BlobDoomed);
    }
    query(by_clock!("INSERT INTO claims (digest, claim, holder, until_us) VALUES ($1, $2, $3, $4 + ", ")"))
        .bind(digest.as_bytes().as_slice())
        .bind(claim)
        .bind(holder)
        .bind(time_us)
        .execute(tx)
        .await?;
    Ok(())
}

async fn release(tx: &mut Connection<'_>, digest: &Digest, claim: Uuid) -> Result<bool, CatalogError> {
    query("DELETE FROM claims WHERE digest = $1 AND claim = $2")
        .bind(digest.as_bytes().as_slice())
        .bind(claim)
        .execute(&mut *tx)
        .await?;
    rows::know_blob(tx, digest).await?;
    Ok(!rows::doom_unused(tx, &[*digest]).await?.is_empty())
}

async fn release_all(tx: &mut Connection<'_>, holder: Uuid) -> Result<Vec<Digest>, CatalogError> {
    let claimed: Vec<Vec<u8>> =
        query_scalar("SELECT digest FROM claims WHERE holder = $1").bind(holder).fetch_all(&mut *tx).await?;
    query("DELETE FROM claims WHERE holder = $1").bind(holder).execute(&mut *tx).await?;
    let digests: Vec<Digest> = claimed.iter().map(|bytes| rows::digest(bytes)).collect::<Result<_, _>>()?;
    for digest in &digests {
        rows::know_blob(tx, digest).await?;
    }
    rows::doom_unused(tx, &digests).await
}

async fn keep_secret(tx: &mut Connection<'_>, name: &str, made: &str) -> Result<(), CatalogError> {
    query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(made)
        .execute(tx)
        .await?;
    Ok(())
}

#[async_trait]
impl ReplicaCatalog for SqlCatalog {
    fn is_shared(&self) -> bool {
        self.reader.dialect() == Dialect::Postgres
    }

    async fn time(&self) -> Result<Option<Timestamp>, CatalogError> {
        if !self.is_shared() {
            return Ok(None);
        }
        let now: i64 = query_scalar(by_clock!("SELECT ", "")).fetch_one(&self.reader).await?;
        rows::timestamp(now).map(Some)
    }

    async fn hold(&self, name: &str, holder: Uuid, time: Duration) -> Result<bool, CatalogError> {
        let (name, time) = (name.to_owned(), micros(time)?);
        self.writer.change(move |tx| Box::pin(async move { hold(tx, &name, holder, time).await })).await
    }

    async fn let_go(&self, name: &str, holder: Uuid) -> Result<(), CatalogError> {
        let name = name.to_owned();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let gone = query("DELETE FROM leases WHERE name = $1 AND holder = $2");
                gone.bind(name).bind(holder).execute(tx).await.map(drop)
            })
        });
        change.await
    }

    async fn claim_blob(&self, digest: &Digest, claim: Uuid, holder: Uuid, time: Duration) -> Result<(), CatalogError> {
        let (digest, time) = (*digest, micros(time)?);
        let change = self
            .writer
            .change(move |tx| Box::pin(async move { self::claim(tx, &digest, (claim, holder), time).await }));
        change.await
    }

    async fn release_blobs_of(&self, holder: Uuid) -> Result<Vec<Digest>, CatalogError> {
        self.writer.change(move |tx| Box::pin(async move { release_all(tx, holder).await })).await
    }

    async fn release_blob(&self, digest: &Digest, claim: Uuid) -> Result<bool, CatalogError> {
        let digest = *digest;
        self.writer.change(move |tx| Box::pin(async move { release(tx, &digest, claim).await })).await
    }

    async fn is_claimed(&self, digest: &Digest) -> Result<bool, CatalogError> {
        let claimed = query_scalar("SELECT EXISTS (SELECT 1 FROM claims WHERE digest = $1)");
        claimed.bind(digest.as_bytes().as_slice()).fetch_one(&self.reader).await
    }

    async fn lapsed_claims(&self, limit: u32) -> Result<Vec<(Digest, Uuid)>, CatalogError> {
        let lapsed = by_clock!("SELECT digest, claim FROM claims WHERE until_us <= ", " ORDER BY until_us LIMIT $1");
        let lapsed: Vec<(Vec<u8>, Uuid)> = query_as(lapsed).bind(limit).fetch_all(&self.reader).await?;
        lapsed.into_iter().map(|(digest, claim)| Ok((rows::digest(&digest)?, claim))).collect()
    }

    async fn hold_removal(&self, digest: &Digest, holder: Uuid, time: Duration) -> Result<bool, CatalogError> {
        let (digest, time) = (*digest, micros(time)?);
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let held = query(by_clock!(
                    "INSERT INTO removals (digest, remover, until_us) SELECT digest, $2, $3 + ",
                    " FROM blobs WHERE digest = $1 AND doomed = 1 ON CONFLICT (digest) DO UPDATE \
                     SET remover = excluded.remover, until_us = excluded.until_us \
                     WHERE removals.remover = excluded.remover OR removals.until_us <= ",
                    ""
                ));
                let held = held.bind(digest.as_bytes().as_slice()).bind(holder).bind(time);
                Ok(held.execute(tx).await? > 0)
            })
        });
        change.await
    }

    async fn secret(&self, name: &str, made: Option<&str>) -> Result<Option<String>, CatalogError> {
        const KEPT: &str = "SELECT value FROM secrets WHERE name = $1";
        let kept: Option<String> = query_scalar(KEPT).bind(name).fetch_optional(&self.reader).await?;
        let (None, Some(made)) = (&kept, made) else { return Ok(kept) };
        let change = {
            let (name, made) = (name.to_owned(), made.to_owned());
            self.writer.change(move |tx| Box::pin(async move { keep_secret(tx, &name, &made).await }))
        };
        change.await?;
        query_scalar(KEPT).bind(name).fetch_optional(&self.reader).await
    }

    async fn tell(&self, words: &str) -> Result<(), CatalogError> {
        if self.is_shared() {
            query("SELECT pg_notify($1, $2)").bind(WORDS).bind(words).execute(&self.reader).await?;
        }
        Ok(())
    }

    fn hear(&self) -> Option<broadcast::Receiver<Heard>> {
        self.own.hear()
    }
}
