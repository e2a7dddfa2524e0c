//! The one place where a picture is made smaller: planned by its header, admitted by its memory, compressed on the CPU pool.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use image_engine::{CompressPlan, Compressed, Header, Limits, Sources, Tried};
use service_kit::cpu::CpuPool;
use service_kit::http::ApiError;
use shared_types::wire::VariantFigures;
use shared_types::{Formats, Goal, OutputFormat, Transform};

/// What is to be made of a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is done to the pixels first.
    pub transform: Transform,
    /// How good or how small it is to be; `None` is one encode as `transform` says.
    pub goal: Option<Goal>,
    /// Which formats may be taken.
    pub formats: Formats,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A file that holds the goal.
    Made(Made),
    /// Nothing smaller than the source holds it.
    Kept {
        /// A sentence.
        why: String,
        /// What was tried.
        figures: VariantFigures,
    },
}

/// A finished file.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its format.
    pub format: OutputFormat,
    /// How it was made.
    pub figures: VariantFigures,
}

/// Who waits for the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody who would rather be told soon that there is too much to do.
    Request,
    /// Nobody: it takes as long as it takes. The caller bounds how many of these there are.
    Patient,
}

/// Told how far the work is, from 0 to 100.
pub type Progress = Arc<dyn Fn(u8) + Send + Sync>;

/// Makes pictures smaller. Cheap to clone.
#[derive(Clone)]
pub struct Press {
    cpu: CpuPool,
    limits: Limits,
}

impl Press {
    /// Works on this pool within these limits.
    pub fn new(cpu: CpuPool, limits: Limits) -> Self {
        Self { cpu, limits }
    }

    /// The pool.
    pub fn cpu(&self) -> &CpuPool {
        &self.cpu
    }

    /// Makes of `source`, and of the image that its watermark names, what is ordered. Dropping the future stops the work at its next step.
    ///
    /// # Errors
    /// What the engine says of the picture and of the order, and what the pool says of its memory, each by its meaning to a client.
    pub async fn run(
        &self,
        order: &Order,
        source: Bytes,
        watermark: Option<Bytes>,
        urgency: Urgency,
        progress: Progress,
    ) -> Result<Outcome, ApiError> {
        let plan = self.plan(order, &source, watermark.as_ref())?;
        let admission = match urgency {
            Urgency::Request => self.cpu.admit(plan.memory()).await?,
            Urgency::Patient => self.cpu.admit_patiently(plan.memory()).await?,
        };
        let source_bytes = source.len() as u64;
        let work = admission.run(move |stop| {
            let begun = Instant::now();
            let made = plan.make(&source, watermark.as_deref(), &*progress, stop);
            (made, begun.elapsed().as_secs_f64())
        });
        let (made, seconds) = work.await?;
        Ok(Outcome::of(made?, source_bytes, seconds))
    }

    fn plan(&self, order: &Order, source: &Bytes, watermark: Option<&Bytes>) -> Result<CompressPlan, ApiError> {
        let facts = image_engine::probe(Cursor::new(&**source))?;
        let mark = watermark.map(|bytes| image_engine::probe(Cursor::new(&**bytes))).transpose()?;
        let mark = mark.as_ref().zip(watermark).map(|(facts, bytes)| Header { facts, bytes: bytes.len() as u64 });
        let sources = Sources { watermark: mark, ..Sources::original(&facts, source.len() as u64) };
        Ok(CompressPlan::new(&sources, &order.transform, order.goal, &order.formats, &self.limits)?)
    }
}

impl Outcome {
    fn of(compressed: Compressed, source_bytes: u64, seconds: f64) -> Self {
        match compressed {
            Compressed::Made { rendered, tried } => {
                let (quality, score) = (rendered.quality, rendered.score);
                let figures = VariantFigures { source_bytes, quality, score, tries: Some(tries(&tried)), seconds };
                Self::Made(Made { format: rendered.format, figures, bytes: rendered.bytes.into() })
            }
            Compressed::Kept { why, tried } => {
                let tries = Some(tries(&tried));
                let figures = VariantFigures { source_bytes, quality: None, score: None, tries, seconds };
                Self::Kept { why: format!("The original is kept: {why}."), figures }
            }
        }
    }

    /// How it was made.
    pub fn figures(&self) -> &VariantFigures {
        match self {
            Self::Made(made) => &made.figures,
            Self::Kept { figures, .. } => figures,
        }
    }

    /// The same, but kept if what was made of the whole picture is no smaller than the picture itself, in whatever format was asked for.
    #[must_use]
    pub fn only_if_smaller(self, order: &Order) -> Self {
        match self {
            Self::Made(Made { bytes, figures, .. })
                if order.transform.is_identity() && bytes.len() as u64 >= figures.source_bytes =>
            {
                let figures = VariantFigures { quality: None, score: None, ..figures };
                Self::Kept { why: "The original is kept: what was asked for would not be smaller.".to_owned(), figures }
            }
            outcome => outcome,
        }
    }
}

/// How often the picture was encoded, in all formats together.
fn tries(tried: &[Tried]) -> u32 {
    tried.iter().map(|tried| tried.tries).sum()
}
