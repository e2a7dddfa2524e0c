//! Which pictures are meant: those of folders, exports and lists.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use service_kit::exit::Failure;
use shared_types::{Digest, ErrorCode, ImageId};
use walkdir::WalkDir;

use super::Items;
use crate::cli::manifest::{AlbumEntry, Entry, MANIFEST, lines};
use crate::domain::{AlbumName, ImageName, Metadata, StoreError, Tags, UserName, Visibility};

/// Where the bytes of a picture are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Url(String),
}

/// A picture that is to be taken, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// What people know it by.
    pub(super) label: String,
    pub(super) place: Place,
    /// Whether somebody named it, so that it is a fault if it is no picture.
    pub(super) is_named: bool,
    pub(super) name: Option<ImageName>,
    pub(super) owner: Option<UserName>,
    pub(super) visibility: Option<Visibility>,
    pub(super) tags: Tags,
    pub(super) metadata: Option<Metadata>,
    pub(super) id: Option<ImageId>,
    pub(super) created: Option<Timestamp>,
    pub(super) digest: Option<Digest>,
    pub(super) albums: Vec<AlbumPlace>,
}

/// An album and where in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AlbumPlace {
    pub(super) name: AlbumName,
    pub(super) visibility: Option<Visibility>,
    /// Lower ones come first; in the order of the source where nothing is said.
    pub(super) position: Option<i64>,
}

impl Item {
    pub(super) fn new(label: String, place: Place, is_named: bool) -> Self {
        let last = match &place {
            Place::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Place::Url(url) => url::Url::parse(url).ok().and_then(|url| {
                let last = url.path_segments()?.next_back()?.to_owned();
                Some(percent_encoding::percent_decode_str(&last).decode_utf8_lossy().into_owned())
            }),
        };
        Self {
            label,
            place,
            is_named,
            name: last.as_deref().and_then(ImageName::from_client),
            owner: None,
            visibility: None,
            tags: Tags::default(),
            metadata: None,
            id: None,
            created: None,
            digest: None,
            albums: Vec::new(),
        }
    }

    fn file(path: &Path, is_named: bool) -> Self {
        Self::new(path.display().to_string(), Place::File(path.to_owned()), is_named)
    }

    /// The same in an album that is called like this, if an album can be.
    #[must_use]
    pub(super) fn in_album(mut self, name: &str) -> Self {
        let album = |name| AlbumPlace { name, visibility: None, position: None };
        self.albums.extend(name.parse().ok().map(album));
        self
    }
}

/// A failure that is one of the source's, not of the whole run.
pub(super) fn fault(label: impl Into<String>, detail: impl Into<String>) -> (String, StoreError) {
    (label.into(), StoreError::new(ErrorCode::InvalidParameter, detail))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Fault(format!("cannot read {}: {error}", path.display()))
}

/// A file, the pictures of a folder, or what an export left.
pub(super) fn of_path(path: &Path, album_per_folder: bool) -> Result<Items, Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        return Ok(stream::iter([Ok(Item::file(path, true))]).boxed());
    }
    let manifest = path.join(MANIFEST);
    if manifest.is_file() {
        return of_export(path, &manifest);
    }
    Ok(stream::iter(below(path.to_owned(), album_per_folder)).boxed())
}

/// Files in the order of their names.
fn below(
    root: PathBuf,
    album_per_folder: bool,
) -> impl Iterator<Item = Result<Item, (String, StoreError)>> + Send + 'static {
    let entries = WalkDir::new(&root).sort_by_file_name().into_iter();
    entries.filter_map(move |entry| match entry {
        Ok(entry) if !entry.file_type().is_file() => None,
        Ok(entry) => {
            let item = Item::file(entry.path(), false);
            let folder = entry.path().parent().and_then(|folder| folder.strip_prefix(&root).ok());
            let album = folder.filter(|_| album_per_folder).map(|folder| folder.to_string_lossy().into_owned());
            Some(Ok(match album {
                Some(album) => item.in_album(&album),
                None => item,
            }))
        }
        Err(error) => {
            let label = error.path().unwrap_or(&root).display().to_string();
            Some(Err(fault(label, format!("It cannot be read: {error}."))))
        }
    })
}

fn of_export(folder: &Path, manifest: &Path) -> Result<Items, Failure> {
    let (folder, named) = (folder.to_owned(), manifest.display().to_string());
    let lines = lines(manifest).map_err(|error| unreadable(manifest, &error))?;
    let items = lines.map(move |(number, line)| {
        let label = || format!("{named}, line {number}");
        let line = line.map_err(|error| fault(label(), format!("It cannot be read: {error}.")))?;
        let entry: Entry = serde_json::from_str(&line)
            .map_err(|error| fault(label(), format!("It is not what an export writes: {error}.")))?;
        of_entry(&folder, &entry).map_err(|detail| fault(label(), detail))
    });
    Ok(stream::iter(items).boxed())
}

fn of_entry(folder: &Path, entry: &Entry) -> Result<Item, String> {
    let path = entry.path(folder).ok_or("`file` must be a path below the folder.")?;
    let said = |what: &str, error: String| format!("`{what}` {error}.");
    let visibility = |text: &str| text.parse::<Visibility>().map_err(|error| said("visibility", error));
    let albums = entry.albums.iter().map(|AlbumEntry { name, visibility: sight, position }| {
        let name = name.parse().map_err(|error| said("albums", error))?;
        Ok(AlbumPlace { name, visibility: Some(visibility(sight)?), position: Some(*position) })
    });
    let tags: Result<Vec<_>, _> = entry.tags.iter().map(|tag| tag.parse()).collect();
    let metadata = (!entry.metadata.is_empty()).then(|| Metadata::of(entry.metadata.clone())).transpose();
    Ok(Item {
        name: entry.name.as_deref().and_then(ImageName::from_client),
        owner: entry.owner.as_deref().map(str::parse).transpose().map_err(|error: String| said("owner", error))?,
        visibility: Some(visibility(&entry.visibility)?),
        tags: tags.and_then(Tags::of).map_err(|error| said("tags", error))?,
        metadata: metadata.map_err(|error| said("metadata", error))?,
        id: Some(entry.id),
        created: Some(entry.created_at),
        digest: Some(entry.digest),
        albums: albums.collect::<Result<_, String>>()?,
        ..Item::file(&path, true)
    })
}

/// Paths and URLs, one a line.
pub(super) fn of_list(list: &Path) -> Result<Items, Failure> {
    let reader: Box<dyn BufRead + Send> = if list == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(list).map_err(|error| unreadable(list, &error))?))
    };
    let named = list.display().to_string();
    let items = reader.lines().filter_map(move |line| match line {
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => {
            let line = line.trim();
            let is_url = ["http://", "https://"].iter().any(|scheme| line.starts_with(scheme));
            let place = if is_url { Place::Url(line.to_owned()) } else { Place::File(line.into()) };
            Some(Ok(Item::new(line.to_owned(), place, true)))
        }
        Err(error) => Some(Err(fault(named.clone(), format!("It cannot be read: {error}.")))),
    });
    Ok(stream::iter(items).boxed())
}
