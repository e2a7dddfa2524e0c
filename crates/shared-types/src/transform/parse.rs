//! From query parameters to a valid [`Transform`], or an error that names the parameter.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::values::{decimal, digits};
use super::{
    Fit, Gravity, IccPolicy, MAX_SIDE, Metadata, Pad, Resize, Round, TextMark, Tone, Transform, Watermark, parameters,
};
use crate::format::{ImageFormat, OutputFormat};
use crate::goal::Goal;
use crate::ids::VariantName;

/// A request that cannot be carried out, with the parameter at fault and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct TransformError {
    /// The parameter as the client wrote it.
    pub parameter: String,
    /// A clause that reads after the parameter's name: "must be …".
    pub reason: String,
}

impl TransformError {
    /// An error about `parameter`.
    pub fn new(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), reason: reason.into() }
    }

    /// The sentence for the client.
    pub fn sentence(&self) -> String {
        format!("`{}` {}.", self.parameter, self.reason)
    }
}

/// What the browser says of its screen, for `w=auto` and `dpr=auto`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClientHints {
    /// `Sec-CH-Width` or `Width`: the picture's width on the page in device pixels.
    pub width: Option<u32>,
    /// `Sec-CH-DPR` or `DPR`: device pixels for each CSS pixel.
    pub dpr: Option<f64>,
}

/// The format a client asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FormatChoice {
    /// Nothing was said: the source's own.
    #[default]
    Source,
    /// `format=auto`: the best one that `Accept` allows.
    Auto,
    /// This one.
    Fixed(ImageFormat),
}

/// A parsed query of a delivery URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransformQuery {
    /// What to do to the pixels.
    pub transform: Transform,
    /// The format asked for.
    pub format: FormatChoice,
    /// `transform=NAME`: a variant that was stored under a name. Excludes every operation on pixels. [`Presets`](super::Presets) are
    /// put in place of their names before.
    pub name: Option<VariantName>,
    /// Whether `w=auto` was written, so that the answer depends on the width hint.
    pub varies_by_width: bool,
    /// Whether `dpr=auto` was written, so that the answer depends on the DPR hint.
    pub varies_by_dpr: bool,
}

/// Widths from hints are rounded up to this step, so that a thousand window sizes do not make a thousand variants.
const HINT_WIDTH_STEP: u32 = 64;

impl TransformQuery {
    /// Reads decoded query pairs.
    ///
    /// # Errors
    /// The first parameter that is unknown, given twice, out of range or in contradiction with another.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        hints: ClientHints,
    ) -> Result<Self, TransformError> {
        let mut query = Parameters::collect(pairs)?;
        let mut parsed = Self { name: query.take("transform")?, format: query.format()?, ..Self::default() };
        let (width, by_width) = query.width(hints)?;
        let (dpr, by_dpr) = query.dpr(hints)?;
        parsed.varies_by_width = by_width;
        parsed.varies_by_dpr = by_dpr;
        let resize = ResizeParameters {
            width,
            width_is_device_pixels: by_width,
            height: query.side("h")?,
            dpr,
            fit: query.take("fit")?,
            gravity: query.take("gravity")?,
            enlarge: query.flag("enlarge")?,
        };
        let gray = query.flag("gray")?.unwrap_or_default();
        let tone = Tone::take(&mut query, gray)?;
        parsed.transform = Transform {
            page: query.page()?,
            crop: query.take("crop")?,
            trim: query.take("trim")?,
            rotate: query.take("rotate")?.unwrap_or_default(),
            flip: query.flag("flip")?.unwrap_or_default(),
            flop: query.flag("flop")?.unwrap_or_default(),
            resize: resize.build(by_width || by_dpr)?,
            tone,
            gray,
            pixelate: query.take("pixelate")?,
            blur: query.take("blur")?,
            sharpen: query.take("sharpen")?,
            pad: query.take("pad")?.filter(|pad| *pad != Pad::default()),
            background: query.take("bg")?,
            watermark: Watermark::take(&mut query)?,
            text: TextMark::take(&mut query)?,
            round: query.take("round")?.filter(|round| *round != Round::Radius(0)),
            icc: IccPolicy::take(&mut query, &tone, gray)?,
            metadata: Metadata::take(&mut query)?,
            colours: query.take("colors")?,
            lossless: query.flag("lossless")?.unwrap_or_default(),
            goal: query.goal()?,
            quality: query.take("q")?,
        };
        query.finish()?;
        parsed.transform.bound_trimmed()?;
        parsed.transform.bound_encoding()?;
        if let Some(name) = &parsed.name
            && !parsed.transform.is_identity()
        {
            let reason = format!(
                "the stored variant {name:?} is served as it is: remove the other parameters",
                name = name.as_str()
            );
            return Err(TransformError::new("transform", reason));
        }
        Ok(parsed)
    }
}

