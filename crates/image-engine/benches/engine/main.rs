//! How long the engine takes, stage by stage and from file to file, on one thread: `cargo bench -p image-engine`.
//!
//! Times are short, so that the whole run ends within a few minutes: it shows what a change makes a tenth faster or slower, on a machine
//! that has nothing else to do.
#![allow(clippy::unwrap_used, reason = "pictures made by code can be decoded")]
#![allow(missing_docs, reason = "criterion's macros make functions")]

mod pictures;
mod pipelines;
mod stages;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn short() -> Criterion {
    let (warm_up, measurement) = (Duration::from_millis(300), Duration::from_secs(1));
    Criterion::default().sample_size(10).warm_up_time(warm_up).measurement_time(measurement)
}

criterion_group! {
    name = engine;
    config = short();
    targets = stages::probes, stages::decoders, stages::verification, stages::scaling, stages::encoders, stages::quality,
        pipelines::variants, pipelines::masters
}
criterion_main!(engine);
