//! The one place that names back ends.

use std::sync::Arc;

use anyhow::Context;
use futures::FutureExt;
use service_kit::cpu::CpuPool;
use service_kit::health;
use service_kit::server;

use crate::adapters::store_client::StoreClient;
use crate::app::Compressor;
use crate::http;
use crate::settings::Settings;

/// Serves until a signal says to stop.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let store = StoreClient::new(settings.store()?).context("cannot set up the connection to the store")?;
    let compressor = Compressor::new(
        Arc::new(store),
        CpuPool::new(&settings.cpu.pool(settings.limits.pixel_budget))?,
        settings.limits(),
    );
    let checked = compressor.clone();
    let checks: health::Checks = Arc::new(move || {
        let compressor = checked.clone();
        async move { compressor.readiness().await }.boxed()
    });
    let served = server::serve(
        settings.http.server(),
        || {},
        move |config| {
            health::configure(config, Arc::clone(&checks));
            http::configure(config, compressor.clone());
        },
    );
    served.await
}
