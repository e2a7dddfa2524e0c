//! SVG: sizes, and drawing at any size.

use std::sync::atomic::{AtomicUsize, Ordering};

use image_engine::{EngineError, Limits, verify};
use shared_types::ImageFormat;
use testkit::pictures::{file, photo, svg};

use crate::support::{decoded, facts, make, near, rendered, rendered_marked};

pub(crate) fn check(source: impl AsRef<[u8]>) -> Result<(), EngineError> {
    verify(source.as_ref(), &Limits::default(), &|| false)
}

/// An SVG with this inside.
pub(crate) fn of(inside: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"100\" height=\"100\">{inside}</svg>"
    )
}

#[test]
fn the_root_says_how_large_it_is() {
    for (attributes, size) in [
        ("width=\"40\" height=\"30\"", (40, 30)),
        ("width=\"40px\" height=\"30.4\"", (40, 30)),
        ("width=\"1in\" height=\"25.4mm\"", (96, 96)),
        ("width=\"72pt\" height=\"6pc\"", (96, 96)),
        ("width=\"2.54cm\" height=\"2em\"", (96, 32)),
        ("viewBox=\"0 0 120 80\"", (120, 80)),
        ("viewBox=\"-5,-5 120 80\" width=\"60\"", (60, 40)),
        ("viewBox=\"0 0 120 80\" height=\"800\"", (1200, 800)),
        ("viewBox=\"0 0 120 80\" width=\"100%\" height=\"50%\"", (120, 40)),
        ("viewBox=\"0 0 0 0\"", (300, 150)),
        ("", (300, 150)),
        ("width=\"NaN\" height=\"12\"", (300, 12)),
        ("width=\"0.2\" height=\"12\"", (1, 12)),
    ] {
        let source = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {attributes}><path d=\"M0 0h9v9z\"/></svg>");
        let facts = facts(source.as_bytes());
        assert_eq!((facts.format, facts.width, facts.height), (ImageFormat::Svg, size.0, size.1), "{attributes}");
        let made = rendered(source.as_bytes(), "", "png");
        assert_eq!((made.width, made.height), size, "{attributes}");
    }
    for attributes in
        ["width=\"0\" height=\"9\"", "width=\"-4\" height=\"9\"", "width=\"1e9\" height=\"1e9\"", "width=\"1e300\""]
    {
        let source = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {attributes}/>");
        assert!(check(&source).is_err(), "{attributes}");
        assert!(make(source.as_bytes(), "w=10", "png").is_err(), "{attributes}");
    }
}

#[test]
fn an_svg_is_known_behind_what_may_stand_before_it() {
    let root = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>";
    for before in [
        "",
        "\u{feff}",
        "\u{feff}<?xml version=\"1.0\"?>\n",
        "\n\n  <!-- one --><!-- two -->",
        "<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"a\" \"b\"><!-- > -->",
        "<!DOCTYPE svg [ <!ATTLIST svg a CDATA #IMPLIED> ]>",
    ] {
        let source = format!("{before}{root}");
        assert_eq!(facts(source.as_bytes()).format, ImageFormat::Svg, "{before}");
        assert_eq!(check(&source), Ok(()), "{before}");
    }
    let prefixed =
        "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><s:path d=\"M0 0h9v9z\"/></s:svg>";
    assert_eq!(check(prefixed), Ok(()));
    for other in
        ["<html><svg/></html>", "<!DOCTYPE html><html/>", "<svgs/>", "<?xml version=\"1.0\"?><rss/>", "<", "<svg"]
    {
        assert_eq!(check(other), Err(EngineError::NotAnImage), "{other}");
    }
    let found = check([0x1f, 0x8b, 8, 0, 0]).unwrap_err().to_string();
    assert!(found.contains("SVGZ"), "{found}");
}

