//! The pool under load.

use super::*;
use std::sync::atomic::AtomicBool;

fn pool(threads: usize, queue: usize, budget_bytes: u64) -> CpuPool {
    let short = Duration::from_secs(5);
    CpuPool::new(&CpuSettings {
        threads,
        budget_bytes,
        queue,
        queue_timeout: short,
        stall_after: Duration::from_millis(200),
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_is_never_exceeded_and_always_comes_back() {
    let (pool, used, most) = (pool(4, 1000, 10 * UNIT), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let jobs = (0..200u64).map(|n| {
        let (pool, used, most) = (pool.clone(), Arc::clone(&used), Arc::clone(&most));
        tokio::spawn(async move {
            let cost = (n % 10 + 1) * UNIT;
            let work = move |_: &(dyn Fn() -> bool + Sync)| {
                most.fetch_max(used.fetch_add(cost, Ordering::SeqCst) + cost, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
                used.fetch_sub(cost, Ordering::SeqCst);
            };
            pool.run(cost, work).await.unwrap();
        })
    });
    futures::future::join_all(jobs).await.into_iter().for_each(Result::unwrap);
    assert!(most.load(Ordering::SeqCst) <= 10 * UNIT);
    pool.run(10 * UNIT, |_| ()).await.unwrap();
}

#[tokio::test]
async fn more_than_the_budget_is_refused_at_once() {
    assert!(matches!(pool(1, 1, UNIT).run(2 * UNIT, |_| ()).await, Err(CpuError::TooCostly { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_sheds_and_a_dropped_request_frees_its_place() {
    let pool = pool(1, 1, UNIT);
    let stopped = Arc::new(AtomicBool::new(false));
    let saw = Arc::clone(&stopped);
    let running = tokio::spawn({
        let pool = pool.clone();
        async move {
            let work = move |stop: &(dyn Fn() -> bool + Sync)| {
                while !stop() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                saw.store(true, Ordering::SeqCst);
            };
            pool.run(1, work).await
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.run(1, |_| ()).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(matches!(pool.run(1, |_| ()).await, Err(CpuError::Overloaded { .. })));
    assert!(pool.stalled().is_some(), "work is there and nothing is finished");
    running.abort();
    waiting.await.unwrap().unwrap();
    assert!(stopped.load(Ordering::SeqCst));
    assert!(pool.stalled().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn background_work_waits_until_no_request_does() {
    let pool = pool(1, 10, 4 * UNIT);
    let order = Arc::new(Mutex::new(Vec::new()));
    let first = pool.admit(UNIT).await.unwrap();
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_: &(dyn Fn() -> bool + Sync)| order.lock().unwrap().push(name)
    };
    let (background, noted) = (pool.clone(), note("background"));
    let background =
        tokio::spawn(async move { background.admit_background(UNIT).await.unwrap().run(noted).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let requests = ["second", "third"].map(|name| {
        let (pool, noted) = (pool.clone(), note(name));
        tokio::spawn(async move { pool.run(UNIT, noted).await.unwrap() })
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(first);
    futures::future::join_all(requests).await.into_iter().for_each(Result::unwrap);
    background.await.unwrap();
    assert_eq!(order.lock().unwrap().last(), Some(&"background"));
}

#[tokio::test]
async fn background_work_leaves_a_thread_and_is_bound_by_the_budget() {
    let pool = pool(2, 10, 4 * UNIT);
    let background = pool.admit_background(UNIT).await.unwrap();
    let more = Duration::from_millis(50);
    assert!(timeout(more, pool.admit_background(UNIT)).await.is_err(), "the last thread is for requests");
    let request = timeout(more, pool.admit(UNIT)).await.unwrap().unwrap();
    drop((background, request));
    let request = pool.admit(2 * UNIT).await.unwrap();
    assert!(timeout(more, pool.admit_background(3 * UNIT)).await.is_err());
    drop(request);
    pool.admit_background(3 * UNIT).await.unwrap();
    assert!(matches!(pool.admit_background(5 * UNIT).await, Err(CpuError::TooCostly { .. })));
}

#[tokio::test]
async fn a_panic_stays_inside() {
    let pool = pool(1, 1, UNIT);
    assert!(matches!(pool.run(1, |_| panic!("on purpose")).await, Err::<(), _>(CpuError::Panicked)));
    pool.run(UNIT, |_| ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn patient_work_is_never_shed() {
    let settings = CpuSettings {
        threads: 1,
        budget_bytes: UNIT,
        queue: 1,
        queue_timeout: Duration::from_millis(1),
        stall_after: Duration::from_secs(1),
    };
    let pool = CpuPool::new(&settings).unwrap();
    let first = pool.admit(UNIT).await.unwrap();
    let waiting = (0..10).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.admit_patiently(UNIT).await.map(drop) })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(pool.admit(UNIT).await, Err(CpuError::Overloaded { .. })), "a request is");
    drop(first);
    futures::future::join_all(waiting).await.into_iter().for_each(|admitted| admitted.unwrap().unwrap());
    assert!(matches!(pool.admit_patiently(2 * UNIT).await, Err(CpuError::TooCostly { .. })));
}
