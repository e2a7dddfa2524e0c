//! Memory after few and after many requests of all kinds: does it come back?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use testkit::process::Store;
use testkit::reqwest::Client;

use crate::pictures::small;
use crate::report::{Report, mebibytes, number};
use crate::{Bench, load, start_store_with, step};

const CONCURRENCY: usize = 16;
const FEW: usize = 500;
/// How long the service is left alone before its memory is read; the allocator gives back what was not used for 10 s.
const REST: Duration = Duration::from_secs(15);
/// Small, and full after few requests: what is measured is what the allocator keeps, not a cache that fills.
const CACHE: &str = "4194304";

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    let many = bench.count(20_000, 2_000);
    step(&format!("memory after {many} mixed requests"));
    let store = start_store_with(&bench.folder("mixed"), &[("IMAGESTORE__CACHE__MEMORY_BYTES", CACHE)]);
    let traffic = Arc::new(Traffic::new(bench, &store).await);
    let first = traffic.send(0, FEW).await;
    rest(&store).await;
    let after_few = store.rss_kib();
    let second = traffic.send(FEW, many - FEW).await;
    rest(&store).await;
    let after_many = store.rss_kib();
    let faults = first.faults.len() + second.faults.len();
    let how = format!(
        "VmRSS 15 s after the last work, memory cache of 4 MiB: 10 % uploads of 0.1 to 12 MP, 20 % new variants, 50 % stored ones, 20 % originals and documents; {} \
         a second, {faults} failed",
        number(second.rate())
    );
    let what = format!("memory after {many} mixed requests, against after {FEW}");
    let ratio = after_many as f64 / after_few as f64;
    report.ratio(&what, [mebibytes(after_many), mebibytes(after_few)], ratio, &how);
}

/// Until the master copies are made as well.
async fn rest(store: &Store) {
    store.wait_until_idle();
    tokio::time::sleep(REST).await;
}

/// A fixed sequence of requests of all kinds.
struct Traffic {
    client: Client,
    base: String,
    large: Vec<Vec<u8>>,
    medium: Vec<u8>,
    tiny: Vec<u8>,
    ids: Mutex<Vec<String>>,
}

impl Traffic {
    async fn new(bench: &Bench, store: &Store) -> Self {
        let traffic = Self {
            client: load::client(),
            base: store.url(""),
            large: (0..4).map(|_| bench.pictures.distinct()).collect(),
            medium: small(1920, 1080, 1),
            tiny: small(400, 300, 2),
            ids: Mutex::new(Vec::new()),
        };
        for number in 0..20 {
            traffic.upload(number).await.expect("the store takes pictures");
        }
        traffic
    }

    async fn send(self: &Arc<Self>, first: usize, count: usize) -> load::Outcome {
        let traffic = Arc::clone(self);
        load::run(CONCURRENCY, count, move |number| {
            let traffic = Arc::clone(&traffic);
            async move { traffic.request(first + number).await }
        })
        .await
    }

    async fn request(&self, number: usize) -> Result<(), String> {
        let scattered = number.wrapping_mul(0x9e37_79b9) >> 8;
        let id = self.id(scattered);
        let path = match number % 10 {
            0 => return self.upload(number).await,
            1 => format!("/i/{id}.webp?w={}", 50 + scattered % 700),
            2 => format!("/i/{id}.jpg?w={}&h={}&fit=cover", 40 + scattered % 600, 40 + scattered % 500),
            3 => format!("/v1/images/{id}"),
            4 => format!("/i/{id}"),
            _ => format!("/i/{}.jpg?w=320", self.id(scattered % 20)),
        };
        load::get(&self.client, &format!("{}{path}", self.base)).await.map(drop)
    }

    async fn upload(&self, number: usize) -> Result<(), String> {
        let file = match number / 10 % 10 {
            0 => &self.large[number / 100 % self.large.len()],
            1..=4 => &self.medium,
            _ => &self.tiny,
        };
        let file = testkit::pictures::jpeg::with_comment(file, &format!("request {number}"));
        let id = load::upload(&self.client, &format!("{}/v1/images", self.base), file).await?;
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        Ok(())
    }

    fn id(&self, index: usize) -> String {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids[index % ids.len()].clone()
    }
}
