//! The key that signs addresses where the settings name none: `signing.key` in the data folder, for its owner's eyes only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The name of the file.
const NAME: &str = "signing.key";

/// The key as `id:secret`, if there is one.
///
/// # Errors
/// The file is there but cannot be read.
pub fn read(folder: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(NAME)) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same; if there is none, a random one is made, which is durable when this returns. Of two processes that make one at once, both use
/// the same.
///
/// # Errors
/// The file cannot be read or written.
pub fn read_or_make(folder: &Path) -> io::Result<String> {
    if let Some(key) = read(folder)? {
        return Ok(key);
    }
    let mut random = [0; 36];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let (id, secret) = random.split_at(4);
    let (id, key) = (hex::encode(id), format!("{}:{}", hex::encode(id), hex::encode(secret)));
    let unfinished = folder.join(format!("{NAME}.{id}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{key}")?;
    file.sync_all()?;
    // A link is refused where the name is taken, unlike a rename.
    let linked = fs::hard_link(&unfinished, folder.join(NAME));
    fs::remove_file(&unfinished)?;
    File::open(folder)?.sync_all()?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(folder)?.ok_or_else(|| io::ErrorKind::NotFound.into()),
    }
}

/// Copies the key, if there is one, for its owner's eyes only; what was there before goes. Durable when this returns, but for the folder.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let Some(key) = read(from)? else {
        return match fs::remove_file(to.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    // A temporary file is readable to its owner alone, and stays so.
    let mut file = tempfile::Builder::new().prefix(".imagestore-").tempfile_in(to)?;
    writeln!(file, "{key}")?;
    file.as_file().sync_all()?;
    file.persist(to.join(NAME)).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;
    use crate::domain::SigningKey;

    #[test]
    fn one_key_is_made_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let folder = folder.path().to_owned();
                thread::spawn(move || read_or_make(&folder).unwrap())
            })
            .collect();
        let keys: Vec<_> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        assert!(SigningKey::parse(&keys[0]).is_ok());
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, [NAME]);
        assert_eq!(fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
