//! Use cases.
//!
//! * `press` — the one place where a picture is made smaller: admitted, compressed, told.
//! * `compress` — fetch, make smaller, post back, while the client waits.
//! * `later` — the same as a job of the store, and how far that is.
//! * `worker`, `job` — jobs of the store: taken over, carried out, ended; `crew` are those under way.
//! * `consumer` — the same of jobs that a message broker announces.

mod compress;
mod consumer;
mod contact;
mod crew;
mod error;
mod job;
mod later;
mod press;
mod tally;
mod worker;

pub use compress::{Compressor, Wish};
pub use consumer::Consumer;
pub use contact::Contact;
pub use later::{Later, Status};
pub use press::{Made, Order, Outcome, Press, Progress, Urgency};
pub use tally::{End, Tally};
pub use worker::{Until, Worker, WorkerSettings};

pub use crate::ports::{Key, Sender};
