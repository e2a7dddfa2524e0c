//! Signed addresses, and which addresses strangers need one for.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared_types::transform::FormatChoice;
use shared_types::{ErrorCode, ImageId, TransformError, TransformQuery};

use super::deliver::{Target, Wanted};
use super::{Services, upload};
use crate::domain::{Audience, Caller, Image, Keyring, Required, Scope, Signature, StoreError};

/// What strangers may ask for, and how they may be allowed more.
#[derive(Debug, Clone)]
pub struct SigningPolicy {
    /// The keys whose signatures hold.
    pub keys: Keyring,
    /// What is refused without a signature to those who show no key.
    pub required: Required,
    /// Whether only owners and signed addresses may say parameters of their own.
    pub presets_only: bool,
    /// How long a signature holds at most.
    pub longest: Duration,
}

/// What an address asks for, as far as it decides who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking<'a> {
    /// Whether a picture would be made for it.
    pub makes: bool,
    /// A parameter that is neither a preset's name nor a format.
    pub own_parameter: Option<&'a str>,
}

impl<'a> Asking<'a> {
    /// Of a query about an image, with the first parameter that is neither a preset's name nor a format.
    pub fn of(query: &TransformQuery, image: &Image, own_parameter: Option<&'a str>) -> Self {
        let as_it_is = match query.format {
            FormatChoice::Source => true,
            FormatChoice::Auto => false,
            FormatChoice::Fixed(format) => format == image.facts.format,
        };
        let makes = query.name.is_none() && !(as_it_is && query.transform.is_identity());
        Self { makes, own_parameter }
    }
}

/// An address with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAddress {
    /// Path and query.
    pub path_and_query: String,
    /// Until when it holds.
    pub until: Timestamp,
}

impl Services {
    /// Who asks at this address: path and the rest of the query, byte for byte. A right signature counts for more than a key.
    ///
    /// # Errors
    /// The signature is wrong or expired.
    pub fn caller_at(
        &self,
        caller: Caller,
        path: &str,
        query: &str,
        signature: Option<Signature<'_>>,
    ) -> Result<Caller, StoreError> {
        let Some(signature) = signature else { return Ok(caller) };
        let until = self.inner.signing.keys.verify(path, query, &signature, Timestamp::now())?;
        Ok(Caller::Signed { until })
    }

    /// The image, if its picture may be sent to the caller at all.
    ///
    /// # Errors
    /// Those of [`Services::image`]. Where every picture needs a signature, strangers do not even learn whether there is one.
    pub async fn image_to_show(&self, caller: &Caller, id: ImageId) -> Result<Arc<Image>, StoreError> {
        if self.inner.signing.required == Required::All && caller.is_stranger() {
            return Err(unsigned("Pictures are"));
        }
        self.image(caller, id).await
    }

    /// Makes sure that the caller may ask for that of the image; tells for whom the answer is.
    ///
    /// # Errors
    /// It needs a signature, or it is more than a preset.
    pub fn check_asking(&self, caller: &Caller, image: &Image, asking: &Asking<'_>) -> Result<Audience, StoreError> {
        let policy = &self.inner.signing;
        if let Caller::Signed { until } = caller {
            return Ok(Audience::Until(*until));
        }
        let needs_signature = match policy.required {
            Required::Off => false,
            Required::Transforms => asking.makes,
            Required::All => true,
        };
        if needs_signature && caller.is_stranger() {
            return Err(unsigned("Variants are"));
        }
        let own = asking.own_parameter.filter(|_| policy.presets_only);
        if let Some(name) = own.filter(|_| !caller.may_make_freely(image.owner)) {
            let detail = format!(
                "Only presets (`transform=NAME`) and formats can be asked for here, so not `{name}`; the owner of the image can ask for \
                 anything, and sign the address for others."
            );
            return Err(StoreError::new(ErrorCode::PresetsOnly, detail).parameter(name));
        }
        Ok(if needs_signature || own.is_some() { Audience::Caller } else { Audience::Anyone })
    }

    /// Signs an address of the image, so that anybody who has it may use it for so long.
    ///
    /// # Errors
    /// The caller may not upload, or not see the image or its watermark; nothing could be sent at that address.
    pub async fn sign(
        &self,
        caller: &Caller,
        id: ImageId,
        (path, query): (&str, &str),
        wanted: impl FnOnce(&Image) -> Wanted,
        holds: Duration,
    ) -> Result<SignedAddress, StoreError> {
        // What is signed outlives the key that asked for it, like a change of who may see the image.
        caller.require(Scope::Write)?;
        let image = self.image(caller, id).await?;
        // Nothing is ordered for it yet.
        let wanted = Wanted { choice: None, ..wanted(&image) };
        let delivery = self.resolve(caller, Arc::clone(&image), wanted).await?;
        if let Target::Made(recipe) = &delivery.target {
            let watermark = self.watermark(&recipe.transform).await?;
            self.plan(&image, None, watermark.as_deref(), recipe)?;
        }
        let until = self.end_of(holds)?;
        let keys = &self.inner.signing.keys;
        let signed =
            keys.sign(path, query, until).ok_or_else(|| StoreError::internal(anyhow::anyhow!("no key signs")))?;
        Ok(SignedAddress { path_and_query: signed, until })
    }

    fn end_of(&self, holds: Duration) -> Result<Timestamp, StoreError> {
        let longest = self.inner.signing.longest;
        if holds < Duration::from_secs(1) || holds > longest {
            let reason =
                format!("must be a number of seconds from 1 to {} (signing.longest_seconds)", longest.as_secs());
            return Err(TransformError::new("expires_in", reason).into());
        }
        let holds = SignedDuration::try_from(holds).map_err(StoreError::internal)?;
        let until = upload::now().checked_add(holds).map_err(StoreError::internal)?;
        Timestamp::from_second(until.as_second()).map_err(StoreError::internal)
    }
}

fn unsigned(what: &str) -> StoreError {
    let detail = format!(
        "{what} sent only to those who show a key or use a signed address; ask whoever keeps the images for one."
    );
    StoreError::new(ErrorCode::SignatureRequired, detail)
}
