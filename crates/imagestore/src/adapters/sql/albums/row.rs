//! An album's own row.

use jiff::Timestamp;
use shared_types::{AlbumId, ImageId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::{Connection, Pool};
use super::super::query::{QueryBuilder, query};
use super::super::rows;
use super::outbox;
use crate::domain::{Album, AlbumChange, AlbumName, AlbumNotice, Expected, StoreError, Visibility};
use crate::ports::{AlbumPage, CatalogError};

/// The columns of an album, with the first image in place of a cover that was not chosen.
const COLUMNS: &str = "id, owner, name, visibility, default_preset, and_then, images, version, created_us, updated_us, \
     coalesce(cover, (SELECT image_id FROM album_images WHERE album_id = albums.id ORDER BY position, image_id LIMIT 1)) AS cover";

#[derive(FromRow)]
struct AlbumRow {
    id: Uuid,
    owner: Option<Uuid>,
    name: String,
    visibility: String,
    default_preset: Option<String>,
    and_then: Option<String>,
    cover: Option<Uuid>,
    images: i64,
    version: i64,
    created_us: i64,
    updated_us: i64,
}

impl TryFrom<AlbumRow> for Album {
    type Error = CatalogError;

    fn try_from(row: AlbumRow) -> Result<Self, CatalogError> {
        let preset = row.default_preset.map(|name| name.parse()).transpose();
        Ok(Self {
            id: row.id.into(),
            owner: row.owner.map(UserId::from),
            name: name(&row.name)?,
            visibility: visibility(&row.visibility)?,
            default_preset: preset.map_err(|_| rows::unreadable("preset of an album"))?,
            then: row.and_then,
            cover: row.cover.map(ImageId::from),
            images: rows::unsigned(row.images)?,
            version: rows::unsigned(row.version)?,
            created: rows::timestamp(row.created_us)?,
            updated: rows::timestamp(row.updated_us)?,
        })
    }
}

fn name(text: &str) -> Result<AlbumName, CatalogError> {
    text.parse().map_err(|_| rows::unreadable("name of an album"))
}

fn visibility(text: &str) -> Result<Visibility, CatalogError> {
    text.parse().map_err(|_| rows::unreadable("visibility"))
}

/// Restricts a query to what belongs to that owner, or to nobody.
fn push_owner(query: &mut QueryBuilder<'_>, owner: Option<UserId>) {
    match owner {
        Some(owner) => query.push(" AND owner = ").push_bind(owner.as_uuid()),
        None => query.push(" AND owner IS NULL"),
    };
}

pub(super) async fn insert(tx: &mut Connection<'_>, album: &Album) -> Result<(), CatalogError> {
    let added = query(
        "INSERT INTO albums (id, owner, name, visibility, default_preset, and_then, version, created_us, updated_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(album.id.as_uuid())
    .bind(album.owner.map(UserId::as_uuid))
    .bind(album.name.as_str())
    .bind(album.visibility.name())
    .bind(album.default_preset.as_ref().map(shared_types::VariantName::as_str))
    .bind(album.then.as_deref())
    .bind(rows::signed(album.version)?)
    .bind(album.created.as_microsecond())
    .bind(album.updated.as_microsecond())
    .execute(&mut *tx)
    .await?;
    if added == 0 {
        return Err(CatalogError::NameTaken);
    }
    outbox::write(tx, &AlbumNotice::created(album), album.created).await
}

pub(super) async fn by_id(connection: &mut Connection<'_>, id: AlbumId) -> Result<Option<Album>, CatalogError> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM albums WHERE id = ").push_bind(id.as_uuid());
    let row: Option<AlbumRow> = query.build_query_as().fetch_optional(connection).await?;
    row.map(Album::try_from).transpose()
}

/// The album that is to be changed, if it is as expected.
pub(super) async fn held(
    tx: &mut Connection<'_>,
    id: AlbumId,
    expected: &Expected,
) -> Result<Option<Album>, CatalogError> {
    let album = by_id(tx, id).await?;
    if let Some(album) = &album {
        expected.check(album).map_err(CatalogError::Refused)?;
    }
    Ok(album)
}

/// Counts a change; gives the album as it is now.
pub(super) async fn touch(tx: &mut Connection<'_>, id: AlbumId, now: Timestamp) -> Result<Album, CatalogError> {
    query("UPDATE albums SET version = version + 1, updated_us = $2 WHERE id = $1")
        .bind(id.as_uuid())
        .bind(now.as_microsecond())
        .execute(&mut *tx)
        .await?;
    by_id(tx, id).await?.ok_or_else(|| CatalogError::Refused(StoreError::no_album()))
}

pub(super) async fn by_name(
    connection: &mut Connection<'_>,
    owner: Option<UserId>,
    name: &AlbumName,
) -> Result<Option<Album>, CatalogError> {
    let row: Option<AlbumRow> = name_query(owner, name).build_query_as().fetch_optional(connection).await?;
    row.map(Album::try_from).transpose()
}

pub(super) fn name_query(owner: Option<UserId>, name: &AlbumName) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM albums WHERE name = ").push_bind(name.as_str().to_owned());
    push_owner(&mut query, owner);
    query
}

pub(super) async fn page(pool: &Pool, page: &AlbumPage) -> Result<Vec<Album>, CatalogError> {
    let rows: Vec<AlbumRow> = page_query(page).build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(Album::try_from).collect()
}

pub(super) fn page_query(page: &AlbumPage) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM albums WHERE TRUE");
    if let Some(owner) = page.owner {
        query.push(" AND owner = ").push_bind(owner.as_uuid());
    }
    if let Some(visibility) = page.visibility {
        // A constant of ours: only with it in the text the index of public albums is found.
        query.push(format_args!(" AND visibility = '{}'", visibility.name()));
    }
    if let Some(after) = page.after {
        query.push(" AND id < ").push_bind(after.as_uuid());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(page.limit);
    query
}

pub(super) async fn names(
    pool: &Pool,
    owner: Option<UserId>,
    after: Option<&AlbumName>,
    limit: u32,
) -> Result<Vec<AlbumName>, CatalogError> {
    let rows: Vec<String> = names_query(owner, after, limit).build_query_scalar().fetch_all(pool).await?;
    rows.iter().map(|text| name(text)).collect()
}

pub(super) fn names_query(owner: Option<UserId>, after: Option<&AlbumName>, limit: u32) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new("SELECT name FROM albums WHERE TRUE");
    push_owner(&mut query, owner);
    if let Some(after) = after {
        query.push(" AND name > ").push_bind(after.as_str().to_owned());
    }
    query.push(" ORDER BY name LIMIT ").push_bind(limit);
    query
}

