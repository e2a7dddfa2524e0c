//! A data folder as a whole: whose it is, and copies of it.
//!
//! A folder with a file `backup.json` is a backup, which `imagestore backup` keeps up to date and nobody else writes to; one with
//! `restore.json` is a data folder that is being restored. Both are marked before anything is put into them. When a backup is served it becomes a
//! data folder like any other, and loses its mark: a backup into it would remove what was added to it since.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use async_trait::async_trait;
use uuid::Uuid;

use super::files::sync_folder;
use super::key_file;
use super::sql::SqlCatalog;
use super::sqlite;
use crate::ports::{BlobStore, Catalog, CatalogError, StoreCopy};

/// The catalog's file in a data folder.
pub const CATALOG: &str = "catalog.sqlite";

/// Which catalog on a server has the rows of a data folder.
const CATALOG_ID: &str = "catalog.id";
/// Tells a folder from all others.
const FOLDER_ID: &str = "folder.id";

/// The catalog's file after its rows were copied to a server.
const MIGRATED_CATALOG: &str = "catalog.migrated.sqlite";

/// The catalog of a copy before it takes its place.
const NEW_CATALOG: &str = "catalog.new.sqlite";

/// What a copy of a store is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyKind {
    /// A backup, maybe one that is there already.
    Backup,
    /// A data folder, which must be empty.
    Restore,
}

impl CopyKind {
    fn mark(self) -> &'static str {
        match self {
            Self::Backup => "backup.json",
            Self::Restore => "restore.json",
        }
    }
}

/// Takes the data folder for this process, which serves it or repairs it. The kernel lets go of it even after SIGKILL.
///
/// # Errors
/// It cannot be written to, another process has it, or it is half a copy.
pub fn own(folder: &Path) -> anyhow::Result<File> {
    let lock = lock(folder)?;
    let is_marked = |kind: CopyKind| folder.join(kind.mark()).exists();
    if is_marked(CopyKind::Restore) || (is_marked(CopyKind::Backup) && !folder.join(CATALOG).exists()) {
        bail!("{} is not whole: a backup or restore was stopped half-way; run it again", folder.display());
    }
    remove_mark(folder, CopyKind::Backup)
        .with_context(|| format!("cannot make the backup {} a data folder", folder.display()))?;
    Ok(lock)
}

fn lock(folder: &Path) -> anyhow::Result<File> {
    let unusable = || format!("cannot write to the data folder {}; make it writable or set data_dir", folder.display());
    fs::create_dir_all(folder).with_context(unusable)?;
    let lock = File::create(folder.join("lock")).with_context(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("the data folder {} is in use by another imagestore; stop it or set data_dir", folder.display())
        }
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(lock),
        Err(TryLockError::Error(error)) => Err(error).with_context(unusable),
    }
}

/// Whether the folder is to become a copy, and is not one yet.
pub fn is_begun(folder: &Path, kind: CopyKind) -> bool {
    folder.join(kind.mark()).exists()
}

/// Makes sure that the rows of a data folder are, or will be, in a file of its own.
///
/// # Errors
/// They are on a server: with another catalog its blobs would be taken for rubbish.
pub fn check_for_file(folder: &Path) -> anyhow::Result<()> {
    if folder.join(CATALOG_ID).exists() {
        bail!(
            "the rows of {} are in PostgreSQL; set catalog.url to that server, or data_dir to another folder",
            folder.display()
        );
    }
    Ok(())
}

/// The id of a folder, which is given to it here if it has none. It tells which folder has the files of blobs, and which claims in a catalog that others
/// share were made by whoever had the folder before.
///
/// # Errors
/// It cannot be read or written.
pub fn id_of(folder: &Path) -> anyhow::Result<Uuid> {
    let unusable = || format!("cannot use the folder {}", folder.display());
    match fs::read_to_string(folder.join(FOLDER_ID)) {
        Ok(text) => text.trim().parse().with_context(unusable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = Uuid::new_v4();
            write_whole(folder, FOLDER_ID, format!("{id}\n").as_bytes()).with_context(unusable)?;
            Ok(id)
        }
        Err(error) => Err(error).with_context(unusable),
    }
}

/// Makes sure that the rows of a data folder are in the catalog of that id; where it has none yet, and `may_write`, they will be.
///
/// # Errors
/// They are elsewhere: with another catalog its blobs would be taken for rubbish.
pub fn check_for_server(folder: &Path, id: Uuid, may_write: bool) -> anyhow::Result<()> {
    let unusable = || format!("cannot use the data folder {}", folder.display());
    if folder.join(CATALOG).exists() {
        bail!(
            "{} has a catalog of its own ({CATALOG}); set catalog.url to \"sqlite:\", or data_dir to another folder",
            folder.display()
        );
    }
    match fs::read_to_string(folder.join(CATALOG_ID)) {
        Ok(text) if text.trim().parse() == Ok(id) => Ok(()),
        Ok(_) => bail!(
            "the rows of {} are in another database than catalog.url names; set the right one, or data_dir to another folder",
            folder.display()
        ),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).with_context(unusable),
        Err(_) if may_write => {
            fs::create_dir_all(folder).with_context(unusable)?;
            write_whole(folder, CATALOG_ID, format!("{id}\n").as_bytes()).with_context(unusable)
        }
        Err(_) => bail!("{} is no data folder: it has no {CATALOG_ID}", folder.display()),
    }
}

