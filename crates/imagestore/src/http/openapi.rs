//! What the service tells of its addresses: the descriptions that stand at the handlers, put together.

use service_kit::openapi::{API_KEY, BEARER, complete};
use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, SecurityRequirement};

use super::{compat, described, v1};

/// Answers that any address may give.
const EVERYWHERE: [&str; 6] = ["400", "401", "403", "429", "500", "503"];

#[derive(OpenApi)]
#[openapi(
    info(title = "imagestore", description = "Keeps images and makes any variant of them."),
    tags((name = "images", description = "Images and their records.")),
)]
struct Service;

/// The whole description.
pub(super) fn document() -> Document {
    let parts = [
        v1::images::Description::openapi(),
        v1::albums::Description::openapi(),
        v1::uploads::Description::openapi(),
        v1::compressions::Description::openapi(),
        v1::backfills::Description::openapi(),
        v1::jobs::Description::openapi(),
        v1::leases::Description::openapi(),
        v1::events::Description::openapi(),
        v1::stats::Description::openapi(),
        v1::admin::Description::openapi(),
        compat::albums::Description::openapi(),
        compat::processor::Description::openapi(),
    ];
    let mut document = complete(parts.into_iter().fold(Service::openapi(), Document::merge_from), &EVERYWHERE);
    described::bodies_are_not_null(&mut document);
    described::tell_rates(&mut document);
    // Without a key too: what a caller may do is decided by what is asked for.
    let none = SecurityRequirement::default();
    let one = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
    document.security = Some(vec![none, one(BEARER), one(API_KEY)]);
    document
}
