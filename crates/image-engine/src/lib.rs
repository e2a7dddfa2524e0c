//! Pixels: probe, verify, transform, encode.
//!
//! Bytes and options and limits go in; bytes and facts, or an error by its meaning, come out. Nothing here is asynchronous, does I/O of
//! its own, looks at a clock or keeps state between calls, so the caller decides where and for how long it runs: every step asks the
//! caller's [`Stop`] first.

pub mod analysis;
mod animation;
mod colour;
mod compress;
mod decode;
mod encode;
mod error;
mod facts;
mod ffi;
mod geometry;
mod metadata;
mod ops;
mod pipeline;
mod plan;
mod probe;
pub mod quality;
mod sniff;
mod verify;
mod watermark;

pub use compress::{CompressPlan, Compressed, Tried};
pub use error::EngineError;
pub use facts::{Facts, Limits};
pub use pipeline::{Rendered, render};
pub use plan::{
    DecodeDescription, Effort, Header, JpegScale, LimitDescription, MasterCopy, NotMaster, OutputDescription, Plan,
    PlanDescription, QualityBy, RenditionPlan, Source, SourceDescription, Sources, Step, StepDescription, verify_cost,
};
pub use probe::probe;
pub use sniff::{SNIFF_BYTES, recognise, sniff};
pub use verify::verify;

/// Goes up when the same recipe gives different bytes: keys of stored variants contain it.
pub const ENGINE_REVISION: u32 = 6;

/// Asked between steps: whether the work should stop, because nobody waits for it any more.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Ends the work where it should stop.
pub(crate) fn check_stop(stop: Stop<'_>) -> Result<(), EngineError> {
    if stop() { Err(EngineError::Stopped) } else { Ok(()) }
}
