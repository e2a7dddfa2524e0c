//! The promises of [`JobCatalog`](imagestore::ports::JobCatalog), as a part of the catalog's.

use imagestore::domain::{Backfill, BackfillStatus, Image, Job, JobFilter, LeaseTerms, Order, Report, Slot, Variant};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::{SignedDuration, Timestamp};
use shared_types::job::{JobProblem, JobResult, JobStatus, Priority, Task};
use shared_types::wire::VariantFigures;
use shared_types::{BackfillId, Digest, Formats, Goal, ImageFormat, UserId};

use super::catalog::image;

pub(super) const TERMS: LeaseTerms =
    LeaseTerms { lease_us: 60_000_000, attempts: 3, longest_pause_us: 600_000_000, per_worker: 50 };

/// Runs every check on a catalog without images.
pub(super) async fn checks(catalog: &impl Catalog) {
    a_job_lives_and_ends(catalog).await;
    what_is_made_of_parameters_stays(catalog).await;
    the_same_work_is_queued_once(catalog).await;
    a_lost_lease_changes_nothing(catalog).await;
    leases_end_and_attempts_are_counted(catalog).await;
    a_clock_that_jumps_holds_nothing_up(catalog).await;
    the_order_is_fair(catalog).await;
    jobs_end_with_their_image(catalog).await;
    a_backfill_goes_over_every_image(catalog).await;
    a_webhook_waits_until_it_is_told(catalog).await;
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(super) fn order(name: &str) -> Order {
    Order {
        task: Task { transform: "w=10&".to_owned(), goal: Some(Goal::DEFAULT), formats: Formats::Auto },
        slot: Slot::Named(name.parse().unwrap()),
        priority: Priority::NORMAL,
        webhook: None,
    }
}

fn figures() -> VariantFigures {
    VariantFigures { source_bytes: 100, quality: Some(70), score: Some(80.5), tries: Some(4), seconds: 0.25 }
}

fn result(content: &[u8]) -> JobResult {
    JobResult { kept: false, format: ImageFormat::WebP, bytes: content.len() as u64, figures: figures() }
}

fn variant(image: &Image, content: &[u8]) -> Variant {
    Variant {
        image: image.id,
        key: "compress.webp".to_owned(),
        label: "compress".to_owned(),
        digest: Digest::of(content),
        bytes: content.len() as u64,
        format: ImageFormat::WebP,
        width: 10,
        height: 7,
        figures: Some(figures()),
        created: at(0),
    }
}

pub(super) fn problem(detail: &str) -> JobProblem {
    JobProblem { code: "undecodable".to_owned(), detail: detail.to_owned() }
}

pub(super) async fn stored(catalog: &impl Catalog, content: &[u8]) -> Image {
    let image = image(content);
    catalog.insert_image(&image, &NewWork::default()).await.unwrap();
    image
}

pub(super) async fn queue(catalog: &impl Catalog, image: &Image, order: &Order) -> Job {
    let jobs = [order.job(image.id, None, at(0))];
    catalog.queue_jobs(&jobs).await.unwrap().remove(0)
}

async fn lease(catalog: &impl Catalog, tokens: &[&str], now: Timestamp) -> Vec<Job> {
    let tokens: Vec<_> = tokens.iter().map(|token| (*token).to_owned()).collect();
    catalog.lease_jobs("worker", &tokens, &TERMS, now).await.unwrap().0
}

async fn status(catalog: &impl Catalog, job: &Job) -> JobStatus {
    catalog.job(job.id).await.unwrap().unwrap().status
}

/// Removes every image, and with them what their jobs were about.
pub(super) async fn clear(catalog: &impl Catalog, images: &[&Image]) {
    for image in images {
        let doomed = catalog.delete_image(image.id, at(0)).await.unwrap().unwrap();
        for digest in doomed {
            catalog.forget_blob(&digest).await.unwrap();
        }
    }
    let old = catalog.old_jobs(at(1_000_000)).await.unwrap();
    assert!(old > 0);
    assert_eq!(catalog.old_jobs(at(0)).await.unwrap(), 0);
    while catalog.forget_jobs(at(1_000_000), 500).await.unwrap() > 0 {}
    assert_eq!(catalog.old_jobs(at(1_000_000)).await.unwrap(), 0);
    assert_eq!(catalog.jobs(&JobFilter { limit: 10, ..JobFilter::default() }).await.unwrap(), []);
    assert_eq!(catalog.totals().await.unwrap().jobs, imagestore::domain::JobTotals::default());
}

async fn a_job_lives_and_ends(catalog: &impl Catalog) {
    let image = image(b"of a job");
    let with = order("compress").job(image.id, None, at(0));
    catalog.insert_image(&image, &NewWork { jobs: vec![with.clone()], ..NewWork::default() }).await.unwrap();
    assert_eq!(catalog.job(with.id).await.unwrap(), Some(with.clone()), "queued with its image");
    assert_eq!(catalog.last_job_for(image.id, &with.order.slot).await.unwrap(), Some(with.clone()));
    let leased = lease(catalog, &["one", "two"], at(1)).await;
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].id, leased[0].status, leased[0].attempts), (with.id, JobStatus::Leased, 1));
    assert_eq!(catalog.next_due().await.unwrap(), Some(at(61)));
    assert_eq!(lease(catalog, &["three"], at(2)).await, [], "it is out");
    let running = catalog.report(with.id, "one", &Report::Progress(40), &TERMS, at(3)).await.unwrap();
    assert_eq!((running.status, running.progress, running.due), (JobStatus::Running, 40, Some(at(63))));
    let back = catalog.report(with.id, "one", &Report::Progress(30), &TERMS, at(3)).await.unwrap();
    assert_eq!(back.progress, 40, "never back");
    let put = catalog
        .complete_job(with.id, "one", (&variant(&image, b"small"), &image.digest), &result(b"small"), at(4))
        .await
        .unwrap();
    assert_eq!((put.0.status, put.0.progress, &put.0.result), (JobStatus::Done, 100, &Some(result(b"small"))));
    assert_eq!(catalog.variants(image.id).await.unwrap().len(), 1);
    let again = catalog
        .complete_job(with.id, "one", (&variant(&image, b"other"), &image.digest), &result(b"other"), at(5))
        .await
        .unwrap();
    assert_eq!(again.0, put.0, "an answer that was lost is given again");
    assert_eq!(catalog.variants(image.id).await.unwrap()[0].digest, Digest::of(b"small"));
    let totals = catalog.totals().await.unwrap();
    assert_eq!((totals.jobs.of(JobStatus::Done), totals.saved.variants, totals.saved.bytes), (1, 1, 95));
    clear(catalog, &[&image]).await;
}

