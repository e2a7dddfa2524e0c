//! Where in albums deleted images were, which may come back.

use jiff::Timestamp;
use shared_types::{AlbumId, ImageId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::Connection;
use super::super::query::{query, query_as};
use super::members::{self, GAP};
use super::{outbox, row};
use crate::domain::AlbumNotice;
use crate::ports::CatalogError;

/// Takes an image out of every album, and notes where it was.
pub(in super::super) async fn leave_for_now(
    tx: &mut Connection<'_>,
    image: ImageId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    query(
        "INSERT INTO deleted_places (image_id, album_id, position, name, added_us, is_cover) \
         SELECT m.image_id, m.album_id, m.position, m.name, m.added_us, coalesce(a.cover = m.image_id, FALSE) \
         FROM album_images m JOIN albums a ON a.id = m.album_id WHERE m.image_id = $1",
    )
    .bind(image.as_uuid())
    .execute(&mut *tx)
    .await?;
    members::leave_all(tx, image, now).await
}

#[derive(FromRow)]
struct PlaceRow {
    album_id: Uuid,
    position: i64,
    name: String,
    added_us: i64,
    is_cover: bool,
}

/// Puts an image back into the albums that it was in, as far as they are still there. Where its name was taken meanwhile it gets a marked one.
pub(in super::super) async fn return_to_all(
    tx: &mut Connection<'_>,
    image: ImageId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let places: Vec<PlaceRow> = query_as(
        "DELETE FROM deleted_places WHERE image_id = $1 RETURNING album_id, position, name, added_us, is_cover",
    )
    .bind(image.as_uuid())
    .fetch_all(&mut *tx)
    .await?;
    for place in places {
        put_back(tx, image, &place, now).await?;
    }
    Ok(())
}

async fn put_back(
    tx: &mut Connection<'_>,
    image: ImageId,
    place: &PlaceRow,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let album = AlbumId::from(place.album_id);
    let own = members::image_name(&place.name)?;
    let is_taken = members::is_taken(tx, album, &own).await?;
    let name = if is_taken { members::free_name(tx, album, &own, image).await? } else { own };
    query("INSERT INTO album_images (album_id, image_id, position, name, added_us) VALUES ($1, $2, $3, $4, $5)")
        .bind(place.album_id)
        .bind(image.as_uuid())
        .bind(place.position)
        .bind(name.as_str())
        .bind(place.added_us)
        .execute(&mut *tx)
        .await?;
    if place.is_cover {
        query("UPDATE albums SET cover = $2 WHERE id = $1 AND cover IS NULL")
            .bind(place.album_id)
            .bind(image.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    let album = row::touch(tx, album, now).await?;
    outbox::write(tx, &AlbumNotice::image_added(&album, image, &name), now).await
}

/// Before the images of an album get new positions: those that may come back keep their places between them.
pub(super) async fn renumber(tx: &mut Connection<'_>, album: AlbumId) -> Result<(), CatalogError> {
    query(
        "UPDATE deleted_places SET position = $2 / 2 + $2 * (SELECT count(*) FROM album_images m \
         WHERE m.album_id = $1 AND m.position <= deleted_places.position) WHERE album_id = $1",
    )
    .bind(album.as_uuid())
    .bind(GAP)
    .execute(tx)
    .await?;
    Ok(())
}
