//! SVGs that were made to harm, and what looks like them and is not.

use std::fmt::Write;
use std::time::{Duration, Instant};

use image_engine::EngineError;
use testkit::pictures::svg;

use crate::support::{decoded, make, rendered};
use crate::svg::{check, of};

/// Refused or drawn, but soon, and the same when it is drawn in another size.
fn soon(name: &str, source: &str) -> Result<(), EngineError> {
    let begun = Instant::now();
    let found = check(source);
    let large = make(source.as_bytes(), "w=1000", "png");
    assert!(begun.elapsed() < Duration::from_secs(12), "{name} took {:?}", begun.elapsed());
    assert!(found.is_ok() || large.is_err(), "{name}: {found:?}");
    found
}

fn refused(name: &str, source: &str) -> String {
    let Err(found) = soon(name, source) else { panic!("{name} is drawn") };
    found.to_string()
}

#[test]
fn pictures_inside_are_refused_and_links_to_others_are_not_followed() {
    let found = refused("data", &of("<image href=\" Data:image/png;base64,AAAA\" width=\"9\" height=\"9\"/>"));
    assert!(found.contains("a picture inside"), "{found}");
    for link in ["file:///etc/passwd", "/etc/passwd", "http://127.0.0.1:1/a.svg", "../Cargo.toml"] {
        let source = of(&format!("<image xlink:href=\"{link}\" width=\"99\" height=\"99\"/>"));
        assert_eq!(check(&source), Ok(()), "{link}");
        let picture = decoded(&rendered(source.as_bytes(), "", "png").bytes).to_rgba8();
        assert!(picture.pixels().all(|pixel| pixel[3] == 0), "{link}");
    }
}

#[test]
fn what_multiplies_is_counted_before_it_is_built() {
    let doubling = |open: &str, close: &str, link: &str| {
        let mut defs = String::from("<defs><path id=\"a0\" d=\"M0 0h9v9z\"/>");
        for level in 1..31 {
            let _ = write!(
                defs,
                "<{open} id=\"a{level}\">{}</{close}>",
                link.replace('#', &format!("#a{}", level - 1)).repeat(2)
            );
        }
        of(&format!("{defs}</defs>{}", link.replace('#', "#a30")))
    };
    let uses = doubling("g", "g", "<use xlink:href=\"#\"/>");
    assert!(refused("uses", &uses).contains("references"), "uses");
    for (name, element, by) in [
        ("patterns", "pattern width=\"9\" height=\"9\" patternUnits=\"userSpaceOnUse\"", "fill"),
        ("masks", "mask", "mask"),
        ("clips", "clipPath", "clip-path"),
        ("markers", "marker", "marker-end"),
        ("styles", "mask", "style"),
    ] {
        let close = element.split(' ').next().unwrap();
        let value = if by == "style" { "mask: url( '#' )" } else { "url(#)" };
        let found = refused(name, &doubling(element, close, &format!("<path d=\"M0 0h9v9z\" {by}=\"{value}\"/>")));
        assert!(found.contains("references"), "{name}: {found}");
    }
    let images = doubling("filter", "filter", "<feImage xlink:href=\"#\"/>");
    assert!(soon("images in filters", &images).is_err());
    // By the rules of a style sheet.
    let mut rules = String::from("<style>");
    let mut masks = String::new();
    for level in 1..31 {
        let _ = write!(rules, ".c{level} {{ mask: url(#m{}) }}", level - 1);
        let shapes = format!("<path class=\"c{level}\" d=\"M0 0h9v9z\"/>").repeat(2);
        let _ = write!(masks, "<mask id=\"m{level}\">{shapes}</mask>");
    }
    let sheet = of(&format!("{rules}</style>{masks}<path mask=\"url(#m30)\" d=\"M0 0h9v9z\"/>"));
    assert!(refused("style sheet", &sheet).contains("references"));
    // A pattern for each of many shapes that inherit it, with many shapes of its own.
    let many = "<path d=\"M0 0h9v9z\"/>".repeat(2000);
    let inherited =
        of(&format!("<pattern id=\"p\" width=\"9\" height=\"9\">{many}</pattern><g fill=\"url(#p)\">{many}</g>"));
    assert!(refused("inherited", &inherited).contains("references"));
    let corners = "1 1 ".repeat(50_000);
    let marked = of(&format!("<marker id=\"m\">{many}</marker><path marker-mid=\"url(#m)\" d=\"M0 0l{corners}\"/>"));
    assert!(refused("markers", &marked).contains("references"));
}

