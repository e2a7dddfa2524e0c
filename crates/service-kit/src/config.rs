//! Settings from several places, checked as a whole.
//!
//! Later ones win: embedded defaults, a TOML file, `.env`, the environment, flags. The embedded defaults name every key, so an unknown key
//! or variable is a mistake and is said to be one.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Value, ValueKind};
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
/// All faults at once, each with its key.
pub fn load<T: DeserializeOwned + Validate<Context = ()>>(sources: &Sources<'_>) -> Result<T, ConfigError> {
    let defaults = flatten(sources.defaults).map_err(|fault| ConfigError(vec![fault]))?;
    let mut faults = Vec::new();
    let mut builder = Config::builder().add_source(File::from_str(sources.defaults, FileFormat::Toml));
    if let Some((file, text)) = read_file(sources).map_err(|fault| ConfigError(vec![fault]))? {
        match flatten(&text) {
            Ok(keys) => {
                let unknown = keys.keys().filter(|key| !defaults.contains_key(*key) && !is_inside_list(key, &defaults));
                faults.extend(
                    unknown
                        .map(|key| format!("{key}: unknown key in {}{}", file.display(), suggestion(key, &defaults))),
                );
                builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
            }
            Err(fault) => return Err(ConfigError(vec![format!("{}: {fault}", file.display())])),
        }
    }
    for (key, text, origin) in variables(sources, &defaults, &mut faults) {
        match typed(&text, defaults.get(&key)) {
            Ok(value) => match builder.clone().set_override(&key, value) {
                Ok(next) => builder = next,
                Err(error) => faults.push(format!("{key}: {error}")),
            },
            Err(expected) => faults.push(format!("{key}: {origin} must be {expected}, not {text:?}")),
        }
    }
    let settings: Option<T> = match builder.build().and_then(Config::try_deserialize) {
        Ok(settings) => Some(settings),
        Err(error) => {
            faults.push(error.to_string());
            None
        }
    };
    if let Some(Err(report)) = settings.as_ref().map(Validate::validate) {
        faults.extend(report.iter().map(|(path, error)| format!("{path}: {error}")));
    }
    match settings {
        Some(settings) if faults.is_empty() => Ok(settings),
        _ => Err(ConfigError(faults)),
    }
}

/// The settings as TOML, secrets masked.
pub fn render<T: Serialize>(settings: &T) -> String {
    toml::to_string(settings).unwrap_or_else(|error| format!("# the settings cannot be shown: {error}"))
}

type Defaults = HashMap<String, Value>;

/// Leaf keys with their values; a list is a leaf.
fn flatten(toml: &str) -> Result<Defaults, String> {
    let parsed = Config::builder()
        .add_source(File::from_str(toml, FileFormat::Toml))
        .build()
        .map_err(|error| error.to_string())?;
    let mut leaves = Defaults::new();
    collect("", &parsed.cache, &mut leaves);
    Ok(leaves)
}

fn collect(path: &str, value: &Value, leaves: &mut Defaults) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (key, value) in table {
                collect(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, leaves);
            }
        }
        _ => {
            leaves.insert(path.to_owned(), value.clone());
        }
    }
}

fn is_inside_list(key: &str, defaults: &Defaults) -> bool {
    key.rsplit_once('.')
        .is_some_and(|(parent, _)| defaults.get(parent).is_some_and(|value| matches!(value.kind, ValueKind::Array(_))))
}

fn suggestion(key: &str, defaults: &Defaults) -> String {
    let (section, _) = key.rsplit_once('.').unwrap_or_default();
    let known: BTreeSet<_> =
        defaults.keys().filter(|known| known.rsplit_once('.').unwrap_or_default().0 == section).cloned().collect();
    if known.is_empty() {
        String::new()
    } else {
        format!("; known are {}", known.into_iter().collect::<Vec<_>>().join(", "))
    }
}

fn read_file(sources: &Sources<'_>) -> Result<Option<(PathBuf, String)>, String> {
    let file = match &sources.file {
        Some(file) => file.clone(),
        None if Path::new(sources.default_file).exists() => PathBuf::from(sources.default_file),
        None => return Ok(None),
    };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok(Some((file, text)))
}

/// Key, text and a name for messages of everything that is set by the environment or flags, weakest first.
fn variables(sources: &Sources<'_>, defaults: &Defaults, faults: &mut Vec<String>) -> Vec<(String, String, String)> {
    let env = sources.env.clone().unwrap_or_else(process_env);
    let mut set = Vec::new();
    for (alias, key) in sources.aliases {
        if let Some(text) = env.get(*alias) {
            set.push(((*key).to_owned(), text.clone(), (*alias).to_owned()));
        }
    }
    let mut own: Vec<_> = env
        .iter()
        .filter_map(|(name, text)| Some((name.strip_prefix(sources.prefix)?.strip_prefix("__")?, name, text)))
        .collect();
    own.sort_unstable();
    for (path, name, text) in own {
        let key = path.to_ascii_lowercase().replace("__", ".");
        if defaults.contains_key(&key) {
            set.push((key, text.clone(), name.clone()));
        } else {
            faults.push(format!("{name}: unknown setting{}", suggestion(&key, defaults)));
        }
    }
    set.extend(sources.flags.iter().map(|(key, text)| (key.clone(), text.clone(), "the flag".to_owned())));
    set
}

fn process_env() -> HashMap<String, String> {
    let dotenv = dotenvy::dotenv_iter().into_iter().flatten().filter_map(Result::ok);
    let process =
        std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
    dotenv.chain(process).collect()
}

/// Text as the kind of value that the default has.
fn typed(text: &str, default: Option<&Value>) -> Result<Value, &'static str> {
    let kind = match default.map(|value| &value.kind) {
        Some(ValueKind::Boolean(_)) => text.parse().map(ValueKind::Boolean).map_err(|_| "true or false")?,
        Some(ValueKind::I64(_)) => text.parse().map(ValueKind::I64).map_err(|_| "a whole number")?,
        Some(ValueKind::Float(_)) => text.parse().map(ValueKind::Float).map_err(|_| "a number")?,
        Some(ValueKind::Array(_)) => {
            ValueKind::Array(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect())
        }
        _ => ValueKind::String(text.to_owned()),
    };
    Ok(Value::new(None, kind))
}

/// A setting that is never shown.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    fn mask(&self) -> &'static str {
        if self.is_empty() { "" } else { "***" }
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mask())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.mask())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    const DEFAULTS: &str =
        "folder = \"./data\"\n[http]\nbind = \"a:1\"\nworkers = 0\npublic = false\n[net]\nlist = []\ntoken = \"\"\n";

    #[derive(Debug, Serialize, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[garde(skip)]
        folder: PathBuf,
        #[garde(dive)]
        http: Http,
        #[garde(skip)]
        net: Net,
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
    fn all_faults_come_in_one_message() {
        let env = [
            ("APP__HTTP__WORKRES", "4"),
            ("APP__HTTP__PUBLIC", "maybe"),
            ("APP__HTTP__WORKERS", "9"),
            ("APP__HTTP__BIND", ""),
        ];
        let message = load_with(None, &env, &[]).unwrap_err().to_string();
        for part in ["APP__HTTP__WORKRES", "http.workers", "APP__HTTP__PUBLIC must be true or false", "http.bind"] {
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
