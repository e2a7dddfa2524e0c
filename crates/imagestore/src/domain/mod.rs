//! What the store deals in: images, variants, master copies, jobs, and errors by their meaning. No framework, no storage.

mod analysis;
mod error;
mod event;
mod image;
mod job;
mod pending;
mod rendition;
mod totals;
mod variant;

pub use analysis::{AnalysisOutcome, Similar};
pub use error::StoreError;
pub use event::{Event, Happening};
pub use image::{Image, ImageName};
pub use job::{Backfill, BackfillStatus, Job, JobFilter, JobTotals, LeaseTerms, Order, Report, Slot};
pub use pending::PendingWork;
pub use rendition::{Master, Rendition, RenditionMode, RenditionTotals};
pub use totals::{Saved, Share, Totals};
pub use variant::{Variant, VariantKey};
