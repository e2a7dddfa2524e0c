//! HTTP and gRPC by TLS, with certificates of an authority of the test's own.

use std::path::Path;

use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use rcgen::KeyPair;
use testkit::authority::{self, Authority};
use testkit::process::{Store, StoreOptions, run_cli, run_cli_in, wait_until};
use testkit::reqwest;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

/// A client of the gRPC interface; an error where the certificate is not of this authority.
async fn connect(authority: &Authority, store: &Store) -> Result<ImageServiceClient<Channel>, tonic::transport::Error> {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority.pem())).domain_name("localhost");
    let address = format!("https://{}", store.grpc_address());
    let channel = Channel::from_shared(address).unwrap().tls_config(tls)?.connect().await?;
    Ok(ImageServiceClient::new(channel))
}

fn settings(folder: &Path) -> Vec<(String, String)> {
    let mut settings = authority::settings("IMAGESTORE", folder);
    settings.push(("IMAGESTORE__GRPC__BINDS".to_owned(), "127.0.0.1:0".to_owned()));
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn both_interfaces_are_encrypted_and_take_a_new_certificate() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    old.write(folder.path());
    let store = Store::start(StoreOptions { env: settings(folder.path()), ..StoreOptions::default() });
    assert_eq!(old.status(store.address()).await.unwrap(), 200);
    let mut client = connect(&old, &store).await.unwrap();
    client.list_images(api::ListImagesRequest::default()).await.unwrap();
    assert!(new.status(store.address()).await.is_err() && connect(&new, &store).await.is_err(), "another authority");
    assert!(reqwest::get(format!("http://{}/readyz", store.address())).await.is_err(), "nothing goes unencrypted");
    let plain = Channel::from_shared(format!("http://{}", store.grpc_address())).unwrap().connect().await;
    let plain = ImageServiceClient::new(plain.unwrap()).list_images(api::ListImagesRequest::default()).await;
    assert!(plain.is_err(), "nothing goes unencrypted");

    new.write(folder.path());
    store.wait_for_log("was read anew");
    // Between the two files one of them may have been new and the other not.
    while new.status(store.address()).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    connect(&new, &store).await.unwrap().list_images(api::ListImagesRequest::default()).await.unwrap();
    assert!(old.status(store.address()).await.is_err());
    client.list_images(api::ListImagesRequest::default()).await.expect("an open connection stays");

    std::fs::write(folder.path().join("certificate.pem"), "nonsense").unwrap();
    assert!(wait_until(|| store.log().contains("the certificate stays the one before")));
    assert_eq!(new.status(store.address()).await.unwrap(), 200);

    let mut env: Vec<_> = settings(folder.path());
    env.push(("IMAGESTORE__HTTP__BIND".to_owned(), store.address().to_owned()));
    let env: Vec<_> = env.iter().map(|(key, value)| (&**key, &**value)).collect();
    let health = run_cli("imagestore", ["health"], &env);
    assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
}

#[test]
fn the_client_on_the_command_line_trusts_the_authority_that_is_named() {
    let (folder, own, other) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    own.write(folder.path());
    std::fs::write(folder.path().join("own.pem"), own.pem()).unwrap();
    std::fs::write(folder.path().join("other.pem"), other.pem()).unwrap();
    let store = Store::start(StoreOptions { env: settings(folder.path()), ..StoreOptions::default() });
    let port = store.grpc_address().rsplit_once(':').unwrap().1.to_owned();
    let list = |server: &str, ca: &[&str]| {
        let server = format!("{server}:{port}");
        let output =
            run_cli_in(folder.path(), "imagestore", [&["client", "ls", "--server", &server], ca].concat(), &[]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for server in ["https://127.0.0.1", "https://localhost"] {
        assert_eq!(list(server, &["--ca", "own.pem"]), (Some(0), String::new()));
    }
    for (server, ca, text) in [
        ("https://127.0.0.1", &[][..], "is the certificate of an authority that is trusted here (--ca)"),
        ("https://127.0.0.1", &["--ca", "other.pem"], "invalid peer certificate"),
        ("https://127.0.0.2", &["--ca", "own.pem"], "cannot reach"),
        ("http://127.0.0.1", &[], "is it http:// or https://?"),
    ] {
        let (code, err) = list(server, ca);
        assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
        assert!(err.contains(text), "{text} in {err}");
    }
    for (ca, text) in [("gone.pem", "cannot read gone.pem"), ("key.pem", "key.pem holds no certificate in PEM")] {
        let (code, err) = list("https://127.0.0.1", &["--ca", ca]);
        assert!(code == Some(2) && err.contains(text), "{err}");
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_one_clear_line() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let refused = |change: fn(&Path), env: &[(&str, &str)]| {
        authority.write(folder.path());
        change(folder.path());
        let mut all = settings(folder.path());
        all.extend(env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let failure = Store::try_start(StoreOptions { env: all, ..StoreOptions::default() }).expect_err("refused");
        assert_eq!(failure.status.unwrap().code(), Some(1), "{}", failure.log);
        let lines = failure.log.lines().skip_while(|line| !line.starts_with("imagestore: ")).count();
        assert_eq!(lines, 1, "{}", failure.log);
        failure.log
    };
    let log = refused(|folder| std::fs::remove_file(folder.join("key.pem")).unwrap(), &[]);
    assert!(log.contains("key.pem holds no private key in PEM, or cannot be read"), "{log}");
    let log = refused(|folder| std::fs::write(folder.join("certificate.pem"), "x").unwrap(), &[]);
    assert!(log.contains("certificate.pem holds no certificate in PEM"), "{log}");
    let other = |folder: &Path| {
        std::fs::write(folder.join("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    };
    let log = refused(other, &[]);
    assert!(log.contains("do not belong together"), "{log}");
    let log = refused(|_| (), &[("IMAGESTORE__TLS__KEY", "")]);
    assert!(log.contains("tls.certificate and tls.key are set together"), "{log}");
}
