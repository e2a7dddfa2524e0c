//! The one place with `unsafe` code: C libraries whose safe wrappers lack what is needed.

#[allow(unsafe_code, reason = "libavif has no safe wrapper with limits; each block carries its proof")]
pub(crate) mod avif;
#[allow(unsafe_code, reason = "libavif's wrapper writes neither profiles nor 10 bits; each block carries its proof")]
pub(crate) mod avif_encoder;
#[allow(unsafe_code, reason = "libavif reads through a function pointer; each block carries its proof")]
mod avif_source;
#[allow(unsafe_code, reason = "libjpeg-turbo's wrapper has no limit of scans; each block carries its proof")]
pub(crate) mod jpeg_lossless;
#[allow(unsafe_code, reason = "libjpeg-turbo's wrapper decodes whole pictures only; each block carries its proof")]
pub(crate) mod jpeg_rows;
#[allow(unsafe_code, reason = "jpegli has no safe wrapper of a free licence; each block carries its proof")]
pub(crate) mod jpegli;
#[allow(unsafe_code, reason = "libwebp's wrapper wants all frames at once; each block carries its proof")]
pub(crate) mod webp_animation;
#[allow(unsafe_code, reason = "libwebp's wrapper decodes all frames at once; each block carries its proof")]
pub(crate) mod webp_frames;
