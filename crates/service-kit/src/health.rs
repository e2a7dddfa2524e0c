//! `/healthz` (alive), `/readyz` (can do its job, or why not) and `/healthcheck` (alive, in an older form).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use anyhow::{Context, bail};
use futures::future::BoxFuture;
use rustls::pki_types::ServerName;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use utoipa::{OpenApi, ToSchema};

use crate::http::route::{get, resource};
use crate::tls;

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
pub async fn ask(bind: &str, by_tls: bool) -> anyhow::Result<()> {
    let address = bind.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
    let asked = tokio::time::timeout(Duration::from_secs(5), status_line(&address, by_tls)).await;
    let status = asked
        .with_context(|| format!("{address} does not answer"))?
        .with_context(|| format!("cannot ask {address}"))?;
    if status.contains(" 200 ") { Ok(()) } else { bail!("{address} is not ready: {status}") }
}

async fn status_line(address: &str, by_tls: bool) -> anyhow::Result<String> {
    let stream = TcpStream::connect(address).await?;
    if !by_tls {
        return answer_of(stream, address).await;
    }
    let name = ServerName::from(stream.peer_addr()?.ip());
    let connector = TlsConnector::from(Arc::new(tls::client_of_own_machine()?));
    answer_of(connector.connect(name, stream).await?, address).await
}

async fn answer_of(mut stream: impl AsyncRead + AsyncWrite + Unpin, address: &str) -> anyhow::Result<String> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream.take(64 * 1024)).read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}
