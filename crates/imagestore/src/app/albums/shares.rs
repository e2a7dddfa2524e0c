//! Public links to albums.

use jiff::Timestamp;
use shared_types::{AlbumId, Digest, ErrorCode, ShareId};

use super::AlbumImages;
use crate::app::access::{check_expires, random_text};
use crate::app::upload::now;
use crate::app::{Services, next_of};
use crate::domain::{Album, AlbumCursor, AlbumShare, Caller, Scope, Sight, StoreError};

/// A link that was just made.
pub struct NewShare {
    /// What stands in the address. It is given this once and kept nowhere.
    pub token: String,
    /// What is kept of it.
    pub share: AlbumShare,
}

impl Services {
    /// Makes a public link to an album: whoever has it sees the album's images, private ones of its owner too, as long as it holds.
    pub async fn share_album(
        &self,
        caller: &Caller,
        id: AlbumId,
        expires: Option<Timestamp>,
    ) -> Result<NewShare, StoreError> {
        self.album_for(caller, Scope::Write, id).await?;
        let created = now();
        check_expires(expires, created)?;
        let token = random_text()?;
        let digest = Digest::of(token.as_bytes());
        let share = AlbumShare { id: ShareId::generate(), album: id, digest, created, expires };
        self.inner.catalog.insert_share(&share).await?;
        Ok(NewShare { token, share })
    }

    /// A page of an album's links, newest first, and where the next one begins.
    pub async fn shares(
        &self,
        caller: &Caller,
        id: AlbumId,
        after: Option<ShareId>,
        limit: u32,
    ) -> Result<(Vec<AlbumShare>, Option<ShareId>), StoreError> {
        caller.require(Scope::Read)?;
        self.album_for(caller, Scope::Read, id).await?;
        let mut shares = self.inner.catalog.shares(id, after, limit + 1).await?;
        let next = next_of(&mut shares, limit).map(|share| share.id);
        Ok((shares, next))
    }

    /// Revokes a link: it leads nowhere from the next request on.
    pub async fn revoke_share(&self, caller: &Caller, id: AlbumId, share: ShareId) -> Result<(), StoreError> {
        self.album_for(caller, Scope::Write, id).await?;
        if self.inner.catalog.delete_share(id, share).await? {
            return Ok(());
        }
        Err(StoreError::new(ErrorCode::NotFound, "The album has no link of this id. It may have been revoked."))
    }

    /// The album to which the link with this token leads. Only digests are compared.
    pub(super) async fn shared_album(&self, token: &str) -> Result<Album, StoreError> {
        let found = self.inner.catalog.share_by_digest(&Digest::of(token.as_bytes())).await?;
        let found = found.filter(|(share, _)| share.holds(now()));
        found.map(|(_, album)| album).ok_or_else(|| {
            let detail = "The link leads to no album: it is unknown, it has expired, or it was revoked.";
            StoreError::new(ErrorCode::NotFound, detail)
        })
    }

    /// The album to which the link with this token leads, and a page of its images.
    pub async fn shared_images(
        &self,
        token: &str,
        after: Option<AlbumCursor>,
        limit: u32,
    ) -> Result<(Album, AlbumImages), StoreError> {
        let album = self.shared_album(token).await?;
        let images = self.images_of(album.id, Sight::Of(album.owner), after, limit).await?;
        Ok((album, images))
    }
}
