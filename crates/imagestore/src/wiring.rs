//! The one place that names back ends: opens what the settings choose and hands it to the use cases.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use futures::FutureExt;
use service_kit::cpu::CpuPool;
use service_kit::health;
use service_kit::kafka::Producer;
use service_kit::metrics::{self, Metrics};
use service_kit::openapi::{self, Pages};
use service_kit::server::{self, Bound, HttpSettings};
use service_kit::tls::Tls;
use shared_types::ErrorCode;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::adapters::files::FileBlobs;
use crate::adapters::folder::{self, FolderCopy};
use crate::adapters::kafka::KafkaSink;
use crate::adapters::key_file;
use crate::adapters::mqtt::MqttSink;
use crate::adapters::objects::{BlobLocation, ObjectBlobs};
use crate::adapters::postgres::{self, PostgresSettings, Purpose};
use crate::adapters::remote::HttpSource;
use crate::adapters::sql::SqlCatalog;
use crate::adapters::sqlite;
use crate::adapters::transfer::Transfer;
use crate::adapters::webhook::WebhookSink;
use crate::app::{self, BackEnds, Services, SinkPlan};
use crate::domain::{Keyring, SigningKey};
use crate::grpc::{self, CallFigures, GrpcState};
use crate::http::{self, HttpState};
use crate::ports::{BlobStore, RemoteSource, ReplicaCatalog, StoreCopy};
use crate::settings::Settings;

pub use crate::adapters::folder::CopyKind;

/// The address of blobs in the data folder.
pub const FILES: &str = "fs:";

/// How a data folder is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By the one process that may write to it.
    Exclusive,
    /// Beside whoever is using it, for what the catalog alone keeps.
    Beside,
    /// Beside whoever is using it, for looking only.
    ReadOnly,
    /// Beside whoever is using it, for copying it: rows of an older version are brought up to date in the copy.
    Copying,
}

/// Use cases over an opened data folder.
pub struct Opened {
    /// The use cases.
    pub services: Services,
    /// Held while this process owns the folder; the kernel lets go of it even after SIGKILL.
    _lock: Option<File>,
}

/// Opens the data folder, makes it if it is missing, and brings its schema up to date.
pub async fn open(settings: &Settings, access: Access) -> anyhow::Result<Opened> {
    let folder = &settings.data_dir;
    let lock = if access == Access::Exclusive { Some(folder::own(folder)?) } else { None };
    let catalog = match settings.postgres() {
        Some(server) => open_on_server(&server, folder, access).await?,
        None => open_in_folder(settings, access).await?,
    };
    let blobs = blob_store(settings, &settings.blobs.url)?;
    if access == Access::Exclusive && catalog.is_shared() {
        check_place_of_blobs(settings, &catalog).await?;
    }
    let remote = if settings.fetch.enabled {
        Some(Arc::new(HttpSource::new(settings.remote()).context("cannot set up fetching")?) as Arc<dyn RemoteSource>)
    } else {
        None
    };
    let keys = signing_keys(settings, access, &catalog).await?;
    // Who only looks makes no claims.
    let claims = catalog.is_shared() && matches!(access, Access::Exclusive | Access::Beside);
    let folder = if claims { folder::id_of(folder)? } else { Uuid::nil() };
    let back_ends = BackEnds { catalog: Arc::new(catalog), blobs, remote, folder };
    let cpu = CpuPool::new(&settings.cpu.pool(settings.limits.pixel_budget))?;
    let services = Services::new(back_ends, cpu, settings.limits(), settings.policies(keys));
    Ok(Opened { services, _lock: lock })
}

/// The blobs at an address such as that of `blobs.url`, with the data folder for what this machine keeps beside them.
pub fn blob_store(settings: &Settings, url: &str) -> anyhow::Result<Arc<dyn BlobStore>> {
    let free_bytes = settings.limits.free_bytes;
    match url.parse().map_err(|fault| anyhow::anyhow!("{url} {fault}"))? {
        BlobLocation::Files(folder) => {
            let folder = folder.as_ref().unwrap_or(&settings.data_dir);
            let opened = FileBlobs::open(folder, free_bytes);
            Ok(Arc::new(opened.with_context(|| format!("cannot use the folder {}", folder.display()))?))
        }
        BlobLocation::Objects(location) => {
            Ok(Arc::new(ObjectBlobs::open(&location, &settings.blobs.objects(), &settings.data_dir, free_bytes)?))
        }
    }
}

