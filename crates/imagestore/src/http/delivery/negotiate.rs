//! What the client's headers say about formats and screens.

use actix_web::HttpRequest;
use actix_web::http::header::{Accept, Header, Quality, QualityItem};
use actix_web::mime::{self, Mime};
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, OutputFormat};

/// Formats that a browser must name to get: a wildcard is sent by clients that cannot show them.
const MODERN: [OutputFormat; 3] = [OutputFormat::Avif, OutputFormat::Jxl, OutputFormat::WebP];

/// The modern formats that `Accept` prefers to the source's own, best first. Equal preference goes to the smaller format.
pub(super) fn accepted(request: &HttpRequest, source: ImageFormat) -> Vec<OutputFormat> {
    let Ok(Accept(ranges)) = Accept::parse(request) else { return Vec::new() };
    // What is drawn becomes a PNG where nothing better is taken.
    let source = if source.is_vector() { ImageFormat::Png } else { source };
    let original = preference(&ranges, source.media_type()).unwrap_or(Quality::ZERO);
    let named = |format: OutputFormat| {
        let media_type = ImageFormat::from(format).media_type();
        let range = ranges.iter().find(|range| range.item.essence_str() == media_type)?;
        (range.quality > Quality::ZERO && range.quality >= original).then_some((format, range.quality))
    };
    let mut formats: Vec<_> = MODERN.into_iter().filter_map(named).collect();
    formats.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    formats.into_iter().map(|(format, _)| format).collect()
}

/// The quality that the most specific matching range gives a media type (RFC 9110, section 12.5.1).
fn preference(ranges: &[QualityItem<Mime>], media_type: &str) -> Option<Quality> {
    let specificity = |range: &Mime| match (range.type_(), range.subtype()) {
        _ if range.essence_str() == media_type => Some(2),
        (mime::IMAGE, mime::STAR) => Some(1),
        (mime::STAR, mime::STAR) => Some(0),
        _ => None,
    };
    ranges
        .iter()
        .filter_map(|range| Some((specificity(&range.item)?, range.quality)))
        .max_by_key(|(specificity, _)| *specificity)
        .map(|(_, quality)| quality)
}

/// Client hints, by their present names first. A hint that cannot be read is as good as none.
pub(super) fn hints(request: &HttpRequest) -> ClientHints {
    let number = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| request.headers().get(name))?;
        value.to_str().ok()?.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0)
    };
    ClientHints {
        width: number(["sec-ch-width", "width"]).map(|width| width.ceil() as u32),
        dpr: number(["sec-ch-dpr", "dpr"]),
    }
}
