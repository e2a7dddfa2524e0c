//! Sinks: who gets what, in which order, and what is given up.

use imagestore::domain::{DeadLetter, Delivery, Expected, Handed, Outcome, SinkState, SinkStatus};
use imagestore::ports::{Catalog, CatalogError};
use jiff::Timestamp;
use uuid::Uuid;

use super::albums::album;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) async fn checks(catalog: &impl Catalog) {
    each_sink_gets_what_happens_from_when_it_is_named(catalog).await;
    one_holder_hands_out_at_a_time(catalog).await;
    what_is_refused_holds_back_its_key_alone(catalog).await;
    dead_letters_are_listed_replayed_and_deleted(catalog).await;
    messages_stay_until_every_sink_has_them(catalog).await;
    // Nothing that other checks do is to be told.
    catalog.name_sinks(&[], at(1_000_000), at(1_000_000)).await.unwrap();
    catalog.name_sinks(&[], at(2_000_000), at(2_000_000)).await.unwrap();
    assert_eq!(catalog.sinks().await.unwrap(), []);
}

async fn name(catalog: &impl Catalog, names: &[&str]) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    catalog.name_sinks(&names, at(-1_000_000), at(0)).await.unwrap();
}

/// Two messages of one key: an album is made and deleted. Gives the key.
async fn tell(catalog: &impl Catalog, name: &str) -> String {
    let album = album(name, None);
    catalog.insert_album(&album).await.unwrap();
    catalog.delete_album(album.id, &Expected::default(), at(0)).await.unwrap();
    album.id.to_string()
}

async fn due(catalog: &impl Catalog, sink: &str, second: i64) -> Vec<Delivery> {
    catalog.deliveries(sink, 100, at(second)).await.unwrap()
}

fn ids(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

fn handed(outcomes: impl IntoIterator<Item = (u64, Outcome)>) -> Handed {
    Handed { outcomes: outcomes.into_iter().collect(), fault: None }
}

/// Holds the sink, settles, and lets go.
async fn settle(catalog: &impl Catalog, sink: &str, handed: &Handed, second: i64) {
    let holder = Uuid::new_v4();
    assert!(catalog.hold_sink(sink, holder, at(second + 15), at(second)).await.unwrap());
    catalog.settle_deliveries(sink, holder, handed, None, at(second)).await.unwrap();
}

async fn deliver_all(catalog: &impl Catalog, sink: &str, second: i64) {
    let all = due(catalog, sink, second).await;
    settle(catalog, sink, &handed(all.iter().map(|delivery| (delivery.id, Outcome::Delivered))), second).await;
}

async fn status(catalog: &impl Catalog, sink: &str) -> SinkStatus {
    catalog.sinks().await.unwrap().into_iter().find(|status| status.name == sink).unwrap()
}

fn again(second: i64) -> Outcome {
    Outcome::Again { at: at(second), reason: "refused".to_owned() }
}

fn dead() -> Outcome {
    Outcome::Dead { reason: "hopeless".to_owned() }
}

async fn each_sink_gets_what_happens_from_when_it_is_named(catalog: &impl Catalog) {
    tell(catalog, "before").await;
    name(catalog, &["first"]).await;
    let only_first = tell(catalog, "only first").await;
    name(catalog, &["first", "second"]).await;
    let both = tell(catalog, "both").await;
    assert!(catalog.has_sink("first").await.unwrap() && !catalog.has_sink("third").await.unwrap());
    let (first, second) = (due(catalog, "first", 0).await, due(catalog, "second", 0).await);
    let keys = |deliveries: &[Delivery]| deliveries.iter().map(|d| d.message.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&first), [&only_first, &only_first, &both, &both].map(String::clone));
    assert_eq!(keys(&second), [&both, &both].map(String::clone));
    assert!(ids(&first).is_sorted() && first[0].message.body.contains("album created"));
    assert_eq!(catalog.deliveries("first", 3, at(0)).await.unwrap(), first[..3]);
    deliver_all(catalog, "first", 0).await;
    assert_eq!((due(catalog, "first", 0).await, due(catalog, "second", 0).await), (Vec::new(), second.clone()));
    let told = status(catalog, "first").await;
    assert_eq!((told.sent, told.waiting, told.delivered, told.error), (4, 0, Some(at(0)), None));
    // Retired, it gets nothing new; named again, it goes on with what it had not got.
    name(catalog, &["first"]).await;
    assert_eq!(status(catalog, "second").await.retired, Some(at(0)));
    tell(catalog, "unheard").await;
    name(catalog, &["first", "second"]).await;
    assert_eq!((due(catalog, "second", 0).await, status(catalog, "second").await.retired), (second, None));
    name(catalog, &["first"]).await;
    catalog.name_sinks(&["first".to_owned()], at(1), at(1)).await.unwrap();
    assert!(!catalog.has_sink("second").await.unwrap());
    deliver_all(catalog, "first", 0).await;
}

