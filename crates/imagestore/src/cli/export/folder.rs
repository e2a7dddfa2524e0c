//! The folder of an export: which file is whose, and how each gets there whole.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use service_kit::exit::Failure;
use shared_types::{Digest, ErrorCode, ImageId};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

use super::unwritable;
use crate::app::{ContentBytes, Exported, Services};
use crate::cli::explained;
use crate::cli::manifest::{Entry, MANIFEST, lines};
use crate::domain::{Image, ImageName, StoreError, plain_file_name};

/// The manifest of an export that is under way.
const PART: &str = "images.jsonl.part";

/// What became of one image.
pub(super) enum Outcome {
    Written,
    /// The file was there already.
    Present,
    /// The image was deleted meanwhile.
    Gone,
    /// The store does not have the right bytes.
    Damaged,
}

/// The folder, with the manifest on its way.
pub(super) struct Folder {
    pub(super) root: PathBuf,
    album_folders: bool,
    /// The files of earlier exports.
    known: HashMap<ImageId, String>,
    /// Files that belong to an image, as they are told apart where case does not count.
    taken: HashSet<String>,
    noted: HashSet<ImageId>,
    manifest: BufWriter<File>,
}

impl Folder {
    pub(super) fn open(root: &Path, album_folders: bool) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let mut known = HashMap::new();
        let mut taken = HashSet::from([MANIFEST.to_owned(), PART.to_owned()]);
        // An export that was stopped has told of its files in the second one.
        let mut stopped = Vec::new();
        for name in [MANIFEST, PART] {
            for entry in entries(&root.join(name))? {
                taken.insert(entry.file.to_lowercase());
                known.insert(entry.id, entry.file.clone());
                if name == PART {
                    stopped.push(entry);
                }
            }
        }
        let manifest = OpenOptions::new().create(true).write(true).truncate(true).open(root.join(PART))?;
        let (root, noted) = (root.to_owned(), HashSet::new());
        let mut folder = Self { root, album_folders, known, taken, noted, manifest: BufWriter::new(manifest) };
        stopped.iter().try_for_each(|entry| folder.write_line(entry))?;
        folder.manifest.flush()?;
        Ok(folder)
    }

    /// Where the image's file goes, below the root: where it was before, or where no other image is.
    pub(super) fn file_of(&mut self, exported: &Exported) -> String {
        let image = &exported.image;
        if let Some(known) = self.known.get(&image.id) {
            return known.clone();
        }
        let own = image.name.clone().unwrap_or_else(|| ImageName::of_id(image.id, image.facts.format));
        let album = exported.albums.iter().map(|membership| membership.album.name.as_str()).min();
        let album = album.filter(|_| self.album_folders).map(folder_name);
        let place = |name: &ImageName| {
            let file = name.as_file(image.id);
            album.as_ref().map_or_else(|| file.clone(), |album| format!("{album}/{file}"))
        };
        let id = image.id.to_string();
        let names = [own.clone(), own.marked(&id[id.len() - 8..]), own.marked(&id)];
        let mut places = names.iter().map(place);
        let free = places.find(|file| self.is_free(file, image));
        let file = free.unwrap_or_else(|| place(&names[2]));
        self.taken.insert(file.to_lowercase());
        file
    }

    /// Whether the place is empty, or has this very file, of an export that was stopped.
    fn is_free(&self, file: &str, image: &Image) -> bool {
        let path = self.root.join(file);
        let is_this = |metadata: fs::Metadata| {
            let may_be = metadata.is_file() && metadata.len() == image.bytes;
            may_be && digest_of(&path).is_ok_and(|digest| digest == Some(image.digest))
        };
        !self.taken.contains(&file.to_lowercase()) && fs::symlink_metadata(&path).map_or(true, is_this)
    }

    /// Adds an image whose file is there to the manifest.
    pub(super) fn note(&mut self, entry: &Entry) -> io::Result<()> {
        self.noted.insert(entry.id);
        self.write_line(entry)
    }

    fn write_line(&mut self, entry: &Entry) -> io::Result<()> {
        serde_json::to_writer(&mut self.manifest, entry)?;
        self.manifest.write_all(b"\n")
    }

    /// Puts the manifest in its place. A later line of an image counts, and of what this export did not look at the earlier ones do.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.manifest.flush()?;
        let whole = tempfile::Builder::new().prefix(".imagestore-").tempfile_in(&self.root)?;
        let mut out = BufWriter::new(whole.as_file());
        let mut written = HashSet::new();
        for name in [PART, MANIFEST] {
            let entries = entries(&self.root.join(name))?;
            // Of two lines in one file the later one is right.
            let last: HashMap<ImageId, usize> = entries.iter().enumerate().map(|(at, entry)| (entry.id, at)).collect();
            for (at, entry) in entries.iter().enumerate() {
                if last[&entry.id] == at && written.insert(entry.id) {
                    serde_json::to_writer(&mut out, entry)?;
                    out.write_all(b"\n")?;
                }
            }
        }
        out.flush()?;
        drop(out);
        whole.as_file().set_permissions(fs::metadata(self.root.join(PART))?.permissions())?;
        whole.as_file().sync_all()?;
        whole.persist(self.root.join(MANIFEST)).map_err(|error| error.error)?;
        fs::remove_file(self.root.join(PART))?;
        File::open(&self.root)?.sync_all()
    }
}

