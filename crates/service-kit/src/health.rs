//! `/healthz` (alive), `/readyz` (can do its job, or why not) and `/healthcheck` (alive, in an older form).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use anyhow::{Context, bail};
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use utoipa::{OpenApi, ToSchema};

use crate::http::route::{get, resource};

/// Looks at each part of the service now.
pub type Checks = Arc<dyn Fn() -> BoxFuture<'static, Vec<(&'static str, Result<(), String>)>> + Send + Sync>;

const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(alive, check, ready), tags((name = "service", description = "The service itself.")))]
pub struct Description;

/// Adds the three routes.
pub fn configure(config: &mut web::ServiceConfig, checks: Checks) {
    config
        .app_data(web::Data::new(checks))
        .service(resource("/healthz", vec![(Method::GET, get().to(alive))]))
        .service(resource("/healthcheck", vec![(Method::GET, get().to(check))]))
        .service(resource("/readyz", vec![(Method::GET, get().to(ready))]));
}

/// That the service is alive.
#[derive(Serialize, ToSchema)]
struct AliveDocument {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// The same in an older form.
#[derive(Serialize, ToSchema)]
struct CheckDocument {
    /// Always 200.
    #[schema(example = 200)]
    status: u16,
    /// Always `OK`.
    #[schema(example = "OK")]
    message: &'static str,
}

/// Whether the service can do its job.
#[derive(Serialize, ToSchema)]
struct ReadyDocument {
    /// `ready` or `not ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// `ok` of each part that works, and what is wrong with the others.
    parts: BTreeMap<&'static str, String>,
}

/// Whether the service is alive.
#[utoipa::path(
    get, path = "/healthz", tag = "service", operation_id = "isAlive",
    responses((status = 200, description = "It is.", body = AliveDocument)),
)]
async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header(NO_STORE).json(AliveDocument { status: "ok" })
}

/// Whether the service is alive, in an older form.
#[utoipa::path(
    get, path = "/healthcheck", tag = "service", operation_id = "check",
    responses((status = 200, description = "It is.", body = CheckDocument)),
)]
async fn check() -> HttpResponse {
    HttpResponse::Ok().insert_header(NO_STORE).json(CheckDocument { status: 200, message: "OK" })
}

/// Whether the service can do its job, or why not.
#[utoipa::path(
    get, path = "/readyz", tag = "service", operation_id = "isReady",
    responses(
        (status = 200, description = "It can.", body = ReadyDocument),
        (status = 503, description = "It cannot: `parts` says why.", body = ReadyDocument),
    ),
)]
async fn ready(checks: web::Data<Checks>) -> HttpResponse {
    let parts = checks().await;
    let is_ready = parts.iter().all(|(_, state)| state.is_ok());
    let parts = parts.into_iter().map(|(part, state)| (part, state.err().unwrap_or_else(|| "ok".to_owned()))).collect();
    let (code, status) =
        if is_ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    HttpResponse::build(code).insert_header(NO_STORE).json(ReadyDocument { status, parts })
}

/// Asks a service on this machine whether it is ready, as a container's health check does.
pub async fn ask(bind: &str) -> anyhow::Result<()> {
    let address = bind.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
    let asked = tokio::time::timeout(Duration::from_secs(5), status_line(&address)).await;
    let status = asked
        .with_context(|| format!("{address} does not answer"))?
        .with_context(|| format!("cannot ask {address}"))?;
    if status.contains(" 200 ") { Ok(()) } else { bail!("{address} is not ready: {status}") }
}

async fn status_line(address: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
