//! `/healthz` (alive), `/readyz` (can do its job, or why not) and `/healthcheck` (alive, in an older form).

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use anyhow::{Context, bail};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::route::{get, resource};

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
