//! Images by user, as an older service has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt, stream};
use grpc_api::img as api;
use grpc_api::img::image_service_client::ImageServiceClient;
use testkit::pictures::{jpeg, photo};
use testkit::process::Store;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{assert_refused, channel, picture, store_and, with};
use crate::keys::KeyedStore;

async fn client(store: &Store) -> ImageServiceClient<Channel> {
    ImageServiceClient::new(channel(store).await).max_decoding_message_size(usize::MAX)
}

fn image(user: &str, name: &str, bytes: &[u8]) -> api::Image {
    api::Image {
        image_data: STANDARD.encode(bytes),
        image_name: name.to_owned(),
        user_id: user.to_owned(),
        ..Default::default()
    }
}

fn place(user: &str, id: &str) -> api::ImageLocation {
    api::ImageLocation { user_id: user.to_owned(), image_id: id.to_owned(), as_bytes: false }
}

async fn store_one(client: &mut ImageServiceClient<Channel>, image: api::Image) -> String {
    let stored = client.store_image(image).await.unwrap().into_inner();
    assert!(stored.stored && stored.error.is_empty(), "{stored:?}");
    stored.image_id
}

async fn list(
    client: &mut ImageServiceClient<Channel>,
    (user, start_idx, end_idx): (&str, i32, i32),
) -> Result<Vec<api::ImageMetadata>, Status> {
    let request = api::ImageListRequest { user_id: user.to_owned(), start_idx, end_idx };
    client.get_images_metadata(request).await?.into_inner().try_collect().await
}

#[tokio::test]
async fn an_image_is_stored_and_given_in_base64_or_as_bytes() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let bytes = picture();
    let plain = store_one(&mut client, image("anna", "photo.jpg", &bytes)).await;
    let by_url = api::Image {
        image_data: format!("data:image/jpeg;base64,{}", STANDARD.encode(&bytes)),
        ..image("anna", "from a page.jpg", &[])
    };
    let by_url = store_one(&mut client, by_url).await;
    let raw = api::Image { image_bytes: bytes.clone().into(), ..image("anna", "raw.jpg", &[]) };
    let raw = store_one(&mut client, raw).await;
    for (id, name) in [(&plain, "photo.jpg"), (&by_url, "from a page.jpg"), (&raw, "raw.jpg")] {
        let got = client.get_image(place("anna", id)).await.unwrap().into_inner();
        assert_eq!(STANDARD.decode(&got.image_data).unwrap(), bytes);
        assert!(got.image_bytes.is_empty());
        assert_eq!((&*got.image_name, &*got.user_id, &got.image_id), (name, "anna", id));
        assert_eq!(got.media_type, "image/jpeg");
        let location = api::ImageLocation { as_bytes: true, ..place("anna", id) };
        let got = client.get_image(location).await.unwrap().into_inner();
        assert!(got.image_data.is_empty());
        assert_eq!(got.image_bytes, bytes);
    }
}

#[tokio::test]
async fn users_who_only_say_who_they_are_are_kept_apart() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let long = "x".repeat(5000);
    let users = ["anna", "Anna", "anna ", "a,b", "Ä 😀", "'; DROP TABLE images; --", "../anna", &long, "#1"];
    let mut stored = Vec::new();
    for (number, user) in users.iter().enumerate() {
        let bytes = jpeg::baseline(&photo(40, 30, number as u64), 80);
        stored.push(store_one(&mut client, image(user, "p.jpg", &bytes)).await);
    }
    for (number, user) in users.iter().enumerate() {
        let listed = list(&mut client, (user, 0, 100)).await.unwrap();
        assert_eq!(listed.iter().map(|image| &image.image_id).collect::<Vec<_>>(), [&stored[number]], "{user}");
        for (other, id) in stored.iter().enumerate() {
            let got = client.get_image(place(user, id)).await;
            if other == number {
                got.unwrap();
            } else {
                assert_refused(got, Code::NotFound, "not-found", "");
            }
        }
    }
    assert_refused(list(&mut client, ("", 0, 1)).await, Code::InvalidArgument, "invalid-parameter", "userId");
}

