//! A wire that can be cut: everything that is sent to it goes on to another address, until it does not.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A TCP proxy on a free port of the loopback address. It runs until the process ends.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Mutex<Wire>>,
}

#[derive(Debug, Default)]
struct Wire {
    is_cut: bool,
    open: Vec<TcpStream>,
}

impl Proxy {
    /// Passes on to `target` (`127.0.0.1:PORT`).
    pub fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let proxy = Self { address: listener.local_addr().expect("an address"), wire: Arc::default() };
        let (wire, target) = (Arc::clone(&proxy.wire), target.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // An error ends this connection alone: the target may be away.
                let _ = pass_on(client, &target, &wire);
            }
        });
        proxy
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks every connection, in the middle of whatever it carries, and lets none be made.
    pub fn cut(&self) {
        let mut wire = self.wire.lock().unwrap_or_else(PoisonError::into_inner);
        wire.is_cut = true;
        for stream in wire.open.drain(..) {
            // An error means that it has ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections be made again.
    pub fn mend(&self) {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner).is_cut = false;
    }
}

fn pass_on(client: TcpStream, target: &str, wire: &Mutex<Wire>) -> io::Result<()> {
    let mut wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
    if wire.is_cut {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect(target)?;
    wire.open.extend([client.try_clone()?, server.try_clone()?]);
    carry(client.try_clone()?, server.try_clone()?);
    carry(server, client);
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        // Both ways: none of the services keeps half a connection.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[cfg(test)]
mod tests {
    use super::Proxy;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    #[test]
    fn what_is_sent_arrives_until_the_wire_is_cut() {
        let echo = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let proxy = Proxy::start(&echo.local_addr().expect("an address").to_string());
        thread::spawn(move || {
            for mut stream in echo.incoming().map_while(Result::ok) {
                thread::spawn(move || std::io::copy(&mut stream.try_clone().expect("a socket"), &mut stream));
            }
        });
        let address = proxy.url().replace("http://", "");
        let say = |stream: &mut TcpStream| {
            let mut heard = [0; 2];
            stream.write_all(b"hi").and_then(|()| stream.read_exact(&mut heard)).map(|()| heard)
        };
        let mut before = TcpStream::connect(&address).expect("a connection");
        assert_eq!(say(&mut before).expect("an echo"), *b"hi");
        proxy.cut();
        assert!(say(&mut before).is_err(), "it is broken");
        assert!(TcpStream::connect(&address).and_then(|mut stream| say(&mut stream)).is_err(), "none is made");
        proxy.mend();
        let mut after = TcpStream::connect(&address).expect("a connection");
        assert_eq!(say(&mut after).expect("an echo"), *b"hi");
    }
}