async fn what_is_made_of_parameters_stays(catalog: &impl Catalog) {
    let image = stored(catalog, b"prepared").await;
    let key = Digest::of(b"its recipe");
    let made = Variant { key: key.to_string(), figures: None, ..variant(&image, b"by the store") };
    catalog.put_variant(&made, &image.digest).await.unwrap();
    for (goal, left) in [(None, &b"by the store"[..]), (Some(Goal::DEFAULT), b"by a worker")] {
        let task = Task { goal, ..order("x").task };
        let job = queue(catalog, &image, &Order { task, slot: Slot::Made(key), ..order("x") }).await;
        lease(catalog, &["t"], at(1)).await;
        let late = Variant { key: key.to_string(), ..variant(&image, b"by a worker") };
        let (_, doomed) =
            catalog.complete_job(job.id, "t", (&late, &image.digest), &result(b"by a worker"), at(2)).await.unwrap();
        for digest in doomed {
            catalog.forget_blob(&digest).await.unwrap();
        }
        assert_eq!(catalog.variants(image.id).await.unwrap()[0].digest, Digest::of(left));
    }
    clear(catalog, &[&image]).await;
}

async fn the_same_work_is_queued_once(catalog: &impl Catalog) {
    let image = stored(catalog, b"asked for twice").await;
    let first = queue(catalog, &image, &order("compress")).await;
    let second = queue(catalog, &image, &order("compress")).await;
    assert_eq!(first, second);
    let other = queue(catalog, &image, &order("other")).await;
    assert_ne!(other.id, first.id);
    lease(catalog, &["a", "b"], at(1)).await;
    assert_eq!(queue(catalog, &image, &order("compress")).await.id, first.id, "under way");
    let failed = catalog.report(first.id, "a", &Report::Failed(problem("no")), &TERMS, at(2)).await.unwrap();
    assert_eq!((failed.status, failed.problem), (JobStatus::Failed, Some(problem("no"))));
    let anew = queue(catalog, &image, &order("compress")).await;
    assert_ne!(anew.id, first.id, "what is over can be asked for again");
    assert!(matches!(catalog.retry_job(first.id, at(3)).await, Err(CatalogError::Conflict)));
    catalog.cancel_job(anew.id, at(3)).await.unwrap();
    let retried = catalog.retry_job(first.id, at(3)).await.unwrap().unwrap();
    assert_eq!((retried.status, retried.attempts, retried.problem), (JobStatus::Queued, 0, None));
    let gone = super::catalog::image(b"of no image");
    let jobs = [order("compress").job(image.id, None, at(0)), order("compress").job(gone.id, None, at(0))];
    assert!(matches!(catalog.queue_jobs(&jobs).await, Err(CatalogError::NoImage)));
    clear(catalog, &[&image]).await;
}

