//! Listening, serving, and stopping without cutting anybody off.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::Condition;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use anyhow::{Context, bail};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::allocator;
use crate::http::cors;
use crate::http::request::RequestScope;
use crate::http::route::no_route;
use crate::tls::Tls;

/// How to listen and serve.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Address and port; port 0 takes a free one.
    pub bind: String,
    /// Whether an address that other machines can reach is meant.
    pub allow_public_bind: bool,
    /// Threads; 0 = one a core.
    pub workers: usize,
    /// Open connections, over all threads.
    pub max_connections: usize,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// Time for a request's head to arrive.
    pub client_timeout: Duration,
    /// Time for requests under way to finish when stopping.
    pub drain: Duration,
    /// Origins whose pages may read answers, or `*` for all; none is named in answers if it is empty.
    pub cors_origins: Vec<String>,
    /// What it shows of itself; without it nothing is encrypted.
    pub tls: Option<Tls>,
    /// Whether the service describes itself, at `/openapi.json` and `/swagger/`.
    pub swagger: bool,
}

/// Listens and serves: [`bind`] and [`Bound::serve`].
///
/// # Errors
/// Those of the two.
pub async fn serve<F>(
    settings: HttpSettings,
    on_stop: impl FnOnce() + Send + 'static,
    configure: F,
) -> anyhow::Result<()>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    bind(settings, configure)?.serve(on_stop).await
}

/// A server that has its address: what should not begin before that can begin now.
pub struct Bound {
    server: Server,
    local: SocketAddr,
    settings: HttpSettings,
}

impl Bound {
    /// Serves until SIGTERM or SIGINT, then calls `on_stop`, which must not block, and finishes the requests under way. A second signal
    /// ends the process at once.
    ///
    /// # Errors
    /// A fault of the server itself.
    pub async fn serve(self, on_stop: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
        tokio::spawn(stop_on_signal(self.server.handle(), self.settings.drain, on_stop));
        let scheme = if self.settings.tls.is_some() { "https" } else { "http" };
        log::info!("listening on {scheme}://{}", self.local);
        if self.settings.swagger {
            log::info!("every address is described at {scheme}://{}/swagger/", self.local);
        }
        self.server.await.context("the server failed")
    }
}

/// Takes the address.
///
/// # Errors
/// An address that cannot or may not be listened on, as one line for the operator.
pub fn bind<F>(settings: HttpSettings, configure: F) -> anyhow::Result<Bound>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    allocator::give_back_in_background();
    // Each connection is a file descriptor; the soft limit of 1024 is history.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        log::warn!("the limit of open files stays as it is: {error}");
    }
    let listener = listen(HTTP, &settings.bind, settings.allow_public_bind)?;
    let local = listener.local_addr()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = if settings.workers == 0 { cores } else { settings.workers };
    let origins = settings.cors_origins.clone();
    let server = HttpServer::new(move || {
        let cors = Condition::new(!origins.is_empty(), cors::for_origins(&origins));
        App::new().wrap(cors).wrap(RequestScope).configure(configure.clone()).default_service(web::route().to(no_route))
    })
    .workers(workers)
    .max_connections(settings.max_connections.div_ceil(workers))
    .keep_alive(settings.keep_alive)
    .client_request_timeout(settings.client_timeout)
    .tls_handshake_timeout(settings.client_timeout)
    // A client that closes its side has left: a handler that goes on would do, or hand out, what nobody receives.
    .h1_allow_half_closed(false)
    .shutdown_timeout(settings.drain.as_secs())
    .disable_signals();
    let server = match &settings.tls {
        None => server.listen(listener),
        // The web server adds the protocols that it speaks.
        Some(tls) => server.listen_rustls_0_23(listener, tls.server_config(&[])?),
    };
    let server = server.with_context(|| format!("cannot serve on {local}"))?.run();
    Ok(Bound { server, local, settings })
}

/// The signals that ask a process to end: SIGTERM and SIGINT.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Receives them from now on, in place of being ended by them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub async fn recv(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}

async fn stop_on_signal(server: ServerHandle, drain: Duration, on_stop: impl FnOnce()) {
    let Ok(mut signals) = StopSignals::new() else {
        return log::error!("signals cannot be received; stop the process with SIGKILL");
    };
    signals.recv().await;
    log::info!("stopping: requests under way have {} s to finish", drain.as_secs());
    tokio::spawn(async move {
        signals.recv().await;
        log::warn!("stopped at once by a second signal");
        std::process::exit(1);
    });
    on_stop();
    server.stop(true).await;
    log::info!("stopped");
}

/// What an address is called, for those who have to choose another.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// The setting.
    pub setting: &'static str,
    /// The flag of the command line.
    pub flag: &'static str,
}

const HTTP: Named = Named { setting: "http.bind", flag: "--bind" };

/// Listens on the address of a setting, if it may be.
///
/// # Errors
/// Those of [`check_bind`]; an address that cannot be listened on, as one line for the operator.
pub fn listen(Named { setting, flag }: Named, bind: &str, allow_public: bool) -> anyhow::Result<TcpListener> {
    /// Connections that arrive faster than they are accepted; the kernel bounds it further.
    const BACKLOG: i32 = 8192;
    let address = check_bind(setting, bind, allow_public)?;
    let bound = (|| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restart must not wait for the old connections' time-wait; two servers on one port are still refused.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from(socket))
    })();
    bound.map_err(|error: io::Error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!(
                    "address already in use; stop the other program, or choose another address with {flag} or {setting}"
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!("permission denied; ports below 1024 need privileges, set {setting}")
            }
            io::ErrorKind::AddrNotAvailable => format!("this machine does not have the address; set {setting}"),
            _ => error.to_string(),
        };
        anyhow::anyhow!("cannot listen on {address}: {reason}")
    })
}

/// Whether a setting has the form of an address to listen on. Whether this machine has that address is seen when it is taken.
pub fn check_address(text: &str, _context: &()) -> garde::Result {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(()),
        _ => Err(garde::Error::new(format!("must be ADDRESS:PORT, such as 127.0.0.1:8000, not {text:?}"))),
    }
}

/// The address to listen on, if it may be.
///
/// # Errors
/// Not an address, or one that other machines can reach although that was not said to be meant.
pub fn check_bind(setting: &str, bind: &str, allow_public: bool) -> anyhow::Result<SocketAddr> {
    let address = bind.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    let Some(address) = address else { bail!("{setting} must be ADDRESS:PORT, such as 127.0.0.1:8000, not {bind:?}") };
    if !address.ip().is_loopback() && !allow_public {
        bail!(
            "{setting} = {bind:?} can be reached from other machines, and whoever reaches it may read, add and delete; \
             set http.allow_public_bind = true to say that you mean it"
        );
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::check_bind;

    #[test]
    fn an_address_that_others_reach_must_be_meant() {
        assert!(check_bind("http.bind", "127.0.0.1:0", false).is_ok());
        assert!(check_bind("http.bind", "[::1]:0", false).is_ok());
        assert!(check_bind("http.bind", "0.0.0.0:80", true).is_ok());
        for bad in ["0.0.0.0:8000", "[::]:8000", "10.0.0.1:1", "nonsense", "127.0.0.1"] {
            assert!(check_bind("http.bind", bad, false).is_err(), "{bad}");
        }
    }
}
