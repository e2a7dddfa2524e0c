//! What the service tells of its addresses: the descriptions that stand at the handlers, put together.

use service_kit::openapi::{API_KEY, Address, BEARER, Common, also_at, complete};
use service_kit::{health, metrics, openapi};
use utoipa::OpenApi;
use utoipa::openapi::{HttpMethod, OpenApi as Document, SecurityRequirement};

use super::{compress, index, status};

/// Answers that any address may give.
const COMMON: Common = Common { everywhere: &["400", "500", "503"], with_body: &[] };

#[derive(OpenApi)]
#[openapi(
    info(title = "imagecompress", description = "Makes images of an imagestore smaller and posts them back as variants."),
    tags((name = "compression", description = "Images made smaller.")),
)]
struct Service;

/// The whole description.
pub(super) fn document() -> Document {
    let parts = [
        compress::Description::openapi(),
        status::Description::openapi(),
        index::Description::openapi(),
        health::Description::openapi(),
        metrics::Description::openapi(),
        openapi::Description::openapi(),
    ];
    let mut merged = parts.into_iter().fold(Service::openapi(), Document::merge_from);
    let compress = [
        Address::new(HttpMethod::Post, "/compress/{id}", "postCompress"),
        Address::new(HttpMethod::Get, "/v1/compress/{id}", "compressVersioned"),
        Address::new(HttpMethod::Post, "/v1/compress/{id}", "postCompressVersioned"),
    ];
    also_at(&mut merged, &HttpMethod::Get, "/compress/{id}", compress);
    let status = [Address::new(HttpMethod::Get, "/v1/status/{id}", "getStatusVersioned")];
    also_at(&mut merged, &HttpMethod::Get, "/status/{id}", status);
    let mut document = complete(merged, COMMON, None);
    // Keys are those of the store, to which they are sent on.
    let none = SecurityRequirement::default();
    let one = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
    document.security = Some(vec![none, one(BEARER), one(API_KEY)]);
    document
}
