//! What both services need of Kafka: how brokers are reached, whether they are, and a producer that waits for acknowledgements.
//!
//! Nothing is encrypted: librdkafka knows TLS by OpenSSL alone, which is not built in.

mod contact;
mod producer;

use garde::Error;
use rdkafka::ClientConfig;

pub use contact::{Contact, forward_log};
pub use producer::{Producer, SendError};

/// How brokers are reached.
#[derive(Debug, Clone)]
pub struct Brokers {
    /// `host:port` of some of them; they tell of the others.
    pub addresses: Vec<String>,
    /// What the client calls itself in their logs.
    pub client_id: String,
    /// Whether producers number what they send, so that what is sent again is there once.
    pub idempotent: bool,
}

impl Brokers {
    /// What every client of theirs is made of.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.addresses.join(","))
            .set("client.id", &self.client_id)
            // What `Contact` looks at.
            .set("statistics.interval.ms", "1000")
            // Also keeps an idle connection open, so that an outage is noticed when it begins.
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("reconnect.backoff.max.ms", "3000");
        config
    }
}

/// Checks a setting with the address of a broker.
///
/// # Errors
/// It is not `host:port`.
pub fn broker_address(text: &str, _context: &()) -> garde::Result {
    let valid = text.rsplit_once(':').is_some_and(|(host, port)| {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '/' | '@');
        !host.is_empty() && host.chars().all(plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if valid { Ok(()) } else { Err(Error::new(format!("must be HOST:PORT, such as 127.0.0.1:9092, not {text:?}"))) }
}

/// Checks a setting with the name of a topic or group.
///
/// # Errors
/// It cannot be one.
pub fn topic_name(text: &str, _context: &()) -> garde::Result {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let valid = (1..=249).contains(&text.len()) && text.chars().all(is_plain) && text != "." && text != "..";
    if valid { Ok(()) } else { Err(Error::new("must be 1 to 249 letters, digits, dots, underscores or dashes")) }
}

#[cfg(test)]
mod tests {
    use super::{broker_address, topic_name};

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for (text, valid) in [
            ("127.0.0.1:9092", true),
            ("[::1]:9092", true),
            ("kafka:1", true),
            ("kafka", false),
            (":9092", false),
            ("kafka:0", false),
            ("kafka:70000", false),
            ("kafka://a:1", false),
            ("a:1,b:2", false),
        ] {
            assert_eq!(broker_address(text, &()).is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn topics_have_plain_names() {
        for (text, valid) in [("image.events", true), ("a_b-c", true), ("", false), ("..", false), ("a b", false)] {
            assert_eq!(topic_name(text, &()).is_ok(), valid, "{text:?}");
        }
    }
}
