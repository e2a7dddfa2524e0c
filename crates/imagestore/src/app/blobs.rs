//! The life of a blob: durable before its row, gone after it.

use std::time::Duration;

use shared_types::{Digest, ErrorCode};
use tokio::sync::{Mutex, MutexGuard};

use super::Services;
use super::replicas::Claim;
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

impl Services {
    /// Removes the bytes of blobs that lost their last row. What fails here is finished by [`Services::start_loose_ends`], or at the next start.
    pub(super) async fn remove_doomed(&self, doomed: &[Digest]) {
        for digest in doomed {
            let _hold = self.inner.blob_locks.hold(digest).await;
            if let Err(error) = self.remove_held(digest).await {
                log::warn!("blob {digest} is removed later: {error:#}");
                self.inner.loose_ends.add(*digest);
            }
        }
    }

    /// Removes a doomed blob while its lock is held.
    pub(super) async fn remove_held(&self, digest: &Digest) -> anyhow::Result<()> {
        self.hold_removal(digest).await?;
        Ok(self.remove_and_forget(digest).await?)
    }

    /// Removes a doomed blob that nobody else removes or stores at this moment.
    pub(super) async fn remove_and_forget(&self, digest: &Digest) -> Result<(), StoreError> {
        self.inner.blobs.remove(digest).await?;
        // Of an upload that came too late: its bytes are gone with the others.
        self.inner.blobs.settle(digest).await?;
        Ok(self.inner.catalog.forget_blob(digest).await?)
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
        let claim = self.claim_blob(digest).await?;
        let committed = commit.await.inspect_err(|error| self.inner.loose_ends.add_after(digest, error));
        if let Err(error) = committed.map_err(StoreError::from).and_then(|_| claim.check()) {
            self.release_blob_later(digest, claim);
            return Err(error);
        }
        let written = write.await;
        drop(hold);
        let (told, doomed) = self.conclude(digest, claim, written).await?;
        self.remove_doomed(&doomed).await;
        Ok(told)
    }

    /// After the attempt to write a row for a committed blob: it is settled, or cleaned up.
    async fn conclude<T>(
        &self,
        digest: &Digest,
        claim: Claim,
        written: Result<T, CatalogError>,
    ) -> Result<T, StoreError> {
        match &written {
            Ok(_) => {
                self.settle_blob(digest).await;
                self.release_blob_later(digest, claim);
            }
            // While the blob is being removed it is not ours to clean up.
            Err(CatalogError::BlobDoomed) => self.release_blob_later(digest, claim),
            Err(_) => {
                self.release_blob(digest, claim).await;
                self.abandon_blob(digest).await;
            }
        }
        Ok(written?)
    }

    /// Cleans up after a committed blob whose row could not be written.
    pub(super) async fn abandon_blob(&self, digest: &Digest) {
        match self.inner.catalog.doom_if_unused(digest).await {
            Ok(true) => self.remove_doomed(&[*digest]).await,
            Ok(false) => {}
            // The note that the blob is unsettled stays, so the next start looks at it if nothing did before.
            Err(error) => {
                self.inner.loose_ends.add(*digest);
                return log::warn!("blob {digest} may be left without a row: {error}");
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

impl StoreError {
    /// Why the bytes of a blob ended before their end.
    pub fn of_stream(error: std::io::Error) -> Self {
        BlobError::from(error).into()
    }
}

impl From<BlobError> for StoreError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full(_) => full().caused_by(error),
            BlobError::Away(..) => Self { retry_after: Some(COME_BACK), ..away() }.caused_by(error),
            // Who looks the image up again may find that it has other bytes now.
            BlobError::Gone(_) => Self::no_image().caused_by(error),
            BlobError::Damaged(_) | BlobError::Io(_) => Self::internal(error),
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

/// When to come back while the storage is away.
const COME_BACK: Duration = Duration::from_secs(5);

fn away() -> StoreError {
    let detail = "The storage that the images are kept in does not work at this moment, and nothing was stored; try again in a while.";
    StoreError::new(ErrorCode::Unavailable, detail)
}

fn full() -> StoreError {
    StoreError::new(ErrorCode::StorageFull, "No room is left on the server's disk; nothing was stored.")
}
