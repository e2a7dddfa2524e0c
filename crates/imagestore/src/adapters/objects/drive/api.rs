//! Requests to Google Drive, by whoever a refresh token is for.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RANGE};
use http::{Method, Request, Response, StatusCode};
use opendal::{Buffer, BytesRange, Error, ErrorKind, HttpBody, OperationContext, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use service_kit::config::Secret;
use tokio::sync::Mutex;
use url::form_urlencoded;

use crate::adapters::objects::bucket::ObjectSettings;

/// What is told of a file.
pub(super) const FIELDS: &str = "id,name,size,md5Checksum,modifiedTime,trashed";

/// Where Google answers, and who asks.
pub(super) struct Api {
    files: String,
    uploads: String,
    tokens: String,
    client_id: Secret,
    client_secret: Secret,
    refresh_token: Secret,
    token: Mutex<Option<Token>>,
}

struct Token {
    bearer: HeaderValue,
    until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl Api {
    pub(super) fn new(endpoint: Option<&str>, settings: &ObjectSettings) -> Self {
        let at = |usual: &'static str| endpoint.unwrap_or(usual).trim_end_matches('/').to_owned();
        Self {
            files: format!("{}/drive/v3/files", at("https://www.googleapis.com")),
            uploads: format!("{}/upload/drive/v3/files", at("https://www.googleapis.com")),
            tokens: format!("{}/token", at("https://oauth2.googleapis.com")),
            client_id: settings.access_key.clone(),
            client_secret: settings.secret_key.clone(),
            refresh_token: settings.refresh_token.clone(),
            token: Mutex::new(None),
        }
    }

    /// What is told of one file, or of a list of them.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        ctx: &OperationContext,
        id: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let request = request(Method::GET, &address(&self.files, id, query), "", Buffer::new())?;
        document(self.send(ctx, request).await?)
    }

    /// The bytes of a file.
    pub(super) async fn bytes(
        &self,
        ctx: &OperationContext,
        id: &str,
        range: BytesRange,
    ) -> Result<Response<HttpBody>> {
        let address = address(&self.files, id, &[("alt", "media")]);
        let mut request = request(Method::GET, &address, "", Buffer::new())?;
        if !range.is_full() {
            request.headers_mut().insert(RANGE, header(&range.to_header())?);
        }
        let bearer = self.bearer(ctx).await?;
        let response = ctx.http_transport().fetch(signed(&request, &bearer)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.discard(&bearer).await;
        ctx.http_transport().fetch(signed(&request, &self.bearer(ctx).await?)).await
    }

    /// Makes something that has no bytes, such as a folder.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        ctx: &OperationContext,
        told: &serde_json::Value,
    ) -> Result<T> {
        let body = Buffer::from(Bytes::from(told.to_string()));
        let request =
            request(Method::POST, &address(&self.files, "", &[("fields", FIELDS)]), "application/json", body)?;
        document(self.send(ctx, request).await?)
    }

    /// Begins to send a file; gives the address that its pieces are sent to.
    pub(super) async fn begin(&self, ctx: &OperationContext, told: &serde_json::Value) -> Result<String> {
        let query = [("uploadType", "resumable"), ("fields", FIELDS)];
        let body = Buffer::from(Bytes::from(told.to_string()));
        let request = request(Method::POST, &address(&self.uploads, "", &query), "application/json", body)?;
        let response = self.send(ctx, request).await?;
        let session = response.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        match session.filter(|_| response.status().is_success()) {
            Some(session) => Ok(session),
            None => Err(fault(response.status(), response.body())),
        }
    }

    /// Sends a piece of a file, or asks how much has arrived.
    pub(super) async fn piece(
        &self,
        ctx: &OperationContext,
        session: &str,
        range: &str,
        piece: Buffer,
    ) -> Result<Response<Buffer>> {
        let mut request = request(Method::PUT, session, "application/octet-stream", piece)?;
        request.headers_mut().insert("content-range", header(range)?);
        self.send(ctx, request).await
    }

    /// Removes a file for good, or calls a session off. One that is not there is fine.
    pub(super) async fn delete(&self, ctx: &OperationContext, place: &Place<'_>) -> Result<()> {
        /// What a session that was called off is answered with.
        const CALLED_OFF: u16 = 499;
        let address = match place {
            Place::File(id) => address(&self.files, id, &[]),
            Place::Session(session) => (*session).to_owned(),
        };
        let request = request(Method::DELETE, &address, "", Buffer::new())?;
        let response = self.send(ctx, request).await?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            status if status.is_success() || status.as_u16() == CALLED_OFF => Ok(()),
            status => Err(fault(status, response.body())),
        }
    }

    /// Sends a request as whoever the token is for; once more with a new one if the token is not believed any longer.
    async fn send(&self, ctx: &OperationContext, request: Request<Buffer>) -> Result<Response<Buffer>> {
        let bearer = self.bearer(ctx).await?;
        let response = ctx.http_transport().send(signed(&request, &bearer)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.discard(&bearer).await;
        ctx.http_transport().send(signed(&request, &self.bearer(ctx).await?)).await
    }

    async fn discard(&self, bearer: &HeaderValue) {
        let mut token = self.token.lock().await;
        // Another request may have had a new one already.
        if token.as_ref().is_some_and(|token| token.bearer == bearer) {
            *token = None;
        }
    }

    async fn bearer(&self, ctx: &OperationContext) -> Result<HeaderValue> {
        /// So much earlier than it ends a token is not used any more.
        const MARGIN: u64 = 60;
        let mut token = self.token.lock().await;
        if let Some(token) = token.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok(token.bearer.clone());
        }
        // In the body: addresses end up in logs.
        let asked = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", self.client_id.expose())
            .append_pair("client_secret", self.client_secret.expose())
            .append_pair("refresh_token", self.refresh_token.expose())
            .finish();
        let body = Buffer::from(Bytes::from(asked));
        let request = request(Method::POST, &self.tokens, "application/x-www-form-urlencoded", body)?;
        let response = ctx.http_transport().send(request).await?;
        if matches!(response.status(), StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
            return Err(Error::new(ErrorKind::PermissionDenied, "Google gives no token for the refresh token"));
        }
        let granted: Granted = document(response)?;
        let mut bearer = header(&format!("Bearer {}", granted.access_token))?;
        bearer.set_sensitive(true);
        let until = Instant::now() + Duration::from_secs(granted.expires_in.saturating_sub(MARGIN));
        *token = Some(Token { bearer: bearer.clone(), until });
        Ok(bearer)
    }
}

