//! Made once: memory, else the stored variant, else the engine, from the master copy where that serves; whoever asks meanwhile waits for the same result.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use image_engine::{Effort, Header, MasterCopy, Plan, Rendered, Source, Sources};
use moka::sync::Cache;
use shared_types::wire::VariantFigures;
use shared_types::{Digest, ErrorCode, OutputFormat, Recipe};
use tokio::sync::OwnedSemaphorePermit;

use super::Services;
use super::replicas::Turn;
use super::upload::now;
use crate::domain::{Image, Master, StoreError, Variant, VariantKey};
use crate::ports::{BlobError, BlobReader, CatalogError};

/// A finished picture.
#[derive(Debug)]
pub(super) struct Picture {
    /// The original that it was made of.
    original: Digest,
    pub(super) place: Place,
    /// How it was found, where a goal was to be reached.
    pub(super) figures: Option<VariantFigures>,
}

/// Where the bytes of a picture are.
#[derive(Debug)]
pub(super) enum Place {
    /// Small enough to keep at hand.
    Memory(Bytes),
    /// Too large for that: read the blob.
    Stored(Digest),
}

/// What the store has of a variant.
enum Stored {
    Whole(Arc<Picture>),
    Never,
    Damaged,
}

/// Pictures by their recipe's key, bounded by bytes.
pub(super) type PictureCache = Cache<Digest, Arc<Picture>>;

/// Larger pictures are streamed from their blob instead of being held in memory.
const MAX_IN_MEMORY: u64 = 1024 * 1024;

pub(super) fn cache(bytes: u64) -> PictureCache {
    /// What an entry weighs beside its bytes, so that many small pictures are bounded too.
    const ENTRY: usize = 256;
    let weigh = |_: &Digest, picture: &Arc<Picture>| match &picture.place {
        Place::Memory(bytes) => u32::try_from(bytes.len() + ENTRY).unwrap_or(u32::MAX),
        Place::Stored(_) => ENTRY as u32,
    };
    Cache::builder().max_capacity(bytes).weigher(weigh).support_invalidation_closures().build()
}

/// Whether making it takes so long that several processes should not do it at once.
fn is_costly(image: &Image, recipe: &Recipe) -> bool {
    /// Smaller ones take about as long as asking.
    const PIXELS: u64 = 4_000_000;
    let pixels = u64::from(image.facts.width) * u64::from(image.facts.height);
    recipe.transform.goal.is_some() || recipe.format == OutputFormat::Avif || pixels >= PIXELS
}

impl Services {
    pub(super) async fn picture(
        &self,
        image: &Arc<Image>,
        recipe: &Recipe,
        key: Digest,
    ) -> Result<Arc<Picture>, StoreError> {
        self.inner.keeping.note_use(image.id, || VariantKey::Made(key).to_string());
        if let Some(picture) = self.inner.pictures.get(&key) {
            return Ok(picture);
        }
        let flight = self.inner.flights.join((image.id, key), || {
            let (services, image, recipe) = (self.clone(), Arc::clone(image), recipe.clone());
            async move { services.load_or_make(&image, &recipe, key).await }
        });
        flight.await
    }

    /// Drops from memory what was made of an original.
    pub(super) fn forget_pictures_of(&self, original: Digest) {
        let forgotten = self.inner.pictures.invalidate_entries_if(move |_, picture| picture.original == original);
        // The cache was built for it.
        if let Err(error) = forgotten {
            log::error!("pictures stay in memory: {error}");
        }
    }

