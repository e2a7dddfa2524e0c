//! Where a result goes, and how it gets there whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use super::inputs::Input;

/// Where results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// Beside each input.
    Beside,
    /// Here.
    File(PathBuf),
    /// Below this folder.
    Folder(PathBuf),
}

impl Destination {
    /// The path of a result in the format of this extension.
    pub(super) fn path(&self, input: &Input, extension: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Folder(folder) => folder.join(with_extension(&input.relative, extension)),
            Self::Beside => {
                let path = with_extension(&input.path, extension);
                let is_input = |path: &Path| path == input.path || is_same(path, &input.path);
                if is_input(&path) { with_extension(&input.path, &format!("min.{extension}")) } else { path }
            }
        }
    }

    /// Whether the user has named the place, so that a result is expected there even if it is the input as it was.
    pub(super) fn is_named(&self) -> bool {
        *self != Self::Beside
    }
}

/// The usual other spellings of an extension stay as they are.
fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let present = path.extension().and_then(|present| present.to_str());
    let known = |name: &str| shared_types::ImageFormat::from_extension(name);
    match present {
        Some(present) if known(present).is_some() && known(present) == known(extension) => path.to_owned(),
        Some(present) if extension.starts_with("min.") => path.with_extension(format!("min.{present}")),
        _ => path.with_extension(extension),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Writes to a temporary name in the same folder, has it on the disk, and renames it. An existing file is replaced only if `overwrite`
/// says so.
///
/// # Errors
/// Those of the file system; [`io::ErrorKind::AlreadyExists`].
pub(super) fn write(path: &Path, bytes: &[u8], permissions: Permissions, overwrite: bool) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = Builder::new().prefix(".imagecompress-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    let written = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    written.map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
