//! What the engine makes of pictures, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod analysis;
mod animation;
mod colours;
mod compress;
mod hostile;
mod light;
mod marks;
mod metadata;
mod operations;
mod palette;
mod pixels;
mod plan;
mod profiles;
mod quality;
mod renditions;
mod support;
mod svg;
mod svg_hostile;
