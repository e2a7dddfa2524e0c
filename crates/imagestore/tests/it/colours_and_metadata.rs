//! `icc`, `strip` and `gps` by URL, and the original untouched whatever it holds.

use std::io::Cursor;

use image::{ImageDecoder, ImageFormat, ImageReader};
use testkit::pictures::{colour, file, jpeg, photo};

use crate::support::{get, id, picture, problem, store, upload};

/// EXIF of a turned photo with an artist and a latitude.
fn exif() -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x03".to_vec();
    exif.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0]);
    exif.extend([&[1, 0x3b, 0, 2, 0, 0, 0, 11][..], &50_u32.to_be_bytes()].concat());
    exif.extend([&[0x88, 0x25, 0, 4, 0, 0, 0, 1][..], &62_u32.to_be_bytes()].concat());
    exif.extend([0; 4]);
    exif.extend(b"Ann Artist\0\0");
    exif.extend([&[0, 1, 0, 2, 0, 5, 0, 0, 0, 3][..], &80_u32.to_be_bytes(), &[0; 4]].concat());
    exif.extend([48_u32, 1, 51, 1, 24, 1].map(u32::to_be_bytes).concat());
    exif
}

fn icc(bytes: &[u8]) -> Option<Vec<u8>> {
    ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png).into_decoder().unwrap().icc_profile().unwrap()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn colours_stay_or_are_converted_as_asked() {
    let store = store();
    let plain = colour::png_with(file::png(&file::plain(40, 30, [190, 150, 130])), Some(colour::display_p3()), None);
    let image = upload(&store, plain).await;
    let path = |query: &str| format!("/i/{}.png?w=20{query}", id(&image));
    for (query, kept) in
        [("", true), ("&icc=auto", true), ("&icc=keep", true), ("&icc=srgb", false), ("&gray=1", false)]
    {
        let bytes = get(&store, &path(query)).await.bytes().await.unwrap();
        assert!(icc(&bytes) == kept.then(colour::display_p3), "{query}");
    }
    let stored = picture(&store, &path("")).await.to_rgb8().get_pixel(5, 5).0;
    assert_eq!(stored, [190, 150, 130], "the numbers of the wide space");
    // By the matrix of Display P3: red is stronger in a narrower space.
    let converted = picture(&store, &path("&icc=srgb")).await.to_rgb8().get_pixel(5, 5).0;
    assert!(converted.iter().zip([197_u8, 149, 127]).all(|(got, wanted)| got.abs_diff(wanted) <= 2), "{converted:?}");
    let gif = get(&store, &format!("/i/{}.gif?icc=keep", id(&image))).await;
    assert_eq!(gif.status(), 200, "what cannot hold a profile is sRGB");
}

#[tokio::test]
async fn metadata_goes_unless_it_is_asked_for_and_the_original_stays_as_it_was() {
    let store = store();
    let source = colour::jpeg_with(jpeg::full_chroma(&photo(60, 40, 2), 90), None, Some(exif()));
    let image = upload(&store, source.clone()).await;
    let get = async |path: &str| get(&store, path).await.bytes().await.unwrap();
    let id = id(&image);
    assert!(get(&format!("/i/{id}")).await == source);
    assert!(get(&format!("/i/{id}?strip=1")).await == source, "nothing is asked of the picture");
    for format in ["jpg", "png", "webp", "avif"] {
        let stripped = get(&format!("/i/{id}.{format}?w=30")).await;
        assert!(!holds(&stripped, "Ann Artist"), "{format}");
        let kept = get(&format!("/i/{id}.{format}?w=30&strip=0")).await;
        let placed = get(&format!("/i/{id}.{format}?w=30&strip=0&gps=keep")).await;
        assert!(holds(&kept, "Ann Artist") && holds(&placed, "Ann Artist"), "{format}");
        let degrees = String::from_utf8([48_u32, 1, 51, 1].map(u32::to_be_bytes).concat()).unwrap();
        assert!(!holds(&kept, &degrees) && holds(&placed, &degrees), "{format}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let store = store();
    let image = upload(&store, file::png(&photo(20, 15, 1))).await;
    for (query, parameter) in [
        ("icc=p3", "icc"),
        ("icc=keep&sepia=1", "icc"),
        ("strip=maybe", "strip"),
        ("gps=keep", "gps"),
        ("strip=0&gps=all", "gps"),
    ] {
        let answer = get(&store, &format!("/i/{}?{query}", id(&image))).await;
        let problem = problem(answer, 400, "invalid-parameter").await;
        assert_eq!(problem["parameter"], parameter, "{query}: {problem}");
    }
}
