//! The words both services share.
//!
//! * [`ids`] — image ids and content digests.
//! * [`format`](mod@format) — picture formats: names, extensions, media types.
//! * [`goal`] — what a compressed picture is to be.
//! * [`job`] — work that the store hands to a compressing service.
//! * [`job_message`] — how the store announces a job by a message broker.
//! * [`transform`] — the URL grammar of a variant, its canonical form and its key.
//! * [`error_code`] — the one table of error codes and the problem document made from it.
//! * [`wire`] — the JSON documents that travel between the services and to clients.
//!
//! Nothing here does I/O, and nothing here depends on another crate of this workspace.

pub mod error_code;
pub mod format;
pub mod goal;
pub mod ids;
pub mod job;
pub mod job_message;
pub mod transform;
pub mod wire;

pub use error_code::{ErrorCode, GrpcCode, Problem};
pub use format::{ImageFormat, OutputFormat};
pub use goal::{Formats, Goal, Score};
pub use ids::{
    AlbumId, BackfillId, Digest, ImageId, JobId, KeyId, ParseIdError, PartId, ShareId, UploadId, UserId, VariantName,
};
pub use transform::{Recipe, Transform, TransformError, TransformQuery};