#[tokio::test]
async fn metadata_comes_oldest_first_from_one_index_to_another() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let bytes = jpeg::baseline(&photo(40, 30, number), 80);
        ids.push(store_one(&mut client, image("anna", &format!("{number}.jpg"), &bytes)).await);
        store_one(&mut client, image("boris", "other.jpg", &bytes)).await;
    }
    for (start, end, expected) in [
        (0, 100, 0..7),
        (0, 0, 0..7),
        (3, 0, 3..7),
        (0, 3, 0..3),
        (3, 5, 3..5),
        (6, 7, 6..7),
        (5, 5, 0..0),
        (7, 9, 0..0),
        (9, 0, 0..0),
        (i32::MAX, 0, 0..0),
    ] {
        let listed = list(&mut client, ("anna", start, end)).await.unwrap();
        let listed: Vec<_> = listed.into_iter().map(|image| image.image_id).collect();
        assert_eq!(listed, ids[expected], "{start}..{end}");
    }
    let first = list(&mut client, ("anna", 0, 1)).await.unwrap().remove(0);
    assert_eq!((&*first.image_name, &*first.media_type), ("0.jpg", "image/jpeg"));
    assert!(first.size > 100);
    assert!(first.image_creation_date.parse::<jiff::Timestamp>().is_ok(), "{first:?}");
    for (start, end, field) in [(-1, 5, "startIdx"), (0, -1, "endIdx"), (5, 4, "endIdx")] {
        let refused = list(&mut client, ("anna", start, end)).await;
        assert_refused(refused, Code::InvalidArgument, "invalid-parameter", field);
    }
}

#[tokio::test]
async fn of_a_stream_what_is_refused_is_told_and_the_rest_is_stored() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let good = picture();
    let images = vec![
        image("anna", "1.jpg", &good),
        image("anna", "", &good),
        image("anna", "3.jpg", b"no picture at all"),
        image("", "4.jpg", &good),
        image("anna", "5.jpg", &good),
    ];
    let answers = client.store_images(stream::iter(images)).await.unwrap().into_inner();
    let answers: Vec<_> = answers.try_collect().await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.stored).collect::<Vec<_>>(), [true, false, false, false, true]);
    for (answer, said) in answers[1..4].iter().zip(["imageName", "picture", "userId"]) {
        assert!(answer.error.contains(said) && answer.image_id.is_empty(), "{answer:?}");
    }
    assert_eq!(list(&mut client, ("anna", 0, 0)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn images_come_in_the_order_of_their_places_up_to_one_that_is_not_there() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let first = store_one(&mut client, image("anna", "1.jpg", &picture())).await;
    let second = store_one(&mut client, image("anna", "2.jpg", &picture())).await;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let places: Vec<_> = [&second, &first, &second, unknown, &first].map(|id| place("anna", id)).into();
    let mut images = client.get_images(stream::iter(places)).await.unwrap().into_inner();
    for expected in [&second, &first, &second] {
        assert_eq!(&images.message().await.unwrap().unwrap().image_id, expected);
    }
    assert_refused(images.message().await, Code::NotFound, "not-found", "");
    assert_refused(client.get_image(place("anna", "x")).await, Code::InvalidArgument, "invalid-parameter", "imageId");
}

#[tokio::test]
async fn the_service_reads_no_faster_than_the_client() {
    const MANY: usize = 400;
    let store = store_and(&[]);
    let mut client = client(&store).await;
    // So long that few messages fit into what is on its way.
    let user = "x".repeat(50_000);
    let id = store_one(&mut client, image(&user, "1.jpg", &jpeg::baseline(&photo(900, 700, 1), 95))).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let places = stream::iter(0..MANY).map(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        place(&user, &id)
    });
    let images = client.get_images(places).await.unwrap().into_inner();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = sent.load(Ordering::SeqCst);
    assert!(before < MANY / 4, "{before} places were taken while no image was");
    assert_eq!(images.count().await, MANY);
}

