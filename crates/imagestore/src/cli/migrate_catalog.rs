//! `imagestore migrate-catalog`.

use service_kit::exit::{Failure, print};
use service_kit::terminal::{self, Unit};

use crate::settings::Settings;
use crate::wiring;

pub(super) async fn run(settings: &Settings) -> Result<(), Failure> {
    let mut migration = wiring::catalog_migration(settings).await.map_err(Failure::fault)?;
    let bar = terminal::bar(Unit::Rows(migration.transfer.rows()), true);
    let shown = bar.clone();
    let progress = move |rows| shown.inc(rows);
    let work = migration.transfer.run(&progress);
    let done = terminal::until_signal(work, "what is copied so far stays; the same command goes on with it").await;
    bar.finish_and_clear();
    let report = done?.map_err(Failure::fault)?;
    print(&format!(
        "{} rows, {} of them copied now, {} removed that were gone or had changed",
        report.rows, report.added, report.removed
    ))?;
    let next = match migration.finish().await.map_err(Failure::fault)? {
        Some(left) => format!("done: catalog.url has the rows now; what had them before is {}", left.display()),
        None => {
            "these are the rows of this moment, since imagestore is running; stop it and run the same command once more"
                .to_owned()
        }
    };
    print(&next)
}
