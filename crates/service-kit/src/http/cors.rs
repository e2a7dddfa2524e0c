//! Which pages of other origins may call a service from a browser.

use actix_cors::Cors;
use actix_web::http::Method;

/// Every origin.
const ANY: &str = "*";

/// How long a browser remembers what a preflight said, in seconds.
const REMEMBERED: usize = 3600;

/// Answers to the browsers of these origins. Keys travel in headers of their own, so that no cookies are asked for, and any header may be
/// sent: those of uploads in pieces are many.
pub(crate) fn for_origins(origins: &[String]) -> Cors {
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let cors = Cors::default().allowed_methods(methods).allow_any_header().expose_any_header().max_age(REMEMBERED);
    if origins.iter().any(|origin| origin == ANY) {
        return cors.allow_any_origin().send_wildcard();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// Whether browsers would send it as an origin.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator's signature")]
pub(crate) fn check_origin(text: &str, _context: &()) -> garde::Result {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_harmless = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-:[]".contains(&c);
    if text == ANY || host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_harmless)) {
        return Ok(());
    }
    Err(garde::Error::new("must be * or an origin in small letters, such as https://www.example.org, without a path"))
}

#[cfg(test)]
mod tests {
    use super::check_origin;

    #[test]
    fn an_origin_has_no_path() {
        for good in ["*", "https://example.org", "http://localhost:3000", "http://[::1]:8080"] {
            assert!(check_origin(good, &()).is_ok(), "{good}");
        }
        for bad in
            ["", "example.org", "https://", "https://example.org/", "https://Example.org", "https://*", "ftp://x"]
        {
            assert!(check_origin(bad, &()).is_err(), "{bad}");
        }
    }
}
