//! Operations on pixels, one file each. All take and give 8 or 16 bits, grey or RGB, with or without alpha.

mod background;
mod blur;
mod kind;
mod levels;
mod light;
mod mark;
mod pixelate;
mod resize;
mod round;
mod smart;
mod text;
mod tint;
mod trim;

pub(crate) use background::{flatten, pad};
pub(crate) use blur::{blur, sharpen};
pub(crate) use kind::Sample;
pub(crate) use levels::{levels, negate};
pub(crate) use mark::{mark, room};
pub(crate) use pixelate::pixelate;
pub(crate) use resize::{resize, resize_planes};
pub(crate) use round::round;
pub(crate) use smart::most_detailed;
pub(crate) use text::{FONT, text};
pub(crate) use tint::{duotone, sepia, turn_colours};
pub(crate) use trim::without_border;
