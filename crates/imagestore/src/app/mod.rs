//! Use cases, one file each. No web framework, no SQL, no files: only ports, the engine and the CPU pool.

mod access;
mod albums;
mod analyses;
mod background;
mod backlog;
mod base64;
mod better;
mod blobs;
mod by_user;
mod copy;
mod curve;
mod deleted;
mod deliver;
mod duplicates;
mod events;
mod explain;
mod export;
mod flights;
mod fsck;
mod gc;
mod health;
mod images;
mod import;
mod jobs;
mod keeping;
mod loose_ends;
mod migrate;
mod produce;
mod receive_variant;
mod records;
mod recover;
mod renditions;
mod replace;
mod replicas;
mod selection;
mod signing;
mod similar;
mod sinks;
mod srcset;
mod stats;
mod timeline;
mod upload;
mod uploads;
mod watermark;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use image_engine::Limits;
use service_kit::cpu::CpuPool;
use shared_types::{Digest, ImageId};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use access::{AccessPolicy, Identity, KeyOrder, MAX_ACCESS_PAGE, Rate, Session, Standing, shown_key};
pub use albums::{AlbumImages, Destination, MAX_ADDED, MAX_ALBUM_PAGE, NewAlbum, NewShare};
pub use base64::{BASE64, decode_base64, encode_base64};
pub use better::{Better, BetterPolicy, Choice};
pub use by_user::{Named, Start};
pub use copy::{Amount, CopyOptions, CopyProgress, CopyReport, copy_store};
pub use curve::{Curve, CurveLine, CurvePoint, CurveWish};
pub use deleted::Deletion;
pub use deliver::{Content, ContentBytes, Delivery, Lifetime, Target, Wanted};
pub use duplicates::OnDuplicate;
pub use explain::{Explanation, Kept};
pub use export::{Export, ExportWish, Exported};
pub use fsck::{Damage, fsck};
pub use gc::{GcOptions, GcReport, gc};
pub use health::{Part, PartState};
pub use images::{ListWish, MAX_PAGE};
pub use import::{Import, Origin};
pub use jobs::{AndThen, AnnouncePolicy, JobListing, JobPolicy, JobWriter, LeasedJob, MAX_JOBS};
pub use keeping::KeepPolicy;
pub use migrate::{MigrateOptions, MigrateReport, migrate_blobs};
pub use recover::recover;
pub use renditions::rebuild_renditions;
pub use selection::{MAX_SELECTION, SelectionOutcome, SelectionWork};
pub use signing::{Asking, SignedAddress, SigningPolicy};
pub use similar::{MAX_DISTANCE, MAX_SIMILAR};
pub use sinks::{MAX_DEAD_LETTERS, Persistence, SinkPlan};
pub use srcset::{Offer, Size, Wish, scaled_to};
pub use timeline::MAX_BUCKETS;
pub use upload::{Receiving, UploadOptions, Uploaded};
pub use uploads::{Append, Appending, NewUpload, NewUploadKind, ThenReader, UploadPolicy};

use crate::domain::{RenditionMode, StoreError};
pub use crate::ports::Presented;
use crate::ports::{BlobStore, Catalog, RemoteSource};
use access::Access;
use analyses::Analyses;
use events::LiveFeed;
use flights::Flights;
use images::Listing;
use jobs::Jobs;
use produce::{Picture, PictureCache};
use renditions::Renditions;
use uploads::Uploads;

/// Bounds of what is taken in.
#[derive(Debug, Clone, Copy)]
pub struct StoreLimits {
    /// Bytes of one file.
    pub upload_bytes: u64,
    /// Pixels and sides.
    pub engine: Limits,
}

/// Where finished pictures are kept.
#[derive(Debug, Clone, Copy)]
pub struct CachePolicy {
    /// Memory for them, in bytes.
    pub memory_bytes: u64,
    /// Whether they are kept by the back ends too.
    pub keep_variants: bool,
}

/// How the use cases go about their work.
#[derive(Debug, Clone)]
pub struct Policies {
    /// Where finished pictures are kept.
    pub cache: CachePolicy,
    /// When masters are made.
    pub renditions: RenditionMode,
    /// How jobs are handed out.
    pub jobs: JobPolicy,
    /// When something better than what is quick is made.
    pub better: BetterPolicy,
    /// Whether callers are asked who they are.
    pub access: AccessPolicy,
    /// How long resumable uploads are kept.
    pub uploads: UploadPolicy,
    /// What strangers may ask for.
    pub signing: SigningPolicy,
    /// What is kept, and for how long.
    pub keeping: KeepPolicy,
    /// How long addresses of originals hold that the storage itself answers; `None`: no such addresses are given away.
    pub redirect: Option<Duration>,
}

/// The back ends that the use cases work on.
pub struct BackEnds {
    /// Rows.
    pub catalog: Arc<dyn Catalog>,
    /// Bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// Other servers; `None` where fetching is switched off.
    pub remote: Option<Arc<dyn RemoteSource>>,
    /// The data folder, by an id that no other one has.
    pub folder: Uuid,
}

