//! Images with all that is known of them, for somebody who takes them elsewhere.

use std::collections::HashMap;

use jiff::Timestamp;
use shared_types::{ErrorCode, UserId};

use super::Services;
use crate::domain::{
    Album, AlbumCursor, AlbumImage, AlbumName, Image, ImageFilter, ImageQuery, Membership, Position, Sight, Sort,
    StoreError, UserName, Whose,
};

/// Records that are looked up together.
const PAGE: u32 = 200;

/// Which images are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportWish {
    /// Only those of this user.
    pub owner: Option<UserName>,
    /// Only those in this album, of that user or of nobody.
    pub album: Option<AlbumName>,
    /// Only those that were stored at this time or later.
    pub since: Option<Timestamp>,
}

/// An image and what is said of it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The image.
    pub image: Image,
    /// What its owner is called.
    pub owner: Option<UserName>,
    /// The albums that it is in.
    pub albums: Vec<Membership>,
}

/// A walk through the images that are meant, the oldest first, or in the order of the album.
pub struct Export {
    services: Services,
    owner: Option<UserId>,
    since: Option<Timestamp>,
    place: Place,
    names: HashMap<UserId, Option<UserName>>,
}

/// Where the next page begins.
enum Place {
    All(Option<Position>),
    InAlbum(Box<Album>, Option<AlbumCursor>),
    End,
}

impl Services {
    /// Begins a walk.
    ///
    /// # Errors
    /// There is no such user or album.
    pub async fn export(&self, wish: ExportWish) -> Result<Export, StoreError> {
        let catalog = &self.inner.catalog;
        let owner = match &wish.owner {
            None => None,
            Some(name) => {
                let missing = || StoreError::new(ErrorCode::NotFound, format!("There is no user {}.", name.as_str()));
                Some(catalog.user_by_name(name).await?.ok_or_else(missing)?.id)
            }
        };
        let place = match &wish.album {
            None => Place::All(None),
            Some(name) => {
                let missing = || {
                    let detail = format!("There is no album {}; name its owner with --owner.", name.as_str());
                    StoreError::new(ErrorCode::NotFound, detail)
                };
                Place::InAlbum(Box::new(catalog.album_by_name(owner, name).await?.ok_or_else(missing)?), None)
            }
        };
        Ok(Export { services: self.clone(), owner, since: wish.since, place, names: HashMap::new() })
    }
}

impl Export {
    /// The next images; `None` at the end. A page may be empty.
    pub async fn page(&mut self) -> Result<Option<Vec<Exported>>, StoreError> {
        let images = match std::mem::replace(&mut self.place, Place::End) {
            Place::End => return Ok(None),
            Place::All(after) => {
                let query = ImageQuery {
                    whose: self.owner.map_or(Whose::Anybody, Whose::User),
                    filter: ImageFilter { since: self.since, ..ImageFilter::default() },
                    sort: Sort::Date,
                    descending: false,
                    after,
                    limit: PAGE,
                };
                let page = self.services.page(query).await?;
                if page.next.is_some() {
                    self.place = Place::All(page.next);
                }
                page.images
            }
            Place::InAlbum(album, after) => {
                let page = self.services.images_of(album.id, Sight::All, after, PAGE).await?;
                if page.next.is_some() {
                    self.place = Place::InAlbum(album, page.next);
                }
                let images = page.images.into_iter().map(|AlbumImage { image, .. }| image);
                images.filter(|image| self.since.is_none_or(|since| image.created >= since)).collect()
            }
        };
        let mut exported = Vec::with_capacity(images.len());
        for image in images {
            let owner = match image.owner {
                None => None,
                Some(owner) => self.name_of(owner).await?,
            };
            let albums = self.services.inner.catalog.albums_of(image.id).await?;
            exported.push(Exported { image, owner, albums });
        }
        Ok(Some(exported))
    }

    async fn name_of(&mut self, user: UserId) -> Result<Option<UserName>, StoreError> {
        if let Some(known) = self.names.get(&user) {
            return Ok(known.clone());
        }
        let name = self.services.inner.catalog.user(user).await?.map(|user| user.name);
        self.names.insert(user, name.clone());
        Ok(name)
    }
}
