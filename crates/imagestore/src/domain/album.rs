//! Albums: images in an order of their owner's.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use shared_types::{AlbumId, Digest, ErrorCode, ImageId, ParseIdError, ShareId, UserId, VariantName};

use super::{Image, ImageName, StoreError, Visibility};

/// Images in an order. One image may be in several albums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Album {
    /// Its id.
    pub id: AlbumId,
    /// To whom it belongs; nobody where nobody was asked.
    pub owner: Option<UserId>,
    /// What its owner calls it; no two of one owner have the same.
    pub name: AlbumName,
    /// Who may see it beside them.
    pub visibility: Visibility,
    /// The preset in which its images are shown.
    pub default_preset: Option<VariantName>,
    /// What an upload into it asks to be done, as it stands in `then=`.
    pub then: Option<String>,
    /// The image that stands for it: a chosen one, else the first.
    pub cover: Option<ImageId>,
    /// How many images it has.
    pub images: u64,
    /// Counts its changes, those of its images' order included.
    pub version: u64,
    /// When it was made, in whole microseconds.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// An album's name: 1 to 255 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AlbumName(String);

impl AlbumName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AlbumName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let valid = (1..=255).contains(&text.len()) && !text.chars().any(char::is_control);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 1 to 255 bytes without control characters".to_owned())
        }
    }
}

/// What becomes of one field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FieldChange<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is empty from now on.
    Clear,
    /// It has this value from now on.
    To(T),
}

impl<T> FieldChange<T> {
    /// The same with another kind of value.
    ///
    /// # Errors
    /// Those of the function.
    pub fn try_map<U, E>(self, to: impl FnOnce(T) -> Result<U, E>) -> Result<FieldChange<U>, E> {
        Ok(match self {
            Self::Keep => FieldChange::Keep,
            Self::Clear => FieldChange::Clear,
            Self::To(value) => FieldChange::To(to(value)?),
        })
    }

    /// What the field is after the change.
    pub fn of(self, now: Option<T>) -> Option<T> {
        match self {
            Self::Keep => now,
            Self::Clear => None,
            Self::To(value) => Some(value),
        }
    }
}

/// What is to be changed of an album; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlbumChange {
    /// Its name.
    pub name: Option<AlbumName>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// The preset in which its images are shown.
    pub default_preset: FieldChange<VariantName>,
    /// What an upload into it asks to be done.
    pub then: FieldChange<String>,
    /// The image that stands for it, which must be in it.
    pub cover: FieldChange<ImageId>,
}

/// The versions of which one must be the album's for a change to be made; any, if the client names none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected(pub Option<Vec<u64>>);

impl Expected {
    /// Makes sure that the album is as the client thinks.
    ///
    /// # Errors
    /// It was changed meanwhile.
    pub fn check(&self, album: &Album) -> Result<(), StoreError> {
        if self.0.as_ref().is_none_or(|versions| versions.contains(&album.version)) {
            return Ok(());
        }
        let detail = "The album was changed meanwhile: it is not the one that If-Match names. Fetch it again.";
        Err(StoreError::new(ErrorCode::PreconditionFailed, detail).parameter("If-Match"))
    }
}

/// An image as it is in an album.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbumImage {
    /// The image.
    pub image: Image,
    /// What it is called there; no other image of the album is. It is its own name when it was added, marked if that was taken.
    pub name: ImageName,
    /// Where it stands: lower ones come first.
    pub position: i64,
}

impl AlbumImage {
    /// Where a page behind this one begins.
    pub fn cursor(&self) -> AlbumCursor {
        AlbumCursor { position: self.position, image: self.image.id }
    }
}

/// An album as one of its images sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The album.
    pub album: Album,
    /// What the image is called there.
    pub name: ImageName,
    /// Where the image stands: lower ones come first.
    pub position: i64,
}

/// How the name of an image in an album comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Marked if another one has it.
    Free,
    /// Refused if another one has it.
    Exact,
}

/// A page behind this image of an album. Where the image is moved meanwhile the page begins behind its new place; where it is removed, at
/// its old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlbumCursor {
    /// Where the image stood.
    pub position: i64,
    /// The image.
    pub image: ImageId,
}

impl fmt::Display for AlbumCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.position, self.image)
    }
}

impl FromStr for AlbumCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (position, image) = text.split_once('_').ok_or(())?;
        let image = image.parse().map_err(|_: ParseIdError| ())?;
        Ok(Self { position: position.parse().map_err(drop)?, image })
    }
}

/// Which images of an album are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All of them.
    All,
    /// Those that are not private, and private ones of this owner.
    Of(Option<UserId>),
    /// Those that are not private.
    NotPrivate,
}

/// A new order of an album's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reorder {
    /// These come first, in this order; the others follow in the order that they have.
    First(Vec<ImageId>),
    /// This one goes to another place.
    Move(ImageId, Place),
}

/// Where an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Right before this image.
    Before(ImageId),
    /// Right behind this image.
    After(ImageId),
}

/// A public link to an album.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbumShare {
    /// Its id, by which it is listed and revoked.
    pub id: ShareId,
    /// The album.
    pub album: AlbumId,
    /// The digest of the token.
    pub digest: Digest,
    /// When it was made, in whole microseconds.
    pub created: Timestamp,
    /// From when on it leads nowhere.
    pub expires: Option<Timestamp>,
}

impl AlbumShare {
    /// Whether it leads to the album at that time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_album_may_be_called_anything_but_nothing_and_control_characters() {
        for good in ["a", "..", "a/b", "Отпуск 2026 🏖", &"a".repeat(255)] {
            assert!(good.parse::<AlbumName>().is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "\0", "a\u{85}b", &"a".repeat(256), &"ж".repeat(128)] {
            assert!(bad.parse::<AlbumName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for position in [i64::MIN, -1, 0, i64::MAX] {
            let cursor = AlbumCursor { position, image: ImageId::generate() };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for bad in ["", "1", "_", "1_x", "x_01890a5d-ac96-774b-bcce-b302099a8057"] {
            assert!(bad.parse::<AlbumCursor>().is_err(), "{bad:?}");
        }
    }
}