    async fn load_or_make(&self, image: &Arc<Image>, recipe: &Recipe, key: Digest) -> Result<Arc<Picture>, StoreError> {
        let stored = if self.inner.keeps_variants { self.load(image, key).await? } else { Stored::Never };
        if let Stored::Whole(picture) = stored {
            if matches!(picture.place, Place::Memory(_)) {
                self.inner.pictures.insert(key, Arc::clone(&picture));
            }
            return Ok(picture);
        }
        let turn = if self.inner.keeps_variants && is_costly(image, recipe) {
            let name = format!("make {} {key}", image.id);
            let made = || async {
                let stored = self.load(image, key).await?;
                Ok(if let Stored::Whole(picture) = stored { Some(picture) } else { None })
            };
            match self.turn(&name, made).await? {
                Ok(picture) => return Ok(picture),
                Err(turn) => Some(turn),
            }
        } else {
            None
        };
        // Taken before the work: when storing cannot keep up, requests wait here and not with finished pictures in memory.
        let place = Arc::clone(&self.inner.storing).acquire_owned().await.map_err(StoreError::internal)?;
        let (begun, original) = (Instant::now(), image.digest);
        let rendered = self.make(image, recipe).await?;
        let figures = recipe.transform.goal.map(|_| VariantFigures {
            source_bytes: image.bytes,
            quality: rendered.quality,
            score: rendered.score,
            tries: Some(rendered.tries),
            seconds: begun.elapsed().as_secs_f64(),
        });
        // Without the spare room that the encoder left behind: the cache counts lengths.
        let bytes = Bytes::from(rendered.bytes.into_boxed_slice());
        let picture = Arc::new(Picture { original, place: Place::Memory(bytes.clone()), figures: figures.clone() });
        if bytes.len() as u64 <= MAX_IN_MEMORY {
            self.inner.pictures.insert(key, Arc::clone(&picture));
        }
        if !self.inner.keeps_variants {
            return Ok(picture);
        }
        let (image, label, format, size) = (image.id, recipe.to_string(), recipe.format.into(), bytes.len() as u64);
        let (width, height) = (rendered.width, rendered.height);
        let key = VariantKey::Made(key).to_string();
        let variant = move |digest| Variant {
            image,
            key,
            label,
            digest,
            bytes: size,
            format,
            width,
            height,
            figures,
            created: now(),
        };
        let told = format!("variant {recipe} of image {image}");
        self.store_in_background(told, original, variant, bytes, matches!(stored, Stored::Damaged), (place, turn));
        Ok(picture)
    }

    async fn load(&self, image: &Image, key: Digest) -> Result<Stored, StoreError> {
        let key = VariantKey::Made(key).to_string();
        let Some(variant) = self.inner.catalog.variant(image.id, &key).await? else { return Ok(Stored::Never) };
        let reader = self.inner.blobs.open(&variant.digest).await?;
        if let Some(reader) = reader.filter(|reader| reader.size() == variant.bytes) {
            if variant.bytes > MAX_IN_MEMORY {
                let place = Place::Stored(variant.digest);
                return Ok(Stored::Whole(Arc::new(Picture {
                    original: image.digest,
                    place,
                    figures: variant.figures,
                })));
            }
            let bytes = match reader.read_all().await {
                Ok(bytes) => Some(bytes),
                Err(BlobError::Damaged(_)) => None,
                Err(error) => return Err(error.into()),
            };
            // Small variants are stored without waiting for the disk, so a power cut may have taken some of their bytes.
            if let Some(bytes) = bytes.filter(|bytes| Digest::of(bytes) == variant.digest) {
                let place = Place::Memory(bytes);
                return Ok(Stored::Whole(Arc::new(Picture {
                    original: image.digest,
                    place,
                    figures: variant.figures,
                })));
            }
        }
        log::warn!("variant {key} of image {} is damaged and will be made again", image.id);
        Ok(Stored::Damaged)
    }

    /// Makes it, whatever there is of it already.
    pub(super) async fn make(&self, image: &Arc<Image>, recipe: &Recipe) -> Result<Rendered, StoreError> {
        let watermark = self.watermark(&recipe.transform).await?;
        let watermark = watermark.as_deref();
        // The key names the bytes of the watermark that the recipe was written for.
        if watermark.map(|watermark| watermark.digest) != recipe.watermark {
            return Err(CatalogError::Outdated.into());
        }
        let from_master = match self.master_for(image, watermark, recipe).await {
            Some(master) => self.make_from_master(image, &master, watermark, recipe).await?,
            None => None,
        };
        let (rendered, source) = match from_master {
            Some(rendered) => (rendered, "master"),
            None => (self.make_from_original(image, watermark, recipe).await?, "original"),
        };
        log::debug!("variant made: {recipe} of image {}, {} bytes, from the {source}", image.id, rendered.bytes.len());
        Ok(rendered)
    }

