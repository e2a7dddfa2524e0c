//! `/v1/stats`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use utoipa::{OpenApi, ToSchema};

use super::jobs::JobCounts;
use crate::domain::{Share, Totals};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::query::Query;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get), tags((name = "store", description = "The store as a whole, and what happens in it.")))]
pub(in crate::http) struct Description;

/// How much the store holds. Equal bytes are one file, which counts once among the originals and once among the variants.
#[derive(Serialize, ToSchema)]
struct StatsDocument {
    /// What was uploaded.
    images: ImageTotals,
    /// What was made of it and is stored.
    variants: VariantTotals,
    /// Master copies that variants are made from.
    masters: MasterTotals,
    /// What compressing services have saved.
    compression: CompressionTotals,
    /// Jobs by their status.
    jobs: JobCounts,
}

/// What was uploaded.
#[derive(Serialize, ToSchema)]
struct ImageTotals {
    /// Images: one for each upload.
    count: u64,
    /// Different originals among them.
    originals: u64,
    /// Bytes of the originals.
    bytes: u64,
    /// Images of each format, and the bytes of their originals, equal ones counted each time.
    formats: BTreeMap<String, Part>,
    /// Deleted images that can come back.
    deleted: Part,
}

/// What is stored of what was made.
#[derive(Serialize, ToSchema)]
struct VariantTotals {
    /// Variants.
    count: u64,
    /// Their bytes.
    bytes: u64,
    /// Those of each format.
    formats: BTreeMap<String, Part>,
    /// Those made from parameters, which `variants.max_bytes` bounds.
    made: Part,
    /// Those that had to go since the store was made, because of that bound.
    evicted: Part,
}

/// Part of a total.
#[derive(Serialize, ToSchema)]
struct Part {
    /// How many.
    count: u64,
    /// Their bytes.
    bytes: u64,
}

/// Master copies, each for its original.
#[derive(Serialize, ToSchema)]
struct MasterTotals {
    /// Those that are there.
    done: u64,
    /// Their bytes.
    bytes: u64,
    /// Those still to be made.
    pending: u64,
    /// Originals that are small enough themselves.
    not_worth_it: u64,
    /// Originals of which none can be made.
    failed: u64,
}

/// What compressing services have saved.
#[derive(Serialize, ToSchema)]
struct CompressionTotals {
    /// Variants that they made.
    variants: u64,
    /// Bytes of what these were made from less their own; a variant may be larger than its source.
    bytes_saved: i64,
}

fn document(totals: &Totals) -> StatsDocument {
    let share = |share: &Share| Part { count: share.count, bytes: share.bytes };
    let formats =
        |shares: &BTreeMap<String, Share>| shares.iter().map(|(format, of)| (format.clone(), share(of))).collect();
    let masters = &totals.masters;
    StatsDocument {
        images: ImageTotals {
            count: totals.images,
            originals: totals.originals,
            bytes: totals.original_bytes,
            formats: formats(&totals.original_formats),
            deleted: share(&totals.deleted),
        },
        variants: VariantTotals {
            count: totals.variants,
            bytes: totals.variant_bytes,
            formats: formats(&totals.variant_formats),
            made: share(&totals.made),
            evicted: share(&totals.evicted),
        },
        masters: MasterTotals {
            done: masters.done,
            bytes: masters.bytes,
            pending: masters.pending,
            not_worth_it: masters.not_worth_it,
            failed: masters.failed,
        },
        compression: CompressionTotals { variants: totals.saved.variants, bytes_saved: totals.saved.bytes },
        jobs: JobCounts::of(&totals.jobs),
    }
}

/// How much the store holds.
#[utoipa::path(
    get, path = "/v1/stats", operation_id = "getStats", tag = "store",
    responses((status = 200, description = "Totals.", body = StatsDocument)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    Ok(HttpResponse::Ok().json(document(&state.services.stats(&caller).await?)))
}
