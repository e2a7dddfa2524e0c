//! Albums: images in an order of their owner's.

mod members;
mod notices;
mod shares;

use shared_types::{AlbumId, ErrorCode, ImageId, VariantName};

use super::upload::now;
use super::{Services, next_of};
use crate::domain::{Album, AlbumChange, AlbumName, Caller, Expected, Happening, Reach, Scope, StoreError, Visibility};
use crate::ports::{AlbumPage, CatalogError};

pub use members::{AlbumImages, Destination, MAX_ADDED};
pub(super) use notices::{KEEP_MESSAGES, Outbox};
pub use shares::NewShare;

/// The most albums, or images of an album, of one page.
pub const MAX_ALBUM_PAGE: u32 = 500;

/// An album that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlbum {
    /// What it is called.
    pub name: AlbumName,
    /// Who may see it; as the settings say of images if nothing is said.
    pub visibility: Option<Visibility>,
    /// The preset in which its images are shown.
    pub default_preset: Option<VariantName>,
    /// What an upload into it asks to be done.
    pub then: Option<String>,
}

impl Services {
    /// Makes an album that belongs to the caller.
    pub async fn create_album(&self, caller: &Caller, new: NewAlbum) -> Result<Album, StoreError> {
        caller.require(Scope::Write)?;
        let created = now();
        let album = Album {
            id: AlbumId::generate(),
            owner: caller.owner(),
            name: new.name,
            visibility: new.visibility.unwrap_or_else(|| self.default_visibility()),
            default_preset: new.default_preset,
            then: new.then,
            cover: None,
            images: 0,
            version: 1,
            created,
            updated: created,
        };
        self.inner.catalog.insert_album(&album).await.map_err(|error| taken(error, "name", "album"))?;
        self.inner.outbox.wake();
        Ok(album)
    }

    /// The album, if the caller may see it.
    pub async fn album(&self, caller: &Caller, id: AlbumId) -> Result<Album, StoreError> {
        let album = self.inner.catalog.album(id).await?.ok_or_else(StoreError::no_album)?;
        caller.check_sees_album(&album)?;
        Ok(album)
    }

    /// The album, if the caller may do that to it.
    pub async fn album_for(&self, caller: &Caller, scope: Scope, id: AlbumId) -> Result<Album, StoreError> {
        // First of all: whether there is such an album is nothing to those who could do nothing to it.
        caller.require(scope)?;
        let album = self.inner.catalog.album(id).await?.ok_or_else(StoreError::no_album)?;
        caller.check_may_with_album(scope, &album)?;
        Ok(album)
    }

    /// The caller's own album of that name, if the caller may do that to it.
    pub async fn album_named(&self, caller: &Caller, scope: Scope, name: &str) -> Result<Album, StoreError> {
        caller.require(scope)?;
        let Ok(name) = name.parse() else { return Err(StoreError::no_album()) };
        self.inner.catalog.album_by_name(caller.owner(), &name).await?.ok_or_else(StoreError::no_album)
    }

    /// The names of the caller's own albums, in their order as bytes.
    pub async fn album_names(&self, caller: &Caller) -> Result<Vec<AlbumName>, StoreError> {
        caller.require(Scope::Read)?;
        let mut names = Vec::new();
        loop {
            let page = self.inner.catalog.album_names(caller.owner(), names.last(), MAX_ALBUM_PAGE).await?;
            let is_last = page.len() < MAX_ALBUM_PAGE as usize;
            names.extend(page);
            if is_last {
                return Ok(names);
            }
        }
    }

    /// A page of albums, newest first, and where the next one begins: the caller's own, everybody's to an administrator, and public ones to
    /// whoever shows no key.
    pub async fn albums(
        &self,
        caller: &Caller,
        after: Option<AlbumId>,
        limit: u32,
    ) -> Result<(Vec<Album>, Option<AlbumId>), StoreError> {
        let limit = limit.clamp(1, MAX_ALBUM_PAGE);
        let (owner, visibility) = match caller {
            Caller::Anonymous => (None, Some(Visibility::Public)),
            _ => (caller.reach()?.user(), None),
        };
        let page = AlbumPage { owner, visibility, after, limit: limit + 1 };
        let mut albums = self.inner.catalog.albums(&page).await?;
        let next = next_of(&mut albums, limit).map(|album| album.id);
        Ok((albums, next))
    }

    /// Changes an album's fields.
    pub async fn change_album(
        &self,
        caller: &Caller,
        id: AlbumId,
        change: &AlbumChange,
        expected: &Expected,
    ) -> Result<Album, StoreError> {
        self.album_for(caller, Scope::Write, id).await?;
        let changed = self.inner.catalog.change_album(id, change, expected, now()).await;
        self.album_changed(changed.map_err(|error| taken(error, "name", "album")))
    }

    /// Deletes an album; with its images those that the caller may delete and that are in no other album. Tells how many these were.
    pub async fn delete_album(
        &self,
        caller: &Caller,
        id: AlbumId,
        with_images: bool,
        expected: &Expected,
    ) -> Result<u64, StoreError> {
        let album = self.album_for(caller, Scope::Delete, id).await?;
        expected.check(&album)?;
        let deleted = if with_images { self.delete_album_images(caller, &album, None).await? } else { 0 };
        // Deleting its images has changed the album.
        let expected = if deleted > 0 { Expected::default() } else { expected.clone() };
        let gone = self.inner.catalog.delete_album(id, &expected, now()).await.map_err(StoreError::from);
        self.album_changed(gone)?;
        Ok(deleted)
    }

    /// Deletes images of an album that are in no other one, all or the one that is named, as far as the caller may; tells how many.
    async fn delete_album_images(
        &self,
        caller: &Caller,
        album: &Album,
        only: Option<ImageId>,
    ) -> Result<u64, StoreError> {
        let (id, owner, whose, services) = (album.id, album.owner, caller.whose(), self.clone());
        let delete = async move {
            let mut deleted = 0;
            loop {
                let gone = services.delete_some(id, only, whose).await?;
                for image in &gone {
                    services.inner.records.forget(*image).await;
                    services.publish(whose.user().or(owner), Happening::ImageDeleted(*image));
                }
                deleted += gone.len() as u64;
                if gone.is_empty() || only.is_some() {
                    services.inner.outbox.wake();
                    return Ok(deleted);
                }
            }
        };
        self.to_its_end(delete).await
    }

    async fn delete_some(
        &self,
        album: AlbumId,
        only: Option<ImageId>,
        whose: Reach,
    ) -> Result<Vec<ImageId>, StoreError> {
        /// In one transaction, which others wait for.
        const TOGETHER: u32 = 50;
        let (now, catalog) = (now(), &self.inner.catalog);
        let until = self.kept_until(now);
        let (gone, doomed) = catalog.delete_album_images(album, only, whose, TOGETHER, until, now).await?;
        self.remove_doomed(&doomed).await;
        Ok(gone)
    }

    /// After a change: what is to be told of it is told.
    fn album_changed(&self, changed: Result<Option<Album>, StoreError>) -> Result<Album, StoreError> {
        let album = changed?.ok_or_else(StoreError::no_album)?;
        self.inner.outbox.wake();
        Ok(album)
    }
}

/// A name that is taken is one of that kind of thing.
fn taken(error: CatalogError, parameter: &str, kind: &str) -> StoreError {
    match error {
        CatalogError::NameTaken => {
            let detail = format!("There is an {kind} of this name already; choose another name.");
            StoreError::new(ErrorCode::Conflict, detail).parameter(parameter)
        }
        error => error.into(),
    }
}
