//! Operations on pixels, one file each. All take and give 8 or 16 bits, grey or RGB, with or without alpha.

mod background;
mod blur;
mod colour;
mod light;
mod resize;
mod smart;

pub(crate) use background::{flatten, pad};
pub(crate) use blur::{blur, sharpen};
pub(crate) use colour::to_srgb;
pub(crate) use resize::{resize, resize_planes};
pub(crate) use smart::most_detailed;
