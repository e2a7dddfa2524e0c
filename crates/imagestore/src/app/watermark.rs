//! The image that a recipe draws over another.

use std::sync::Arc;

use shared_types::{ErrorCode, Recipe, Transform};

use super::Services;
use crate::domain::{Caller, Image, StoreError};

impl Services {
    /// The image that `wm` names, if there is a `wm`.
    pub(super) async fn watermark(&self, transform: &Transform) -> Result<Option<Arc<Image>>, StoreError> {
        let Some(watermark) = &transform.watermark else { return Ok(None) };
        self.record(watermark.image).await.map(Some).map_err(unseen)
    }

    /// Makes sure that the caller may see what `wm` names.
    pub(super) async fn check_watermark(&self, caller: &Caller, transform: &Transform) -> Result<(), StoreError> {
        let Some(watermark) = self.watermark(transform).await? else { return Ok(()) };
        caller.check_sees(&watermark).map_err(unseen)
    }

    /// The recipe with the bytes of its watermark in its key, so that a stored variant never shows another one; and the watermark.
    pub(super) async fn with_watermark(&self, recipe: Recipe) -> Result<(Recipe, Option<Arc<Image>>), StoreError> {
        let watermark = self.watermark(&recipe.transform).await?;
        let recipe = match &watermark {
            Some(image) => recipe.with_watermark(image.digest),
            None => recipe,
        };
        Ok((recipe, watermark))
    }
}

/// An image that is not there, or not for the caller's eyes.
fn unseen(error: StoreError) -> StoreError {
    match error.code {
        ErrorCode::NotFound => {
            let detail = "`wm` must be the id of an image in the store; it may have been deleted.";
            StoreError::new(ErrorCode::NotFound, detail).parameter("wm")
        }
        _ => error,
    }
}