/// Makes sure that one process alone has the blobs where others would not find them: in a folder, or in a store whose lists lag behind.
async fn check_place_of_blobs(settings: &Settings, catalog: &impl ReplicaCatalog) -> anyhow::Result<()> {
    let folder = match settings.blobs.url.parse() {
        Ok(BlobLocation::Files(Some(folder))) => folder,
        Ok(location) if !location.can_be_shared() => settings.data_dir.clone(),
        _ => return Ok(()),
    };
    let unusable = || format!("cannot use the folder {}", folder.display());
    let id = folder::id_of(&folder)?.to_string();
    let known = catalog.secret("folder of blobs", Some(&id)).await.with_context(unusable)?;
    anyhow::ensure!(
        known.as_ref() == Some(&id),
        "the pictures of this catalog are in another folder than {}, or Google Drive is used from another one; use that one, or name in blobs.url what \
         several imagestores can share: a bucket of S3, Google Cloud Storage or Azure",
        folder.display()
    );
    Ok(())
}

async fn open_in_folder(settings: &Settings, access: Access) -> anyhow::Result<SqlCatalog> {
    folder::check_for_file(&settings.data_dir)?;
    let file = settings.data_dir.join(folder::CATALOG);
    let catalog = match access {
        Access::Exclusive | Access::Beside => sqlite::open(&file, &settings.sqlite()).await,
        Access::ReadOnly => sqlite::open_read_only(&file).await,
        Access::Copying => sqlite::open_to_copy(&file).await,
    };
    catalog.with_context(|| format!("cannot open the catalog {}", file.display()))
}

async fn open_on_server(server: &PostgresSettings, folder: &Path, access: Access) -> anyhow::Result<SqlCatalog> {
    let purpose = match access {
        Access::Exclusive | Access::Beside => Purpose::Writing,
        Access::ReadOnly | Access::Copying => Purpose::Reading,
    };
    let (catalog, id) = postgres::open(server, purpose).await?;
    folder::check_for_server(folder, id, purpose == Purpose::Writing)?;
    Ok(catalog)
}

/// The keys of the settings, or that of the data folder, which is made where it is missing and may be written. Processes that share a catalog have
/// the key there, since each has to know what another one signed.
async fn signing_keys(settings: &Settings, access: Access, catalog: &impl ReplicaCatalog) -> anyhow::Result<Keyring> {
    if !settings.signing.keys.is_empty() {
        return Ok(settings.signing.keys.clone());
    }
    let folder = &settings.data_dir;
    let kept = match access {
        Access::Exclusive | Access::Beside => key_file::read_or_make(folder).map(Some),
        Access::ReadOnly | Access::Copying => key_file::read(folder),
    };
    let unusable = || format!("cannot use the signing key of {}", folder.display());
    let mut kept = kept.with_context(unusable)?;
    if catalog.is_shared() {
        kept = catalog.secret("signing key", kept.as_deref()).await.with_context(unusable)?;
    }
    let keys = kept.iter().map(|key| SigningKey::parse(key)).collect::<Result<_, _>>();
    let keyring = keys.map_err(str::to_owned).and_then(Keyring::new);
    keyring.map_err(anyhow::Error::msg).with_context(unusable)
}

/// Whether somebody has kept something there.
pub fn is_data_folder(folder: &Path) -> bool {
    folder.join(folder::CATALOG).is_file()
}

/// Whether a process serves or repairs the data folder at this moment.
pub fn is_in_use(folder: &Path) -> bool {
    folder::is_in_use(folder)
}

/// Prepares `folder` to become a copy of the store in `source`. A backup has its blobs beside its rows, a data folder where the settings say.
pub async fn copy_into(
    settings: &Settings,
    source: &Path,
    folder: &Path,
    kind: CopyKind,
) -> anyhow::Result<Box<dyn StoreCopy>> {
    let settings = Settings { data_dir: folder.to_owned(), ..settings.clone() };
    let url = if kind == CopyKind::Backup { FILES } else { &settings.blobs.url };
    let is_new = !folder::is_begun(folder, kind);
    let copy = FolderCopy::open(source, folder, kind, || blob_store(&settings, url))?;
    // What is there and not in the copy would be removed as something that an earlier run left.
    let is_empty = !is_new || kind == CopyKind::Backup || copy.blobs().list().await?.is_empty();
    anyhow::ensure!(
        is_empty,
        "{url} has blobs of another store; set blobs.url to an empty bucket, or to another prefix in it"
    );
    Ok(Box::new(copy))
}

/// Rows of the data folder on their way to a server.
pub struct CatalogMigration {
    /// Copies them.
    pub transfer: Transfer,
    folder: PathBuf,
    /// While this is there nobody changes the rows of the folder.
    lock: Option<File>,
}

