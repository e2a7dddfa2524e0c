//! One picture from where it is into the store.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use service_kit::exit::Failure;
use shared_types::{Digest, ErrorCode, ImageId, UserId};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio_util::io::ReaderStream;

use super::ImportArgs;
use super::report::{Done, Fate, Report};
use super::sources::{AlbumPlace, Item, Place};
use crate::app::{Import, OnDuplicate, Origin, Services, UploadOptions, Uploaded};
use crate::cli::access::OPERATOR;
use crate::cli::{begins_like_a_picture, explained};
use crate::domain::{AlbumName, Image, StoreError, Tags, UserName, Visibility};

/// How many times something is fetched that fails for a reason which may pass.
const ATTEMPTS: u32 = 3;

/// What every picture of a run needs.
pub(super) struct Bench {
    services: Services,
    args: ImportArgs,
    owner: Option<UserId>,
    /// Users by name, who are added when the first image of theirs comes.
    owners: Mutex<HashMap<UserName, UserId>>,
    albums: Mutex<HashMap<(Option<UserId>, AlbumName), Album>>,
}

/// Who is to be in an album: by position, then by the place in the source.
#[derive(Default)]
struct Album {
    visibility: Option<Visibility>,
    images: Vec<((Option<i64>, usize), ImageId)>,
}

impl Bench {
    pub(super) async fn new(services: &Services, args: ImportArgs) -> Result<Self, Failure> {
        let owner = match &args.owner {
            Some(name) => match services.user_by_name(&OPERATOR, name).await {
                Err(error) if error.code == ErrorCode::NotFound => {
                    let (name, add) = (name.as_str(), "imagestore user add");
                    return Err(Failure::Fault(format!("there is no user {name}; `{add} {name}` makes one")));
                }
                found => Some(explained(found)?.id),
            },
            None => None,
        };
        let (owners, albums) = (Mutex::default(), Mutex::default());
        Ok(Self { services: services.clone(), args, owner, owners, albums })
    }

    /// Takes one picture. What goes wrong is part of the answer.
    pub(super) async fn take(&self, index: usize, item: Result<Item, (String, StoreError)>) -> Done {
        match item {
            Err((label, error)) => Done { label, bytes: 0, fate: Fate::Failed(error) },
            Ok(item) => {
                let label = item.label.clone();
                let (bytes, fate) = match self.try_take(index, item).await {
                    Ok((bytes, fate)) => (bytes, fate),
                    Err(error) => (0, Fate::Failed(error)),
                };
                Done { label, bytes, fate }
            }
        }
    }

    async fn try_take(&self, index: usize, item: Item) -> Result<(u64, Fate), StoreError> {
        let mut size = 0;
        if let Place::File(path) = &item.place {
            let (path, checks) = (path.clone(), !item.is_named);
            let looked_at = blocking(move || look_at(&path, checks)).await?;
            let Some(bytes) = looked_at else { return Ok((0, Fate::NoPicture)) };
            size = bytes;
        }
        let import = self.import(&item).await?;
        let known = match self.digest(&item, &import).await? {
            Some(digest) => self.services.imported(&import, &digest).await?,
            None => None,
        };
        if self.args.dry_run {
            return Ok((size, if known.is_some() { Fate::Known } else { Fate::Stored }));
        }
        let owner = import.owner;
        let (image, fate) = match known {
            Some(image) => (image, Fate::Known),
            None => match self.store(&item, import).await {
                // Of what was only found there it is no fault that it is something else.
                Err(error) if error.code == ErrorCode::UnsupportedFormat && !item.is_named => {
                    return Ok((0, Fate::NoPicture));
                }
                Err(error) => return Err(error),
                Ok(uploaded) if uploaded.is_new => (uploaded.image, Fate::Stored),
                Ok(uploaded) => (uploaded.image, Fate::Known),
            },
        };
        let bytes = image.bytes;
        self.note_albums(index, owner, item.albums, &image).await;
        Ok((bytes, fate))
    }