/// Everything a transport can ask for. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Arc<dyn Catalog>,
    blobs: Arc<dyn BlobStore>,
    remote: Option<Arc<dyn RemoteSource>>,
    cpu: CpuPool,
    limits: StoreLimits,
    records: records::Records,
    pictures: PictureCache,
    keeps_variants: bool,
    flights: Flights<(ImageId, Digest), Arc<Picture>>,
    background: TaskTracker,
    /// The runtime of the process. A web worker's own ends with the worker, and what was spawned there with it.
    runtime: Handle,
    /// Bounds the pictures that are answered but not stored yet, and so the memory they hold.
    storing: Arc<tokio::sync::Semaphore>,
    blob_locks: blobs::BlobLocks,
    renditions: Renditions,
    analyses: Analyses,
    /// Held by uploads that must not be a second copy, from the look for a first one to their own row.
    duplicates: blobs::BlobLocks,
    jobs: Jobs,
    better: BetterPolicy,
    job_writer: OnceLock<JobWriter>,
    feed: LiveFeed,
    outbox: albums::Outbox,
    sinks: sinks::Sinks,
    access: Access,
    uploads: Uploads,
    signing: SigningPolicy,
    keeping: keeping::Keeping,
    loose_ends: loose_ends::LooseEnds,
    redirect: Option<Duration>,
    replicas: replicas::Replicas,
    seen: health::Seen,
    curves: curve::Curves,
}

/// How many finished pictures may wait to be stored before requests wait with them.
const STORING: usize = 32;

impl Services {
    /// Use cases over these back ends, to be called within the runtime of the process.
    pub fn new(back_ends: BackEnds, cpu: CpuPool, limits: StoreLimits, policies: Policies) -> Self {
        let inner = Inner {
            replicas: replicas::Replicas::new(back_ends.catalog.is_shared(), back_ends.folder),
            catalog: back_ends.catalog,
            blobs: back_ends.blobs,
            remote: back_ends.remote,
            cpu,
            limits,
            records: records::Records::default(),
            pictures: produce::cache(policies.cache.memory_bytes),
            keeps_variants: policies.cache.keep_variants,
            flights: Flights::default(),
            background: TaskTracker::new(),
            runtime: Handle::current(),
            storing: Arc::new(tokio::sync::Semaphore::new(STORING)),
            blob_locks: blobs::BlobLocks::default(),
            renditions: Renditions::new(policies.renditions),
            analyses: Analyses::default(),
            duplicates: blobs::BlobLocks::default(),
            jobs: Jobs::new(policies.jobs),
            better: policies.better,
            job_writer: OnceLock::new(),
            feed: LiveFeed::default(),
            outbox: albums::Outbox::default(),
            sinks: sinks::Sinks::default(),
            access: Access::new(policies.access),
            uploads: Uploads::new(policies.uploads),
            signing: policies.signing,
            keeping: keeping::Keeping::new(policies.keeping),
            loose_ends: loose_ends::LooseEnds::default(),
            redirect: policies.redirect,
            seen: health::Seen::default(),
            curves: curve::Curves::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What is taken in.
    pub fn limits(&self) -> &StoreLimits {
        &self.inner.limits
    }

    /// Whether the service can do its job: each part with its state.
    pub async fn readiness(&self) -> Vec<(&'static str, Result<(), String>)> {
        const PATIENCE: Duration = Duration::from_secs(2);
        let catalog = tokio::time::timeout(PATIENCE, self.inner.catalog.ping()).await;
        let blobs = tokio::time::timeout(PATIENCE, self.inner.blobs.check_writable()).await;
        let workers = match self.inner.cpu.stalled() {
            None => Ok(()),
            Some(time) => Err(format!("no work has been finished for {} s", time.as_secs())),
        };
        vec![("catalog", settled(catalog)), ("blobs", settled(blobs)), ("workers", workers)]
    }

    /// Does work that must not stop half-way, even if the caller goes away meanwhile.
    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = service_kit::http::request::scope(work);
        self.inner.background.spawn_on(work, &self.inner.runtime).await.map_err(StoreError::internal)?
    }

    /// Waits until finished pictures are stored, then closes the catalog. Masters, what is to be looked at, and jobs are left for the next start.
    pub async fn close(&self) {
        self.inner.renditions.backlog.stop();
        self.inner.analyses.backlog.stop();
        self.inner.jobs.stop();
        self.inner.uploads.stop();
        self.inner.background.close();
        self.inner.background.wait().await;
        self.inner.catalog.close().await;
    }
}

/// Cuts a list that was asked for with one entry more than a page has; gives the last entry of the page if another page follows.
fn next_of<T>(entries: &mut Vec<T>, limit: u32) -> Option<&T> {
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    entries.last().filter(|_| more)
}

fn settled<E: std::error::Error + Send + Sync + 'static>(
    result: Result<Result<(), E>, tokio::time::error::Elapsed>,
) -> Result<(), String> {
    match result {
        Ok(answer) => answer.map_err(|error| format!("{:#}", anyhow::Error::from(error))),
        Err(_) => Err("does not answer".to_owned()),
    }
}
