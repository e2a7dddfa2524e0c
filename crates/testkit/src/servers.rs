//! Servers of others that `scripts/setup --test` puts into a folder of the user's.

use std::path::PathBuf;

/// A program of theirs; panics where it is missing and says how to get it.
pub(crate) fn installed(program: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let program = cache.expect("a home folder").join("imagestore/servers").join(program);
    assert!(program.is_file(), "{} is missing; run: scripts/setup --test", program.display());
    program
}
