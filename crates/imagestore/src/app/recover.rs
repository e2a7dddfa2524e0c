//! What a start does before it serves: finish what an earlier process could not.

use super::Services;
use crate::domain::StoreError;

/// Removes unfinished files, blobs that were being deleted, and blobs that were made durable but never recorded.
pub async fn recover(services: &Services) -> Result<(), StoreError> {
    let leftovers = services.inner.blobs.recover().await?;
    let doomed = services.inner.catalog.doomed_blobs().await?;
    services.remove_doomed(&doomed).await;
    for digest in &leftovers.unsettled {
        services.abandon_blob(digest).await;
    }
    if leftovers.unfinished + doomed.len() + leftovers.unsettled.len() > 0 {
        log::info!(
            "cleaned up after an earlier stop: {} unfinished files, {} blobs under deletion, {} blobs to check",
            leftovers.unfinished,
            doomed.len(),
            leftovers.unsettled.len()
        );
    }
    Ok(())
}
