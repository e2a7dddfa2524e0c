//! Which formats are tried, and why others are not.

use shared_types::{Formats, Goal, ImageFormat, OutputFormat, Transform};

use super::Tried;
use super::content::Content;
use super::memory::Cost;
use crate::{EngineError, Facts, Limits};

/// Formats by what the header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidates {
    /// In the order of the wish.
    pub(super) list: Vec<OutputFormat>,
    /// Whether all frames of an animation are kept.
    pub(super) moves: bool,
    /// Whether the choice is ours.
    pub(super) is_auto: bool,
    /// Whether a file that keeps every pixel may be the smallest.
    pub(super) may_keep_pixels: bool,
    /// Those that cannot hold the picture.
    pub(super) skipped: Vec<Tried>,
}

/// The smaller the files of a format are, as a rule, the earlier it is tried: the others know sooner that they cannot win.
const SMALLEST_FIRST: [OutputFormat; 9] = [
    OutputFormat::Avif,
    OutputFormat::Jxl,
    OutputFormat::WebP,
    OutputFormat::Jpeg,
    OutputFormat::Png,
    OutputFormat::Gif,
    OutputFormat::Tiff,
    OutputFormat::Qoi,
    OutputFormat::Bmp,
];

impl Candidates {
    pub(super) fn choose(facts: &Facts, transform: &Transform, formats: &Formats, goal: Option<Goal>) -> Self {
        let moves = facts.animated && transform.page.is_none();
        let is_auto = *formats == Formats::Auto;
        let may_keep_pixels = !(is_auto && is_reached_with_loss(goal) && is_photo(facts));
        let (list, unable): (Vec<_>, Vec<_>) =
            Self::listed(facts, formats).into_iter().partition(|format| !moves || format.animates());
        let (list, wasteful) =
            list.into_iter().partition::<Vec<_>, _>(|format| may_keep_pixels || !format.is_lossless());
        let skipped = unable
            .into_iter()
            .map(|format| skipped(format, "it holds one frame, and the picture has several"))
            .chain(wasteful.into_iter().map(|format| skipped(format, IS_PHOTO)));
        Self { moves: moves && !list.is_empty(), is_auto, may_keep_pixels, skipped: skipped.collect(), list }
    }

    /// What is asked for.
    pub(super) fn listed(facts: &Facts, formats: &Formats) -> Vec<OutputFormat> {
        match formats {
            Formats::Same => vec![facts.format.default_output()],
            Formats::Auto => Formats::AUTO.to_vec(),
            Formats::Listed(listed) => listed.clone(),
        }
    }

    /// Leaves out what nobody could open, and what takes too much memory to make where something else does not.
    pub(super) fn leave_out_dear(&mut self, costs: &[Cost], limits: &Limits) {
        let Limits { result_memory, compress_memory, .. } = *limits;
        let fits = |cost: &Cost| cost.opening <= result_memory && cost.making <= compress_memory;
        let one_fits = costs.iter().any(fits);
        for cost in costs.iter().filter(|cost| self.list.contains(&cost.format)).collect::<Vec<_>>() {
            let (what, bytes, most) = if cost.opening > result_memory {
                ("opening", cost.opening, result_memory)
            } else if one_fits && cost.making > compress_memory {
                ("making", cost.making, compress_memory)
            } else {
                continue;
            };
            let why = format!("{what} it takes about {bytes} bytes of memory, and at most {most} are allowed");
            self.list.retain(|format| *format != cost.format);
            self.skipped.push(skipped(cost.format, &why));
        }
    }

    /// The format whose recipe prepares a still picture for all of them: it keeps transparency and colours where one of them can.
    pub(super) fn lead(&self, facts: &Facts, transform: &Transform) -> OutputFormat {
        let may_be_clear = facts.has_alpha || facts.animated;
        match self.list[..] {
            // What shows through has a colour, or nothing does but what the recipe adds.
            [OutputFormat::Jpeg] if transform.background.is_some() || !may_be_clear => OutputFormat::Jpeg,
            [OutputFormat::Jpeg] | [] => OutputFormat::Png,
            [only] => only,
            [first, ..] if !self.list.iter().any(|format| format.has_profile()) => first,
            _ => OutputFormat::Png,
        }
    }

    /// Those that are tried, by the pixels, in the order in which they are; the others are told.
    pub(super) fn by_pixels(
        &self,
        is_clear: bool,
        content: Content,
        is_lossy: bool,
        tried: &mut Vec<Tried>,
    ) -> Vec<OutputFormat> {
        let mut list = self.list.clone();
        let mut drop = |format_is: &dyn Fn(OutputFormat) -> bool, why: &str| {
            list.retain(|format| {
                let goes = format_is(*format);
                if goes {
                    tried.push(skipped(*format, why));
                }
                !goes
            });
        };
        if is_clear {
            drop(
                &|format| !format.has_alpha(),
                "it has no transparency, and the picture has some; give bg, a colour behind it",
            );
        }
        if self.is_auto && is_lossy {
            match content {
                Content::Photo => drop(&|format| format == OutputFormat::Png, IS_PHOTO),
                Content::Graphic => drop(
                    &|format| format == OutputFormat::Jpeg,
                    "the picture is a drawing with areas of one colour, of which it makes more bytes than others",
                ),
            }
        }
        list.sort_by_key(|format| SMALLEST_FIRST.iter().position(|other| other == format));
        list
    }

    /// That no format can hold the picture.
    pub(super) fn none_is_able(&self) -> EngineError {
        unable(&self.skipped)
    }
}

/// Why a format without loss is not tried.
const IS_PHOTO: &str = "the picture is a photo, of which it makes several times the bytes";

/// Whether the header says so: what was stored with loss has noise all over it, of which a file without loss makes several times the bytes.
fn is_photo(facts: &Facts) -> bool {
    /// Smaller ones may be drawings with areas of one colour nevertheless.
    const LARGE: u64 = 2_000_000;
    matches!(facts.format, ImageFormat::Jpeg | ImageFormat::Heic) && facts.pixels() >= LARGE
}

/// Whether an encoder with loss reaches it for certain.
fn is_reached_with_loss(goal: Option<Goal>) -> bool {
    /// Every format of `auto` does at its highest quality.
    const HIGHEST: f64 = 90.0;
    match goal {
        Some(Goal::Target(score)) => score.value() <= HIGHEST,
        Some(Goal::MaxBytes(_)) => true,
        _ => false,
    }
}

/// The error about formats none of which can hold the picture.
pub(super) fn unable(tried: &[Tried]) -> EngineError {
    EngineError::InvalidTransform { parameter: "format", reason: format!("cannot be ({})", reasons(tried)) }
}

/// Why there is no file in each of these formats.
pub(super) fn reasons(tried: &[Tried]) -> String {
    let told: Vec<_> = tried
        .iter()
        .map(|tried| format!("{}: {}", tried.format, tried.why_not.as_deref().unwrap_or("it cannot hold the picture")))
        .collect();
    told.join("; ")
}

fn skipped(format: OutputFormat, why: &str) -> Tried {
    Tried { format, tries: 0, bytes: None, score: None, why_not: Some(why.to_owned()) }
}
