//! A defect of the engine, which no file is known to bring about: what is told of the progress panics in its place, on the same thread.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image_engine::Limits;
use imagecompress::app::{Order, Press, Urgency};
use service_kit::cpu::{CpuPool, CpuSettings};
use shared_types::ErrorCode;
use testkit::pictures::{jpeg, photo};

#[tokio::test]
async fn a_panic_is_a_fault_of_one_job_and_the_thread_goes_on() {
    let settings = CpuSettings {
        threads: 1,
        budget_bytes: 1 << 30,
        queue: 4,
        queue_timeout: Duration::from_secs(20),
        stall_after: Duration::from_mins(1),
    };
    let press = Press::new(CpuPool::new(&settings).unwrap(), Limits::default());
    let source = Bytes::from(jpeg::baseline(&photo(200, 150, 1), 95));
    let order = Order { goal: Some("q=30".parse().unwrap()), ..Order::default() };
    for _ in 0..3 {
        let panics = Arc::new(|percent| assert!(percent > 100, "on purpose"));
        let error = press.run(&order, source.clone(), None, Urgency::Patient, panics).await.unwrap_err();
        assert_eq!((error.code, error.code.is_temporary()), (ErrorCode::Internal, true), "it is tried again");
        assert!(error.detail.contains("the fault is logged"), "{}", error.detail);
    }
    let made = press.run(&order, source, None, Urgency::Patient, Arc::new(|_| ())).await.unwrap();
    assert_eq!(made.figures().tries, Some(1));
}
