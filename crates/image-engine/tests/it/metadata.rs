//! EXIF and XMP: gone unless asked for, and then about the new picture; the place only if that is asked for too.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Context, Exif, Field, In, Rational, Reader, Tag, Value};
use image::{GenericImageView, ImageDecoder};
use image_engine::probe;
use proptest::prelude::*;
use testkit::pictures::{colour, file, jpeg, photo, png};

use crate::support::{decoded, near, rendered};

const FORMATS: [&str; 4] = ["jpg", "png", "webp", "avif"];

const MAKER_NOTE: &[u8] = b"offsets into the old file";

/// What a camera writes, a thumbnail and a place among it.
fn camera_exif(little_endian: bool) -> Vec<u8> {
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let degrees = Value::Rational([48, 51, 24].map(|num| Rational { num, denom: 1 }).to_vec());
    let fields = [
        field(Tag::Orientation, Value::Short(vec![6])),
        field(Tag::ImageWidth, Value::Long(vec![4000])),
        field(Tag::Make, text("Maker")),
        field(Tag::Artist, text("Ann Artist")),
        field(Tag::Copyright, text("(c) Ann")),
        field(Tag::XResolution, Value::Rational(vec![Rational { num: 300, denom: 1 }])),
        field(Tag::PixelXDimension, Value::Long(vec![4000])),
        field(Tag::PixelYDimension, Value::Long(vec![3000])),
        field(Tag::ColorSpace, Value::Short(vec![1])),
        field(Tag::ExposureTime, Value::Rational(vec![Rational { num: 1, denom: 125 }])),
        field(Tag::MakerNote, Value::Undefined(MAKER_NOTE.to_vec(), 0)),
        field(Tag::GPSLatitudeRef, text("N")),
        field(Tag::GPSLatitude, degrees),
        field(Tag(Context::Tiff, 0x02bc), Value::Byte(b"<x:xmpmeta GPS/>".to_vec())),
    ];
    let thumbnail = jpeg::baseline(&photo(16, 12, 1), 50);
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let compression = Field { tag: Tag::Compression, ifd_num: In::THUMBNAIL, value: Value::Short(vec![6]) };
    writer.push_field(&compression);
    writer.set_jpeg(&thumbnail, In::THUMBNAIL);
    let mut exif = Cursor::new(Vec::new());
    writer.write(&mut exif, little_endian).unwrap();
    exif.into_inner()
}

const XMP: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
 exif:GPSLatitude="48,51.4N" drone-dji:GpsLongtitude='+2.35' tiff:Orientation="6" hdrgm:Version="1.0" xmp:Rating='4'>
<exif:GPSLongitude>2,21.1E</exif:GPSLongitude><dc:creator><rdf:Seq><rdf:li>Ann &amp; "Artist"</rdf:li></rdf:Seq></dc:creator>
<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">AAAA</rdf:li></rdf:Alt></xmp:Thumbnails><exif:GPSMapDatum/>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#;

fn xmp_segment(xmp: &str) -> Vec<u8> {
    format!("http://ns.adobe.com/xap/1.0/\0{xmp}").into_bytes()
}

fn camera_jpeg() -> Vec<u8> {
    let plain = jpeg::with_segment(&jpeg::full_chroma(&photo(120, 80, 3), 95), 0xe1, &xmp_segment(XMP));
    let iptc = jpeg::with_segment(&plain, 0xed, b"Photoshop 3.0\x008BIM\x04\x04 a caption");
    colour::jpeg_with(iptc, None, Some(camera_exif(true)))
}

fn exif_of(bytes: &[u8]) -> Option<Exif> {
    Reader::new().read_from_container(&mut Cursor::new(bytes)).ok()
}

fn text_of(exif: &Exif, tag: Tag) -> Option<String> {
    exif.get_field(tag, In::PRIMARY).map(|field| field.display_value().to_string())
}

