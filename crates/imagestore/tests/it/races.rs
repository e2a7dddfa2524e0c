//! Two clients at once, and clients that go away.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image_engine::Limits;
use imagestore::adapters::files::FileBlobs;
use imagestore::adapters::sqlite;
use imagestore::app::{
    AccessPolicy, BackEnds, Better, BetterPolicy, CachePolicy, Deletion, JobPolicy, KeepPolicy, Policies, Services,
    SigningPolicy, StoreLimits, UploadOptions, UploadPolicy, Wanted, fsck,
};
use imagestore::domain::{Caller, Keyring, Order, RenditionMode, Required, Slot, Visibility};
use imagestore::ports::{
    BlobError, BlobReader, BlobStore, BlobUpkeep, KeptBlobs, Leftovers, PartStore, Presented, RemovalGuard, StagedBlob,
    StagedPart, StagedReader, Unfinished,
};
use jiff::Timestamp;
use serde_json::Value;
use service_kit::config::Secret;
use service_kit::cpu::{CpuPool, CpuSettings};
use shared_types::job::{Priority, Task};
use shared_types::{Digest, ErrorCode, Goal, PartId, Transform};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::contract::SQLITE;
use crate::support::{files, id, store};

/// Everything in the store is whole, and nothing is left over.
fn assert_consistent(mut store: Store) {
    let data = store.data_dir().display().to_string();
    assert!(wait_until(|| files(&store, "staging").is_empty()), "left over: {:?}", files(&store, "staging"));
    assert!(store.terminate().success());
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_uploaded_while_they_are_deleted() {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 25;
    let store = store();
    let bytes = jpeg::baseline(&photo(64, 48, 1), 80);
    let clients = (0..CLIENTS).map(|_| {
        let (client, base, bytes) = (Client::new(), store.url(""), bytes.clone());
        tokio::spawn(async move {
            let mut acknowledged = 0;
            for _ in 0..ROUNDS {
                let answer = client.post(format!("{base}/v1/images")).body(bytes.clone()).send().await.unwrap();
                if answer.status() == 503 {
                    // The bytes were being removed at that moment, and the answer says to send them again.
                    continue;
                }
                assert_eq!(answer.status(), 201);
                let image: Value = answer.json().await.unwrap();
                let got = client.get(format!("{base}/i/{}", id(&image))).send().await.unwrap();
                assert_eq!(got.status(), 200, "acknowledged, but lost");
                assert_eq!(got.bytes().await.unwrap(), bytes);
                let deleted = client.delete(format!("{base}/v1/images/{}", id(&image))).send().await.unwrap();
                assert_eq!(deleted.status(), 204);
                acknowledged += 1;
            }
            acknowledged
        })
    });
    let acknowledged: Vec<usize> = futures::future::join_all(clients).await.into_iter().map(Result::unwrap).collect();
    assert!(acknowledged.iter().sum::<usize>() > ROUNDS, "{acknowledged:?}");
    assert_eq!(files(&store, "blobs").len(), 0);
    assert_consistent(store);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_go_away_leave_nothing_behind() {
    let store = store();
    let client = Client::new();
    for wait in 0..60u64 {
        let bytes = jpeg::baseline(&photo(200, 150, wait), 90);
        let upload = client.post(store.url("/v1/images")).body(bytes).send();
        let answer = tokio::time::timeout(Duration::from_micros(wait * 500), upload).await;
        let Ok(Ok(answer)) = answer else { continue };
        let image: Value = answer.json().await.unwrap();
        let delete = client.delete(store.url(&format!("/v1/images/{}", id(&image)))).send();
        let _ = tokio::time::timeout(Duration::from_micros(wait * 100), delete).await;
    }
    assert_consistent(store);
}

/// Files, but slow at the two moments that matter when the same bytes come and go.
struct SlowFiles(FileBlobs);

struct SlowStaged(Box<dyn StagedBlob>);

#[async_trait::async_trait]
impl BlobStore for SlowFiles {
    async fn stage(&self) -> Result<Box<dyn StagedBlob>, BlobError> {
        Ok(Box::new(SlowStaged(self.0.stage().await?)))
    }
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        self.0.open(digest).await
    }
    async fn remove(&self, digest: &Digest) -> Result<(), BlobError> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.0.remove(digest).await
    }
    async fn settle(&self, digest: &Digest) -> Result<(), BlobError> {
        self.0.settle(digest).await
    }
    async fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError> {
        self.0.list().await
    }
    async fn recover(&self) -> Result<Leftovers, BlobError> {
        self.0.recover().await
    }
    async fn check_writable(&self) -> Result<(), BlobError> {
        self.0.check_writable().await
    }

    fn key(&self, digest: &Digest) -> String {
        self.0.key(digest)
    }

    async fn presign(&self, _: &Digest, _: &Presented, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }
}

