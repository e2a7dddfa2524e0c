//! Fetch, make smaller, post back, while the client waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use service_kit::http::{ApiError, request};
use shared_types::wire::{CompressDocument, ImageDocument, VariantFigures};
use shared_types::{Digest, Formats, Goal, ImageId};

use super::press::{Made, Order, Outcome, Press, Urgency};
use crate::ports::{ImageStore, Sender};

/// What a client asked for; the same wish at the same time is worked on once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wish {
    /// The image.
    pub id: ImageId,
    /// How good or how small it is to be.
    pub goal: Goal,
    /// Which formats may be taken.
    pub formats: Formats,
}

/// What is asked for, and for whom.
type Asked = (Sender, Wish);

type Run = BoxFuture<'static, Result<CompressDocument, Arc<ApiError>>>;

/// The use case with all it needs. Cheap to clone.
#[derive(Clone)]
pub struct Compressor {
    store: Arc<dyn ImageStore>,
    press: Press,
    runs: Arc<Mutex<HashMap<Asked, WeakShared<Run>>>>,
}

impl Compressor {
    /// Works for this store.
    pub fn new(store: Arc<dyn ImageStore>, press: Press) -> Self {
        Self { store, press, runs: Arc::default() }
    }

    /// Makes the image smaller, or joins those who wait for the same. The work stops when nobody waits any more.
    pub async fn compress(&self, sender: Sender, wish: Wish) -> Result<CompressDocument, Arc<ApiError>> {
        self.join((sender, wish)).await
    }

    /// Whoever shows another key waits for a run of their own: the store may answer them differently.
    fn join(&self, wish: Asked) -> Shared<Run> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, run| run.upgrade().is_some_and(|run| run.peek().is_none()));
        if let Some(run) = runs.get(&wish).and_then(WeakShared::upgrade) {
            return run;
        }
        let (compressor, asked) = (self.clone(), wish.clone());
        let run =
            request::scope(async move { compressor.run(asked.0, asked.1).await.map_err(Arc::new) }).boxed().shared();
        if let Some(weak) = run.downgrade() {
            runs.insert(wish, weak);
        }
        run
    }

    async fn run(&self, sender: Sender, wish: Wish) -> Result<CompressDocument, ApiError> {
        let image = self.store.image(&sender, wish.id).await?;
        let source = self.store.original(&sender, wish.id, Some(image.bytes)).await?;
        let original = Digest::of(&source);
        let order = Order { goal: Some(wish.goal), formats: wish.formats, ..Order::default() };
        let outcome = self.press.run(&order, source, None, Urgency::Request, Arc::new(|_| ())).await?;
        match outcome.only_if_smaller(&order) {
            Outcome::Kept { why, figures } => Ok(self.kept(&image, why, &figures)),
            Outcome::Made(made) => {
                let (format, bytes) = (made.format, made.bytes.clone());
                self.store.put_compressed(&sender, (image.id, original), format, bytes, &made.figures).await?;
                Ok(self.made(&image, &made))
            }
        }
    }

    fn made(&self, image: &ImageDocument, made: &Made) -> CompressDocument {
        let (before, after) = (made.figures.source_bytes, made.bytes.len() as u64);
        let ratio = after as f64 / before as f64;
        CompressDocument {
            id: image.id,
            compressed: true,
            url: self.store.compressed_url(image.id, made.format),
            format: made.format.into(),
            bytes_before: before,
            bytes_after: after,
            ratio,
            quality: made.figures.quality,
            score: made.figures.score,
            tries: made.figures.tries,
            seconds: made.figures.seconds,
            status: "OK".to_owned(),
            message: format!("The variant is stored; it is {:.0} % smaller than the original.", 100.0 * (1.0 - ratio)),
        }
    }

    /// Nothing smaller was found: the original stays the best there is.
    fn kept(&self, image: &ImageDocument, why: String, figures: &VariantFigures) -> CompressDocument {
        CompressDocument {
            id: image.id,
            compressed: false,
            url: self.store.original_url(image.id),
            format: image.format,
            bytes_before: figures.source_bytes,
            bytes_after: figures.source_bytes,
            ratio: 1.0,
            quality: None,
            score: None,
            tries: figures.tries,
            seconds: figures.seconds,
            status: "OK".to_owned(),
            message: why,
        }
    }
}