fn number_of(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn everything_is_stripped_unless_it_is_asked_for() {
    for format in FORMATS {
        for query in ["", "strip=1", "w=60", "icc=keep"] {
            let made = rendered(&camera_jpeg(), query, format).bytes;
            assert!(exif_of(&made).is_none(), "{format} {query}");
            for told in ["Ann", "xmpmeta", "8BIM", "Maker", "Exif"] {
                // The box of an AVIF has names of its own.
                assert!(!holds(&made, told) || (format, told) == ("avif", "Exif"), "{format} {query}: {told}");
            }
        }
    }
}

#[test]
fn what_is_kept_is_about_the_new_picture() {
    for little_endian in [true, false] {
        let source = colour::jpeg_with(camera_jpeg(), None, Some(camera_exif(little_endian)));
        for format in FORMATS {
            let made = rendered(&source, "strip=0&w=40", format);
            let exif = exif_of(&made.bytes).unwrap_or_else(|| panic!("{format}"));
            assert_eq!((made.width, made.height), (40, 60));
            assert_eq!(number_of(&exif, Tag::Orientation), Some(1), "{format}");
            assert_eq!(number_of(&exif, Tag::PixelXDimension), Some(40), "{format}");
            assert_eq!(number_of(&exif, Tag::PixelYDimension), Some(60), "{format}");
            assert_eq!(text_of(&exif, Tag::Artist).as_deref(), Some("\"Ann Artist\""), "{format}");
            assert_eq!(text_of(&exif, Tag::Copyright).as_deref(), Some("\"(c) Ann\""), "{format}");
            assert_eq!(text_of(&exif, Tag::ExposureTime).as_deref(), Some("1/125"), "{format}");
            assert_eq!(text_of(&exif, Tag::XResolution).as_deref(), Some("300"), "{format}");
            assert!(exif.fields().all(|field| field.ifd_num == In::PRIMARY), "{format}: a thumbnail");
            assert!(exif.fields().all(|field| field.tag.context() != Context::Gps), "{format}: a place");
            for tag in [Tag::MakerNote, Tag::ImageWidth, Tag(Context::Tiff, 0x02bc)] {
                assert!(exif.get_field(tag, In::PRIMARY).is_none(), "{format}: {tag}");
            }
            // Seen upright by whoever heeds the number, too.
            assert_eq!(probe(Cursor::new(&made.bytes)).unwrap().upright_size(), (40, 60));
        }
    }
}

#[test]
fn xmp_is_kept_without_the_place() {
    for format in FORMATS {
        let made = rendered(&camera_jpeg(), "strip=0", format).bytes;
        for kept in ["Ann &amp; ", "rdf:Description", "xmp:Rating=\"4\"", "xpacket end"] {
            assert!(holds(&made, kept), "{format}: {kept}");
        }
        for gone in ["GPS", "48,51", "2,21", "+2.35", "Gps", "tiff:Orientation", "AAAA", "hdrgm:Version", "8BIM"] {
            assert!(!holds(&made, gone), "{format}: {gone}");
        }
    }
    for format in ["png", "webp"] {
        let made = rendered(&camera_jpeg(), "strip=0", format).bytes;
        let format = image::ImageFormat::from_extension(format).unwrap();
        let mut decoder = image::ImageReader::with_format(Cursor::new(&made), format).into_decoder().unwrap();
        let xmp = String::from_utf8(decoder.xmp_metadata().unwrap().unwrap()).unwrap();
        assert!(xmp.starts_with("<?xpacket") && xmp.ends_with("?>"), "{xmp}");
    }
}

#[test]
fn the_place_is_kept_where_it_is_asked_for() {
    for format in FORMATS {
        let made = rendered(&camera_jpeg(), "strip=0&gps=keep", format).bytes;
        let exif = exif_of(&made).unwrap();
        assert_eq!(text_of(&exif, Tag::GPSLatitude).as_deref(), Some("48 deg 51 min 24 sec"), "{format}");
        assert!(holds(&made, "exif:GPSLatitude=\"48,51.4N\"") && holds(&made, "GpsLongtitude"), "{format}");
    }
}

#[test]
fn it_goes_through_every_format_and_back() {
    let mut bytes = camera_jpeg();
    for format in ["png", "webp", "avif", "jpg", "avif", "webp", "png", "jpg"] {
        bytes = rendered(&bytes, "strip=0&gps=keep", format).bytes;
        let exif = exif_of(&bytes).unwrap_or_else(|| panic!("{format}"));
        assert_eq!(text_of(&exif, Tag::Artist).as_deref(), Some("\"Ann Artist\""), "{format}");
        assert!(holds(&bytes, "Ann &amp; "), "{format}");
    }
}

/// A file of several parts stays one that others read.
#[test]
fn pixels_and_profile_stay_what_they_are() {
    let picture = file::plain(40, 30, [200, 90, 60]);
    let with_alpha =
        image::RgbaImage::from_fn(40, 30, |x, _| image::Rgba([200, 90, 60, if x < 20 { 255 } else { 90 }]));
    for (source, alpha) in [
        (colour::png_with(file::png(&picture), Some(colour::display_p3()), Some(camera_exif(false))), false),
        (
            colour::webp_with(file::webp_lossless(&with_alpha), Some(colour::display_p3()), Some(camera_exif(false))),
            true,
        ),
    ] {
        for format in ["png", "webp"] {
            let made = rendered(&source, "strip=0", format).bytes;
            let format = image::ImageFormat::from_extension(format).unwrap();
            let mut decoder = image::ImageReader::with_format(Cursor::new(&made), format).into_decoder().unwrap();
            assert!(decoder.icc_profile().unwrap() == Some(colour::display_p3()));
            let exif = Reader::new().read_raw(decoder.exif_metadata().unwrap().unwrap()).unwrap();
            assert_eq!(number_of(&exif, Tag::ColorSpace), Some(65_535), "not sRGB");
            let pixels = decoded(&made);
            assert_eq!((pixels.dimensions(), pixels.color().has_alpha()), ((30, 40), alpha));
            // Turned, with what was the left half on top.
            near(pixels.to_rgb8().get_pixel(15, 5).0, [200, 90, 60], 4, "pixels");
        }
        let srgb = rendered(&source, "strip=0&icc=srgb", "png").bytes;
        assert_eq!(number_of(&exif_of(&srgb).unwrap(), Tag::ColorSpace), Some(1));
    }
}

#[test]
fn an_animation_keeps_it_too() {
    let source = colour::webp_with(file::animated_webp(32, 24, 3), None, Some(camera_exif(true)));
    for format in ["webp", "avif"] {
        let made = rendered(&source, "strip=0", format).bytes;
        assert!(probe(Cursor::new(&made)).unwrap().animated, "{format}");
        assert!(holds(&made, "Ann Artist"), "{format}");
    }
}

#[test]
fn what_is_too_large_or_unsure_is_left_out() {
    let plain = jpeg::full_chroma(&photo(40, 30, 3), 95);
    let huge_text = format!("<a>{}</a>", "x".repeat(1_100_000));
    let huge = png::with_chunk(
        &file::png(&photo(40, 30, 3)),
        *b"iTXt",
        &[b"XML:com.adobe.xmp\0\0\0\0\0", huge_text.as_bytes()].concat(),
    );
    assert!(!holds(&rendered(&huge, "strip=0", "webp").bytes, "xxxx"));
    let medium = format!("<a>{}</a>", "x".repeat(100_000));
    let medium = png::with_chunk(
        &file::png(&photo(40, 30, 3)),
        *b"iTXt",
        &[b"XML:com.adobe.xmp\0\0\0\0\0", medium.as_bytes()].concat(),
    );
    assert!(holds(&rendered(&medium, "strip=0", "webp").bytes, "xxxx"));
    assert!(!holds(&rendered(&medium, "strip=0", "jpg").bytes, "xxxx"), "no segment is that long");
    for unsure in
        ["<!DOCTYPE a [<!ENTITY gps \"48\">]><a>&gps;</a>", "<a><b></a>", "<a gps=48>kept</a>", "<a>kept", "\u{feff}<a"]
    {
        let source = jpeg::with_segment(&plain, 0xe1, &xmp_segment(unsure));
        assert!(!holds(&rendered(&source, "strip=0", "png").bytes, "XML:com.adobe"), "{unsure}");
    }
    for nonsense in
        [&b"II*\0"[..], b"MM\0*\0\0\0\x08", b"nothing", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"]
    {
        let source = colour::jpeg_with(plain.clone(), None, Some(nonsense.to_vec()));
        assert!(exif_of(&rendered(&source, "strip=0", "png").bytes).is_none(), "{nonsense:?}");
    }
    // Many fields that share one long value would make a file of many times the source.
    let mut shared = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
    shared.extend(1000_u16.to_le_bytes());
    for tag in 0..1000_u16 {
        shared.extend([tag.to_le_bytes(), 1_u16.to_le_bytes()].concat());
        shared.extend([60_000_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat());
    }
    shared.resize(60_100, 0);
    let source = colour::jpeg_with(plain.clone(), None, Some(shared));
    assert!(rendered(&source, "strip=0", "png").bytes.len() < 200_000);
    assert!(rendered(&plain, "strip=0", "png").bytes.len() < 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_metadata_makes_it_panic(
        flips in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..20), cut in any::<u16>(), little in any::<bool>(),
        xmp_flips in proptest::collection::vec((any::<u16>(), any::<char>()), 0..6),
    ) {
        let mut exif = camera_exif(little);
        for (at, value) in flips {
            let at = at as usize % exif.len();
            exif[at] ^= value;
        }
        exif.truncate(exif.len() - cut as usize % (exif.len() / 2));
        let mut xmp: Vec<char> = XMP.chars().collect();
        for (at, value) in xmp_flips {
            let at = at as usize % xmp.len();
            xmp[at] = value;
        }
        let xmp: String = xmp.into_iter().collect();
        let plain = jpeg::with_segment(&jpeg::baseline(&photo(16, 12, 3), 90), 0xe1, &xmp_segment(&xmp));
        let source = colour::jpeg_with(plain, None, Some(exif));
        for format in FORMATS {
            let made = rendered(&source, "strip=0", format).bytes;
            // Whatever was in it, a reader finds no turn and no place in what came out.
            if let Some(exif) = exif_of(&made) {
                prop_assert!(number_of(&exif, Tag::Orientation) == Some(1));
                prop_assert!(exif.fields().all(|field| field.tag.context() != Context::Gps));
            }
        }
    }
}
