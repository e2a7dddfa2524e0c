//! The head and body of an answer with a picture in it.

use std::time::{Duration, SystemTime};

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, EntityTag, HeaderName, HeaderValue, HttpDate};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use jiff::Timestamp;
use service_kit::http::ApiError;
use shared_types::transform::FormatChoice;
use shared_types::wire::VariantFigures;
use shared_types::{ErrorCode, ImageFormat, TransformQuery};

use super::conditional::{Part, part};
use crate::app::{Content, ContentBytes, Delivery, Lifetime, Presented};
use crate::domain::{Audience, ImageName, Visibility};
use crate::http::access::cookie;

/// What came from a user is never run: no script, no style, no frame, no origin.
const CSP: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// For those alone who may see the image, and asked for each time: who that is can change.
const PRIVATE: &str = "private, no-cache";

/// How long the bytes behind a URL may be kept by others, in seconds, and what else is said to them.
fn freshness(delivery: &Delivery, preset: bool) -> (i64, &'static str) {
    match delivery.lifetime {
        // They never change.
        Lifetime::Immutable if !preset => (31_536_000, ", immutable"),
        // Where they do, those who are told of it have another address, and whoever reloads the page asks for them.
        Lifetime::Lasting if !preset => (31_536_000, ""),
        // A named variant can be made anew, an original replaced again, and a preset changed, under the same URL.
        Lifetime::Immutable | Lifetime::Lasting | Lifetime::Replaceable => (300, ", stale-while-revalidate=86400"),
        // Something better is being made.
        Lifetime::Soon => (10, ", stale-while-revalidate=60"),
    }
}

fn cache_control(delivery: &Delivery, facets: &Facets) -> String {
    let (seconds, further) = freshness(delivery, facets.preset);
    let is_private = delivery.image.visibility == Visibility::Private;
    match facets.audience {
        // What is kept is not used for longer than the address holds.
        Audience::Until(end) => {
            let seconds = seconds.min(end.duration_since(Timestamp::now()).as_secs().max(0));
            format!("{}, max-age={seconds}", if is_private { "private" } else { "public" })
        }
        Audience::Anyone if !is_private => format!("public, max-age={seconds}{further}"),
        Audience::Anyone | Audience::Caller => PRIVATE.to_owned(),
    }
}

/// What of the request shapes the head beside the representation itself.
pub(super) struct Facets {
    vary: String,
    hinted: bool,
    download: Option<String>,
    preset: bool,
    audience: Audience,
}

impl Facets {
    pub(super) fn new(query: &TransformQuery, download: Option<String>, preset: bool, audience: Audience) -> Self {
        let mut vary = Vec::new();
        if query.format == FormatChoice::Auto {
            vary.push("Accept");
        }
        if query.varies_by_width {
            vary.push("Sec-CH-Width, Width");
        }
        if query.varies_by_dpr {
            vary.push("Sec-CH-DPR, DPR");
        }
        let hinted = query.varies_by_width || query.varies_by_dpr;
        Self { vary: vary.join(", "), hinted, download, preset, audience }
    }
}

/// Validators and headers of one representation.
pub(super) struct Representation {
    pub(super) etag: EntityTag,
    /// In whole seconds, as HTTP dates are.
    pub(super) last_modified: SystemTime,
    format: ImageFormat,
    cache_control: String,
    facets: Facets,
    disposition: String,
}

impl Representation {
    pub(super) fn new(delivery: &Delivery, facets: Facets) -> Self {
        let whole_seconds = delivery.last_modified.as_second().try_into().unwrap_or_default();
        Self {
            etag: EntityTag::new_strong(delivery.etag.to_string()),
            last_modified: SystemTime::UNIX_EPOCH + Duration::from_secs(whole_seconds),
            format: delivery.format,
            cache_control: cache_control(delivery, &facets),
            disposition: disposition(facets.download.as_deref(), delivery),
            facets,
        }
    }

    /// 304 with the headers that a 200 would have had, as far as caches need them.
    pub(super) fn not_modified(&self) -> HttpResponse {
        let mut answer = HttpResponse::NotModified();
        self.caching(&mut answer);
        answer.finish()
    }

    /// How long an address of the storage's own may hold: no longer than the one that was asked for.
    pub(super) fn lifetime(&self, most: Duration) -> Duration {
        match self.facets.audience {
            Audience::Until(end) => {
                let left = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
                most.min(left).max(Duration::from_secs(1))
            }
            Audience::Anyone | Audience::Caller => most,
        }
    }

    /// What the storage is to say of the bytes.
    pub(super) fn presented(&self) -> Presented {
        Presented {
            media_type: self.format.media_type().to_owned(),
            disposition: (!self.disposition.is_empty()).then(|| self.disposition.clone()),
            cache_control: self.cache_control.clone(),
        }
    }

