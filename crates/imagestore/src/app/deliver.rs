//! From a parsed URL to the bytes that answer it.
//!
//! In two steps, so that a transport can answer a conditional request in between: [`Services::resolve`] says which representation is
//! meant and its validators, without making it; [`Services::content`] gets or makes the bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use shared_types::transform::FormatChoice;
use shared_types::wire::VariantFigures;
use shared_types::{Digest, ErrorCode, ImageFormat, ImageId, OutputFormat, Recipe, Transform, VariantName};

use url::Url;

use super::Services;
use super::better::{Choice, Prospect};
use super::produce::Place;
use crate::domain::{Caller, Image, StoreError, Variant, VariantKey};
use crate::ports::{BlobReader, Presented};

/// What a client asked for, negotiation done: `FormatChoice::Auto` has become a format or the source's own.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What to do to the pixels.
    pub transform: Transform,
    /// The format, if one was asked for.
    pub format: Option<ImageFormat>,
    /// A stored variant's name.
    pub name: Option<VariantName>,
    /// Whether the answer is saved and not shown: only then a file that may hold scripts is sent as it is.
    pub saved: bool,
    /// What may come in place of what is quick to make, where the format is left to the store.
    pub choice: Option<Choice>,
}

/// One representation of an image, not fetched yet.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The image.
    pub image: Arc<Image>,
    /// Which bytes of it.
    pub target: Target,
    /// Strong validator of these bytes.
    pub etag: Digest,
    /// When they came to be.
    pub last_modified: Timestamp,
    /// Their format.
    pub format: ImageFormat,
    /// How long the same address gives these bytes.
    pub lifetime: Lifetime,
    /// Whether they depend on nothing but the address and the image's original.
    follows_original: bool,
}

/// How long an address gives the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// For ever.
    Immutable,
    /// Until the image gets another original, which it never did so far.
    Lasting,
    /// Until somebody stores others in their place, as they may do often.
    Replaceable,
    /// Until something better is made, which is under way.
    Soon,
}

/// Which bytes of an image are meant.
#[derive(Debug, Clone)]
pub enum Target {
    /// As uploaded.
    Original,
    /// Made from parameters.
    Made(Box<Recipe>),
    /// Made by a compressing service.
    Stored(Box<Variant>),
}

/// A representation that is there.
pub struct Content {
    /// Its bytes.
    pub bytes: ContentBytes,
    /// How it was found, where it is more than its parameters say.
    pub figures: Option<VariantFigures>,
}

/// The bytes of a representation.
pub enum ContentBytes {
    /// At hand.
    Memory(Bytes),
    /// To be read.
    Blob(Box<dyn BlobReader>),
}

impl ContentBytes {
    /// How many bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Blob(reader) => reader.size(),
        }
    }
}

impl Wanted {
    /// Settles what `format=auto` means, given the formats that the client takes, best first.
    ///
    /// An animation stays one: where neither a format that the client takes nor the source's own does that, it becomes a GIF, which is
    /// shown everywhere.
    pub fn negotiate(
        transform: Transform,
        choice: FormatChoice,
        name: Option<VariantName>,
        image: &Image,
        accepted: &[OutputFormat],
        saved: bool,
        preset: Option<&str>,
    ) -> Self {
        let facts = &image.facts;
        let possible = |format: &&OutputFormat| transform.check_format(**format).is_ok();
        let moves = facts.animated && transform.page.is_none();
        let format = match choice {
            FormatChoice::Source => None,
            FormatChoice::Fixed(format) => Some(format),
            FormatChoice::Auto if moves => {
                let frozen = !transform.is_identity() && !facts.format.default_output().animates();
                let accepted = accepted.iter().filter(possible).find(|format| format.animates()).copied();
                accepted.or(frozen.then_some(OutputFormat::Gif)).map(ImageFormat::from)
            }
            FormatChoice::Auto => accepted.iter().find(possible).map(|format| ImageFormat::from(*format)),
        };
        // The first frame of a still picture is all of it.
        let page = transform.page.filter(|page| facts.animated || *page > 0);
        let transform = Transform { page, ..transform };
        let choice = (choice == FormatChoice::Auto).then(|| Choice::of(&transform, accepted, image, preset)).flatten();
        Self { transform, format, name, saved, choice }
    }
}

