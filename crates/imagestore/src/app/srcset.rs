//! The sizes and formats in which a page offers a picture.

use std::sync::Arc;

use image_engine::analysis::Analysis;
use shared_types::transform::{Fit, Gravity, Resize};
use shared_types::{ImageId, OutputFormat, Recipe, Transform};

use super::Services;
use crate::domain::{Caller, Image, StoreError};

/// The widths that are offered where none are asked for, in pixels.
const WIDTHS: [u32; 6] = [320, 640, 960, 1280, 1920, 2560];

/// What a page wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What is done to the picture beside scaling it; a `resize` says how it meets its width.
    pub transform: Transform,
    /// Widths in pixels; empty: the usual ones.
    pub widths: Vec<u32>,
    /// Formats, the one that every browser shows last; empty: the usual ones.
    pub formats: Vec<OutputFormat>,
}

/// One size of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Which width to ask for.
    pub asked: u32,
    /// Width of the result.
    pub width: u32,
    /// Height of the result; `None` where that depends on what a trim finds.
    pub height: Option<u32>,
}

/// What is offered.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The image.
    pub image: Arc<Image>,
    /// What is done to it beside scaling.
    pub transform: Transform,
    /// The formats, the one that every browser shows last; one at least.
    pub formats: Vec<OutputFormat>,
    /// The sizes, each wider than the one before; one at least.
    pub sizes: Vec<Size>,
    /// What is told of the picture, for what is shown before it is there.
    pub analysis: Option<Arc<Analysis>>,
}

impl Services {
    /// What a page can offer of an image. Nothing is wider than the picture is, unless that is drawn in any size.
    ///
    /// # Errors
    /// Those that making one of them would be refused with, as far as a plan tells.
    pub async fn srcset(&self, caller: &Caller, id: ImageId, wish: Wish) -> Result<Offer, StoreError> {
        let image = self.image(caller, id).await?;
        self.check_watermark(caller, &wish.transform).await?;
        let formats = if wish.formats.is_empty() { usual_formats(&image) } else { wish.formats };
        for format in &formats {
            wish.transform.check_format(*format)?;
        }
        let last = formats.last().copied().ok_or_else(|| StoreError::internal(anyhow::anyhow!("no format")))?;
        let most = self.own_width(&image, &wish.transform, last).await?;
        let mut sizes: Vec<Size> = Vec::new();
        for asked in widths(wish.widths, most) {
            let transform = scaled_to(&wish.transform, asked);
            let size = self.size_of(&image, transform, last).await?;
            let (width, height) = (size.map_or(asked, |size| size.0), size.map(|size| size.1));
            if sizes.last().is_none_or(|size| size.width < width) {
                sizes.push(Size { asked, width, height });
            }
        }
        let analysis = self.analysis(&image).await?;
        Ok(Offer { image, transform: wish.transform, formats, sizes, analysis })
    }

    /// The width that the picture has without being scaled; `None` of one that is drawn in any size.
    async fn own_width(
        &self,
        image: &Image,
        transform: &Transform,
        format: OutputFormat,
    ) -> Result<Option<u32>, StoreError> {
        let whole = Transform { resize: None, pad: None, ..transform.clone() };
        let size = self.size_of(image, whole, format).await?;
        let width = size.map_or(image.facts.upright_size().0, |(width, _)| width);
        Ok((!image.facts.format.is_vector()).then_some(width))
    }

    async fn size_of(
        &self,
        image: &Image,
        transform: Transform,
        format: OutputFormat,
    ) -> Result<Option<(u32, u32)>, StoreError> {
        let watermark = self.watermark(&transform).await?;
        let recipe = Recipe::new(transform, format);
        Ok(self.plan(image, None, watermark.as_deref(), &recipe)?.size())
    }
}

/// The transform at this width.
pub fn scaled_to(transform: &Transform, width: u32) -> Transform {
    let plain = Resize { width: None, height: None, fit: Fit::Inside, gravity: Gravity::Center, enlarge: false };
    let resize = Resize { width: Some(width), ..transform.resize.clone().unwrap_or(plain) };
    Transform { resize: Some(resize), ..transform.clone() }
}

/// In rising order, each once; where all are too wide, the picture's own width alone.
fn widths(mut asked: Vec<u32>, most: Option<u32>) -> Vec<u32> {
    let is_usual = asked.is_empty();
    if is_usual {
        asked.extend(WIDTHS);
        // A picture between two of the usual widths is offered in its own too.
        asked.extend(most.filter(|most| *most < WIDTHS[WIDTHS.len() - 1]));
    }
    asked.sort_unstable();
    asked.dedup();
    let Some(most) = most else { return asked };
    asked.retain(|width| *width <= most);
    if asked.is_empty() { vec![most] } else { asked }
}

/// Two that are small, and one that every browser shows.
fn usual_formats(image: &Image) -> Vec<OutputFormat> {
    let facts = &image.facts;
    match (facts.animated, facts.has_alpha || facts.format.is_vector()) {
        (true, _) => vec![OutputFormat::WebP, OutputFormat::Gif],
        (false, true) => vec![OutputFormat::Avif, OutputFormat::WebP, OutputFormat::Png],
        (false, false) => vec![OutputFormat::Avif, OutputFormat::WebP, OutputFormat::Jpeg],
    }
}
