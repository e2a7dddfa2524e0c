//! The one place that names back ends.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::FutureExt;
use service_kit::cpu::CpuPool;
use service_kit::health;
use service_kit::metrics::{self, Metrics};
use service_kit::openapi::{self, Pages};
use service_kit::server::{self, HttpSettings, StopSignals};
use service_kit::settings::JobTransport;
use tokio_util::sync::CancellationToken;

use crate::adapters::kafka::KafkaAnnouncements;
use crate::adapters::store_client::StoreClient;
use crate::app::{Compressor, Consumer, Later, Press, Tally, Until, Worker, WorkerSettings};
use crate::http;
use crate::ports::{ImageStore, StoreError};
use crate::settings::Settings;

/// What works on pictures.
///
/// # Errors
/// The threads cannot be started.
pub fn press(settings: &Settings) -> anyhow::Result<Press> {
    let cpu = CpuPool::new(&settings.cpu.pool(settings.limits.pixel_budget))?;
    Ok(Press::new(cpu, settings.limits()))
}

/// Serves, and works on jobs if the settings say so, until a signal says to stop.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let (store, press) = (store(&settings)?, press(&settings)?);
    let compressor = Compressor::new(store.clone(), press.clone());
    let later = Later::new(store.clone(), store.clone());
    let worker = settings.jobs.enabled.then(|| worker(&settings, &store, press.clone()));
    let figures = Arc::new(Metrics::default());
    let refresh = http::metrics::register(&figures, press.cpu().clone(), worker.clone());
    let consumer = worker.as_ref().map(|worker| consumer(&settings, worker)).transpose()?.flatten();
    let checks = checks(&store, press, worker.as_ref(), consumer.clone());
    let described = settings.http.swagger;
    let pages = described.then(|| Pages::new(http::describe));
    let tls = settings.tls.open()?;
    let listening = HttpSettings { tls: tls.clone(), ..settings.http.server() };
    let server = server::bind(listening, move |config| {
        if let Some(pages) = &pages {
            openapi::configure(config, pages);
        }
        health::configure(config, Arc::clone(&checks));
        metrics::configure(config, &figures, Arc::clone(&refresh));
        http::configure(config, compressor.clone(), later.clone(), described);
    })?;
    if let Some(tls) = tls {
        tokio::spawn(tls.keep_up());
    }
    let Some(worker) = worker else { return server.serve(|| ()).await };
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let work = async {
        let tally = work(&worker, consumer, Until::Stopped, &stop).await?;
        log::info!("no more jobs; {tally}");
        Ok(())
    };
    tokio::try_join!(server.serve(move || stopped.cancel()), work).map(drop)
}

/// Works on jobs and does not serve, until there are none or a signal says to stop.
///
/// # Errors
/// Why no jobs can be had from the store.
pub async fn run(settings: &Settings, until: Until) -> anyhow::Result<Tally> {
    let worker = worker(settings, &store(settings)?, press(settings)?);
    let mut signals = StopSignals::new().context("signals cannot be received")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        signals.recv().await;
        stopped.cancel();
        signals.recv().await;
        std::process::exit(1);
    });
    let consumer = if until == Until::Stopped { consumer(settings, &worker)? } else { None };
    work(&worker, consumer, until, &stop)
        .await
        .with_context(|| format!("no jobs can be had from {}", settings.store.url))
}

async fn work(
    worker: &Worker,
    consumer: Option<Consumer>,
    until: Until,
    stop: &CancellationToken,
) -> Result<Tally, StoreError> {
    match consumer {
        Some(consumer) => Ok(consumer.run(stop).await),
        None => worker.run(until, stop).await,
    }
}

/// The worker as a member of a consumer group, if the settings say so.
fn consumer(settings: &Settings, worker: &Worker) -> anyhow::Result<Option<Consumer>> {
    if settings.jobs.transport == JobTransport::Catalog {
        return Ok(None);
    }
    let announcements = KafkaAnnouncements::new(settings.kafka())?;
    Ok(Some(Consumer::new(worker.clone(), Arc::new(announcements))))
}

fn store(settings: &Settings) -> anyhow::Result<Arc<StoreClient>> {
    let store = StoreClient::new(settings.store()?).context("cannot set up the connection to the store")?;
    Ok(Arc::new(store))
}

fn worker(settings: &Settings, store: &Arc<StoreClient>, press: Press) -> Worker {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = WorkerSettings {
        name: settings.jobs.worker_name(),
        concurrency: if settings.jobs.concurrency == 0 { 2 * cores } else { settings.jobs.concurrency },
        lease_wait: Duration::from_secs(settings.jobs.lease_wait_seconds),
        attempts: settings.store.attempts,
        drain: Duration::from_secs(settings.http.drain_seconds),
    };
    Worker::new(store.clone(), store.clone(), press, settings)
}

fn checks(
    store: &Arc<StoreClient>,
    press: Press,
    worker: Option<&Worker>,
    consumer: Option<Consumer>,
) -> health::Checks {
    let (store, contact) = (store.clone(), worker.map(Worker::contact));
    Arc::new(move || {
        let (store, cpu, contact, consumer) = (store.clone(), press.cpu().clone(), contact.clone(), consumer.clone());
        async move {
            let workers = match cpu.stalled() {
                None => Ok(()),
                Some(time) => Err(format!("no work has been finished for {} s", time.as_secs())),
            };
            let mut parts =
                vec![("store", store.ping().await.map_err(|error| error.to_string())), ("workers", workers)];
            parts.extend(contact.map(|contact| ("jobs", contact.state())));
            parts.extend(consumer.map(|consumer| ("announcements", consumer.state())));
            parts
        }
        .boxed()
    })
}
