//! Fetching from other servers without becoming a way into one's own network.
//!
//! Names are resolved by [`PublicResolver`] inside the connector, so the address that was checked is the one connected to (no second
//! look-up that could answer differently). Redirects are followed by hand, each hop checked like the first.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};

use crate::ports::{RemoteBody, RemoteError, RemoteSource};

/// Bounds of a fetch.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// Networks that may be fetched from although they are not public.
    pub allowed_networks: Vec<IpNet>,
    /// For the whole fetch.
    pub timeout: Duration,
    /// How many redirects are followed.
    pub redirects: u32,
}

/// Fetches over HTTP and HTTPS.
pub struct HttpSource {
    client: Client,
    gate: Arc<AddressGate>,
    redirects: u32,
}

impl HttpSource {
    /// A source with its own connection pool.
    pub fn new(settings: RemoteSettings) -> Result<Self, reqwest::Error> {
        let gate = Arc::new(AddressGate { allowed: settings.allowed_networks });
        let client = Client::builder()
            .user_agent(concat!("imagestore/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(PublicResolver { gate: Arc::clone(&gate) }))
            .connect_timeout(settings.timeout.min(Duration::from_secs(5)))
            .timeout(settings.timeout)
            .build()?;
        Ok(Self { client, gate, redirects: settings.redirects })
    }

    /// A name is checked by the resolver; an address written out never reaches it, so it is checked here.
    fn check(&self, url: &Url) -> Result<(), RemoteError> {
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

    fn parse(&self, url: &str) -> Result<Url, RemoteError> {
        let url = Url::parse(url).map_err(|error| RemoteError::Forbidden(format!("The URL is malformed: {error}.")))?;
        self.check(&url)?;
        Ok(url)
    }

    async fn send(&self, url: &Url, request: RequestBuilder) -> Result<Response, RemoteError> {
        request.send().await.map_err(|error| {
            if caused_by_gate(&error) {
                RemoteError::Forbidden(NOT_PUBLIC.to_owned())
            } else if error.is_timeout() {
                RemoteError::Timeout
            } else {
                log::info!("cannot reach {url}: {}", Chain(&error));
                RemoteError::Failed("The server of that URL could not be reached.".to_owned())
            }
        })
    }
}

const NOT_PUBLIC: &str = "The URL leads to an address that is not public; only public addresses are fetched from.";

#[async_trait]
impl RemoteSource for HttpSource {
    async fn get(&self, url: &str, header: Option<(&str, &str)>) -> Result<RemoteBody, RemoteError> {
        let mut url = self.parse(url)?;
        let mut header = header;
        for _ in 0..=self.redirects {
            self.check(&url)?;
            let mut request = self.client.get(url.clone());
            if let Some((name, value)) = header.take() {
                request = request.header(name, value);
            }
            let response = self.send(&url, request).await?;
            match response.status() {
                StatusCode::OK => return Ok(body_of(response)),
                status if status.is_redirection() && response.headers().contains_key(LOCATION) => {
                    url = redirect_target(&url, &response)?;
                }
                status => {
                    return Err(RemoteError::Failed(format!(
                        "The server of that URL answered with status {}.",
                        status.as_u16()
                    )));
                }
            }
        }
        Err(RemoteError::Failed("The URL redirects too many times.".to_owned()))
    }

    async fn post(&self, url: &str, document: Vec<u8>) -> Result<(), RemoteError> {
        let url = self.parse(url)?;
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(document);
        let status = self.send(&url, request).await?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(RemoteError::Failed(format!("The server of that URL answered with status {}.", status.as_u16())))
        }
    }
}

fn redirect_target(from: &Url, response: &Response) -> Result<Url, RemoteError> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    location
        .and_then(|location| from.join(location).ok())
        .ok_or_else(|| RemoteError::Failed("The server of that URL sent a redirect that cannot be read.".to_owned()))
}

/// The HTTP client ends the stream with an error when the body is shorter than its announced length.
fn body_of(response: Response) -> RemoteBody {
    let length = response.content_length();
    let stream = response.bytes_stream().map_err(|error| {
        let kind = if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::UnexpectedEof };
        io::Error::new(kind, error)
    });
    RemoteBody { length, stream: stream.boxed() }
}

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
