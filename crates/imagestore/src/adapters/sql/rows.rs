//! Blob rows, and how values look in columns.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use shared_types::{Digest, ImageFormat, ImageId, UserId};
use uuid::Uuid;

use super::connection::{Connection, Pool};
use super::query::{query, query_as, query_scalar};
use crate::domain::Tags;
use crate::ports::CatalogError;

/// A stored value that this version does not understand.
pub(super) fn unreadable(what: &'static str) -> CatalogError {
    CatalogError::Failed(anyhow::anyhow!("the catalog holds a {what} that cannot be read"))
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest, CatalogError> {
    <[u8; 32]>::try_from(bytes).map(Digest::from).map_err(|_| unreadable("digest"))
}

pub(super) fn format(text: &str) -> Result<ImageFormat, CatalogError> {
    ImageFormat::from_extension(text).ok_or_else(|| unreadable("format"))
}

pub(super) fn timestamp(micros: i64) -> Result<Timestamp, CatalogError> {
    Timestamp::from_microsecond(micros).map_err(|_| unreadable("time"))
}

/// Sizes and counts are stored as 64-bit integers and were written from unsigned values.
pub(super) fn unsigned<T: TryFrom<i64>>(value: i64) -> Result<T, CatalogError> {
    T::try_from(value).map_err(|_| unreadable("number"))
}

pub(super) fn signed(value: u64) -> Result<i64, CatalogError> {
    i64::try_from(value).map_err(|_| CatalogError::Failed(anyhow::anyhow!("a size does not fit the catalog")))
}

/// Owners of jobs and uploads are texts, empty for none: the turns among them have an order.
pub(super) fn owner(text: &str) -> Result<Option<UserId>, CatalogError> {
    let owner = (!text.is_empty()).then(|| text.parse()).transpose();
    owner.map_err(|_| unreadable("owner"))
}

pub(super) fn owner_text(owner: Option<UserId>) -> String {
    owner.map(|owner| owner.to_string()).unwrap_or_default()
}

pub(super) fn tags(text: &str) -> Result<Tags, CatalogError> {
    let unreadable = || unreadable("list of tags");
    let texts: Vec<String> = serde_json::from_str(text).map_err(|_| unreadable())?;
    let tags: Result<_, _> = texts.iter().map(|tag| tag.parse()).collect();
    Tags::of(tags.map_err(|_| unreadable())?).map_err(|_| unreadable())
}

pub(super) fn tags_text(tags: &Tags) -> String {
    Value::from(tags.iter().map(Value::from).collect::<Vec<_>>()).to_string()
}

/// Makes sure that a row may refer to the blob: it is known and not being removed.
pub(super) async fn refer_to_blob(tx: &mut Connection<'_>, digest: &Digest, bytes: u64) -> Result<(), CatalogError> {
    query("INSERT INTO blobs (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING")
        .bind(digest.as_bytes().as_slice())
        .bind(signed(bytes)?)
        .execute(&mut *tx)
        .await?;
    let doomed: bool = query_scalar("SELECT doomed = 1 FROM blobs WHERE digest = $1")
        .bind(digest.as_bytes().as_slice())
        .fetch_one(tx)
        .await?;
    if doomed { Err(CatalogError::BlobDoomed) } else { Ok(()) }
}

/// Gives a blob that only the blob store knows a row, so that it can be doomed.
pub(super) async fn know_blob(tx: &mut Connection<'_>, digest: &Digest) -> Result<(), CatalogError> {
    query("INSERT INTO blobs (digest, bytes) VALUES ($1, 0) ON CONFLICT (digest) DO NOTHING")
        .bind(digest.as_bytes().as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

/// Dooms those of `candidates` that no row refers to and nobody claims, and gives them.
pub(super) async fn doom_unused(tx: &mut Connection<'_>, candidates: &[Digest]) -> Result<Vec<Digest>, CatalogError> {
    let mut doomed = Vec::new();
    for candidate in candidates {
        let unused = query(
            "UPDATE blobs SET doomed = 1 WHERE digest = $1 AND doomed = 0 \
             AND NOT EXISTS (SELECT 1 FROM images WHERE digest = $1) AND NOT EXISTS (SELECT 1 FROM variants WHERE digest = $1) \
             AND NOT EXISTS (SELECT 1 FROM renditions WHERE digest = $1) AND NOT EXISTS (SELECT 1 FROM claims WHERE digest = $1)",
        )
        .bind(candidate.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
        if unused == 1 {
            doomed.push(*candidate);
        }
    }
    Ok(doomed)
}

pub(super) async fn doomed(pool: &Pool) -> Result<Vec<Digest>, CatalogError> {
    let rows: Vec<Vec<u8>> = query_scalar("SELECT digest FROM blobs WHERE doomed = 1").fetch_all(pool).await?;
    rows.iter().map(|bytes| digest(bytes)).collect()
}

pub(super) async fn forget(tx: &mut Connection<'_>, digest: &Digest) -> Result<(), CatalogError> {
    query("DELETE FROM blobs WHERE digest = $1 AND doomed = 1").bind(digest.as_bytes().as_slice()).execute(tx).await?;
    Ok(())
}

/// A page at a time, in the order of digests: a statement for all of millions would take longer than a statement may. What one row refers to
/// from the first page to the last is in it.
pub(super) async fn referenced(pool: &Pool) -> Result<Vec<(Digest, u64)>, CatalogError> {
    const PAGE: u32 = 10_000;
    let mut blobs = BTreeMap::new();
    for statement in [
        "SELECT digest, MAX(bytes) FROM images WHERE digest > $1 GROUP BY digest ORDER BY digest LIMIT $2",
        "SELECT digest, MAX(bytes) FROM variants WHERE digest > $1 GROUP BY digest ORDER BY digest LIMIT $2",
        "SELECT digest, MAX(bytes) FROM renditions WHERE digest > $1 AND state = 'done' GROUP BY digest ORDER BY digest LIMIT $2",
    ] {
        let mut after = Vec::new();
        loop {
            let page: Vec<(Vec<u8>, i64)> = query_as(statement).bind(after).bind(PAGE).fetch_all(pool).await?;
            for (bytes, size) in &page {
                blobs.insert(digest(bytes)?, unsigned(*size)?);
            }
            match page.into_iter().nth(PAGE as usize - 1) {
                Some((last, _)) => after = last,
                None => break,
            }
        }
    }
    Ok(blobs.into_iter().collect())
}

pub(super) async fn users(pool: &Pool, digest: &Digest) -> Result<Vec<(ImageId, Option<String>)>, CatalogError> {
    let rows: Vec<(Uuid, Option<String>)> = query_as(
        "SELECT id, NULL FROM images WHERE digest = $1 UNION ALL SELECT image_id, key FROM variants WHERE digest = $1",
    )
    .bind(digest.as_bytes().as_slice())
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(id, key)| (ImageId::from(id), key)).collect())
}
