//! What happens, and jobs.

use std::time::Duration;

use grpc_api::image_v1 as api;
use grpc_api::image_v1::compress_request::Goal;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use serde_json::Value;
use tonic::transport::Channel;
use tonic::{Code, Streaming};

use super::{assert_refused, client, picture, store_and, upload};
use crate::support::get;

async fn watch(client: &mut ImageServiceClient<Channel>, wanted: api::WatchEventsRequest) -> Streaming<api::Event> {
    client.watch_events(wanted).await.unwrap().into_inner()
}

async fn next(events: &mut Streaming<api::Event>) -> api::Event {
    let event = tokio::time::timeout(Duration::from_mins(2), events.message()).await.expect("an event");
    event.unwrap().expect("the feed goes on")
}

fn order(id: &str) -> api::CompressRequest {
    api::CompressRequest { id: id.to_owned(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_watch_see_what_happens_and_miss_nothing_when_they_come_back() {
    // Longer than the end is waited for: who watches does not hold it up.
    let mut store = store_and(&[("HTTP__DRAIN_SECONDS", "600")]);
    let mut client = client(&store).await;
    let mut events = watch(&mut client, api::WatchEventsRequest::default()).await;
    let id = upload(&mut client, &picture()).await;
    let stored = next(&mut events).await;
    assert_eq!((&*stored.r#type, &*stored.image_id), ("image.stored", &*id));
    assert!(matches!(&stored.subject, Some(api::event::Subject::Image(image)) if image.id == id));
    assert!(stored.time.is_some_and(|time| time.seconds > 1_700_000_000));
    let document: Value = serde_json::from_str(&stored.data).unwrap();
    assert_eq!(document["id"], *id);
    drop(events);
    let job = client.compress(order(&id)).await.unwrap().into_inner();
    let other = upload(&mut client, &picture()).await;
    let after = api::WatchEventsRequest { after: stored.id, ..Default::default() };
    let mut events = watch(&mut client, after).await;
    let queued = next(&mut events).await;
    assert_eq!((&*queued.r#type, &*queued.image_id), ("job.queued", &*id));
    assert!(matches!(&queued.subject, Some(api::event::Subject::Job(told)) if told.id == job.id));
    assert_eq!(next(&mut events).await.image_id, other);
    let mut of_other =
        watch(&mut client, api::WatchEventsRequest { image_id: other.clone(), ..Default::default() }).await;
    for id in [&id, &other] {
        client.delete_image(api::DeleteImageRequest { id: id.clone() }).await.unwrap();
    }
    let deleted = next(&mut of_other).await;
    assert_eq!((&*deleted.r#type, &*deleted.image_id), ("image.deleted", &*other), "nothing of another image");
    assert!(store.terminate().success());
    assert_eq!(of_other.message().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn only_so_many_watch() {
    let store = store_and(&[("LIMITS__WATCHERS", "1")]);
    let mut client = client(&store).await;
    let first = watch(&mut client, api::WatchEventsRequest::default()).await;
    let second = client.watch_events(api::WatchEventsRequest::default()).await;
    assert_refused(second, Code::Unavailable, "overloaded", "");
    assert_eq!(get(&store, "/v1/events").await.status(), 503, "the places are those of HTTP too");
    drop(first);
    let mut free = false;
    for _ in 0..6000 {
        if free {
            break;
        }
        free = client.watch_events(api::WatchEventsRequest::default()).await.is_ok();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(free, "the place is free again");
    for wrong in ["after", "image_id", "job_id"] {
        let mut wanted = api::WatchEventsRequest::default();
        *match wrong {
            "after" => &mut wanted.after,
            "image_id" => &mut wanted.image_id,
            _ => &mut wanted.job_id,
        } = "7".to_owned();
        assert_refused(client.watch_events(wanted).await, Code::InvalidArgument, "invalid-parameter", wrong);
    }
}

#[tokio::test]
async fn an_order_is_a_job() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let id = upload(&mut client, &picture()).await;
    let wanted = api::CompressRequest {
        goal: Some(Goal::MaxBytes(5000)),
        formats: vec!["webp".to_owned(), "jpg".to_owned()],
        name: "web".to_owned(),
        priority: Some(9),
        ..order(&id)
    };
    let job = client.compress(wanted).await.unwrap().into_inner();
    assert_eq!((&*job.image_id, job.status(), job.progress, job.attempts), (&*id, api::JobStatus::Queued, 0, 0));
    let known: Value = get(&store, &format!("/v1/jobs/{}", job.id)).await.json().await.unwrap();
    assert_eq!((&known["name"], &known["priority"]), (&"web".into(), &9.into()));
    assert_eq!(known["task"], serde_json::json!({ "goal": "max_bytes=5000", "formats": "webp,jpg" }));
    let same = client.get_job(api::GetJobRequest { id: job.id.clone() }).await.unwrap().into_inner();
    assert_eq!(same, job);
    for (wrong, field) in [
        (api::CompressRequest { id: "7".to_owned(), ..order(&id) }, "id"),
        (api::CompressRequest { goal: Some(Goal::Target("best".to_owned())), ..order(&id) }, "target"),
        (api::CompressRequest { goal: Some(Goal::MaxBytes(0)), ..order(&id) }, "max_bytes"),
        (api::CompressRequest { goal: Some(Goal::Quality(101)), ..order(&id) }, "quality"),
        (api::CompressRequest { formats: vec!["exe".to_owned()], ..order(&id) }, "formats"),
        (api::CompressRequest { name: "thumbnail".to_owned(), ..order(&id) }, "name"),
        (api::CompressRequest { priority: Some(10), ..order(&id) }, "priority"),
    ] {
        assert_refused(client.compress(wrong).await, Code::InvalidArgument, "invalid-parameter", field);
    }
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
    assert_refused(client.compress(order(&unknown)).await, Code::NotFound, "not-found", "");
    assert_refused(client.get_job(api::GetJobRequest { id: unknown }).await, Code::NotFound, "not-found", "");
}