    /// 302 to an address that holds for so long. What is kept of the answer leads there for half of that time, so that there is the other half
    /// to follow it.
    pub(super) fn found_at(&self, address: &str, lifetime: Duration) -> HttpResponse {
        let seconds = lifetime.as_secs() / 2;
        let cache_control = match self.cache_control.split_once("max-age=") {
            Some((whose, _)) => format!("{whose}max-age={seconds}"),
            None => self.cache_control.clone(),
        };
        let mut answer = HttpResponse::Found();
        answer.insert_header((header::LOCATION, address)).insert_header((header::CACHE_CONTROL, cache_control));
        answer.insert_header((header::VARY, cookie::REQUESTED_WITH.as_str()));
        if !self.facets.vary.is_empty() {
            answer.append_header((header::VARY, self.facets.vary.as_str()));
        }
        answer.finish()
    }

    fn caching(&self, answer: &mut HttpResponseBuilder) {
        answer
            .insert_header(header::ETag(self.etag.clone()))
            .insert_header((header::LAST_MODIFIED, HttpDate::from(self.last_modified)))
            .insert_header((header::CACHE_CONTROL, self.cache_control.as_str()));
        if !self.facets.vary.is_empty() {
            answer.insert_header((header::VARY, self.facets.vary.as_str()));
        }
        if self.facets.hinted {
            answer.insert_header((HeaderName::from_static("accept-ch"), "Sec-CH-Width, Sec-CH-DPR, Width, DPR"));
        }
    }

    fn head(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut answer = HttpResponse::build(status);
        self.caching(&mut answer);
        answer
            .insert_header((header::CONTENT_TYPE, self.format.media_type()))
            .insert_header((header::ACCEPT_RANGES, "bytes"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::CONTENT_SECURITY_POLICY, CSP))
            .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
        if !self.disposition.is_empty() {
            answer.insert_header((header::CONTENT_DISPOSITION, self.disposition.as_str()));
        }
        answer
    }
}

/// What the maker of a variant reported, as headers.
fn told(figures: &VariantFigures) -> impl Iterator<Item = (&'static str, String)> {
    let known = [
        ("x-image-score", figures.score.map(|score| format!("{score:.2}"))),
        ("x-image-quality", figures.quality.map(|quality| quality.to_string())),
        ("x-image-tries", figures.tries.map(|tries| tries.to_string())),
        ("x-image-source-bytes", Some(figures.source_bytes.to_string())),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

/// Sends all of the content or the range that was asked for.
pub(super) fn send(
    request: &HttpRequest,
    representation: &Representation,
    content: Content,
) -> Result<HttpResponse, ApiError> {
    let len = content.bytes.size();
    let range = match part(request, representation, len) {
        Part::Outside => return Err(outside(len)),
        Part::Whole => None,
        Part::Bytes(range) => Some(range),
    };
    let mut answer = match &range {
        None => representation.head(StatusCode::OK),
        Some(range) => {
            let mut answer = representation.head(StatusCode::PARTIAL_CONTENT);
            answer.insert_header((header::CONTENT_RANGE, format!("bytes {}-{}/{len}", range.start, range.end - 1)));
            answer
        }
    };
    for (name, value) in content.figures.iter().flat_map(told) {
        answer.insert_header((HeaderName::from_static(name), value));
    }
    let range = range.unwrap_or(0..len);
    Ok(match content.bytes {
        // The range lies within the bytes, so both ends fit.
        ContentBytes::Memory(bytes) => answer.body(bytes.slice(range.start as usize..range.end as usize)),
        ContentBytes::Blob(reader) => answer.body(SizedStream::new(range.end - range.start, reader.stream(range))),
    })
}

fn outside(len: u64) -> ApiError {
    let detail = format!("The representation has {len} bytes; ask for a range within them.");
    let mut error = ApiError::new(ErrorCode::RangeNotSatisfiable, detail).parameter("Range");
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{len}")) {
        error.headers.push((header::CONTENT_RANGE, value));
    }
    error
}

/// `attachment` with a name when a download is asked for, and always for what may hold scripts; else nothing: the browser shows the picture.
fn disposition(download: Option<&str>, delivery: &Delivery) -> String {
    let always = delivery.format.is_vector().then_some("");
    let Some(asked) = download.or(always) else { return String::new() };
    let name = ImageName::from_client(asked).map_or_else(|| own_name(delivery), |name| name.as_str().to_owned());
    let plain = name.is_ascii() && !name.contains(['"', '\\', '%', ';']);
    if plain {
        return format!("attachment; filename=\"{name}\"");
    }
    let fallback: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

/// The upload's own name with the extension of what is sent, or the id.
fn own_name(delivery: &Delivery) -> String {
    let name = delivery.image.name.as_ref().map(ImageName::as_str).unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let id = delivery.image.id.to_string();
    format!("{}.{}", if stem.is_empty() { &id } else { stem }, delivery.format.extension())
}