async fn a_lost_lease_changes_nothing(catalog: &impl Catalog) {
    let image = stored(catalog, b"taken over").await;
    let job = queue(catalog, &image, &order("compress")).await;
    lease(catalog, &["old"], at(0)).await;
    assert_eq!(lease(catalog, &["new"], at(61)).await.len(), 1, "the first worker vanished");
    for report in [
        Report::Progress(50),
        Report::Released,
        Report::Kept(result(b"")),
        Report::Failed(problem("late")),
        Report::TryAgain(problem("late"), at(99)),
    ] {
        let refused = catalog.report(job.id, "old", &report, &TERMS, at(62)).await;
        assert!(matches!(refused, Err(CatalogError::LeaseLost)), "{report:?}");
    }
    let refused =
        catalog.complete_job(job.id, "old", (&variant(&image, b"late"), &image.digest), &result(b"late"), at(62)).await;
    assert!(matches!(refused, Err(CatalogError::LeaseLost)));
    assert_eq!(catalog.variants(image.id).await.unwrap(), []);
    assert_eq!(catalog.holds_lease(job.id, "old").await.unwrap(), None);
    assert_eq!(catalog.holds_lease(job.id, "new").await.unwrap().map(|job| job.status), Some(JobStatus::Leased));
    let kept = catalog.report(job.id, "new", &Report::Kept(result(b"")), &TERMS, at(63)).await.unwrap();
    assert_eq!(kept.status, JobStatus::Done);
    let again = catalog.report(job.id, "new", &Report::Kept(result(b"")), &TERMS, at(64)).await.unwrap();
    assert_eq!(again, kept);
    assert_eq!(catalog.cancel_job(job.id, at(65)).await.unwrap().unwrap().status, JobStatus::Done);
    clear(catalog, &[&image]).await;
}

async fn leases_end_and_attempts_are_counted(catalog: &impl Catalog) {
    let image = stored(catalog, b"fails").await;
    let job = queue(catalog, &image, &order("compress")).await;
    lease(catalog, &["1"], at(0)).await;
    let released = catalog.report(job.id, "1", &Report::Released, &TERMS, at(1)).await.unwrap();
    assert_eq!((released.status, released.attempts), (JobStatus::Queued, 0), "it costs no attempt");
    lease(catalog, &["2"], at(2)).await;
    let waits = catalog.report(job.id, "2", &Report::TryAgain(problem("away"), at(30)), &TERMS, at(3)).await.unwrap();
    assert_eq!((waits.status, waits.attempts, waits.due), (JobStatus::Queued, 1, Some(at(30))));
    assert_eq!(lease(catalog, &["3"], at(29)).await, [], "not before its time");
    assert_eq!(lease(catalog, &["4"], at(30)).await.len(), 1);
    assert_eq!(lease(catalog, &["5"], at(90)).await.len(), 1, "the lease has ended");
    let tokens = ["6".to_owned()];
    let (none, given_up) = catalog.lease_jobs("worker", &tokens, &TERMS, at(151)).await.unwrap();
    assert_eq!((none.len(), given_up.len()), (0, 1));
    assert_eq!((given_up[0].status, given_up[0].attempts), (JobStatus::Dead, 3));
    assert!(given_up[0].problem.is_some());
    catalog.retry_job(job.id, at(152)).await.unwrap();
    for token in ["7", "8", "9"] {
        lease(catalog, &[token], at(152)).await;
        let report = Report::TryAgain(problem("away"), at(152));
        catalog.report(job.id, token, &report, &TERMS, at(152)).await.unwrap();
    }
    assert_eq!(status(catalog, &job).await, JobStatus::Dead);
    clear(catalog, &[&image]).await;
}

