//! Albums: what is in them, in which order, and what is told of changes.

use imagestore::domain::{
    Album, AlbumChange, AlbumNotice, AlbumShare, Expected, FieldChange, Image, ImageName, Membership, Naming, Place,
    Reach, Reorder, Sight, Visibility,
};
use imagestore::ports::{AlbumPage, Catalog, CatalogError, NewWork, Placement};
use jiff::Timestamp;
use shared_types::{AlbumId, Digest, ErrorCode, ImageId, ShareId, UserId};

use super::access::user;
use super::catalog::image;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(super) fn album(name: &str, owner: Option<UserId>) -> Album {
    Album {
        id: AlbumId::generate(),
        owner,
        name: name.parse().unwrap(),
        visibility: Visibility::Unlisted,
        default_preset: Some("thumbnail".parse().unwrap()),
        then: Some("compress:high".to_owned()),
        cover: None,
        images: 0,
        version: 1,
        created: at(0),
        updated: at(0),
    }
}

fn any() -> Expected {
    Expected::default()
}

fn is(version: u64) -> Expected {
    Expected(Some(vec![0, version]))
}

async fn with_images(catalog: &impl Catalog, name: &str, number: usize) -> (Album, Vec<ImageId>) {
    let album = album(name, None);
    catalog.insert_album(&album).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..number {
        let image =
            Image { name: ImageName::from_client(&format!("{n}.png")), ..image(format!("{name} {n}").as_bytes()) };
        catalog.insert_image(&image, &NewWork::default()).await.unwrap();
        ids.push(image.id);
    }
    let album = catalog.add_to_album(album.id, &ids, &any(), at(1)).await.unwrap().unwrap();
    (album, ids)
}

async fn order(catalog: &impl Catalog, album: AlbumId) -> Vec<ImageId> {
    let images = catalog.album_images(album, Sight::All, None, 1000).await.unwrap();
    images.iter().map(|member| member.image.id).collect()
}

async fn clear(catalog: &impl Catalog, album: AlbumId) {
    for member in catalog.album_images(album, Sight::All, None, 1000).await.unwrap() {
        for digest in catalog.delete_image(member.image.id, at(9)).await.unwrap().unwrap() {
            catalog.forget_blob(&digest).await.unwrap();
        }
    }
    catalog.delete_album(album, &any(), at(9)).await.unwrap();
}

fn refused(result: &Result<Option<Album>, CatalogError>, code: ErrorCode) {
    assert!(matches!(result, Err(CatalogError::Refused(error)) if error.code == code), "{result:?}");
}

pub(super) async fn checks(catalog: &impl Catalog) {
    albums_have_names_of_their_own(catalog).await;
    changes_are_of_the_album_that_is_expected(catalog).await;
    images_keep_the_order_that_they_are_given(catalog).await;
    there_is_always_room_between_two_images(catalog).await;
    names_in_an_album_are_unique(catalog).await;
    a_deleted_image_leaves_its_albums(catalog).await;
    only_images_of_no_other_album_are_deleted(catalog).await;
    private_images_are_seen_by_their_owner(catalog).await;
    links_are_found_by_their_digest(catalog).await;
    an_image_goes_into_its_album_or_nowhere(catalog).await;
    every_change_is_told_once_and_in_order(catalog).await;
}

