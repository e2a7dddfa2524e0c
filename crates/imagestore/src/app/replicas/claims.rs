//! A blob that one process stores must not be removed by another one.
//!
//! Within a process a lock is held from before the bytes are stored until the row that refers to them is written, and while a doomed blob is
//! removed. Between processes the catalog has to be asked, because an object store cannot compare and remove in one step: who stores *claims* the blob
//! first, and what is claimed is not doomed; who removes *holds* the removal, and what is doomed is not claimed. Both are for a time, so that
//! nothing is stuck when a process dies, and neither is acted upon when half of it is over.

use std::time::{Duration, Instant};

use anyhow::bail;
use backon::{ConstantBuilder, Retryable};
use shared_types::{Digest, ErrorCode};
use uuid::Uuid;

use super::Services;
use crate::domain::StoreError;
use crate::ports::CatalogError;

/// For how long a blob is claimed: the longest put takes a part of it.
const CLAIM: Duration = Duration::from_mins(30);
/// For how long a removal is held.
const REMOVAL: Duration = Duration::from_mins(4);

/// The right to store a blob and refer to it.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Claim {
    /// `None` where no other process could remove it.
    id: Option<Uuid>,
    since: Instant,
}

impl Claim {
    /// Makes sure that the blob which was stored meanwhile is still there.
    pub(in crate::app) fn check(&self) -> Result<(), StoreError> {
        if self.id.is_none() || self.since.elapsed() < CLAIM / 2 {
            return Ok(());
        }
        let detail = "Storing the bytes took too long, and nothing was stored; try again.";
        Err(StoreError::new(ErrorCode::Unavailable, detail))
    }
}

impl Services {
    /// Claims a blob. One that another process is removing is waited for, for a moment.
    pub(in crate::app) async fn claim_blob(&self, digest: &Digest) -> Result<Claim, StoreError> {
        if !self.inner.replicas.is_shared {
            return Ok(Claim { id: None, since: Instant::now() });
        }
        let claim = || async {
            let (id, since) = (Uuid::new_v4(), Instant::now());
            self.inner
                .catalog
                .claim_blob(digest, id, self.inner.replicas.folder, CLAIM)
                .await
                .map(|()| Claim { id: Some(id), since })
        };
        let pauses = ConstantBuilder::new().with_delay(Duration::from_millis(100)).with_max_times(20);
        let is_removed = |error: &CatalogError| matches!(error, CatalogError::BlobDoomed);
        Ok(claim.retry(pauses).when(is_removed).await?)
    }

    /// Gives the claim back: a row refers to the blob, or nobody needs it.
    pub(in crate::app) async fn release_blob(&self, digest: &Digest, claim: Claim) {
        if let Some(id) = claim.id
            && let Err(error) = self.end_claim(digest, id).await
        {
            log::debug!("blob {digest} stays claimed for a while: {error}");
            self.inner.loose_ends.add_claim(*digest, id);
        }
    }

    /// The same, and nobody has to wait for it.
    pub(in crate::app) fn release_blob_later(&self, digest: &Digest, claim: Claim) {
        if claim.id.is_some() {
            let (services, digest) = (self.clone(), *digest);
            self.in_background(async move { services.release_blob(&digest, claim).await });
        }
    }

    /// Ends a claim of this process, or of one that is gone; removes the blob if nobody needs it.
    pub(in crate::app) async fn end_claim(&self, digest: &Digest, claim: Uuid) -> Result<(), CatalogError> {
        if self.inner.catalog.release_blob(digest, claim).await? {
            self.remove_doomed(&[*digest]).await;
        }
        Ok(())
    }

    /// Makes sure that the doomed blob is this process's to remove, now.
    pub(in crate::app) async fn hold_removal(&self, digest: &Digest) -> anyhow::Result<()> {
        let replicas = &self.inner.replicas;
        if !replicas.is_shared {
            return Ok(());
        }
        let asked = Instant::now();
        if !self.inner.catalog.hold_removal(digest, replicas.id, REMOVAL).await? {
            bail!("another process removes it");
        }
        if asked.elapsed() > REMOVAL / 2 {
            bail!("the catalog took too long to answer");
        }
        Ok(())
    }
}
