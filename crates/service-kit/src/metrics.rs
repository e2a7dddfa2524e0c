//! `/metrics`: figures in the text format of Prometheus (`OpenMetrics`).

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use futures::future::BoxFuture;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use utoipa::OpenApi;

use crate::http::route::{get, resource};

/// What a request is counted under. The route is the pattern, not the path: its number is small and known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// The figures of a process.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram>,
}

/// Brings figures up to date that are not kept as things happen.
pub type Refresh = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Default for Metrics {
    fn default() -> Self {
        let (requests, mut registry) = (Family::default(), Registry::default());
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        registry.register("http_requests", "Requests that were answered", Family::clone(&requests));
        registry.register("http_request_seconds", "Time until the head of the answer", Family::clone(&seconds));
        Self { registry: Mutex::new(registry), requests, seconds }
    }
}

/// Times of requests: from a millisecond to about half a minute.
pub fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Metrics {
    /// Adds further figures.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts a request.
    pub(crate) fn observe(&self, method: &Method, route: Option<String>, status: u16, time: Duration) {
        let route = route.unwrap_or_else(|| "none".to_owned());
        // A client may write any method: only those that a route knows are names.
        let method = if is_common(method) { method.to_string() } else { "other".to_owned() };
        self.seconds.get_or_create(&Route { route: route.clone() }).observe(time.as_secs_f64());
        self.requests.get_or_create(&Request { method, route, status }).inc();
    }

    fn text(&self) -> String {
        let mut page = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = text::encode(&mut page, &registry) {
            // Writing to a string does not fail.
            let _ = writeln!(page, "# {error}");
        }
        page
    }
}

fn is_common(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(page))]
pub struct Description;

/// Adds the route, and counts the requests of this server.
pub fn configure(config: &mut web::ServiceConfig, metrics: &Arc<Metrics>, refresh: Refresh) {
    config
        .app_data(web::Data::from(Arc::clone(metrics)))
        .app_data(web::Data::new(refresh))
        .service(resource("/metrics", vec![(Method::GET, get().to(page))]));
}

/// Figures for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "getMetrics",
    responses((
        status = 200, description = "Figures in the text format of OpenMetrics.", body = String,
        content_type = "application/openmetrics-text", example = json!("# EOF"),
    )),
)]
async fn page(metrics: web::Data<Metrics>, refresh: web::Data<Refresh>) -> HttpResponse {
    refresh().await;
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(metrics.text())
}