    /// `None` if the master does not serve, or is not what it should be.
    async fn make_from_master(
        &self,
        image: &Image,
        master: &Master,
        watermark: Option<&Image>,
        recipe: &Recipe,
    ) -> Result<Option<Rendered>, StoreError> {
        let plan = self.plan(image, Some(master.into()), watermark, recipe)?;
        if plan.source() != Source::Master {
            return Ok(None);
        }
        let place = self.inner.cpu.admit(plan.memory()).await?;
        let Some(source) = self.read_master(&image.digest, master).await else { return Ok(None) };
        let watermark = self.read_watermark(watermark).await?;
        let digest = master.digest;
        let work = move |stop: &(dyn Fn() -> bool + Sync)| {
            let is_intact = Digest::of(&source) == digest;
            is_intact.then(|| image_engine::render(&plan, &source, watermark.as_deref(), stop))
        };
        if let Some(rendered) = place.run(work).await? {
            return Ok(Some(rendered?));
        }
        self.replace_master(&image.digest, master, "it is damaged").await;
        Ok(None)
    }

    async fn make_from_original(
        &self,
        image: &Image,
        watermark: Option<&Image>,
        recipe: &Recipe,
    ) -> Result<Rendered, StoreError> {
        let plan = self.plan(image, None, watermark, recipe)?;
        let place = self.inner.cpu.admit(plan.memory()).await?;
        // Read after admission: the bytes of the original are part of what was admitted.
        let source = self.source(image).await?.read_all().await?;
        let watermark = self.read_watermark(watermark).await?;
        Ok(place.run(move |stop| image_engine::render(&plan, &source, watermark.as_deref(), stop)).await??)
    }

    /// What will be done for a variant, given a master of the image.
    pub(super) fn plan(
        &self,
        image: &Image,
        master: Option<MasterCopy>,
        watermark: Option<&Image>,
        recipe: &Recipe,
    ) -> Result<Plan, StoreError> {
        let watermark = watermark.map(|image| Header { facts: &image.facts, bytes: image.bytes });
        let sources = Sources { master, watermark, ..Sources::original(&image.facts, image.bytes) };
        Ok(Plan::new(&sources, recipe, Effort::Fast, &self.inner.limits.engine)?)
    }

    async fn read_watermark(&self, watermark: Option<&Image>) -> Result<Option<Bytes>, StoreError> {
        match watermark {
            Some(watermark) => Ok(Some(self.source(watermark).await?.read_all().await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn source(&self, image: &Image) -> Result<Box<dyn BlobReader>, StoreError> {
        let reader = self.inner.blobs.open(&image.digest).await?;
        reader.ok_or_else(|| StoreError::no_image().caused_by(anyhow::anyhow!("blob {} is missing", image.digest)))
    }

    /// The picture was answered already; if storing it fails it is made again one day.
    /// Its row is written with the digest that staging the bytes gives.
    fn store_in_background(
        &self,
        told: String,
        original: Digest,
        variant: impl FnOnce(Digest) -> Variant + Send + 'static,
        bytes: Bytes,
        mend: bool,
        until_stored: (OwnedSemaphorePermit, Option<Turn>),
    ) {
        let services = self.clone();
        let work = service_kit::http::request::scope(async move {
            // What is read back whole is compared with its digest then, and need not wait for the disk now.
            let may_be_lost = bytes.len() as u64 <= MAX_IN_MEMORY && !mend;
            let stored = async {
                let mut staged = services.inner.blobs.stage().await?;
                staged.write(vec![bytes]).await?;
                let variant = variant(staged.digest());
                let commit = if may_be_lost { staged.keep() } else { staged.commit() };
                services.record_variant(&variant, &original, commit).await
            };
            match stored.await {
                Ok(_) => {}
                Err(error) if error.code == ErrorCode::Outdated => log::debug!("{told} is not stored: {error}"),
                Err(error) => log::warn!("{told} was answered but not stored: {error}"),
            }
            drop(until_stored);
        });
        self.inner.background.spawn_on(work, &self.inner.runtime);
    }
}