#[test]
fn it_is_drawn_in_the_size_that_is_asked_for() {
    let source = svg::quarters(100, 50);
    for (query, size) in [
        ("", (100, 50)),
        ("w=2000", (2000, 1000)),
        ("w=10", (10, 5)),
        ("w=400&h=400", (400, 200)),
        ("w=400&h=400&fit=cover", (400, 400)),
        ("w=400&h=400&fit=cover&gravity=smart", (400, 400)),
        ("w=400&h=400&fit=fill", (400, 400)),
        ("w=400&h=400&fit=contain", (400, 400)),
        ("w=400&rotate=90", (400, 800)),
        ("crop=0,0,10,10&w=300", (300, 300)),
        // What a trim leaves is cut from pixels.
        ("trim&w=400", (100, 50)),
        ("trim&w=400&h=400&enlarge=1", (400, 200)),
    ] {
        let made = rendered(&source, query, "png");
        assert_eq!((made.width, made.height), size, "{query}");
        let picture = decoded(&made.bytes).to_rgba8();
        let corner = picture.get_pixel(size.0 / 20, size.1 / 2 - 1 - size.1 / 5);
        if !query.contains("smart") && !query.contains("rotate") {
            near([corner[0], corner[1], corner[2]], [255, 0, 0], 3, query);
        }
    }
    // No edge is blurred by scaling: all but a column and a row are of the four colours.
    let large = decoded(&rendered(&source, "w=2000", "png").bytes).to_rgba8();
    let mixed = large
        .pixels()
        .filter(|pixel| ![[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [0; 4]].contains(&pixel.0));
    assert_eq!(mixed.count(), 0);
}

#[test]
fn what_is_half_transparent_is_so_in_its_own_colour() {
    let source = of("<path fill=\"#ff8000\" fill-opacity=\".5\" d=\"M0 0h100v100H0z\"/>");
    let clear = decoded(&rendered(source.as_bytes(), "", "png").bytes).to_rgba8().get_pixel(50, 50).0;
    near([clear[0], clear[1], clear[2]], [255, 128, 0], 2, "clear");
    assert!(clear[3].abs_diff(128) <= 1, "{clear:?}");
    let flat = decoded(&rendered(source.as_bytes(), "bg=white", "png").bytes).to_rgb8().get_pixel(50, 50).0;
    near(flat, [255, 191, 127], 4, "on white");
}

#[test]
fn all_that_can_be_drawn_is_drawn() {
    let source = svg::everything(960, 640);
    assert_eq!(check(&source), Ok(()));
    let whole = decoded(&rendered(&source, "", "png").bytes).to_rgba8();
    // In the clip the dots, on the right the ellipse, on the left the star; the letters are dark.
    near([whole[(700, 440)][0], whole[(700, 440)][1], whole[(700, 440)][2]], [255, 99, 71], 3, "ellipse");
    near([whole[(140, 140)][0], whole[(140, 140)][1], whole[(140, 140)][2]], [255, 215, 0], 3, "star");
    let dark = |x0: u32, y0: u32| {
        let pixels = (x0..x0 + 300).flat_map(|x| (y0..y0 + 100).map(move |y| (x, y)));
        pixels.filter(|at| whole[*at].0[..3].iter().all(|part| *part < 60)).count()
    };
    assert!(dark(100, 470) > 1000, "text in the bundled font");
    // Drawn small, it is what is made of it when it is drawn large.
    let small = decoded(&rendered(&source, "w=96", "png").bytes).to_rgb8();
    let scaled = image::imageops::thumbnail(&decoded(&rendered(&source, "", "png").bytes).to_rgb8(), 96, 64);
    let error: u32 = small.iter().zip(scaled.iter()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(error / (96 * 64 * 3) < 6, "{error}");
}

#[test]
fn a_drawing_is_a_watermark_in_the_size_that_it_has_there() {
    let marked = rendered_marked(
        &file::png(&photo(400, 400, 3)),
        &svg::quarters(8, 8),
        "wm=01890a5d-ac96-774b-bcce-b302099a8057&wmscale=1&wmmargin=0",
        "png",
    );
    let picture = decoded(&marked.bytes).to_rgb8();
    for (x, y, colour) in [(198, 198, [255, 0, 0]), (202, 198, [0, 255, 0]), (198, 202, [0, 0, 255])] {
        near(picture.get_pixel(x, y).0, colour, 0, "sharp up to the edge");
    }
}

#[test]
fn a_drawing_is_whole_or_refused() {
    let whole = svg::everything(96, 64);
    for length in (0..whole.len()).step_by(7) {
        assert!(check(&whole[..length]).is_err(), "cut to {length} of {}", whole.len());
    }
    assert!(check([svg::quarters(9, 9), vec![0xff]].concat()).is_err());
}

#[test]
fn it_stops_wherever_it_is_asked_to() {
    let source = svg::everything(96, 64);
    let asked = AtomicUsize::new(0);
    // True at one question alone, so that each is seen to be heeded.
    let stopped_at = |at: usize| {
        asked.store(0, Ordering::Relaxed);
        verify(&source, &Limits::default(), &|| asked.fetch_add(1, Ordering::Relaxed) == at)
    };
    assert_eq!(stopped_at(usize::MAX), Ok(()));
    let questions = asked.load(Ordering::Relaxed);
    // At every element while it is counted, and around each step.
    let elements = source.windows(2).filter(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic()).count();
    assert!(questions >= elements + 4, "{questions} for {elements} elements");
    for at in 0..questions {
        assert_eq!(stopped_at(at), Err(EngineError::Stopped), "question {at} of {questions}");
    }
}
