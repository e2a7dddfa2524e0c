//! Lists of images: the same as if all were looked at, page by page.

use futures::future::try_join_all;
use imagestore::domain::{
    Image, ImageChange, ImageFilter, ImageName, ImageQuery, Metadata, Position, Quotas, Sort, Tagging, Tags,
    TimelineQuery, Visibility, Whose,
};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::{SignedDuration, Timestamp};
use shared_types::{ImageFormat, ImageId, UserId};
use uuid::Uuid;

use super::access::user;
use super::catalog::image;

const START: i64 = 1_750_000_000;

pub(super) async fn checks(catalog: &impl Catalog) {
    what_is_said_of_an_image_can_change(catalog).await;
    tags_come_and_go_beside_others(catalog).await;
    every_list_is_what_it_should_be(catalog).await;
    buckets_end_with_their_month(catalog).await;
    a_page_looks_at_a_bounded_number(catalog).await;
}

async fn clear(catalog: &impl Catalog, images: Vec<Image>) {
    try_join_all(images.iter().map(|image| catalog.delete_image(image.id, Timestamp::now()))).await.unwrap();
    for digest in catalog.doomed_blobs().await.unwrap() {
        catalog.forget_blob(&digest).await.unwrap();
    }
}

async fn what_is_said_of_an_image_can_change(catalog: &impl Catalog) {
    let first = Image { tags: "red,blue".parse().unwrap(), ..image(b"said") };
    catalog.insert_image(&first, &NewWork::default()).await.unwrap();
    assert_eq!(catalog.image(first.id).await.unwrap().as_ref(), Some(&first));
    let object = serde_json::json!({ "place": "Oslo", "nested": [1, { "a": null }] });
    let metadata = Metadata::of(object.as_object().unwrap().clone()).unwrap();
    let change = ImageChange {
        name: ImageName::from_client("Other.PNG"),
        visibility: Some(Visibility::Public),
        tags: Some("green,blue".parse().unwrap()),
        metadata: Some(metadata.clone()),
        ..ImageChange::default()
    };
    let changed = Image {
        name: ImageName::from_client("Other.PNG"),
        visibility: Visibility::Public,
        tags: "green,blue".parse().unwrap(),
        metadata: Some(metadata),
        ..first.clone()
    };
    assert_eq!(catalog.change_image(first.id, &change, Timestamp::now()).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(catalog.image(first.id).await.unwrap().as_ref(), Some(&changed));
    let nothing = catalog.change_image(first.id, &ImageChange::default(), Timestamp::now()).await.unwrap();
    assert_eq!(nothing.as_ref(), Some(&changed), "what is not named stays");
    for (tag, found) in [("red", 0), ("blue", 1), ("green", 1)] {
        let filter = ImageFilter { tag: Some(tag.parse().unwrap()), ..ImageFilter::default() };
        let query = ImageQuery { filter, ..ImageQuery::newest(None, 9) };
        assert_eq!(catalog.images(&query).await.unwrap().0.len(), found, "{tag}");
    }
    assert_eq!(catalog.change_image(ImageId::generate(), &change, Timestamp::now()).await.unwrap(), None);
    clear(catalog, vec![changed]).await;
}

/// The number of an image decides everything about it. Its id is that of its time.
fn numbered(number: u32, owners: &[Option<UserId>]) -> Image {
    let created = Timestamp::from_second(START + i64::from(number)).unwrap();
    let millis = u128::try_from(created.as_millisecond()).unwrap();
    let id = Uuid::from_u128(millis << 80 | 7 << 76 | 2 << 62 | u128::from(number));
    let base = image(format!("numbered {number}").as_bytes());
    let names = [None, Some("Berg.png"), Some("berg 2.png"), Some("БЕРЕГ.jpg"), Some("a.gif")];
    let tags = ["", "red", "red,blue", "blue"];
    Image {
        id: id.into(),
        owner: owners[number as usize % owners.len()],
        visibility: Visibility::ALL[number as usize / 3 % 3],
        bytes: u64::from(number % 7 * 100),
        facts: image_engine::Facts {
            format: [ImageFormat::Png, ImageFormat::Jpeg][number as usize / 2 % 2],
            ..base.facts
        },
        name: names[number as usize % names.len()].and_then(ImageName::from_client),
        tags: tags[number as usize / 5 % tags.len()].parse::<Tags>().unwrap(),
        created,
        ..base
    }
}

fn filters() -> Vec<ImageFilter> {
    let none = ImageFilter::default;
    let at = |second: i64| Timestamp::from_second(START + second).ok();
    vec![
        none(),
        ImageFilter { visibility: Some(Visibility::Public), ..none() },
        ImageFilter { visibility: Some(Visibility::Private), ..none() },
        ImageFilter { format: Some(ImageFormat::Jpeg), ..none() },
        ImageFilter { tag: "red".parse().ok(), ..none() },
        ImageFilter { name: Some("ber".to_owned()), ..none() },
        ImageFilter { name: Some("бер".to_owned()), ..none() },
        ImageFilter { min_bytes: Some(200), max_bytes: Some(500), ..none() },
        ImageFilter { since: at(20), before: at(50), ..none() },
        ImageFilter {
            visibility: Some(Visibility::Public),
            format: Some(ImageFormat::Png),
            tag: "blue".parse().ok(),
            max_bytes: Some(400),
            since: at(3),
            ..none()
        },
        ImageFilter { name: Some("berg".to_owned()), tag: "red".parse().ok(), before: at(60), ..none() },
    ]
}

fn wanted(image: &Image, whose: Whose, filter: &ImageFilter) -> bool {
    let owned = match whose {
        Whose::Anybody => true,
        Whose::Nobody => image.owner.is_none(),
        Whose::User(user) => image.owner == Some(user),
    };
    owned
        && filter.visibility.is_none_or(|visibility| image.visibility == visibility)
        && filter.format.is_none_or(|format| image.facts.format == format)
        && filter.tag.as_ref().is_none_or(|tag| image.tags.iter().any(|has| has == tag.as_str()))
        && filter.name.as_ref().is_none_or(|name| image.name_key().starts_with(name))
        && filter.min_bytes.is_none_or(|min| image.bytes >= min)
        && filter.max_bytes.is_none_or(|max| image.bytes <= max)
        && filter.since.is_none_or(|since| image.created >= since)
        && filter.before.is_none_or(|before| image.created < before)
}

/// All of a list, in pages of `limit`.
async fn walk(catalog: &impl Catalog, query: &ImageQuery) -> (Vec<Image>, usize) {
    let (mut all, mut pages) = (Vec::new(), 0);
    let mut after = None;
    loop {
        let (images, next) = catalog.images(&ImageQuery { after, ..query.clone() }).await.unwrap();
        assert!(images.len() <= query.limit as usize);
        all.extend(images);
        pages += 1;
        after = next;
        if after.is_none() {
            return (all, pages);
        }
    }
}

async fn every_list_is_what_it_should_be(catalog: &impl Catalog) {
    let users = ["lists-a", "lists-b"].map(|name| user(name, Quotas::default()));
    for user in &users {
        catalog.insert_user(user).await.unwrap();
    }
    let owners = [None, Some(users[0].id), Some(users[1].id)];
    let images: Vec<_> = (0..80).map(|number| numbered(number, &owners)).collect();
    for image in &images {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    for filter in filters() {
        for sort in [Sort::Date, Sort::Name, Sort::Bytes] {
            for whose in [Whose::Anybody, Whose::Nobody, Whose::User(users[0].id)] {
                for descending in [false, true] {
                    if whose == Whose::Anybody && sort != Sort::Date {
                        continue;
                    }
                    let mut expected: Vec<_> =
                        images.iter().filter(|image| wanted(image, whose, &filter)).cloned().collect();
                    match sort {
                        Sort::Date => expected.sort_by_key(|image| image.id),
                        Sort::Name => expected.sort_by_key(|image| (image.name_key(), image.id)),
                        Sort::Bytes => expected.sort_by_key(|image| (image.bytes, image.id)),
                    }
                    if descending {
                        expected.reverse();
                    }
                    let query = ImageQuery { whose, filter: filter.clone(), sort, descending, after: None, limit: 7 };
                    let (listed, _) = walk(catalog, &query).await;
                    let ids = |images: &[Image]| images.iter().map(|image| image.id).collect::<Vec<_>>();
                    assert_eq!(ids(&listed), ids(&expected), "{query:?}");
                    assert_eq!(by_buckets(catalog, &query).await, ids(&expected), "{query:?}");
                }
            }
        }
    }
    for (whose, tag) in [(Whose::Anybody, Some("red")), (Whose::User(users[0].id), Some("blue")), (Whose::Nobody, None)]
    {
        let filter = ImageFilter { tag: tag.map(|tag| tag.parse().unwrap()), ..ImageFilter::default() };
        let expected: Vec<_> = images.iter().filter(|image| wanted(image, whose, &filter)).collect();
        for index in [0, 1, expected.len() - 1, expected.len()] {
            let found = catalog.position(whose, filter.tag.as_ref(), u32::try_from(index).unwrap()).await.unwrap();
            let stands = expected.get(index).map(|image| Position::of(image, Sort::Date));
            assert_eq!(found, stands, "{index} of {whose:?}, {tag:?}");
        }
    }
    assert_eq!(Position::of(&images[3], Sort::Bytes), Position::Bytes(300, images[3].id));
    clear(catalog, images).await;
}

/// The same list, jumping from bucket to bucket.
async fn by_buckets(catalog: &impl Catalog, list: &ImageQuery) -> Vec<ImageId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let query = TimelineQuery { list: ImageQuery { after, limit: 3, ..list.clone() }, step: 9 };
        let (buckets, next) = catalog.timeline(&query).await.unwrap();
        for bucket in buckets {
            assert!(
                (1..=9).contains(&bucket.count) && bucket.month.is_some() == (list.sort == Sort::Date),
                "{bucket:?}"
            );
            let page = ImageQuery { after: bucket.after, limit: bucket.count, ..list.clone() };
            all.extend(catalog.images(&page).await.unwrap().0.iter().map(|image| image.id));
        }
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

async fn buckets_end_with_their_month(catalog: &impl Catalog) {
    let at = |text: &str, number: u32| {
        let created: Timestamp = text.parse().unwrap();
        let id = u128::try_from(created.as_millisecond()).unwrap() << 80 | 7 << 76 | 2 << 62 | u128::from(number);
        Image { id: Uuid::from_u128(id).into(), created, ..image(format!("{text} {number}").as_bytes()) }
    };
    let images: Vec<_> =
        [("2024-02-29T23:59:59.999Z", 0..3), ("2024-03-01T00:00:00Z", 3..5), ("2025-12-31T12:00:00Z", 5..6)]
            .into_iter()
            .flat_map(|(time, numbers)| numbers.map(move |number| at(time, number)))
            .collect();
    for image in &images {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    let (february, march, december) = (Some((2024, 2)), Some((2024, 3)), Some((2025, 12)));
    let ascending = vec![(february, 2), (february, 1), (march, 2), (december, 1)];
    let descending = vec![(december, 1), (march, 2), (february, 2), (february, 1)];
    for (is_descending, expected) in [(false, ascending), (true, descending)] {
        let list = ImageQuery { descending: is_descending, ..ImageQuery::newest(None, 100) };
        let (buckets, next) = catalog.timeline(&TimelineQuery { list: list.clone(), step: 2 }).await.unwrap();
        let told: Vec<_> = buckets.iter().map(|bucket| (bucket.month, bucket.count)).collect();
        assert_eq!((told, next), (expected, None));
        let mut ids: Vec<_> = images.iter().map(|image| image.id).collect();
        if is_descending {
            ids.reverse();
        }
        assert_eq!(by_buckets(catalog, &list).await, ids);
    }
    clear(catalog, images).await;
    let nothing = TimelineQuery { list: ImageQuery::newest(None, 100), step: 2 };
    assert_eq!(catalog.timeline(&nothing).await.unwrap(), (Vec::new(), None));
}

async fn tags_come_and_go_beside_others(catalog: &impl Catalog) {
    let tagged = Image { tags: "red,blue".parse().unwrap(), ..image(b"tagged") };
    catalog.insert_image(&tagged, &NewWork::default()).await.unwrap();
    let tagging = Tagging { add: "green,blue".parse().unwrap(), remove: "red,none".parse().unwrap() };
    let change = ImageChange { tagging, ..ImageChange::default() };
    let changed = catalog.change_image(tagged.id, &change, Timestamp::now()).await.unwrap().unwrap();
    assert_eq!(changed.tags, "blue,green".parse().unwrap());
    let many: Vec<_> = (0..Tags::MOST).map(|number| format!("t{number}")).collect();
    let tagging = Tagging { add: many.join(",").parse().unwrap(), ..Tagging::default() };
    let change = ImageChange { tagging, ..ImageChange::default() };
    let refused = catalog.change_image(tagged.id, &change, Timestamp::now()).await;
    assert!(matches!(refused, Err(CatalogError::Refused(_))));
    assert_eq!(catalog.image(tagged.id).await.unwrap(), Some(changed.clone()));
    clear(catalog, vec![changed]).await;
}

async fn a_page_looks_at_a_bounded_number(catalog: &impl Catalog) {
    let rare = 3;
    let many: Vec<_> = (0..5_200)
        .map(|number| {
            let image = numbered(number, &[None]);
            let format = if number == rare { ImageFormat::Gif } else { ImageFormat::Png };
            Image { facts: image_engine::Facts { format, ..image.facts.clone() }, tags: Tags::default(), ..image }
        })
        .collect();
    for part in many.chunks(1000) {
        try_join_all(part.iter().map(|image| async { catalog.insert_image(image, &NewWork::default()).await }))
            .await
            .unwrap();
    }
    let filter = ImageFilter { format: Some(ImageFormat::Gif), ..ImageFilter::default() };
    let query = ImageQuery { filter, ..ImageQuery::newest(None, 10) };
    let (found, next) = catalog.images(&query).await.unwrap();
    assert!(found.is_empty() && next.is_some(), "there is more to look at");
    let (found, pages) = walk(catalog, &query).await;
    assert_eq!((found.len(), found[0].id, pages), (1, many[rare as usize].id, 2));
    // What the index of an owner's formats knows takes one page.
    assert_eq!(walk(catalog, &ImageQuery { whose: Whose::Nobody, ..query.clone() }).await.1, 1);
    let begin =
        ImageFilter { before: many[100].created.checked_add(SignedDuration::ZERO).ok(), ..query.filter.clone() };
    assert_eq!(walk(catalog, &ImageQuery { filter: begin, ..query }).await.1, 1);
    clear(catalog, many).await;
}
