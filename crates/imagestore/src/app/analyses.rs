//! What is told of originals: found in the background, one at a time, or at once when somebody asks first; kept in the catalog.

use std::sync::Arc;

use async_trait::async_trait;
use image_engine::analysis::{Analysis, AnalysisPlan};
use service_kit::cpu::Admission;
use shared_types::Digest;

use super::Services;
use super::backlog::{Backlog, Chore};
use super::flights::Flights;
use super::renditions::deleted_meanwhile_is_fine;
use crate::domain::{AnalysisOutcome, Image, PendingWork, StoreError};
use crate::ports::CatalogError;

/// What was found; `None` where nothing can be told of the picture.
type Found = Option<Arc<Analysis>>;

/// Originals that are to be looked at, and those that are looked at now.
#[derive(Default)]
pub(super) struct Analyses {
    pub(super) backlog: Backlog,
    flights: Flights<Digest, Found>,
}

impl Services {
    /// What is told of an image; found now if that was not done yet. `None` where nothing can be told of it.
    pub async fn analysis(&self, image: &Arc<Image>) -> Result<Option<Arc<Analysis>>, StoreError> {
        match self.inner.catalog.analysis(&image.digest).await? {
            Some(AnalysisOutcome::Done(analysis)) => Ok(Some(Arc::new(*analysis))),
            Some(AnalysisOutcome::Failed) => Ok(None),
            Some(AnalysisOutcome::Pending) | None => self.look_at(image, None).await,
        }
    }

    /// Starts to look at what is queued and at the originals of an older store, until [`Services::close`].
    pub fn start_analyses(&self) {
        let services = self.clone();
        let queue = async move {
            if let Err(error) = services.queue_old_originals().await {
                log::warn!("older images are looked at when they are asked for: {:#}", anyhow::Error::from(error));
            }
        };
        let services = self.clone();
        let work = async move { services.inner.analyses.backlog.work(&Looking(services.clone())).await };
        self.in_background(queue);
        self.in_background(work);
    }

    /// In small steps: uploads wait for each.
    async fn queue_old_originals(&self) -> Result<(), CatalogError> {
        const STEP: u32 = 200;
        let mut after: Option<Digest> = None;
        while !self.inner.analyses.backlog.is_stopped() {
            let originals = self.inner.catalog.originals_without_analysis(after.as_ref(), STEP).await?;
            after = originals.last().copied();
            if after.is_none() {
                break;
            }
            self.inner.catalog.queue_analyses(&originals).await?;
            self.inner.analyses.backlog.wake();
        }
        Ok(())
    }

    /// Looks at an original once, whoever asks meanwhile: in the place that is given, or in the queue of requests.
    async fn look_at(&self, image: &Arc<Image>, place: Option<Admission>) -> Result<Found, StoreError> {
        let flight = self.inner.analyses.flights.join(image.digest, || {
            let (services, image) = (self.clone(), Arc::clone(image));
            async move {
                let outcome = match services.find(&image, place).await {
                    Ok(analysis) => AnalysisOutcome::Done(Box::new(analysis)),
                    // It may go better another time.
                    Err(error) if error.code.is_temporary() => return Err(error),
                    Err(error) => {
                        log::warn!("nothing can be told of original {}: {}", image.digest, error.detail);
                        AnalysisOutcome::Failed
                    }
                };
                services.settle_analysis(image.digest, outcome).await
            }
        });
        flight.await
    }

    async fn find(&self, image: &Image, place: Option<Admission>) -> Result<Analysis, StoreError> {
        let plan = self.analysis_plan(image)?;
        let place = match place {
            Some(place) => place,
            None => self.inner.cpu.admit(plan.memory()).await?,
        };
        let source = self.source(image).await?.read_all().await?;
        Ok(place.run(move |stop| plan.carry_out(&source, stop)).await??)
    }

    fn analysis_plan(&self, image: &Image) -> Result<AnalysisPlan, StoreError> {
        Ok(AnalysisPlan::new(&image.facts, image.bytes, &self.inner.limits.engine)?)
    }

    async fn settle_analysis(&self, original: Digest, outcome: AnalysisOutcome) -> Result<Found, StoreError> {
        let services = self.clone();
        let settle = async move {
            let settled = services.inner.catalog.settle_analysis(&original, &outcome).await;
            deleted_meanwhile_is_fine(settled.map_err(StoreError::from))?;
            Ok(match outcome {
                AnalysisOutcome::Done(analysis) => Some(Arc::new(*analysis)),
                AnalysisOutcome::Failed | AnalysisOutcome::Pending => None,
            })
        };
        self.to_its_end(settle).await
    }
}

/// Looking at originals, as a chore.
struct Looking(Services);

#[async_trait]
impl Chore for Looking {
    fn name(&self) -> &'static str {
        "analysis"
    }

    async fn wait_for_duty(&self) {
        self.0.wait_for_duty().await;
    }

    async fn next(&self) -> Result<Option<PendingWork>, CatalogError> {
        self.0.inner.catalog.next_analysis().await
    }

    async fn set_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError> {
        self.0.inner.catalog.set_analysis_attempts(original, attempts).await
    }

    async fn carry_out(&self, original: &Digest) -> Result<(), StoreError> {
        // Without an image there is no row either.
        let Some(image) = self.0.inner.catalog.image_by_digest(original).await? else { return Ok(()) };
        let image = Arc::new(image);
        let place = match self.0.analysis_plan(&image) {
            // Before the look begins: somebody who asks meanwhile does not wait for an idle processor.
            Ok(plan) => self.0.inner.cpu.admit_background(plan.memory()).await.ok(),
            Err(_) => None,
        };
        self.0.look_at(&image, place).await.map(drop)
    }

    async fn give_up(&self, original: &Digest) -> Result<(), CatalogError> {
        self.0.inner.catalog.settle_analysis(original, &AnalysisOutcome::Failed).await
    }
}
