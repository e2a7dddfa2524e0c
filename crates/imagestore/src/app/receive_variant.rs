//! Taking in a variant that another service made.

use shared_types::wire::VariantFigures;
use shared_types::{Digest, ErrorCode, OutputFormat, VariantName};

use super::Services;
use super::upload::{Receiving, now};
use crate::domain::{Happening, Image, StoreError, Variant, VariantKey};
use crate::ports::BlobError;

impl Services {
    /// Stores what was received as the variant `name` of an image, in place of one of the same name and format. Gives the variant and
    /// whether it is the first of its name and format.
    ///
    /// # Errors
    /// [`ErrorCode::Outdated`] if the image has another original by now than the one that it was made of, which is the one of `image` where
    /// nothing else is said.
    pub async fn put_named_variant(
        &self,
        image: &Image,
        name: &VariantName,
        received: Receiving,
        (figures, original): (Option<VariantFigures>, Option<Digest>),
    ) -> Result<(Variant, bool), StoreError> {
        let (facts, staged, bytes) = received.finish_unrecorded().await?;
        if facts.format.is_vector() {
            let detail = format!("A variant is made of pixels; send one of {}.", OutputFormat::list());
            return Err(StoreError::new(ErrorCode::UnsupportedFormat, detail));
        }
        let (width, height) = facts.upright_size();
        let variant = Variant {
            image: image.id,
            key: VariantKey::Named(name.clone(), facts.format).to_string(),
            label: name.to_string(),
            digest: staged.digest(),
            bytes,
            format: facts.format,
            width,
            height,
            figures,
            created: now(),
        };
        let (services, owner, original) = (self.clone(), image.owner, original.unwrap_or(image.digest));
        let record = async move {
            let replaced = services.record_variant(&variant, &original, staged.commit()).await?;
            services.publish(owner, Happening::VariantStored(Box::new(variant.clone())));
            Ok((variant, !replaced))
        };
        self.to_its_end(record).await
    }

    /// Commits the blob of a variant and writes its row; tells whether it took another one's place.
    pub(super) async fn record_variant(
        &self,
        variant: &Variant,
        original: &Digest,
        commit: impl Future<Output = Result<Digest, BlobError>>,
    ) -> Result<bool, StoreError> {
        self.record_blob(&variant.digest, commit, self.inner.catalog.put_variant(variant, original)).await
    }
}