#[async_trait::async_trait]
impl PartStore for SlowFiles {
    async fn stage_part(&self) -> Result<Box<dyn StagedPart>, BlobError> {
        self.0.stage_part().await
    }
    async fn open_part(&self, part: PartId) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        self.0.open_part(part).await
    }
    async fn remove_part(&self, part: PartId) -> Result<(), BlobError> {
        self.0.remove_part(part).await
    }
    async fn list_parts(&self) -> Result<Vec<(PartId, u64)>, BlobError> {
        self.0.list_parts().await
    }
}

#[async_trait::async_trait]
impl BlobUpkeep for SlowFiles {
    async fn keep_removed(&self) -> Result<Option<Box<dyn KeptBlobs>>, BlobError> {
        self.0.keep_removed().await
    }
    async fn reserve_removal(&self, digest: &Digest) -> Result<Option<Box<dyn RemovalGuard>>, BlobError> {
        self.0.reserve_removal(digest).await
    }
    async fn modified(&self, digest: &Digest) -> Result<Option<Timestamp>, BlobError> {
        self.0.modified(digest).await
    }
    async fn unfinished(&self) -> Result<Vec<Unfinished>, BlobError> {
        self.0.unfinished().await
    }
    async fn remove_unfinished(&self, name: &str) -> Result<(), BlobError> {
        self.0.remove_unfinished(name).await
    }
    async fn link(&self, digest: &Digest, file: &Path) -> Result<bool, BlobError> {
        self.0.link(digest, file).await
    }
}

#[async_trait::async_trait]
impl StagedBlob for SlowStaged {
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError> {
        self.0.write(chunks).await
    }
    fn digest(&self) -> Digest {
        self.0.digest()
    }
    fn reader(&self) -> std::io::Result<Box<dyn StagedReader>> {
        self.0.reader()
    }
    async fn prepare(&self) -> Result<(), BlobError> {
        self.0.prepare().await
    }
    async fn commit(self: Box<Self>) -> Result<Digest, BlobError> {
        let digest = self.0.commit().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        digest
    }
    async fn keep(self: Box<Self>) -> Result<Digest, BlobError> {
        self.0.keep().await
    }
}

