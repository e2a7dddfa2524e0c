//! Fast now, smaller soon: `format=auto` is answered at once in a format that is quick to make, while a job makes the smallest file that
//! looks good enough; that one is served from then on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared_types::job::{JobStatus, Priority, Task};
use shared_types::transform::variant_key;
use shared_types::{Digest, Formats, Goal, JobId, OutputFormat, Transform};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::Services;
use crate::domain::{Happening, Image, Order, Slot, StoreError, Variant};

/// Whether something better is made, and how long the first answer may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Better {
    /// Nothing.
    Off,
    /// The answer waits so long at most.
    Within(Duration),
}

impl TryFrom<String> for Better {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "off" => Ok(Self::Off),
            "on" => Ok(Self::Within(Duration::ZERO)),
            other => {
                let millis = other.strip_suffix("ms").and_then(|number| number.parse().ok()).filter(|ms| *ms <= 60_000);
                let wanted = "must be on, off, or a time to wait such as 300ms, at most 60000ms";
                millis.map(|ms| Self::Within(Duration::from_millis(ms))).ok_or_else(|| wanted.to_owned())
            }
        }
    }
}

impl From<Better> for String {
    fn from(better: Better) -> Self {
        match better {
            Better::Off => "off".to_owned(),
            Better::Within(Duration::ZERO) => "on".to_owned(),
            Better::Within(time) => format!("{}ms", time.as_millis()),
        }
    }
}

/// When something better is made.
#[derive(Debug, Clone)]
pub struct BetterPolicy {
    /// Where nothing else is said.
    pub better: Better,
    /// Of single presets.
    pub presets: BTreeMap<String, Better>,
    /// How good it is to look.
    pub goal: Goal,
}

impl BetterPolicy {
    fn of(&self, preset: Option<&str>) -> Better {
        preset.and_then(|preset| self.presets.get(preset)).copied().unwrap_or(self.better)
    }
}

/// What a client that leaves the format to the store may get in the long run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Formats that the client takes.
    pub formats: Formats,
    /// What is quick to make among them; `None` is the source's own.
    pub quick: Option<OutputFormat>,
    /// The preset that the parameters come from.
    pub preset: Option<String>,
    /// Whether somebody only wants to know: nothing is ordered then, and nothing waited for.
    pub looks_only: bool,
}

/// How it stands with something better.
pub(super) enum Prospect {
    /// It is there.
    There(Box<Variant>),
    /// It is the original.
    Original,
    /// It is being made.
    Coming,
    /// There will be none.
    None,
}

/// A worker that was not heard of for so long is not there.
const WORKER_GONE: Duration = Duration::from_mins(5);

impl Choice {
    /// What there is to choose for a client that takes these formats, best first; `None` where there is nothing better than what is quick.
    pub fn of(transform: &Transform, accepted: &[OutputFormat], image: &Image, preset: Option<&str>) -> Option<Self> {
        let takes = |format| accepted.contains(&format);
        let (avif, webp) = (takes(OutputFormat::Avif), takes(OutputFormat::WebP));
        let is_free = transform.quality.is_none()
            && !transform.lossless
            && transform.colours.is_none()
            && transform.goal.is_none();
        if !is_free || image.facts.animated || !(avif || webp) {
            return None;
        }
        let formats = if avif && webp {
            Formats::Auto
        } else {
            let modern = if avif { OutputFormat::Avif } else { OutputFormat::WebP };
            Formats::Listed(vec![modern, OutputFormat::Jpeg, OutputFormat::Png])
        };
        let quick = webp.then_some(OutputFormat::WebP);
        Some(Self { formats, quick, preset: preset.map(str::to_owned), looks_only: false })
    }
}

impl Services {
    /// How it stands with something better than what is quick to make; where nothing is under way and a worker is there, it is ordered.
    pub(super) async fn prospect(
        &self,
        image: &Arc<Image>,
        transform: &Transform,
        choice: &Choice,
    ) -> Result<Prospect, StoreError> {
        let policy = &self.inner.better;
        let Better::Within(patience) = policy.of(choice.preset.as_deref()) else { return Ok(Prospect::None) };
        let task = Task { transform: transform.to_string(), goal: Some(policy.goal), formats: choice.formats.clone() };
        let slot = Slot::Made(self.better_key(image, transform, &task).await?);
        // From here on no end of the job is missed.
        let (_, mut feed) = self.watch(None);
        let job = match self.found(image, &slot).await? {
            Found::Settled(prospect) => return Ok(prospect),
            Found::UnderWay(_) if choice.looks_only => return Ok(Prospect::Coming),
            Found::UnderWay(job) => job,
            Found::Never if !self.inner.jobs.has_workers(WORKER_GONE) => return Ok(Prospect::None),
            // Who asks for the picture itself will order it.
            Found::Never if choice.looks_only => return Ok(Prospect::Coming),
            Found::Never => {
                let order = Order { task, slot: slot.clone(), priority: Priority::NORMAL, webhook: None };
                match self.queue_job(image, &order).await {
                    Ok(job) => job.id,
                    // The picture can be had without it.
                    Err(error) => {
                        log::warn!("nothing better is made of image {}: {error}", image.id);
                        return Ok(Prospect::None);
                    }
                }
            }
        };
        let end = Instant::now() + patience;
        loop {
            match tokio::time::timeout_at(end, feed.recv()).await {
                Ok(Ok(event)) => {
                    let is_end = matches!(&event.what, Happening::JobChanged(ended) if ended.id == job && ended.status.is_over());
                    if is_end {
                        break;
                    }
                }
                Ok(Err(RecvError::Lagged(_))) => {}
                Ok(Err(RecvError::Closed)) | Err(_) => return Ok(Prospect::Coming),
            }
        }
        match self.found(image, &slot).await? {
            Found::Settled(prospect) => Ok(prospect),
            Found::UnderWay(_) | Found::Never => Ok(Prospect::Coming),
        }
    }

    async fn found(&self, image: &Image, slot: &Slot) -> Result<Found, StoreError> {
        let key = slot.key(image.facts.format).to_string();
        if let Some(variant) = self.inner.catalog.variant(image.id, &key).await? {
            return Ok(Found::Settled(Prospect::There(Box::new(variant))));
        }
        let Some(job) = self.inner.catalog.last_job_for(image.id, slot).await? else { return Ok(Found::Never) };
        Ok(match job.status {
            JobStatus::Queued | JobStatus::Leased | JobStatus::Running => Found::UnderWay(job.id),
            JobStatus::Done if job.result.as_ref().is_some_and(|result| result.kept) => {
                Found::Settled(Prospect::Original)
            }
            // Its variant was deleted, or somebody called it off.
            JobStatus::Done | JobStatus::Cancelled => Found::Never,
            JobStatus::Failed | JobStatus::Dead => Found::Settled(Prospect::None),
        })
    }

    /// Differs from every recipe's key: no recipe has this text.
    async fn better_key(&self, image: &Image, transform: &Transform, task: &Task) -> Result<Digest, StoreError> {
        let watermark = self.watermark(transform).await?;
        let watermark = watermark.map(|image| image.digest);
        // The text of a recipe names a format; this one names the choice.
        let text = format!("{}formats={}", task.parameters(), task.formats);
        Ok(variant_key(&image.digest, image_engine::ENGINE_REVISION, &text, watermark.as_ref()))
    }
}

enum Found {
    Settled(Prospect),
    UnderWay(JobId),
    Never,
}
