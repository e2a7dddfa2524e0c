//! What a file is called, and how it gets there whole or not at all.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use service_kit::exit::Failure;
use shared_types::{ImageFormat, ImageId};
use tempfile::{Builder, NamedTempFile};

use crate::domain::ImageName;

/// The image's name as one that is safe to write to: no path, nothing hidden, nothing that a command takes for an option, and the extension of
/// what is in it. Names come from whoever uploaded the image.
pub(super) fn file_name(id: ImageId, name: &str, media_type: &str) -> String {
    let format = ImageFormat::ALL.into_iter().find(|format| format.media_type() == media_type);
    let Some(given) = ImageName::from_client(name) else {
        return format.map_or_else(|| id.to_string(), |format| format!("{id}.{format}"));
    };
    let file = given.as_file(id);
    let file = if file.starts_with(['.', '-', '~']) { format!("{id}-{file}") } else { file };
    let Some(format) = format else { return file };
    let path = Path::new(&file);
    let said = path.extension().and_then(|extension| extension.to_str()).and_then(ImageFormat::from_extension);
    if said == Some(format) {
        return file;
    }
    // What is behind the last dot need not be an extension.
    let stem = if said.is_some() { path.with_extension("").display().to_string() } else { file };
    format!("{stem}.{format}")
}

/// Nothing that exists is replaced unless somebody says so.
///
/// # Errors
/// The file is there.
pub(super) fn check(file: &Path, force: bool) -> Result<(), Failure> {
    if force || fs::symlink_metadata(file).is_err() { Ok(()) } else { Err(exists(file)) }
}

fn exists(file: &Path) -> Failure {
    Failure::Fault(format!("{} is there already; --force replaces it, -o names another file", file.display()))
}

/// That the file cannot be written.
pub(super) fn unwritable(file: &Path, error: &io::Error) -> Failure {
    Failure::Fault(format!("cannot write to {}: {error}", file.display()))
}

/// Standard output, for many bytes.
///
/// # Errors
/// There is none.
pub(super) fn stdout() -> Result<tokio::fs::File, Failure> {
    let own = io::stdout().as_fd().try_clone_to_owned().map_err(Failure::fault)?;
    Ok(tokio::fs::File::from_std(own.into()))
}

/// A file beside it that goes when nobody keeps it, with the permissions that new files have.
///
/// # Errors
/// Those of the file system.
pub(super) fn temporary(file: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(".imagestore-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder(file))
}

/// Gives it its name, whatever became of that name meanwhile.
///
/// # Errors
/// The file is there and must not be replaced; those of the file system.
pub(super) fn put(temporary: NamedTempFile, file: &Path, force: bool) -> Result<(), Failure> {
    let put = if force { temporary.persist(file) } else { temporary.persist_noclobber(file) };
    put.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(file),
        _ => unwritable(file, &error.error),
    })?;
    File::open(folder(file)).and_then(|folder| folder.sync_all()).map_err(|error| unwritable(file, &error))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_is_a_plain_file_of_the_right_format() {
        let id: ImageId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let name = |name, media_type| file_name(id, name, media_type).replace(&id.to_string(), "ID");
        assert_eq!(name("photo.jpg", "image/jpeg"), "photo.jpg");
        assert_eq!(name("photo.JPEG", "image/jpeg"), "photo.JPEG");
        assert_eq!(name("photo.jpg", "image/webp"), "photo.webp");
        assert_eq!(name("v1.2", "image/png"), "v1.2.png");
        assert_eq!(name("", "image/png"), "ID.png");
        assert_eq!(name("..", "text/html"), "ID");
        assert_eq!(name("../../etc/passwd", "image/png"), "passwd.png");
        assert_eq!(name("a\\b\u{1b}[2Jc\u{202e}.png", "image/png"), "b[2Jc.png");
        assert_eq!(name(".bashrc", "image/png"), "ID-.bashrc.png");
        assert_eq!(name("-rf.png", "image/png"), "ID--rf.png");
        assert_eq!(name("con.png", "image/png"), "ID-con.png");
    }
}
