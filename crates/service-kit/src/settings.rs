//! The sections that both services' settings have. Their defaults stand in each service's own commented file.

use std::path::PathBuf;
use std::time::Duration;

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::cpu::CpuSettings;
use crate::http::cors;
use crate::logs::LogFormat;
use crate::server::{HttpSettings, check_address};
use crate::tls::Tls;

/// The variable that says, by being there, that a service does not describe itself, with the key and the value that it stands for.
pub const PRODMODE: (&str, &str, &str) = ("PRODMODE", "http.swagger", "false");

/// `[http]`.
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the services' commented files document each")]
pub struct Http {
    #[garde(custom(check_address))]
    pub bind: String,
    #[garde(skip)]
    pub allow_public_bind: bool,
    #[garde(range(max = 1024))]
    pub workers: usize,
    #[garde(range(min = 1))]
    pub max_connections: usize,
    #[garde(range(min = 1, max = 3600))]
    pub keep_alive_seconds: u64,
    #[garde(range(min = 1, max = 3600))]
    pub client_timeout_seconds: u64,
    #[garde(range(max = 3600))]
    pub drain_seconds: u64,
    #[garde(inner(custom(cors::check_origin)))]
    pub cors_origins: Vec<String>,
    #[garde(skip)]
    pub swagger: bool,
}

impl Http {
    /// As the server takes them.
    pub fn server(&self) -> HttpSettings {
        HttpSettings {
            bind: self.bind.clone(),
            allow_public_bind: self.allow_public_bind,
            workers: self.workers,
            max_connections: self.max_connections,
            keep_alive: Duration::from_secs(self.keep_alive_seconds),
            client_timeout: Duration::from_secs(self.client_timeout_seconds),
            drain: Duration::from_secs(self.drain_seconds),
            cors_origins: self.cors_origins.clone(),
            tls: None,
            swagger: self.swagger,
        }
    }
}

/// `[tls]`.
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the services' commented files document each")]
pub struct TlsFiles {
    #[garde(skip)]
    pub certificate: PathBuf,
    #[garde(skip)]
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether connections are encrypted.
    pub fn is_set(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }

    /// Reads the files; none where none are named.
    ///
    /// # Errors
    /// Those of [`Tls::open`].
    pub fn open(&self) -> anyhow::Result<Option<Tls>> {
        Tls::open(&self.certificate, &self.key)
    }
}

/// `[cpu]`.
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the services' commented files document each")]
pub struct Cpu {
    #[garde(range(max = 1024))]
    pub threads: usize,
    #[garde(range(min = 1))]
    pub queue: usize,
    #[garde(range(min = 1, max = 3600))]
    pub queue_timeout_seconds: u64,
    #[garde(range(min = 1))]
    pub stall_seconds: u64,
}

impl Cpu {
    /// As the pool takes them; the memory is a limit and stands there.
    pub fn pool(&self, budget_bytes: u64) -> CpuSettings {
        CpuSettings {
            threads: self.threads,
            budget_bytes,
            queue: self.queue,
            queue_timeout: Duration::from_secs(self.queue_timeout_seconds),
            stall_after: Duration::from_secs(self.stall_seconds),
        }
    }
}

/// How workers hear of the jobs of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobTransport {
    /// They ask the store.
    Catalog,
    /// The store announces them to a topic of Kafka.
    Kafka,
}

/// `[log]`.
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the services' commented files document each")]
pub struct Log {
    #[garde(custom(log_level))]
    pub level: String,
    #[garde(skip)]
    pub format: LogFormat,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator's signature")]
fn log_level(text: &str, _context: &()) -> garde::Result {
    match text {
        "error" | "warn" | "info" | "debug" | "trace" => Ok(()),
        _ => Err(garde::Error::new("must be error, warn, info, debug or trace")),
    }
}
