//! A place that becomes a copy of a store.

use std::sync::Arc;

use async_trait::async_trait;

use super::{BlobStore, Catalog, CatalogError};

/// A copy on its way, made by a command and never by a request. Whoever makes it stops at any moment: until [`StoreCopy::publish`] the copy that was there before stays whole.
#[async_trait(?Send)]
pub trait StoreCopy: Send + Sync {
    /// The bytes of the copy.
    fn blobs(&self) -> &dyn BlobStore;

    /// Copies the rows of `source` as they are at one moment. The copy can be changed; nobody else sees it.
    async fn take_rows(&self, source: &dyn Catalog) -> Result<Arc<dyn Catalog>, CatalogError>;

    /// These rows, whose blobs are there, take the place of those before, and so do the store's secrets: durable when this returns.
    async fn publish(&self, rows: Arc<dyn Catalog>) -> Result<(), CatalogError>;

    /// The copy is whole and has nothing that it does not need. `summary` is a JSON document that tells what it is.
    async fn finish(&self, summary: &str) -> Result<(), CatalogError>;
}
