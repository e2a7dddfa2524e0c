//! The order of an album's images. Only the positions of those that are moved change, until there is no room between two neighbours.

use jiff::Timestamp;
use shared_types::{AlbumId, ImageId};

use super::super::connection::Connection;
use super::super::query::{query, query_scalar};
use super::members::GAP;
use super::{outbox, row};
use crate::domain::{Album, AlbumNotice, Place, Reorder, StoreError};
use crate::ports::CatalogError;

pub(super) async fn position_of(
    connection: &mut Connection<'_>,
    album: AlbumId,
    image: ImageId,
) -> Result<Option<i64>, CatalogError> {
    query_scalar("SELECT position FROM album_images WHERE album_id = $1 AND image_id = $2")
        .bind(album.as_uuid())
        .bind(image.as_uuid())
        .fetch_optional(connection)
        .await
}

async fn place_of(tx: &mut Connection<'_>, album: AlbumId, image: ImageId) -> Result<i64, CatalogError> {
    position_of(tx, album, image).await?.ok_or_else(|| {
        let refused = StoreError {
            detail: format!("Image {image} is not in the album (any more)."),
            ..StoreError::not_in_album()
        };
        CatalogError::Refused(refused)
    })
}

async fn put(tx: &mut Connection<'_>, album: AlbumId, image: ImageId, position: i64) -> Result<(), CatalogError> {
    query("UPDATE album_images SET position = $3 WHERE album_id = $1 AND image_id = $2")
        .bind(album.as_uuid())
        .bind(image.as_uuid())
        .bind(position)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn change(
    tx: &mut Connection<'_>,
    album: &Album,
    order: &Reorder,
    now: Timestamp,
) -> Result<Album, CatalogError> {
    match order {
        Reorder::First(images) => put_first(tx, album.id, images).await?,
        Reorder::Move(image, place) => move_to(tx, album.id, *image, *place).await?,
    }
    let changed = row::touch(tx, album.id, now).await?;
    outbox::write(tx, &AlbumNotice::changed(&changed, album.name.as_str()), now).await?;
    Ok(changed)
}

/// Before whatever is first now, so that only those that are named are written.
async fn put_first(tx: &mut Connection<'_>, album: AlbumId, images: &[ImageId]) -> Result<(), CatalogError> {
    let first: Option<i64> =
        query_scalar("SELECT position FROM album_images WHERE album_id = $1 ORDER BY position, image_id LIMIT 1")
            .bind(album.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
    for (image, back) in images.iter().rev().zip(1..) {
        place_of(tx, album, *image).await?;
        put(tx, album, *image, first.unwrap_or(0) - back * GAP).await?;
    }
    Ok(())
}

async fn move_to(tx: &mut Connection<'_>, album: AlbumId, image: ImageId, place: Place) -> Result<(), CatalogError> {
    place_of(tx, album, image).await?;
    let position = if let Some(position) = between(tx, album, image, place).await? {
        position
    } else {
        renumber(tx, album).await?;
        let found = between(tx, album, image, place).await?;
        found.ok_or_else(|| CatalogError::Failed(anyhow::anyhow!("no room in an album that was renumbered")))?
    };
    put(tx, album, image, position).await
}

/// A position at that place; `None` if there is no room. The image itself is no neighbour.
async fn between(
    tx: &mut Connection<'_>,
    album: AlbumId,
    image: ImageId,
    place: Place,
) -> Result<Option<i64>, CatalogError> {
    let (anchor, text) = match place {
        Place::Before(anchor) => (anchor, PREVIOUS),
        Place::After(anchor) => (anchor, NEXT),
    };
    let at = place_of(tx, album, anchor).await?;
    let neighbour: Option<i64> = query_scalar(text)
        .bind(album.as_uuid())
        .bind(at)
        .bind(anchor.as_uuid())
        .bind(image.as_uuid())
        .fetch_optional(tx)
        .await?;
    let (low, high) = match place {
        Place::Before(_) => (neighbour.unwrap_or(at - 2 * GAP), at),
        Place::After(_) => (at, neighbour.unwrap_or(at + 2 * GAP)),
    };
    Ok((high - low >= 2).then(|| low + (high - low) / 2))
}

pub(super) const PREVIOUS: &str = "SELECT position FROM album_images WHERE album_id = $1 AND (position, image_id) < ($2, $3) AND image_id <> $4 \
     ORDER BY position DESC, image_id DESC LIMIT 1";
pub(super) const NEXT: &str = "SELECT position FROM album_images WHERE album_id = $1 AND (position, image_id) > ($2, $3) AND image_id <> $4 \
     ORDER BY position, image_id LIMIT 1";

/// Gives every image of an album a new position in the order that they have.
async fn renumber(tx: &mut Connection<'_>, album: AlbumId) -> Result<(), CatalogError> {
    super::places::renumber(tx, album).await?;
    query(
        "UPDATE album_images SET position = numbered.number * $2 \
         FROM (SELECT image_id AS id, row_number() OVER (ORDER BY position, image_id) AS number FROM album_images WHERE album_id = $1) AS numbered \
         WHERE album_images.album_id = $1 AND album_images.image_id = numbered.id",
    )
    .bind(album.as_uuid())
    .bind(GAP)
    .execute(tx)
    .await?;
    Ok(())
}
