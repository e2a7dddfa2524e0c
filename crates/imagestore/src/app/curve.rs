//! Bytes over visual quality: what each format needs of one picture, measured on a small copy.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use image_engine::quality::{self, Pixels, Reference};
use image_engine::{Effort, Facts, Header, Limits, Plan, Sources};
use moka::sync::Cache;
use shared_types::transform::{Fit, Gravity, IccPolicy, Quality, Resize};
use shared_types::{Digest, ImageId, OutputFormat, Recipe, Transform};

use super::Services;
use super::flights::Flights;
use crate::domain::{Caller, Image, Scope, StoreError};

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurveWish {
    /// Formats that have a quality.
    pub formats: Vec<OutputFormat>,
    /// The longest side of the copy.
    pub side: u32,
}

impl CurveWish {
    fn key(&self, image: &Image) -> Digest {
        Digest::of(format!("{} {:?} {}", image.digest, self.formats, self.side).as_bytes())
    }
}

/// What was measured of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Width and height of the copy.
    pub size: (u32, u32),
    /// One for each format, in the order in which they were asked for.
    pub lines: Vec<CurveLine>,
}

/// What one format needs.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveLine {
    /// The format.
    pub format: OutputFormat,
    /// By rising quality; empty of a format that cannot hold the picture.
    pub points: Vec<CurvePoint>,
}

/// One file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The encoder's quality.
    pub quality: u8,
    /// Bytes of the file.
    pub bytes: u64,
    /// Its SSIMULACRA2 against the copy.
    pub score: f64,
}

/// Curves that were measured, and those that are being measured.
pub(super) struct Curves {
    known: Cache<Digest, Arc<Curve>>,
    flights: Flights<Digest, Arc<Curve>>,
}

impl Default for Curves {
    fn default() -> Self {
        Self { known: Cache::new(1000), flights: Flights::default() }
    }
}

/// The copy, and what files that are made of it are compared with.
struct Subject {
    copy: Bytes,
    facts: Facts,
    reference: Reference,
    is_clear: bool,
}

impl Services {
    /// Measures what formats need of a picture. Whoever asks meanwhile, or again, is told the same.
    pub async fn curve(&self, caller: &Caller, id: ImageId, wish: CurveWish) -> Result<Arc<Curve>, StoreError> {
        caller.require(Scope::Read)?;
        let image = self.image(caller, id).await?;
        let key = wish.key(&image);
        if let Some(curve) = self.inner.curves.known.get(&key) {
            return Ok(curve);
        }
        let flight = self.inner.curves.flights.join(key, || {
            let services = self.clone();
            async move {
                let curve = Arc::new(services.measure(&image, &wish).await?);
                services.inner.curves.known.insert(key, Arc::clone(&curve));
                Ok(curve)
            }
        });
        flight.await
    }

    async fn measure(&self, image: &Arc<Image>, wish: &CurveWish) -> Result<Curve, StoreError> {
        /// Files that are made at once: others want the processors too.
        const TOGETHER: usize = 2;
        let subject = Arc::new(self.subject(image, wish.side).await?);
        let mut lines = Vec::new();
        for format in &wish.formats {
            let qualities = if subject.is_clear && !format.has_alpha() { &[][..] } else { qualities(*format) };
            let point = |quality: &u8| self.clone().point(Arc::clone(&subject), *format, *quality);
            let points: Vec<_> = qualities.iter().map(point).collect();
            let points = stream::iter(points).buffered(TOGETHER).try_collect().await?;
            lines.push(CurveLine { format: *format, points });
        }
        Ok(Curve { size: subject.facts.upright_size(), lines })
    }

    /// A copy of the picture, or of its first frame, of which no pixel is lost again.
    async fn subject(&self, image: &Arc<Image>, side: u32) -> Result<Subject, StoreError> {
        let side = Some(side);
        let (fit, gravity) = (Fit::Inside, Gravity::default());
        let resize = Some(Resize { width: side, height: side, fit, gravity, enlarge: false });
        let page = image.facts.animated.then_some(0);
        let transform = Transform { page, resize, icc: IccPolicy::Srgb, ..Transform::default() };
        let copy = Bytes::from(self.make(image, &Recipe::new(transform, OutputFormat::Png)).await?.bytes);
        let limits = self.inner.limits.engine;
        let facts = image_engine::probe(std::io::Cursor::new(&copy))?;
        let cost = judging_cost(&facts, copy.len() as u64);
        let work = move |stop: &(dyn Fn() -> bool + Sync)| {
            let pixels = Pixels::decode(&copy, &limits, stop)?;
            let (is_clear, reference) = (pixels.is_clear(), Reference::new(&pixels, stop)?);
            Ok::<_, StoreError>(Subject { copy, facts, reference, is_clear })
        };
        self.inner.cpu.run(cost, work).await?
    }

    async fn point(self, subject: Arc<Subject>, format: OutputFormat, quality: u8) -> Result<CurvePoint, StoreError> {
        let limits: Limits = self.inner.limits.engine;
        let transform = Transform { quality: Quality::new(quality), ..Transform::default() };
        let bytes = subject.copy.len() as u64;
        let sources = Sources::original(&subject.facts, bytes);
        let plan = Plan::new(&sources, &Recipe::new(transform, format), Effort::Fast, &limits)?;
        let cost = plan.memory() + judging_cost(&subject.facts, bytes);
        let work = move |stop: &(dyn Fn() -> bool + Sync)| {
            let file = image_engine::render(&plan, &subject.copy, None, stop)?.bytes;
            let score = subject.reference.score(&Pixels::decode(&file, &limits, stop)?, stop);
            let score = score.map_err(StoreError::internal)?;
            Ok::<_, StoreError>(CurvePoint { quality, bytes: file.len() as u64, score })
        };
        self.inner.cpu.run(cost, work).await?
    }
}

fn judging_cost(facts: &Facts, bytes: u64) -> u64 {
    quality::memory(Header { facts, bytes }, Header { facts, bytes })
}

/// Qualities that spread over the scores which people ask for: each encoder has a scale of its own.
fn qualities(format: OutputFormat) -> &'static [u8] {
    match format {
        OutputFormat::Avif => &[20, 35, 50, 60, 70, 80, 90],
        _ => &[20, 35, 50, 65, 75, 85, 93],
    }
}