    async fn import(&self, item: &Item) -> Result<Import, StoreError> {
        let owner = match (self.owner, &item.owner) {
            (Some(owner), _) => Some(owner),
            (None, Some(_)) if self.args.dry_run => None,
            (None, Some(name)) => Some(self.owner_named(name).await?),
            (None, None) => None,
        };
        let tags: Result<Vec<_>, _> = item.tags.iter().chain(self.args.tag.iter()).map(str::parse).collect();
        let tags = tags.and_then(Tags::of).map_err(|error| StoreError::new(ErrorCode::InvalidParameter, error))?;
        // Images that keep their ids are told apart by these: of two with the same bytes both are kept.
        let id = item.id.filter(|_| self.args.keep_ids);
        let options = UploadOptions {
            visibility: self.args.visibility.or(item.visibility),
            tags,
            on_duplicate: if id.is_some() { OnDuplicate::Keep } else { self.args.on_duplicate },
            ..UploadOptions::default()
        };
        let origin = Origin { id, created: item.created, digest: item.digest, metadata: item.metadata.clone() };
        Ok(Import { owner, name: item.name.clone(), options, origin })
    }

    async fn owner_named(&self, name: &UserName) -> Result<UserId, StoreError> {
        let mut owners = self.owners.lock().await;
        if let Some(known) = owners.get(name) {
            return Ok(*known);
        }
        let id = self.services.owner_for_import(&OPERATOR, name).await?;
        owners.insert(name.clone(), id);
        Ok(id)
    }

    /// The digest of what is to come, if that can be told without taking it and may keep it from being taken.
    async fn digest(&self, item: &Item, import: &Import) -> Result<Option<Digest>, StoreError> {
        match (&item.place, item.digest) {
            (_, Some(digest)) => Ok(Some(digest)),
            (Place::File(path), None) if import.may_be_known() => {
                let path = path.clone();
                let digest = move || {
                    let mut hasher = blake3::Hasher::new();
                    hasher.update_reader(File::open(path)?)?;
                    Ok(Digest::from(hasher.finalize()))
                };
                blocking(digest).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn store(&self, item: &Item, import: Import) -> Result<Uploaded, StoreError> {
        match &item.place {
            Place::File(path) => {
                let file = tokio::fs::File::open(path).await.map_err(|error| unreadable(&error))?;
                self.services.import_bytes(import, ReaderStream::with_capacity(file, 256 * 1024)).await
            }
            Place::Url(url) => {
                for attempt in 1..ATTEMPTS {
                    match self.services.import_url(import.clone(), url).await {
                        Err(error) if error.code.is_temporary() && error.code != ErrorCode::StorageFull => {
                            log::info!("{url} is tried again: {error}");
                            tokio::time::sleep(Duration::from_millis(500) * attempt).await;
                        }
                        done => return done,
                    }
                }
                self.services.import_url(import, url).await
            }
        }
    }

    async fn note_albums(&self, index: usize, owner: Option<UserId>, places: Vec<AlbumPlace>, image: &Image) {
        let mut albums = self.albums.lock().await;
        for AlbumPlace { name, visibility, position } in places {
            let album = albums.entry((owner, name)).or_default();
            album.visibility = visibility.or(self.args.visibility);
            album.images.push(((position, index), image.id));
        }
    }

    /// Puts the images into their albums, in their order: when all are there.
    pub(super) async fn fill_albums(&self, report: &mut Report) {
        for ((owner, name), mut album) in self.albums.lock().await.drain() {
            album.images.sort_unstable();
            let images: Vec<_> = album.images.into_iter().map(|(_, id)| id).collect();
            if let Err(error) = self.services.import_into_album(owner, &name, album.visibility, &images).await {
                let label = format!("album {}", name.as_str());
                report.note(Done { label, bytes: 0, fate: Fate::Failed(error) });
            }
        }
    }
}

/// The size of a file; `None` if it does not begin like a picture and was not named as one.
fn look_at(path: &Path, checks: bool) -> io::Result<Option<u64>> {
    let bytes = std::fs::metadata(path)?.len();
    Ok(if checks && !begins_like_a_picture(path)? { None } else { Some(bytes) })
}

fn unreadable(error: &io::Error) -> StoreError {
    let code = if error.kind() == io::ErrorKind::NotFound { ErrorCode::NotFound } else { ErrorCode::Internal };
    StoreError::new(code, format!("It cannot be read: {error}."))
}

/// Disks may be slow.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(StoreError::internal)?.map_err(|error| unreadable(&error))
}
