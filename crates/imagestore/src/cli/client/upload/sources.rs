//! Which files are meant.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::cli::begins_like_a_picture;

/// A file that is to be uploaded.
pub(super) struct Source {
    /// What people know it by.
    pub(super) label: String,
    /// What the image will be called.
    pub(super) name: String,
    /// Where it is; nowhere if it comes from standard input.
    pub(super) path: Option<PathBuf>,
    /// Its bytes, where that is known beforehand: not of standard input and pipes.
    pub(super) size: Option<u64>,
}

impl Source {
    fn file(path: &Path) -> Result<Self, String> {
        let label = path.display().to_string();
        let about = fs::metadata(path).map_err(|error| format!("{label}: cannot be read: {error}"))?;
        let name = path.file_name().unwrap_or(OsStr::new("unnamed")).to_string_lossy().into_owned();
        Ok(Self { label, name, path: Some(path.to_owned()), size: about.is_file().then_some(about.len()) })
    }
}

/// Files as they are named, and of folders the pictures in them in the order of their names; `stdin` is what `-` is called. What cannot be
/// taken is a line that says why.
pub(super) fn expand(named: &[PathBuf], stdin: &str) -> Vec<Result<Source, String>> {
    let mut found = Vec::new();
    for path in named {
        if path == Path::new("-") {
            found.push(Ok(Source { label: stdin.to_owned(), name: stdin.to_owned(), path: None, size: None }));
        } else if path.is_dir() {
            let before = found.len();
            found.extend(below(path));
            if found.len() == before {
                found.push(Err(format!("{}: there is no picture in this folder", path.display())));
            }
        } else {
            found.push(Source::file(path));
        }
    }
    found
}

fn below(folder: &Path) -> impl Iterator<Item = Result<Source, String>> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    entries.filter_map(|entry| {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_file() => entry,
            Ok(_) => return None,
            Err(error) => return Some(Err(format!("cannot be read: {error}"))),
        };
        match begins_like_a_picture(entry.path()) {
            Ok(true) => Some(Source::file(entry.path())),
            Ok(false) => None,
            Err(error) => Some(Err(format!("{}: cannot be read: {error}", entry.path().display()))),
        }
    })
}