#[tokio::test]
async fn what_is_wrong_with_an_image_is_said() {
    let store = store_and(&[("GRPC__MAX_MESSAGE_BYTES", "1048576")]);
    let mut client = client(&store).await;
    let good = picture();
    for (wrong, code, reason, field) in [
        (image("anna", "", &good), Code::InvalidArgument, "invalid-parameter", "imageName"),
        (image("anna", "a.jpg", &[]), Code::InvalidArgument, "missing-image", "imageData"),
        (image("anna", "a.jpg", b"no picture"), Code::InvalidArgument, "unsupported-format", ""),
        (
            api::Image { image_data: "no base64!".to_owned(), ..image("anna", "a.jpg", &[]) },
            Code::InvalidArgument,
            "invalid-body",
            "imageData",
        ),
        (
            api::Image { image_bytes: good.clone().into(), ..image("anna", "a.jpg", &good) },
            Code::InvalidArgument,
            "invalid-parameter",
            "imageBytes",
        ),
    ] {
        assert_refused(client.store_image(wrong).await, code, reason, field);
    }
    // As bytes it fits into a message, in base64 it does not.
    let bytes = jpeg::baseline(&photo(2000, 1500, 1), 90);
    assert!((786_432..1_000_000).contains(&bytes.len()), "{}", bytes.len());
    let raw = api::Image { image_bytes: bytes.clone().into(), ..image("anna", "raw.jpg", &[]) };
    let id = store_one(&mut client, raw).await;
    let refused = client.get_image(place("anna", &id)).await;
    assert_refused(refused, Code::ResourceExhausted, "message-too-large", "");
    let location = api::ImageLocation { as_bytes: true, ..place("anna", &id) };
    assert_eq!(client.get_image(location).await.unwrap().into_inner().image_bytes, bytes);
    assert_eq!(list(&mut client, ("anna", 0, 0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn with_keys_the_user_is_that_of_the_key_or_anybody_to_an_administrator() {
    let store = KeyedStore::start_with(&[("GRPC__BINDS", "127.0.0.1:0")]);
    store.user("anna", &[]);
    store.user("boris", &[]);
    let mut client = client(&store.store).await;
    let (anna, boris) = (store.key("anna", "read,write"), store.key("boris", "read,write"));
    for user in ["anna", ""] {
        client.store_image(with(image(user, "1.jpg", &picture()), "x-api-key", &anna)).await.unwrap();
    }
    for user in ["boris", "nobody", "01890a5d-ac96-774b-bcce-b302099a8057", "Anna"] {
        let refused = client.store_image(with(image(user, "1.jpg", &picture()), "x-api-key", &anna)).await;
        assert_refused(refused, Code::PermissionDenied, "forbidden", "userId");
    }
    let refused = client.store_image(image("anna", "1.jpg", &picture())).await;
    assert_refused(refused, Code::Unauthenticated, "unauthorized", "");
    let reader = store.key("anna", "read");
    let refused = client.store_image(with(image("anna", "1.jpg", &picture()), "x-api-key", &reader)).await;
    assert_refused(refused, Code::PermissionDenied, "forbidden", "");

    let admin = store.key("boris", "read,write,admin");
    let id = client
        .store_image(with(image("anna", "2.jpg", &picture()), "x-api-key", &admin))
        .await
        .unwrap()
        .into_inner()
        .image_id;
    let unknown = client.store_image(with(image("carla", "2.jpg", &picture()), "x-api-key", &admin)).await;
    assert_refused(unknown, Code::NotFound, "not-found", "");
    let get = |key: &str, user: &str| with(place(user, &id), "authorization", &format!("Bearer {key}"));
    client.get_image(get(&anna, "anna")).await.unwrap();
    client.get_image(get(&admin, "anna")).await.unwrap();
    assert_refused(client.get_image(get(&boris, "boris")).await, Code::NotFound, "not-found", "");
    assert_refused(client.get_image(get(&boris, "anna")).await, Code::PermissionDenied, "forbidden", "userId");
    let listed = |key: &str, user: &str| {
        let request = api::ImageListRequest { user_id: user.to_owned(), start_idx: 0, end_idx: 0 };
        let request = with(request, "x-api-key", key);
        let mut client = client.clone();
        async move {
            client.get_images_metadata(request).await.unwrap().into_inner().try_collect::<Vec<_>>().await.unwrap().len()
        }
    };
    assert_eq!(listed(&anna, "anna").await, 3);
    assert_eq!(listed(&admin, "anna").await, 3);
    assert_eq!(listed(&boris, "").await, 0);
}
