//! Every parameter of the grammar with what it takes: for the description of the interface, and for the message about one that is unknown.
//!
//! The parser has its own rules. Its tests hold the two against each other: what it reads must stand here, and what stands here it must take.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter as Described, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Required, Schema};

use super::{MAX_SIDE, MAX_TEXT};

/// What a parameter is.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does, with its default.
    pub says: &'static str,
    /// What it takes: one of these.
    pub takes: &'static [Values],
    /// A value that it takes.
    pub example: &'static str,
}

/// Values of one kind.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// Yes: `1`, `true`, or the name alone; no: `0`, `false`.
    Flag,
    /// Whole numbers from the first to the last.
    Whole(i64, i64),
    /// Numbers from the first to the last, written as decimals.
    Number(f64, f64),
    /// These words.
    Words(&'static [&'static str]),
    /// Texts of this form, an ECMAScript regular expression.
    Pattern(&'static str),
    /// Texts of up to so many characters.
    Text(usize),
}

/// A score of SSIMULACRA2 or its name.
const TARGET: &str = "^(lossless|visually-lossless|high|medium|low|[0-9]{2,3}(\\.[0-9])?)$";

const COLOUR: &str = "^[#A-Za-z0-9(),.% /-]{3,64}$";
const FLAG: &[Values] = &[Values::Flag];
const PERCENT: &[Values] = &[Values::Whole(-100, 100)];
const PART: &[Values] = &[Values::Number(0.01, 1.0)];
const MARGIN: &[Values] = &[Values::Whole(0, 4096)];
const SIDE: Values = Values::Whole(1, MAX_SIDE as i64);
const POINT: Values = Values::Pattern("^fp:[01](\\.[0-9]+)?:[01](\\.[0-9]+)?$");
const COMPASS: [&str; 9] =
    ["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"];
const PLACE: &[Values] = &[Values::Words(&COMPASS), Values::Words(&["tile"]), POINT];
const FORMAT: &[Values] = &[Values::Words(&["auto", "jpg", "png", "webp", "avif", "gif", "bmp", "tiff", "qoi", "jxl"])];

const fn parameter(
    name: &'static str,
    takes: &'static [Values],
    example: &'static str,
    says: &'static str,
) -> Parameter {
    Parameter { name, says, takes, example }
}

