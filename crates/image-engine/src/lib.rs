//! Pixels: probe, verify, transform, encode.
//!
//! Bytes and options and limits go in; bytes and facts, or an error by its meaning, come out. Nothing here is asynchronous, does I/O of
//! its own, looks at a clock or keeps state between calls, so the caller decides where and for how long it runs: every step asks the
//! caller's [`Stop`] first.

mod animation;
mod colour;
mod cost;
mod decode;
mod encode;
mod error;
mod facts;
mod ffi;
mod geometry;
mod metadata;
mod ops;
mod pipeline;
mod probe;
mod rendition;
mod sniff;
mod verify;
mod watermark;

pub use cost::{render_cost, verify_cost, watermark_cost};
pub use error::EngineError;
pub use facts::{Facts, Limits};
pub use pipeline::{Effort, Rendered, render, render_with_watermark};
pub use probe::probe;
pub use rendition::{
    RenditionPlan, make_rendition, render_from_rendition, rendition_cost, rendition_render_cost, serves,
    wants_rendition,
};
pub use sniff::{SNIFF_BYTES, sniff};
pub use verify::verify;

/// Goes up when the same recipe gives different bytes: keys of stored variants contain it.
pub const ENGINE_REVISION: u32 = 3;

/// Asked between steps: whether the work should stop, because nobody waits for it any more.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);
