//! Blobs of which it is not certain that they are as the catalog says, because the storage was away when they were stored or removed. They
//! are looked at again until that is known, so that nothing has to wait for the next start.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared_types::Digest;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Services;
use crate::ports::BlobError;

/// The pause before a further look, which becomes twice as long with each that changes nothing, up to the longest.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(10);

/// How many are remembered; the others are left to the next start.
const REMEMBERED: usize = 100_000;

/// Blobs to be looked at again.
#[derive(Default)]
pub(super) struct LooseEnds {
    digests: Mutex<HashSet<Digest>>,
    /// Claims that are to be given back.
    claims: Mutex<HashSet<(Digest, Uuid)>>,
    added: Notify,
}

impl LooseEnds {
    pub(super) fn add(&self, digest: Digest) {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if digests.len() < REMEMBERED {
            digests.insert(digest);
        }
        self.added.notify_one();
    }

    /// After the attempt to store a blob: where the storage is elsewhere, nobody knows whether it is there.
    pub(super) fn add_after(&self, digest: &Digest, error: &BlobError) {
        if matches!(error, BlobError::Away(..)) {
            self.add(*digest);
        }
    }

    /// A claim that could not be given back.
    pub(super) fn add_claim(&self, digest: Digest, claim: Uuid) {
        let mut claims = self.claims();
        if claims.len() < REMEMBERED {
            claims.insert((digest, claim));
        }
        self.added.notify_one();
    }

    fn all(&self) -> Vec<Digest> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    fn claims(&self) -> MutexGuard<'_, HashSet<(Digest, Uuid)>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_claims(&self) -> Vec<(Digest, Uuid)> {
        self.claims().iter().copied().collect()
    }

    fn remove(&self, digest: &Digest) {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }
}

impl Services {
    /// Starts to look at them in the background, until [`Services::close`].
    pub fn start_loose_ends(&self) {
        let services = self.clone();
        self.in_background(async move { services.tie_loose_ends().await });
    }

    async fn tie_loose_ends(&self) {
        let (stop, ends) = (self.inner.jobs.stop_token(), &self.inner.loose_ends);
        let mut pause = PAUSE;
        while !stop.is_cancelled() {
            let (left, claims) = (ends.all(), ends.all_claims());
            if left.is_empty() && claims.is_empty() {
                pause = PAUSE;
                stop.run_until_cancelled(ends.added.notified()).await;
                continue;
            }
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            // The claims first: as long as there are any, a blob is not doomed.
            let tied = self.give_back_all(claims).await && self.tie_all(left).await;
            pause = if tied { PAUSE } else { LONGEST.min(pause * 2) };
        }
    }

    /// The first that fails ends the round: the catalog is still away. Tells whether none failed.
    async fn give_back_all(&self, claims: Vec<(Digest, Uuid)>) -> bool {
        for (digest, claim) in claims {
            if let Err(error) = self.end_claim(&digest, claim).await {
                log::debug!("blob {digest} stays claimed for a while: {error}");
                return false;
            }
            self.inner.loose_ends.claims().remove(&(digest, claim));
        }
        true
    }

    /// The first that fails ends the round: the storage is still away. Tells whether none failed.
    async fn tie_all(&self, left: Vec<Digest>) -> bool {
        // Asked before a blob is doomed, which keeps its bytes from being stored again until they are removed.
        if let Err(error) = self.inner.blobs.check_writable().await {
            log::debug!("{} blobs are looked at later: {:#}", left.len(), anyhow::Error::from(error));
            return false;
        }
        for digest in left {
            if self.inner.jobs.stop_token().is_cancelled() {
                return true;
            }
            if let Err(error) = self.tie(&digest).await {
                log::debug!("blob {digest} is looked at later: {error:#}");
                return false;
            }
            self.inner.loose_ends.remove(&digest);
        }
        true
    }

    /// A blob that no row refers to goes, and one that a row refers to is known to be there.
    async fn tie(&self, digest: &Digest) -> anyhow::Result<()> {
        let (blobs, catalog) = (&self.inner.blobs, &self.inner.catalog);
        let _hold = self.inner.blob_locks.hold(digest).await;
        let is_doomed = catalog.doom_if_unused(digest).await? || catalog.doomed_blobs().await?.contains(digest);
        if is_doomed { self.remove_held(digest).await } else { Ok(blobs.settle(digest).await?) }
    }
}
