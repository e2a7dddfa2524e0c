//! `Upload-Metadata`: keys, each with a value in base64 behind a space, and commas between them.

use base64::Engine;
use service_kit::http::ApiError;

use super::headers::{METADATA, malformed};
use crate::app::BASE64;
use crate::domain::{ImageName, Tags, Visibility};

/// The most bytes of the header: it is kept, and sent back.
const MOST: usize = 8 * 1024;

/// Keys that mean something here.
const KNOWN: [&str; 5] = ["filename", "name", "then", "visibility", "tags"];

/// What of it means something here. Other keys are kept for the client.
#[derive(Debug, PartialEq)]
pub(super) struct Metadata {
    /// `filename`, or else `name`.
    pub(super) name: Option<ImageName>,
    /// What is to be done with the image: `then`.
    pub(super) then: Option<String>,
    /// Who may see the image: `visibility`.
    pub(super) visibility: Option<Visibility>,
    /// What people file it under: `tags`.
    pub(super) tags: Tags,
}

impl Metadata {
    pub(super) fn parse(header: &str) -> Result<Self, ApiError> {
        if header.len() > MOST {
            return Err(malformed(METADATA, &format!("may have at most {MOST} bytes")));
        }
        let mut known: [Option<String>; KNOWN.len()] = Default::default();
        let mut keys = Vec::new();
        for pair in header.split(',').filter(|_| !header.trim().is_empty()) {
            let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
            if key.is_empty() || keys.contains(&key) {
                return Err(malformed(
                    METADATA,
                    "must be different keys, each with a value in base64 behind a space, and commas between them",
                ));
            }
            keys.push(key);
            let value = BASE64.decode(value.trim());
            let value =
                value.map_err(|_| malformed(METADATA, &format!("has a value of {key:?} that is not base64")))?;
            if let Some(place) = KNOWN.iter().position(|known| *known == key) {
                let text = String::from_utf8(value);
                known[place] = Some(text.map_err(|_| malformed(METADATA, &format!("has a {key} that is not UTF-8")))?);
            }
        }
        let [filename, name, then, visibility, tags] = known;
        let refused = |key: &str, reason: String| malformed(METADATA, &format!("has a {key} that {reason}"));
        let visibility = visibility.map(|text| text.parse()).transpose();
        let tags = tags.map(|text| text.parse()).transpose();
        let name = filename.or(name).as_deref().and_then(ImageName::from_client);
        Ok(Self {
            name,
            then: then.filter(|words| !words.is_empty()),
            visibility: visibility.map_err(|reason| refused("visibility", reason))?,
            tags: tags.map_err(|reason| refused("tags", reason))?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Option<(Option<String>, Option<String>)> {
        let Metadata { name, then, .. } = Metadata::parse(header).ok()?;
        Some((name.map(|name| name.as_str().to_owned()), then))
    }

    #[test]
    fn names_and_wishes_are_found_among_other_keys() {
        assert_eq!(parse(""), Some((None, None)));
        assert_eq!(parse("is_confidential"), Some((None, None)));
        assert_eq!(parse("filename 0LrQvtGCLnBuZw==,filetype aW1hZ2UvcG5n"), Some((Some("кот.png".to_owned()), None)));
        assert_eq!(
            parse("then Y29tcHJlc3M, name YS5wbmc="),
            Some((Some("a.png".to_owned()), Some("compress".to_owned())))
        );
        for bad in ["filename !", "a Yg==,a Yg==", ",", "a Yg==,", "name /w==", &"k".repeat(9000)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
