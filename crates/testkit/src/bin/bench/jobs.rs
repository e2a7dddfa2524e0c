//! Ten thousand queued jobs through two compressing services, and how long a worker waits for a lease meanwhile.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pictures::{file, photo};
use testkit::process::{Compress, CompressOptions, Store};
use testkit::reqwest::Client;

use crate::report::{Report, number};
use crate::{Bench, load, start_store, step};

/// Images that the jobs are about; each job of an image is stored under another name.
const IMAGES: usize = 100;

/// How often the bench itself asks for one job.
const PROBE: Duration = Duration::from_millis(25);

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    let jobs = bench.count(10_000, 1_000);
    let store = start_store(&bench.folder("jobs"));
    let client = load::client();
    step(&format!("jobs: queueing {jobs}"));
    let images = images(&client, &store).await;
    let urgent = order(&client, &store, &images[..1], "last", 0).await;
    let begun = Instant::now();
    for name in 0..jobs / IMAGES {
        order(&client, &store, &images, &format!("n{name}"), 5).await;
    }
    let queued = (jobs / IMAGES * IMAGES) as f64 / begun.elapsed().as_secs_f64();
    step("jobs: working them off");
    let begun = Instant::now();
    let workers: Vec<_> = (0..2).map(|_| Compress::start(&store.url(""), CompressOptions::default())).collect();
    let (mut waits, mut low) = (Vec::new(), None);
    let total = jobs / IMAGES * IMAGES + 1;
    let seconds = loop {
        waits.extend(probe(&client, &store).await);
        if low.is_none() && status(&client, &store, &urgent).await == "done" {
            low = Some(begun.elapsed().as_secs_f64());
        }
        if done(&client, &store).await >= total as u64 {
            break begun.elapsed().as_secs_f64();
        }
        assert!(begun.elapsed() < Duration::from_mins(10), "the jobs are not worked off: {}", workers[0].log());
        tokio::time::sleep(PROBE).await;
    };
    waits.sort_by(f64::total_cmp);
    let p99 = waits.get(waits.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    let how = format!(
        "{total} jobs that make 16x16 JPEGs of 24x24 pictures, with variants stored; {} queued a second",
        number(queued)
    );
    report.figure("jobs through two workers", format!("{} a second", number(total as f64 / seconds)), &how);
    let how = format!("time of {} requests for one job each, meanwhile", waits.len());
    report.figure("lease of a job, p99", format!("{} ms", number(p99 * 1000.0)), &how);
    let low = low.unwrap_or(seconds);
    let how = format!("queued first with the lowest priority, of {} s in all", number(seconds));
    report.figure("a job of low priority is done after", format!("{} s", number(low)), &how);
}

async fn images(client: &Client, store: &Store) -> Vec<String> {
    let mut images = Vec::new();
    for number in 0..IMAGES {
        let picture = file::png(&photo(24, 24, number as u64));
        images.push(load::upload(client, &store.url("/v1/images"), picture).await.expect("the store takes pictures"));
    }
    images
}

/// Orders the same of every image; gives the first job.
async fn order(client: &Client, store: &Store, images: &[String], name: &str, priority: u32) -> String {
    let order = json!({
        "ids": images, "name": name, "priority": priority, "q": 70, "formats": "jpg", "transform": "w=16&h=16&fit=fill",
    });
    let answer: Value = post(client, store, "/v1/compressions", &order).await;
    answer["jobs"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn post(client: &Client, store: &Store, path: &str, document: &Value) -> Value {
    let answer = client.post(store.url(path)).json(document).send().await.expect("the store answers");
    answer.json().await.expect("a document")
}

/// Takes a job and gives it back; the seconds that the lease took, if there was a job.
async fn probe(client: &Client, store: &Store) -> Option<f64> {
    let begun = Instant::now();
    let leased = post(client, store, "/v1/jobs/lease", &json!({ "worker": "probe", "max": 1 })).await;
    let seconds = begun.elapsed().as_secs_f64();
    let lease = leased["leases"].get(0)?;
    let path = format!("/v1/jobs/{}/release", lease["job"].as_str().unwrap_or_default());
    let released = client.post(store.url(&path)).json(&json!({ "token": lease["token"] })).send().await;
    assert!(released.is_ok_and(|answer| answer.status().is_success()), "a job can be given back");
    Some(seconds)
}

async fn status(client: &Client, store: &Store, job: &str) -> String {
    let answer = load::get(client, &store.url(&format!("/v1/jobs/{job}"))).await.expect("the job is known");
    let job: Value = serde_json::from_slice(&answer).expect("a document");
    job["status"].as_str().unwrap_or_default().to_owned()
}

async fn done(client: &Client, store: &Store) -> u64 {
    let answer = load::get(client, &store.url("/v1/stats")).await.expect("the store answers");
    let stats: Value = serde_json::from_slice(&answer).expect("a document");
    let count = |status: &str| stats["jobs"][status].as_u64().unwrap_or_default();
    assert_eq!(count("failed") + count("dead"), 0, "{stats}");
    count("done")
}
