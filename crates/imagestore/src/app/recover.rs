//! What a start does before it serves: finish what an earlier process could not.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use shared_types::PartId;

use super::Services;
use super::upload::now;
use crate::domain::StoreError;

/// A part that has no row by then gets none any more.
const OLD: Duration = Duration::from_hours(1);

/// Removes unfinished files, blobs that were being deleted, and blobs and parts of uploads that were made durable but never recorded.
pub async fn recover(services: &Services) -> Result<(), StoreError> {
    services.release_own_blobs().await?;
    let leftovers = services.inner.blobs.recover().await?;
    let doomed = services.inner.catalog.doomed_blobs().await?;
    services.remove_doomed(&doomed).await;
    for digest in &leftovers.unsettled {
        services.abandon_blob(digest).await;
    }
    let mut parts = unknown_parts(services).await?;
    if services.inner.replicas.is_shared() {
        // Another process may be about to write the row of a younger one.
        let old = now().checked_sub(OLD).unwrap_or(Timestamp::MIN);
        parts.retain(|part| committed(*part) < old);
    }
    services.remove_parts(&parts).await;
    if leftovers.unfinished + doomed.len() + leftovers.unsettled.len() + parts.len() > 0 {
        log::info!(
            "cleaned up after an earlier stop: {} unfinished files, {} blobs under deletion, {} blobs to check, {} parts of uploads",
            leftovers.unfinished,
            doomed.len(),
            leftovers.unsettled.len(),
            parts.len()
        );
    }
    Ok(())
}

/// When a part was committed: its id begins with that.
pub(super) fn committed(part: PartId) -> Timestamp {
    let (seconds, nanos) = part.as_uuid().get_timestamp().map_or((0, 0), |time| time.to_unix());
    let seconds = i64::try_from(seconds).unwrap_or_default();
    Timestamp::new(seconds, i32::try_from(nanos).unwrap_or_default()).unwrap_or(Timestamp::MIN)
}

/// Parts of uploads that no row refers to.
pub(super) async fn unknown_parts(services: &Services) -> Result<Vec<PartId>, StoreError> {
    // The bytes first: a part that is begun meanwhile has its row before it is looked for.
    let stored = services.inner.blobs.list_parts().await?;
    let rows = services.inner.catalog.upload_parts().await?;
    let known: HashSet<PartId> = rows.into_iter().map(|(part, ..)| part).collect();
    Ok(stored.into_iter().map(|(part, _)| part).filter(|part| !known.contains(part)).collect())
}
