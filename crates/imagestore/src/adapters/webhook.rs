//! Events by HTTP, signed as Standard Webhooks (<https://www.standardwebhooks.com>).

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use service_kit::config::Secret;
use sha2::Sha256;

use super::public::PublicClient;
use crate::domain::OutgoingMessage;
use crate::ports::{Sink, SinkError};

/// What secrets begin with, so that people know one when they see it.
const PREFIX: &str = "whsec_";

/// A receiver of events.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// The name of the sink.
    pub name: String,
    /// Where it is.
    pub url: Url,
    /// What messages to it are signed with.
    pub secret: Secret,
    /// For a whole request.
    pub timeout: Duration,
    /// Networks that may be spoken to although they are not public.
    pub allowed_networks: Vec<IpNet>,
}

/// Posts each event to one receiver.
pub struct WebhookSink {
    name: String,
    url: Url,
    key: Vec<u8>,
    client: PublicClient,
}

impl WebhookSink {
    /// A sink with its own connection pool.
    pub fn new(settings: WebhookSettings) -> anyhow::Result<Self> {
        let key = signing_key(settings.secret.expose()).map_err(anyhow::Error::msg)?;
        let client = PublicClient::new(settings.allowed_networks, settings.timeout)?;
        Ok(Self { name: settings.name, url: settings.url, key, client })
    }
}

/// The bytes of a secret: `whsec_` and 24 to 64 bytes in base64.
pub fn signing_key(secret: &str) -> Result<Vec<u8>, &'static str> {
    let encoded = secret.strip_prefix(PREFIX);
    let key = encoded.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    key.filter(|key| (24..=64).contains(&key.len())).ok_or("must be whsec_ and 24 to 64 bytes in base64")
}

/// `v1,` and the signature of a message that is sent at this time.
fn sign(key: &[u8], id: &str, seconds: i64, body: &str) -> Result<String, SinkError> {
    let mac = Hmac::<Sha256>::new_from_slice(key).map_err(SinkError::unavailable)?;
    let signature = mac.chain_update(format!("{id}.{seconds}.{body}")).finalize().into_bytes();
    Ok(format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(signature)))
}

#[async_trait]
impl Sink for WebhookSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, message: &OutgoingMessage) -> Result<(), SinkError> {
        self.client.check(&self.url).map_err(SinkError::unavailable)?;
        let seconds = Timestamp::now().as_second();
        let request = self.client.http().post(self.url.clone());
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", sign(&self.key, &message.id, seconds, &message.document)?)
            .body(message.document.clone());
        judge(&self.client.send(request).await.map_err(SinkError::unavailable)?)
    }

    async fn close(&self) {}
}

/// What an answer means. One that a proxy gives while the receiver is not there says nothing of the message.
fn judge(answer: &Response) -> Result<(), SinkError> {
    let status = answer.status();
    let reason = format!("the receiver answered with status {}", status.as_u16());
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::GONE => Err(SinkError::Gone(reason)),
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Err(SinkError::Unavailable { reason, after: retry_after(answer) }),
        status if status.is_redirection() => Err(SinkError::Rejected(format!("{reason}; no redirect is followed"))),
        _ => Err(SinkError::Rejected(reason)),
    }
}

/// Seconds, or a date.
fn retry_after(answer: &Response) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = || text.parse().ok().map(Duration::from_secs);
    let date = || jiff::fmt::rfc2822::parse(text).ok()?.timestamp().duration_since(Timestamp::now()).try_into().ok();
    seconds().or_else(date)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_has_it() {
        let key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
