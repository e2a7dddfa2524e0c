//! What the store deals in: images, variants, master copies, jobs, resumable uploads, and errors by their meaning. No framework, no storage.

mod error;
mod event;
mod image;
mod job;
mod rendition;
mod totals;
mod upload;
mod variant;

pub use error::StoreError;
pub use event::{Event, Happening};
pub use image::{Image, ImageName};
pub use job::{Backfill, BackfillStatus, Job, JobFilter, JobTotals, LeaseTerms, Order, Report, Slot};
pub use rendition::{Master, Rendition, RenditionJob, RenditionMode, RenditionTotals};
pub use totals::{Saved, Share, Totals};
pub use upload::{Checksum, ChecksumAlgorithm, Upload, UploadKind, UploadPart, UploadState};
pub use variant::{Variant, VariantKey};
