//! HTTP(S) to other servers without becoming a way into one's own network.
//!
//! Names are resolved by [`PublicResolver`] inside the connector, so the address that was checked is the one connected to (no second
//! look-up that could answer differently). No redirect is followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};

use crate::ports::RemoteError;

/// Speaks with public addresses, and with those of the networks that it is told.
pub(super) struct PublicClient {
    client: Client,
    gate: Arc<AddressGate>,
}

impl PublicClient {
    /// A client with its own connection pool. `timeout` is for a whole request.
    pub(super) fn new(allowed_networks: Vec<IpNet>, timeout: Duration) -> Result<Self, reqwest::Error> {
        let gate = Arc::new(AddressGate { allowed: allowed_networks });
        let client = Client::builder()
            .user_agent(concat!("imagestore/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(PublicResolver { gate: Arc::clone(&gate) }))
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .timeout(timeout)
            .build()?;
        Ok(Self { client, gate })
    }

    /// For requests that [`PublicClient::send`] sends.
    pub(super) fn http(&self) -> &Client {
        &self.client
    }

    /// A name is checked by the resolver; an address written out never reaches it, so it is checked here.
    pub(super) fn check(&self, url: &Url) -> Result<(), RemoteError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(RemoteError::Forbidden(format!("Only http and https URLs are fetched, not {}.", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RemoteError::Forbidden("A URL with a user name or password in it is not fetched.".to_owned()));
        }
        let literal = match url.host() {
            Some(url::Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(url::Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(url::Host::Domain(_)) => None,
            None => return Err(RemoteError::Forbidden("The URL names no host.".to_owned())),
        };
        match literal {
            Some(ip) if !self.gate.allows(ip) => Err(RemoteError::Forbidden(NOT_PUBLIC.to_owned())),
            _ => Ok(()),
        }
    }

    /// A URL that may be spoken to as far as can be seen without a look-up.
    pub(super) fn parse(&self, url: &str) -> Result<Url, RemoteError> {
        let url = Url::parse(url).map_err(|error| RemoteError::Forbidden(format!("The URL is malformed: {error}.")))?;
        self.check(&url)?;
        Ok(url)
    }

    /// Sends a request to a URL that was checked.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, SendError> {
        request.send().await.map_err(|error| {
            if caused_by_gate(&error) {
                SendError::NotPublic
            } else if error.is_timeout() {
                SendError::Timeout
            } else {
                SendError::Failed(Chain(&error.without_url()).to_string())
            }
        })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The name leads to an address that may not be spoken to.
    #[error("{NOT_PUBLIC}")]
    NotPublic,
    /// There was none in time.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server could not be reached, or broke off. What lies behind it is for the operator alone.
    #[error("the server could not be reached: {0}")]
    Failed(String),
}

const NOT_PUBLIC: &str = "The URL leads to an address that is not public; only public addresses are fetched from.";

struct AddressGate {
    allowed: Vec<IpNet>,
}

impl AddressGate {
    fn allows(&self, ip: IpAddr) -> bool {
        is_public(ip) || self.allowed.iter().any(|network| network.contains(&ip))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not public")]
struct NotPublic;

fn caused_by_gate(error: &reqwest::Error) -> bool {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .any(<dyn std::error::Error + 'static>::is::<NotPublic>)
}

/// An error with its causes on one line, for the log.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |cause| cause.source()).try_for_each(|cause| write!(f, ": {cause}"))
    }
}

/// Resolves names, and refuses a name if any of its addresses is not public: a mixed answer is an attack or a mistake.
struct PublicResolver {
    gate: Arc<AddressGate>,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if addresses.iter().all(|address| gate.allows(address.ip())) {
                Ok(Box::new(addresses.into_iter()) as Addrs)
            } else {
                Err(NotPublic.into())
            }
        })
    }
}

/// Whether an address belongs to the public internet, by the IANA special-purpose registries. An IPv6 address that carries an IPv4 one
/// (mapped, compatible, NAT64, 6to4, Teredo) is refused whatever it carries: nobody publishes pictures there.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Only 2000::/3 is handed out as global unicast; everything else (loopback, local, multicast, mapped, NAT64) lies outside.
    let global_unicast = first & 0xe000 == 0x2000;
    let teredo_and_protocol_assignments = first == 0x2001 && second < 0x0200;
    let documentation = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    let six_to_four = first == 0x2002;
    let isatap = matches!(ip.segments()[4..6], [0x0000 | 0x0200, 0x5efe]);
    global_unicast && !teredo_and_protocol_assignments && !documentation && !six_to_four && !isatap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let private = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2600::5efe:a00:1",
            "3fff::1",
        ];
        for ip in private {
            assert!(!is_public(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"] {
            assert!(is_public(ip.parse().expect("an address")), "{ip}");
        }
    }
}
