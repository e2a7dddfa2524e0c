//! What a back end must promise. Each method documents its behaviour, which callers rely on whatever the adapter.

mod blobs;
mod catalog;
mod remote;
mod renditions;

pub use blobs::{BlobError, BlobReader, BlobStore, ByteStream, Leftovers, StagedBlob, StagedReader};
pub use catalog::{Catalog, CatalogError, Page};
pub use remote::{RemoteBody, RemoteError, RemoteSource};
pub use renditions::RenditionCatalog;
