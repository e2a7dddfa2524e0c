//! `/openapi.json`, and `/swagger/`: the description for programs and for people.

use std::sync::{Arc, LazyLock};

use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ContentEncoding, ContentType, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, web};
use shared_types::ErrorCode;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_swagger_ui::Config;

use super::NotFound;
use crate::http::ApiError;
use crate::http::route::{get, resource};

/// What is told of the description's own addresses.
#[derive(OpenApi)]
#[openapi(paths(description, page, file), tags((name = "service", description = "The service itself.")))]
pub struct Description;

/// The description and the page about it, put together when somebody first asks: a start does not wait for it, and it is done once.
#[derive(Clone)]
pub struct Pages(Arc<Lazy>);

type Lazy = LazyLock<Written, Box<dyn FnOnce() -> Written + Send>>;

/// The description as it is sent, and what the page about it is made of.
struct Written {
    document: Bytes,
    config: Arc<Config<'static>>,
    policy: String,
}

impl Pages {
    /// Those of the service that describes itself so.
    pub fn new(describe: impl FnOnce() -> Document + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(|| Written::of(&describe())))))
    }
}

impl Written {
    fn of(document: &Document) -> Self {
        // Relative to the page, so that it is found behind a proxy that puts a folder in front; and nothing is asked of a validator elsewhere.
        let ui = Config::from("../openapi.json").validator_url("none").use_base_layout().try_it_out_enabled(true);
        // Texts, numbers and maps with texts as keys always serialise.
        let text = serde_json::to_vec(document).unwrap_or_default();
        Self { document: text.into(), config: Arc::new(ui), policy: policy(document) }
    }
}

/// Adds `/openapi.json` and the page at `/swagger/`.
pub fn configure(config: &mut web::ServiceConfig, pages: &Pages) {
    config
        .app_data(Data::from(Arc::clone(&pages.0)))
        .service(resource("/openapi.json", vec![(Method::GET, get().to(description))]))
        .service(resource("/swagger", vec![(Method::GET, get().to(page))]))
        .service(resource("/swagger/{file:.*}", vec![(Method::GET, get().to(file))]));
}

/// The page's own files, pictures that were answered, and requests to the service where it says that it is.
fn policy(document: &Document) -> String {
    let servers =
        document.servers.iter().flatten().fold(String::new(), |servers, server| servers + " " + &server.url + "/");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         connect-src 'self'{servers}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// This description of the service, for programs.
#[utoipa::path(
    get, path = "/openapi.json", tag = "service", operation_id = "getDescription",
    responses((status = 200, description = "A document of OpenAPI 3.1.", body = Object, content_type = "application/json")),
)]
async fn description(pages: Data<Lazy>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(ContentType::json())
        .body(pages.document.clone())
}

/// Where the page is.
#[utoipa::path(
    get, path = "/swagger", tag = "service", operation_id = "findPage",
    responses((
        status = 307, description = "The page has a slash at the end.",
        headers(("Location" = String, description = "`swagger/`, relative to this address.")),
    )),
)]
async fn page() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "swagger/")).finish()
}

/// This description as a page on which requests can be tried, and the files that it is made of.
#[utoipa::path(
    get, path = "/swagger/{file}", tag = "service", operation_id = "getPage",
    params(("file" = String, Path, description = "A file of the page; none is `index.html`.", example = "index.html")),
    responses(
        (
            status = 200, description = "The file.",
            content((String = "text/html"), (String = "text/css"), (String = "text/javascript"), (String = "image/png")),
            headers(("Content-Security-Policy" = String, description = "Nothing but files of the page is run or shown.")),
        ),
        (status = 404, response = NotFound),
    ),
)]
async fn file(request: HttpRequest, pages: Data<Lazy>) -> Result<HttpResponse, ApiError> {
    let name = request.match_info().get("file").unwrap_or_default();
    let found = utoipa_swagger_ui::serve(name, Arc::clone(&pages.config)).map_err(|error| {
        ApiError::new(ErrorCode::Internal, "The page cannot be put together.").caused_by(anyhow::anyhow!("{error}"))
    })?;
    let Some(file) = found else {
        return Err(ApiError::new(ErrorCode::NoRoute, "The page has no such file; it is at /swagger/."));
    };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CONTENT_SECURITY_POLICY, pages.policy.as_str()));
    if file.gzpipped {
        answer.insert_header((CONTENT_ENCODING, ContentEncoding::Gzip));
    }
    Ok(answer.body(file.bytes.into_owned()))
}
