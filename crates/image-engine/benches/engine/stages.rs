//! One stage each. Where a stage cannot be called alone, the others are made to cost next to nothing.

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, SamplingMode, Throughput};
use image_engine::quality::{Pixels, Reference, thumbhash};
use image_engine::{Effort, Limits, probe, verify};
use testkit::pictures::{file, jpeg, photo};

use crate::pictures::{CAMERA, Job, STILL, plain, stills};

/// Headers alone.
pub(crate) fn probes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("probe");
    for (name, source) in stills() {
        group.bench_function(name, |bencher| bencher.iter(|| probe(Cursor::new(black_box(&source))).unwrap()));
    }
}

/// From the bytes of a file to upright pixels in sRGB.
pub(crate) fn decoders(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.sampling_mode(SamplingMode::Flat);
    for (name, source) in stills() {
        let (width, height) = probe(Cursor::new(&source)).unwrap().upright_size();
        group.throughput(Throughput::Elements(u64::from(width) * u64::from(height)));
        group.bench_function(name, |bencher| {
            bencher.iter(|| Pixels::decode(black_box(&source), &Limits::default(), &|| false).unwrap());
        });
    }
}

/// What an upload waits for.
pub(crate) fn verification(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify");
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function("jpeg 12 MP", |bencher| {
        bencher.iter(|| verify(black_box(&CAMERA), &Limits::default(), &|| false).unwrap());
    });
    let png = file::png(&photo(2000, 1400, 8));
    group.bench_function("png 2.8 MP", |bencher| {
        bencher.iter(|| verify(black_box(&png), &Limits::default(), &|| false).unwrap());
    });
}

/// Pixels that are at hand to 512 pixels, and the planes of a JPEG, which are decoded on the way.
pub(crate) fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resize to 512");
    group.sampling_mode(SamplingMode::Flat);
    for (name, source) in [
        ("rgb 2.8 MP", plain(2000, 1400, false)),
        ("rgba 2.8 MP", plain(2000, 1400, true)),
        ("jpeg planes 2.8 MP, decoding included", jpeg::baseline(&photo(2000, 1400, 8), 85)),
    ] {
        let job = Job::new(&source, "w=512", "bmp", Effort::Fast);
        group.throughput(Throughput::Elements(2000 * 1400));
        group.bench_function(name, |bencher| bencher.iter(|| job.run()));
    }
}

/// Pixels that are at hand to a file.
pub(crate) fn encoders(criterion: &mut Criterion) {
    let source = plain(512, 384, false);
    let mut group = criterion.benchmark_group("encode 512x384");
    group.sampling_mode(SamplingMode::Flat);
    for format in ["jpg", "webp", "avif", "jxl", "png", "gif", "tiff", "bmp", "qoi"] {
        let job = Job::new(&source, "", format, Effort::Fast);
        group.bench_function(format, |bencher| bencher.iter(|| job.run()));
    }
    for format in ["jpg", "webp", "avif", "png"] {
        let job = Job::new(&source, "", format, Effort::Thorough);
        group.bench_function(format!("{format}, thorough"), |bencher| bencher.iter(|| job.run()));
    }
}

/// The score of a candidate, and what stands for a picture.
pub(crate) fn quality(criterion: &mut Criterion) {
    let decode = |source: &[u8]| Pixels::decode(source, &Limits::default(), &|| false).unwrap();
    let picture = photo(STILL.0, STILL.1, 7);
    let (original, candidate) = (decode(&file::png(&picture)), decode(&jpeg::baseline(&picture, 80)));
    let reference = Reference::new(&original, &|| false).unwrap();
    let mut group = criterion.benchmark_group("quality 1024x768");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(u64::from(STILL.0) * u64::from(STILL.1)));
    group.bench_function("prepare a reference", |bencher| {
        bencher.iter(|| Reference::new(black_box(&original), &|| false).unwrap());
    });
    group.bench_function("score a candidate", |bencher| {
        bencher.iter(|| reference.score(black_box(&candidate), &|| false).unwrap());
    });
    group.bench_function("thumbhash", |bencher| bencher.iter(|| black_box(&original).thumbhash().unwrap()));
    group.throughput(Throughput::Elements(4000 * 3000));
    group.bench_function("thumbhash of a JPEG of 12 MP", |bencher| {
        bencher.iter(|| thumbhash(black_box(&CAMERA), &Limits::default(), &|| false).unwrap());
    });
}