/// What a manifest has; nothing if there is none. A line that a crash cut off is none.
fn entries(manifest: &Path) -> io::Result<Vec<Entry>> {
    let found = match lines(manifest) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut entries = Vec::new();
    for (_, line) in found {
        if let Ok(entry) = serde_json::from_str::<Entry>(&line?)
            && entry.path(Path::new("")).is_some()
        {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn folder_name(album: &str) -> String {
    let plain = plain_file_name(album.trim());
    if plain.trim_matches('.').is_empty() { "album".to_owned() } else { plain }
}

/// Brings an original to its place, unless it is there.
pub(super) async fn write(services: &Services, image: &Image, path: &Path) -> Result<Outcome, Failure> {
    let there = path.to_owned();
    let digest = spawn_blocking(move || digest_of(&there)).await.map_err(Failure::fault)?;
    match digest {
        Ok(Some(digest)) if digest == image.digest => return Ok(Outcome::Present),
        Ok(_) => {}
        Err(error) => return Err(unwritable(path, &error)),
    }
    let Some(ContentBytes::Blob(reader)) = explained(services.original_file(image).await)? else {
        return missing(services, image).await;
    };
    let folder = path.parent().unwrap_or(path);
    let failed = |error: io::Error| unwritable(path, &error);
    fs::create_dir_all(folder).map_err(failed)?;
    let temporary = tempfile::Builder::new().prefix(".imagestore-").tempfile_in(folder).map_err(failed)?;
    let mut file = tokio::fs::File::from_std(temporary.as_file().try_clone().map_err(failed)?);
    let mut hasher = blake3::Hasher::new();
    let size = reader.size();
    let mut chunks = reader.stream(0..size);
    loop {
        match chunks.try_next().await {
            Ok(Some(chunk)) => {
                hasher.update(&chunk);
                file.write_all(&chunk).await.map_err(failed)?;
            }
            Ok(None) => break,
            Err(error) => match StoreError::of_stream(error) {
                // Of what is away nothing can be said.
                away if away.code == ErrorCode::Unavailable => return explained(Err(away)),
                _ => return Ok(Outcome::Damaged),
            },
        }
    }
    if Digest::from(hasher.finalize()) != image.digest {
        return Ok(Outcome::Damaged);
    }
    file.sync_all().await.map_err(failed)?;
    let created = image.created.into();
    spawn_blocking({
        let path = path.to_owned();
        move || put(temporary, &path, created)
    })
    .await
    .map_err(Failure::fault)?
    .map_err(failed)?;
    Ok(Outcome::Written)
}

/// An original is not there: it is lost, if its image still is.
async fn missing(services: &Services, image: &Image) -> Result<Outcome, Failure> {
    let is_there = services.image(&crate::cli::access::OPERATOR, image.id).await.is_ok();
    Ok(if is_there { Outcome::Damaged } else { Outcome::Gone })
}

/// Under its own name, as old as its image, and readable as other files are.
fn put(temporary: tempfile::NamedTempFile, path: &Path, created: std::time::SystemTime) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    temporary.as_file().set_modified(created)?;
    temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    temporary.persist(path).map_err(|error| error.error)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

fn digest_of(path: &Path) -> io::Result<Option<Digest>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(Some(hasher.finalize().into()))
}