#[test]
fn what_refers_to_itself_is_refused() {
    for (name, inside) in [
        ("use", "<g id=\"a\"><use xlink:href=\"#a\"/></g>"),
        ("uses", "<g id=\"a\"><use href=\"#b\"/></g><g id=\"b\"><use href=\"#a\"/></g>"),
        (
            "pattern",
            "<pattern id=\"a\" width=\"9\" height=\"9\"><path fill=\"url(#a)\" d=\"M0 0h9v9z\"/></pattern><path fill=\"url(#a)\" d=\"M0 0h9v9z\"/>",
        ),
        (
            "inherited pattern",
            "<g fill=\"url(#a)\"><pattern id=\"a\" width=\"9\" height=\"9\"><path d=\"M0 0h9v9z\"/></pattern><path d=\"M0 0h9v9z\"/></g>",
        ),
        (
            "mask",
            "<mask id=\"a\"><path mask=\"url(#a)\" d=\"M0 0h9v9z\"/></mask><path mask=\"url(#a)\" d=\"M0 0h9v9z\"/>",
        ),
        (
            "marker",
            "<marker id=\"a\"><path marker-end=\"url(#a)\" d=\"M0 0h9\"/></marker><path marker-end=\"url(#a)\" d=\"M0 0h9\"/>",
        ),
        (
            "filter",
            "<filter id=\"a\"><feImage href=\"#b\"/></filter><path id=\"b\" filter=\"url(#a)\" d=\"M0 0h9v9z\"/>",
        ),
        (
            "mask by a name of signs",
            "<mask id=\"a(b\"><path mask=\"url(#a(b)\" d=\"M0 0h9v9z\"/></mask><path mask=\"url(#a(b)\" d=\"M0 0h9v9z\"/>",
        ),
        (
            "mask by a name with blanks",
            "<mask id=\"a b)\"><path mask=\"url( '#a b) ' )\" d=\"M0 0h9v9z\"/></mask><path mask=\"url('#a b)')\" d=\"M0 0h9v9z\"/>",
        ),
        (
            "mask by its second name",
            "<mask xmlns:x=\"x\" x:id=\"b\" id=\"a\"><path mask=\"url(#a)\" d=\"M0 0h9v9z\"/></mask><path mask=\"url(#a)\" d=\"M0 0h9v9z\"/>",
        ),
        ("style", "<style>path { clip-path: url(#a) }</style><clipPath id=\"a\"><path d=\"M0 0h9v9z\"/></clipPath>"),
    ] {
        let found = refused(name, &of(inside));
        assert!(found.contains("refers to itself"), "{name}: {found}");
    }
}

#[test]
fn what_only_seems_to_refer_to_itself_is_drawn() {
    for (name, inside) in [
        (
            "animation",
            "<g id=\"a\"><path d=\"M0 0h9v9z\"/><animateTransform href=\"#a\" attributeName=\"transform\"/></g>",
        ),
        ("link", "<a id=\"a\" href=\"#a\"><path d=\"M0 0h9v9z\"/></a>"),
        (
            "one name for two",
            "<g id=\"a\" clip-path=\"url(#a)\"><path d=\"M0 0h9v9z\"/></g><clipPath id=\"a\"><path d=\"M0 0h9v9z\"/></clipPath>",
        ),
        ("first of two", "<path id=\"a\" d=\"M0 0h9v9z\"/><g id=\"a\"><use href=\"#a\"/></g>"),
    ] {
        assert_eq!(soon(name, &of(inside)), Ok(()), "{name}");
        let picture = decoded(&rendered(of(inside).as_bytes(), "", "png").bytes).to_rgba8();
        assert_eq!(picture.get_pixel(7, 2).0, [0, 0, 0, 255], "{name}");
    }
    // The last may stand where usvg does not read it.
    for hidden in [
        "<g id=\"a\" mask=\"url(#a)\"/><x><mask id=\"a\"/></x>",
        "<text><tspan id=\"a\" mask=\"url(#a)\">a</tspan></text><mask id=\"a\"/>",
    ] {
        assert!(refused("hidden", &of(hidden)).contains("refers to itself"), "{hidden}");
    }
}

