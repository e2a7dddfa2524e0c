//! Ports for servers that do not choose one themselves.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;

/// Below the ports that the system gives to outgoing connections and to whoever asks for any.
const FROM: u64 = 20_000;
const COUNT: u64 = 12_000;

/// A port of the loopback address on which nothing listens. Nobody else is given it before the server listens there, nor while it is stopped and started
/// again, other than by this function, and then by chance.
pub fn free_port() -> u16 {
    loop {
        // Each state has keys of its own, which are random.
        let port = (FROM + RandomState::new().hash_one(()) % COUNT) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
