//! TLS to clients and to the store, with certificates of an authority of the test's own.

use std::path::Path;

use testkit::authority::{self, Authority};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Compress, CompressOptions, Store, StoreOptions, run_cli};
use testkit::{reqwest, tempfile};

/// Has it encrypt with the certificate of the folder, and believe the authority of this file.
fn options(folder: &Path, ca: &Path) -> CompressOptions {
    let mut env = authority::settings("IMAGECOMPRESS", folder);
    env.push(("IMAGECOMPRESS__STORE__CA".to_owned(), ca.display().to_string()));
    CompressOptions { env, ..CompressOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_encrypted_and_a_new_certificate_is_taken_up() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    old.write(folder.path());
    let (ca, other) = (folder.path().join("ca.pem"), folder.path().join("other.pem"));
    std::fs::write(&ca, old.pem()).unwrap();
    std::fs::write(&other, new.pem()).unwrap();
    let env = authority::settings("IMAGESTORE", folder.path());
    let store = Store::start(StoreOptions { env, ..StoreOptions::default() });
    let url = format!("https://{}", store.address());
    let compress = Compress::start(&url, options(folder.path(), &ca));
    assert_eq!(old.status(compress.address()).await.unwrap(), 200);
    let client = old.client();
    let upload = client.post(format!("{url}/v1/images")).body(jpeg::baseline(&photo(400, 300, 1), 90));
    let image: serde_json::Value = upload.send().await.unwrap().json().await.unwrap();
    let path =
        format!("https://{}/compress/{}?type=jpg&target=medium", compress.address(), image["id"].as_str().unwrap());
    let answer = client.get(path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let plain = reqwest::get(format!("http://{}/readyz", compress.address())).await;
    assert!(plain.is_err(), "nothing goes unencrypted");

    let mut env = options(folder.path(), &ca).env;
    env.push(("IMAGECOMPRESS__HTTP__BIND".to_owned(), compress.address().to_owned()));
    let env: Vec<_> = env.iter().map(|(key, value)| (&**key, &**value)).collect();
    let health = run_cli("imagecompress", ["health"], &env);
    assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));

    // A store whose certificate another authority signed is not believed, nor is it without a file.
    for ca in [&other, Path::new("")] {
        let stranger = Compress::start(&url, options(folder.path(), ca));
        assert_eq!(old.status(stranger.address()).await.unwrap(), 503);
    }

    new.write(folder.path());
    compress.wait_for_log("was read anew");
    let mut taken = false;
    for _ in 0..1000 {
        taken = taken || new.status(compress.address()).await.is_ok();
        tokio::time::sleep(std::time::Duration::from_millis(if taken { 0 } else { 100 })).await;
    }
    assert!(taken && old.status(compress.address()).await.is_err(), "{}", compress.log());
}

#[test]
fn a_file_that_cannot_be_used_is_one_clear_line() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    authority.write(folder.path());
    let (missing, nonsense) = (folder.path().join("none.pem"), folder.path().join("nonsense.pem"));
    std::fs::write(&nonsense, "nonsense").unwrap();
    let refused = |options: CompressOptions| {
        let failure = Compress::try_start("https://127.0.0.1:1", options).expect_err("refused");
        assert_eq!((failure.status.unwrap().code(), failure.log.lines().count()), (Some(1), 1), "{}", failure.log);
        failure.log
    };
    for ca in [&missing, &nonsense] {
        let log = refused(options(folder.path(), ca));
        assert!(
            log.contains("store.ca: ") && log.contains(".pem holds no certificate in PEM, or cannot be read"),
            "{log}"
        );
    }
    std::fs::remove_file(folder.path().join("key.pem")).unwrap();
    let log = refused(options(folder.path(), Path::new("")));
    assert!(log.contains("key.pem holds no private key in PEM, or cannot be read"), "{log}");
}
