//! Rows of albums, of what is in them, of their public links, and of what is to be told of changes.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{AlbumId, Digest, ImageId, ShareId, UserId};

use super::CatalogError;
use crate::domain::{
    Album, AlbumChange, AlbumCursor, AlbumImage, AlbumName, AlbumShare, Expected, ImageName, Membership, OutboxMessage,
    Reach, Reorder, Sight, Visibility,
};

/// A part of the list of albums, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlbumPage {
    /// Only albums of this user.
    pub owner: Option<UserId>,
    /// Only albums that this is true of.
    pub visibility: Option<Visibility>,
    /// Only albums older than this one.
    pub after: Option<AlbumId>,
    /// At most so many.
    pub limit: u32,
}

/// A part of the catalog, with the same promises: each method is one transaction. What is to be told of a change is written with it.
///
/// Methods that change an album give it as it then is, or `None` if there is none, and count its version up if anything changed. Where the
/// album is not as [`Expected`] they refuse ([`CatalogError::Refused`]) and change nothing.
#[async_trait]
pub trait AlbumCatalog: Send + Sync {
    /// Adds an album without images.
    ///
    /// # Errors
    /// [`CatalogError::NameTaken`] by another album of its owner.
    async fn insert_album(&self, album: &Album) -> Result<(), CatalogError>;

    /// The album, if it exists.
    async fn album(&self, id: AlbumId) -> Result<Option<Album>, CatalogError>;

    /// The album of that owner, or of nobody, that has this name.
    async fn album_by_name(&self, owner: Option<UserId>, name: &AlbumName) -> Result<Option<Album>, CatalogError>;

    /// A page of albums, newest first.
    async fn albums(&self, page: &AlbumPage) -> Result<Vec<Album>, CatalogError>;

    /// Names of that owner's albums, or of nobody's, in their order as bytes, those behind `after`, at most `limit`.
    async fn album_names(
        &self,
        owner: Option<UserId>,
        after: Option<&AlbumName>,
        limit: u32,
    ) -> Result<Vec<AlbumName>, CatalogError>;

    /// Changes an album's fields.
    ///
    /// # Errors
    /// [`CatalogError::NameTaken`]; [`CatalogError::Refused`] if the cover is not one of its images.
    async fn change_album(
        &self,
        id: AlbumId,
        change: &AlbumChange,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError>;

    /// Removes the album and its links; the images stay. Gives it as it was.
    async fn delete_album(
        &self,
        id: AlbumId,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError>;

    /// Puts images at the end of an album; those that are in it already stay where they are.
    ///
    /// # Errors
    /// [`CatalogError::NoImage`] if one of them does not exist; then none is added.
    async fn add_to_album(
        &self,
        id: AlbumId,
        images: &[ImageId],
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError>;

    /// Takes an image out of an album.
    ///
    /// # Errors
    /// [`CatalogError::Refused`] if it is not in it.
    async fn remove_from_album(
        &self,
        id: AlbumId,
        image: ImageId,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError>;

    /// Calls an image of an album something else there.
    ///
    /// # Errors
    /// [`CatalogError::NameTaken`]; [`CatalogError::Refused`] if it is not in it.
    async fn rename_in_album(
        &self,
        id: AlbumId,
        image: ImageId,
        name: &ImageName,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError>;

    /// Puts images of an album in another order.
    ///
    /// # Errors
    /// [`CatalogError::Refused`] if one of those named is not in it.
    async fn reorder_album(
        &self,
        id: AlbumId,
        order: &Reorder,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError>;

    /// Images of an album in its order, those behind `after`, at most `limit`; none if there is no such album.
    async fn album_images(
        &self,
        id: AlbumId,
        sight: Sight,
        after: Option<AlbumCursor>,
        limit: u32,
    ) -> Result<Vec<AlbumImage>, CatalogError>;

    /// The image that is called so in an album.
    async fn album_image_by_name(&self, id: AlbumId, name: &ImageName) -> Result<Option<AlbumImage>, CatalogError>;

    /// The albums that an image is in.
    async fn albums_of(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError>;

    /// Whether the image is in the album.
    async fn is_in_album(&self, id: AlbumId, image: ImageId) -> Result<bool, CatalogError>;

    /// Deletes images of an album that are in no other one: the one that is named, or up to `limit` of all, and only those that belong to
    /// `whose` if that is one user; where `purge` is given, they are hidden until then. Gives them and the blobs doomed by it.
    async fn delete_album_images(
        &self,
        id: AlbumId,
        only: Option<ImageId>,
        whose: Reach,
        limit: u32,
        purge: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Vec<ImageId>, Vec<Digest>), CatalogError>;

    /// Adds a public link to an album.
    ///
    /// # Errors
    /// [`CatalogError::Refused`] if there is no such album.
    async fn insert_share(&self, share: &AlbumShare) -> Result<(), CatalogError>;

    /// Links of an album, newest first, those older than `after`, at most `limit`.
    async fn shares(&self, album: AlbumId, after: Option<ShareId>, limit: u32)
    -> Result<Vec<AlbumShare>, CatalogError>;

    /// The link with that digest, whether it holds or not, and its album.
    async fn share_by_digest(&self, digest: &Digest) -> Result<Option<(AlbumShare, Album)>, CatalogError>;

    /// Revokes a link; tells whether there was one.
    async fn delete_share(&self, album: AlbumId, share: ShareId) -> Result<bool, CatalogError>;

    /// What was not delivered yet, in the order of the changes, at most `limit`; from then on it counts as delivered.
    async fn take_outbox(&self, limit: u32, now: Timestamp) -> Result<Vec<OutboxMessage>, CatalogError>;

    /// How much was written before that time that every sink has.
    async fn old_outbox(&self, before: Timestamp) -> Result<u64, CatalogError>;

    /// Forgets what was written before that time and every sink has, at most `limit`; gives how many.
    async fn forget_outbox(&self, before: Timestamp, limit: u32) -> Result<u64, CatalogError>;
}