#[test]
fn what_is_rare_and_multiplies_is_refused() {
    let path = "<path d=\"M0 0h9v9z\"/>";
    for (name, inside, why) in [
        ("mask", format!("<g mask=\"url(#m)\"><g mask=\"inherit\">{path}</g></g>"), "`mask` is `inherit`"),
        ("clip", format!("<g style=\"clip-path: inherit\">{path}</g>"), "`clip-path` is `inherit`"),
        ("filter", format!("<style>path {{ filter: inherit }}</style>{path}"), "`filter` is `inherit`"),
        ("fill", path.replace(" d=", " fill=\" context-fill\" d="), "`fill` is `context-fill`"),
        ("stroke", path.replace(" d=", " style=\"stroke: context-stroke\" d="), "`stroke` is `context-stroke`"),
        ("tref", format!("<text id=\"t\">a</text><text><tref href=\"#t\"/></text>{path}"), "`tref`"),
    ] {
        let found = refused(name, &of(&inside));
        assert!(found.contains(why), "{name}: {found}");
    }
}

#[test]
fn texts_that_take_long_to_set_are_refused() {
    for (name, inside) in [
        ("letters", format!("<text>{}</text>", "a".repeat(20_000))),
        ("spans", format!("<text>{}</text>", "<tspan>abc</tspan>".repeat(3000))),
        ("stretched", format!("<text><tspan textLength=\"9\">{}</tspan></text>", "a".repeat(15_000))),
        (
            "copies",
            format!("<text id=\"t\">{}</text>{}", "<tspan>a</tspan>".repeat(400), "<use href=\"#t\"/>".repeat(30)),
        ),
        ("places", format!("<text x=\"{}\">{}</text>", "1 ".repeat(2000), "a".repeat(2000)).repeat(8)),
        (
            "along",
            format!(
                "<path id=\"p\" d=\"M0 0{}\"/><text><textPath href=\"#p\">{}</textPath></text>",
                "l1 1".repeat(90_000),
                "a".repeat(3000)
            ),
        ),
    ] {
        let found = refused(name, &of(&inside));
        assert!(found.contains("to set its texts"), "{name}: {found}");
    }
    // What people make: a page of it, a letter at a time in its place, and lines in one text.
    let line =
        "<tspan x=\"0\" dy=\"1em\">The quick brown fox jumps over the lazy dog, and does so again and again.</tspan>";
    let places = (0..400).fold(String::new(), |text, place| text + &format!("{place}.5 "));
    for (name, inside) in [
        ("page", format!("<text>{}</text>", line.repeat(60))),
        ("places", format!("<text x=\"{places}\">{}</text>", "abcd".repeat(100)).repeat(5)),
        ("labels", "<text textLength=\"40\">A label</text>".repeat(500)),
    ] {
        assert_eq!(soon(name, &of(&inside)), Ok(()), "{name}");
    }
}

#[test]
fn a_pattern_for_each_letter_is_counted() {
    let many = "<path d=\"M0 0h9v9z\"/>".repeat(1000);
    let places = "1 ".repeat(500);
    let pattern = format!("<pattern id=\"p\" width=\".1\" height=\".1\">{many}</pattern>");
    let letters = of(&format!("{pattern}<text fill=\"url(#p)\" x=\"{places}\">{}</text>", "a".repeat(500)));
    assert!(refused("letters in places", &letters).contains("references"));
    let whole = of(&format!("{pattern}<text fill=\"url(#p)\" y=\"50\">{}</text>", "a".repeat(500)));
    assert_eq!(soon("letters in a line", &whole), Ok(()));
}

