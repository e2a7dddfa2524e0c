//! Pixels: a scene that looks and compresses like a photo, and a graphic with transparency.

use std::thread;

use image::{Rgb, RgbImage, Rgba, RgbaImage};

/// A landscape: sky with clouds, ridges in haze, a lit disc, ground with texture, all under sensor noise. It compresses like a
/// photo. Another `seed` is another scene.
pub fn photo(width: u32, height: u32, seed: u64) -> RgbImage {
    let scene = Scene::new(width, height, seed);
    let row_bytes = width as usize * 3;
    let mut pixels = vec![0; row_bytes * height as usize];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let rows_each = (height as usize).div_ceil(threads).max(1);
    thread::scope(|scope| {
        for (index, band) in pixels.chunks_mut((rows_each * row_bytes).max(1)).enumerate() {
            let scene = &scene;
            scope.spawn(move || {
                for (row, line) in band.chunks_exact_mut(row_bytes).enumerate() {
                    scene.line((index * rows_each + row) as u32, line);
                }
            });
        }
    });
    RgbImage::from_raw(width, height, pixels).expect("the buffer has the picture's size")
}

/// A drawing: flat colours, hard edges, a soft edge and a fully transparent border.
pub fn graphic(width: u32, height: u32) -> RgbaImage {
    let (wide, high) = (width as f32, height as f32);
    RgbaImage::from_fn(width, height, |x, y| {
        let (u, v) = ((x as f32 + 0.5) / wide - 0.5, (y as f32 + 0.5) / high - 0.5);
        let distance = (u * u + v * v).sqrt();
        let stripe = ((x * 8 / width.max(1)) + (y * 8 / height.max(1))).is_multiple_of(2);
        let [red, green, blue] = if distance < 0.2 {
            [250, 250, 245]
        } else if stripe {
            [220, 40, 60]
        } else {
            [20, 70, 160]
        };
        let alpha = ((0.5 - distance) / 0.1).clamp(0.0, 1.0) * 255.0;
        Rgba([red, green, blue, alpha as u8])
    })
}

const LATTICE: usize = 256;

struct Scene {
    lattice: Vec<f32>,
    width: f32,
    height: f32,
    offset: f32,
    disc: (f32, f32),
    warmth: f32,
    seed: u64,
}

impl Scene {
    fn new(width: u32, height: u32, seed: u64) -> Self {
        let mut state = seed;
        let lattice = (0..LATTICE * LATTICE).map(|_| unit(next(&mut state))).collect();
        let offset = unit(next(&mut state)) * 200.0;
        let disc = (0.2 + 0.6 * unit(next(&mut state)), 0.12 + 0.2 * unit(next(&mut state)));
        let warmth = unit(next(&mut state));
        Self { lattice, width: width as f32, height: height as f32, offset, disc, warmth, seed }
    }

    fn line(&self, y: u32, line: &mut [u8]) {
        let v = (y as f32 + 0.5) / self.height;
        let mut grain = self.seed ^ (u64::from(y) << 32);
        for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
            let u = (x as f32 + 0.5) / self.height;
            let colour = self.colour(u, v);
            // Two uniform numbers make a triangular one, close enough to what a sensor adds.
            let bits = next(&mut grain);
            let noise = unit(bits) + unit(bits << 24) - 1.0;
            for (sample, value) in pixel.iter_mut().zip(colour) {
                *sample = (value * 255.0 + noise * 13.0).clamp(0.0, 255.0) as u8;
            }
        }
    }

    fn colour(&self, u: f32, v: f32) -> [f32; 3] {
        for ridge in 0..3_u8 {
            let depth = f32::from(ridge) / 2.0;
            let rough = self.noise(u * (3.0 + 4.0 * depth), f32::from(ridge) * 9.0, 5);
            let top = 0.34 + 0.2 * depth + 0.22 * (rough - 0.5);
            let bottom = if ridge == 2 { f32::INFINITY } else { 0.34 + 0.2 * (depth + 0.5) + 0.11 };
            if v >= top && v < bottom && !self.behind_next(u, v, ridge) {
                return self.ground(u, v, v - top, depth);
            }
        }
        self.sky(u, v)
    }

    fn behind_next(&self, u: f32, v: f32, ridge: u8) -> bool {
        if ridge == 2 {
            return false;
        }
        let depth = f32::from(ridge + 1) / 2.0;
        let rough = self.noise(u * (3.0 + 4.0 * depth), f32::from(ridge + 1) * 9.0, 5);
        v >= 0.34 + 0.2 * depth + 0.22 * (rough - 0.5)
    }

    fn sky(&self, u: f32, v: f32) -> [f32; 3] {
        let cloud = ((self.noise(u * 3.0, v * 7.0, 5) - 0.45) * 3.0).clamp(0.0, 1.0);
        let (du, dv) = (u / (self.width / self.height) - self.disc.0, v - self.disc.1);
        let glow = (-(du * du + dv * dv) * 60.0).exp();
        let blue = [0.25 + 0.35 * v, 0.45 + 0.3 * v, 0.75 + 0.1 * v];
        let white = [0.93, 0.92, 0.9];
        let sun = [1.0, 0.85 + 0.1 * self.warmth, 0.6];
        blend(blend(blue, white, cloud), sun, glow)
    }

    fn ground(&self, u: f32, v: f32, below: f32, depth: f32) -> [f32; 3] {
        let detail = self.noise(u * 90.0 + 13.0, v * 140.0, 4);
        let patch = self.noise(u * 9.0, v * 14.0, 3);
        let shade = 0.35 + 0.75 * detail * (0.4 + 0.6 * depth) + 0.1 * (below * 20.0).min(1.0);
        let grass = [0.3 + 0.15 * self.warmth, 0.42, 0.18];
        let earth = [0.5, 0.4, 0.28];
        let lit = blend(grass, earth, patch).map(|value| value * shade * 1.25);
        blend([0.6, 0.68, 0.78], lit, 0.35 + 0.65 * depth)
    }

    /// Several octaves of value noise, 0 to 1.
    fn noise(&self, x: f32, y: f32, octaves: u32) -> f32 {
        let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
        for _ in 0..octaves {
            sum += weight * self.smooth((x + self.offset) * scale, (y + self.offset) * scale);
            total += weight;
            weight *= 0.55;
            scale *= 2.1;
        }
        sum / total
    }

    fn smooth(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (ease(x - left), ease(y - top));
        let at = |dx: usize, dy: usize| {
            let column = (left as i64 as usize).wrapping_add(dx) % LATTICE;
            let row = (top as i64 as usize).wrapping_add(dy) % LATTICE;
            self.lattice[row * LATTICE + column]
        };
        let upper = at(0, 0) + (at(1, 0) - at(0, 0)) * fx;
        let lower = at(0, 1) + (at(1, 1) - at(0, 1)) * fx;
        upper + (lower - upper) * fy
    }
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn blend(from: [f32; 3], to: [f32; 3], amount: f32) -> [f32; 3] {
    std::array::from_fn(|index| from[index] + (to[index] - from[index]) * amount)
}

/// The next of a fixed sequence of numbers (`SplitMix64`).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The upper 24 bits as a number from 0 to 1.
fn unit(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1_u32 << 24) as f32
}

/// Exactly one pixel.
pub(crate) fn one_pixel() -> RgbImage {
    RgbImage::from_pixel(1, 1, Rgb([200, 30, 90]))
}