impl Delivery {
    /// The same at an address that names a revision of the image: for ever these bytes, if it is the present one.
    ///
    /// # Errors
    /// There is no such revision yet. One that was replaced is answered with the present one, for those who have old addresses.
    pub fn pinned(self, revision: Option<u64>) -> Result<Self, StoreError> {
        let (Some(pinned), present) = (revision, self.image.revision) else { return Ok(self) };
        if pinned > present {
            let detail =
                format!("`v` must be a revision of the image, and it is at revision {present}; leave `v` out.");
            return Err(StoreError::new(ErrorCode::NotFound, detail).parameter("v"));
        }
        let lifetime = match self.lifetime {
            Lifetime::Soon => Lifetime::Soon,
            _ if pinned == present && self.follows_original => Lifetime::Immutable,
            _ if pinned == present => self.lifetime,
            _ => Lifetime::Replaceable,
        };
        Ok(Self { lifetime, ..self })
    }
}

impl Services {
    /// Which representation of the image is meant.
    ///
    /// # Errors
    /// There is no such representation, or the caller may not see what `wm` names.
    pub async fn resolve(&self, caller: &Caller, image: Arc<Image>, wanted: Wanted) -> Result<Delivery, StoreError> {
        self.check_watermark(caller, &wanted.transform).await?;
        self.representation(image, wanted).await
    }

    async fn representation(&self, image: Arc<Image>, wanted: Wanted) -> Result<Delivery, StoreError> {
        if let Some(name) = &wanted.name {
            return self.resolve_named(image, name, wanted.format).await;
        }
        if let Some(choice) = &wanted.choice {
            match self.prospect(&image, &wanted.transform, choice).await? {
                Prospect::There(variant) => {
                    let lifetime = self.lifetime(&image, None);
                    self.inner.keeping.note_use(image.id, || variant.key.clone());
                    return Ok(stored(image, *variant, lifetime, true));
                }
                Prospect::Original => return Ok(self.original(image)),
                Prospect::Coming => {
                    let quick = Wanted { format: choice.quick.map(ImageFormat::from), choice: None, ..wanted };
                    let delivery = Box::pin(self.representation(image, quick)).await?;
                    return Ok(Delivery { lifetime: Lifetime::Soon, ..delivery });
                }
                Prospect::None => {}
            }
        }
        let source = image.facts.format;
        let untouched = wanted.transform.is_identity() && wanted.format.is_none_or(|format| format == source);
        if untouched && (wanted.saved || !source.is_vector()) {
            return Ok(self.original(image));
        }
        let output = match wanted.format {
            None => source.default_output(),
            Some(format) => format.as_output().ok_or_else(|| cannot_make(format))?,
        };
        wanted.transform.check_format(output)?;
        let (recipe, watermark) = self.with_watermark(Recipe::new(wanted.transform, output)).await?;
        let etag = recipe.key(&image.digest, image_engine::ENGINE_REVISION);
        let lifetime = self.lifetime(&image, watermark.as_deref());
        let (target, last_modified, format) = (Target::Made(Box::new(recipe)), image.modified(), output.into());
        let last_modified =
            watermark.as_ref().map_or(last_modified, |watermark| last_modified.max(watermark.modified()));
        let follows_original = watermark.is_none();
        Ok(Delivery { image, target, etag, last_modified, format, lifetime, follows_original })
    }

    /// How long an address gives the same bytes that does not say which of the originals of these images it is about.
    fn lifetime(&self, image: &Image, watermark: Option<&Image>) -> Lifetime {
        let was_replaced = image.revision > 1 || watermark.is_some_and(|watermark| watermark.revision > 1);
        match self.inner.keeping.policy.replaceable {
            _ if was_replaced => Lifetime::Replaceable,
            true => Lifetime::Lasting,
            false => Lifetime::Immutable,
        }
    }

    fn original(&self, image: Arc<Image>) -> Delivery {
        let (etag, last_modified, format) = (image.digest, image.modified(), image.facts.format);
        let lifetime = self.lifetime(&image, None);
        let target = Target::Original;
        Delivery { image, target, etag, last_modified, format, lifetime, follows_original: true }
    }