async fn albums_have_names_of_their_own(catalog: &impl Catalog) {
    let anna = user("albums-anna", imagestore::domain::Quotas::default());
    catalog.insert_user(&anna).await.unwrap();
    let (first, same) = (album("Holiday", None), album("Holiday", None));
    catalog.insert_album(&first).await.unwrap();
    assert_eq!(catalog.album(first.id).await.unwrap().as_ref(), Some(&first));
    assert!(matches!(catalog.insert_album(&same).await, Err(CatalogError::NameTaken)));
    let hers = album("Holiday", Some(anna.id));
    catalog.insert_album(&hers).await.unwrap();
    assert!(matches!(catalog.insert_album(&album("Holiday", Some(anna.id))).await, Err(CatalogError::NameTaken)));
    let other = album("Зима", Some(anna.id));
    catalog.insert_album(&other).await.unwrap();
    assert_eq!(catalog.album_by_name(Some(anna.id), &hers.name).await.unwrap().as_ref(), Some(&hers));
    assert_eq!(catalog.album_by_name(None, &first.name).await.unwrap().as_ref(), Some(&first));
    assert_eq!(catalog.album_by_name(None, &other.name).await.unwrap(), None);
    let names = catalog.album_names(Some(anna.id), None, 9).await.unwrap();
    assert_eq!(names, [hers.name.clone(), other.name.clone()]);
    assert_eq!(
        catalog.album_names(Some(anna.id), Some(&hers.name), 9).await.unwrap(),
        std::slice::from_ref(&other.name)
    );
    let page = |after, limit| AlbumPage { owner: Some(anna.id), visibility: None, after, limit };
    assert_eq!(catalog.albums(&page(None, 1)).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(catalog.albums(&page(Some(other.id), 9)).await.unwrap(), std::slice::from_ref(&hers));
    let public = AlbumPage { visibility: Some(Visibility::Public), limit: 9, ..AlbumPage::default() };
    assert_eq!(catalog.albums(&public).await.unwrap(), []);
    let rename = AlbumChange { name: Some(hers.name.clone()), ..AlbumChange::default() };
    assert!(matches!(catalog.change_album(other.id, &rename, &any(), at(1)).await, Err(CatalogError::NameTaken)));
    for gone in [first, hers, other] {
        assert_eq!(catalog.delete_album(gone.id, &any(), at(1)).await.unwrap(), Some(gone.clone()));
        assert_eq!(catalog.delete_album(gone.id, &any(), at(1)).await.unwrap(), None);
    }
}

async fn changes_are_of_the_album_that_is_expected(catalog: &impl Catalog) {
    let (made, images) = with_images(catalog, "Expected", 2).await;
    assert_eq!((made.version, made.images, made.cover), (2, 2, Some(images[0])));
    let nothing = catalog.change_album(made.id, &AlbumChange::default(), &is(2), at(2)).await.unwrap();
    assert_eq!(nothing.as_ref(), Some(&made), "nothing changed");
    let change = AlbumChange {
        visibility: Some(Visibility::Public),
        default_preset: FieldChange::Clear,
        then: FieldChange::To("thumbnail".to_owned()),
        cover: FieldChange::To(images[1]),
        ..AlbumChange::default()
    };
    let changed = catalog.change_album(made.id, &change, &is(2), at(2)).await.unwrap().unwrap();
    let expected = Album {
        visibility: Visibility::Public,
        default_preset: None,
        then: Some("thumbnail".to_owned()),
        cover: Some(images[1]),
        version: 3,
        updated: at(2),
        ..made.clone()
    };
    assert_eq!(changed, expected);
    let stranger = AlbumChange { cover: FieldChange::To(ImageId::generate()), ..AlbumChange::default() };
    refused(&catalog.change_album(made.id, &stranger, &any(), at(3)).await, ErrorCode::NotFound);
    refused(&catalog.change_album(made.id, &change, &is(2), at(3)).await, ErrorCode::PreconditionFailed);
    refused(&catalog.delete_album(made.id, &is(2), at(3)).await, ErrorCode::PreconditionFailed);
    refused(&catalog.add_to_album(made.id, &images, &is(2), at(3)).await, ErrorCode::PreconditionFailed);
    refused(&catalog.remove_from_album(made.id, images[0], &is(2), at(3)).await, ErrorCode::PreconditionFailed);
    let first = Reorder::First(images.clone());
    refused(&catalog.reorder_album(made.id, &first, &is(2), at(3)).await, ErrorCode::PreconditionFailed);
    assert_eq!(catalog.album(made.id).await.unwrap(), Some(changed), "nothing of it was done");
    let removed = catalog.remove_from_album(made.id, images[1], &is(3), at(4)).await.unwrap().unwrap();
    assert_eq!((removed.version, removed.images, removed.cover), (4, 1, Some(images[0])), "the cover went too");
    refused(&catalog.remove_from_album(made.id, images[1], &any(), at(4)).await, ErrorCode::NotFound);
    assert_eq!(catalog.change_album(AlbumId::generate(), &change, &any(), at(4)).await.unwrap(), None);
    catalog.add_to_album(made.id, &images, &any(), at(4)).await.unwrap();
    clear(catalog, made.id).await;
}

async fn images_keep_the_order_that_they_are_given(catalog: &impl Catalog) {
    let (album, images) = with_images(catalog, "Order", 5).await;
    let put = async |order: Reorder| catalog.reorder_album(album.id, &order, &any(), at(2)).await;
    assert_eq!(order(catalog, album.id).await, images);
    let [first, b, c, d, last] = images[..] else { panic!("{images:?}") };
    put(Reorder::First(vec![d, b])).await.unwrap();
    assert_eq!(order(catalog, album.id).await, [d, b, first, c, last]);
    put(Reorder::Move(d, Place::After(last))).await.unwrap();
    assert_eq!(order(catalog, album.id).await, [b, first, c, last, d]);
    put(Reorder::Move(d, Place::Before(b))).await.unwrap();
    assert_eq!(order(catalog, album.id).await, [d, b, first, c, last]);
    put(Reorder::Move(d, Place::After(b))).await.unwrap();
    put(Reorder::Move(d, Place::Before(first))).await.unwrap();
    assert_eq!(order(catalog, album.id).await, [b, d, first, c, last]);
    refused(&put(Reorder::First(vec![first, ImageId::generate()])).await, ErrorCode::NotFound);
    refused(&put(Reorder::Move(first, Place::After(ImageId::generate()))).await, ErrorCode::NotFound);
    assert_eq!(order(catalog, album.id).await, [b, d, first, c, last], "nothing of it was done");
    // Pages follow each other, whatever becomes of the image between them.
    let page = async |after| catalog.album_images(album.id, Sight::All, after, 2).await.unwrap();
    let begin = page(None).await;
    assert_eq!(begin.iter().map(|member| member.image.id).collect::<Vec<_>>(), [b, d]);
    put(Reorder::Move(d, Place::After(first))).await.unwrap();
    assert_eq!(page(Some(begin[1].cursor())).await[0].image.id, c, "behind where it is now");
    catalog.remove_from_album(album.id, d, &any(), at(3)).await.unwrap();
    assert_eq!(page(Some(begin[1].cursor())).await[0].image.id, first, "behind where it was");
    catalog.add_to_album(album.id, &[d], &any(), at(3)).await.unwrap();
    clear(catalog, album.id).await;
}

async fn there_is_always_room_between_two_images(catalog: &impl Catalog) {
    let (album, images) = with_images(catalog, "Room", 3).await;
    let [a, b, c] = images[..] else { panic!("{images:?}") };
    let mut between = [b, c];
    // Each move halves the room behind the first image, which is long gone after so many.
    for _ in 0..100 {
        between.reverse();
        let to = Reorder::Move(between[0], Place::After(a));
        catalog.reorder_album(album.id, &to, &any(), at(2)).await.unwrap();
        assert_eq!(order(catalog, album.id).await, [a, between[0], between[1]]);
    }
    clear(catalog, album.id).await;
}

async fn names_in_an_album_are_unique(catalog: &impl Catalog) {
    let (album, _) = with_images(catalog, "Names", 2).await;
    let same = Image { name: ImageName::from_client("0.png"), ..image(b"another 0.png") };
    let nameless = Image { name: None, ..image(b"without a name") };
    for image in [&same, &nameless] {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    let both = [same.id, nameless.id, same.id];
    let grown = catalog.add_to_album(album.id, &both, &any(), at(2)).await.unwrap().unwrap();
    assert_eq!((grown.images, grown.version), (4, 3));
    let again = catalog.add_to_album(album.id, &both, &any(), at(2)).await.unwrap();
    assert_eq!(again, Some(grown), "they are in it already");
    let id = same.id.to_string();
    let marked = ImageName::from_client(&format!("0-{}.png", &id[id.len() - 8..])).unwrap();
    let found = catalog.album_image_by_name(album.id, &marked).await.unwrap().unwrap();
    assert_eq!((found.image, found.name), (same.clone(), marked));
    let name = |text: &str| ImageName::from_client(text).unwrap();
    let of_id = name(&format!("{}.png", nameless.id));
    assert_eq!(catalog.album_image_by_name(album.id, &of_id).await.unwrap().unwrap().image, nameless);
    let rename = async |image, to: &str| catalog.rename_in_album(album.id, image, &name(to), at(3)).await;
    assert!(matches!(rename(same.id, "1.png").await, Err(CatalogError::NameTaken)));
    let renamed = rename(same.id, "2.png").await.unwrap().unwrap();
    assert_eq!(rename(same.id, "2.png").await.unwrap(), Some(renamed), "its own name is no other's");
    assert_eq!(catalog.album_image_by_name(album.id, &name("2.png")).await.unwrap().unwrap().image.id, same.id);
    assert_eq!(catalog.image(same.id).await.unwrap(), Some(same), "elsewhere it is called as before");
    refused(&rename(ImageId::generate(), "3.png").await, ErrorCode::NotFound);
    let missing = catalog.add_to_album(album.id, &[ImageId::generate()], &any(), at(3)).await;
    assert!(matches!(missing, Err(CatalogError::NoImage)), "{missing:?}");
    clear(catalog, album.id).await;
}

async fn a_deleted_image_leaves_its_albums(catalog: &impl Catalog) {
    let (album, images) = with_images(catalog, "Deleted", 2).await;
    let cover = AlbumChange { cover: FieldChange::To(images[0]), ..AlbumChange::default() };
    catalog.change_album(album.id, &cover, &any(), at(2)).await.unwrap();
    assert!(catalog.is_in_album(album.id, images[0]).await.unwrap());
    let memberships = catalog.albums_of(images[0]).await.unwrap();
    assert_eq!(memberships.len(), 1);
    let seen = &catalog.album_images(album.id, Sight::All, None, 1).await.unwrap()[0];
    let Membership { album: of, name, position } = &memberships[0];
    assert_eq!((of.id, name, *position), (album.id, &seen.name, seen.position));
    for digest in catalog.delete_image(images[0], at(3)).await.unwrap().unwrap() {
        catalog.forget_blob(&digest).await.unwrap();
    }
    assert!(!catalog.is_in_album(album.id, images[0]).await.unwrap());
    assert_eq!(catalog.albums_of(images[0]).await.unwrap(), []);
    let left = catalog.album(album.id).await.unwrap().unwrap();
    assert_eq!((left.images, left.cover, left.version), (1, Some(images[1]), 4));
    clear(catalog, album.id).await;
}

async fn only_images_of_no_other_album_are_deleted(catalog: &impl Catalog) {
    let (album, images) = with_images(catalog, "Delete", 4).await;
    let (other, _) = with_images(catalog, "Keep", 0).await;
    catalog.add_to_album(other.id, &images[..1], &any(), at(2)).await.unwrap();
    let delete = async |only, whose, limit| {
        catalog.delete_album_images(album.id, only, whose, limit, None, at(3)).await.unwrap()
    };
    assert_eq!(delete(Some(images[0]), Reach::Everybody, 9).await, (vec![], vec![]));
    assert_eq!(delete(None, Reach::User(UserId::generate()), 9).await, (vec![], vec![]));
    let (one, doomed) = delete(Some(images[1]), Reach::Everybody, 9).await;
    assert_eq!((one, doomed.len()), (vec![images[1]], 1));
    catalog.forget_blob(&doomed[0]).await.unwrap();
    for left in [1, 0] {
        let (gone, doomed) = delete(None, Reach::Everybody, 1).await;
        assert_eq!(gone.len(), 1);
        catalog.forget_blob(&doomed[0]).await.unwrap();
        assert_eq!(order(catalog, album.id).await.len(), 1 + left);
    }
    assert_eq!(delete(None, Reach::Everybody, 9).await, (vec![], vec![]));
    assert_eq!(order(catalog, album.id).await, images[..1]);
    clear(catalog, album.id).await;
    assert_eq!(order(catalog, other.id).await, []);
    clear(catalog, other.id).await;
}

async fn private_images_are_seen_by_their_owner(catalog: &impl Catalog) {
    let boris = user("albums-boris", imagestore::domain::Quotas::default());
    catalog.insert_user(&boris).await.unwrap();
    let (album, images) = with_images(catalog, "Sight", 1).await;
    let private = Image { owner: Some(boris.id), visibility: Visibility::Private, ..image(b"of boris") };
    let nobodys = Image { visibility: Visibility::Private, ..image(b"of nobody") };
    for image in [&private, &nobodys] {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    catalog.add_to_album(album.id, &[private.id, nobodys.id], &any(), at(2)).await.unwrap();
    let seen = async |sight| -> Vec<ImageId> {
        let images = catalog.album_images(album.id, sight, None, 9).await.unwrap();
        images.iter().map(|member| member.image.id).collect()
    };
    assert_eq!(seen(Sight::All).await, [images[0], private.id, nobodys.id]);
    assert_eq!(seen(Sight::NotPrivate).await, images);
    assert_eq!(seen(Sight::Of(Some(boris.id))).await, [images[0], private.id]);
    assert_eq!(seen(Sight::Of(None)).await, [images[0], nobodys.id]);
    clear(catalog, album.id).await;
}

async fn links_are_found_by_their_digest(catalog: &impl Catalog) {
    let (album, _) = with_images(catalog, "Links", 0).await;
    let share = |secret: &[u8], album| AlbumShare {
        id: ShareId::generate(),
        album,
        digest: Digest::of(secret),
        created: at(0),
        expires: Some(at(100)),
    };
    let (first, second) = (share(b"first", album.id), share(b"second", album.id));
    for share in [&first, &second] {
        catalog.insert_share(share).await.unwrap();
    }
    assert!(matches!(catalog.insert_share(&share(b"x", AlbumId::generate())).await, Err(CatalogError::Refused(_))));
    assert_eq!(catalog.shares(album.id, None, 1).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(catalog.shares(album.id, Some(second.id), 9).await.unwrap(), std::slice::from_ref(&first));
    let found = catalog.share_by_digest(&first.digest).await.unwrap();
    assert_eq!(found, Some((first.clone(), album.clone())));
    assert!(!catalog.delete_share(AlbumId::generate(), first.id).await.unwrap(), "of another album");
    assert!(catalog.delete_share(album.id, first.id).await.unwrap());
    assert!(!catalog.delete_share(album.id, first.id).await.unwrap());
    assert_eq!(catalog.share_by_digest(&first.digest).await.unwrap(), None);
    clear(catalog, album.id).await;
    assert_eq!(catalog.share_by_digest(&second.digest).await.unwrap(), None, "gone with its album");
}

async fn an_image_goes_into_its_album_or_nowhere(catalog: &impl Catalog) {
    let (album, _) = with_images(catalog, "Placement", 1).await;
    let named = |content: &[u8]| Image { name: ImageName::from_client("0.png"), ..image(content) };
    let into = |album, naming| NewWork { album: Some(Placement { album, naming }), ..NewWork::default() };
    let taken = catalog.insert_image(&named(b"exact"), &into(album.id, Naming::Exact)).await;
    assert!(matches!(taken, Err(CatalogError::NameTaken)), "{taken:?}");
    let nowhere = catalog.insert_image(&named(b"nowhere"), &into(AlbumId::generate(), Naming::Free)).await;
    assert!(matches!(nowhere, Err(CatalogError::Refused(_))), "{nowhere:?}");
    let free = named(b"free");
    catalog.insert_image(&free, &into(album.id, Naming::Free)).await.unwrap();
    assert_eq!(order(catalog, album.id).await.last(), Some(&free.id));
    clear(catalog, album.id).await;
}

async fn every_change_is_told_once_and_in_order(catalog: &impl Catalog) {
    while !catalog.take_outbox(100, at(0)).await.unwrap().is_empty() {}
    let (album, images) = with_images(catalog, "Told", 1).await;
    let name = ImageName::from_client("new.png").unwrap();
    let rename = AlbumChange { name: Some("New".parse().unwrap()), ..AlbumChange::default() };
    catalog.rename_in_album(album.id, images[0], &name, at(2)).await.unwrap();
    catalog.change_album(album.id, &rename, &any(), at(3)).await.unwrap();
    refused(&catalog.change_album(album.id, &rename, &is(1), at(3)).await, ErrorCode::PreconditionFailed);
    catalog.remove_from_album(album.id, images[0], &any(), at(4)).await.unwrap();
    catalog.delete_album(album.id, &any(), at(5)).await.unwrap();
    let first = catalog.take_outbox(4, at(6)).await.unwrap();
    let second = catalog.take_outbox(4, at(6)).await.unwrap();
    assert_eq!((first.len(), second.len()), (4, 3));
    let mut messages = [first, second].concat();
    assert!(messages.is_sorted_by_key(|message| message.id));
    // What is told of the image is about no album.
    messages.retain(|message| message.topic != "images");
    assert!(messages.iter().all(|message| message.topic == "albums" && message.key == album.id.to_string()));
    let notices: Vec<AlbumNotice> =
        messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    let texts: Vec<_> = notices.iter().map(|notice| notice.text.as_str()).collect();
    let expected = [
        "Told album created",
        "0.png image added to album Told",
        "0.png image modified to new.png",
        "Told album modified to New",
        "new.png image deleted from album New",
        "New album deleted",
    ];
    assert_eq!(texts, expected);
    assert_eq!(notices[1].image_id, Some(images[0]));
    assert_eq!(catalog.take_outbox(9, at(6)).await.unwrap(), []);
    assert!(catalog.old_outbox(at(1_000_000)).await.unwrap() >= 4);
    let old = catalog.forget_outbox(at(3), 1).await.unwrap();
    assert_eq!(old, 1);
    assert!(catalog.forget_outbox(at(1_000_000), 1000).await.unwrap() >= 3);
    assert_eq!(catalog.forget_outbox(at(1_000_000), 1000).await.unwrap(), 0);
    assert_eq!(catalog.old_outbox(at(1_000_000)).await.unwrap(), 0);
    for digest in catalog.delete_image(images[0], at(7)).await.unwrap().unwrap() {
        catalog.forget_blob(&digest).await.unwrap();
    }
}
