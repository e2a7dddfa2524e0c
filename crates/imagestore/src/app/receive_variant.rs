//! Taking in a variant that another service made.

use shared_types::wire::VariantFigures;
use shared_types::{ImageId, VariantName};

use super::Services;
use super::upload::{Receiving, now};
use crate::domain::{StoreError, Variant, VariantKey};
use crate::ports::CatalogError;

impl Services {
    /// Stores what was received as the variant `name` of an image, in place of one of the same name and format. Gives the variant and
    /// whether it is the first of its name and format.
    pub async fn put_named_variant(
        &self,
        image: ImageId,
        name: &VariantName,
        received: Receiving,
        figures: Option<VariantFigures>,
    ) -> Result<(Variant, bool), StoreError> {
        let (facts, digest, bytes) = received.finish_unrecorded().await?;
        let (width, height) = facts.upright_size();
        let variant = Variant {
            image,
            key: VariantKey::Named(name.clone(), facts.format).to_string(),
            label: name.to_string(),
            digest,
            bytes,
            format: facts.format,
            width,
            height,
            figures,
            created: now(),
        };
        let replaced = self.record_variant(&variant).await?;
        Ok((variant, !replaced))
    }

    /// Writes the row of a variant whose blob is durable; tells whether it took another one's place.
    pub(super) async fn record_variant(&self, variant: &Variant) -> Result<bool, StoreError> {
        match self.inner.catalog.put_variant(variant).await {
            Ok((replaced, doomed)) => {
                self.settle_blob(&variant.digest).await;
                self.remove_doomed(&doomed).await;
                Ok(replaced)
            }
            Err(error) => {
                if !matches!(error, CatalogError::BlobDoomed) {
                    self.abandon_blob(&variant.digest).await;
                }
                Err(error.into())
            }
        }
    }
}
