//! What stands in the topics.

use serde_json::{Value, json};
use testkit::kafka::Record;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, run_cli};
use testkit::reqwest::multipart::{Form, Part};

use super::{DEAD, GROUP, TOPIC, broker, job, member, quick_jobs, store_with, until};
use crate::support::{client, ended, submit, upload};

/// As an older processor is asked; gives the image.
async fn process(store: &Store, fields: &[(&'static str, &'static str)]) -> String {
    let picture = Part::bytes(jpeg::baseline(&photo(300, 200, 1), 90)).file_name("x.jpg");
    let form = fields.iter().fold(Form::new().part("file", picture), |form, (name, value)| form.text(*name, *value));
    let answer = client().post(store.url("/v1/upload")).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<Value>().await.unwrap()["image_id"].as_str().unwrap().to_owned()
}

fn about(records: &[Record], image: &str) -> (Record, Value) {
    let found: Vec<_> = records.iter().filter(|record| record.key == image).collect();
    assert_eq!(found.len(), 1, "{records:?}");
    (found[0].clone(), serde_json::from_str(&found[0].body).unwrap())
}

#[tokio::test]
async fn jobs_are_told_in_the_words_of_the_older_processor() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let resized = process(&store, &[("operation", "resize"), ("width", "40"), ("height", "30")]).await;
    let small = process(&store, &[("operation", "thumbnail")]).await;
    let marked = process(&store, &[("operation", "watermark"), ("text", "© Анна 2026")]).await;
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 2), 90)).await;
    let compressed = submit(&store, &image, json!({ "target": 70 })).await;
    until("four are told", async || broker.records(TOPIC).len() == 4).await;
    let records = broker.records(TOPIC);
    for (id, operation, size, text) in [
        (&resized, "resize", (json!(40), json!(30)), json!(null)),
        (&small, "thumbnail", (json!(null), json!(null)), json!(null)),
        (&marked, "watermark", (json!(null), json!(null)), json!("© Анна 2026")),
        (&image, "compress", (json!(null), json!(null)), json!(null)),
    ] {
        let (record, told) = about(&records, id);
        assert_eq!((&told["id"], &told["operation"], &told["text"]), (&json!(id), &json!(operation), &text), "{told}");
        assert_eq!((&told["width"], &told["height"]), (&size.0, &size.1), "{told}");
        assert_eq!((&told["content_type"], &told["kind"]), (&json!("image/jpeg"), &json!("job.queued")), "{told}");
        let key = store.data_dir().join(told["original_key"].as_str().unwrap());
        assert!(key.is_file(), "{}", key.display());
        assert_eq!(job(&store, told["job_id"].as_str().unwrap()).await["image_id"], json!(id));
        assert_eq!((record.header("event_id").len(), record.header("event_kind")), (36, "job.queued"));
    }
    assert_eq!(about(&records, &image).1["job_id"], json!(compressed));
}

#[tokio::test]
async fn what_is_no_job_is_put_aside_with_the_reason() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let gone = "01890a5d-ac96-774b-bcce-b302099a8057";
    // The last one has all that a job has, but there is no such job: nothing is to be done.
    let fields = format!(
        r#"{{"kind":"job.queued","job_id":"{gone}","id":"{gone}","original_key":"k","content_type":"image/png","operation":"compress","width":null,"height":null,"text":null}}"#
    );
    broker.send(TOPIC, [("a", "not JSON"), ("b", r#"{"operation": "resize"}"#), ("c", ""), ("d", &*fields)]).await;
    let mut compress = member(&broker, &store.url(""), &[]);
    for id in quick_jobs(&store, 3).await {
        assert_eq!(ended(&store, &id).await["status"], "done");
    }
    until("everything is committed", async || broker.lag(GROUP, TOPIC) == 0).await;
    let mut dead = broker.records(DEAD);
    dead.sort_by(|one, other| one.key.cmp(&other.key));
    let told: Vec<_> = dead.iter().map(|record| (&*record.key, &*record.body)).collect();
    assert_eq!(told, [("a", "not JSON"), ("b", r#"{"operation": "resize"}"#), ("c", "")]);
    for (record, why) in dead.iter().zip(["not a JSON document", "missing field `kind`", "not a JSON document"]) {
        assert!(record.header("reason").contains(why), "{record:?}");
        assert_eq!((record.header("source-topic"), record.header("source-group")), (TOPIC, GROUP));
        let at = (record.header("source-partition").parse::<i32>(), record.header("source-offset").parse::<i64>());
        assert!(at.0.is_ok() && at.1.is_ok(), "{record:?}");
    }
    assert!(compress.terminate().success());
    let again = member(&broker, &store.url(""), &[]);
    for id in quick_jobs(&store, 1).await {
        assert_eq!(ended(&store, &id).await["status"], "done");
    }
    assert_eq!(broker.records(DEAD).len(), 3, "{}", again.log());
}

#[test]
fn who_is_to_use_kafka_has_to_know_a_broker() {
    for (service, key, prefix) in [("imagestore", "events.kafka.brokers", ""), ("imagecompress", "jobs.kafka", "")] {
        let variable = format!("{}__JOBS__TRANSPORT", service.to_uppercase());
        let output = run_cli(service, ["config", "check"], &[(&variable, "kafka")]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{prefix}{text}");
        assert!(text.contains(key) || text.contains("kafka.brokers must name"), "{text}");
        assert!(text.contains("since jobs.transport is kafka"), "{text}");
    }
    let bad = [("IMAGECOMPRESS__JOBS__KAFKA__BROKERS", "kafka"), ("IMAGECOMPRESS__JOBS__KAFKA__TOPIC", "a b")];
    let output = run_cli("imagecompress", ["config", "check"], &bad);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    for key in ["jobs.kafka.brokers[0] (IMAGECOMPRESS__JOBS__KAFKA__BROKERS): must be HOST:PORT", "jobs.kafka.topic"] {
        assert!(text.contains(key), "{key}: {text}");
    }
}
