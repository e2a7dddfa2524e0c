//! What processes that share a catalog promise each other by it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{Digest, ImageId};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::CatalogError;

/// What is heard of other processes. This one hears itself too.
#[derive(Debug, Clone)]
pub enum Heard {
    /// What somebody told by [`ReplicaCatalog::tell`].
    Words(Arc<str>),
    /// An image was changed or deleted.
    Image(ImageId),
    /// Nothing was heard for a while: anything may have been said.
    Gap,
}

/// A part of the catalog, with the same promises: each method is one transaction.
///
/// Times are by the catalog's own clock, so that processes whose clocks differ agree on them.
#[async_trait]
pub trait ReplicaCatalog: Send + Sync {
    /// Whether processes elsewhere may serve the same catalog. Where not, nobody has to ask for anything here.
    fn is_shared(&self) -> bool;

    /// The time by the catalog's own clock; `None` where no other process has another one.
    async fn time(&self) -> Result<Option<Timestamp>, CatalogError>;

    /// Takes or keeps what has this name, for so long from now. Tells whether it was to be had: another holder has it until its time is over.
    async fn hold(&self, name: &str, holder: Uuid, time: Duration) -> Result<bool, CatalogError>;

    /// Gives it back, if it is this holder's.
    async fn let_go(&self, name: &str, holder: Uuid) -> Result<(), CatalogError>;

    /// Says that `holder` is about to store a blob and to refer to it. It is not doomed before each of its claims was released.
    ///
    /// # Errors
    /// [`CatalogError::BlobDoomed`]
    async fn claim_blob(&self, digest: &Digest, claim: Uuid, holder: Uuid, time: Duration) -> Result<(), CatalogError>;

    /// Ends all claims of a holder; gives the blobs that are doomed by that.
    async fn release_blobs_of(&self, holder: Uuid) -> Result<Vec<Digest>, CatalogError>;

    /// Ends a claim. Tells whether the blob is doomed by that, because nobody refers to it.
    async fn release_blob(&self, digest: &Digest, claim: Uuid) -> Result<bool, CatalogError>;

    /// Whether somebody claims a blob, or did until it was gone.
    async fn is_claimed(&self, digest: &Digest) -> Result<bool, CatalogError>;

    /// Claims whose time is over: whoever had them is gone. At most so many.
    async fn lapsed_claims(&self, limit: u32) -> Result<Vec<(Digest, Uuid)>, CatalogError>;

    /// Takes or keeps the right to remove the bytes of a doomed blob. Tells whether it was to be had: the blob is not doomed (any more), or
    /// another one removes it.
    async fn hold_removal(&self, digest: &Digest, holder: Uuid, time: Duration) -> Result<bool, CatalogError>;

    /// The secret of that name, which all processes know; `made` becomes it if there is none.
    async fn secret(&self, name: &str, made: Option<&str>) -> Result<Option<String>, CatalogError>;

    /// Tells all who listen, now and never again. At most [`MAX_WORDS`] bytes.
    async fn tell(&self, words: &str) -> Result<(), CatalogError>;

    /// What is heard from now on; `None` where nobody is to be heard.
    fn hear(&self) -> Option<broadcast::Receiver<Heard>>;
}

/// The most bytes that can be told at once.
pub const MAX_WORDS: usize = 7900;
