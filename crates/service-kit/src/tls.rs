//! TLS: a certificate from PEM files, which are read again when they change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// A certificate with its key, as long as the files hold a new one the last that worked.
#[derive(Clone)]
pub struct Tls(Arc<Current>);

struct Current {
    certificate: PathBuf,
    key: PathBuf,
    in_force: RwLock<Arc<CertifiedKey>>,
    /// Of the files when they were first read.
    opened: Stamps,
}

/// What changes when a file does, of the certificate and of the key; nothing of one that is not there.
type Stamps = [Option<(SystemTime, u64)>; 2];

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.certificate).finish()
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificate.fmt(f)
    }
}

impl Tls {
    /// Reads the certificate with those that it is signed by, and its key, both PEM. None where both paths are empty.
    ///
    /// # Errors
    /// Only one of the two is said, a file cannot be read, or they do not belong together: as one line for the operator.
    pub fn open(certificate: &Path, key: &Path) -> anyhow::Result<Option<Self>> {
        match (certificate.as_os_str().is_empty(), key.as_os_str().is_empty()) {
            (true, true) => Ok(None),
            (false, false) => {
                // Before they are read: what changes in between is found later.
                let opened = stamps(certificate, key);
                let in_force = RwLock::new(Arc::new(read(certificate, key)?));
                Ok(Some(Self(Arc::new(Current { certificate: certificate.into(), key: key.into(), in_force, opened }))))
            }
            _ => bail!("tls.certificate and tls.key are set together, or neither of them"),
        }
    }

    /// What a server answers with, which speaks these protocols (ALPN).
    ///
    /// # Errors
    /// A fault of the library.
    pub fn server_config(&self, protocols: &[&str]) -> anyhow::Result<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(&self.0) as Arc<_>);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(config)
    }

    /// Looks at the files every now and then, until the process ends, and puts what is new in them into force. What cannot be used is
    /// logged, and the one before stays.
    pub async fn keep_up(self) {
        let Self(current) = self;
        let mut seen = current.opened;
        loop {
            tokio::time::sleep(EVERY).await;
            let now = stamps(&current.certificate, &current.key);
            if now == seen {
                continue;
            }
            seen = now;
            match read(&current.certificate, &current.key) {
                Ok(new) => {
                    *current.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                    log::info!("the certificate {} was read anew", current.certificate.display());
                }
                Err(error) => log::error!("the certificate stays the one before: {error:#}"),
            }
        }
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn stamps(certificate: &Path, key: &Path) -> Stamps {
    [certificate, key].map(|file| {
        let about = file.metadata().ok()?;
        Some((about.modified().ok()?, about.len()))
    })
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).with_context(|| unusable(key, "private key"))?;
    CertifiedKey::from_der(chain, secret, &provider())
        .with_context(|| format!("{} and {} do not belong together", certificate.display(), key.display()))
}

/// The certificates in a PEM file, at least one.
///
/// # Errors
/// There is none, or the file cannot be read: as one line for the operator, who is to be told which setting names the file.
pub fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.with_context(|| unusable(file, "certificate"))?;
    if found.is_empty() {
        bail!(unusable(file, "certificate"));
    }
    Ok(found)
}

fn unusable(file: &Path, what: &str) -> String {
    format!("{} holds no {what} in PEM, or cannot be read", file.display())
}

/// For a client that believes a server whose certificate the authorities in this PEM file signed, or, where the path is empty, those that
/// the system trusts.
///
/// # Errors
/// The file cannot be used, or nobody is trusted: as one line for the operator, who is to be told which setting names the file.
pub fn client_of(authority: &Path) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if authority.as_os_str().is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        roots.add_parsable_certificates(certificates(authority)?);
    }
    if roots.is_empty() {
        bail!("there is no authority whose signature is trusted; name a PEM file with one");
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// For a client that asks its own machine something that is no secret: whoever answers is believed.
///
/// # Errors
/// A fault of the library.
pub fn client_of_own_machine() -> anyhow::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider()))).with_no_client_auth())
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
