//! Which images a list is of, in which order, and where a page of it begins.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use shared_types::{ImageFormat, ImageId, UserId};
use utoipa::ToSchema;

use super::{Image, Tag, Visibility};

/// Whose images are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Anybody's; only by date.
    Anybody,
    /// Those of no user.
    Nobody,
    /// Those of one user.
    User(UserId),
}

/// What is true of each image of a list; `None` is true of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFilter {
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// The format of the original.
    pub format: Option<ImageFormat>,
    /// A tag that it has.
    pub tag: Option<Tag>,
    /// What its name begins with, in lower case.
    pub name: Option<String>,
    /// The fewest bytes of the original.
    pub min_bytes: Option<u64>,
    /// The most bytes of the original.
    pub max_bytes: Option<u64>,
    /// Uploaded at this time or later.
    pub since: Option<Timestamp>,
    /// Uploaded before this time.
    pub before: Option<Timestamp>,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Sort {
    /// The time of upload.
    #[default]
    Date,
    /// The name in lower case; images without one come first.
    Name,
    /// The bytes of the original.
    Bytes,
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "date" => Ok(Self::Date),
            "name" => Ok(Self::Name),
            "bytes" => Ok(Self::Bytes),
            _ => Err("must be date, name or bytes".to_owned()),
        }
    }
}

/// A list of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// Whose.
    pub whose: Whose,
    /// Which of them.
    pub filter: ImageFilter,
    /// In which order.
    pub sort: Sort,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Where the page begins: behind this position.
    pub after: Option<Position>,
    /// At most so many.
    pub limit: u32,
}

impl ImageQuery {
    /// Every image, newest first.
    pub fn newest(after: Option<ImageId>, limit: u32) -> Self {
        Self {
            whose: Whose::Anybody,
            filter: ImageFilter::default(),
            sort: Sort::Date,
            descending: true,
            after: after.map(Position::Date),
            limit,
        }
    }
}

/// A place in a list: what it is sorted by, and the id, which no two images share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In a list by date: ids have the order of upload.
    Date(ImageId),
    /// In a list by name.
    Name(String, ImageId),
    /// In a list by bytes.
    Bytes(u64, ImageId),
}

impl Position {
    /// Where an image stands in a list that is sorted so.
    pub fn of(image: &Image, sort: Sort) -> Self {
        match sort {
            Sort::Date => Self::Date(image.id),
            Sort::Name => Self::Name(image.name_key(), image.id),
            Sort::Bytes => Self::Bytes(image.bytes, image.id),
        }
    }

    /// What its list is sorted by.
    pub fn sort(&self) -> Sort {
        match self {
            Self::Date(_) => Sort::Date,
            Self::Name(..) => Sort::Name,
            Self::Bytes(..) => Sort::Bytes,
        }
    }

    /// The image that stands there.
    pub fn id(&self) -> ImageId {
        match self {
            Self::Date(id) | Self::Name(_, id) | Self::Bytes(_, id) => *id,
        }
    }
}

/// The form in a cursor: the id, with what it is sorted by before it.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(id) => id.fmt(f),
            Self::Name(name, id) => write!(f, "n{}.{id}", hex::encode(name)),
            Self::Bytes(bytes, id) => write!(f, "b{bytes}.{id}"),
        }
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let Some((key, id)) = text.split_once('.') else { return text.parse().map(Self::Date).map_err(drop) };
        let id = id.parse().map_err(drop)?;
        if let Some(name) = key.strip_prefix('n') {
            let name = hex::decode(name).ok().and_then(|name| String::from_utf8(name).ok());
            name.map(|name| Self::Name(name, id)).ok_or(())
        } else {
            key.strip_prefix('b').and_then(|bytes| bytes.parse().ok()).map(|bytes| Self::Bytes(bytes, id)).ok_or(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        let id = ImageId::generate();
        for position in [
            Position::Date(id),
            Position::Name(String::new(), id),
            Position::Name("кот.png".to_owned(), id),
            Position::Bytes(u64::MAX, id),
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for bad in ["", "n.x", &format!("nzz.{id}"), &format!("b-1.{id}"), &format!("x1.{id}"), &format!("nff.{id}")] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
