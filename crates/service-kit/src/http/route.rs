//! Routes that answer every verb, and the answer where there is no route.

use actix_web::http::Method;
use actix_web::middleware::Compress;
use actix_web::{HttpResponse, Resource, Route, guard, web};
use shared_types::ErrorCode;

use super::ApiError;

/// A resource with these verbs. `GET` serves `HEAD` too, `OPTIONS` tells the verbs unless a route of its own does, and any other verb is a
/// 405 that names them.
pub fn resource(path: &str, methods: Vec<(Method, Route)>) -> Resource {
    let mut allowed = vec![Method::OPTIONS.to_string()];
    let mut resource = web::resource(path);
    for (method, route) in methods {
        allowed.push(method.to_string());
        if method == Method::GET {
            allowed.push(Method::HEAD.to_string());
        }
        resource = resource.route(route);
    }
    allowed.sort_unstable();
    allowed.dedup();
    let allow = allowed.join(", ");
    let told = allow.clone();
    let options = move || {
        let allow = told.clone();
        async move { HttpResponse::NoContent().insert_header((actix_web::http::header::ALLOW, allow)).finish() }
    };
    let refuse = move || {
        let mut error = ApiError::new(ErrorCode::MethodNotAllowed, format!("This address knows {allow}."));
        error.allow = Some(allow.clone());
        async move { Err::<HttpResponse, _>(error) }
    };
    resource.route(web::route().guard(guard::Options()).to(options)).default_service(web::route().to(refuse))
}

/// Packs what a resource answers, by gzip, for those who read it: for lists, whose JSON says the same names again and again.
pub fn packed() -> Compress {
    Compress::default()
}

/// A `GET` route that answers `HEAD` as well; the server drops the body.
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// The answer where nothing is.
pub async fn no_route() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(ErrorCode::NoRoute, "Check the path; the root of the service lists its addresses."))
}
