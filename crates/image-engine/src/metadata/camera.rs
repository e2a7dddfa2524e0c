//! What a camera noted about a photo (EXIF, CIPA DC-008), in plain values. Nothing of it is trusted: texts are short and clean, numbers finite.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exif::{EXIF_DIRECTORY, GPS_DIRECTORY, ORIENTATION, Tiff};

/// The most characters of a text.
const MAX_TEXT: usize = 120;

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// What a camera noted. What it did not, or what cannot be read, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Camera {
    /// Who made the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The model of the lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens: Option<String>,
    /// When the photo was taken by the camera's clock, as of RFC 3339, with the offset to UTC where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Exposure time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_seconds: Option<f64>,
    /// The aperture: focal length over diameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_number: Option<f64>,
    /// Sensitivity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso: Option<u32>,
    /// Focal length in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_length_mm: Option<f64>,
    /// How the file turns the picture, 1 to 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u8>,
    /// The program that wrote the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// Where the camera was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A place on the earth (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CameraPosition)]
pub struct Position {
    /// Degrees, north is positive.
    pub latitude: f64,
    /// Degrees, east is positive.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
}

/// A directory of fields and how their values are read.
struct Notes<'a> {
    tiff: &'a Tiff<'a>,
    fields: super::exif::Fields<'a>,
}

/// Reads EXIF from its byte order mark on, or a whole TIFF.
pub(super) fn read(exif: &[u8]) -> Camera {
    read_tiff(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)).unwrap_or_default()
}

fn read_tiff(data: &[u8]) -> Option<Camera> {
    let tiff = Tiff::open(data)?;
    let main = Notes { tiff: &tiff, fields: tiff.directory(tiff.long(4)?)? };
    let photo = main.directory(EXIF_DIRECTORY);
    let place = main.directory(GPS_DIRECTORY);
    let orientation = main.whole(ORIENTATION).and_then(|value| u8::try_from(value).ok());
    Some(Camera {
        make: main.text(0x010f),
        model: main.text(0x0110),
        lens: photo.text(0xa434),
        taken_at: taken_at(&photo, &main),
        exposure_seconds: photo.ratio(0x829a, 0).filter(|seconds| *seconds > 0.0),
        f_number: photo.ratio(0x829d, 0).filter(|number| *number > 0.0),
        iso: photo.whole(0x8827).filter(|iso| *iso > 0),
        focal_length_mm: photo.ratio(0x920a, 0).filter(|length| *length > 0.0),
        orientation: orientation.filter(|value| (1..=8).contains(value)),
        software: main.text(0x0131),
        position: position(&place),
    })
}

/// A text that can be shown: without control characters and marks of direction, cut off where it is too long; `None` if nothing is left.
pub(crate) fn text(text: &str) -> Option<String> {
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let kept: String = text.trim().chars().filter(is_shown).take(MAX_TEXT).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

impl Notes<'_> {
    /// The directory that a field points to; an empty one if there is none.
    fn directory(&self, tag: u16) -> Self {
        let at = self.fields.get(&tag).and_then(|field| self.tiff.number(&field.2));
        Notes { tiff: self.tiff, fields: at.and_then(|at| self.tiff.directory(at)).unwrap_or_default() }
    }

    fn bytes(&self, tag: u16, kind: u16) -> Option<&[u8]> {
        self.fields.get(&tag).filter(|field| field.0 == kind).map(|field| &*field.2)
    }

    fn text(&self, tag: u16) -> Option<String> {
        /// Bytes of a text that are looked at.
        const MOST: usize = 4 * MAX_TEXT;
        let bytes = self.bytes(tag, ASCII)?;
        let end = bytes.iter().take(MOST).position(|byte| *byte == 0).unwrap_or(bytes.len().min(MOST));
        text(&String::from_utf8_lossy(&bytes[..end]))
    }

    fn whole(&self, tag: u16) -> Option<u32> {
        if let Some(bytes) = self.bytes(tag, LONG) {
            return self.tiff.number(bytes);
        }
        let bytes = *self.bytes(tag, SHORT)?.first_chunk()?;
        Some(self.tiff.number_of_short(bytes).into())
    }

    /// One of the fractions of a field.
    fn ratio(&self, tag: u16, index: usize) -> Option<f64> {
        let bytes = self.bytes(tag, RATIONAL)?.get(index * 8..)?;
        let (over, under) = (self.tiff.number(bytes)?, self.tiff.number(bytes.get(4..)?)?);
        (under > 0).then(|| f64::from(over) / f64::from(under))
    }

    fn byte(&self, tag: u16) -> Option<u8> {
        self.fields.get(&tag)?.2.first().copied()
    }
}

/// The time at which it was taken, or else at which the file was written.
fn taken_at(photo: &Notes<'_>, main: &Notes<'_>) -> Option<String> {
    const TAKEN: u16 = 0x9003;
    const WRITTEN: u16 = 0x0132;
    let (time, offset) = match photo.text(TAKEN).as_deref().and_then(time) {
        Some(time) => (time, photo.text(0x9011)),
        None => (time(&main.text(WRITTEN)?)?, photo.text(0x9010)),
    };
    Some(time + &offset.filter(|offset| is_offset(offset)).unwrap_or_default())
}

/// `2026:11:21 20:15:00` as `2026-11-21T20:15:00`.
fn time(text: &str) -> Option<String> {
    let (date, clock) = text.split_once(' ')?;
    let numbers = |text: &str, widths: [usize; 3]| {
        let parts: Vec<_> = text.split(':').collect();
        let parts: [&str; 3] = parts.try_into().ok()?;
        let is_plain = |(part, width): (&&str, usize)| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        if !parts.iter().zip(widths).all(is_plain) {
            return None;
        }
        let values = parts.map(|part| part.parse::<u16>().ok());
        Some([values[0]?, values[1]?, values[2]?])
    };
    let [year, month, day] = numbers(date, [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, [2, 2, 2])?;
    let is_valid =
        year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    is_valid.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

fn is_offset(text: &str) -> bool {
    let [b'+' | b'-', h1, h0, b':', m1, m0] = *text.as_bytes() else { return false };
    let is_plain = [h1, h0, m1, m0].iter().all(u8::is_ascii_digit);
    is_plain && [h1, h0] <= *b"14" && m1 <= b'5'
}

fn position(place: &Notes<'_>) -> Option<Position> {
    let degrees = |reference: u16, tag: u16, negative: u8, most: f64| {
        let parts = [place.ratio(tag, 0)?, place.ratio(tag, 1)?, place.ratio(tag, 2)?];
        let degrees = parts[0] + parts[1] / 60.0 + parts[2] / 3600.0;
        let sign = if place.byte(reference)?.eq_ignore_ascii_case(&negative) { -1.0 } else { 1.0 };
        (degrees <= most).then(|| sign * (degrees * 1e7).round() / 1e7)
    };
    let (latitude, longitude) = (degrees(1, 2, b'S', 90.0)?, degrees(3, 4, b'W', 180.0)?);
    // One is below the sea.
    let sign = if place.byte(5) == Some(1) { -1.0 } else { 1.0 };
    Some(Position { latitude, longitude, altitude_m: place.ratio(6, 0).map(|metres| sign * metres) })
}
