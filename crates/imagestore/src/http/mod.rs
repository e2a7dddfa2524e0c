//! The HTTP side: read a request, call one use case, write the answer. No SQL, no pixels.

mod access;
mod archive;
mod compat;
mod delivery;
mod described;
mod documents;
mod facts;
mod json;
mod markup;
pub(crate) mod metrics;
mod openapi;
mod page;
mod query;
mod then;
mod upload;
mod v1;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use service_kit::http::ApiError;
use service_kit::http::route::{get, packed, resource};
use shared_types::transform::Presets;
use tokio::sync::Semaphore;
use url::Url;

use crate::app::{AndThen, Services};
use crate::domain::{Caller, Event, Job, StoreError};

/// What handlers need beside the use cases.
#[derive(Clone)]
pub struct HttpState {
    /// The use cases.
    pub services: Services,
    /// The address that clients know the service by; without it each answer uses the request's own.
    pub public_url: Option<Url>,
    /// Bounds of request bodies.
    pub bodies: BodyLimits,
    /// Parameters under a name.
    pub presets: Arc<Presets>,
    /// Whether the service describes itself.
    pub swagger: bool,
    /// Whether it has a page for people.
    pub page: bool,
}

impl HttpState {
    /// The address for documents that answer no request: the public one, or none.
    pub fn known_url(&self) -> String {
        self.public_url.as_ref().map(documents::bare).unwrap_or_default()
    }
}

/// The end of a job, as those are told who asked for it.
pub fn write_job(base: &str, job: &Job) -> Vec<u8> {
    // Texts, numbers and maps with texts as keys always serialise.
    serde_json::to_vec(&documents::job_document(base, job)).unwrap_or_default()
}

/// What happened, as the live feed tells it.
pub fn write_event(base: &str, event: &Event) -> String {
    v1::events::text(base, event)
}

/// What an upload asks to be done with its image, as those words are read that come with it.
pub fn read_then(words: &str, presets: &Presets) -> Result<Vec<AndThen>, StoreError> {
    Ok(then::parse(Some(words), presets)?)
}

/// Signs an address such as `/i/ID.webp?w=512`, so that anybody may use it for so long; gives all of it.
///
/// # Errors
/// Nothing could be sent at that address.
pub async fn sign(
    services: &Services,
    presets: &Presets,
    public_url: Option<&Url>,
    caller: &Caller,
    (address, holds): (&str, Duration),
) -> Result<String, ApiError> {
    let signed = delivery::sign::address(services, presets, caller, address, holds).await?;
    Ok(public_url.map(documents::bare).unwrap_or_default() + &signed.path_and_query)
}

/// The description of every address (`OpenAPI` 3.1).
pub fn describe(public_url: Option<&Url>) -> utoipa::openapi::OpenApi {
    openapi::document(public_url)
}

/// Bounds of request bodies.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// A JSON document, which is held in memory.
    pub json_bytes: usize,
    /// How many JSON documents are held at once.
    pub json_uploads: Arc<Semaphore>,
    /// Files in one multipart body.
    pub files: usize,
    /// The longest pause between two pieces of a body.
    pub pause: Duration,
    /// How many clients watch events at once.
    pub watchers: Arc<Semaphore>,
}

/// Every route of the service except health.
pub fn configure(config: &mut ServiceConfig, state: HttpState) {
    let original = || vec![(Method::GET, get().to(delivery::deliver))];
    let uploads = || vec![(Method::POST, web::post().to(upload::upload)), (Method::PUT, web::put().to(upload::upload))];
    let mut images = uploads();
    images.push((Method::GET, get().to(v1::images::list)));
    let image = vec![
        (Method::GET, get().to(v1::images::get)),
        (Method::PATCH, web::patch().to(v1::images::change)),
        (Method::DELETE, web::delete().to(v1::images::delete)),
    ];
    let variants =
        vec![(Method::GET, get().to(v1::variants::list)), (Method::DELETE, web::delete().to(v1::variants::purge))];
    let variant = vec![(Method::PUT, web::put().to(v1::variants::put))];
    let has_page = state.page;
    config
        .app_data(web::Data::new(state))
        .configure(|config| page::configure(config, has_page))
        .service(resource("/i/{id}.json", vec![(Method::GET, get().to(delivery::info))]))
        .service(resource("/i/{file}", original()))
        .service(resource("/download/{file}", original()))
        .service(resource("/upload", uploads()))
        .service(resource("/upload/{name}", vec![(Method::PUT, web::put().to(upload::upload))]))
        .service(resource("/v1/images", images).wrap(packed()))
        .configure(v1::images)
        .service(resource("/v1/images/{id}", image))
        .service(resource("/v1/images/{id}/file", vec![(Method::PUT, web::put().to(upload::replace::replace))]))
        .service(resource("/v1/images/{id}/restore", vec![(Method::POST, web::post().to(v1::images::restore))]))
        .service(resource("/v1/images/{id}/similar", vec![(Method::GET, get().to(v1::similar::list))]))
        .service(resource("/v1/images/{id}/curve", vec![(Method::GET, get().to(v1::curve::get))]))
        .service(resource("/v1/images/{id}/srcset", vec![(Method::GET, get().to(v1::srcset::get))]))
        .service(resource("/v1/images/{id}/sign", vec![(Method::POST, web::post().to(delivery::sign::sign))]))
        .service(resource("/v1/images/{id}/variants", variants))
        .service(resource("/v1/images/{id}/variants/{name}", variant))
        .configure(v1::jobs)
        .configure(v1::access)
        .configure(v1::sinks::configure)
        .configure(v1::uploads::configure)
        .configure(v1::albums::configure)
        .configure(compat::processor::configure)
        .configure(compat::albums::configure)
        .configure(v1::store);
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let mut answer = ApiError::new(error.code, error.detail);
        answer.parameter = error.parameter;
        answer.image = error.image;
        answer.retry_after = error.retry_after;
        answer.cause = error.cause;
        access::challenged(answer)
    }
}
