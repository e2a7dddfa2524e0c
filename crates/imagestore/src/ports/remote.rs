//! Other servers: pictures there, and those who want to be told.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

/// Why a URL was not fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RemoteError {
    /// The URL is malformed, of another scheme, or leads to an address that is not public. The text says which.
    #[error("{0}")]
    Forbidden(String),
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server could not be reached, answered with an error, or broke off. The text says which.
    #[error("{0}")]
    Failed(String),
}

/// An answer that has begun.
pub struct RemoteBody {
    /// The announced length, if any.
    pub length: Option<u64>,
    /// The bytes. Ends with an error if they are fewer than announced.
    pub stream: BoxStream<'static, io::Result<Bytes>>,
}

/// Speaks HTTP(S) with public addresses only.
#[async_trait]
pub trait RemoteSource: Send + Sync {
    /// Starts fetching. Every address, also of every redirect, is checked, and the checked address is the one connected to. A header, by
    /// name and value, is sent to `url` itself and not to where it redirects: it may be a secret.
    async fn get(&self, url: &str, header: Option<(&str, &str)>) -> Result<RemoteBody, RemoteError>;

    /// Sends a JSON document; done when the answer's status is one of success. Redirects are not followed. The same addresses are refused.
    async fn post(&self, url: &str, document: Vec<u8>) -> Result<(), RemoteError>;
}
