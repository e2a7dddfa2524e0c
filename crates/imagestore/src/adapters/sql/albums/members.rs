//! What is in an album, in which order, and under which names.

use jiff::Timestamp;
use shared_types::{AlbumId, ImageId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::{Connection, Pool};
use super::super::images::ImageRow;
use super::super::query::{QueryBuilder, query, query_as, query_scalar};
use super::super::rows;
use super::{outbox, row};
use crate::domain::{
    Album, AlbumCursor, AlbumImage, AlbumNotice, Image, ImageName, Membership, Naming, Reach, Sight, StoreError,
};
use crate::ports::CatalogError;

/// The room between neighbours: so many times one can be halved before positions are given anew.
pub(super) const GAP: i64 = 1 << 20;

#[derive(FromRow)]
struct MemberRow {
    #[sqlx(flatten)]
    image: ImageRow,
    position: i64,
    member_name: String,
}

impl TryFrom<MemberRow> for AlbumImage {
    type Error = CatalogError;

    fn try_from(row: MemberRow) -> Result<Self, CatalogError> {
        let (image, name) = (Image::try_from(row.image)?, image_name(&row.member_name)?);
        Ok(Self { image, name, position: row.position })
    }
}

pub(super) fn image_name(text: &str) -> Result<ImageName, CatalogError> {
    ImageName::from_client(text).ok_or_else(|| rows::unreadable("name in an album"))
}

/// What an image is called in an album, if it is in it.
pub(super) async fn name_of(
    connection: &mut Connection<'_>,
    album: AlbumId,
    image: ImageId,
) -> Result<Option<ImageName>, CatalogError> {
    let name: Option<String> = query_scalar("SELECT name FROM album_images WHERE album_id = $1 AND image_id = $2")
        .bind(album.as_uuid())
        .bind(image.as_uuid())
        .fetch_optional(connection)
        .await?;
    name.as_deref().map(image_name).transpose()
}

pub(super) async fn is_taken(tx: &mut Connection<'_>, album: AlbumId, name: &ImageName) -> Result<bool, CatalogError> {
    query_scalar("SELECT EXISTS (SELECT 1 FROM album_images WHERE album_id = $1 AND name = $2)")
        .bind(album.as_uuid())
        .bind(name.as_str())
        .fetch_one(tx)
        .await
}

/// Puts an image at the end of an album; gives its name there, or `None` if it is in it already.
pub(super) async fn add(
    tx: &mut Connection<'_>,
    album: &Album,
    image: ImageId,
    naming: Naming,
    now: Timestamp,
) -> Result<Option<ImageName>, CatalogError> {
    if name_of(tx, album.id, image).await?.is_some() {
        return Ok(None);
    }
    let row: Option<(Option<String>, String)> =
        query_as("SELECT name, format FROM images WHERE id = $1 AND deleted_us IS NULL")
            .bind(image.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
    let (own, format) = row.ok_or(CatalogError::NoImage)?;
    let own = own.as_deref().and_then(ImageName::from_client);
    let own = own.unwrap_or(ImageName::of_id(image, rows::format(&format)?));
    let name = match (is_taken(tx, album.id, &own).await?, naming) {
        (false, _) => own,
        (true, Naming::Exact) => return Err(CatalogError::NameTaken),
        (true, Naming::Free) => free_name(tx, album.id, &own, image).await?,
    };
    let last: Option<i64> = query_scalar(
        "SELECT position FROM album_images WHERE album_id = $1 ORDER BY position DESC, image_id DESC LIMIT 1",
    )
    .bind(album.id.as_uuid())
    .fetch_optional(&mut *tx)
    .await?;
    query("INSERT INTO album_images (album_id, image_id, position, name, added_us) VALUES ($1, $2, $3, $4, $5)")
        .bind(album.id.as_uuid())
        .bind(image.as_uuid())
        .bind(last.unwrap_or(0) + GAP)
        .bind(name.as_str())
        .bind(now.as_microsecond())
        .execute(tx)
        .await?;
    Ok(Some(name))
}

/// A name with the end of the image's id in it, whose digits are random: a short one, or all of it.
pub(super) async fn free_name(
    tx: &mut Connection<'_>,
    album: AlbumId,
    own: &ImageName,
    image: ImageId,
) -> Result<ImageName, CatalogError> {
    let id = image.to_string();
    let short = own.marked(&id[id.len() - 8..]);
    Ok(if is_taken(tx, album, &short).await? { own.marked(&id) } else { short })
}

/// Takes an image out of an album; gives its name there.
pub(super) async fn remove(
    tx: &mut Connection<'_>,
    album: AlbumId,
    image: ImageId,
) -> Result<Option<ImageName>, CatalogError> {
    let name: Option<String> =
        query_scalar("DELETE FROM album_images WHERE album_id = $1 AND image_id = $2 RETURNING name")
            .bind(album.as_uuid())
            .bind(image.as_uuid())
            .fetch_optional(tx)
            .await?;
    name.as_deref().map(image_name).transpose()
}

/// Takes an image out of every album, because it is deleted.
pub(in super::super) async fn leave_all(
    tx: &mut Connection<'_>,
    image: ImageId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let albums: Vec<Uuid> = query_scalar(ALBUMS_OF).bind(image.as_uuid()).fetch_all(&mut *tx).await?;
    for album in albums {
        let album = AlbumId::from(album);
        if let Some(name) = remove(tx, album, image).await? {
            let album = row::touch(tx, album, now).await?;
            outbox::write(tx, &AlbumNotice::image_removed(&album, image, &name), now).await?;
        }
    }
    Ok(())
}

pub(super) const ALBUMS_OF: &str = "SELECT album_id FROM album_images WHERE image_id = $1";

pub(super) async fn albums_of(
    connection: &mut Connection<'_>,
    image: ImageId,
) -> Result<Vec<Membership>, CatalogError> {
    let places: Vec<(Uuid, i64, String)> =
        query_as("SELECT album_id, position, name FROM album_images WHERE image_id = $1")
            .bind(image.as_uuid())
            .fetch_all(&mut *connection)
            .await?;
    let mut memberships = Vec::with_capacity(places.len());
    for (album, position, name) in places {
        // An album that was deleted in between is none.
        if let Some(album) = row::by_id(&mut *connection, album.into()).await? {
            memberships.push(Membership { album, name: image_name(&name)?, position });
        }
    }
    Ok(memberships)
}

pub(super) async fn rename(
    tx: &mut Connection<'_>,
    album: &Album,
    image: ImageId,
    name: &ImageName,
    now: Timestamp,
) -> Result<Album, CatalogError> {
    let old = name_of(tx, album.id, image).await?;
    let old = old.ok_or_else(|| CatalogError::Refused(StoreError::not_in_album()))?;
    if old == *name {
        return Ok(album.clone());
    }
    if is_taken(tx, album.id, name).await? {
        return Err(CatalogError::NameTaken);
    }
    query("UPDATE album_images SET name = $3 WHERE album_id = $1 AND image_id = $2")
        .bind(album.id.as_uuid())
        .bind(image.as_uuid())
        .bind(name.as_str())
        .execute(&mut *tx)
        .await?;
    let album = row::touch(tx, album.id, now).await?;
    outbox::write(tx, &AlbumNotice::image_renamed(&album, image, &old, name), now).await?;
    Ok(album)
}

pub(super) async fn page(
    pool: &Pool,
    album: AlbumId,
    sight: Sight,
    after: Option<AlbumCursor>,
    limit: u32,
) -> Result<Vec<AlbumImage>, CatalogError> {
    let mut acquired = pool.acquire().await?;
    let mut connection = acquired.connection();
    let after = match after {
        None => None,
        Some(after) => {
            let now = super::order::position_of(&mut connection, album, after.image).await?;
            Some(AlbumCursor { position: now.unwrap_or(after.position), ..after })
        }
    };
    let rows: Vec<MemberRow> =
        page_query(album, sight, after, limit).build_query_as().fetch_all(&mut connection).await?;
    rows.into_iter().map(AlbumImage::try_from).collect()
}

pub(super) fn page_query(
    album: AlbumId,
    sight: Sight,
    after: Option<AlbumCursor>,
    limit: u32,
) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new(MEMBERS);
    query.push_bind(album.as_uuid());
    match sight {
        Sight::All => {}
        Sight::NotPrivate | Sight::Of(None) => {
            query.push(" AND (i.visibility <> 'private'");
            query.push(if sight == Sight::NotPrivate { ")" } else { " OR i.owner IS NULL)" });
        }
        Sight::Of(Some(owner)) => {
            query.push(" AND (i.visibility <> 'private' OR i.owner = ").push_bind(owner.as_uuid()).push(")");
        }
    }
    if let Some(after) = after {
        query.push(" AND (m.position, m.image_id) > (").push_bind(after.position);
        query.push(", ").push_bind(after.image.as_uuid()).push(")");
    }
    query.push(" ORDER BY m.position, m.image_id LIMIT ").push_bind(limit);
    query
}

const MEMBERS: &str = "SELECT i.*, m.position, m.name AS member_name FROM album_images m JOIN images i ON i.id = m.image_id \
     WHERE m.album_id = ";

pub(super) async fn by_name(pool: &Pool, album: AlbumId, name: &ImageName) -> Result<Option<AlbumImage>, CatalogError> {
    let row: Option<MemberRow> = name_query(album, name).build_query_as().fetch_optional(pool).await?;
    row.map(AlbumImage::try_from).transpose()
}

pub(super) fn name_query(album: AlbumId, name: &ImageName) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new(MEMBERS);
    query.push_bind(album.as_uuid()).push(" AND m.name = ").push_bind(name.as_str().to_owned());
    query
}

/// Images that are in no other album.
pub(super) async fn only_here(
    tx: &mut Connection<'_>,
    album: AlbumId,
    only: Option<ImageId>,
    whose: Reach,
    limit: u32,
) -> Result<Vec<ImageId>, CatalogError> {
    let ids: Vec<Uuid> = only_here_query(album, only, whose.user(), limit).build_query_scalar().fetch_all(tx).await?;
    Ok(ids.into_iter().map(ImageId::from).collect())
}

pub(super) fn only_here_query(
    album: AlbumId,
    only: Option<ImageId>,
    owner: Option<UserId>,
    limit: u32,
) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new(
        "SELECT m.image_id FROM album_images m JOIN images i ON i.id = m.image_id \
         WHERE NOT EXISTS (SELECT 1 FROM album_images o WHERE o.image_id = m.image_id AND o.album_id <> m.album_id) \
         AND m.album_id = ",
    );
    query.push_bind(album.as_uuid());
    if let Some(image) = only {
        query.push(" AND m.image_id = ").push_bind(image.as_uuid());
    }
    if let Some(owner) = owner {
        query.push(" AND i.owner = ").push_bind(owner.as_uuid());
    }
    query.push(" LIMIT ").push_bind(limit);
    query
}