/// Changes the fields of an album that was looked at in the same transaction.
pub(super) async fn change(
    tx: &mut Connection<'_>,
    album: &Album,
    change: &AlbumChange,
    now: Timestamp,
) -> Result<Album, CatalogError> {
    if *change == AlbumChange::default() {
        return Ok(album.clone());
    }
    let name = change.name.as_ref().unwrap_or(&album.name);
    if *name != album.name && by_name(tx, album.owner, name).await?.is_some() {
        return Err(CatalogError::NameTaken);
    }
    let preset = change.default_preset.clone().of(album.default_preset.clone());
    query("UPDATE albums SET name = $2, visibility = $3, default_preset = $4, and_then = $5 WHERE id = $1")
        .bind(album.id.as_uuid())
        .bind(name.as_str())
        .bind(change.visibility.unwrap_or(album.visibility).name())
        .bind(preset.as_ref().map(shared_types::VariantName::as_str))
        .bind(change.then.clone().of(album.then.clone()))
        .execute(&mut *tx)
        .await?;
    let chosen = match change.cover {
        crate::domain::FieldChange::Keep => None,
        crate::domain::FieldChange::Clear => Some(None),
        crate::domain::FieldChange::To(image) => Some(Some(image)),
    };
    if let Some(cover) = chosen {
        if let Some(image) = cover
            && super::members::name_of(tx, album.id, image).await?.is_none()
        {
            return Err(CatalogError::Refused(StoreError::not_in_album().parameter("cover_image_id")));
        }
        query("UPDATE albums SET cover = $2 WHERE id = $1")
            .bind(album.id.as_uuid())
            .bind(cover.map(ImageId::as_uuid))
            .execute(&mut *tx)
            .await?;
    }
    let changed = touch(tx, album.id, now).await?;
    outbox::write(tx, &AlbumNotice::changed(&changed, album.name.as_str()), now).await?;
    Ok(changed)
}

/// Removes an album that was looked at in the same transaction, and by the foreign keys its links and places.
pub(super) async fn delete(tx: &mut Connection<'_>, album: &Album, now: Timestamp) -> Result<(), CatalogError> {
    query("DELETE FROM albums WHERE id = $1").bind(album.id.as_uuid()).execute(&mut *tx).await?;
    outbox::write(tx, &AlbumNotice::deleted(album), now).await
}
