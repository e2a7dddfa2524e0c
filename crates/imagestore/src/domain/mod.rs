//! What the store deals in: images, variants, master copies, jobs, users and what they may do, and errors by their meaning. No framework,
//! no storage.

mod access;
mod error;
mod event;
mod image;
mod job;
mod rendition;
mod signing;
mod totals;
mod user;
mod variant;

pub use access::{Audience, Caller, Reach, Scope, Scopes, Visibility};
pub use error::StoreError;
pub use event::{Event, Happening};
pub use image::{Image, ImageChange, ImageName, is_invisible};
pub use job::{Backfill, BackfillStatus, Job, JobFilter, JobTotals, LeaseTerms, Order, Report, Slot};
pub use rendition::{Master, Rendition, RenditionJob, RenditionMode, RenditionTotals};
pub use signing::{Keyring, Required, SECRET_BYTES, Signature, SigningKey};
pub use totals::{Saved, Share, Totals};
pub use user::{ApiKey, Quotas, Usage, User, UserChange, UserName};
pub use variant::{Variant, VariantKey};
