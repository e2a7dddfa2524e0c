//! `/v1/images/{id}/curve`: what each format needs of one picture.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{NotFound, Unprocessable};
use shared_types::{ImageFormat, ImageId, OutputFormat, TransformError};
use utoipa::{OpenApi, ToSchema};

use crate::app::{Curve, CurveWish};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::query::{Query, parse_id, segment};

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(in crate::http) struct Description;

/// The longest side of the copy on which it is measured: small enough to be quick, large enough to stand for the picture.
const DEFAULT_SIDE: u32 = 800;
const SIDES: std::ops::RangeInclusive<u32> = 64..=1600;

const DEFAULT_FORMATS: [OutputFormat; 3] = [OutputFormat::Jpeg, OutputFormat::WebP, OutputFormat::Avif];

/// Bytes over visual quality.
#[derive(Serialize, ToSchema)]
struct CurveDocument {
    /// Width in pixels of the copy on which it was measured.
    width: u32,
    /// Its height.
    height: u32,
    /// What each format needs, in the order in which they were asked for.
    formats: Vec<LineDocument>,
}

/// What a format needs.
#[derive(Serialize, ToSchema)]
struct LineDocument {
    /// The format.
    #[schema(value_type = OutputFormat)]
    format: &'static str,
    /// Files by rising quality; none of a format that cannot hold the picture's transparency.
    points: Vec<PointDocument>,
}

/// A file that was made.
#[derive(Serialize, ToSchema)]
struct PointDocument {
    /// The encoder's quality (`q`).
    #[schema(minimum = 1, maximum = 100)]
    quality: u8,
    /// Bytes of the file.
    bytes: u64,
    /// SSIMULACRA2 against the copy.
    score: f64,
}

impl CurveDocument {
    fn of(curve: &Curve) -> Self {
        let (width, height) = curve.size;
        let formats = curve.lines.iter().map(|line| LineDocument {
            format: line.format.extension(),
            points: line
                .points
                .iter()
                .map(|point| PointDocument {
                    quality: point.quality,
                    bytes: point.bytes,
                    score: (point.score * 10.0).round() / 10.0,
                })
                .collect(),
        });
        Self { width, height, formats: formats.collect() }
    }
}

/// Bytes over visual quality, for each format.
///
/// Measured on a small copy of the picture, or of its first frame: each file is made, decoded and compared by SSIMULACRA2. It takes a second
/// or two the first time.
#[utoipa::path(
    get, path = "/v1/images/{id}/curve", tag = "images", operation_id = "getCurve",
    params(
        ("id" = ImageId, Path, description = "The image."),
        ("formats" = Option<String>, Query, description = "Formats with commas between them, some of `jpg`, `webp`, `avif` and `jxl`; by default the first three.", pattern = "^(jpg|webp|avif|jxl)(,(jpg|webp|avif|jxl))*$", example = "webp,avif"),
        ("side" = Option<u32>, Query, description = "The longest side of the copy in pixels; 800 by default.", minimum = 64, maximum = 1600, example = 400),
    ),
    responses(
        (status = 200, description = "What was measured.", body = CurveDocument),
        (status = 404, response = NotFound),
        (status = 422, response = Unprocessable),
    ),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let wish = wish(&request)?;
    let curve = state.services.curve(&caller, id, wish).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, no-cache")).json(CurveDocument::of(&curve)))
}

fn wish(request: &HttpRequest) -> Result<CurveWish, TransformError> {
    let mut query = Query::of(request);
    let side = query.number("side", SIDES)?.unwrap_or(DEFAULT_SIDE);
    let formats = query.take("formats")?;
    query.finish("formats, side")?;
    let Some(formats) = formats else { return Ok(CurveWish { formats: DEFAULT_FORMATS.to_vec(), side }) };
    let mut wanted = Vec::new();
    for name in formats.split(',') {
        let format = ImageFormat::from_extension(name.trim()).and_then(ImageFormat::as_output);
        let format = format.filter(|format| format.has_quality()).ok_or_else(|| {
            TransformError::new("formats", "must be some of jpg, webp, avif and jxl, with commas between them")
        })?;
        if !wanted.contains(&format) {
            wanted.push(format);
        }
    }
    Ok(CurveWish { formats: wanted, side })
}
