//! Which colours pixels are in: embedded profiles, and what stands for one.

mod code_points;
mod curve;
mod ink;
mod lean;
mod light;
mod policy;
mod profile;

pub(crate) use code_points::{CodePoints, from_gamma};
pub(crate) use curve::Curve;
pub(crate) use ink::inks_to_srgb;
pub(crate) use light::{linear, shown, srgb};
pub(crate) use policy::Colours;
pub(crate) use profile::Profile;

/// Bytes of a profile that is looked at; a larger one is as good as none. Those of printing presses have up to 3 MB.
pub(crate) const MAX_PROFILE: usize = 4 << 20;

/// Bytes of a profile that is embedded again; colours of a larger one become sRGB. Those of screens and cameras have a few kilobytes.
pub(crate) const MAX_EMBEDDED: usize = 1 << 20;
