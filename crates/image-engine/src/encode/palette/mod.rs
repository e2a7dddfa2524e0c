//! Pictures of few colours: a palette, and which of its colours each pixel has.

mod map;
mod quantise;
mod space;

use std::collections::HashMap;

use image::RgbaImage;

use map::Mapper;
use space::{Nearest, Space};

pub(crate) use quantise::memory;

/// What becomes of the difference between a colour and the one of the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dither {
    /// The pixels around make up for it (Floyd and Steinberg 1976): the better picture.
    Diffused,
    /// Two colours take turns in a pattern that stays where it is, so that nothing flickers from frame to frame.
    Ordered,
}

/// At most so many colours, 256 of them, that stand for those of these pixels, each with the part of the visible pixels that it is nearest to.
pub(crate) fn shares(pixels: &[[u8; 4]], colours: usize) -> Vec<([u8; 4], f64)> {
    let palette = quantise::palette(pixels, colours, &[]);
    let space = Space::new();
    let nearest = Nearest::new(palette.iter().map(|colour| space.point(*colour)));
    let mut counts = vec![0_u32; palette.len()];
    for pixel in pixels.iter().filter(|pixel| pixel[3] > 0) {
        counts[usize::from(nearest.to(space.point(*pixel)))] += 1;
    }
    let all = f64::from(counts.iter().sum::<u32>()).max(1.0);
    palette.into_iter().zip(counts).map(|(colour, count)| (colour, f64::from(count) / all)).collect()
}

/// A picture of at most 256 colours.
pub(super) struct Indexed {
    /// Each colour once, the most transparent first.
    pub(super) palette: Vec<[u8; 4]>,
    /// For each pixel its colour.
    pub(super) indices: Vec<u8>,
}

impl Indexed {
    /// The same picture; `None` if it has more colours.
    pub(super) fn exact(picture: &RgbaImage, colours: usize) -> Option<Self> {
        let (mut known, mut palette) = (HashMap::new(), Vec::new());
        let mut indices = Vec::with_capacity(picture.as_raw().len() / 4);
        let mut last = None;
        for pixel in picture.as_raw().as_chunks().0 {
            let index = match last {
                Some((colour, index)) if colour == *pixel => index,
                _ => *known.entry(*pixel).or_insert_with(|| {
                    palette.push(*pixel);
                    palette.len() - 1
                }),
            };
            if index >= colours {
                return None;
            }
            last = Some((*pixel, index));
            indices.push(index as u8);
        }
        Some(Self { palette, indices }.sorted())
    }

    /// The picture in at most so many colours, 2 to 256. What is fully transparent is one of them and stays so everywhere. A palette that was
    /// there `before` is used again if it is nearly as good: colours that come and go flicker.
    pub(super) fn quantised(picture: &RgbaImage, colours: usize, dither: Dither, before: &[[u8; 4]]) -> Self {
        let pixels = picture.as_raw().as_chunks().0;
        let is_clear = pixels.iter().any(|pixel| pixel[3] == 0);
        let visible = quantise::palette(pixels, colours - usize::from(is_clear), before);
        let mut indices = vec![0; pixels.len()];
        if !visible.is_empty() {
            Mapper::new(&visible, dither).map(pixels, picture.width() as usize, &mut indices);
        }
        if !is_clear {
            return Self { palette: visible, indices };
        }
        for (index, pixel) in indices.iter_mut().zip(pixels) {
            // There are fewer than 256 others.
            *index = if pixel[3] == 0 { 0 } else { *index + 1 };
        }
        Self { palette: [vec![[0; 4]], visible].concat(), indices }
    }

    fn sorted(self) -> Self {
        let mut order: Vec<_> = (0..self.palette.len()).collect();
        order.sort_by_key(|index| (self.palette[*index][3], self.palette[*index]));
        let mut places = [0; 256];
        for (place, index) in (0..=u8::MAX).zip(&order) {
            places[*index] = place;
        }
        Self {
            palette: order.iter().map(|index| self.palette[*index]).collect(),
            indices: self.indices.into_iter().map(|index| places[usize::from(index)]).collect(),
        }
    }
}