impl CatalogMigration {
    /// Makes the server's catalog that of the data folder, if nobody has changed anything since the rows were copied; gives where the file is that had
    /// them before.
    pub async fn finish(self) -> anyhow::Result<Option<PathBuf>> {
        if self.lock.is_none() {
            return Ok(None);
        }
        let id = self.transfer.id();
        self.transfer.finish().await?;
        folder::leave_file(&self.folder, id).map(Some)
    }
}

/// Prepares to copy the rows of the data folder to the server of `catalog.url`.
pub async fn catalog_migration(settings: &Settings) -> anyhow::Result<CatalogMigration> {
    let (folder, file) = (settings.data_dir.clone(), settings.data_dir.join(folder::CATALOG));
    let server =
        settings.postgres().context("catalog.url names no server; set it to the one that is to have the rows")?;
    anyhow::ensure!(file.is_file(), "{} has no catalog of its own ({})", folder.display(), folder::CATALOG);
    let lock = if folder::is_in_use(&folder) { None } else { Some(folder::own(&folder)?) };
    Ok(CatalogMigration { transfer: Transfer::open(&file, &server).await?, folder, lock })
}

/// A store for a while, to copy blobs from or into. What this machine keeps beside them is apart from that of the service, which may be
/// running, and goes with the value.
pub struct Passage {
    /// The blobs.
    pub blobs: Arc<dyn BlobStore>,
    _scratch: TempDir,
}

/// Opens the blobs at an address such as that of `blobs.url`, with these keys.
pub fn passage(settings: &Settings, url: &str) -> anyhow::Result<Passage> {
    let folder = &settings.data_dir;
    let scratch = tempfile::Builder::new().prefix("passage-").tempdir_in(folder);
    let scratch = scratch.with_context(|| format!("cannot write to the data folder {}", folder.display()))?;
    let is_elsewhere = url.parse().is_ok_and(|location| matches!(location, BlobLocation::Objects(_)));
    let apart = Settings { data_dir: scratch.path().to_owned(), ..settings.clone() };
    let blobs = blob_store(if is_elsewhere { &apart } else { settings }, url)?;
    Ok(Passage { blobs, _scratch: scratch })
}

/// Serves until a signal says to stop.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let kafka = kafka(&settings)?;
    let sinks = sinks(&settings, kafka.as_ref())?;
    let opened = open(&settings, Access::Exclusive).await?;
    let services = opened.services.clone();
    app::recover(&services).await.map_err(|error| explain(&error))?;
    services.start_replicas().await;
    services.start_renditions();
    services.start_analyses();
    services.start_jobs();
    announce_jobs(&settings, &services, kafka);
    let presets = settings.presets.clone();
    services.read_then_with(Box::new(move |words| http::read_then(words, &presets)));
    services.start_uploads();
    services.start_albums();
    services.start_keeping();
    services.start_loose_ends();
    services.start_sinks(sinks).await.map_err(|error| explain(&error))?;
    let state = HttpState {
        services: services.clone(),
        public_url: settings.public_url(),
        bodies: settings.bodies(),
        presets: Arc::new(settings.presets.clone()),
        swagger: settings.http.swagger,
        page: settings.page.enabled,
    };
    let base = state.known_url();
    services.write_jobs_as(Box::new(move |job| http::write_job(&base, job)));
    let result = listen_and_serve(&settings, state).await;
    services.close().await;
    result
}

/// Where events leave the store.
fn sinks(settings: &Settings, kafka: Option<&Arc<Producer>>) -> anyhow::Result<Vec<SinkPlan>> {
    let events = &settings.events;
    let mut plans = Vec::new();
    if let Some(kafka) = kafka.filter(|_| !events.kafka.topic.is_empty()) {
        let sink = Arc::new(KafkaSink::new("kafka", events.kafka.topic.clone(), Arc::clone(kafka)));
        plans.push(SinkPlan { sink, kinds: None, persistence: events.broker_persistence() });
    }
    if let Some(mqtt) = events.mqtt() {
        let sink = Arc::new(MqttSink::new(&mqtt)?);
        plans.push(SinkPlan { sink, kinds: None, persistence: events.broker_persistence() });
    }
    for (webhook, kinds) in events.webhooks() {
        let sink = Arc::new(WebhookSink::new(webhook)?);
        plans.push(SinkPlan { sink, kinds, persistence: events.webhook_persistence() });
    }
    Ok(plans)
}

