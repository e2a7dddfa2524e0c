//! Where the store is, how it is reached, and the key that is shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use service_kit::config::Secret;
use service_kit::exit::Failure;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Uri};
use tonic::{Request, Status};

use super::words;

/// How long a connection may take to come about, and a ping to come back.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a connection is pinged that has nothing to say, so that one which broke is found out.
const PING: Duration = Duration::from_secs(20);
/// The longest message that is taken: a page of a list. Pictures come in pieces.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// Calls of the store, each with the key.
pub(super) type Client = ImageServiceClient<InterceptedService<Channel, ShowKey>>;

#[derive(Debug, Args)]
pub(super) struct ServerFlags {
    /// Where the store listens for gRPC, with https:// if it has a certificate.
    #[arg(long, global = true, value_name = "URL", env = "IMAGESTORE_SERVER", default_value = "http://127.0.0.1:8081", value_parser = server)]
    server: Uri,
    /// The key that the store asks for. In `IMAGESTORE_KEY` nobody else sees it; a command line can be read by all users of the machine.
    #[arg(long, global = true, value_name = "KEY", env = "IMAGESTORE_KEY", hide_env_values = true)]
    key: Option<Secret>,
    /// A PEM file with the authority that signed the store's certificate [default: those that the system trusts].
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
}

fn server(text: &str) -> Result<Uri, String> {
    let is_server = |uri: &Uri| {
        let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https"))
            && is_plain
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
    };
    let uri = text.parse().ok().filter(is_server);
    uri.ok_or_else(|| "must be an address such as http://127.0.0.1:8081 or https://images.example:8081".to_owned())
}

impl ServerFlags {
    /// Connects to the store.
    ///
    /// # Errors
    /// The key or the file of `--ca` cannot be used, or the store is not reached: what to look at.
    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        let key = self.shown_key()?;
        let endpoint = self.endpoint()?;
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| Failure::Fault(words::unreachable(&self.server, &error)))?;
        let client = ImageServiceClient::with_interceptor(channel, ShowKey(key));
        Ok(client.max_decoding_message_size(MAX_MESSAGE))
    }

    /// A status in words, as of this store.
    pub(super) fn explain(&self, status: &Status) -> String {
        words::explain(&self.server, status)
    }

    fn endpoint(&self) -> Result<Endpoint, Failure> {
        let endpoint = Endpoint::from(self.server.clone())
            .user_agent(concat!("imagestore-client/", env!("CARGO_PKG_VERSION")))
            .map_err(Failure::fault)?
            .connect_timeout(PATIENCE)
            .max_frame_size(grpc_api::FRAME_BYTES)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PATIENCE)
            .keep_alive_while_idle(true);
        if self.server.scheme_str() != Some("https") {
            return Ok(endpoint);
        }
        // An address of IPv6 stands in brackets, which are not part of it.
        let host = self.server.host().unwrap_or_default().trim_matches(['[', ']']);
        let tls = ClientTlsConfig::new().domain_name(host);
        let tls = match &self.ca {
            Some(file) => tls.ca_certificate(authority(file)?),
            None => tls.with_native_roots(),
        };
        endpoint.tls_config(tls).map_err(|error| {
            Failure::Usage(format!("TLS cannot be used: {}; --ca FILE names an authority", words::cause(&error)))
        })
    }

    fn shown_key(&self) -> Result<Option<MetadataValue<Ascii>>, Failure> {
        let Some(key) = self.key.as_ref().filter(|key| !key.is_empty()) else { return Ok(None) };
        let mut shown: MetadataValue<Ascii> = format!("Bearer {}", key.expose())
            .parse()
            .map_err(|_| Failure::Usage("the key has characters that no key has; see IMAGESTORE_KEY".to_owned()))?;
        shown.set_sensitive(true);
        Ok(Some(shown))
    }
}

fn authority(file: &Path) -> Result<Certificate, Failure> {
    let pem =
        std::fs::read(file).map_err(|error| Failure::Usage(format!("cannot read {}: {error}", file.display())))?;
    let has_some = CertificateDer::pem_slice_iter(&pem).next().is_some_and(|first| first.is_ok());
    if !has_some {
        return Err(Failure::Usage(format!("{} holds no certificate in PEM", file.display())));
    }
    Ok(Certificate::from_pem(pem))
}

/// Puts the key into the metadata of every call.
#[derive(Debug, Clone)]
pub(super) struct ShowKey(Option<MetadataValue<Ascii>>);

impl Interceptor for ShowKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(key) = &self.0 {
            request.metadata_mut().insert("authorization", key.clone());
        }
        Ok(request)
    }
}
