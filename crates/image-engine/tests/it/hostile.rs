//! Files that were made to harm, and what fuzzing found.

use image_engine::{EngineError, Limits, SNIFF_BYTES, sniff, verify};
use shared_types::ImageFormat;
use testkit::pictures::{broken, file, hostile, jpeg, png, samples};

use crate::support::make;

fn check(source: &[u8]) -> Result<(), EngineError> {
    verify(source, &Limits::default(), &|| false)
}

#[test]
fn an_avif_that_is_coded_larger_than_it_says_is_not_decoded() {
    // The first is found in the boxes, the second when it is read.
    for side in [1000, 100] {
        let found = check(&broken::avif_claiming(16, 16, &file::quarters(side, side)));
        assert_eq!(found, Err(EngineError::Corrupt("its coded picture is larger than it says".to_owned())), "{side}");
    }
}

#[test]
fn an_avif_of_more_chroma_than_it_says_is_not_decoded() {
    let found = check(&broken::avif_claiming_half_chroma(&file::quarters(300, 300)));
    assert_eq!(found, Err(EngineError::Corrupt("its coded picture is larger than it says".to_owned())));
}

#[test]
fn an_honest_avif_is_whole() {
    for sample in samples().iter().filter(|sample| sample.extension == "avif") {
        assert_eq!(check(&sample.bytes), Ok(()), "{}", sample.name);
    }
    for side in [1, 7, 64, 300] {
        assert_eq!(check(&file::avif(&file::quarters(side, side), 50)), Ok(()), "{side}");
    }
}

#[test]
fn a_webp_frame_that_is_larger_than_its_picture_is_not_decoded() {
    assert_eq!(check(&file::animated_webp(40, 30, 2)), Ok(()));
    let found = check(&hostile::webp_frame_too_large());
    assert_eq!(found, Err(EngineError::Corrupt("a frame is larger than the picture".to_owned())));
}

#[test]
fn a_tiff_field_that_is_not_there_is_not_made_room_for() {
    assert_eq!(check(&file::tiff(&file::quarters(32, 16))), Ok(()));
    let found = check(&hostile::tiff_field_too_long()).unwrap_err().to_string();
    assert!(found.contains("beyond the end"), "{found}");
}

#[test]
fn a_format_is_told_by_the_first_bytes_alone() {
    let behind = |bytes: usize| format!("<!--{}--><svg xmlns=\"http://www.w3.org/2000/svg\"/>", " ".repeat(bytes));
    assert_eq!(sniff(behind(SNIFF_BYTES / 2).as_bytes()), Some(ImageFormat::Svg));
    assert_eq!(sniff(behind(SNIFF_BYTES).as_bytes()), None);
    for file in [hostile::boxes_of_no_format(), behind(SNIFF_BYTES).into_bytes()] {
        assert_eq!(sniff(&file), sniff(&file[..file.len().min(SNIFF_BYTES)]));
    }
}

#[test]
fn a_palette_that_ends_within_a_colour_is_corrupt_and_no_panic() {
    for (bytes, transparent) in
        [(1, 1), (2, 0), (4, 1), (8, 3), (539, 1), (770, 1), (0, 0), (3, 200), (768, 256), (900, 0), (900, 300)]
    {
        let png = png::odd_palette(bytes, transparent);
        for file in [hostile::icon(&png), png] {
            let made = make(&file, "", "png");
            assert!(bytes % 3 == 0 || made.is_err() && check(&file).is_err(), "{bytes} {transparent}");
        }
    }
}

#[test]
fn a_palette_that_is_missing_is_missed_when_the_file_is_checked() {
    let png = hostile::png_without_palette();
    assert_eq!(check(&png), Err(EngineError::Corrupt("it has no palette".to_owned())));
}

#[test]
fn a_cut_picture_of_light_is_corrupt() {
    let scene = file::light(&testkit::pictures::photo(64, 48, 3));
    for (name, whole) in [("hdr", file::hdr(&scene)), ("exr", file::exr(&scene))] {
        assert_eq!(check(&whole), Ok(()), "{name}");
        for length in (0..whole.len()).step_by(whole.len() / 200) {
            assert!(check(&whole[..length]).is_err(), "{name} cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn an_exr_that_stores_more_than_it_shows_is_not_decoded() {
    assert!(check(&hostile::exr_window_too_large()).is_err());
}

#[test]
fn a_jpeg_xl_is_whole_or_refused() {
    let scene = testkit::pictures::photo(300, 280, 3);
    for (name, whole) in [("lossy", file::jxl(&scene, 80)), ("deep", file::jxl_deep(&scene))] {
        assert_eq!(check(&whole), Ok(()), "{name}");
        for length in (0..whole.len()).step_by(whole.len() / 100) {
            assert!(check(&whole[..length]).is_err(), "{name} cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn a_colour_profile_that_a_few_bytes_stand_for_is_not_unpacked() {
    let found = check(&hostile::jxl_profile_too_large()).unwrap_err().to_string();
    assert!(found.contains("colour profile of many megabytes"), "{found}");
}

#[test]
fn a_heic_is_whole_or_refused() {
    let scene = testkit::pictures::photo(600, 300, 3);
    for (name, whole) in
        [("tiles", file::heic(&scene, 60)), ("alpha", file::heic_alpha(&testkit::pictures::graphic(64, 48), 60))]
    {
        assert_eq!(check(&whole), Ok(()), "{name}");
        for length in (0..whole.len()).step_by(whole.len() / 60) {
            assert!(check(&whole[..length]).is_err(), "{name} cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn a_heic_that_is_coded_larger_than_it_says_is_not_decoded() {
    let found = check(&hostile::heic_coded_too_large());
    assert_eq!(found, Err(EngineError::Corrupt("its coded picture is larger than it says".to_owned())));
}

#[test]
fn what_is_wrong_with_a_png_is_told_in_words() {
    for file in [hostile::png_with_two_headers(), hostile::png_with_scratched_header()] {
        let found = check(&file).unwrap_err().to_string();
        assert!(found.contains("IHDR") && !found.contains(['{', '}']), "{found}");
    }
}

#[test]
fn a_jpeg_xl_in_colours_without_a_name_is_refused_and_no_panic() {
    let found = check(&hostile::jxl_colours_without_name()).unwrap_err().to_string();
    assert!(found.contains("colours without a name"), "{found}");
}

#[test]
fn a_tiff_whose_width_can_be_read_in_two_ways_is_refused() {
    assert_eq!(check(&file::tiff_palette(&file::quarters(32, 16))), Ok(()));
    let file = hostile::tiff_of_two_widths();
    assert_eq!(check(&file), Err(EngineError::Corrupt("its size changed".to_owned())));
}

/// Harmless is the same whatever the colours are: what was taken in can be shown.
#[test]
fn bytes_between_the_segments_of_a_jpeg_do_no_harm() {
    let picture = file::quarters(32, 16);
    for whole in [jpeg::baseline(&picture, 90), jpeg::of_inks(32, 16, [10, 20, 30, 40])] {
        let frame = whole.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        let padded = [&whole[..frame], &[0; 6], &whole[frame..]].concat();
        assert_eq!(check(&padded), Ok(()));
        for query in ["", "w=3"] {
            assert_eq!(make(&padded, query, "bmp"), make(&whole, query, "bmp"), "{query}");
        }
    }
}
