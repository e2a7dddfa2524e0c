//! Settings from several places, checked as a whole.
//!
//! Later ones win: embedded defaults, a TOML file, `.env`, the environment, flags. The embedded defaults name every key, so an unknown key
//! or variable is a mistake and is said to be one.

mod dotenv;
mod environment;
mod file;
mod layers;
mod schema;
mod secret;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use garde::Validate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;

use self::layers::{Given, Layers};
use self::schema::Schema;
pub use self::secret::Secret;
use crate::exit::{Failure, print};

/// Where settings come from.
pub struct Sources<'a> {
    /// `IMAGESTORE`: `IMAGESTORE__HTTP__BIND` sets `http.bind`.
    pub prefix: &'a str,
    /// TOML with every key.
    pub defaults: &'a str,
    /// A file that must exist.
    pub file: Option<PathBuf>,
    /// A file that is used if it exists and no other is given.
    pub default_file: &'a str,
    /// Other names of variables, with the key that each sets. The prefixed name wins.
    pub aliases: &'a [(&'a str, &'a str)],
    /// Variables whose presence alone sets a key to a value, whatever else sets it but the command line: `("PRODMODE", "http.swagger", "false")`.
    pub switches: &'a [(&'a str, &'a str, &'a str)],
    /// Sections whose keys are names of the user's own, each with a text.
    pub open_sections: &'a [&'a str],
    /// Keys and values from the command line.
    pub flags: Vec<(String, String)>,
    /// The environment; `None` is the process's own together with `.env` in the working folder.
    pub env: Option<HashMap<String, String>>,
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not valid:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for ConfigError {}

/// Reads and checks the settings.
///
/// # Errors
/// All faults at once, each with its key and where it came from. The type of a value is judged wherever it is given, its range only where
/// it is in force.
pub fn load<T: DeserializeOwned + Validate<Context = ()>>(sources: &Sources<'_>) -> Result<T, ConfigError> {
    let schema = Schema::parse(sources.defaults, sources.open_sections).map_err(|fault| ConfigError(vec![fault]))?;
    // Layered by the config crate, read by the toml crate: its messages name what is wanted.
    let parse = |given: &[&Given]| {
        let table = schema.with(given.iter().copied())?;
        T::deserialize(Value::Table(table)).map_err(|error| error.message().to_owned())
    };
    parse(&[]).map_err(|fault| ConfigError(vec![format!("the built-in defaults: {fault}")]))?;
    // Each value is tried alone among the defaults: serde stops at the first fault and would hide the others.
    let fits = |given: &Given| parse(&[given]).map(drop);
    let mut layers = Layers::new(&schema, &fits);
    file::read(sources, &mut layers);
    environment::read(sources, &mut layers);
    for (key, text) in &sources.flags {
        layers.give_text(key, text, "the command line");
    }
    let (given, mut faults) = layers.finish();
    let settings = match parse(&given.iter().collect::<Vec<_>>()) {
        Ok(settings) => settings,
        Err(fault) => {
            faults.push(fault);
            return Err(ConfigError(faults));
        }
    };
    if let Err(report) = settings.validate() {
        faults.extend(report.iter().map(|(path, error)| out_of_range(&path.to_string(), &error.to_string(), &given)));
    }
    if faults.is_empty() { Ok(settings) } else { Err(ConfigError(faults)) }
}

fn out_of_range(path: &str, error: &str, given: &[Given]) -> String {
    let key = path.split_once('[').map_or(path, |(list, _)| list);
    match given.iter().rfind(|given| given.key == key) {
        Some(given) => layers::fault(path, &given.origin, error),
        None => format!("{path}: {error}"),
    }
}

/// What a person can ask about the settings on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum Action {
    /// Say whether the settings are valid.
    Check,
    /// Print the settings in force, secrets masked.
    Print,
}

impl Action {
    /// Answers on stdout, given settings that have been read and checked.
    ///
    /// # Errors
    /// [`Failure::Fault`] if nobody reads the answer.
    pub fn run<T: Serialize>(self, settings: &T) -> Result<(), Failure> {
        match self {
            Self::Check => print("the settings are valid"),
            Self::Print => print(&render(settings)),
        }
    }
}

