//! What the store deals in: images, variants, albums, master copies, jobs, resumable uploads, users and what they may do, and errors by
//! their meaning. No framework, no storage.

mod access;
mod album;
mod analysis;
mod announcement;
mod error;
mod event;
mod image;
mod image_notice;
mod job;
mod label;
mod listing;
mod notice;
mod outgoing;
mod pending;
mod rendition;
mod session;
mod signing;
mod sink;
mod timeline;
mod totals;
mod upload;
mod user;
mod variant;
mod variant_notice;

pub use access::{Audience, Caller, Reach, Scope, Scopes, Visibility};
pub use album::{
    Album, AlbumChange, AlbumCursor, AlbumImage, AlbumName, AlbumShare, Expected, FieldChange, Membership, Naming,
    Place, Reorder, Sight,
};
pub use analysis::{AnalysisOutcome, Similar};
pub use announcement::announcement;
pub use error::StoreError;
pub use event::{Event, EventFilter, Happening};
pub use image::{DeletedImage, Image, ImageChange, ImageName, Replacement, is_invisible, plain_file_name};
pub use image_notice::{ImageEvent, ImageNotice};
pub use job::{
    AnnounceTerms, Backfill, BackfillStatus, Claimed, Job, JobFilter, JobTotals, LeaseTerms, Order, Report, Slot,
};
pub use label::{Metadata, Tag, Tagging, Tags};
pub use listing::{ImageFilter, ImageQuery, Position, Sort, Whose};
pub use notice::{AlbumEvent, AlbumNotice, OutboxMessage};
pub use outgoing::OutgoingMessage;
pub use pending::PendingWork;
pub use rendition::{Master, Rendition, RenditionMode, RenditionTotals};
pub use session::Ticket;
pub use signing::{Keyring, Required, SECRET_BYTES, Signature, SigningKey};
pub use sink::{DeadLetter, Delivery, Handed, Outcome, SinkState, SinkStatus};
pub use timeline::{Bucket, TimelineQuery};
pub use totals::{DayTotals, Saved, Share, Totals};
pub use upload::{Checksum, ChecksumAlgorithm, Upload, UploadKind, UploadPart, UploadState};
pub use user::{ApiKey, Quotas, Usage, User, UserChange, UserName};
pub use variant::{Variant, VariantKey};
pub use variant_notice::VariantNotice;
