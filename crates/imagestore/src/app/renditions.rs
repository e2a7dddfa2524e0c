//! Master copies: made in the background, one at a time, and used where they give what the original would.
//!
//! What is to be made stands in the catalog, so a restart goes on where the last process stopped. Nothing waits for a master: until it is
//! there, and wherever it is missing or damaged, the original is used.

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryFutureExt;
use image_engine::{Facts, Rendered, RenditionPlan, Source};
use shared_types::{Digest, ErrorCode, ImageId, Recipe};

use super::Services;
use super::backlog::{Backlog, Chore};
use super::images::MAX_PAGE;
use crate::domain::{Image, ImageQuery, Master, PendingWork, Rendition, RenditionMode, StoreError};
use crate::ports::CatalogError;

/// When masters are made, and those that are to be.
pub(super) struct Renditions {
    mode: RenditionMode,
    pub(super) backlog: Backlog,
}

impl Renditions {
    pub(super) fn new(mode: RenditionMode) -> Self {
        Self { mode, backlog: Backlog::default() }
    }
}

// Using them.
impl Services {
    /// Whether a master of a picture that was just uploaded is to be made.
    pub(super) fn wants_master_at_once(&self, facts: &Facts, bytes: u64) -> bool {
        let plan = RenditionPlan::new(facts, bytes, &self.inner.limits.engine);
        self.inner.renditions.mode == RenditionMode::On && plan.is_some()
    }

    /// How the master of an image is made; `None` if it is not worth one.
    fn rendition_plan(&self, image: &Image) -> Option<RenditionPlan> {
        RenditionPlan::new(&image.facts, image.bytes, &self.inner.limits.engine)
    }

    /// The master of an image, if there is one and one of the expected size would serve. Where it is not there, it is queued.
    pub(super) async fn master_for(&self, image: &Image, watermark: Option<&Image>, recipe: &Recipe) -> Option<Master> {
        if self.inner.renditions.mode == RenditionMode::Off {
            return None;
        }
        let expected = self.rendition_plan(image)?.expected();
        if self.plan(image, Some(expected), watermark, recipe).ok()?.source() != Source::Master {
            return None;
        }
        match self.inner.catalog.rendition(&image.digest).await {
            Ok(Some(Rendition::Done(master))) => Some(master),
            Ok(Some(Rendition::Pending | Rendition::NotWorthIt | Rendition::Failed)) => None,
            Ok(None) => {
                self.queue_in_background(image.digest);
                None
            }
            Err(error) => {
                log::warn!("the master of original {} could not be looked up: {error}", image.digest);
                None
            }
        }
    }

    /// The master of an image, if there is one that may be used. Nothing is queued.
    pub(super) async fn known_master(&self, image: &Image) -> Result<Option<Master>, StoreError> {
        if self.inner.renditions.mode == RenditionMode::Off {
            return Ok(None);
        }
        Ok(match self.inner.catalog.rendition(&image.digest).await? {
            Some(Rendition::Done(master)) => Some(master),
            Some(Rendition::Pending | Rendition::NotWorthIt | Rendition::Failed) | None => None,
        })
    }

    /// The request need not wait for the disk.
    fn queue_in_background(&self, original: Digest) {
        let services = self.clone();
        let queue = async move {
            match services.inner.catalog.queue_rendition(&original).await {
                Ok(()) => services.inner.renditions.backlog.wake(),
                Err(error) => log::warn!("the master of original {original} could not be queued: {error}"),
            }
        };
        self.in_background(queue);
    }

    /// The bytes of a master, not compared with its digest yet. One that is missing is logged and queued to be made again.
    pub(super) async fn read_master(&self, original: &Digest, master: &Master) -> Option<Bytes> {
        let read = async {
            let reader = self.inner.blobs.open(&master.digest).await?;
            match reader.filter(|reader| reader.size() == master.bytes) {
                Some(reader) => Ok(Some(reader.read_all().await?)),
                None => Ok::<_, StoreError>(None),
            }
        };
        let reason = match read.await {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => "it is missing or of another size".to_owned(),
            // Of the original nothing can be read either.
            Err(error) if error.code == ErrorCode::Unavailable => return None,
            Err(error) => error.to_string(),
        };
        self.replace_master(original, master, &reason).await;
        None
    }

    /// Notes that a master cannot be used and queues it to be made again.
    pub(super) async fn replace_master(&self, original: &Digest, master: &Master, reason: &str) {
        log::warn!("the master of original {original} is not used and will be made again: {reason}");
        if let Err(error) = self.remake(*original, master.digest).await {
            log::warn!("the master of original {original} could not be queued: {error}");
        }
    }