/// Every parameter, in the order of the documentation.
pub const PARAMETERS: &[Parameter] = &[
    parameter(
        "w",
        &[SIDE, Values::Words(&["auto"])],
        "512",
        "Width in pixels; `auto` follows the browser's `Sec-CH-Width`.",
    ),
    parameter("h", &[SIDE], "512", "Height in pixels."),
    parameter(
        "dpr",
        &[Values::Number(0.1, 8.0), Values::Words(&["auto"])],
        "2",
        "Multiplies `w` and `h`; `auto` follows `Sec-CH-DPR`.",
    ),
    parameter(
        "fit",
        &[Values::Words(&["inside", "cover", "contain", "fill", "outside"])],
        "cover",
        "How the picture meets the box of `w` and `h`; `inside` by default.",
    ),
    parameter(
        "gravity",
        &[Values::Words(&COMPASS), Values::Words(&["smart"]), POINT],
        "smart",
        "What stays with `fit=cover`, where it stands with `fit=contain`; `center` by default. `fp:x:y` is a focal point in parts of the sides.",
    ),
    parameter("enlarge", FLAG, "1", "Allows more pixels than the source has."),
    parameter("anim", FLAG, "0", "`0` shows the first frame of an animation alone."),
    parameter(
        "page",
        &[Values::Whole(0, u32::MAX as i64)],
        "0",
        "The one frame of an animation to show, counted from 0.",
    ),
    parameter(
        "crop",
        &[Values::Pattern("^[0-9]+,[0-9]+,[0-9]+,[0-9]+$")],
        "0,0,640,480",
        "`x,y,width,height`: cut first, in pixels of the upright picture.",
    ),
    parameter(
        "trim",
        &[Values::Whole(0, 255), Values::Words(&[""])],
        "10",
        "Cuts away a border of the top left pixel's colour, with this tolerance; alone 10.",
    ),
    parameter("rotate", &[Values::Words(&["0", "90", "180", "270"])], "90", "Degrees clockwise."),
    parameter("flip", FLAG, "1", "Mirrors top to bottom."),
    parameter("flop", FLAG, "1", "Mirrors left to right."),
    parameter("brightness", PERCENT, "20", "-100 leaves black; 0 by default."),
    parameter("contrast", PERCENT, "20", "-100 leaves one grey; 0 by default."),
    parameter("gamma", &[Values::Number(0.1, 10.0)], "1.5", "Above 1 lightens the midtones; 1 by default."),
    parameter("saturation", PERCENT, "-50", "-100 leaves no colour; 0 by default."),
    parameter("hue", &[Values::Whole(-360, 360)], "90", "Degrees by which colours turn; 0 by default."),
    parameter("gray", FLAG, "1", "Luminance only."),
    parameter("sepia", FLAG, "1", "The brown of old prints."),
    parameter(
        "duotone",
        &[Values::Pattern("^[^,]{3,64},[^,]{3,64}$")],
        "1b2a49,ffd166",
        "Dark and light in two colours.",
    ),
    parameter("negate", FLAG, "1", "The negative."),
    parameter("pixelate", &[Values::Whole(2, 1024)], "16", "The side of blocks of one colour in pixels."),
    parameter("blur", &[Values::Number(0.3, 100.0)], "5", "Sigma in pixels."),
    parameter("sharpen", &[Values::Number(0.3, 10.0)], "1", "Sigma in pixels."),
    parameter(
        "pad",
        &[Values::Whole(0, MAX_SIDE as i64), Values::Pattern("^[0-9]+,[0-9]+,[0-9]+,[0-9]+$")],
        "20",
        "A border in pixels, of one width or `top,right,bottom,left`, transparent or `bg`.",
    ),
    parameter(
        "bg",
        &[Values::Pattern(COLOUR)],
        "ff8800",
        "The colour behind transparency, around `fit=contain` and in `pad`: `ff8800`, `ff880080` or `white`.",
    ),
    parameter(
        "wm",
        &[Values::Pattern("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")],
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "The id of an image that is drawn over the picture.",
    ),
    parameter("wmpos", PLACE, "southeast", "Where `wm` stands; `southeast` by default, `tile` is everywhere."),
    parameter("wmopacity", PART, "0.5", "How visible `wm` is; 1 by default."),
    parameter("wmscale", PART, "0.25", "Which part of the picture `wm` may take; 0.25 by default."),
    parameter("wmmargin", MARGIN, "16", "The distance of `wm` to the edges in pixels."),
    parameter(
        "wmtext",
        &[Values::Text(MAX_TEXT)],
        "© 2026",
        "Text that is drawn over the picture, with line feeds between lines.",
    ),
    parameter("wmtextpos", PLACE, "south", "Where `wmtext` stands; `southeast` by default."),
    parameter("wmtextopacity", PART, "0.8", "How visible `wmtext` is; 1 by default."),
    parameter("wmtextmargin", MARGIN, "16", "The distance of `wmtext` to the edges in pixels."),
    parameter(
        "wmtextsize",
        &[Values::Whole(4, 2048)],
        "48",
        "The size of the letters in pixels; by default that of the picture decides.",
    ),
    parameter("wmtextcolor", &[Values::Pattern(COLOUR)], "white", "The colour of `wmtext`, opaque; white by default."),
    parameter("wmtextshadow", FLAG, "0", "`0` leaves out the shadow."),
    parameter(
        "round",
        &[Values::Whole(0, MAX_SIDE as i64), Values::Words(&["max"])],
        "max",
        "The radius of round corners in pixels; `max` is a circle.",
    ),
    parameter(
        "icc",
        &[Values::Words(&["auto", "keep", "srgb"])],
        "srgb",
        "`auto`, the default, keeps colours wider than sRGB with their profile; `keep` embeds any; `srgb` converts.",
    ),
    parameter("strip", FLAG, "0", "`0` keeps EXIF and XMP, without where it was taken."),
    parameter("gps", &[Values::Words(&["keep"])], "keep", "Beside `strip=0`: keeps where it was taken too."),
    parameter("colors", &[Values::Whole(2, 256)], "64", "At most so many colours: `png`, `gif`."),
    parameter("q", &[Values::Whole(1, 100)], "80", "Encoder quality; 80 by default, AVIF 60."),
    parameter("lossless", FLAG, "1", "Keeps every pixel: `webp`, `jxl`."),
    parameter(
        "target",
        &[Values::Pattern(TARGET)],
        "high",
        "In place of `q`: the smallest file that scores at least so much on SSIMULACRA2, by number (10 to 100) or name.",
    ),
    parameter(
        "max_bytes",
        &[Values::Whole(1, i64::MAX)],
        "200000",
        "In place of `q`: the best-looking file that has no more bytes.",
    ),
    parameter(
        "format",
        FORMAT,
        "webp",
        "The format; `auto` follows `Accept`. The source's own by default. An extension in the path says the same.",
    ),
    parameter("type", FORMAT, "webp", "The same as `format`."),
    parameter(
        "transform",
        &[Values::Pattern("^[a-z][a-z0-9_-]{0,63}$")],
        "thumbnail",
        "The name of a stored variant, or of a preset, which other parameters adjust.",
    ),
];

/// The names, with commas between them.
pub(super) fn names() -> String {
    PARAMETERS.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")
}

/// All of [`PARAMETERS`] as parameters of a query, for descriptions of addresses.
pub struct TransformParameters;

impl IntoParams for TransformParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Described> {
        PARAMETERS.iter().map(Parameter::described).collect()
    }
}

impl Parameter {
    /// As `OpenAPI` describes a parameter of a query.
    pub fn described(&self) -> Described {
        let schema = match self.takes {
            [one] => Schema::Object(one.schema()),
            several => {
                let each = several.iter().map(|values| Schema::Object(values.schema()));
                Schema::AnyOf(each.fold(AnyOfBuilder::new(), AnyOfBuilder::item).build())
            }
        };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(self.says))
            .schema(Some(RefOr::T(schema)))
            .example(Some(self.example.into()))
            .build()
    }
}

impl Values {
    fn schema(self) -> Object {
        let of = |kind| ObjectBuilder::new().schema_type(SchemaType::new(kind));
        match self {
            Self::Flag => of(Type::String).enum_values(Some(["1", "0", "true", "false", ""])),
            Self::Whole(least, most) => of(Type::Integer).minimum(Some(least as f64)).maximum(Some(most as f64)),
            Self::Number(least, most) => of(Type::Number).minimum(Some(least)).maximum(Some(most)),
            Self::Words(words) => of(Type::String).enum_values(Some(words.iter().copied())),
            Self::Pattern(pattern) => of(Type::String).pattern(Some(pattern)),
            Self::Text(most) => of(Type::String).min_length(Some(1)).max_length(Some(most)),
        }
        .build()
    }
}
