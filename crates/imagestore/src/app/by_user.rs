//! Images by a user whom each call names: with keys the user of the key, without keys whoever the client says.

use std::sync::Arc;

use bytes::Bytes;
use shared_types::{Digest, ErrorCode, ImageId, TransformError, UserId};

use super::{Listing, MAX_PAGE, Services, UploadOptions, Uploaded};
use crate::domain::{
    Caller, Image, ImageFilter, ImageName, ImageQuery, Position, Scope, Sort, StoreError, Tag, Tags, Whose,
};

/// The parameter that names the user.
const PARAMETER: &str = "userId";

/// Whose images are meant, which the caller may deal with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Those of a user.
    User(UserId),
    /// Where nobody is asked who they are: those of nobody that have this tag.
    Tag(Tag),
}

impl Named {
    fn owner(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(*user),
            Self::Tag(_) => None,
        }
    }

    fn tag(&self) -> Option<&Tag> {
        match self {
            Self::User(_) => None,
            Self::Tag(tag) => Some(tag),
        }
    }

    fn has(&self, image: &Image) -> bool {
        image.owner == self.owner() && self.tag().is_none_or(|tag| image.tags.iter().any(|has| has == tag.as_str()))
    }
}

impl Services {
    /// Whose images are meant by a user's id or name. Nothing is the caller's own user.
    ///
    /// # Errors
    /// Without keys, it cannot be told from others; with keys, it is another user than that of the key, which is no administrator's.
    pub async fn named(&self, caller: &Caller, scope: Scope, user: &str) -> Result<Named, StoreError> {
        caller.require(scope)?;
        let Some(own) = caller.owner() else {
            return tag_of(user).map(Named::Tag);
        };
        if user.is_empty() || user.parse().is_ok_and(|id: UserId| id == own) {
            return Ok(Named::User(own));
        }
        let is_own_name = self.usage_of(Some(own)).await?.is_some_and(|known| known.name.as_str() == user);
        if is_own_name {
            return Ok(Named::User(own));
        }
        if !caller.is_admin() {
            let detail = "`userId` must be the id or the name of the key's own user.";
            return Err(StoreError::new(ErrorCode::Forbidden, detail).parameter(PARAMETER));
        }
        let known = match (user.parse(), user.parse()) {
            (Ok(id), _) => self.user(caller, id).await?,
            (_, Ok(name)) => self.user_by_name(caller, &name).await?,
            (Err(_), Err(reason)) => return Err(TransformError::new(PARAMETER, reason).into()),
        };
        Ok(Named::User(known.id))
    }

    /// Stores an image that will be one of these.
    ///
    /// # Errors
    /// Those of any upload.
    pub async fn upload_for(
        &self,
        caller: &Caller,
        named: &Named,
        name: ImageName,
        bytes: Bytes,
    ) -> Result<Uploaded, StoreError> {
        let mut receiving = self.receive_image_of(caller, named.owner()).await?;
        receiving.write(bytes).await?;
        // One tag is never too many.
        let tags = Tags::of(named.tag().cloned().into_iter().collect()).unwrap_or_default();
        receiving.finish(Some(name), &UploadOptions { tags, ..UploadOptions::default() }).await
    }

    /// The image, if it is one of these.
    ///
    /// # Errors
    /// There is none, or it is another's, which is the same.
    pub async fn image_of(&self, caller: &Caller, named: &Named, id: ImageId) -> Result<Arc<Image>, StoreError> {
        let image = self.image_to_show(caller, id).await?;
        if named.has(&image) { Ok(image) } else { Err(StoreError::no_image()) }
    }

    /// Where the list of these images, oldest first, is to be begun for its first entry to be the one with this index; `None` where there are
    /// not so many.
    pub async fn list_from(&self, named: &Named, index: u32) -> Result<Option<Start>, StoreError> {
        let Some(before) = index.checked_sub(1) else { return Ok(Some(Start(None))) };
        let position = self.inner.catalog.position(whose(named), named.tag(), before).await?;
        Ok(position.map(|position| Start(Some(position))))
    }

    /// So many of these images at most, oldest first, and where the next ones begin, if there may be some.
    pub async fn list_of(
        &self,
        named: &Named,
        start: Start,
        limit: u32,
    ) -> Result<(Vec<Image>, Option<Start>), StoreError> {
        let filter = ImageFilter { tag: named.tag().cloned(), ..ImageFilter::default() };
        let (whose, limit) = (whose(named), limit.clamp(1, MAX_PAGE));
        let query = ImageQuery { whose, filter, sort: Sort::Date, descending: false, after: start.0, limit };
        let Listing { images, next } = self.page(query).await?;
        Ok((images, next.map(|next| Start(Some(next)))))
    }
}

/// Where a page of a list begins.
#[derive(Debug, Clone)]
pub struct Start(Option<Position>);

fn whose(named: &Named) -> Whose {
    named.owner().map_or(Whose::Nobody, Whose::User)
}

/// What keeps users apart where nobody is asked who they are.
fn tag_of(user: &str) -> Result<Tag, StoreError> {
    // A tag is folded, and bounded: what is long, or would be changed by that, stands for itself in its digest.
    let tag = format!("user:{user}");
    match tag.parse::<Tag>() {
        Ok(folded) if folded.as_str() == tag && !user.is_empty() && !user.starts_with('#') => Ok(folded),
        _ if user.is_empty() => Err(TransformError::new(PARAMETER, "must name whose image it is").into()),
        _ => {
            let digest = Digest::of(user.as_bytes()).to_string();
            format!("user:#{}", &digest[..32]).parse().map_err(|reason| TransformError::new(PARAMETER, reason).into())
        }
    }
}