/// What is removed.
pub(super) enum Place<'a> {
    File(&'a str),
    Session(&'a str),
}

fn request(method: Method, address: &str, kind: &str, body: Buffer) -> Result<Request<Buffer>> {
    let mut request = Request::builder().method(method).uri(address).header("content-length", body.len());
    if !kind.is_empty() {
        request = request.header(CONTENT_TYPE, kind);
    }
    request.body(body).map_err(|error| unusable("a request cannot be made").set_source(error))
}

fn signed(request: &Request<Buffer>, bearer: &HeaderValue) -> Request<Buffer> {
    let mut request = request.clone();
    request.headers_mut().insert(AUTHORIZATION, bearer.clone());
    request
}

fn header(text: &str) -> Result<HeaderValue> {
    text.parse()
        .map_err(|error: http::header::InvalidHeaderValue| unusable("a header cannot be sent").set_source(error))
}

fn address(base: &str, id: &str, query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let slash = if id.is_empty() { "" } else { "/" };
    format!("{base}{slash}{id}?{query}")
}

/// The document of an answer.
pub(super) fn document<T: DeserializeOwned>(response: Response<Buffer>) -> Result<T> {
    if !response.status().is_success() {
        return Err(fault(response.status(), response.body()));
    }
    let read = serde_json::from_slice(&response.into_body().to_bytes());
    read.map_err(|error| unusable("Google Drive answers something else than it should").set_source(error))
}

fn unusable(what: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, what)
}

#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    error: Reasons,
}

#[derive(Default, Deserialize)]
struct Reasons {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

/// What an answer means that is no success.
pub(super) fn fault(status: StatusCode, body: &Buffer) -> Error {
    let text = body.to_bytes();
    let told: Told = serde_json::from_slice(&text).unwrap_or_default();
    let reason = told.error.errors.into_iter().next().map(|reason| reason.reason).unwrap_or_default();
    let is_rate = matches!(reason.as_str(), "rateLimitExceeded" | "userRateLimitExceeded" | "dailyLimitExceeded");
    let (kind, passes) = match status.as_u16() {
        404 => (ErrorKind::NotFound, false),
        429 => (ErrorKind::RateLimited, true),
        403 if is_rate => (ErrorKind::RateLimited, true),
        403 if reason == "storageQuotaExceeded" => (ErrorKind::Unexpected, false),
        401 | 403 => (ErrorKind::PermissionDenied, false),
        408 | 500.. => (ErrorKind::Unexpected, true),
        _ => (ErrorKind::Unexpected, false),
    };
    let error = Error::new(kind, format!("Google Drive answers {status} {reason}"));
    if passes { error.set_temporary() } else { error }
}
