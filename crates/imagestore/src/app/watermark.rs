//! The image that a recipe draws over another.

use std::sync::Arc;

use shared_types::{ErrorCode, Recipe, Transform};

use super::Services;
use crate::domain::{Image, StoreError};

impl Services {
    /// The image that `wm` names, if there is a `wm`.
    pub(super) async fn watermark(&self, transform: &Transform) -> Result<Option<Arc<Image>>, StoreError> {
        let Some(watermark) = &transform.watermark else { return Ok(None) };
        self.image(watermark.image).await.map(Some).map_err(|error| match error.code {
            ErrorCode::NotFound => {
                let detail = "`wm` must be the id of an image in the store; it may have been deleted.";
                StoreError::new(ErrorCode::NotFound, detail).parameter("wm")
            }
            _ => error,
        })
    }

    /// The recipe with the bytes of its watermark in its key, so that a stored variant never shows another one.
    pub(super) async fn with_watermark(&self, recipe: Recipe) -> Result<Recipe, StoreError> {
        let watermark = self.watermark(&recipe.transform).await?;
        Ok(match watermark {
            Some(image) => recipe.with_watermark(image.digest),
            None => recipe,
        })
    }
}
