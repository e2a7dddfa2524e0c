//! Which files are meant.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use shared_types::ImageFormat;
use walkdir::WalkDir;

/// One file to compress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Where it is below the folder that was named, or its name alone.
    pub(super) relative: PathBuf,
    /// Why it cannot be taken.
    pub(super) fault: Option<String>,
}

impl Input {
    fn file(path: &Path, root: &Path) -> Self {
        let relative = path.strip_prefix(root).unwrap_or(path).to_owned();
        Self { path: path.to_owned(), relative, fault: None }
    }

    fn refused(path: &Path, fault: impl Into<String>) -> Self {
        Self { path: path.to_owned(), relative: path.to_owned(), fault: Some(fault.into()) }
    }
}

/// Files as they are named; of folders, in the order of names, the pictures in them. Each file once.
pub(super) fn expand(named: &[PathBuf], recursive: bool) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for path in named {
        let found = match path.is_dir() {
            false => vec![Input::file(path, path.parent().unwrap_or(path))],
            true if recursive => below(path),
            true => vec![Input::refused(path, "is a folder; --recursive takes the pictures in it")],
        };
        for input in found {
            if !inputs.iter().any(|known| known.path == input.path) {
                inputs.push(input);
            }
        }
    }
    inputs
}

fn below(folder: &Path) -> Vec<Input> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    let inputs = entries.filter_map(|entry| match entry {
        Ok(entry) if entry.file_type().is_file() && is_picture(entry.path()) => Some(Input::file(entry.path(), folder)),
        Ok(_) => None,
        Err(error) => Some(Input::refused(error.path().unwrap_or(folder), error.to_string())),
    });
    inputs.collect()
}

/// By its name, and not a result of an earlier run.
fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    let is_result = path.file_stem().is_some_and(|stem| Path::new(stem).extension() == Some(OsStr::new("min")));
    extension.is_some_and(|extension| ImageFormat::from_extension(extension).is_some()) && !is_result
}
