//! What a back end must promise. Each method documents its behaviour, which callers rely on whatever the adapter.

mod analyses;
mod blobs;
mod catalog;
mod jobs;
mod remote;
mod renditions;

pub use analyses::{AnalysisCatalog, MAX_DISTANCE};
pub use blobs::{BlobError, BlobReader, BlobStore, ByteStream, Leftovers, StagedBlob, StagedReader};
pub use catalog::{Catalog, CatalogError, NewWork, Page};
pub use jobs::JobCatalog;
pub use remote::{RemoteBody, RemoteError, RemoteSource};
pub use renditions::RenditionCatalog;
