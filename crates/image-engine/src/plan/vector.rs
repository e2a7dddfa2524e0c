//! Pictures without pixels of their own: in which size they are drawn.

use shared_types::Recipe;

use super::knows_window;
use crate::geometry::Geometry;
use crate::{Facts, Limits};

/// The recipe as it holds for this picture: more pixels than it says to have are drawn, not invented, so `enlarge` need not be asked for.
/// What is left by a trim is cut from pixels, like any other picture.
pub(super) fn without_bound(recipe: &Recipe, facts: &Facts) -> Recipe {
    let mut recipe = recipe.clone();
    let is_free = facts.format.is_vector() && recipe.transform.trim.is_none();
    if let Some(resize) = recipe.transform.resize.as_mut().filter(|_| is_free) {
        resize.enlarge = true;
    }
    recipe
}

/// The size in which a picture without pixels is drawn: its own before a trim; where smart gravity chooses from the whole of it, so large
/// that its choice need not be scaled, as far as the limits allow; and else in its final size.
pub(super) fn drawn(facts: &Facts, geometry: &Geometry, recipe: &Recipe, limits: &Limits) -> Option<(u32, u32)> {
    if !facts.format.is_vector() {
        return None;
    }
    if geometry.trims || geometry.crop.is_some() && !knows_window(geometry, recipe) {
        return Some((facts.width, facts.height));
    }
    if knows_window(geometry, recipe) {
        return Some(geometry.scaled);
    }
    let (width, height) = (f64::from(facts.width), f64::from(facts.height));
    let most =
        (f64::from(limits.max_side) / width.max(height)).min((limits.max_pixels as f64 / (width * height)).sqrt());
    let scale = (1.0 / geometry.reduction()).min(most);
    // Rounded down, the limits hold.
    let side = |side: f64| (side * scale).floor().max(1.0) as u32;
    Some((side(width), side(height)))
}
