//! The kinds of object stores that the same tests are run with.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use imagestore::adapters::objects::{BlobLocation, ObjectBlobs, ObjectSettings};
use opendal::{Operator, services};
use service_kit::config::Secret;
use testkit::azurite::{self, Azurite};
use testkit::drive::{self, Drive, Folder};
use testkit::garage::{self, ACCESS_KEY, BUCKET, Garage, SECRET_KEY};
use testkit::gcs::{self, Fault, Gcs};
use testkit::reqwest::Client;

/// A server that a test started.
#[async_trait]
pub(crate) trait Place: Send + Sync + Sized {
    /// Starts one that is empty.
    async fn begin() -> Self;

    /// Where it answers.
    fn endpoint(&self) -> String;

    /// The settings of a store whose blobs are below `prefix` of one that answers elsewhere.
    fn settings_at(endpoint: &str, prefix: &str) -> Vec<(String, String)>;

    /// What is below `prefix` of it.
    fn objects(&self, prefix: &str) -> Box<dyn Objects>;

    /// The settings of a store whose blobs are below `prefix` of it.
    fn settings(&self, prefix: &str) -> Vec<(String, String)> {
        Self::settings_at(&self.endpoint(), prefix)
    }

    /// The settings of a store that it will not let in.
    fn refused(&self) -> Vec<(String, String)> {
        let mut settings = self.settings("refused");
        let secret = settings.iter_mut().find(|(name, _)| name.ends_with("__SECRET_KEY"));
        // In base64, as Azure wants it.
        "d3Jvbmcga2V5".clone_into(&mut secret.unwrap().1);
        settings
    }
}

/// What is below a prefix, without imagestore.
#[async_trait]
pub(crate) trait Objects: Send + Sync {
    /// The keys below a folder.
    async fn keys(&self, folder: &str) -> Vec<String>;

    async fn read(&self, key: &str) -> Vec<u8>;

    async fn write(&self, key: &str, bytes: Vec<u8>);

    async fn delete(&self, key: &str);
}

#[async_trait]
impl Objects for Operator {
    async fn keys(&self, folder: &str) -> Vec<String> {
        let entries = self.list_with(folder).recursive(true).await.unwrap();
        entries.iter().filter(|entry| entry.metadata().is_file()).map(|entry| entry.path().to_owned()).collect()
    }

    async fn read(&self, key: &str) -> Vec<u8> {
        Self::read(self, key).await.unwrap().to_vec()
    }

    async fn write(&self, key: &str, bytes: Vec<u8>) {
        Self::write(self, key, bytes).await.unwrap();
    }

    async fn delete(&self, key: &str) {
        Self::delete(self, key).await.unwrap();
    }
}

/// Tests of these names, with each kind of store, by the functions of the same names.
macro_rules! everywhere {
    ($($name:ident),* $(,)?) => {
        crate::objects::everywhere!(@in garage, testkit::garage::Garage, $($name),*);
        crate::objects::everywhere!(@in azurite, testkit::azurite::Azurite, $($name),*);
        crate::objects::everywhere!(@in gcs, testkit::gcs::Gcs, $($name),*);
        crate::objects::everywhere!(@in drive, testkit::drive::Drive, $($name),*);
    };
    (@in $module:ident, $place:ty, $($name:ident),*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let place = <$place as crate::objects::Place>::begin().await;
                super::$name(&place).await;
            })*
        }
    };
}
pub(crate) use everywhere;

#[async_trait]
impl Place for Garage {
    async fn begin() -> Self {
        Self::start()
    }

    fn endpoint(&self) -> String {
        Self::endpoint(self)
    }

    fn settings_at(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
        garage::settings(endpoint, prefix)
    }

    fn objects(&self, prefix: &str) -> Box<dyn Objects> {
        Box::new(bucket_at(&Self::endpoint(self), prefix))
    }
}

#[async_trait]
impl Place for Azurite {
    async fn begin() -> Self {
        Self::start().await
    }

    fn endpoint(&self) -> String {
        Self::endpoint(self)
    }

    fn settings_at(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
        azurite::settings(endpoint, prefix)
    }