async fn a_clock_that_jumps_holds_nothing_up(catalog: &impl Catalog) {
    let image = stored(catalog, b"another time").await;
    let (leased, paused) =
        (queue(catalog, &image, &order("leased")).await, queue(catalog, &image, &order("paused")).await);
    let year = 31_536_000;
    lease(catalog, &["a", "b"], at(year)).await;
    let report = Report::TryAgain(problem("away"), at(year + 600));
    catalog.report(paused.id, "b", &report, &TERMS, at(year)).await.unwrap();
    assert_eq!(lease(catalog, &["c"], at(0)).await, [], "the clock was set back");
    assert_eq!(lease(catalog, &["d"], at(61)).await.len(), 1, "a lease holds as long as it does");
    assert_eq!(lease(catalog, &["e"], at(601)).await.len(), 1);
    assert!(status(catalog, &leased).await.is_leased() || status(catalog, &paused).await.is_leased());
    clear(catalog, &[&image]).await;
}

async fn the_order_is_fair(catalog: &impl Catalog) {
    let image = stored(catalog, b"many owners").await;
    let mut jobs = Vec::new();
    let [anna, boris, clara, low] = [0; 4].map(|_| UserId::generate());
    for (owner, count, priority) in [(anna, 30, 5), (boris, 2, 5), (clara, 1, 5), (anna, 1, 9), (low, 5, 0)] {
        for _ in 0..count {
            let mut job = order(&format!("job-{}", jobs.len())).job(image.id, Some(owner), at(0));
            job.order.priority = priority.try_into().unwrap();
            jobs.push(job);
        }
    }
    // The oldest of all has the lowest priority.
    let oldest = jobs.pop().unwrap();
    let oldest = Job { id: "01000000-0000-7000-8000-000000000000".parse().unwrap(), ..oldest };
    jobs.push(oldest.clone());
    catalog.queue_jobs(&jobs).await.unwrap();
    let tokens: Vec<String> = (0..9).map(|token| token.to_string()).collect();
    let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
    let leased = lease(catalog, &tokens, at(1)).await;
    let owners: Vec<_> = leased.iter().filter_map(|job| job.owner).collect();
    assert_eq!(leased.iter().filter(|job| u8::from(job.order.priority) == 9).count(), 1);
    assert!(leased.iter().any(|job| job.id == oldest.id), "one of eight is the oldest of all: {owners:?}");
    assert_eq!(owners.iter().filter(|owner| **owner == boris).count(), 2, "{owners:?}");
    assert_eq!(owners.iter().filter(|owner| **owner == clara).count(), 1, "{owners:?}");
    let limited = LeaseTerms { per_worker: 10, ..TERMS };
    let tokens: Vec<_> = (10..30).map(|token| token.to_string()).collect();
    let (more, _) = catalog.lease_jobs("worker", &tokens, &limited, at(1)).await.unwrap();
    assert_eq!(more.len(), 1, "not more than a worker may have");
    let (other, _) = catalog.lease_jobs("other", &tokens, &limited, at(1)).await.unwrap();
    assert_eq!(other.len(), 10);
    let listed = catalog.jobs(&JobFilter { status: Some(JobStatus::Leased), limit: 100, ..JobFilter::default() }).await;
    assert_eq!(listed.unwrap().len(), 20);
    clear(catalog, &[&image]).await;
}

async fn jobs_end_with_their_image(catalog: &impl Catalog) {
    let image = stored(catalog, b"soon gone").await;
    let (out, waiting) = (queue(catalog, &image, &order("a")).await, queue(catalog, &image, &order("b")).await);
    lease(catalog, &["t"], at(0)).await;
    catalog.delete_image(image.id, at(1)).await.unwrap();
    catalog.forget_blob(&image.digest).await.unwrap();
    for job in [&out, &waiting] {
        let job = catalog.job(job.id).await.unwrap().unwrap();
        assert_eq!(job.status, JobStatus::Cancelled);
        assert!(job.problem.is_some_and(|problem| problem.detail.contains("deleted")));
    }
    let late =
        catalog.complete_job(out.id, "t", (&variant(&image, b"late"), &image.digest), &result(b"late"), at(2)).await;
    assert!(matches!(late, Err(CatalogError::LeaseLost)));
    assert!(matches!(catalog.retry_job(out.id, at(3)).await, Err(CatalogError::NoImage)));
    clear(catalog, &[]).await;
}

