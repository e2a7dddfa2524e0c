//! Lists and deleting.

use std::fs;

use super::stand_in::{HOSTILE, StandIn};
use super::{Ran, client, client_of, picture, started, store};
use crate::support::{get, problem};

#[tokio::test]
async fn images_are_listed_and_deleted() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    for number in 0..5 {
        fs::write(folder.join(format!("{number}.jpg")), picture(number)).unwrap();
    }
    client(&store, folder, &["upload", "0.jpg", "1.jpg", "--tag", "sea", "--jobs", "1"]).lines();
    client(&store, folder, &["upload", "2.jpg", "3.jpg", "4.jpg", "--jobs", "1"]).lines();
    let ran = client(&store, folder, &["ls"]);
    let lines = ran.lines();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["id", "date", "format", "size", "bytes", "name"]);
    let rows: Vec<Vec<_>> = lines[1..].iter().map(|line| line.split_whitespace().collect()).collect();
    let named: Vec<_> = rows.iter().map(|row| row[5]).collect();
    assert_eq!(named, ["4.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"], "newest first");
    let bytes = picture(4).len().to_string();
    assert_eq!(rows[0][2..5], ["jpg", "400x300", &*bytes]);
    assert!(rows[0][1].starts_with("20") && rows[0][1].ends_with('Z'), "{:?}", rows[0]);
    let of_tag = client(&store, folder, &["ls", "--tag", "sea", "--all", "--json"]).documents();
    assert_eq!(of_tag.iter().map(|image| &image["name"]).collect::<Vec<_>>(), ["1.jpg", "0.jpg"]);
    let first = client(&store, folder, &["ls", "--limit", "1", "--json"]).documents();
    assert_eq!((first.len(), &first[0]["id"]), (1, &rows[0][0].into()));
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let ran = client(&store, folder, &["rm", rows[0][0], unknown, rows[1][0]]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(1), 2), "{ran:?}");
    assert!(
        ran.err.contains(&format!("{unknown}: No image has this id")) && ran.err.contains("1 of 3 were not deleted")
    );
    for row in &rows[..2] {
        problem(get(&store, &format!("/v1/images/{}", row[0])).await, 404, "not-found").await;
    }
    assert!(client(&store, folder, &["rm", rows[2][0]]).lines().is_empty());
    assert_eq!(client(&store, folder, &["ls", "--all"]).lines().len(), 3);
    for wrong in [&["rm"][..], &["rm", "7"], &["ls", "--limit", "0"], &["ls", "--limit", "1", "--all"]] {
        assert_eq!(client(&store, folder, wrong).code, Some(2), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_name_reaches_the_terminal_and_every_page_is_read() {
    let stand_in = StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ran = client_of(&stand_in.address, folder.path(), &["ls", "--all"], "");
    let lines = ran.lines();
    assert_eq!(lines.len(), 4, "a page without images is not the last one: {lines:?}");
    assert!(lines[1].ends_with("  ../\u{fffd}[31mpasswd"), "{lines:?}");
    let ran = client_of(&stand_in.address, folder.path(), &["ls", "--limit", "1", "--json"], "");
    assert!(ran.out.is_ascii() && !ran.out.trim_end().contains(|c: char| c.is_control()), "{ran:?}");
    assert_eq!(ran.documents()[0]["name"], "../\u{1b}[31mpasswd");
    assert_eq!(ran.documents()[0]["id"], HOSTILE);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_the_beginning_alone_hears_no_complaint() {
    let stand_in = StandIn::start().await;
    let mut child = started(&stand_in.address, std::path::Path::new("/"), &["ls", "--all"]);
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
}
