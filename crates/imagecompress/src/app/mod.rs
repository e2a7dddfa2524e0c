//! Use cases.
//!
//! * `press` — the one place where a picture is made smaller: admitted, compressed, told.
//! * `compress` — fetch, make smaller, post back, while the client waits.
//! * `later` — the same as a job of the store, and how far that is.
//! * `worker`, `job` — jobs of the store: taken over, carried out, ended.

mod compress;
mod contact;
mod error;
mod job;
mod later;
mod press;
mod tally;
mod worker;

pub use compress::{Compressor, Wish};
pub use contact::Contact;
pub use later::{Later, Status};
pub use press::{Made, Order, Outcome, Press, Progress, Urgency};
pub use tally::{End, Tally};
pub use worker::{Until, Worker, WorkerSettings};

pub use crate::ports::{Key, Sender};