/// A store in this process.
async fn services_on(folder: &Path) -> Services {
    let catalog = sqlite::open(&folder.join("catalog.sqlite"), &SQLITE).await.unwrap();
    let blobs = SlowFiles(FileBlobs::open(folder, 0).unwrap());
    let back_ends =
        BackEnds { catalog: Arc::new(catalog), blobs: Arc::new(blobs), remote: None, folder: uuid::Uuid::nil() };
    let (budget_bytes, minute) = (100_000_000, Duration::from_mins(1));
    let pool = CpuSettings { threads: 1, budget_bytes, queue: 9, queue_timeout: minute, stall_after: minute };
    let engine = Limits { max_pixels: 10_000, max_output_pixels: 10_000, max_side: 100, ..Limits::default() };
    let limits = StoreLimits { upload_bytes: 1_000_000, engine };
    let cache = CachePolicy { memory_bytes: 1024, keep_variants: true };
    let jobs = JobPolicy {
        is_announced: false,
        lease: minute,
        attempts: 5,
        pause: minute,
        longest_pause: minute,
        per_worker: 10,
        queue: 10,
        keep: minute,
    };
    let better = BetterPolicy { better: Better::Off, presets: BTreeMap::new(), goal: Goal::DEFAULT };
    let access = AccessPolicy {
        keys: false,
        token: Secret::default(),
        visibility: Visibility::Unlisted,
        remember: Duration::ZERO,
        session: minute,
    };
    let uploads = UploadPolicy { keep: minute, open: 10 };
    let signing = SigningPolicy {
        keys: Keyring::default(),
        required: Required::Off,
        presets_only: false,
        longest: Duration::from_secs(1),
    };
    let keeping = KeepPolicy { replaceable: true, grace: Duration::ZERO, variant_bytes: 0 };
    let policies = Policies {
        cache,
        renditions: RenditionMode::Off,
        jobs,
        better,
        access,
        uploads,
        signing,
        keeping,
        redirect: None,
    };
    Services::new(back_ends, CpuPool::new(&pool).unwrap(), limits, policies)
}

/// The bytes are in place before an earlier deletion removes them, and the row is written after it: without care the row stays alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_deletion_takes_no_bytes_of_a_later_upload() {
    let folder = tempfile::TempDir::new().unwrap();
    let services = services_on(folder.path()).await;
    let bytes = Bytes::from(jpeg::baseline(&photo(64, 48, 1), 80));
    let caller = Caller::Everyone { serves: true };
    let upload = async || {
        let mut receiving = services.receive(&caller).await.unwrap();
        receiving.write(bytes.clone()).await.unwrap();
        receiving.finish(None, &UploadOptions::default()).await
    };
    let first = upload().await.unwrap().image;
    let (deleted, second) = tokio::join!(services.delete(&caller, first.id, Deletion::Usual), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        upload().await
    });
    deleted.unwrap();
    match second {
        Ok(uploaded) => {
            let image = services.image(&caller, uploaded.image.id).await.unwrap();
            let wanted =
                Wanted { transform: Transform::default(), format: None, name: None, saved: false, choice: None };
            let delivery = services.resolve(&caller, image, wanted).await.unwrap();
            assert_eq!(services.content(&delivery).await.unwrap().bytes.size(), bytes.len() as u64);
        }
        Err(error) => assert_eq!(error.code, ErrorCode::Unavailable, "{error}"),
    }
    assert!(fsck(&services, false).await.unwrap().is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_on_its_way_to_one_who_leaves_is_given_back() {
    let folder = tempfile::TempDir::new().unwrap();
    let services = services_on(folder.path()).await;
    let caller = Caller::Everyone { serves: true };
    let mut receiving = services.receive(&caller).await.unwrap();
    receiving.write(Bytes::from(jpeg::baseline(&photo(64, 48, 1), 80))).await.unwrap();
    let image = receiving.finish(None, &UploadOptions::default()).await.unwrap().image;
    let order = Order {
        task: Task { goal: Some(Goal::DEFAULT), ..Task::default() },
        slot: Slot::Named("web".parse().unwrap()),
        priority: Priority::default(),
        webhook: None,
    };
    services.queue_jobs(&caller, &[image.id], &order).await.unwrap();
    // Asked, and gone before there can be an answer.
    let left = tokio::time::timeout(Duration::ZERO, services.lease_jobs("gone", 1, Duration::ZERO)).await;
    assert!(left.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let leased = services.lease_jobs("here", 1, Duration::from_secs(5)).await.unwrap();
    assert_eq!(leased.len(), 1, "its lease would hold for a minute");
    assert_eq!(leased[0].job.attempts, 1);
}
