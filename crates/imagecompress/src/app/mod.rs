//! The use case: fetch, make smaller, post back.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use image_engine::{Effort, Limits, Plan, Rendered, Sources};
use service_kit::cpu::CpuPool;
use service_kit::http::{ApiError, request};
use shared_types::transform::Quality;
use shared_types::wire::{CompressDocument, ImageDocument, VariantFigures};
use shared_types::{ErrorCode, ImageFormat, ImageId, OutputFormat, Recipe, Transform};

use crate::ports::{ImageStore, StoreError};

/// What a client asked for; the same wish at the same time is worked on once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wish {
    /// The image.
    pub id: ImageId,
    /// The format of the result; `None` is the image's own, or PNG where that cannot be made.
    pub format: Option<OutputFormat>,
    /// Encoder quality; `None` is the format's default.
    pub quality: Option<u8>,
}

type Run = BoxFuture<'static, Result<CompressDocument, Arc<ApiError>>>;

/// The use case with all it needs. Cheap to clone.
#[derive(Clone)]
pub struct Compressor {
    store: Arc<dyn ImageStore>,
    cpu: CpuPool,
    limits: Limits,
    runs: Arc<Mutex<HashMap<Wish, WeakShared<Run>>>>,
}

impl Compressor {
    /// Works for this store.
    pub fn new(store: Arc<dyn ImageStore>, cpu: CpuPool, limits: Limits) -> Self {
        Self { store, cpu, limits, runs: Arc::default() }
    }

    /// Makes the image smaller, or joins those who wait for the same. The work stops when nobody waits any more.
    pub async fn compress(&self, wish: Wish) -> Result<CompressDocument, Arc<ApiError>> {
        self.join(wish).await
    }

    fn join(&self, wish: Wish) -> Shared<Run> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, run| run.upgrade().is_some_and(|run| run.peek().is_none()));
        if let Some(run) = runs.get(&wish).and_then(WeakShared::upgrade) {
            return run;
        }
        let compressor = self.clone();
        let run = request::scope(async move { compressor.run(wish).await.map_err(Arc::new) }).boxed().shared();
        if let Some(weak) = run.downgrade() {
            runs.insert(wish, weak);
        }
        run
    }

    /// Whether the service can do its job.
    pub async fn readiness(&self) -> Vec<(&'static str, Result<(), String>)> {
        let store = self.store.ping().await.map_err(|error| error.to_string());
        let workers = match self.cpu.stalled() {
            None => Ok(()),
            Some(time) => Err(format!("no work has been finished for {} s", time.as_secs())),
        };
        vec![("store", store), ("workers", workers)]
    }

    async fn run(&self, wish: Wish) -> Result<CompressDocument, ApiError> {
        let image = self.store.image(wish.id).await?;
        let format = wish.format.unwrap_or_else(|| image.format.default_output());
        let source = self.store.original(wish.id).await?;
        let begun = Instant::now();
        let bytes_before = source.len() as u64;
        let rendered = self.render(source, format, wish.quality).await?;
        let seconds = begun.elapsed().as_secs_f64();
        if rendered.bytes.len() as u64 >= bytes_before {
            return Ok(self.kept(&image, bytes_before, seconds));
        }
        let figures = VariantFigures {
            source_bytes: bytes_before,
            quality: rendered.quality,
            score: None,
            tries: Some(1),
            seconds,
        };
        let bytes = Bytes::from(rendered.bytes);
        let bytes_after = bytes.len() as u64;
        self.store.put_compressed(wish.id, format, bytes, &figures).await?;
        let saved = 100.0 * (1.0 - bytes_after as f64 / bytes_before as f64);
        Ok(CompressDocument {
            id: wish.id,
            compressed: true,
            url: self.store.compressed_url(wish.id, format),
            format: format.into(),
            bytes_before,
            bytes_after,
            ratio: bytes_after as f64 / bytes_before as f64,
            quality: rendered.quality,
            seconds,
            status: "OK".to_owned(),
            message: format!("The variant is stored; it is {saved:.0} % smaller than the original."),
        })
    }

    async fn render(&self, source: Bytes, format: OutputFormat, quality: Option<u8>) -> Result<Rendered, ApiError> {
        let facts = image_engine::probe(Cursor::new(&*source))?;
        let transform = Transform { quality: quality.and_then(Quality::new), ..Transform::default() };
        let recipe = Recipe::new(transform, format);
        let sources = Sources::original(&facts, source.len() as u64);
        let plan = Plan::new(&sources, &recipe, Effort::Thorough, &self.limits)?;
        let work = self.cpu.run(plan.memory(), move |stop| image_engine::render(&plan, &source, None, stop));
        Ok(work.await??)
    }

    /// Nothing smaller was found, in whatever format was asked for: the original stays the best there is.
    fn kept(&self, image: &ImageDocument, bytes: u64, seconds: f64) -> CompressDocument {
        CompressDocument {
            id: image.id,
            compressed: false,
            url: self.store.original_url(image.id),
            format: image.format,
            bytes_before: bytes,
            bytes_after: bytes,
            ratio: 1.0,
            quality: None,
            seconds,
            status: "OK".to_owned(),
            message: "The result would not be smaller, so the original is kept and no variant is stored.".to_owned(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let told = match &error {
            StoreError::NotFound => {
                Self::new(ErrorCode::NotFound, "The store has no image with this id. It may have been deleted.")
            }
            StoreError::TooLarge { limit } => Self::new(
                ErrorCode::TooManyBytes,
                format!("The original has more than {limit} bytes (limits.source_bytes)."),
            ),
            StoreError::Busy { retry_after } => {
                Self::new(ErrorCode::Unavailable, "The store has too much to do; try again shortly.")
                    .retry_after(*retry_after)
            }
            StoreError::Failed(_) => Self::new(
                ErrorCode::BadUpstream,
                "The store cannot be reached or failed; check that imagestore runs and that store.url (STORE_URL) leads to it.",
            ),
            StoreError::Timeout => Self::new(
                ErrorCode::UpstreamTimeout,
                "The store did not answer in time; check that store.url (STORE_URL) leads to it and that it is not overloaded.",
            ),
        };
        if told.code.is_fault() { told.caused_by(error) } else { told }
    }
}

/// The name of a format that can be made.
///
/// # Errors
/// A format that is unknown, or can be read but not made.
pub fn output_format(text: &str) -> Result<OutputFormat, ApiError> {
    ImageFormat::from_extension(text).and_then(ImageFormat::as_output).ok_or_else(|| {
        let detail = format!("`type` must be one of {}.", OutputFormat::list());
        ApiError::new(ErrorCode::UnsupportedFormat, detail).parameter("type")
    })
}
