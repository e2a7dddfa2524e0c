//! A recipe carried out on every frame of an animation, one at a time: decoded, worked on and encoded before the next one.

use image::GenericImageView;

use crate::EngineError;
use crate::decode::Animation;
use crate::encode::{AnimationEncoder, AnimationSettings, used_quality};
use crate::pipeline::{Rendered, Work};

/// Takes every frame through the same steps. What depends on the pixels, such as smart gravity, is decided on the first.
///
/// # Errors
/// Every [`EngineError`]; frames are counted before any is decoded.
pub(crate) fn render(work: &mut Work<'_>) -> Result<Rendered, EngineError> {
    let (plan, mut started) = (work.plan, None);
    let (recipe, effort) = (plan.recipe(), plan.effort());
    let mut animation = Animation::open(work.source, &work.facts, plan.limits())?;
    plan.limits().check_frames(animation.frames, (work.facts.width, work.facts.height))?;
    plan.limits().check_frames(animation.frames, plan.geometry().output())?;
    let (format, quality, colours) = (recipe.format, used_quality(recipe), recipe.transform.colours);
    while let Some((frame, delay)) = animation.next_frame()? {
        (work.pixels, work.icc) = (frame.pixels, frame.icc);
        work.geometry.clone_from(plan.geometry());
        work.carry_out()?;
        let size = work.pixels.dimensions();
        if started.is_none() {
            let (plays, alpha) = (animation.plays, work.pixels.color().has_alpha());
            let embedded = work.embedded();
            let settings = AnimationSettings { format, size, plays, quality, effort, colours, alpha, embedded };
            started = Some((AnimationEncoder::new(settings)?, size));
        }
        if let Some((encoder, _)) = &mut started {
            encoder.add(&work.pixels, delay)?;
        }
        work.check_stop()?;
    }
    let (encoder, (width, height)) = started.ok_or_else(|| EngineError::Corrupt("it has no frame".to_owned()))?;
    Ok(Rendered { bytes: encoder.finish()?, format, width, height, quality })
}
