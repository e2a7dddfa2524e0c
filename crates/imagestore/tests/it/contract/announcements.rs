//! The promises of [`JobCatalog`](imagestore::ports::JobCatalog) about jobs that a message broker is told of, and that are leased one by one.

use imagestore::domain::{AnnounceTerms, Claimed, Job, LeaseTerms, Report};
use imagestore::ports::Catalog;
use jiff::Timestamp;
use shared_types::JobId;
use shared_types::job::{JobStatus, Priority};

use super::jobs::{TERMS, at, clear, order, problem, queue, stored};

const ANNOUNCING: AnnounceTerms = AnnounceTerms { ahead: 100, together: 10, again_us: 60_000_000 };

/// Runs every check on a catalog without images.
pub(super) async fn checks(catalog: &impl Catalog) {
    one_job_is_leased_by_its_id(catalog).await;
    each_job_is_announced_until_it_is_taken(catalog).await;
    only_so_many_are_announced_ahead(catalog).await;
    a_job_that_is_queued_again_is_announced_again(catalog).await;
}

async fn announce(catalog: &impl Catalog, terms: &AnnounceTerms, now: Timestamp) -> Vec<JobId> {
    catalog.announce_jobs(&TERMS, terms, now).await.unwrap().0.iter().map(|job| job.id).collect()
}

async fn claim(catalog: &impl Catalog, job: &Job, token: &str, terms: &LeaseTerms, now: Timestamp) -> Claimed {
    catalog.lease_job(job.id, "worker", token, terms, now).await.unwrap().0
}

async fn one_job_is_leased_by_its_id(catalog: &impl Catalog) {
    let image = stored(catalog, b"by its id").await;
    let (first, second) = (queue(catalog, &image, &order("a")).await, queue(catalog, &image, &order("b")).await);
    let Claimed::Leased(leased) = claim(catalog, &second, "t", &TERMS, at(0)).await else { panic!("not leased") };
    assert_eq!((leased.id, leased.status, leased.attempts), (second.id, JobStatus::Leased, 1));
    assert!(catalog.holds_lease(second.id, "t").await.unwrap().is_some());
    let Claimed::NotNow(held) = claim(catalog, &second, "u", &TERMS, at(1)).await else { panic!("leased twice") };
    assert_eq!(held.status, JobStatus::Leased);
    let few = LeaseTerms { per_worker: 1, ..TERMS };
    assert_eq!(claim(catalog, &first, "v", &few, at(1)).await, Claimed::Enough);
    let pause = Report::TryAgain(problem("away"), at(30));
    catalog.report(second.id, "t", &pause, &TERMS, at(2)).await.unwrap();
    let Claimed::NotNow(waits) = claim(catalog, &second, "w", &TERMS, at(29)).await else { panic!("too early") };
    assert_eq!((waits.status, waits.due), (JobStatus::Queued, Some(at(30))));
    assert!(matches!(claim(catalog, &second, "x", &TERMS, at(30)).await, Claimed::Leased(_)));
    let after = claim(catalog, &second, "y", &TERMS, at(91)).await;
    assert!(matches!(after, Claimed::Leased(_)), "the worker vanished: {after:?}");
    let (lost, given_up) = catalog.lease_job(second.id, "worker", "z", &TERMS, at(152)).await.unwrap();
    assert!(matches!(lost, Claimed::NotNow(job) if job.status == JobStatus::Dead));
    assert_eq!(given_up.iter().map(|job| job.id).collect::<Vec<_>>(), [second.id]);
    let none = catalog.lease_job(JobId::generate(), "worker", "t", &TERMS, at(152)).await.unwrap().0;
    assert_eq!(none, Claimed::Missing);
    clear(catalog, &[&image]).await;
}