    async fn resolve_named(
        &self,
        image: Arc<Image>,
        name: &VariantName,
        format: Option<ImageFormat>,
    ) -> Result<Delivery, StoreError> {
        let variant = match format {
            Some(format) => {
                let key = VariantKey::Named(name.clone(), format).to_string();
                self.inner.catalog.variant(image.id, &key).await?
            }
            None => self.newest_named(image.id, name).await?,
        };
        let variant = variant.ok_or_else(|| no_variant(name, format))?;
        Ok(stored(image, variant, Lifetime::Replaceable, false))
    }

    async fn newest_named(&self, image: ImageId, name: &VariantName) -> Result<Option<Variant>, StoreError> {
        let variants = self.inner.catalog.variants(image).await?;
        Ok(variants.into_iter().rfind(|variant| variant.label == name.as_str()))
    }

    /// Gets the bytes, making them if they were never made.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] or [`ErrorCode::Outdated`] where they are gone since the image was looked up: looked up again, it may have others.
    pub async fn content(&self, delivery: &Delivery) -> Result<Content, StoreError> {
        let (bytes, figures) = match &delivery.target {
            Target::Original => (self.open(&delivery.image.digest).await?, None),
            Target::Stored(variant) => (self.open(&variant.digest).await?, variant.figures.clone()),
            Target::Made(recipe) => {
                let picture = self.picture(&delivery.image, recipe, delivery.etag).await?;
                let bytes = match &picture.place {
                    Place::Memory(bytes) => ContentBytes::Memory(bytes.clone()),
                    Place::Stored(digest) => self.open(digest).await?,
                };
                (bytes, picture.figures.clone())
            }
        };
        Ok(Content { bytes, figures })
    }

    /// How long an address holds at most from which the storage itself gives these bytes; `None` if they are always sent from here.
    pub fn redirect(&self, delivery: &Delivery) -> Option<Duration> {
        let is_original = matches!(delivery.target, Target::Original);
        // What may hold scripts is sent with what keeps it from being run.
        self.inner.redirect.filter(|_| is_original && !delivery.format.is_vector())
    }

    /// An address from which the storage itself gives these bytes, to anybody, for so long.
    pub async fn elsewhere(
        &self,
        delivery: &Delivery,
        presented: &Presented,
        lifetime: Duration,
    ) -> Result<Option<String>, StoreError> {
        Ok(self.inner.blobs.presign(&delivery.etag, presented, lifetime).await?)
    }

    /// From where the storage itself gives originals, as scheme, host and port; `None` if they are always sent from here.
    pub async fn origin_of_originals(&self) -> Option<String> {
        let lifetime = self.inner.redirect?;
        let presented = Presented { media_type: String::new(), disposition: None, cache_control: String::new() };
        // Signing asks nobody, so it does not matter that there is no such blob.
        let address = self.inner.blobs.presign(&Digest::of(b""), &presented, lifetime).await;
        let address =
            address.inspect_err(|error| log::warn!("no address of an original can be signed: {error}")).ok()??;
        Url::parse(&address).ok().map(|address| address.origin().ascii_serialization())
    }

    async fn open(&self, digest: &Digest) -> Result<ContentBytes, StoreError> {
        match self.inner.blobs.open(digest).await? {
            Some(reader) => Ok(ContentBytes::Blob(reader)),
            // The row was read before a deletion and the blob after it, or the blob is lost; the log tells which by its frequency.
            None => Err(StoreError::no_image().caused_by(anyhow::anyhow!("blob {digest} is missing"))),
        }
    }
}

fn stored(image: Arc<Image>, variant: Variant, lifetime: Lifetime, follows_original: bool) -> Delivery {
    let (etag, last_modified, format) = (variant.digest, variant.created, variant.format);
    let target = Target::Stored(Box::new(variant));
    Delivery { image, target, etag, last_modified, format, lifetime, follows_original }
}

fn cannot_make(format: ImageFormat) -> StoreError {
    let detail = format!("{format} can be read but not made; ask for one of {}.", OutputFormat::list());
    StoreError::new(ErrorCode::UnsupportedFormat, detail).parameter("format")
}

fn no_variant(name: &VariantName, format: Option<ImageFormat>) -> StoreError {
    let as_format = format.map(|format| format!(" as {format}")).unwrap_or_default();
    let detail = format!(
        "The image has no variant named {name}{as_format}, and no preset has this name. A variant is stored by the service that makes it; \
         presets stand in the settings ([presets])."
    );
    StoreError::new(ErrorCode::NotFound, detail).parameter("transform")
}