async fn a_backfill_goes_over_every_image(catalog: &impl Catalog) {
    let mut images = Vec::new();
    for number in 0..7_u8 {
        let image = Image { created: at(i64::from(number)), ..image(&[number]) };
        catalog.insert_image(&image, &NewWork::default()).await.unwrap();
        images.push(image);
    }
    catalog.put_variant(&variant(&images[1], b"there"), &images[1].digest).await.unwrap();
    let backfill = Backfill {
        id: BackfillId::generate(),
        owner: None,
        before: at(5),
        order: order("compress"),
        status: BackfillStatus::Running,
        cursor: None,
        looked_at: 0,
        skipped: 0,
        created: at(10),
    };
    catalog.insert_backfill(&backfill).await.unwrap();
    assert_eq!(catalog.backfill(backfill.id).await.unwrap().unwrap().0, backfill);
    assert_eq!(catalog.advance_backfill(backfill.id, 3, at(10)).await.unwrap(), 2, "one has such a variant");
    catalog.set_backfill(backfill.id, BackfillStatus::Paused, at(11)).await.unwrap();
    assert_eq!(catalog.advance_backfill(backfill.id, 3, at(10)).await.unwrap(), 0, "paused");
    catalog.set_backfill(backfill.id, BackfillStatus::Running, at(12)).await.unwrap();
    assert_eq!(catalog.advance_backfill(backfill.id, 3, at(13)).await.unwrap(), 2, "two are newer");
    let (now, jobs) = catalog.backfill(backfill.id).await.unwrap().unwrap();
    assert_eq!((now.status, now.looked_at, now.skipped), (BackfillStatus::Done, 5, 1));
    assert_eq!(jobs.of(JobStatus::Queued), 4);
    catalog.set_backfill(backfill.id, BackfillStatus::Cancelled, at(14)).await.unwrap();
    assert_eq!(catalog.backfills().await.unwrap()[0].0.status, BackfillStatus::Done, "it is over");
    let other = Backfill { id: BackfillId::generate(), order: order("other"), ..backfill };
    catalog.insert_backfill(&other).await.unwrap();
    catalog.advance_backfill(other.id, 2, at(15)).await.unwrap();
    catalog.set_backfill(other.id, BackfillStatus::Cancelled, at(16)).await.unwrap();
    let (_, jobs) = catalog.backfill(other.id).await.unwrap().unwrap();
    assert_eq!((jobs.of(JobStatus::Cancelled), jobs.active()), (2, 0));
    clear(catalog, &images.iter().collect::<Vec<_>>()).await;
}

async fn a_webhook_waits_until_it_is_told(catalog: &impl Catalog) {
    let image = stored(catalog, b"told").await;
    let order = Order { webhook: Some("https://example.org/told".to_owned()), ..order("compress") };
    let job = queue(catalog, &image, &order).await;
    assert_eq!(catalog.next_webhook().await.unwrap(), None);
    lease(catalog, &["t"], at(0)).await;
    catalog.report(job.id, "t", &Report::Failed(problem("no")), &TERMS, at(5)).await.unwrap();
    assert_eq!(catalog.next_webhook().await.unwrap(), Some(at(5)));
    let due = catalog.webhooks_due(at(6), 10).await.unwrap();
    assert_eq!(due.iter().map(|(job, attempts)| (job.id, *attempts)).collect::<Vec<_>>(), [(job.id, 0)]);
    catalog.settle_webhook(job.id, Some(at(20))).await.unwrap();
    assert_eq!(catalog.webhooks_due(at(19), 10).await.unwrap(), []);
    assert_eq!(catalog.webhooks_due(at(20), 10).await.unwrap()[0].1, 1);
    catalog.settle_webhook(job.id, None).await.unwrap();
    let later = at(20).checked_add(SignedDuration::from_hours(1)).unwrap();
    assert_eq!(catalog.webhooks_due(later, 10).await.unwrap(), []);
    clear(catalog, &[&image]).await;
}