async fn each_job_is_announced_until_it_is_taken(catalog: &impl Catalog) {
    let image = stored(catalog, b"announced").await;
    let (first, second) = (queue(catalog, &image, &order("a")).await, queue(catalog, &image, &order("b")).await);
    let mut urgent = order("c");
    urgent.priority = Priority::MAX;
    let urgent = queue(catalog, &image, &urgent).await;
    assert_eq!(announce(catalog, &ANNOUNCING, at(0)).await, [urgent.id, first.id, second.id]);
    assert_eq!(announce(catalog, &ANNOUNCING, at(59)).await, [], "once");
    claim(catalog, &first, "t", &TERMS, at(59)).await;
    assert_eq!(announce(catalog, &ANNOUNCING, at(60)).await, [urgent.id, second.id], "nobody took them");
    catalog.take_back_announcements(&[urgent.id, second.id, first.id], at(60)).await.unwrap();
    assert_eq!(announce(catalog, &ANNOUNCING, at(61)).await, [urgent.id, second.id], "they could not be said");
    catalog.take_back_announcements(&[second.id], at(60)).await.unwrap();
    assert_eq!(announce(catalog, &ANNOUNCING, at(62)).await, [], "that was another time");
    assert_eq!(announce(catalog, &ANNOUNCING, at(0)).await, [urgent.id, second.id], "the clock was set back");
    clear(catalog, &[&image]).await;
}

async fn only_so_many_are_announced_ahead(catalog: &impl Catalog) {
    let image = stored(catalog, b"too many").await;
    let mut jobs = Vec::new();
    for number in 0..7 {
        jobs.push(queue(catalog, &image, &order(&format!("job-{number}"))).await);
    }
    let few = AnnounceTerms { ahead: 5, together: 3, ..ANNOUNCING };
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    assert_eq!(announce(catalog, &few, at(0)).await, ids[..3]);
    assert_eq!(announce(catalog, &few, at(1)).await, ids[3..5]);
    assert_eq!(announce(catalog, &few, at(2)).await, [], "five wait");
    claim(catalog, &jobs[0], "t", &TERMS, at(3)).await;
    assert_eq!(announce(catalog, &few, at(4)).await, ids[5..6], "one was taken");
    catalog.cancel_job(jobs[1].id, at(5)).await.unwrap();
    assert_eq!(announce(catalog, &few, at(6)).await, ids[6..], "one was called off");
    clear(catalog, &[&image]).await;
}

async fn a_job_that_is_queued_again_is_announced_again(catalog: &impl Catalog) {
    let image = stored(catalog, b"said again").await;
    let job = queue(catalog, &image, &order("a")).await;
    assert_eq!(announce(catalog, &ANNOUNCING, at(0)).await, [job.id]);
    claim(catalog, &job, "1", &TERMS, at(1)).await;
    catalog.report(job.id, "1", &Report::Released, &TERMS, at(2)).await.unwrap();
    assert_eq!(announce(catalog, &ANNOUNCING, at(2)).await, [job.id], "given back");
    claim(catalog, &job, "2", &TERMS, at(3)).await;
    catalog.report(job.id, "2", &Report::TryAgain(problem("away"), at(20)), &TERMS, at(4)).await.unwrap();
    assert_eq!(announce(catalog, &ANNOUNCING, at(19)).await, [], "not before its time");
    assert_eq!(announce(catalog, &ANNOUNCING, at(20)).await, [job.id]);
    claim(catalog, &job, "3", &TERMS, at(21)).await;
    assert_eq!(announce(catalog, &ANNOUNCING, at(80)).await, [], "leased");
    assert_eq!(announce(catalog, &ANNOUNCING, at(82)).await, [job.id], "the worker vanished");
    claim(catalog, &job, "4", &TERMS, at(83)).await;
    let (none, given_up) = catalog.announce_jobs(&TERMS, &ANNOUNCING, at(144)).await.unwrap();
    assert_eq!((none.len(), given_up.len()), (0, 1), "that was the third attempt: one was given back");
    catalog.retry_job(job.id, at(145)).await.unwrap();
    assert_eq!(announce(catalog, &ANNOUNCING, at(145)).await, [job.id], "retried");
    clear(catalog, &[&image]).await;
}
