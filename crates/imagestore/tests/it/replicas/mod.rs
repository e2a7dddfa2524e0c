//! Several stores over one catalog and one object store are one store.

mod ledger;
mod together;

use std::path::PathBuf;

use tempfile::TempDir;
use testkit::garage::Garage;
use testkit::postgres::{Server, ServerOptions};
use testkit::process::{Store, StoreOptions, run_cli};

/// Some stores, with what they share.
struct Replicas {
    stores: Vec<Store>,
    settings: Vec<(String, String)>,
    folder: TempDir,
    _server: Server,
    _garage: Garage,
}

impl Replicas {
    /// So many stores with these settings, all started at once.
    fn start(number: usize, settings: &[(&str, &str)]) -> Self {
        let (server, garage, folder) =
            (Server::start(ServerOptions::default()), Garage::start(), TempDir::new().unwrap());
        let mut shared = garage.settings("replicas");
        shared.push(("IMAGESTORE__CATALOG__URL".to_owned(), server.database("replicas")));
        shared.extend(settings.iter().map(|(name, value)| (format!("IMAGESTORE__{name}"), (*value).to_owned())));
        let mut replicas = Self { stores: Vec::new(), settings: shared, folder, _server: server, _garage: garage };
        replicas.stores = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..number)
                .map(|number| {
                    scope.spawn({
                        let replicas = &replicas;
                        move || replicas.run(number)
                    })
                })
                .collect();
            starting.into_iter().map(|store| store.join().unwrap()).collect()
        });
        replicas
    }

    fn data_dir(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }

    fn run(&self, number: usize) -> Store {
        let (data_dir, env) = (Some(self.data_dir(number)), self.settings.clone());
        Store::start(StoreOptions { data_dir, env, ..StoreOptions::default() })
    }

    /// Starts one again that has ended.
    fn restart(&mut self, number: usize) {
        self.stores[number] = self.run(number);
    }

    /// What a command prints, which must not fail, with the data folder of the first store.
    fn cli(&self, args: &[&str]) -> String {
        let folder = self.data_dir(0).display().to_string();
        let mut env: Vec<(&str, &str)> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        env.push(("IMAGESTORE__DATA_DIR", &folder));
        let output = run_cli("imagestore", args, &env);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        assert!(output.status.success(), "{args:?}: {} {}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }
}
