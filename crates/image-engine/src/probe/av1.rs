//! The sequence headers of AV1 data (AV1 bitstream specification, 5.5): how large the coded pictures are, before any is decoded.

/// What a pixel of full chroma counts, in pixels of 4:2:0.
pub(crate) const FULL_CHROMA: u64 = 2;

/// Size of the largest picture that a run of OBUs announces, in pixels of 4:2:0, as which grey ones count too; 0 if it announces none.
pub(crate) fn largest_size(mut data: &[u8]) -> u64 {
    let mut largest = 0;
    while let Some((kind, payload, rest)) = next_obu(data) {
        if kind == SEQUENCE_HEADER {
            largest = largest.max(size_of_picture(payload).unwrap_or(0));
        }
        data = rest;
    }
    largest
}

const SEQUENCE_HEADER: u8 = 1;
const MAIN_PROFILE: u64 = 0;

/// Kind and content of the first unit, and what follows it.
fn next_obu(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&head, mut rest) = data.split_first()?;
    if head & 0x80 != 0 {
        return None;
    }
    if head & 4 != 0 {
        rest = rest.get(1..)?;
    }
    let size = if head & 2 == 0 { rest.len() } else { leb128(&mut rest)? };
    let (payload, rest) = rest.split_at_checked(size)?;
    Some((head >> 3 & 15, payload, rest))
}

/// A number of at most eight bytes, seven bits each, the lowest first.
fn leb128(data: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for index in 0..8 {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Width times height of a sequence header, times what a pixel counts. Pictures of the main profile have no more chroma than 4:2:0 (6.4.1 there).
fn size_of_picture(header: &[u8]) -> Option<u64> {
    let mut bits = Bits { data: header, at: 0 };
    let pixel = if bits.read(3)? == MAIN_PROFILE { 1 } else { FULL_CHROMA };
    bits.read(1)?;
    if bits.read(1)? == 1 {
        bits.read(5)?;
    } else {
        skip_operating_points(&mut bits)?;
    }
    let (width_bits, height_bits) = (bits.read(4)? + 1, bits.read(4)? + 1);
    Some((bits.read(width_bits)? + 1) * (bits.read(height_bits)? + 1) * pixel)
}

/// What stands before the size if the header is not the reduced one of a still picture.
fn skip_operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay_bits = None;
    if bits.read(1)? == 1 {
        bits.read(64)?;
        if bits.read(1)? == 1 {
            bits.skip_uvlc()?;
        }
        if bits.read(1)? == 1 {
            delay_bits = Some(bits.read(5)? + 1);
            bits.read(42)?;
        }
    }
    let display_delay = bits.read(1)? == 1;
    for _ in 0..=bits.read(5)? {
        bits.read(12)?;
        if bits.read(5)? > 7 {
            bits.read(1)?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.read(1)? == 1
        {
            bits.read(2 * delay_bits + 1)?;
        }
        if display_delay && bits.read(1)? == 1 {
            bits.read(4)?;
        }
    }
    Some(())
}

/// Bits from the highest to the lowest.
struct Bits<'a> {
    data: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    /// The next `count` bits; of more than 64 only the last 64 count.
    fn read(&mut self, count: u64) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.data.get(usize::try_from(self.at / 8).ok()?)?;
            value = value << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// As many zeros, a one, and as many bits again (4.10.3 there).
    fn skip_uvlc(&mut self) -> Option<()> {
        let mut zeros = 0;
        while self.read(1)? == 0 {
            zeros += 1;
        }
        if zeros < 32 {
            self.read(zeros)?;
        }
        Some(())
    }
}
