//! The header of a lossy WebP frame (RFC 6386, sections 7, 9 and 19.2): whether the parts that it announces are there. The decoder makes room
//! for each of them before it reads.

/// Bytes before the first part of a key frame: its length, a mark, and the size.
const BEFORE_PARTS: usize = 10;

/// Whether all parts of a key frame lie within its data. Other frames, which the decoder does not know, have none that do.
pub(super) fn has_its_parts(frame: &[u8]) -> bool {
    let Some([t0, t1, t2]) = frame.first_chunk::<3>() else { return true };
    let tag = u32::from_le_bytes([*t0, *t1, *t2, 0]);
    if tag & 1 == 1 {
        return false;
    }
    let parts = frame.get(BEFORE_PARTS..).unwrap_or_default();
    let Some((first, rest)) = parts.split_at_checked((tag >> 5) as usize) else { return false };
    let lengths = 3 * (count_parts(first) - 1);
    let Some((lengths, rest)) = rest.split_at_checked(lengths) else { return false };
    let all = lengths.chunks_exact(3).map(|length| u32::from_le_bytes([length[0], length[1], length[2], 0]) as usize);
    all.sum::<usize>() <= rest.len()
}

/// How many parts follow the first one, which tells it behind the settings of segments and filters.
fn count_parts(first: &[u8]) -> usize {
    let mut bits = Bits::new(first);
    // Colour space and clamping.
    bits.number(2);
    if bits.flag() {
        let (map, data) = (bits.flag(), bits.flag());
        if data {
            bits.flag();
            bits.optional(4, 7 + 1);
            bits.optional(4, 6 + 1);
        }
        if map {
            bits.optional(3, 8);
        }
    }
    // Kind, level and sharpness of the filter.
    bits.number(1 + 6 + 3);
    if bits.flag() && bits.flag() {
        bits.optional(8, 6 + 1);
    }
    1 << bits.number(2)
}

/// Bits that are as often 0 as 1, by the arithmetic decoder of section 7.3. Behind the end are zeros.
struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    shifts: u32,
}

impl<'a> Bits<'a> {
    fn new(part: &'a [u8]) -> Self {
        let mut bits = Self { bytes: part.iter(), value: 0, range: 255, shifts: 0 };
        bits.value = bits.byte() << 8 | bits.byte();
        bits
    }

    fn byte(&mut self) -> u32 {
        self.bytes.next().copied().unwrap_or(0).into()
    }

    fn flag(&mut self) -> bool {
        let split = 1 + (((self.range - 1) * 128) >> 8);
        let flag = self.value >= split << 8;
        if flag {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.value <<= 1;
            self.range <<= 1;
            self.shifts += 1;
            if self.shifts == 8 {
                self.shifts = 0;
                self.value |= self.byte();
            }
        }
        flag
    }

    fn number(&mut self, count: u32) -> usize {
        (0..count).fold(0, |number, _| number << 1 | usize::from(self.flag()))
    }

    /// Numbers of so many bits, each behind a flag that tells whether it is there.
    fn optional(&mut self, numbers: u32, count: u32) {
        for _ in 0..numbers {
            if self.flag() {
                self.number(count);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use testkit::pictures::{file, photo};
    use webp::{Encoder, WebPConfig};

    use super::*;

    /// The data of the one lossy frame.
    fn frame(file: &[u8]) -> &[u8] {
        let start = file.windows(4).position(|window| window == b"VP8 ").unwrap() + 8;
        &file[start..]
    }

    #[test]
    fn parts_are_counted_and_missed() {
        let scene = photo(200, 150, 1);
        assert!(has_its_parts(frame(&file::webp_lossy(&scene, 50.0))));
        for (log, segments, filter) in [(0, 1, 0), (1, 4, 60), (2, 2, 20), (3, 4, 100)] {
            let mut config = WebPConfig::new().unwrap();
            // More thorough methods write one part, whatever is asked.
            config.method = 2;
            (config.partitions, config.segments, config.filter_strength) = (log, segments, filter);
            let made = Encoder::from_rgb(&scene, 200, 150).encode_advanced(&config).unwrap();
            let data = frame(&made);
            let first = (u32::from_le_bytes([data[0], data[1], data[2], 0]) >> 5) as usize;
            assert_eq!(count_parts(&data[BEFORE_PARTS..BEFORE_PARTS + first]), 1 << log, "{log} {segments} {filter}");
            assert!(has_its_parts(data));
            assert!(!has_its_parts(&data[..BEFORE_PARTS + first - 1]));
            let mut lying = data.to_vec();
            lying[BEFORE_PARTS + first..][..3].copy_from_slice(&[0xff; 3]);
            assert_eq!(has_its_parts(&lying), log == 0, "{log}");
        }
    }
}
