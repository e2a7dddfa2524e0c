//! What the store deals in: images, variants, and errors by their meaning. No framework, no storage.

mod error;
mod image;
mod variant;

pub use error::StoreError;
pub use image::{Image, ImageName};
pub use variant::{Variant, VariantKey};
