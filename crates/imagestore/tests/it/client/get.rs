//! Downloads.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use testkit::pictures::{file, photo};

use super::stand_in::{BROKEN, CUT_OFF, HOSTILE, STUCK, StandIn};
use super::{Ran, client, client_of, interrupt, names, picture, started, store};

/// Uploads a picture under a name; gives its id.
fn upload(store: &testkit::process::Store, folder: &Path, name: &str) -> String {
    fs::write(folder.join(name), picture(1)).unwrap();
    let ran = client(store, folder, &["upload", name]);
    fs::remove_file(folder.join(name)).unwrap();
    ran.lines()[0].split_once('\t').unwrap().0.to_owned()
}

#[test]
fn an_original_is_written_whole_under_its_name_and_replaces_nothing() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    let id = upload(&store, folder, "photo.jpg");
    assert_eq!(client(&store, folder, &["get", &id]).lines(), ["photo.jpg"]);
    assert_eq!(fs::read(folder.join("photo.jpg")).unwrap(), picture(1));
    let mode = fs::metadata(folder.join("photo.jpg")).unwrap().permissions().mode();
    assert_ne!(mode & 0o044, 0, "readable as other files are: {mode:o}");
    fs::write(folder.join("photo.jpg"), "mine").unwrap();
    for args in [&["get", &id][..], &["get", &id, "-o", "photo.jpg"], &["get", &id, "-o", "."]] {
        client(&store, folder, args).assert_fails("photo.jpg is there already; --force replaces it");
        assert_eq!(fs::read(folder.join("photo.jpg")).unwrap(), b"mine");
    }
    client(&store, folder, &["get", &id, "--force"]).lines();
    assert_eq!(fs::read(folder.join("photo.jpg")).unwrap(), picture(1));
    fs::create_dir(folder.join("there")).unwrap();
    assert_eq!(client(&store, folder, &["get", &id, "-o", "there"]).lines(), ["there/photo.jpg"]);
    assert!(client(&store, folder, &["get", &id, "-o", "there/other.jpg"]).lines().is_empty());
    assert_eq!(names(&folder.join("there")), ["other.jpg", "photo.jpg"], "and nothing temporary");
    client(&store, folder, &["get", &id, "-o", "nowhere/x.jpg"]).assert_fails("cannot write to nowhere/x.jpg");
}

#[test]
fn thumbnails_and_variants_have_the_extension_of_their_format() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    fs::write(folder.join("photo.png"), file::png(&photo(400, 300, 1))).unwrap();
    let ran = client(&store, folder, &["upload", "photo.png"]);
    let id = ran.lines()[0].split_once('\t').unwrap().0;
    assert!(client(&store, folder, &["get", id, "--thumbnail", "-o", "small.png"]).lines().is_empty());
    let size = |name: &str| image::image_dimensions(folder.join(name)).unwrap();
    assert_eq!(size("small.png"), (256, 192));
    // A value with commas in it.
    let ran = client(&store, folder, &["get", id, "--variant", "crop=0,0,200,100,format=webp", "-p", "w=100"]);
    assert_eq!(ran.lines(), ["photo.webp"]);
    assert_eq!(size("photo.webp"), (100, 50));
    let out =
        started(&store.grpc_address(), folder, &["get", id, "-p", "format=gif", "-o", "-"]).wait_with_output().unwrap();
    assert!(out.status.success() && out.stderr.is_empty());
    assert_eq!(image::guess_format(&out.stdout).unwrap(), image::ImageFormat::Gif);
    for (args, text) in [
        (&["-p", "wide=1"][..], "`wide` is not a parameter"),
        (&["--variant", "w=1,format=auto"], "must name a format"),
    ] {
        client(&store, folder, &[&["get", id][..], args].concat()).assert_fails(text);
    }
    for args in
        [&["--variant", "640"][..], &["-p", "w"], &["--variant", "w=1", "-p", "w=2"], &["--thumbnail", "-p", "w=2"]]
    {
        assert_eq!(client(&store, folder, &[&["get", id][..], args].concat()).code, Some(2), "{args:?}");
    }
    assert_eq!(names(folder), ["photo.png", "photo.webp", "small.png"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_no_path_and_nothing_that_is_not_whole_is_kept() {
    let stand_in = StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let get = |id: &str| client_of(&stand_in.address, &inner, &["get", id], "");
    assert_eq!(get(HOSTILE).lines(), ["[31mpasswd.png"]);
    assert_eq!((names(folder.path()), names(&inner)), (vec!["inner".to_owned()], vec!["[31mpasswd.png".to_owned()]));
    get(HOSTILE).assert_fails("is there already");
    for id in [CUT_OFF, BROKEN] {
        let ran = client_of(&stand_in.address, &inner, &["get", id, "-o", "x.png"], "");
        ran.assert_fails("did not arrive as it is stored");
    }
    let child = started(&stand_in.address, &inner, &["get", STUCK, "-o", "x.png"]);
    let is_begun = || names(&inner).iter().any(|name| name.starts_with(".imagestore-"));
    assert!(testkit::process::wait_until(is_begun));
    tokio::time::sleep(Duration::from_millis(50)).await;
    interrupt(&child);
    Ran::of(child.wait_with_output().unwrap()).assert_fails("nothing stays");
    assert_eq!(names(&inner), ["[31mpasswd.png"]);
}
