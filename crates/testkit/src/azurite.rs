//! Azurite, which speaks the protocol of Azure Blob Storage, on a free port of the loopback address. `scripts/setup --test` installs it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use sha2::Sha256;
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::wait_until;
use crate::servers::installed;

/// The account that there is.
pub const ACCOUNT: &str = "tester";
/// Its key.
pub const KEY: &str = "b3VyIG93biBrZXkgb2YgdGhlIHRlc3RzLCBub2JvZHkgZWxzZSdz";
/// The container that there is.
pub const CONTAINER: &str = "pictures";

/// A running Azurite with an empty container. Dropping it kills it, and what it was given is gone.
#[derive(Debug)]
pub struct Azurite {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Azurite {
    /// Starts it; panics with its log if it does not start.
    pub async fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), free_port());
        let azurite = Self { child: serve(&folder, port), port, folder };
        azurite.wait_until_it_listens();
        azurite.create_container().await;
        azurite
    }

    /// `http://127.0.0.1:PORT`. The account is the first part of the path, as it is part of the host's name in the cloud.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_it_listens(&self) {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        assert!(wait_until(|| TcpStream::connect(address).is_ok()), "Azurite does not listen:\n{}", self.log());
    }

    /// The one request that no store makes, signed with the key as Azure wants it ("Shared Key").
    async fn create_container(&self) {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let signed = format!(
            "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-12-02\n/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
        );
        let key = STANDARD.decode(KEY).expect("it is base64");
        let mut hmac = Hmac::<Sha256>::new_from_slice(&key).expect("any length is right");
        hmac.update(signed.as_bytes());
        let signature = STANDARD.encode(hmac.finalize().into_bytes());
        let request = Client::new()
            .put(format!("{}/{ACCOUNT}/{CONTAINER}?restype=container", self.endpoint()))
            .header("x-ms-date", date)
            .header("x-ms-version", "2021-12-02")
            .header("content-length", "0")
            .header("authorization", format!("SharedKey {ACCOUNT}:{signature}"));
        let answer = request.send().await.expect("Azurite answers");
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap_or_default());
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The settings of a store whose blobs are below `prefix` of the container at that endpoint.
pub fn settings(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
    let url = format!("azblob://{CONTAINER}/{prefix}?account={ACCOUNT}&endpoint={endpoint}/{ACCOUNT}");
    let pairs = [("URL", url.as_str()), ("SECRET_KEY", KEY)];
    pairs.map(|(key, value)| (format!("IMAGESTORE__BLOBS__{key}"), value.to_owned())).to_vec()
}

fn serve(folder: &TempDir, port: u16) -> Child {
    let log = File::create(folder.path().join("log")).expect("a file");
    let mut command = Command::new(installed("azurite/node_modules/.bin/azurite-blob"));
    command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string(), "--disableTelemetry"]);
    command.arg("--location").arg(folder.path().join("data")).arg("--disableProductStyleUrl");
    command.env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}")).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a file")).stderr(log);
    command.spawn().expect("Azurite can be started; is there node?")
}
