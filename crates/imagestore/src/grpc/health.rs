//! `grpc.health.v1`: the readiness of `/readyz`, for the server and for each service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::content::Answers;
use crate::app::Services;

/// How often the parts of the service are looked at, however many ask.
const EVERY: Duration = Duration::from_secs(1);

/// The service, which answers for itself and for these.
#[derive(Clone)]
pub(super) struct Readiness {
    pub(super) services: Services,
    pub(super) names: &'static [&'static str],
    /// What was found, and when.
    pub(super) last: Arc<Mutex<Option<(Instant, ServingStatus)>>>,
}

impl Readiness {
    async fn status(&self) -> ServingStatus {
        let mut last = self.last.lock().await;
        if let Some((_, status)) = last.filter(|(seen, _)| seen.elapsed() < EVERY) {
            return status;
        }
        let ready = self.services.readiness().await.iter().all(|(_, state)| state.is_ok());
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        *last = Some((Instant::now(), status));
        status
    }

    fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.names.contains(&service)
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Readiness {
    type WatchStream = Answers<HealthCheckResponse>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if !self.knows(&request.get_ref().service) {
            return Err(Status::not_found(
                "There is no service of this name; leave it empty to ask about all of them.",
            ));
        }
        Ok(Response::new(answer(self.status().await)))
    }

    /// Each change, until the store stops. A name that is not known may become so in a later version, as the protocol wants it.
    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let known = self.knows(&request.get_ref().service);
        let changes = stream::unfold((self.clone(), None), move |(readiness, told)| async move {
            loop {
                let now = if known { readiness.status().await } else { ServingStatus::ServiceUnknown };
                if told != Some(now) {
                    return Some((Ok(answer(now)), (readiness, Some(now))));
                }
                tokio::time::sleep(EVERY).await;
            }
        });
        let goodbye = stream::iter([Ok(answer(ServingStatus::NotServing))]);
        Ok(Response::new(changes.take_until(self.services.stopped()).chain(goodbye).boxed()))
    }
}
