//! Which colours a result is in.

use image::{DynamicImage, RgbaImage};
use shared_types::transform::{Colour, IccPolicy};
use shared_types::{OutputFormat, Recipe, Transform};

use super::{MAX_EMBEDDED, Profile};

/// What becomes of the colours of a picture: the same for all of its frames.
pub(crate) enum Colours {
    /// They are those of sRGB.
    Srgb,
    /// They are made into those of sRGB.
    Converted(Box<Profile>),
    /// They stay, and the result says by the profile which they are.
    Kept(Box<Profile>),
}

impl Colours {
    /// Chooses, for pixels with this profile. Colours stay where the recipe wants it, the format can say which they are, and every
    /// operation knows how to work on them.
    pub(crate) fn choose(pixels: &DynamicImage, icc: Option<Vec<u8>>, recipe: &Recipe) -> Self {
        let Some(profile) = icc.and_then(|icc| Profile::of(pixels, icc)).map(Box::new) else { return Self::Srgb };
        let wanted = match recipe.transform.icc {
            IccPolicy::Srgb => false,
            IccPolicy::Keep => true,
            IccPolicy::Auto => profile.is_wide(),
        };
        if wanted && can_keep(&profile, recipe) {
            Self::Kept(profile)
        } else if profile.is_srgb() {
            Self::Srgb
        } else {
            Self::Converted(profile)
        }
    }

    /// The profile to embed.
    pub(crate) fn kept(&self) -> Option<&Profile> {
        match self {
            Self::Kept(profile) => Some(profile),
            Self::Srgb | Self::Converted(_) => None,
        }
    }

    /// The pixels in the colours of the result.
    pub(crate) fn settle(&self, pixels: DynamicImage) -> DynamicImage {
        match self {
            Self::Converted(profile) => profile.to_srgb(pixels),
            Self::Srgb | Self::Kept(_) => pixels,
        }
    }

    /// A colour that a recipe names, in the colours of the result.
    pub(crate) fn of_named(&self, colour: Colour) -> Colour {
        self.kept().filter(|profile| profile.has_way_back()).map_or(colour, |profile| profile.of_colour(colour))
    }

    /// What is drawn on top, likewise.
    pub(crate) fn of_mark(&self, mark: RgbaImage) -> RgbaImage {
        match self.kept().filter(|profile| profile.has_way_back()) {
            Some(profile) => profile.of_picture(mark),
            None => mark,
        }
    }
}

fn can_keep(profile: &Profile, recipe: &Recipe) -> bool {
    if profile.icc().len() > MAX_EMBEDDED {
        return false;
    }
    let draws = names_colours(&recipe.transform);
    if profile.is_grey() {
        // WebP, AVIF and palettes have no grey, and a colour makes a grey picture coloured.
        let has_grey = matches!(recipe.format, OutputFormat::Jpeg | OutputFormat::Png);
        return has_grey && recipe.transform.colours.is_none() && !draws;
    }
    recipe.format.has_profile() && !recipe.transform.works_on_srgb() && (profile.has_way_back() || !draws)
}

fn names_colours(transform: &Transform) -> bool {
    transform.background.is_some() || transform.watermark.is_some() || transform.text.is_some()
}
