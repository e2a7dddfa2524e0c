//! Taking images over from elsewhere: the same checks and the same durability as of uploads, by an operator who says whose they are.

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use jiff::{Timestamp, Unit};
use shared_types::{AlbumId, Digest, ErrorCode, ImageId, UserId};

use super::upload::{broken_off, now, whose};
use super::{MAX_ADDED, OnDuplicate, Services, UploadOptions, Uploaded};
use crate::domain::{
    Album, AlbumName, Caller, Expected, Image, ImageName, Metadata, Quotas, StoreError, UserName, Visibility,
};
use crate::ports::CatalogError;

/// What an image was where it comes from, beside what an upload can say of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origin {
    /// Its id there, which it keeps unless another image has it.
    pub id: Option<ImageId>,
    /// When it was stored there.
    pub created: Option<Timestamp>,
    /// What its bytes are to be.
    pub digest: Option<Digest>,
    /// What was said of it there.
    pub metadata: Option<Metadata>,
}

impl Origin {
    /// Makes sure that the bytes are the right ones.
    pub(super) fn check(&self, digest: &Digest) -> Result<(), StoreError> {
        match self.digest {
            Some(expected) if expected != *digest => {
                let detail =
                    format!("Its bytes are not those that were exported: their digest is {digest}, not {expected}.");
                Err(StoreError::new(ErrorCode::ChecksumMismatch, detail))
            }
            _ => Ok(()),
        }
    }

    /// The id and time for the image. Lists by date go by ids, so a new id is one of that time.
    pub(super) async fn id_and_time(&self, services: &Services) -> Result<(ImageId, Timestamp), StoreError> {
        let Some(created) = self.created else {
            return Ok((self.free_id(services).await?.unwrap_or_else(ImageId::generate), now()));
        };
        let created = created.min(now()).round(Unit::Microsecond).unwrap_or(created);
        let seconds = u64::try_from(created.as_second()).unwrap_or_default();
        let nanos = u32::try_from(created.subsec_nanosecond()).unwrap_or_default();
        let free = self.free_id(services).await?;
        Ok((free.unwrap_or_else(|| ImageId::generate_at(seconds, nanos)), created))
    }

    /// The id to keep, if no image has it.
    async fn free_id(&self, services: &Services) -> Result<Option<ImageId>, StoreError> {
        let Some(id) = self.id else { return Ok(None) };
        Ok(services.inner.catalog.image(id).await?.is_none().then_some(id))
    }
}

/// An image that is to be taken over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// To whom it will belong.
    pub owner: Option<UserId>,
    /// Its name.
    pub name: Option<ImageName>,
    /// What an upload could say of it.
    pub options: UploadOptions,
    /// What it was where it comes from.
    pub origin: Origin,
}

impl Import {
    /// Whether it may be that it is stored already; then [`Services::imported`] tells.
    pub fn may_be_known(&self) -> bool {
        self.origin.id.is_some() || self.options.on_duplicate != OnDuplicate::Keep
    }
}

impl Services {
    /// The image that was made of these bytes by an earlier run: the one that has the id it is to keep, or, where that is another one's or duplicates
    /// are not kept, any of its owner's.
    pub async fn imported(&self, import: &Import, digest: &Digest) -> Result<Option<Image>, StoreError> {
        if let Some(id) = import.origin.id {
            match self.inner.catalog.image(id).await? {
                Some(known) if known.digest == *digest => return Ok(Some(known)),
                Some(_) => {}
                None => return Ok(None),
            }
        } else if import.options.on_duplicate != OnDuplicate::Return {
            return Ok(None);
        }
        Ok(self.copies_of(digest, whose(import.owner), 1).await?.pop())
    }

    /// Stores an image whose bytes are at hand.
    pub async fn import_bytes(
        &self,
        import: Import,
        mut bytes: impl Stream<Item = std::io::Result<Bytes>> + Unpin,
    ) -> Result<Uploaded, StoreError> {
        let mut receiving = self.receive_import(import.owner, import.origin).await?;
        while let Some(chunk) = bytes.try_next().await.map_err(|error| unreadable(&error))? {
            receiving.write(chunk).await?;
        }
        receiving.finish(import.name, &import.options).await
    }

    /// Stores an image that another server has.
    pub async fn import_url(&self, import: Import, url: &str) -> Result<Uploaded, StoreError> {
        let mut receiving = self.receive_import(import.owner, import.origin).await?;
        self.fetch_into(&mut receiving, url).await?;
        receiving.finish(import.name, &import.options).await
    }

    /// A document of another server, of at most 64 MiB, asked for with this header.
    pub async fn fetch_document(&self, url: &str, header: Option<(&str, &str)>) -> Result<Bytes, StoreError> {
        const MOST: usize = 64 << 20;
        let mut body = self.fetch(url, header).await?;
        let mut document = Vec::new();
        while let Some(chunk) = body.stream.next().await {
            document.extend_from_slice(&chunk.map_err(broken_off)?);
            if document.len() > MOST {
                let detail = format!("The list has more than {MOST} bytes; ask for shorter pages.");
                return Err(StoreError::new(ErrorCode::BadUpstream, detail));
            }
        }
        Ok(document.into())
    }

    /// The user of that name, who is added if there is none: without a key nobody can act as them.
    pub async fn owner_for_import(&self, operator: &Caller, name: &UserName) -> Result<UserId, StoreError> {
        match self.inner.catalog.user_by_name(name).await? {
            Some(user) => Ok(user.id),
            None => Ok(self.add_user(operator, name.clone(), Quotas::default()).await?.id),
        }
    }

    /// Puts images at the end of that owner's album, which is made if there is none; those that are in it stay where they are.
    pub async fn import_into_album(
        &self,
        owner: Option<UserId>,
        name: &AlbumName,
        visibility: Option<Visibility>,
        images: &[ImageId],
    ) -> Result<(), StoreError> {
        let album = match self.inner.catalog.album_by_name(owner, name).await? {
            Some(album) => album.id,
            None => self.new_album(owner, name.clone(), visibility).await?,
        };
        for some in images.chunks(MAX_ADDED) {
            let added = self.inner.catalog.add_to_album(album, some, &Expected::default(), now()).await?;
            added.ok_or_else(StoreError::no_album)?;
        }
        Ok(())
    }

    async fn new_album(
        &self,
        owner: Option<UserId>,
        name: AlbumName,
        visibility: Option<Visibility>,
    ) -> Result<AlbumId, CatalogError> {
        let created = now();
        let album = Album {
            id: AlbumId::generate(),
            owner,
            name,
            visibility: visibility.unwrap_or_else(|| self.default_visibility()),
            default_preset: None,
            then: None,
            cover: None,
            images: 0,
            version: 1,
            created,
            updated: created,
        };
        self.inner.catalog.insert_album(&album).await.map(|()| album.id)
    }
}

fn unreadable(error: &std::io::Error) -> StoreError {
    StoreError::new(ErrorCode::Internal, format!("It cannot be read: {error}."))
}
