//! `images.jsonl`, the manifest of an export: one image a line, as a JSON object.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared_types::{Digest, ImageId};

use crate::app::Exported;
use crate::domain::{ImageName, Membership, Metadata};

/// The name of the manifest in the folder of an export.
pub(super) const MANIFEST: &str = "images.jsonl";

/// One image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: ImageId,
    /// Where its file is, below the folder of the export, with `/` between folders.
    pub(super) file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) bytes: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    pub(super) visibility: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) metadata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) albums: Vec<AlbumEntry>,
}

/// An album that it is in, one of its owner's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AlbumEntry {
    pub(super) name: String,
    pub(super) visibility: String,
    /// Where it stands: lower ones come first.
    pub(super) position: i64,
}

impl Entry {
    /// What the manifest says of an image whose file is there.
    pub(super) fn of(exported: &Exported, file: String) -> Self {
        let Exported { image, owner, albums } = exported;
        let (width, height) = image.facts.upright_size();
        let album = |Membership { album, position, .. }: &Membership| AlbumEntry {
            name: album.name.as_str().to_owned(),
            visibility: album.visibility.name().to_owned(),
            position: *position,
        };
        // An album of another user is not this one's to tell of.
        let own = albums.iter().filter(|membership| membership.album.owner == image.owner);
        Self {
            id: image.id,
            file,
            name: image.name.as_ref().map(ImageName::as_str).map(str::to_owned),
            digest: image.digest,
            media_type: image.facts.format.media_type().to_owned(),
            bytes: image.bytes,
            width,
            height,
            created_at: image.created,
            owner: owner.as_ref().map(|name| name.as_str().to_owned()),
            visibility: image.visibility.name().to_owned(),
            tags: image.tags.iter().map(str::to_owned).collect(),
            metadata: image.metadata.as_ref().map(Metadata::object).cloned().unwrap_or_default(),
            albums: own.map(album).collect(),
        }
    }

    /// Where its file is; `None` if that is not below the folder.
    pub(super) fn path(&self, folder: &Path) -> Option<PathBuf> {
        let is_below = self.file.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('\\'));
        is_below.then(|| folder.join(&self.file))
    }
}

/// The lines of a manifest, each with its number.
pub(super) fn lines(file: &Path) -> io::Result<impl Iterator<Item = (usize, io::Result<String>)> + use<>> {
    let lines = BufReader::new(File::open(file)?).lines().enumerate();
    Ok(lines
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty())))
}
