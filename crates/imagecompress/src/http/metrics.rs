//! Figures of the service for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::cpu::CpuPool;
use service_kit::metrics::{Metrics, Refresh};

use crate::app::Worker;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct End {
    end: &'static str,
}

/// Registers the figures; gives what brings them up to date.
pub(crate) fn register(metrics: &Metrics, cpu: CpuPool, worker: Option<Worker>) -> Refresh {
    let work = Gauge::<u64, AtomicU64>::default();
    let jobs = Family::<End, Counter>::default();
    let (before, after) = (Counter::<u64>::default(), Counter::<u64>::default());
    metrics.register(|registry| {
        registry.register("imagecompress_work", "Pieces of work on pixels that wait or run", work.clone());
        registry.register("imagecompress_jobs", "Jobs by their end", jobs.clone());
        registry.register("imagecompress_source_bytes", "Bytes of what was made smaller by jobs", before.clone());
        registry.register("imagecompress_result_bytes", "Bytes of what was made of it", after.clone());
    });
    Arc::new(move || {
        work.set(cpu.present() as u64);
        if let Some(tally) = worker.as_ref().map(Worker::tally) {
            for (end, count) in tally.ends() {
                jobs.get_or_create(&End { end }).inner().store(count, Ordering::Relaxed);
            }
            let bytes = tally.bytes();
            before.inner().store(bytes.0, Ordering::Relaxed);
            after.inner().store(bytes.1, Ordering::Relaxed);
        }
        std::future::ready(()).boxed()
    })
}
