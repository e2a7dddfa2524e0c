//! From file to file, as requests ask for it.

use std::hint::black_box;

use criterion::{Criterion, SamplingMode};
use image_engine::Effort;

use crate::pictures::{CAMERA, Job, MOVING, WEB, master_plan};

/// New variants, from the original and from its master copy.
pub(crate) fn variants(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("variant");
    group.sampling_mode(SamplingMode::Flat);
    for format in ["jpg", "webp", "png", "avif"] {
        let job = Job::new(&CAMERA, "w=512", format, Effort::Fast);
        group.bench_function(format!("jpeg 12 MP to 512 {format}"), |bencher| bencher.iter(|| job.run()));
    }
    for format in ["jpg", "webp", "avif"] {
        let job = Job::from_master(&CAMERA, "w=512", format);
        group.bench_function(format!("master of 12 MP to 512 {format}"), |bencher| bencher.iter(|| job.run()));
    }
    for format in ["jpg", "webp", "png", "avif"] {
        let job = Job::new(&WEB, "w=512", format, Effort::Fast);
        group.bench_function(format!("jpeg 2.8 MP to 512 {format}"), |bencher| bencher.iter(|| job.run()));
    }
    let cut = Job::new(&CAMERA, "crop=1200,900,1600,1200&w=512", "jpg", Effort::Fast);
    group.bench_function("jpeg 12 MP, crop of 1.9 MP to 512 jpg", |bencher| bencher.iter(|| cut.run()));
    let smart = Job::new(&WEB, "w=300&h=300&fit=cover&gravity=smart", "jpg", Effort::Fast);
    group.bench_function("jpeg 2.8 MP, smart square of 300 jpg", |bencher| bencher.iter(|| smart.run()));
    let moving = Job::new(&MOVING, "w=240", "webp", Effort::Fast);
    group.bench_function("gif of 12 frames to 240 webp", |bencher| bencher.iter(|| moving.run()));
}

/// What is done once for each large original.
pub(crate) fn masters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("master");
    group.sampling_mode(SamplingMode::Flat);
    let plan = master_plan(&CAMERA);
    group.bench_function("jpeg 12 MP", |bencher| {
        bencher.iter(|| plan.make(black_box(&CAMERA), &|| false).unwrap().unwrap());
    });
}
