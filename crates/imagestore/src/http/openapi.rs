//! What the service tells of its addresses: the descriptions that stand at the handlers, put together.

use service_kit::openapi::{API_KEY, BEARER, Common, complete, share};
use service_kit::{health, metrics, openapi};
use shared_types::transform::parameters::TransformParameters;
use url::Url;
use utoipa::openapi::{OpenApi as Document, SecurityRequirement};
use utoipa::{IntoParams, OpenApi};

use super::{compat, delivery, described, page, upload, v1};

/// Answers that any address may give, and those of any that takes a body.
const COMMON: Common =
    Common { everywhere: &["400", "401", "403", "429", "500", "503"], with_body: &["408", "413", "415"] };

#[derive(OpenApi)]
#[openapi(
    info(title = "imagestore", description = "Keeps images and makes any variant of them."),
    tags((name = "images", description = "Images and their records.")),
)]
struct Service;

/// The whole description.
pub(super) fn document(public_url: Option<&Url>) -> Document {
    // On the heap: there are many.
    let parts = vec![
        delivery::description(),
        delivery::info::Description::openapi(),
        delivery::sign::Description::openapi(),
        upload::description::description(),
        upload::replace::Description::openapi(),
        v1::images::Description::openapi(),
        v1::index::Description::openapi(),
        v1::similar::Description::openapi(),
        v1::srcset::Description::openapi(),
        v1::curve::Description::openapi(),
        v1::timeline::Description::openapi(),
        v1::selection::Description::openapi(),
        v1::variants::Description::openapi(),
        v1::albums::Description::openapi(),
        v1::uploads::Description::openapi(),
        v1::compressions::Description::openapi(),
        v1::backfills::Description::openapi(),
        v1::jobs::Description::openapi(),
        v1::leases::Description::openapi(),
        v1::events::Description::openapi(),
        v1::stats::Description::openapi(),
        v1::history::Description::openapi(),
        v1::presets::Description::openapi(),
        v1::health::Description::openapi(),
        v1::admin::Description::openapi(),
        v1::session::Description::openapi(),
        v1::sinks::Description::openapi(),
        page::Description::openapi(),
        compat::albums::Description::openapi(),
        compat::processor::Description::openapi(),
        health::Description::openapi(),
        metrics::Description::openapi(),
        openapi::Description::openapi(),
    ];
    let mut merged = parts.into_iter().fold(Service::openapi(), Document::merge_from);
    share(&mut merged, TransformParameters::into_params(|| None));
    let mut document = complete(merged, COMMON, public_url.map(Url::as_str));
    described::bodies_are_not_null(&mut document);
    described::tell_rates(&mut document);
    // Without a key too: what a caller may do is decided by what is asked for.
    let none = SecurityRequirement::default();
    let one = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
    document.security = Some(vec![none, one(BEARER), one(API_KEY)]);
    document
}
