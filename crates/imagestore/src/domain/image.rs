//! An uploaded image.

use image_engine::Facts;
use jiff::{SignedDuration, Timestamp};
use shared_types::{Digest, ErrorCode, ImageFormat, ImageId, UserId};

use super::{Metadata, StoreError, Tagging, Tags, Visibility};

/// One upload. Another upload of the same bytes is another image with the same digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// To whom it belongs; nobody where nobody was asked.
    pub owner: Option<UserId>,
    /// Who may see it beside them.
    pub visibility: Visibility,
    /// Digest of the original bytes, which name their blob.
    pub digest: Digest,
    /// Size of the original.
    pub bytes: u64,
    /// What the header of the original says.
    pub facts: Facts,
    /// The file's name as the client gave it, made harmless.
    pub name: Option<ImageName>,
    /// What people file it under.
    pub tags: Tags,
    /// What else they say of it.
    pub metadata: Option<Metadata>,
    /// When the upload was complete, in whole microseconds.
    pub created: Timestamp,
    /// How many originals it has had: 1 until the first one is replaced.
    pub revision: u64,
    /// When it got the original that it has, if that is not the first one.
    pub replaced: Option<Timestamp>,
}

/// An original that takes another one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Digest of its bytes, which name their blob.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// What its header says.
    pub facts: Facts,
    /// Whether its master copy is to be made.
    pub rendition: bool,
    /// The digests of which one must be that of the present original, if that matters.
    pub expected: Option<Vec<Digest>>,
}

/// A deleted image that is kept for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedImage {
    /// What it was.
    pub image: Image,
    /// When it was deleted.
    pub deleted: Timestamp,
    /// From when on it is removed for good.
    pub purge: Timestamp,
}

/// What is to be changed of an image; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageChange {
    /// The file's name.
    pub name: Option<ImageName>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// What people file it under: all of it anew.
    pub tags: Option<Tags>,
    /// What they file it under as well, and no longer.
    pub tagging: Tagging,
    /// What else they say of it: all of it anew.
    pub metadata: Option<Metadata>,
}

impl Image {
    /// An address whose answer depends on the image's original. Of one that was replaced it names the revision, so that nobody takes what
    /// they have of the old one for it.
    pub fn with_revision(&self, address: String) -> String {
        let sign = if address.contains('?') { '&' } else { '?' };
        if self.revision > 1 { format!("{address}{sign}v={}", self.revision) } else { address }
    }

    /// The path of an address where the original is. What may hold scripts is not shown as it is.
    pub fn original_path(&self) -> String {
        let way = if self.facts.format.is_vector() { "download" } else { "i" };
        format!("/{way}/{}", self.id)
    }

    /// What it is sorted by and looked up by as a name.
    pub fn name_key(&self) -> String {
        self.name.as_ref().map(|name| name.as_str().to_lowercase()).unwrap_or_default()
    }

    /// When it got the original that it has.
    pub fn modified(&self) -> Timestamp {
        self.replaced.unwrap_or(self.created)
    }

    /// The image with another original. No two of its originals have the same second, in which HTTP tells them apart.
    #[must_use]
    pub fn replaced_by(&self, new: &Replacement, now: Timestamp) -> Self {
        let later = self.modified().checked_add(SignedDuration::from_secs(1)).unwrap_or(now);
        Self {
            digest: new.digest,
            bytes: new.bytes,
            facts: new.facts.clone(),
            revision: self.revision + 1,
            replaced: Some(now.max(later)),
            ..self.clone()
        }
    }
}

impl Replacement {
    /// Makes sure that the image has the original that the client thinks.
    ///
    /// # Errors
    /// It was replaced meanwhile.
    pub fn check(&self, image: &Image) -> Result<(), StoreError> {
        if self.expected.as_ref().is_none_or(|digests| digests.contains(&image.digest)) {
            return Ok(());
        }
        let detail =
            "The original is not the one that If-Match names: it was replaced meanwhile. Fetch the record again.";
        Err(StoreError::new(ErrorCode::PreconditionFailed, detail).parameter("If-Match"))
    }
}

/// A file name that is safe to store, log and send back: no path, no control characters, at most 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName(String);

impl ImageName {
    const MAX_BYTES: usize = 255;

    /// Keeps the last component of whatever the client sent; `None` if nothing is left.
    pub fn from_client(text: &str) -> Option<Self> {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let mut name: String = last.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
        while name.len() > Self::MAX_BYTES {
            name.pop();
        }
        let name = name.trim();
        (!name.is_empty() && name != "." && name != "..").then(|| Self(name.to_owned()))
    }

    /// The name of an image that came without one.
    pub fn of_id(id: ImageId, format: ImageFormat) -> Self {
        Self(format!("{id}.{format}"))
    }

    /// The same name with a mark before its extension, still not too long: `photo-1a2b.jpg`.
    #[must_use]
    pub fn marked(&self, mark: &str) -> Self {
        let (stem, extension) = self.0.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((&self.0, ""));
        let dot = if extension.is_empty() { "" } else { "." };
        let room = Self::MAX_BYTES.saturating_sub(mark.len() + extension.len() + 2);
        let stem = &stem[..stem.floor_char_boundary(room)];
        let extension = &extension[..extension.floor_char_boundary(Self::MAX_BYTES.saturating_sub(mark.len() + 2))];
        Self(format!("{stem}-{mark}{dot}{extension}"))
    }

    /// The name as one that every system takes for a file. What some system does not take is replaced, and then the image's id stands before it,
    /// so that names which differ still do.
    pub fn as_file(&self, id: ImageId) -> String {
        let plain = plain_file_name(&self.0);
        let stem = plain.split('.').next().unwrap_or_default().to_ascii_uppercase();
        let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
            || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
        if plain == self.0 && !is_device { plain } else { format!("{id}-{plain}") }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name without what some system does not take in a file's.
pub fn plain_file_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if "<>:\"|?*/\\".contains(c) { '_' } else { c }).collect();
    plain.trim_end_matches('.').to_owned()
}

/// Direction marks and zero-width characters: they make a name read as another one.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_no_path_and_no_tricks() {
        let name = |text| ImageName::from_client(text).map(|n| n.0);
        assert_eq!(name("photo.jpg").as_deref(), Some("photo.jpg"));
        assert_eq!(name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(name("C:\\pictures\\кот.png").as_deref(), Some("кот.png"));
        assert_eq!(name("a\r\nSet-Cookie: x").as_deref(), Some("aSet-Cookie: x"));
        assert_eq!(name("evil\u{202e}gpj.exe").as_deref(), Some("evilgpj.exe"));
        assert_eq!(name(".."), None);
        assert_eq!(name("a/"), None);
        assert_eq!(name(&"ж".repeat(300)).map(|n| n.len()), Some(254));
    }

    #[test]
    fn a_mark_stands_before_the_extension() {
        let marked = |text: &str| ImageName::from_client(text).unwrap().marked("1a").0;
        assert_eq!(marked("photo.jpg"), "photo-1a.jpg");
        assert_eq!(marked("photo"), "photo-1a");
        assert_eq!(marked(".hidden"), ".hidden-1a");
        assert_eq!(marked("a.b.c"), "a.b-1a.c");
        for long in ["ж".repeat(125) + ".jpg", "a.".to_owned() + &"ж".repeat(125), "x".repeat(255)] {
            let marked = marked(&long);
            assert!(marked.len() <= 255 && marked.contains("-1a"), "{marked}");
        }
    }
}