    fn objects(&self, prefix: &str) -> Box<dyn Objects> {
        let builder = services::Azblob::default().container(azurite::CONTAINER).root(prefix);
        let endpoint = format!("{}/{}", Self::endpoint(self), azurite::ACCOUNT);
        let builder = builder.endpoint(&endpoint).account_name(azurite::ACCOUNT).account_key(azurite::KEY);
        Box::new(connected(&Operator::new(builder).unwrap()))
    }
}

#[async_trait]
impl Place for Gcs {
    async fn begin() -> Self {
        Self::start()
    }

    fn endpoint(&self) -> String {
        Self::endpoint(self)
    }

    fn settings_at(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
        gcs::settings(endpoint, prefix)
    }

    /// None of its keys is wrong, so it refuses whoever comes next.
    fn refused(&self) -> Vec<(String, String)> {
        self.fail("GET /storage", Fault::Status(403, "{}"), 1);
        self.settings("refused")
    }

    fn objects(&self, prefix: &str) -> Box<dyn Objects> {
        let builder = services::Gcs::default().bucket(gcs::BUCKET).root(prefix).skip_signature();
        Box::new(connected(&Operator::new(builder.endpoint(&Self::endpoint(self))).unwrap()))
    }
}

#[async_trait]
impl Place for Drive {
    async fn begin() -> Self {
        Self::start()
    }

    fn endpoint(&self) -> String {
        Self::endpoint(self)
    }

    fn settings_at(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
        drive::settings(endpoint, &format!("Pictures/{prefix}"))
    }

    fn objects(&self, prefix: &str) -> Box<dyn Objects> {
        Box::new(self.folder(&format!("Pictures/{prefix}")))
    }
}

#[async_trait]
impl Objects for Folder {
    async fn keys(&self, folder: &str) -> Vec<String> {
        self.names().into_iter().filter(|name| name.starts_with(folder)).collect()
    }

    async fn read(&self, key: &str) -> Vec<u8> {
        Self::read(self, key).unwrap().to_vec()
    }

    async fn write(&self, key: &str, bytes: Vec<u8>) {
        self.remove(key);
        self.add(key, bytes);
    }

    async fn delete(&self, key: &str) {
        self.remove(key);
    }
}

/// What is below `prefix` of the bucket of a Garage, without imagestore.
pub(super) fn bucket_at(endpoint: &str, prefix: &str) -> Operator {
    let builder = services::S3::default().bucket(BUCKET).root(prefix).region("garage").endpoint(endpoint);
    connected(&Operator::new(builder.access_key_id(ACCESS_KEY).secret_access_key(SECRET_KEY)).unwrap())
}

fn connected(operator: &Operator) -> Operator {
    let transport = opendal_http_transport_reqwest::ReqwestTransport::new(Client::new());
    operator.clone().with_context(operator.context().with_http_transport(opendal::HttpTransporter::new(transport)))
}

/// Opens what these settings say, and with `change`, after so much time was given that a store which is there is never away on a slow machine.
pub(crate) fn open_with(
    settings: &[(String, String)],
    folder: &Path,
    change: impl FnOnce(&mut ObjectSettings),
) -> ObjectBlobs {
    let of = |name: &str| {
        let found = settings.iter().find(|(key, _)| key == &format!("IMAGESTORE__BLOBS__{name}"));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let BlobLocation::Objects(location) = of("URL").parse().unwrap() else { panic!("{} is a folder", of("URL")) };
    let mut settings = ObjectSettings {
        access_key: Secret::from(of("ACCESS_KEY")),
        secret_key: Secret::from(of("SECRET_KEY")),
        refresh_token: Secret::from(of("REFRESH_TOKEN")),
        timeout: Duration::from_secs(30),
        retries: 2,
        requests: 16,
        uploads: 4,
        piece_bytes: 5 * 1024 * 1024,
    };
    change(&mut settings);
    ObjectBlobs::open(&location, &settings, folder, 0).unwrap()
}

/// Opens a store below the prefix `contract`.
pub(crate) fn open(place: &impl Place, folder: &Path) -> ObjectBlobs {
    open_with(&place.settings("contract"), folder, |_| {})
}
