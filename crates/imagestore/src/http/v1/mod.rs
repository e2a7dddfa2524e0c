//! The native API: records and lists.

pub(super) mod admin;
pub(super) mod albums;
pub(super) mod backfills;
pub(super) mod compressions;
pub(super) mod curve;
pub(super) mod events;
pub(super) mod health;
pub(super) mod history;
pub(super) mod images;
pub(super) mod index;
pub(super) mod jobs;
pub(super) mod leases;
pub(super) mod presets;
pub(super) mod selection;
pub(super) mod session;
pub(super) mod similar;
pub(super) mod sinks;
pub(super) mod srcset;
pub(super) mod stats;
pub(super) mod timeline;
pub(super) mod uploads;
pub(super) mod variants;

use actix_web::http::Method;
use actix_web::web::{ServiceConfig, delete, patch, post, put};
use service_kit::http::route::{get, packed, resource};

/// Routes of images that are more than one, or seen from afar; before those of single images, whose ids stand in the same place.
pub(super) fn images(config: &mut ServiceConfig) {
    let zip = vec![(Method::GET, get().to(selection::zip)), (Method::POST, post().to(selection::zip_of_many))];
    config
        .service(resource("/v1/images/timeline", vec![(Method::GET, get().to(timeline::get))]).wrap(packed()))
        .service(resource("/v1/images/batch", vec![(Method::POST, post().to(selection::change))]))
        .service(resource("/v1/images/zip", zip));
}

/// Routes of the store as a whole.
pub(super) fn store(config: &mut ServiceConfig) {
    config
        .service(resource("/v1/stats", vec![(Method::GET, get().to(stats::get))]))
        .service(resource("/v1/stats/history", vec![(Method::GET, get().to(history::get))]))
        .service(resource("/v1/presets", vec![(Method::GET, get().to(presets::list))]))
        .service(resource("/v1/health", vec![(Method::GET, get().to(health::get))]));
}

/// Routes of jobs: for clients, and for the workers that do them.
pub(super) fn jobs(config: &mut ServiceConfig) {
    let backfills = vec![(Method::POST, post().to(backfills::create)), (Method::GET, get().to(backfills::list))];
    let backfill = vec![(Method::GET, get().to(backfills::get)), (Method::DELETE, delete().to(backfills::cancel))];
    let job = vec![(Method::GET, get().to(jobs::get)), (Method::DELETE, delete().to(jobs::cancel))];
    config
        .service(resource("/v1/compressions", vec![(Method::POST, post().to(compressions::create))]))
        .service(resource("/v1/backfills", backfills))
        .service(resource("/v1/backfills/{id}", backfill))
        .service(resource("/v1/backfills/{id}/pause", vec![(Method::POST, post().to(backfills::pause))]))
        .service(resource("/v1/backfills/{id}/resume", vec![(Method::POST, post().to(backfills::resume))]))
        .service(resource("/v1/events", vec![(Method::GET, get().to(events::watch))]))
        .service(resource("/v1/jobs", vec![(Method::GET, get().to(jobs::list))]))
        .service(resource("/v1/jobs/lease", vec![(Method::POST, post().to(leases::lease))]))
        .service(resource("/v1/jobs/{id}", job))
        .service(resource("/v1/jobs/{id}/retry", vec![(Method::POST, post().to(jobs::retry))]))
        .service(resource("/v1/jobs/{id}/lease", vec![(Method::POST, post().to(leases::lease_one))]))
        .service(resource("/v1/jobs/{id}/heartbeat", vec![(Method::POST, post().to(leases::heartbeat))]))
        .service(resource("/v1/jobs/{id}/release", vec![(Method::POST, post().to(leases::release))]))
        .service(resource("/v1/jobs/{id}/failure", vec![(Method::POST, post().to(leases::failure))]))
        .service(resource("/v1/jobs/{id}/kept", vec![(Method::POST, post().to(leases::kept))]))
        .service(resource("/v1/jobs/{id}/result", vec![(Method::PUT, put().to(leases::result))]));
}

/// Routes of users, their keys and sessions, and what they keep.
pub(super) fn access(config: &mut ServiceConfig) {
    let users = vec![(Method::POST, post().to(admin::add_user)), (Method::GET, get().to(admin::users))];
    let user = vec![(Method::GET, get().to(admin::user)), (Method::PATCH, patch().to(admin::change_user))];
    let keys = vec![(Method::POST, post().to(admin::create_key)), (Method::GET, get().to(admin::keys))];
    let session = vec![
        (Method::GET, get().to(session::get)),
        (Method::POST, post().to(session::begin)),
        (Method::DELETE, delete().to(session::end)),
    ];
    config
        .service(resource("/v1/session", session))
        .service(resource("/v1/admin/users", users))
        .service(resource("/v1/admin/users/{id}", user))
        .service(resource("/v1/admin/keys", keys))
        .service(resource("/v1/admin/keys/{id}", vec![(Method::DELETE, delete().to(admin::revoke_key))]))
        .service(resource("/v1/usage", vec![(Method::GET, get().to(admin::usage))]));
}