#[test]
fn entities_and_depth_are_refused() {
    let mut laughs = String::from("<!DOCTYPE svg [<!ENTITY a0 \"ha\">");
    for level in 1..12 {
        let _ = write!(laughs, "<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10));
    }
    let laughs = format!(
        "{laughs}]><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><text>&a11;</text></svg>"
    );
    assert!(refused("laughs", &laughs).contains("entities"));
    for (open, close) in [("<g>", "</g>"), ("<g opacity=\".9\">", "</g>"), ("<svg>", "</svg>"), ("<x>", "</x>")] {
        let deep = of(&format!("{}{}", open.repeat(10_000), close.repeat(10_000)));
        assert!(refused(open, &deep).contains("within each other"), "{open}");
        // As deep as is allowed, with all that a level can have, on a stack of 2 MiB.
        let deep = of(&format!("{}<path d=\"M0 0h9v9z\"/>{}", open.repeat(90), close.repeat(90)));
        std::thread::Builder::new().stack_size(2 << 20).spawn(move || check(deep)).unwrap().join().unwrap().unwrap();
    }
    // References count as depth, on the same stack.
    for (element, by) in [
        ("pattern width=\"9\" height=\"9\" patternUnits=\"userSpaceOnUse\"", "fill=\"url(#)\""),
        ("mask", "mask=\"url(#)\""),
        ("clipPath", "clip-path=\"url(#)\""),
        ("marker", "marker-end=\"url(#)\""),
        ("filter", "filter=\"url(#)\""),
        ("symbol", "href=\"#\""),
    ] {
        let chain = |length: usize| {
            let (name, link) =
                (element.split(' ').next().unwrap(), |level: usize| by.replace('#', &format!("#a{level}")));
            let chain = (1..length).fold(String::from("<path id=\"a0\" d=\"M0 0h9v9z\"/>"), |text, level| {
                let before = link(level - 1);
                let inside = match name {
                    "filter" => format!("<feImage href=\"#b{level}\"/></filter><g id=\"b{level}\"><path {before} d=\"M0 0h9v9z\"/></g><g>"),
                    "symbol" => format!("<use {before}/>"),
                    _ => format!("<path {before} d=\"M0 0h9v9z\"/>"),
                };
                let close = if name == "filter" { "g" } else { name };
                text + &format!("<{element} id=\"a{level}\">{inside}</{close}>")
            });
            let last = link(length - 1);
            of(&format!("{chain}<use {last}/><path {last} d=\"M0 0h9v9z\"/>"))
        };
        // Markers multiply by corners, filters have more between one and the next.
        let deep = chain(match element {
            "filter" => 14,
            "marker" => 3,
            _ => 30,
        });
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let found = thread.spawn(move || check(deep)).unwrap().join().unwrap();
        assert!(found.is_ok(), "{element}: {found:?}");
        let found = refused(element, &chain(100));
        assert!(found.contains("references"), "{element}: {found}");
    }
    let attributes: String = (0..100_000).fold(String::new(), |text, index| text + &format!(" a{index}=\"\""));
    assert!(refused("attributes", &of(&format!("<g{attributes}/>"))).contains("attributes"));
    let spaces: String = (0..200).fold(String::new(), |text, index| text + &format!(" xmlns:a{index}=\"b\""));
    let spaces = of(&format!("<g{spaces}>{}</g>", "<g xmlns:z=\"z\"/>".repeat(100_000)));
    assert!(refused("namespaces", &spaces).contains("namespaces"));
}

#[test]
fn styles_that_take_long_to_match_are_refused() {
    let deep = |inside: &str| format!("{}{inside}{}", "<g>".repeat(80), "</g>".repeat(80));
    let ways = of(&deep("<path d=\"M0 0h9v9z\"/>").replacen(
        "<g>",
        "<style>x g g g g g g g g path { fill: red }</style><g>",
        1,
    ));
    assert!(refused("ways", &ways).contains("steps to match"));
    let rules: String = (0..20_000).fold(String::new(), |text, index| text + &format!(".a{index}{{fill:red}}"));
    let many = of(&format!("<style>{rules}</style>{}", "<g/>".repeat(20_000)));
    assert!(refused("rules", &many).contains("steps to read"));
    let rules: String = (0..2000).fold(String::new(), |text, index| text + &format!(".a{index}{{fill:red}}"));
    let many = of(&format!("<style>{rules}</style>{}", "<g/>".repeat(20_000)));
    assert!(refused("matches", &many).contains("matches"));
    // As soon as it is too much, not when all is done.
    let rules: String = (0..300).fold(String::new(), |text, index| text + &format!("x g g path{{b:c{index}}}"));
    let paths = "<path d=\"M0 0h9v9z\"/>".repeat(6000);
    let many = of(&format!("<style>{rules}</style>{}{paths}{}", "<g>".repeat(50), "</g>".repeat(50)));
    let found = refused("many", &many);
    assert!(found.contains("steps to match"), "many: {found}");
    // What is said of the elements around many targets is read once.
    let rules: String = (0..300).fold(String::new(), |text, index| text + &format!(".a{index}{{fill:red}}"));
    let targets: String = (0..10_000)
        .fold(String::new(), |text, index| text + &format!("<mask id=\"m{index}\"/><g mask=\"url(#m{index})\"/>"));
    let around = of(&deep(&targets).replacen("<g>", &format!("<style>{rules}</style><g>"), 1));
    assert_eq!(soon("around", &around), Ok(()));
    // Long attributes are gone through as well.
    let rules: String = (0..500).fold(String::new(), |text, index| text + &format!("[d~='z{index}']{{b:c}}"));
    let long = of(&format!("<style>{rules}</style><path d=\"{}\"/>", "m 1 1 ".repeat(1_000_000)));
    let found = refused("long", &long);
    assert!(found.contains("steps to match"), "long: {found}");
    let sheets = of(&"<style>a{b:c}</style>".repeat(20_000));
    assert!(refused("sheets", &sheets).contains("steps to read"));
}

#[test]
fn layers_filters_tiles_and_dashes_are_bounded_when_they_are_drawn() {
    let all = "<path filter=\"url(#f)\" d=\"M0 0h100v100H0z\"/>";
    let filter = |inside: &str| {
        of(&format!("<filter id=\"f\" x=\"-9e9\" y=\"-9e9\" width=\"9e10\" height=\"9e10\">{inside}</filter>{all}"))
    };
    let zigzag =
        (0..60_000).fold(String::new(), |text, index| text + if index % 2 == 0 { "50 100 " } else { "50-100 " });
    for (name, source) in [
        ("octaves", filter("<feTurbulence baseFrequency=\".1\" numOctaves=\"4000000000\"/>")),
        ("morphology", filter("<feMorphology radius=\"1e6\" operator=\"dilate\"/>")),
        ("primitives", filter(&"<feFlood/>".repeat(5000))),
        ("layers", String::from_utf8(svg::layers(3000, 3000, 60)).unwrap()),
        (
            "tile",
            of(
                "<pattern id=\"p\" width=\"1e6\" height=\"1e6\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 0h9v9z\"/></pattern><path fill=\"url(#p)\" d=\"M0 0h99v99z\"/>",
            ),
        ),
        ("zigzag", of(&format!("<path fill=\"red\" stroke=\"blue\" d=\"M0 0l{zigzag}\"/>"))),
        (
            "hairs",
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"6000\" height=\"20\"><path stroke=\"red\" stroke-width=\".01\" d=\"M0 0{}\"/></svg>",
                "L6000 9L0 9".repeat(20_000)
            ),
        ),
        ("dashes", of(&"<path stroke=\"red\" stroke-dasharray=\".001\" d=\"M0 0L1e2 1e2\"/>".repeat(40))),
    ] {
        let found = refused(name, &source);
        assert!(found.contains("to draw at this size"), "{name}: {found}");
    }
    for (name, source) in [
        ("blur", filter("<feGaussianBlur stdDeviation=\"1e30\"/>")),
        ("offset", filter("<feOffset dx=\"1e30\" dy=\"-1e30\"/>")),
        (
            "tiny tile",
            of(
                "<pattern id=\"p\" width=\"1e-9\" height=\"1e-9\"><path d=\"M0 0h9v9z\"/></pattern><path fill=\"url(#p)\" d=\"M0 0h99v99z\"/>",
            ),
        ),
        ("far", of("<path stroke=\"red\" stroke-width=\"1e30\" d=\"M-1e30 1e30L1e38-1e38Q1e30 1e30 1e9 1e9z\"/>")),
        ("turned", of("<g transform=\"matrix(1e30 1 1e-30 1e30 1e30 0)\" opacity=\".5\"><path d=\"M0 0h9v9z\"/></g>")),
        ("text", of(&format!("<text textLength=\"1e9\" letter-spacing=\"1e20\">{}</text>", "a ".repeat(2000)))),
        (
            "numbers",
            of("<path d=\"M1e999 0LNaN inf\"/><circle r=\"1e999\"/><rect width=\"NaN\" height=\"-1\" rx=\"1e38\"/>"),
        ),
    ] {
        drop(soon(name, &source));
    }
}

#[test]
fn a_large_map_is_not_refused() {
    let map = svg::shapes(1000, 800, 30_000);
    assert_eq!(check(&map), Ok(()));
    let icon = "<path d=\"M3 3h18v2H3z\"/>".repeat(400);
    assert_eq!(check(of(&icon)), Ok(()));
    assert_eq!(check(svg::layers(1500, 1500, 8)), Ok(()));
}
