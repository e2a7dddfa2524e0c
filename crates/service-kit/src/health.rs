//! `/healthz` (alive), `/readyz` (can do its job, or why not) and `/healthcheck` (alive, in an older form).

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use anyhow::{Context, bail};
use futures::future::BoxFuture;
use rustls::pki_types::ServerName;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::route::{get, resource};
use crate::tls;

/// Looks at each part of the service now.
pub type Checks = Arc<dyn Fn() -> BoxFuture<'static, Vec<(&'static str, Result<(), String>)>> + Send + Sync>;

const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// Adds the three routes.
pub fn configure(config: &mut web::ServiceConfig, checks: Checks) {
    let alive = || async { HttpResponse::Ok().insert_header(NO_STORE).json(json!({ "status": "ok" })) };
    let check = || async { HttpResponse::Ok().insert_header(NO_STORE).json(json!({ "status": 200, "message": "OK" })) };
    let ready = move || {
        let parts = checks();
        async move { readiness(parts.await) }
    };
    config
        .service(resource("/healthz", vec![(Method::GET, get().to(alive))]))
        .service(resource("/healthcheck", vec![(Method::GET, get().to(check))]))
        .service(resource("/readyz", vec![(Method::GET, get().to(ready))]));
}

fn readiness(parts: Vec<(&'static str, Result<(), String>)>) -> HttpResponse {
    let ready = parts.iter().all(|(_, state)| state.is_ok());
    let parts: Map<String, Value> = parts
        .into_iter()
        .map(|(part, state)| (part.to_owned(), state.err().unwrap_or_else(|| "ok".to_owned()).into()))
        .collect();
    let (status, word) = if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    HttpResponse::build(status).insert_header(NO_STORE).json(json!({ "status": word, "parts": parts }))
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
