//! What the store deals in: images, variants, albums, master copies, jobs, users and what they may do, and errors by their meaning. No framework,
//! no storage.

mod access;
mod album;
mod error;
mod event;
mod image;
mod job;
mod notice;
mod rendition;
mod totals;
mod user;
mod variant;

pub use access::{Caller, Reach, Scope, Scopes, Visibility};
pub use album::{
    Album, AlbumChange, AlbumCursor, AlbumImage, AlbumName, AlbumShare, Expected, FieldChange, Naming, Place, Reorder,
    Sight,
};
pub use error::StoreError;
pub use event::{Event, Happening};
pub use image::{Image, ImageChange, ImageName};
pub use job::{Backfill, BackfillStatus, Job, JobFilter, JobTotals, LeaseTerms, Order, Report, Slot};
pub use notice::{AlbumEvent, AlbumNotice, OutboxMessage};
pub use rendition::{Master, Rendition, RenditionJob, RenditionMode, RenditionTotals};
pub use totals::{Saved, Share, Totals};
pub use user::{ApiKey, Quotas, Usage, User, UserChange, UserName};
pub use variant::{Variant, VariantKey};