/// What sends to the brokers of the settings, if they name some.
fn kafka(settings: &Settings) -> anyhow::Result<Option<Arc<Producer>>> {
    let producer = settings.events.kafka.brokers().map(Producer::new).transpose();
    Ok(producer.context("cannot set up the connection to Kafka")?.map(Arc::new))
}

/// Has jobs announced to the brokers, if the settings say so.
fn announce_jobs(settings: &Settings, services: &Services, kafka: Option<Arc<Producer>>) {
    if let (Some(policy), Some(kafka)) = (settings.announcing(), kafka) {
        let topic = settings.events.kafka.jobs_topic.clone();
        services.start_announcing(policy, Arc::new(KafkaSink::new("kafka-jobs", topic, kafka)));
    }
}

async fn listen_and_serve(settings: &Settings, state: HttpState) -> anyhow::Result<()> {
    let tls = settings.tls.open()?;
    let figures = Arc::new(Metrics::default());
    let calls = Calls {
        state: grpc_state(settings, &state),
        figures: CallFigures::register(&figures),
        tls: tls.as_ref().map(|tls| tls.server_config(&["h2"])).transpose()?,
    };
    let http = bind_http(settings, state, figures, tls.clone())?;
    let grpc = grpc::bind(settings.grpc())?;
    if let Some(tls) = tls {
        tokio::spawn(tls.keep_up());
    }
    serve_both(http, grpc, calls).await
}

fn bind_http(settings: &Settings, state: HttpState, figures: Arc<Metrics>, tls: Option<Tls>) -> anyhow::Result<Bound> {
    let services = state.services.clone();
    let refresh = http::metrics::register(&figures, services.clone());
    let checks: health::Checks = Arc::new(move || {
        let services = services.clone();
        async move { services.readiness().await }.boxed()
    });
    let listening = HttpSettings { allow_public_bind: settings.allows_public_bind(), tls, ..settings.http.server() };
    let public_url = state.public_url.clone();
    let pages = state.swagger.then(|| Pages::new(move || http::describe(public_url.as_ref())));
    server::bind(listening, move |config| {
        if let Some(pages) = &pages {
            openapi::configure(config, pages);
        }
        health::configure(config, Arc::clone(&checks));
        metrics::configure(config, &figures, Arc::clone(&refresh));
        http::configure(config, state.clone());
    })
}

/// What calls over gRPC need.
struct Calls {
    state: GrpcState,
    figures: CallFigures,
    tls: Option<ServerConfig>,
}

fn grpc_state(settings: &Settings, http: &HttpState) -> GrpcState {
    let base = http.known_url();
    GrpcState {
        services: http.services.clone(),
        presets: Arc::clone(&http.presets),
        watchers: Arc::clone(&http.bodies.watchers),
        write_event: Arc::new(move |event| http::write_event(&base, event)),
        max_message_bytes: settings.grpc.max_message_bytes,
        buffer_bytes: settings.grpc.buffer_bytes,
        files: http.bodies.files,
        pause: http.bodies.pause,
    }
}

/// The first key is shown when nothing can keep the store from serving any more: it is shown only once.
async fn serve_both(http: Bound, grpc: grpc::Bound, calls: Calls) -> anyhow::Result<()> {
    let services = calls.state.services.clone();
    if let Some(key) = services.bootstrap_key().await.map_err(|error| explain(&error))? {
        service_kit::exit::print(&first_key(&key)).map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    }
    let stop = CancellationToken::new();
    let tls = calls.tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    let calls = grpc.start(calls.state, calls.figures, tls.as_ref(), stop.clone())?;
    let stopping = stop.clone();
    let served = http.serve(move || {
        services.send_away();
        stopping.cancel();
    });
    let served = served.await;
    // The server may also have ended by a fault.
    stop.cancel();
    calls.await.context("the gRPC server failed")?.and(served)
}

/// What an operator sees who starts a store that asks for keys and has none yet.
fn first_key(key: &str) -> String {
    format!(
        "There is no user yet, so here is one: admin, with this key. It is shown this once and kept nowhere.\n\n    {key}\n\n\
         Use it as `Authorization: Bearer KEY`, or make others with `imagestore user add` and `imagestore key create`.\n"
    )
}

/// A use case's error for an operator, who may know everything.
pub fn explain(error: &crate::domain::StoreError) -> anyhow::Error {
    match &error.cause {
        // Clients are told to come back. Whoever runs it needs to know what is away.
        Some(cause) if error.code == ErrorCode::Unavailable => anyhow::anyhow!("{cause:#}"),
        Some(cause) => anyhow::anyhow!("{} ({cause:#})", error.detail),
        None => anyhow::anyhow!("{}", error.detail),
    }
}
