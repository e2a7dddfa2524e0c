//! A recipe carried out on every frame of an animation, one at a time: decoded, worked on and encoded before the next one.

use std::time::Duration;

use image::GenericImageView;

use crate::EngineError;
use crate::decode::Animation;
use crate::encode::{AnimationEncoder, AnimationSettings, Coding};
use crate::pipeline::{Rendered, Work};

/// When a frame is shown, from when to when, and which part of all frames came before it, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shown {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    pub(crate) part: f64,
}

/// Takes every frame through the same steps. What depends on the pixels, such as smart gravity, is decided on the first. Each frame is given to
/// `ready` before it is encoded.
///
/// # Errors
/// Every [`EngineError`]; frames are counted before any is decoded.
pub(crate) fn render(
    work: &mut Work<'_>,
    coding: &Coding,
    ready: &mut dyn FnMut(&Work<'_>, Shown) -> Result<(), EngineError>,
) -> Result<Rendered, EngineError> {
    let (plan, mut started) = (work.plan, None);
    let mut animation = Animation::open(work.source, &work.facts, plan.limits())?;
    plan.limits().check_frames(animation.frames, (work.facts.width, work.facts.height))?;
    plan.limits().check_frames(animation.frames, plan.geometry().output())?;
    let (mut from, mut number) = (Duration::ZERO, 0);
    while let Some((frame, delay)) = animation.next_frame()? {
        (work.pixels, work.icc) = (frame.pixels, frame.icc);
        work.geometry.clone_from(plan.geometry());
        work.carry_out()?;
        let part = f64::from(number) / f64::from(animation.frames);
        ready(work, Shown { from, until: from + delay, part })?;
        (from, number) = (from + delay, number + 1);
        let size = work.pixels.dimensions();
        if started.is_none() {
            let (plays, alpha) = (animation.plays, work.pixels.color().has_alpha());
            let embedded = work.embedded();
            let settings = AnimationSettings { coding: *coding, size, plays, alpha, embedded };
            started = Some((AnimationEncoder::new(settings)?, size));
        }
        if let Some((encoder, _)) = &mut started {
            encoder.add(&work.pixels, delay)?;
        }
        work.check_stop()?;
    }
    let (encoder, (width, height)) = started.ok_or_else(|| EngineError::Corrupt("it has no frame".to_owned()))?;
    let (bytes, quality) = (encoder.finish()?, coding.rounded());
    Ok(Rendered { bytes, format: coding.format, width, height, quality, score: None, tries: 1 })
}
