//! Figures of the store for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use futures::FutureExt;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::metrics::{Metrics, Refresh};
use shared_types::job::JobStatus;

use crate::app::Services;
use crate::domain::{SinkState, SinkStatus, Totals};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sink {
    sink: String,
}

/// Figures of receivers of events.
#[derive(Default)]
struct SinkGauges {
    sent: Family<Sink, Gauge<u64, AtomicU64>>,
    failed: Family<Sink, Gauge<u64, AtomicU64>>,
    waiting: Family<Sink, Gauge<u64, AtomicU64>>,
    dead: Family<Sink, Gauge<u64, AtomicU64>>,
    lag: Family<Sink, Gauge<f64, AtomicU64>>,
    available: Family<Sink, Gauge<u64, AtomicU64>>,
}

/// Gauges that are read from the catalog whenever somebody asks.
#[derive(Default)]
struct Gauges {
    images: Gauge<u64, AtomicU64>,
    original_bytes: Gauge<u64, AtomicU64>,
    variants: Gauge<u64, AtomicU64>,
    variant_bytes: Gauge<u64, AtomicU64>,
    masters: Gauge<u64, AtomicU64>,
    master_bytes: Gauge<u64, AtomicU64>,
    deleted: Gauge<u64, AtomicU64>,
    made_bytes: Gauge<u64, AtomicU64>,
    evicted: Gauge<u64, AtomicU64>,
    saved_bytes: Gauge<i64, AtomicI64>,
    jobs: Family<Status, Gauge<u64, AtomicU64>>,
    work: Gauge<u64, AtomicU64>,
    sinks: SinkGauges,
}

/// Registers the figures; gives what brings them up to date.
pub(crate) fn register(metrics: &Metrics, services: Services) -> Refresh {
    let gauges = Arc::new(Gauges::default());
    metrics.register(|registry| {
        let Gauges { images, original_bytes, variants, variant_bytes, masters, master_bytes, .. } = &*gauges;
        for (name, help, gauge) in [
            ("imagestore_images", "Images", images),
            ("imagestore_original_bytes", "Bytes of different originals", original_bytes),
            ("imagestore_variants", "Stored variants", variants),
            ("imagestore_variant_bytes", "Bytes of stored variants", variant_bytes),
            ("imagestore_masters", "Master copies", masters),
            ("imagestore_master_bytes", "Bytes of master copies", master_bytes),
            ("imagestore_deleted_images", "Deleted images that are kept for a while", &gauges.deleted),
            ("imagestore_made_variant_bytes", "Bytes of stored variants made from parameters", &gauges.made_bytes),
            ("imagestore_evicted_variants", "Variants removed for want of room, ever", &gauges.evicted),
            ("imagestore_work", "Pieces of work on pixels that wait or run", &gauges.work),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "imagestore_saved_bytes",
            "Bytes that compressed variants have less than what they were made from",
            gauges.saved_bytes.clone(),
        );
        registry.register("imagestore_jobs", "Jobs by status", gauges.jobs.clone());
        let SinkGauges { sent, failed, waiting, dead, lag, available } = &gauges.sinks;
        for (name, help, figures) in [
            ("imagestore_sink_sent", "Events that a sink got, ever", sent),
            ("imagestore_sink_failed", "Attempts to tell a sink that failed, ever", failed),
            ("imagestore_sink_waiting", "Events that a sink does not have yet", waiting),
            ("imagestore_sink_dead", "Dead letters of a sink", dead),
            ("imagestore_sink_available", "Whether a sink takes events", available),
        ] {
            registry.register(name, help, figures.clone());
        }
        registry.register("imagestore_sink_lag_seconds", "For how long the oldest of them waits", lag.clone());
    });
    Arc::new(move || {
        let (gauges, services) = (Arc::clone(&gauges), services.clone());
        async move {
            gauges.work.set(services.work() as u64);
            match services.totals().await {
                Ok(totals) => gauges.set(&totals),
                Err(error) => log::warn!("figures of the catalog are not up to date: {error}"),
            }
            match services.sink_figures().await {
                Ok(sinks) => gauges.sinks.set(&sinks),
                Err(error) => log::warn!("figures of sinks are not up to date: {error}"),
            }
        }
        .boxed()
    })
}

impl Gauges {
    fn set(&self, totals: &Totals) {
        self.images.set(totals.images);
        self.original_bytes.set(totals.original_bytes);
        self.variants.set(totals.variants);
        self.variant_bytes.set(totals.variant_bytes);
        self.masters.set(totals.masters.done);
        self.master_bytes.set(totals.masters.bytes);
        self.deleted.set(totals.deleted.count);
        self.made_bytes.set(totals.made.bytes);
        self.evicted.set(totals.evicted.count);
        self.saved_bytes.set(totals.saved.bytes);
        for status in JobStatus::ALL {
            self.jobs.get_or_create(&Status { status: status.name() }).set(totals.jobs.of(status));
        }
    }
}

impl SinkGauges {
    fn set(&self, sinks: &[SinkStatus]) {
        let now = Timestamp::now();
        for status in sinks {
            let sink = Sink { sink: status.name.clone() };
            self.sent.get_or_create(&sink).set(status.sent);
            self.failed.get_or_create(&sink).set(status.failed);
            self.waiting.get_or_create(&sink).set(status.waiting);
            self.dead.get_or_create(&sink).set(status.dead);
            self.available.get_or_create(&sink).set(u64::from(status.state == SinkState::Taking));
            self.lag.get_or_create(&sink).set(status.lag(now));
        }
    }
}
