//! What a back end must promise. Each method documents its behaviour, which callers rely on whatever the adapter.

mod access;
mod albums;
mod analyses;
mod blobs;
mod catalog;
mod copy;
mod jobs;
mod keeping;
mod parts;
mod remote;
mod renditions;
mod replicas;
mod sink;
mod sinks;
mod upkeep;
mod uploads;

pub use access::AccessCatalog;
pub use albums::{AlbumCatalog, AlbumPage};
pub use analyses::{AnalysisCatalog, MAX_DISTANCE};
pub use blobs::{BlobError, BlobReader, BlobStore, ByteStream, Leftovers, Presented, StagedBlob, StagedReader};
pub use catalog::{Catalog, CatalogError, NewWork, Placement};
pub use copy::StoreCopy;
pub use jobs::JobCatalog;
pub use keeping::{KeepingCatalog, Removed, Replaced, VariantUse};
pub use parts::{PartStore, StagedPart};
pub use remote::{RemoteBody, RemoteError, RemoteSource};
pub use renditions::RenditionCatalog;
pub use replicas::{Heard, MAX_WORDS, ReplicaCatalog};
pub use sink::{Sink, SinkError};
pub use sinks::SinkCatalog;
pub use upkeep::{BlobUpkeep, KeptBlobs, RemovalGuard, Unfinished};
pub use uploads::UploadCatalog;
