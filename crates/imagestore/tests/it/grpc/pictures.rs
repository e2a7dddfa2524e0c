//! Originals, thumbnails and variants, whole and in pieces.

use std::collections::HashMap;
use std::io::Cursor;

use futures::TryStreamExt;
use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use image::GenericImageView;
use testkit::pictures::{file, jpeg, photo, svg};
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{assert_refused, client, picture, store_and, upload};
use crate::support::{get, header};

fn wanted(id: &str, rendition: api::Rendition) -> api::GetImageRequest {
    api::GetImageRequest { id: id.to_owned(), rendition: rendition.into() }
}

async fn variant(
    client: &mut ImageServiceClient<Channel>,
    id: &str,
    transform: api::Transform,
) -> Result<(api::GetVariantResponse, Vec<u8>), Status> {
    let request = api::GetVariantRequest { id: id.to_owned(), transform: Some(transform) };
    let mut messages: Vec<_> = client.get_variant(request).await?.into_inner().try_collect().await?;
    let head = messages.remove(0);
    assert!(head.chunk.is_empty(), "the first message has no bytes");
    Ok((head, messages.iter().flat_map(|message| message.chunk.to_vec()).collect()))
}

#[tokio::test]
async fn an_original_comes_as_it_was_in_one_message_or_in_pieces() {
    let store = store_and(&[("GRPC__MAX_MESSAGE_BYTES", "1048576")]);
    let mut client = client(&store).await;
    let (small, large) = (picture(), file::bmp(&photo(1000, 800, 1)));
    let id = upload(&mut client, &small).await;
    let answer = client.get_image(wanted(&id, api::Rendition::Unspecified)).await.unwrap().into_inner();
    assert_eq!(answer.image, small);
    assert_eq!((answer.image_metada.unwrap().id, answer.media_type), (id, "image/jpeg".to_owned()));
    let id = upload(&mut client, &large).await;
    let refused = client.get_image(wanted(&id, api::Rendition::Original)).await;
    let status = assert_refused(refused, Code::ResourceExhausted, "message-too-large", "");
    assert!(status.message().contains("GetImageStream"), "{status:?}");
    let stream = client.get_image_stream(wanted(&id, api::Rendition::Original)).await.unwrap().into_inner();
    let messages: Vec<_> = stream.try_collect().await.unwrap();
    let head = &messages[0];
    assert_eq!((head.size as usize, &*head.media_type, head.chunk.len()), (large.len(), "image/bmp", 0));
    assert_eq!(head.metadata.as_ref().unwrap().id, id);
    assert!(messages[1..].iter().all(|message| message.metadata.is_none() && message.chunk.len() <= 1 << 20));
    let bytes: Vec<_> = messages.iter().flat_map(|message| message.chunk.to_vec()).collect();
    assert_eq!(bytes, large);
}

#[tokio::test]
async fn a_thumbnail_is_upright_and_never_enlarged() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let tiff = file::tiff(&photo(600, 300, 1));
    for (bytes, size, kind) in [
        (jpeg::oriented(&photo(400, 800, 1), 6, 90), (256, 512), "image/jpeg"),
        (jpeg::baseline(&photo(100, 50, 1), 90), (100, 50), "image/jpeg"),
        (tiff, (256, 128), "image/webp"),
        (svg::quarters(512, 256), (256, 128), "image/png"),
    ] {
        let id = upload(&mut client, &bytes).await;
        let answer = client.get_image(wanted(&id, api::Rendition::Thumbnail)).await.unwrap().into_inner();
        assert_eq!(answer.media_type, kind);
        let facts = image_engine::probe(Cursor::new(answer.image)).unwrap();
        assert_eq!(facts.upright_size(), size, "{kind}");
    }
}

#[tokio::test]
async fn a_variant_is_the_one_that_http_gives() {
    let store = store_and(&[("PRESETS__SQUARE", "w=50&h=50&fit=cover&format=png")]);
    let mut client = client(&store).await;
    let id = upload(&mut client, &picture()).await;
    let asked = api::Transform {
        width: 200,
        height: 100,
        fit: "cover".to_owned(),
        gravity: "north".to_owned(),
        format: "webp".to_owned(),
        quality: 60,
        parameters: HashMap::from([("rotate".to_owned(), "90".to_owned()), ("gray".to_owned(), "1".to_owned())]),
        ..Default::default()
    };
    let (head, bytes) = variant(&mut client, &id, asked).await.unwrap();
    let path = format!("/i/{id}.webp?w=200&h=100&fit=cover&gravity=north&q=60&rotate=90&gray=1");
    let same = get(&store, &path).await;
    assert_eq!(header(&same, "etag"), format!("\"{}\"", head.etag));
    assert_eq!((head.size as usize, &*head.media_type), (bytes.len(), "image/webp"));
    assert_eq!(same.bytes().await.unwrap(), bytes);
    let preset = api::Transform { preset: "square".to_owned(), height: 25, ..Default::default() };
    let (head, bytes) = variant(&mut client, &id, preset).await.unwrap();
    assert_eq!(head.media_type, "image/png");
    assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), (50, 25), "what stands beside a preset wins");
    let (_, bytes) = variant(&mut client, &id, api::Transform::default()).await.unwrap();
    assert_eq!(bytes, picture(), "what is not set stays as it is");
}

