//! The life of a blob: durable before its row, gone after it.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::Duration;

use shared_types::{Digest, ErrorCode};
use tokio::sync::{Mutex, MutexGuard};

use super::Services;
use crate::domain::StoreError;
use crate::ports::{BlobError, CatalogError};

/// One lock for each first byte of a digest. Held from the commit of a blob until its row is written, and while a doomed blob is removed:
/// otherwise a removal that began before could take the bytes which were just committed.
pub(super) struct BlobLocks([Mutex<()>; 256]);

impl Default for BlobLocks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl BlobLocks {
    pub(super) async fn hold(&self, digest: &Digest) -> MutexGuard<'_, ()> {
        self.0[usize::from(digest.as_bytes()[0])].lock().await
    }
}

/// Committed blobs of which the catalog could not be told or asked, while it was away.
#[derive(Default)]
pub(super) struct UnsettledBlobs(std::sync::Mutex<HashSet<Digest>>);

impl UnsettledBlobs {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Digest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Services {
    /// Removes the bytes of blobs that lost their last row. What fails here is finished by [`Services::finish_blobs`].
    pub(super) async fn remove_doomed(&self, doomed: &[Digest]) {
        for digest in doomed {
            let _hold = self.inner.blob_locks.hold(digest).await;
            if let Err(error) = self.remove_held(digest).await {
                log::warn!("blob {digest} stays for a while: {error:#}");
                self.inner.keeping.wake();
            }
        }
    }

    /// Removes a doomed blob whose lock is held.
    async fn remove_held(&self, digest: &Digest) -> anyhow::Result<()> {
        self.inner.blobs.remove(digest).await?;
        // Of an upload that came too late: its bytes are gone with the others.
        self.inner.blobs.settle(digest).await?;
        Ok(self.inner.catalog.forget_blob(digest).await?)
    }

    /// Finishes what could not be finished before, because the catalog was away in between: looks at committed blobs whose row nobody knows
    /// of, and removes doomed ones.
    pub(super) async fn finish_blobs(&self) -> Result<(), StoreError> {
        // Those that fail again are noted again.
        let unsettled = std::mem::take(&mut *self.inner.unsettled.lock());
        for digest in &unsettled {
            self.abandon_blob(digest).await;
        }
        for digest in self.inner.catalog.doomed_blobs().await? {
            let _hold = self.inner.blob_locks.hold(&digest).await;
            // Whoever doomed it may have removed it by now, and the same bytes may have been stored anew.
            if self.inner.catalog.doomed_blobs().await?.contains(&digest) {
                self.remove_held(&digest).await.map_err(StoreError::internal)?;
            }
        }
        Ok(())
    }

    /// Makes a blob durable and writes its row, which nothing may come between; then removes what lost its last row by it. The catalog's
    /// answer is what the row tells, and the blobs doomed by it.
    pub(super) async fn record_blob<T>(
        &self,
        digest: &Digest,
        commit: impl Future<Output = Result<Digest, BlobError>>,
        write: impl Future<Output = Result<(T, Vec<Digest>), CatalogError>>,
    ) -> Result<T, StoreError> {
        let hold = self.inner.blob_locks.hold(digest).await;
        commit.await?;
        let written = write.await;
        drop(hold);
        let (told, doomed) = self.conclude(digest, written).await?;
        self.remove_doomed(&doomed).await;
        Ok(told)
    }

    /// After the attempt to write a row for a committed blob: it is settled, or cleaned up.
    async fn conclude<T>(&self, digest: &Digest, written: Result<T, CatalogError>) -> Result<T, StoreError> {
        match &written {
            Ok(_) => self.settle_blob(digest).await,
            // While the blob is being removed it is not ours to clean up.
            Err(CatalogError::BlobDoomed) => {}
            Err(_) => self.abandon_blob(digest).await,
        }
        Ok(written?)
    }

    /// Cleans up after a committed blob whose row could not be written.
    pub(super) async fn abandon_blob(&self, digest: &Digest) {
        match self.inner.catalog.doom_if_unused(digest).await {
            Ok(true) => self.remove_doomed(&[*digest]).await,
            Ok(false) => {}
            // The note in the blob store stays too, for the case that this process ends before.
            Err(error) => {
                log::warn!("blob {digest} may be left without a row for a while: {error}");
                self.inner.unsettled.lock().insert(*digest);
                return self.inner.keeping.wake();
            }
        }
        self.settle_blob(digest).await;
    }

    /// The catalog knows the blob.
    async fn settle_blob(&self, digest: &Digest) {
        if let Err(error) = self.inner.blobs.settle(digest).await {
            log::warn!("blob {digest} will be looked at again at the next start: {error}");
        }
    }
}

impl From<BlobError> for StoreError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full(_) => full().caused_by(error),
            BlobError::Io(_) => Self::internal(error),
        }
    }
}

impl From<CatalogError> for StoreError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NoImage => Self::no_image(),
            CatalogError::Outdated => Self::new(
                ErrorCode::Outdated,
                "The original that this was made of was replaced meanwhile, so it is not stored; make it again of the present one.",
            ),
            CatalogError::NoUpload => Self::no_upload(),
            CatalogError::BlobDoomed => {
                Self::new(ErrorCode::Unavailable, "The same bytes are being deleted at this moment; send them again.")
            }
            CatalogError::LeaseLost => Self::new(
                ErrorCode::LeaseLost,
                "The job is not leased with this token any more: the lease ended, the job was cancelled, or its image was replaced or deleted. Drop the work.",
            ),
            CatalogError::Conflict => {
                Self::new(ErrorCode::Conflict, "The same work is queued already; GET /v1/jobs?image_id=… lists it.")
            }
            CatalogError::NameTaken => {
                Self::new(ErrorCode::Conflict, "Another one has this name already; choose another name.")
            }
            CatalogError::Refused(refused) => refused,
            CatalogError::Full(_) => full().caused_by(error),
            CatalogError::Unavailable(_) => away().caused_by(error),
            CatalogError::Failed(_) => Self::internal(error),
        }
    }
}

fn away() -> StoreError {
    const COME_BACK: Duration = Duration::from_secs(2);
    let detail = "The server's catalog does not answer at this moment; send the request again in a while.";
    StoreError { retry_after: Some(COME_BACK), ..StoreError::new(ErrorCode::Unavailable, detail) }
}

fn full() -> StoreError {
    StoreError::new(ErrorCode::StorageFull, "No room is left on the server's disk; nothing was stored.")
}
