//! What people say of an image: tags, and whatever else in a document of their own.

use std::str::FromStr;

use serde_json::{Map, Value};

/// A tag: 1 to 64 bytes in lower case, without control characters and commas, and without spaces at its ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MAX_BYTES: usize = 64;
        let text = text.trim().to_lowercase();
        let valid = (1..=MAX_BYTES).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c == ',');
        let wanted = || format!("must be tags of 1 to {MAX_BYTES} bytes without control characters and commas");
        if valid { Ok(Self(text)) } else { Err(wanted()) }
    }
}

/// Tags of one image, each once, in alphabetical order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The most tags of one image.
    pub const MOST: usize = 64;

    /// These tags.
    ///
    /// # Errors
    /// More than [`Tags::MOST`], as a sentence without its subject.
    pub fn of(mut tags: Vec<Tag>) -> Result<Self, String> {
        tags.sort_unstable();
        tags.dedup();
        if tags.len() <= Self::MOST { Ok(Self(tags)) } else { Err(format!("must be at most {} tags", Self::MOST)) }
    }

    /// Each as text.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Tag::as_str)
    }
}

/// Tags that are to be added and taken away, whatever others there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagging {
    /// Those that are added.
    pub add: Tags,
    /// Those that go.
    pub remove: Tags,
}

impl Tagging {
    /// What becomes of these tags.
    ///
    /// # Errors
    /// They are more than [`Tags::MOST`] then, as a sentence without its subject.
    pub fn of(&self, tags: Tags) -> Result<Tags, String> {
        let left = tags.0.into_iter().filter(|tag| !self.remove.0.contains(tag));
        Tags::of(left.chain(self.add.0.iter().cloned()).collect())
    }
}

/// Tags with commas between them; an empty text is none.
impl FromStr for Tags {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let tags: Result<_, _> = text.split(',').filter(|tag| !tag.trim().is_empty()).map(str::parse).collect();
        Self::of(tags?)
    }
}

/// A JSON object that is kept with an image and never looked into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The most bytes of it as text.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// This object.
    ///
    /// # Errors
    /// It is too large, as a sentence without its subject.
    pub fn of(object: Map<String, Value>) -> Result<Self, String> {
        let metadata = Self(object);
        let fits = metadata.text().len() <= Self::MAX_BYTES;
        if fits { Ok(metadata) } else { Err(format!("must have at most {} bytes", Self::MAX_BYTES)) }
    }

    /// The object.
    pub fn object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object as text.
    pub fn text(&self) -> String {
        // A map with texts as keys always serialises.
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_folded_sorted_and_bounded() {
        let tags: Tags = " Red,blue,red, ,Кот ".parse().unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["blue", "red", "кот"]);
        let many: Vec<_> = (0..65).map(|number| number.to_string()).collect();
        for bad in ["a\nb", &"x".repeat(65), &many.join(",")] {
            assert!(bad.parse::<Tags>().is_err(), "{bad:?}");
        }
    }
}