#[tokio::test]
async fn a_wrong_variant_is_refused_by_the_name_of_its_field() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let id = upload(&mut client, &picture()).await;
    let none = api::Transform::default;
    let parameter = |name: &str, value: &str| HashMap::from([(name.to_owned(), value.to_owned())]);
    for (transform, field) in [
        (api::Transform { width: 20_000, ..none() }, "width"),
        (api::Transform { height: 20_000, ..none() }, "height"),
        (api::Transform { width: 9, fit: "x".to_owned(), ..none() }, "fit"),
        (api::Transform { width: 9, gravity: "x".to_owned(), ..none() }, "gravity"),
        (api::Transform { quality: 101, ..none() }, "quality"),
        (api::Transform { format: "exe".to_owned(), ..none() }, "format"),
        (api::Transform { format: "auto".to_owned(), ..none() }, "format"),
        (api::Transform { parameters: parameter("blur", "x"), ..none() }, "blur"),
        (api::Transform { parameters: parameter("nothing", "1"), ..none() }, "nothing"),
        (api::Transform { width: 9, parameters: parameter("w", "9"), ..none() }, "width"),
    ] {
        let status = assert_refused(
            variant(&mut client, &id, transform).await,
            Code::InvalidArgument,
            "invalid-parameter",
            field,
        );
        assert!(status.message().starts_with(&format!("`{field}` ")), "{status:?}");
    }
    let unknown = api::Transform { preset: "unknown".to_owned(), ..none() };
    assert_refused(variant(&mut client, &id, unknown).await, Code::NotFound, "not-found", "transform");
    let to_pnm = api::Transform { format: "ppm".to_owned(), ..none() };
    assert_refused(variant(&mut client, &id, to_pnm).await, Code::InvalidArgument, "unsupported-format", "format");
}

#[tokio::test]
async fn an_image_that_is_not_there_is_not_found() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let id = upload(&mut client, &picture()).await;
    client.delete_image(api::DeleteImageRequest { id: id.clone() }).await.unwrap();
    let gone = client.delete_image(api::DeleteImageRequest { id: id.clone() }).await;
    assert_refused(gone, Code::NotFound, "not-found", "");
    let gone = client.get_image(wanted(&id, api::Rendition::Original)).await;
    assert_refused(gone, Code::NotFound, "not-found", "");
    let malformed = client.get_image(wanted("7", api::Rendition::Original)).await;
    assert_refused(malformed, Code::InvalidArgument, "invalid-parameter", "id");
    let other = client.get_image(api::GetImageRequest { id, rendition: 9 }).await;
    assert_refused(other, Code::InvalidArgument, "invalid-parameter", "rendition");
}

#[tokio::test]
async fn strangers_may_ask_for_what_they_may_over_http() {
    let store = store_and(&[("SIGNING__REQUIRED", "transforms"), ("SIGNING__PRESETS_ONLY", "true")]);
    let mut client = client(&store).await;
    let id = upload(&mut client, &picture()).await;
    client.get_image(wanted(&id, api::Rendition::Original)).await.unwrap();
    let refused = client.get_image(wanted(&id, api::Rendition::Thumbnail)).await;
    assert_refused(refused, Code::PermissionDenied, "signature-required", "");
    let store = store_and(&[("SIGNING__PRESETS_ONLY", "true")]);
    let mut client = super::client(&store).await;
    let id = upload(&mut client, &picture()).await;
    client.get_image(wanted(&id, api::Rendition::Thumbnail)).await.unwrap();
    let own = api::Transform { width: 77, ..Default::default() };
    assert_refused(variant(&mut client, &id, own).await, Code::PermissionDenied, "presets-only", "w");
    let preset = api::Transform { preset: "thumbnail".to_owned(), ..Default::default() };
    variant(&mut client, &id, preset).await.unwrap();
}
