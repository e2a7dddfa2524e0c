//! HTTP as both services speak it.

pub(crate) mod cors;
pub mod problem;
pub mod request;
pub mod route;

pub use problem::ApiError;
