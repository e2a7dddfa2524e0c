//! The one place with `unsafe` code: C libraries whose safe wrappers lack what is needed.

#[allow(unsafe_code, reason = "libavif has no safe wrapper with limits; each block carries its proof")]
pub(crate) mod avif;
#[allow(unsafe_code, reason = "libavif reads through a function pointer; each block carries its proof")]
mod avif_source;