/// The settings as TOML, secrets masked.
fn render<T: Serialize>(settings: &T) -> String {
    toml::to_string(settings).unwrap_or_else(|error| format!("# the settings cannot be shown: {error}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use serde::Deserialize;

    use super::*;

    const DEFAULTS: &str = "folder = \"./data\"\n[http]\nbind = \"a:1\"\nworkers = 0\npublic = false\n[net]\nlist = []\ntoken = \"\"\n[names]\na = \"1\"\n";

    #[derive(Debug, Serialize, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[garde(skip)]
        folder: PathBuf,
        #[garde(dive)]
        http: Http,
        #[garde(skip)]
        net: Net,
        #[garde(skip)]
        names: HashMap<String, String>,
    }

    #[derive(Debug, Serialize, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Http {
        #[garde(length(min = 1))]
        bind: String,
        #[garde(range(max = 8))]
        workers: usize,
        #[garde(skip)]
        public: bool,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Net {
        list: Vec<String>,
        token: Secret,
    }

    fn load_with(file: Option<PathBuf>, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let pairs =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
        load(&Sources {
            prefix: "APP",
            defaults: DEFAULTS,
            file,
            default_file: "no-such-file.toml",
            aliases: &[("FOLDER", "folder")],
            switches: &[("OPEN", "http.public", "true")],
            open_sections: &["names"],
            flags: pairs(flags),
            env: Some(pairs(env).into_iter().collect()),
        })
    }

    #[test]
    fn later_places_win() {
        let folder = std::env::temp_dir().join(format!("settings-{}", uuid::Uuid::new_v4()));
        std::fs::write(&folder, "[http]\nbind = \"file:1\"\nworkers = 3\n").unwrap();
        let env = [
            ("APP__HTTP__WORKERS", "4"),
            ("FOLDER", "/alias"),
            ("APP__NET__LIST", "a, b"),
            ("APP__NET__TOKEN", "12345"),
        ];
        let settings = load_with(Some(folder.clone()), &env, &[("http.public", "true")]).unwrap();
        std::fs::remove_file(folder).unwrap();
        assert_eq!((settings.http.bind.as_str(), settings.http.workers, settings.http.public), ("file:1", 4, true));
        assert_eq!(settings.folder, PathBuf::from("/alias"));
        assert_eq!(settings.net.list, ["a", "b"]);
        assert_eq!(settings.net.token.expose(), "12345");
        let own = load_with(None, &[("FOLDER", "/alias"), ("APP__FOLDER", "/own")], &[]).unwrap();
        assert_eq!(own.folder, PathBuf::from("/own"));
    }

    #[test]
    fn a_switch_is_its_presence() {
        for value in ["", "0", "false", "anything"] {
            let settings = load_with(None, &[("OPEN", value), ("APP__HTTP__PUBLIC", "false")], &[]).unwrap();
            assert!(settings.http.public, "{value:?}");
        }
        assert!(!load_with(None, &[], &[]).unwrap().http.public);
    }

    #[test]
    fn an_open_section_takes_names_of_the_users_own() {
        let file = std::env::temp_dir().join(format!("settings-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, "[names]\nmy-own = \"2\"\nwrong = 3\n[net]\nmy-own = \"2\"\n").unwrap();
        let message = load_with(Some(file.clone()), &[], &[]).unwrap_err().to_string();
        assert!(message.contains("names.wrong") && message.contains("must be text, not a whole number"), "{message}");
        assert!(message.contains("net.my-own") && message.contains("unknown key"), "{message}");
        std::fs::write(&file, "[names]\nmy-own = \"2\"\n").unwrap();
        let names =
            load_with(Some(file.clone()), &[("APP__NAMES__THIRD", "3"), ("APP__NAMES__A", "0")], &[]).unwrap().names;
        std::fs::remove_file(file).unwrap();
        let mut names: Vec<_> = names.iter().map(|(name, text)| format!("{name}={text}")).collect();
        names.sort();
        assert_eq!(names, ["a=0", "my-own=2", "third=3"]);
    }

    #[test]
    fn all_faults_come_in_one_message() {
        let env = [
            ("APP__HTTP__WORKRES", "4"),
            ("APP__HTTP__PUBLIC", "maybe"),
            ("APP__HTTP__WORKERS", "9"),
            ("APP__HTTP__BIND", ""),
        ];
        let message = load_with(None, &env, &[]).unwrap_err().to_string();
        for part in [
            "APP__HTTP__WORKRES",
            "http.workers",
            "http.public (APP__HTTP__PUBLIC): must be true or false",
            "http.bind",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let settings = load_with(None, &[("APP__NET__TOKEN", "hunter2")], &[]).unwrap();
        assert!(!format!("{settings:?}{}", render(&settings)).contains("hunter2"));
        assert!(render(&settings).contains("***"));
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        assert!(load_with(Some("/no/such/file".into()), &[], &[]).unwrap_err().to_string().contains("/no/such/file"));
    }
}
