//! `imagestore client rm`.

use clap::Args;
use grpc_api::image_v1 as api;
use service_kit::exit::Failure;
use shared_types::ImageId;

use super::connection::ServerFlags;
use super::words;
use crate::cli::complain;

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Which images.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<ImageId>,
}

/// What cannot be deleted is told, and the others go on, unless the store is away.
pub(super) async fn run(server: &ServerFlags, args: RemoveArgs) -> Result<(), Failure> {
    let mut client = server.connect().await?;
    let mut failed = 0;
    for id in &args.ids {
        let deleted = client.delete_image(api::DeleteImageRequest { id: id.to_string() }).await;
        let Err(status) = deleted else { continue };
        if words::is_of_connection(&status) {
            return Err(Failure::Fault(format!("{id} and those behind it may stay: {}", server.explain(&status))));
        }
        failed += 1;
        complain(&format!("{id}: {}", server.explain(&status)));
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::Fault(format!("{failed} of {} were not deleted", args.ids.len()))),
    }
}