    /// Drops a damaged master and queues it again.
    pub(super) async fn remake(&self, original: Digest, master: Digest) -> Result<(), StoreError> {
        let services = self.clone();
        let remake = async move {
            let doomed = services.inner.catalog.requeue_rendition(&original, &master).await?;
            services.remove_doomed(&doomed).await;
            services.inner.renditions.backlog.wake();
            Ok(())
        };
        self.to_its_end(remake).await
    }
}

// Making them.
impl Services {
    /// Starts to make what is queued, until [`Services::close`].
    pub fn start_renditions(&self) {
        if self.inner.renditions.mode == RenditionMode::Off {
            return;
        }
        let services = self.clone();
        let work = async move { services.inner.renditions.backlog.work(&Masters(services.clone())).await };
        self.in_background(work);
    }

    async fn make_master(&self, original: &Digest) -> Result<(), StoreError> {
        let image = self.inner.catalog.image_by_digest(original).await?;
        let planned = image.and_then(|image| Some((self.rendition_plan(&image)?, image)));
        let Some((plan, image)) = planned else { return self.settle_master(*original, Rendition::NotWorthIt).await };
        let place = self.inner.cpu.admit_background(plan.plan().memory()).await?;
        let source = self.source(&image).await?.read_all().await?;
        match place.run(move |stop| plan.make(&source, stop)).await?? {
            Some(made) => self.store_master(*original, made).await,
            None => self.settle_master(*original, Rendition::NotWorthIt).await,
        }
    }

    async fn store_master(&self, original: Digest, made: Rendered) -> Result<(), StoreError> {
        let bytes = Bytes::from(made.bytes);
        let mut staged = self.inner.blobs.stage().await?;
        staged.write(vec![bytes.clone()]).await?;
        let (digest, bytes) = (staged.digest(), bytes.len() as u64);
        let master = Master { digest, bytes, width: made.width, height: made.height };
        let services = self.clone();
        let record = async move {
            let done = Rendition::Done(master);
            let settle = services.inner.catalog.settle_rendition(&original, &done).map_ok(|doomed| ((), doomed));
            services.record_blob(&digest, staged.commit(), settle).await?;
            log::debug!("master made of original {original}, {bytes} bytes");
            Ok(())
        };
        deleted_meanwhile_is_fine(self.to_its_end(record).await)
    }

    async fn settle_master(&self, original: Digest, outcome: Rendition) -> Result<(), StoreError> {
        log::debug!("no master of original {original}: it would not be worth its bytes");
        let settled = self.inner.catalog.settle_rendition(&original, &outcome).await.map_err(StoreError::from);
        deleted_meanwhile_is_fine(settled.map(drop))
    }
}

/// The making of masters, as a chore.
struct Masters(Services);

#[async_trait]
impl Chore for Masters {
    fn name(&self) -> &'static str {
        "master"
    }

    async fn wait_for_duty(&self) {
        self.0.wait_for_duty().await;
    }

    async fn next(&self) -> Result<Option<PendingWork>, CatalogError> {
        self.0.inner.catalog.next_rendition().await
    }

    async fn set_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError> {
        self.0.inner.catalog.set_rendition_attempts(original, attempts).await
    }

    async fn carry_out(&self, original: &Digest) -> Result<(), StoreError> {
        self.0.make_master(original).await
    }

    async fn give_up(&self, original: &Digest) -> Result<(), CatalogError> {
        self.0.inner.catalog.settle_rendition(original, &Rendition::Failed).await.map(drop)
    }
}

pub(super) fn deleted_meanwhile_is_fine(result: Result<(), StoreError>) -> Result<(), StoreError> {
    match result {
        Err(error) if error.code == ErrorCode::NotFound => Ok(()),
        other => other,
    }
}

/// Notes what there is to do about every original anew, without any master: for a store that is older than they are, or when what they
/// are has changed. Needs the store for itself. Gives how many are to be made.
pub async fn rebuild_renditions(services: &Services) -> Result<u64, StoreError> {
    let doomed = services.inner.catalog.drop_renditions().await?;
    services.remove_doomed(&doomed).await;
    let mut after: Option<ImageId> = None;
    loop {
        let page = services.page(ImageQuery::newest(after, MAX_PAGE)).await?;
        for image in &page.images {
            if services.rendition_plan(image).is_some() {
                services.inner.catalog.queue_rendition(&image.digest).await?;
            }
        }
        after = page.next.map(|position| position.id());
        if after.is_none() {
            return Ok(services.totals().await?.masters.pending);
        }
    }
}

impl Services {
    /// Bytes of the master of this image's original; `None` if there is none.
    pub async fn rendition_bytes(&self, image: &Image) -> Result<Option<u64>, StoreError> {
        Ok(match self.inner.catalog.rendition(&image.digest).await? {
            Some(Rendition::Done(master)) => Some(master.bytes),
            _ => None,
        })
    }
}
