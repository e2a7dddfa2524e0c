//! Public links to albums.

use jiff::Timestamp;
use shared_types::{AlbumId, Digest, ShareId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::{Connection, Pool};
use super::super::query::{QueryBuilder, query, query_as};
use super::super::rows;
use super::row;
use crate::domain::{Album, AlbumShare, StoreError};
use crate::ports::CatalogError;

#[derive(FromRow)]
struct ShareRow {
    id: Uuid,
    album_id: Uuid,
    digest: Vec<u8>,
    created_us: i64,
    expires_us: Option<i64>,
}

impl TryFrom<ShareRow> for AlbumShare {
    type Error = CatalogError;

    fn try_from(row: ShareRow) -> Result<Self, CatalogError> {
        Ok(Self {
            id: row.id.into(),
            album: row.album_id.into(),
            digest: rows::digest(&row.digest)?,
            created: rows::timestamp(row.created_us)?,
            expires: row.expires_us.map(rows::timestamp).transpose()?,
        })
    }
}

pub(super) async fn insert(tx: &mut Connection<'_>, share: &AlbumShare) -> Result<(), CatalogError> {
    if row::by_id(tx, share.album).await?.is_none() {
        return Err(CatalogError::Refused(StoreError::no_album()));
    }
    query("INSERT INTO album_shares (id, album_id, digest, created_us, expires_us) VALUES ($1, $2, $3, $4, $5)")
        .bind(share.id.as_uuid())
        .bind(share.album.as_uuid())
        .bind(share.digest.as_bytes().as_slice())
        .bind(share.created.as_microsecond())
        .bind(share.expires.map(Timestamp::as_microsecond))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn page(
    pool: &Pool,
    album: AlbumId,
    after: Option<ShareId>,
    limit: u32,
) -> Result<Vec<AlbumShare>, CatalogError> {
    let rows: Vec<ShareRow> = page_query(album, after, limit).build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(AlbumShare::try_from).collect()
}

pub(super) fn page_query(album: AlbumId, after: Option<ShareId>, limit: u32) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new("SELECT * FROM album_shares WHERE album_id = ");
    query.push_bind(album.as_uuid());
    if let Some(after) = after {
        query.push(" AND id < ").push_bind(after.as_uuid());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
    query
}

pub(super) const BY_DIGEST: &str = "SELECT * FROM album_shares WHERE digest = $1";

pub(super) async fn by_digest(
    connection: &mut Connection<'_>,
    digest: &Digest,
) -> Result<Option<(AlbumShare, Album)>, CatalogError> {
    let row: Option<ShareRow> =
        query_as(BY_DIGEST).bind(digest.as_bytes().as_slice()).fetch_optional(&mut *connection).await?;
    let Some(share) = row.map(AlbumShare::try_from).transpose()? else { return Ok(None) };
    // Deleted between the two looks, it is as if there was no link either.
    Ok(row::by_id(connection, share.album).await?.map(|album| (share, album)))
}

pub(super) async fn delete(tx: &mut Connection<'_>, album: AlbumId, share: ShareId) -> Result<bool, CatalogError> {
    let deleted = query("DELETE FROM album_shares WHERE id = $1 AND album_id = $2")
        .bind(share.as_uuid())
        .bind(album.as_uuid())
        .execute(tx)
        .await?;
    Ok(deleted == 1)
}
