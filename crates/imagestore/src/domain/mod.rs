//! What the store deals in: images, variants, master copies, and errors by their meaning. No framework, no storage.

mod error;
mod image;
mod rendition;
mod totals;
mod variant;

pub use error::StoreError;
pub use image::{Image, ImageName};
pub use rendition::{Master, Rendition, RenditionJob, RenditionMode, RenditionTotals};
pub use totals::Totals;
pub use variant::{Variant, VariantKey};
