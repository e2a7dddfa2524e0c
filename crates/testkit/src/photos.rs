//! Photos that somebody put into a folder, for measurements.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// Every JPEG below the folder, in no particular order. What cannot be read is left out.
pub fn jpegs_below(folder: &Path) -> Vec<PathBuf> {
    let is_jpeg = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jpg")) && path.is_file()
    };
    WalkDir::new(folder).into_iter().filter_map(Result::ok).map(DirEntry::into_path).filter(is_jpeg).collect()
}