async fn one_holder_hands_out_at_a_time(catalog: &impl Catalog) {
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let hold = async |holder, second| catalog.hold_sink("first", holder, at(second + 15), at(second)).await.unwrap();
    tell(catalog, "held").await;
    let messages = due(catalog, "first", 0).await;
    let delivered = handed([(messages[0].id, Outcome::Delivered)]);
    assert!(hold(one, 0).await && !hold(other, 14).await && hold(one, 10).await && !hold(other, 24).await);
    assert!(hold(other, 25).await && !hold(one, 26).await);
    let lost = catalog.settle_deliveries("first", one, &delivered, None, at(26)).await;
    assert!(matches!(lost, Err(CatalogError::LeaseLost)), "{lost:?}");
    assert_eq!(due(catalog, "first", 26).await, messages);
    catalog.settle_deliveries("first", other, &delivered, Some(at(41)), at(26)).await.unwrap();
    assert_eq!(due(catalog, "first", 26).await, messages[1..]);
    assert!(!hold(one, 27).await);
    catalog.settle_deliveries("first", other, &Handed::default(), None, at(27)).await.unwrap();
    assert!(hold(one, 28).await, "it was let go");
    // As if the clock had been set back by an hour.
    assert!(hold(other, -3600).await);
    deliver_all(catalog, "first", 3600).await;
}

async fn what_is_refused_holds_back_its_key_alone(catalog: &impl Catalog) {
    let (held, free) = (tell(catalog, "held back").await, tell(catalog, "free").await);
    let messages = due(catalog, "first", 0).await;
    assert_eq!(messages.len(), 4);
    settle(catalog, "first", &handed([(messages[0].id, again(60))]), 0).await;
    let left = due(catalog, "first", 59).await;
    assert_eq!((left.len(), left.iter().all(|d| d.message.key == free)), (2, true));
    assert_eq!(catalog.next_delivery("first").await.unwrap(), Some(at(60)));
    let told = status(catalog, "first").await;
    assert_eq!((told.waiting, told.failed, told.waiting_since), (4, 1, Some(messages[0].queued)));
    assert_eq!(told.error, Some(("refused".to_owned(), at(0))));
    let back = due(catalog, "first", 60).await;
    assert_eq!((back.len(), back[0].attempts, &back[0].message), (3, 1, &messages[0].message));
    // What is behind it comes when it is settled.
    settle(catalog, "first", &handed([(messages[0].id, Outcome::Delivered)]), 60).await;
    assert_eq!(catalog.next_delivery("first").await.unwrap(), None);
    assert_eq!(due(catalog, "first", 60).await[0].message.key, held);
    let away = Handed { outcomes: Vec::new(), fault: Some((SinkState::Away, "no answer".to_owned())) };
    settle(catalog, "first", &away, 61).await;
    let told = status(catalog, "first").await;
    assert_eq!((told.state, told.error), (SinkState::Away, Some(("no answer".to_owned(), at(61)))));
    deliver_all(catalog, "first", 62).await;
    assert_eq!(status(catalog, "first").await.state, SinkState::Taking);
}

async fn dead_letters_are_listed_replayed_and_deleted(catalog: &impl Catalog) {
    for n in 0..2 {
        tell(catalog, &format!("given up {n}")).await;
    }
    let messages = due(catalog, "first", 0).await;
    settle(catalog, "first", &handed(messages.iter().map(|d| (d.id, dead()))), 5).await;
    assert_eq!((due(catalog, "first", 100).await, status(catalog, "first").await.dead), (Vec::new(), 4));
    let list = async |after, limit| catalog.dead_letters("first", after, limit).await.unwrap();
    let all: Vec<DeadLetter> = list(None, 100).await;
    assert_eq!((all.len(), &*all[0].reason, all[0].died, all[0].attempts), (4, "hopeless", at(5), 1));
    assert!(all.is_sorted_by_key(|letter| std::cmp::Reverse(letter.message.id)));
    assert_eq!(list(None, 2).await, all[..2]);
    assert_eq!(list(Some(all[1].message.id), 9).await, all[2..]);
    let replay = async |only, limit| catalog.replay_dead_letters("first", only, limit, at(7)).await.unwrap();
    assert_eq!((replay(Some(all[0].message.id), 1).await, replay(Some(all[0].message.id), 1).await), (1, 0));
    let back = due(catalog, "first", 7).await;
    assert_eq!((back.len(), &back[0].message, back[0].attempts, back[0].queued), (1, &all[0].message, 0, at(7)));
    let delete = async |id| catalog.delete_dead_letter("first", id).await.unwrap();
    let last = all[3].message.id;
    assert!(!delete(all[0].message.id).await && delete(last).await && !delete(last).await);
    assert_eq!((replay(None, 1).await, replay(None, 9).await, replay(None, 9).await), (1, 1, 0));
    assert_eq!(due(catalog, "first", 7).await.len(), 3);
    deliver_all(catalog, "first", 8).await;
}

async fn messages_stay_until_every_sink_has_them(catalog: &impl Catalog) {
    while catalog.forget_outbox(at(1_000_000), 1000).await.unwrap() > 0 {}
    name(catalog, &["first", "second"]).await;
    tell(catalog, "kept").await;
    let old = async || catalog.old_outbox(at(1_000_000)).await.unwrap();
    let forget = async || catalog.forget_outbox(at(1_000_000), 1000).await.unwrap();
    assert_eq!((old().await, forget().await), (0, 0));
    deliver_all(catalog, "first", 0).await;
    assert_eq!((old().await, forget().await), (0, 0));
    let left = due(catalog, "second", 0).await;
    settle(catalog, "second", &handed([(left[0].id, Outcome::Delivered), (left[1].id, dead())]), 0).await;
    assert_eq!((old().await, forget().await), (1, 1), "a dead letter keeps its message");
    assert!(catalog.delete_dead_letter("second", left[1].message.id).await.unwrap());
    assert_eq!((old().await, forget().await), (1, 1));
}
