//! One request at a time writes to an upload. The catalog refuses what does not fit anyway; this tells the second one before it sends bytes,
//! and ends a first one that hangs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared_types::UploadId;
use tokio_util::sync::CancellationToken;

/// How long nothing has to arrive for a request to count as hanging: a client that was cut off comes back before its old connection is
/// known to be dead.
const QUIET: Duration = Duration::from_secs(2);

/// How long to wait for a request that makes its bytes durable, or an image of them.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which uploads are being written to.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashMap<UploadId, Arc<Holder>>>);

/// Whoever writes.
struct Holder {
    /// When the last bytes arrived; `None` while it does not wait for any.
    heard: Mutex<Option<Instant>>,
    stop: CancellationToken,
    gone: CancellationToken,
}

/// The right to write to an upload, until it is dropped.
pub(super) struct Hold {
    locks: Arc<Locks>,
    id: UploadId,
    holder: Arc<Holder>,
}

/// Tells that the client of a held upload sends nothing more.
pub(super) struct Ending(Arc<Holder>);

impl Locks {
    /// The right to write; ends a request that hangs and waits for one that is about to end. `None` while bytes arrive for another one.
    pub(super) async fn hold(self: &Arc<Self>, id: UploadId) -> Option<Hold> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let holder = match self.try_hold(id) {
                Ok(hold) => return Some(hold),
                Err(holder) => holder,
            };
            if holder.is_heard_of() {
                return None;
            }
            holder.stop.cancel();
            tokio::time::timeout_at(deadline, holder.gone.cancelled()).await.ok()?;
        }
    }

    /// The right to write if nobody has it.
    pub(super) fn hold_if_free(self: &Arc<Self>, id: UploadId) -> Option<Hold> {
        self.try_hold(id).ok()
    }

    /// Ends whoever waits for bytes of that upload.
    pub(super) fn interrupt(&self, id: UploadId) {
        if let Some(holder) = self.lock().get(&id) {
            holder.stop.cancel();
        }
    }

    fn try_hold(self: &Arc<Self>, id: UploadId) -> Result<Hold, Arc<Holder>> {
        let mut held = self.lock();
        if let Some(holder) = held.get(&id) {
            return Err(Arc::clone(holder));
        }
        let holder = Arc::new(Holder {
            heard: Mutex::new(None),
            stop: CancellationToken::new(),
            gone: CancellationToken::new(),
        });
        held.insert(id, Arc::clone(&holder));
        Ok(Hold { locks: Arc::clone(self), id, holder })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Holder>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder {
    fn hear(&self, when: Option<Instant>) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = when;
    }

    fn is_heard_of(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|when| when.elapsed() < QUIET)
    }
}

impl Hold {
    /// Bytes have arrived, or are expected from now on.
    pub(super) fn heard(&self) {
        self.holder.hear(Some(Instant::now()));
    }

    /// No more bytes are expected.
    pub(super) fn ends(&self) {
        self.holder.hear(None);
    }

    /// The same, for the one who passes the bytes on.
    pub(super) fn ending(&self) -> Ending {
        Ending(Arc::clone(&self.holder))
    }

    /// Returns when another request takes over, or the upload is removed.
    pub(super) async fn stopped(&self) {
        self.holder.stop.cancelled().await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.locks.lock().remove(&self.id);
        self.holder.gone.cancel();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.hear(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_one_waits_for_an_end_but_not_for_bytes() {
        let (locks, id) = (Arc::new(Locks::default()), UploadId::generate());
        let first = locks.hold(id).await.unwrap();
        first.heard();
        assert!(locks.hold(id).await.is_none(), "bytes arrive");
        assert!(locks.hold(UploadId::generate()).await.is_some(), "another upload");
        drop(first.ending());
        let waiting = tokio::spawn({
            let locks = Arc::clone(&locks);
            async move { locks.hold(id).await.is_some() }
        });
        first.stopped().await;
        assert!(locks.hold_if_free(id).is_none());
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(locks.hold_if_free(id).is_some());
    }
}