impl TransformQuery {
    /// Reads a query as it stands in a URL, escapes and all.
    ///
    /// # Errors
    /// Those of [`TransformQuery::parse`].
    pub fn parse_text(query: &str, hints: ClientHints) -> Result<Self, TransformError> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        Self::parse(pairs.iter().map(|(name, value)| (&**name, &**value)), hints)
    }
}

impl Transform {
    /// The picture is encoded in one way.
    fn bound_encoding(&self) -> Result<(), TransformError> {
        let contradicts =
            |one: &str, other: &str| Err(TransformError::new(one, format!("contradicts {other}: give one of the two")));
        match self.goal.map(Goal::parameter) {
            Some(goal) if self.lossless => contradicts(goal, "lossless"),
            Some(goal) if self.colours.is_some() => contradicts(goal, "colors"),
            None if self.lossless && self.quality.is_some() => {
                Err(TransformError::new("q", "has no meaning with lossless: give one of the two"))
            }
            None if self.lossless && self.colours.is_some() => contradicts("colors", "lossless"),
            _ => Ok(()),
        }
    }

    /// What trimming leaves is known only after decoding. A narrow strip, enlarged, could need any amount of memory unless a box bounds it.
    fn bound_trimmed(&self) -> Result<(), TransformError> {
        let Some(resize) = &self.resize else { return Ok(()) };
        let bounded = resize.width.is_some() && resize.height.is_some() && resize.fit != Fit::Outside;
        if self.trim.is_some() && resize.enlarge && !bounded {
            return Err(TransformError::new("enlarge", "needs both w and h, and not fit=outside, when trim is given"));
        }
        Ok(())
    }
}

/// `w h dpr fit gravity enlarge` as written, before they are known to agree.
struct ResizeParameters {
    width: Option<u32>,
    width_is_device_pixels: bool,
    height: Option<u32>,
    dpr: Option<f64>,
    fit: Option<Fit>,
    gravity: Option<Gravity>,
    enlarge: Option<bool>,
}

impl ResizeParameters {
    /// `hinted`: a side was left to the browser, which may have said nothing; then fewer combinations are contradictions.
    fn build(self, hinted: bool) -> Result<Option<Resize>, TransformError> {
        let needs_side = |parameter: &str| Err(TransformError::new(parameter, "needs w or h beside it"));
        if self.width_is_device_pixels && self.dpr.is_some() {
            return Err(TransformError::new("dpr", "contradicts w=auto, which counts device pixels already"));
        }
        if self.width.is_none() && self.height.is_none() {
            return match () {
                () if hinted => Ok(None),
                () if self.dpr.is_some() => needs_side("dpr"),
                () if self.fit.is_some() => needs_side("fit"),
                () if self.gravity.is_some() => needs_side("gravity"),
                () if self.enlarge.is_some() => needs_side("enlarge"),
                () => Ok(None),
            };
        }
        let mut fit = self.fit.unwrap_or_default();
        if self.width.is_none() || self.height.is_none() {
            if fit != Fit::Inside && !hinted {
                return Err(TransformError::new("fit", format!("{fit} needs both w and h")));
            }
            fit = Fit::Inside;
        }
        let placed = matches!(fit, Fit::Cover | Fit::Contain);
        if self.gravity.is_some() && !placed && !hinted {
            return Err(TransformError::new("gravity", "has an effect only with fit=cover or fit=contain"));
        }
        if self.gravity == Some(Gravity::Smart) && fit == Fit::Contain {
            return Err(TransformError::new("gravity", "smart chooses what to cut away: it needs fit=cover"));
        }
        Ok(Some(Resize {
            width: self.width.map(|w| scaled("w", w, self.dpr)).transpose()?,
            height: self.height.map(|h| scaled("h", h, self.dpr)).transpose()?,
            fit,
            gravity: if placed { self.gravity.unwrap_or_default() } else { Gravity::default() },
            enlarge: self.enlarge.unwrap_or_default(),
        }))
    }
}

fn scaled(parameter: &str, side: u32, dpr: Option<f64>) -> Result<u32, TransformError> {
    let pixels = (f64::from(side) * dpr.unwrap_or(1.0)).round().max(1.0);
    if pixels > f64::from(MAX_SIDE) {
        return Err(TransformError::new(parameter, format!("times dpr must be at most {MAX_SIDE}")));
    }
    Ok(pixels as u32)
}

