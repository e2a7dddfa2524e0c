//! XMP (ISO 16684-1): properties in RDF/XML, as attributes or as elements.

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};

/// Parts of names that tell a place, in whatever namespace: `exif:GPSLatitude`, `drone-dji:GpsLongtitude`.
const PLACE: [&str; 4] = ["gps", "latitud", "longit", "longtit"];

/// Names of properties that are about the old file.
const OLD_FILE: [&str; 9] = [
    "orientation",
    "imagewidth",
    "imagelength",
    "pixelxdimension",
    "pixelydimension",
    "colorspace",
    "iccprofile",
    "thumbnails",
    "hasextendedxmp",
];

/// Prefixes of schemes that describe what follows the picture in the old file: gain maps, videos, depth.
const APPENDED: [&str; 8] = ["hdrgm", "container", "gcontainer", "gcamera", "gimage", "gaudio", "gdepth", "item"];

/// The XMP of another picture of the same photo; `None` if it is not plain XML in UTF-8, which cannot be corrected for sure.
pub(super) fn corrected(xmp: &[u8], place: bool) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(xmp).ok()?.trim_end_matches('\0');
    let mut reader = Reader::from_str(text);
    let mut writer = Writer::new(Vec::new());
    // How many elements are open within one that is left out.
    let mut left_out = 0_usize;
    let mut open = 0_usize;
    loop {
        let event = reader.read_event().ok()?;
        match &event {
            Event::Eof => break,
            Event::DocType(_) => return None,
            Event::Start(_) => open += 1,
            Event::End(_) => open = open.checked_sub(1)?,
            _ => {}
        }
        match event {
            Event::Start(_) if left_out > 0 => left_out += 1,
            Event::End(_) if left_out > 0 => left_out -= 1,
            _ if left_out > 0 => {}
            Event::Start(element) if is_dropped(element.name().as_ref(), place) => left_out = 1,
            Event::Empty(element) if is_dropped(element.name().as_ref(), place) => {}
            Event::Start(element) => writer.write_event(Event::Start(filtered(&element, place)?)).ok()?,
            Event::Empty(element) => writer.write_event(Event::Empty(filtered(&element, place)?)).ok()?,
            other => writer.write_event(other).ok()?,
        }
    }
    (open == 0).then(|| writer.into_inner())
}

/// The element without the attributes that are dropped.
fn filtered(element: &BytesStart<'_>, place: bool) -> Option<BytesStart<'static>> {
    let mut kept = BytesStart::new(element.name().as_ref().to_owned());
    // Whether a name is given twice is not looked for: that takes the square of their number.
    for attribute in element.attributes().with_checks(false) {
        let Attribute { key, value } = attribute.ok()?;
        if !is_dropped(key.as_ref(), place) {
            // What stood between single quotes may hold double ones.
            let value = value.replace('"', "&quot;").into();
            kept.push_attribute(Attribute { key, value });
        }
    }
    Some(kept)
}

fn is_dropped(name: &str, place: bool) -> bool {
    let name = name.to_lowercase();
    let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
    // Declarations of namespaces say nothing of the picture.
    if prefix == "xmlns" || name == "xmlns" {
        return false;
    }
    let tells_place = !place && PLACE.iter().any(|part| local.contains(part));
    tells_place || OLD_FILE.contains(&local) || APPENDED.contains(&prefix)
}
