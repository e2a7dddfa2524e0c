//! Certificates of an authority of a test's own.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use reqwest::{Certificate, Client};

/// An authority, as the PEM that clients trust.
#[derive(Debug)]
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Default for Authority {
    fn default() -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate can be made").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }
}

impl Authority {
    /// Its certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes a certificate of this machine and its key into the folder, as `certificate.pem` and `key.pem`.
    pub fn write(&self, folder: &Path) {
        let key = KeyPair::generate().expect("a key can be made");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("these are names");
        // One of the same name as its authority is taken for its own by OpenSSL.
        params.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be made");
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("the folder can be written to");
        std::fs::write(folder.join("certificate.pem"), certificate.pem()).expect("the folder can be written to");
    }

    /// A client that believes this authority alone.
    pub fn client(&self) -> Client {
        let trusted = Certificate::from_pem(self.pem.as_bytes()).expect("it is PEM");
        Client::builder().tls_certs_only([trusted]).build().expect("a client can be made")
    }

    /// The status of `/readyz` at `127.0.0.1:PORT`; an error where the certificate is not of this authority.
    pub async fn status(&self, address: &str) -> Result<u16, reqwest::Error> {
        Ok(self.client().get(format!("https://{address}/readyz")).send().await?.status().as_u16())
    }
}

/// The settings that name these two files in the folder, each behind `prefix`, such as `IMAGESTORE`.
pub fn settings(prefix: &str, folder: &Path) -> Vec<(String, String)> {
    let files = [("CERTIFICATE", "certificate.pem"), ("KEY", "key.pem")];
    let setting = |(name, file)| (format!("{prefix}__TLS__{name}"), folder.join(file).display().to_string());
    files.map(setting).to_vec()
}