/// The rows of the folder are on a server now, in the catalog of that id: the file that had them gets another name, and stays.
///
/// # Errors
/// A file cannot be written.
pub fn leave_file(folder: &Path, id: Uuid) -> anyhow::Result<PathBuf> {
    let unusable = || format!("cannot write to the data folder {}", folder.display());
    let left = folder.join(MIGRATED_CATALOG);
    write_whole(folder, CATALOG_ID, format!("{id}\n").as_bytes()).with_context(unusable)?;
    fs::rename(folder.join(CATALOG), &left).with_context(unusable)?;
    for end in ["-wal", "-shm"] {
        let of = |name: &str| folder.join(format!("{name}{end}"));
        match fs::rename(of(CATALOG), of(MIGRATED_CATALOG)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(unusable),
            _ => {}
        }
    }
    sync_folder(folder).with_context(unusable)?;
    Ok(left)
}

/// Whether another process has the data folder.
pub fn is_in_use(folder: &Path) -> bool {
    let lock = File::open(folder.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn remove_mark(folder: &Path, kind: CopyKind) -> io::Result<()> {
    match fs::remove_file(folder.join(kind.mark())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(folder),
    }
}

/// A folder that becomes a copy of a store.
pub struct FolderCopy {
    kind: CopyKind,
    /// Where the store is that is copied.
    source: PathBuf,
    folder: PathBuf,
    blobs: Arc<dyn BlobStore>,
    _lock: File,
}

impl FolderCopy {
    /// Prepares `folder` for a copy of the store in `source`, whose bytes go into what `open_blobs` gives.
    ///
    /// # Errors
    /// It is something else than [`CopyKind`] wants, lies within the other, or cannot be written to. The text says what to do.
    pub fn open(
        source: &Path,
        folder: &Path,
        kind: CopyKind,
        open_blobs: impl FnOnce() -> anyhow::Result<Arc<dyn BlobStore>>,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let canonical = |path: &Path| path.canonicalize().with_context(|| format!("there is no {}", path.display()));
        let (from, to) = (canonical(source)?, canonical(folder)?);
        if from.starts_with(&to) || to.starts_with(&from) {
            bail!("{} and {} lie within each other; choose another folder", source.display(), folder.display());
        }
        check_content(folder, kind)?;
        let lock = lock(folder)?;
        let mark = || format!("cannot write to {}", folder.display());
        write_whole(folder, kind.mark(), b"{}\n").with_context(mark)?;
        Ok(Self { kind, source: from, folder: to, blobs: open_blobs()?, _lock: lock })
    }

    async fn new_catalog(&self, source: &dyn Catalog) -> anyhow::Result<SqlCatalog> {
        let file = self.folder.join(NEW_CATALOG);
        for end in ["", "-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.join(format!("{NEW_CATALOG}{end}")));
        }
        source.copy_to(&file).await?;
        Ok(sqlite::open_copy(&file).await?)
    }

    fn put_in_place(&self) -> io::Result<()> {
        key_file::copy(&self.source, &self.folder)?;
        // No log is left of a catalog that nobody writes to, and one without content does no harm: the next reader would take another for its own.
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.join(format!("{CATALOG}{end}")));
        }
        fs::rename(self.folder.join(NEW_CATALOG), self.folder.join(CATALOG))?;
        sync_folder(&self.folder)
    }
}

/// A folder may become a copy if it is empty or was to become one before.
fn check_content(folder: &Path, kind: CopyKind) -> anyhow::Result<()> {
    if folder.join(kind.mark()).exists() {
        let log = folder.join(format!("{CATALOG}-wal"));
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            bail!("{} is being written to, or was not closed; choose another folder", folder.display());
        }
        return Ok(());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names: Vec<_> = entries.collect::<Result<Vec<_>, _>>()?.into_iter().map(|entry| entry.file_name()).collect();
    match kind {
        _ if names.iter().all(|name| name == "lock") => Ok(()),
        CopyKind::Backup if names.iter().any(|name| name == CATALOG) => bail!(
            "{} is a data folder and not a backup (a backup that was served is none any more); choose another folder",
            folder.display()
        ),
        CopyKind::Backup => bail!("{} is neither empty nor a backup; choose another folder", folder.display()),
        CopyKind::Restore => {
            bail!(
                "the data folder {} is not empty; set data_dir to one that is, or to one that is not there",
                folder.display()
            )
        }
    }
}

fn write_whole(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".imagestore-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    sync_folder(folder)
}

fn failed(error: impl Into<anyhow::Error>) -> CatalogError {
    CatalogError::Failed(error.into())
}

#[async_trait(?Send)]
impl StoreCopy for FolderCopy {
    fn blobs(&self) -> &dyn BlobStore {
        &*self.blobs
    }

    async fn take_rows(&self, source: &dyn Catalog) -> Result<Arc<dyn Catalog>, CatalogError> {
        Ok(Arc::new(self.new_catalog(source).await.map_err(failed)?))
    }

    async fn publish(&self, rows: Arc<dyn Catalog>) -> Result<(), CatalogError> {
        rows.close().await;
        self.put_in_place().map_err(failed)
    }

    async fn finish(&self, summary: &str) -> Result<(), CatalogError> {
        match self.kind {
            CopyKind::Backup => write_whole(&self.folder, self.kind.mark(), summary.as_bytes()).map_err(failed),
            CopyKind::Restore => remove_mark(&self.folder, self.kind).map_err(failed),
        }
    }
}