/// The pairs not read yet, by name.
pub(super) struct Parameters<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Parameters<'a> {
    fn collect(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, TransformError> {
        let mut map = BTreeMap::new();
        for (name, value) in pairs {
            if map.insert(name, value).is_some() {
                return Err(TransformError::new(name, "is given more than once"));
            }
        }
        Ok(Self(map))
    }

    /// Takes out a parameter. Every one that is read is described.
    fn raw(&mut self, name: &str) -> Option<&'a str> {
        debug_assert!(parameters::PARAMETERS.iter().any(|known| known.name == name), "{name} is not described");
        self.0.remove(name)
    }

    pub(super) fn take<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Result<Option<T>, TransformError> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|reason: T::Err| TransformError::new(name, reason.to_string()))
    }

    /// `flip`, `flip=1` and `flip=true` say yes; `0` and `false` say no.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, TransformError> {
        match self.raw(name) {
            None => Ok(None),
            Some("" | "1" | "true") => Ok(Some(true)),
            Some("0" | "false") => Ok(Some(false)),
            Some(_) => Err(TransformError::new(name, "must be 1 or 0")),
        }
    }

    /// None of `names` is given: they mean nothing without `other`.
    pub(super) fn needs(&self, names: &[&str], other: &str) -> Result<(), TransformError> {
        match names.iter().find(|name| self.0.contains_key(**name)) {
            Some(name) => Err(TransformError::new(*name, format!("needs {other} beside it"))),
            None => Ok(()),
        }
    }

    /// `anim=0` is the first frame.
    fn page(&mut self) -> Result<Option<u32>, TransformError> {
        let anim = self.flag("anim")?;
        let Some(text) = self.raw("page") else { return Ok((anim == Some(false)).then_some(0)) };
        let page = digits(text).ok_or_else(|| TransformError::new("page", "must be the number of a frame, from 0"))?;
        if anim == Some(true) {
            return Err(TransformError::new("page", "shows one frame and contradicts anim=1"));
        }
        Ok(Some(page))
    }

    /// `target` or `max_bytes`; `q`, which contradicts both, is left to be read.
    fn goal(&mut self) -> Result<Option<Goal>, TransformError> {
        let [target, most] = ["target", "max_bytes"].map(|name| self.raw(name));
        let quality = if target.is_some() || most.is_some() { self.0.get("q").copied() } else { None };
        Goal::from_parameters(target, most, quality)
    }

    fn side(&mut self, name: &str) -> Result<Option<u32>, TransformError> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        match digits(text) {
            Some(side) if (1..=MAX_SIDE).contains(&side) => Ok(Some(side)),
            _ => Err(TransformError::new(name, format!("must be a whole number of pixels from 1 to {MAX_SIDE}"))),
        }
    }

    fn width(&mut self, hints: ClientHints) -> Result<(Option<u32>, bool), TransformError> {
        if self.0.get("w") != Some(&"auto") {
            return Ok((self.side("w")?, false));
        }
        self.raw("w");
        let width = hints.width.map(|w| w.clamp(1, MAX_SIDE).next_multiple_of(HINT_WIDTH_STEP));
        Ok((width, true))
    }

    fn dpr(&mut self, hints: ClientHints) -> Result<(Option<f64>, bool), TransformError> {
        let Some(text) = self.raw("dpr") else { return Ok((None, false)) };
        if text == "auto" {
            return Ok((hints.dpr.map(|dpr| dpr.clamp(0.5, 5.0)), true));
        }
        match decimal(text) {
            Some(dpr) if (0.1..=8.0).contains(&dpr) => Ok((Some(dpr), false)),
            _ => Err(TransformError::new("dpr", "must be a number from 0.1 to 8, or auto")),
        }
    }

    fn format(&mut self) -> Result<FormatChoice, TransformError> {
        if self.0.contains_key("format") && self.0.contains_key("type") {
            return Err(TransformError::new("type", "means the same as format: give one of them"));
        }
        let Some((name, text)) = ["format", "type"].into_iter().find_map(|n| self.raw(n).map(|v| (n, v))) else {
            return Ok(FormatChoice::Source);
        };
        if text == "auto" {
            return Ok(FormatChoice::Auto);
        }
        ImageFormat::from_extension(text)
            .map(FormatChoice::Fixed)
            .ok_or_else(|| TransformError::new(name, format!("must be auto or one of {}", OutputFormat::list())))
    }

    fn finish(self) -> Result<(), TransformError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let known = parameters::names();
                Err(TransformError::new(*name, format!("is not a parameter; known are {known}, download")))
            }
        }
    }
}
