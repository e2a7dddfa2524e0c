//! Listening, serving, and stopping without cutting anybody off.

use std::net::TcpListener;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use anyhow::Context;
use grpc_api::image_v1::image_service_server as image_v1;
use grpc_api::img::image_service_server as img;
use http::Request;
use service_kit::server::{Named, listen};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::pb::health_server::HealthServer;
use tower::Service;

use super::call::CallLayer;
use super::health::Readiness;
use super::image_v1::Images;
use super::img::UsersImages;
use super::intake::{Intake, SMALL, has_files};
use super::{CallFigures, GrpcState, connections};

/// How to listen and serve.
#[derive(Debug, Clone)]
pub struct GrpcSettings {
    /// Addresses and ports; port 0 takes a free one. None: nothing is served.
    pub binds: Vec<String>,
    /// Whether an address that other machines can reach is meant.
    pub allow_public_bind: bool,
    /// How long nothing is heard of a connection before it is asked for a sign of life.
    pub keep_alive: Duration,
    /// Calls at once on one connection.
    pub max_streams: u32,
    /// Open connections.
    pub max_connections: usize,
    /// Time for calls under way to finish when stopping.
    pub drain: Duration,
}

/// Bytes that a client may send of one call, and on one connection, before they are looked at: less than that, and an upload waits for the
/// disk and the disk for the upload.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// A server that has its addresses.
pub struct Bound {
    listeners: Vec<TcpListener>,
    settings: GrpcSettings,
}

/// Takes the addresses.
///
/// # Errors
/// One that cannot or may not be listened on, as one line for the operator.
pub fn bind(settings: GrpcSettings) -> anyhow::Result<Bound> {
    const NAMED: Named = Named { setting: "grpc.binds", flag: "--grpc-bind" };
    let listen = |bind: &String| listen(NAMED, bind, settings.allow_public_bind);
    let listeners = settings.binds.iter().map(listen).collect::<Result<_, _>>()?;
    Ok(Bound { listeners, settings })
}

impl Bound {
    /// Serves in the background until told to stop, and then until the calls under way are over, or their time is.
    ///
    /// # Errors
    /// A fault of the server itself, here or in the task.
    pub fn start(
        self,
        state: GrpcState,
        figures: CallFigures,
        tls: Option<&TlsAcceptor>,
        stop: CancellationToken,
    ) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
        let Self { listeners, settings } = self;
        let scheme = if tls.is_some() { "grpcs" } else { "grpc" };
        let mut open = Vec::new();
        for listener in listeners {
            listener.set_nonblocking(true)?;
            log::info!("listening on {scheme}://{}", listener.local_addr()?);
            open.push(tokio::net::TcpListener::from_std(listener)?);
        }
        let intake = Intake::new(state.max_message_bytes, state.buffer_bytes, state.pause);
        let incoming = connections::incoming(open, tls, settings.max_connections);
        let serving = Server::builder()
            .http2_keepalive_interval(Some(settings.keep_alive))
            .max_concurrent_streams(settings.max_streams)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(grpc_api::FRAME_BYTES)
            .layer(CallLayer { figures, intake })
            .serve_with_incoming_shutdown(routes(state)?.prepare(), incoming, stop.clone().cancelled_owned());
        Ok(tokio::spawn(async move {
            let too_late = async {
                stop.cancelled().await;
                tokio::time::sleep(settings.drain).await;
            };
            tokio::select! {
                served = serving => served.context("the gRPC server failed"),
                () = too_late => {
                    log::warn!("gRPC calls were still under way after {} s", settings.drain.as_secs());
                    Ok(())
                }
            }
        }))
    }
}

/// Every service.
fn routes(state: GrpcState) -> anyhow::Result<Routes> {
    const NAMES: &[&str] = &[image_v1::SERVICE_NAME, img::SERVICE_NAME];
    let readiness = Readiness { services: state.services.clone(), names: NAMES, last: Arc::default() };
    // Both versions tell of both.
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(grpc_api::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
            .include_reflection_service(false)
    };
    let most = state.max_message_bytes;
    // The generated types have these in common, but no trait.
    macro_rules! readable {
        ($server:expr) => {
            // A client may compress whatever it sends.
            $server.accept_compressed(Gzip).accept_compressed(Zstd)
        };
    }
    macro_rules! by_size {
        ($server:ty, $service:expr) => {{
            let service = Arc::new($service);
            let taking = |bytes| {
                readable!(<$server>::from_arc(Arc::clone(&service)))
                    .send_compressed(Gzip)
                    .send_compressed(Zstd)
                    .max_decoding_message_size(bytes)
                    .max_encoding_message_size(most)
            };
            BySize { files: taking(most), others: taking(SMALL) }
        }};
    }
    Ok(Routes::new(by_size!(image_v1::ImageServiceServer<_>, Images(state.clone())))
        .add_service(by_size!(img::ImageServiceServer<_>, UsersImages(state)))
        .add_service(readable!(HealthServer::new(readiness)))
        .add_service(readable!(reflection().build_v1()?))
        .add_service(readable!(reflection().build_v1alpha()?)))
}

/// A service whose methods take messages with files or small ones, which tonic can only bound for all of them.
#[derive(Clone)]
struct BySize<S> {
    files: S,
    others: S,
}

impl<S: NamedService> NamedService for BySize<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for BySize<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        // Both are always ready: they wait in their calls.
        ready!(self.files.poll_ready(context))?;
        self.others.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        let service = if has_files(request.uri().path()) { &mut self.files } else { &mut self.others };
        service.call(request)
    }
}
