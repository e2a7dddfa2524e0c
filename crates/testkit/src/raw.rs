//! Bytes over a socket, for requests that no HTTP client would send.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The longest wait for anything on a connection.
const TIMEOUT: Duration = Duration::from_secs(20);

/// An answer, taken apart as far as the tests need it.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// Status code.
    pub status: u16,
    /// Status line and header lines.
    pub head: String,
    /// What came after the head, as it came (chunked coding is left as it is).
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.trim()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection that sends exactly what it is told.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// Connects to `127.0.0.1:PORT`.
    pub fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the service accepts connections");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout can be set");
        stream.set_write_timeout(Some(TIMEOUT)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("small packets can be sent at once");
        Self(stream)
    }

    /// Sends these bytes. An error means that the other side has closed already; its answer may still be read.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Says that nothing more comes, and keeps listening.
    pub fn finish_sending(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Reads until the other side closes, at most 20 s, and returns what came.
    pub fn read_to_close(&mut self) -> Vec<u8> {
        let end = Instant::now() + TIMEOUT;
        let mut received = Vec::new();
        let mut piece = vec![0; 64 * 1024];
        while Instant::now() < end {
            match self.0.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => received.extend_from_slice(&piece[..count]),
            }
        }
        received
    }

    /// Reads one answer whose head has a `Content-Length`, or one that ends with the connection.
    pub fn answer(&mut self) -> Option<RawAnswer> {
        let end = Instant::now() + TIMEOUT;
        let mut received = Vec::new();
        let mut piece = vec![0; 64 * 1024];
        while Instant::now() < end && !is_whole(&received) {
            match self.0.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => received.extend_from_slice(&piece[..count]),
            }
        }
        parse(&received)
    }
}

/// Sends `request`, reads until the other side closes (send `Connection: close`), and takes the answer apart. `None` if nothing that
/// looks like an answer came.
pub fn exchange(address: &str, request: &[u8]) -> Option<RawAnswer> {
    let mut connection = Connection::open(address);
    // A refusal may come before everything is sent.
    let _ = connection.send(request);
    parse(&connection.read_to_close())
}

/// Sends `request` and hangs up without waiting: a client that goes away in the middle.
pub fn send_and_hang_up(address: &str, request: &[u8]) {
    let mut connection = Connection::open(address);
    let _ = connection.send(request);
    let _ = connection.0.shutdown(Shutdown::Both);
}

fn head_end(received: &[u8]) -> Option<usize> {
    received.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn is_whole(received: &[u8]) -> bool {
    let Some(answer) = parse(received) else { return false };
    let length = answer.header("content-length").and_then(|value| value.parse::<usize>().ok());
    length.is_some_and(|length| answer.body.len() >= length)
}

fn parse(received: &[u8]) -> Option<RawAnswer> {
    let (head, body) = received.split_at(head_end(received)?);
    let head = String::from_utf8_lossy(head).trim_end().to_owned();
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(RawAnswer { status, head, body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::{exchange, parse};
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = parse(b"HTTP/1.1 413 Payload Too Large\r\nContent-Type: a/b\r\n\r\nbody").expect("an answer");
        assert_eq!((answer.status, answer.header("content-type"), answer.text().as_str()), (413, Some("a/b"), "body"));
        assert!(parse(b"HTTP/1.1 200 OK\r\nhalf").is_none());
    }

    #[test]
    fn bytes_go_out_as_they_are() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 5];
            stream.read_exact(&mut request).expect("five bytes");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nno").expect("the answer goes out");
            request
        });
        let answer = exchange(&address, b"\0\xff\r\nx").expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (400, &b"no"[..]));
        assert_eq!(&server.join().expect("the server ended well"), b"\0\xff\r\nx");
    }
}
