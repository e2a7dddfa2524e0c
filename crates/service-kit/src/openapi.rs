//! The description of a service's HTTP interface (`OpenAPI` 3.1), and a page to try it on.
//!
//! Each handler carries its own description (`#[utoipa::path]`). A service merges those of its modules and hands them to [`complete`], which
//! adds what all have in common.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use shared_types::Problem;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{PartialSchema, ToResponse, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::route::{get, resource};

/// Where the description is.
const DOCUMENT: &str = "/openapi.json";

/// A key in `Authorization: Bearer`, by the name that a handler's `security` has for it.
pub const BEARER: &str = "bearer";

/// A key in `X-Api-Key`, likewise.
pub const API_KEY: &str = "api_key";

/// Adds `/openapi.json` and the page at `/swagger/`.
pub fn configure(config: &mut web::ServiceConfig, document: &Arc<OpenApi>) {
    let document = Arc::clone(document);
    let answer = move || {
        let document = Arc::clone(&document);
        async move { HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).json(&*document) }
    };
    config
        .service(resource(DOCUMENT, vec![(Method::GET, get().to(answer))]))
        .service(web::redirect("/swagger", "/swagger/"))
        .service(SwaggerUi::new("/swagger/{_:.*}").config(Config::from(DOCUMENT)));
}

macro_rules! refusals {
    ($($name:ident = $status:literal, $sentence:literal;)+) => {
        $(
            #[doc = concat!("The answer ", $status, ". ", $sentence)]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl<'r> ToResponse<'r> for $name {
                fn response() -> (&'r str, RefOr<Response>) {
                    (stringify!($name), RefOr::T(refusal($sentence)))
                }
            }
        )+

        /// Every answer that is a problem document: its status, name and description.
        fn refusals() -> Vec<(&'static str, &'static str, RefOr<Response>)> {
            let mut all = Vec::new();
            $({
                let (name, response) = $name::response();
                all.push(($status, name, response));
            })+
            all
        }
    };
}

// What `responses` of handlers refer to, as in `(status = 404, response = NotFound)`.
refusals! {
    BadRequest = "400", "A part of the request is unknown, malformed, out of range or contradictory; `parameter` names it.";
    Unauthorized = "401", "A key is needed, or the one that was shown is not valid.";
    Forbidden = "403", "The key, or the signature, does not allow that.";
    NotFound = "404", "There is nothing of that id or name, or the caller may not know of it.";
    RequestTimeout = "408", "The request took too long to arrive.";
    Conflict = "409", "That does not go together with the state of things.";
    Gone = "410", "It is gone for good.";
    PreconditionFailed = "412", "A precondition does not hold.";
    TooLarge = "413", "More bytes or pixels than the limits allow.";
    UnsupportedType = "415", "The type of the body, or the format of the picture, is not one that is taken here.";
    RangeNotSatisfiable = "416", "The range lies outside the file.";
    Unprocessable = "422", "A picture that cannot be decoded, or a goal that cannot be reached.";
    Locked = "423", "Another request is writing there.";
    TooMany = "429", "More requests, images or bytes than the user may have.";
    ChecksumMismatch = "460", "The bytes are not those of the checksum.";
    Fault = "500", "A fault of the service; the log has the cause under `request_id`.";
    BadUpstream = "502", "The other server failed.";
    Busy = "503", "The service is busy, or a part of it does not work; `Retry-After` says when to come back.";
    UpstreamTimeout = "504", "The other server did not answer in time.";
    Full = "507", "The storage is full.";
}

/// A problem document.
fn refusal(sentence: &str) -> Response {
    let schema = Ref::from_schema_name(Problem::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(sentence).content("application/problem+json", content).build()
}

/// Adds what all operations have in common: the answers of these statuses (`everywhere`) to each, the problem document, and the two ways
/// to show a key where a `security` names them.
#[must_use]
pub fn complete(mut document: OpenApi, everywhere: &[&str]) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut nested = Vec::new();
    Problem::schemas(&mut nested);
    components.schemas.extend(nested);
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("An API key.")).build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components.add_security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Api-Key"))));
    let known = refusals();
    for (_, name, response) in &known {
        components.responses.insert((*name).to_owned(), response.clone());
    }
    for item in document.paths.paths.values_mut() {
        let verbs = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        for operation in verbs.into_iter().flatten() {
            for (status, name, _) in known.iter().filter(|(status, ..)| everywhere.contains(status)) {
                let shared = || RefOr::Ref(Ref::from_response_name(*name));
                operation.responses.responses.entry((*status).to_owned()).or_insert_with(shared);
            }
        }
    }
    document
}
