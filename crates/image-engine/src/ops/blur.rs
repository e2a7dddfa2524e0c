//! Gaussian blur and unsharp mask.

use fast_image_resize::MulDiv;
use image::DynamicImage;
use shared_types::transform::{Blur, Sharpen};

/// Blurs. Transparent pixels have colours too, which must not bleed into visible ones: alpha is multiplied in meanwhile.
pub(crate) fn blur(pixels: DynamicImage, blur: Blur) -> DynamicImage {
    premultiplied(pixels, |pixels| pixels.fast_blur(blur.sigma()))
}

/// Adds the difference to a blurred copy.
pub(crate) fn sharpen(pixels: DynamicImage, sharpen: Sharpen) -> DynamicImage {
    premultiplied(pixels, |pixels| pixels.unsharpen(sharpen.sigma(), 0))
}

fn premultiplied(mut pixels: DynamicImage, work: impl FnOnce(&DynamicImage) -> DynamicImage) -> DynamicImage {
    if !pixels.color().has_alpha() {
        return work(&pixels);
    }
    // Both fail only for kinds of pixels without alpha.
    let multiplied = MulDiv::new().multiply_alpha_inplace(&mut pixels).is_ok();
    let mut result = work(&pixels);
    if multiplied && MulDiv::new().divide_alpha_inplace(&mut result).is_err() {
        return pixels;
    }
    result
}
