//! The one text of a recipe: fixed order, defaults left out, readable by [`TransformQuery::parse`](super::TransformQuery::parse).

use std::fmt;

use super::{Fit, Gravity, IccPolicy, Recipe, Resize, Rotate, Transform};

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}format={}", self.transform, self.format)
    }
}

/// Every parameter that is not the default, each followed by `&`; empty for the identity.
impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(page) = self.page {
            write!(f, "page={page}&")?;
        }
        if let Some(crop) = self.crop {
            write!(f, "crop={crop}&")?;
        }
        if let Some(trim) = self.trim {
            write!(f, "trim={trim}&")?;
        }
        if self.rotate != Rotate::None {
            write!(f, "rotate={}&", self.rotate)?;
        }
        for (name, set) in [("flip", self.flip), ("flop", self.flop)] {
            if set {
                write!(f, "{name}=1&")?;
            }
        }
        if let Some(resize) = &self.resize {
            resize.fmt(f)?;
        }
        self.tone.fmt(f)?;
        if self.gray {
            f.write_str("gray=1&")?;
        }
        if let Some(pixelate) = self.pixelate {
            write!(f, "pixelate={pixelate}&")?;
        }
        if let Some(blur) = self.blur {
            write!(f, "blur={blur}&")?;
        }
        if let Some(sharpen) = self.sharpen {
            write!(f, "sharpen={sharpen}&")?;
        }
        self.fmt_edges_and_marks(f)?;
        if self.icc != IccPolicy::Auto {
            write!(f, "icc={}&", self.icc)?;
        }
        self.metadata.fmt(f)?;
        if let Some(colours) = self.colours {
            write!(f, "colors={colours}&")?;
        }
        if self.lossless {
            f.write_str("lossless=1&")?;
        }
        if let Some(quality) = self.quality {
            write!(f, "q={quality}&")?;
        }
        if let Some(goal) = self.goal {
            write!(f, "{goal}&")?;
        }
        Ok(())
    }
}

impl Transform {
    fn fmt_edges_and_marks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pad) = self.pad {
            write!(f, "pad={pad}&")?;
        }
        if let Some(background) = self.background {
            write!(f, "bg={background}&")?;
        }
        if let Some(watermark) = self.watermark {
            write!(f, "{watermark}")?;
        }
        if let Some(text) = &self.text {
            write!(f, "{text}")?;
        }
        if let Some(round) = self.round {
            write!(f, "round={round}&")?;
        }
        Ok(())
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(width) = self.width {
            write!(f, "w={width}&")?;
        }
        if let Some(height) = self.height {
            write!(f, "h={height}&")?;
        }
        if self.fit != Fit::default() {
            write!(f, "fit={}&", self.fit)?;
        }
        if self.gravity != Gravity::default() {
            write!(f, "gravity={}&", self.gravity)?;
        }
        if self.enlarge {
            f.write_str("enlarge=1&")?;
        }
        Ok(())
    }
}
