//! What a back end must promise. Each method documents its behaviour, which callers rely on whatever the adapter.

mod access;
mod albums;
mod blobs;
mod catalog;
mod jobs;
mod remote;
mod renditions;

pub use access::AccessCatalog;
pub use albums::{AlbumCatalog, AlbumPage};
pub use blobs::{BlobError, BlobReader, BlobStore, ByteStream, Leftovers, StagedBlob, StagedReader};
pub use catalog::{Catalog, CatalogError, NewWork, Page, Placement};
pub use jobs::JobCatalog;
pub use remote::{RemoteBody, RemoteError, RemoteSource};
pub use renditions::RenditionCatalog;
