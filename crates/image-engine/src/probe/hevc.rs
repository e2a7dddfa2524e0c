//! The size in a sequence parameter set of HEVC (ITU-T H.265, 7.3.2.2), before any cropping: what a decoder allocates for.

/// The kind of unit that holds one.
const SEQUENCE_PARAMETERS: u8 = 33;

/// Width and height; `None` for other units and for one that ends before them.
pub(super) fn coded_size(unit: &[u8]) -> Option<(u32, u32)> {
    let (header, payload) = unit.split_first_chunk::<2>()?;
    if header[0] >> 1 & 0x3f != SEQUENCE_PARAMETERS {
        return None;
    }
    let mut bits = Bits { bytes: unescaped(payload), at: 0 };
    bits.take(4)?;
    let further_layers = bits.take(3)?;
    bits.take(1)?;
    bits.skip(88 + 8);
    let present: Vec<_> = (0..further_layers).map(|_| Some((bits.take(1)?, bits.take(1)?))).collect::<Option<_>>()?;
    if further_layers > 0 {
        bits.skip(2 * (8 - further_layers as usize));
    }
    for (profile, level) in present {
        bits.skip(88 * profile as usize + 8 * level as usize);
    }
    bits.number()?;
    // Chroma in three separate planes is said by one more bit.
    if bits.number()? == 3 {
        bits.take(1)?;
    }
    Some((bits.number()?, bits.number()?))
}

/// Without the 3 that keeps two zeros from looking like the start of a unit (7.4.2).
fn unescaped(payload: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        bytes.push(byte);
    }
    bytes
}

struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// An unsigned Exp-Golomb code (9.2).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.take(zeros)?;
        Some(((1_u64 << zeros) - 1 + u64::from(rest)) as u32)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use testkit::pictures::{file, photo};

    use super::*;

    #[test]
    fn the_size_is_that_of_whole_blocks() {
        let bytes = file::heic(&photo(100, 60, 1), 50);
        let context = heic_rs::context::Context::open(&bytes).unwrap();
        let configuration = context.props(context.meta.primary).unwrap().hvcc.unwrap();
        let sizes: Vec<_> =
            configuration.arrays.iter().flat_map(|array| &array.nals).filter_map(|unit| coded_size(unit)).collect();
        let [(width, height)] = sizes[..] else { panic!("{sizes:?}") };
        assert!((100..=128).contains(&width) && (60..=128).contains(&height), "{width} x {height}");
    }
}
