//! `postgres://user:password@host:port/database?sslmode=…`

use std::fmt;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use url::Url;

/// What may stand behind the `?`. The driver passes over what it does not know, and a misspelt `sslmode` would leave a connection in the clear.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

/// Whether the address is meant for `PostgreSQL`.
pub fn is_postgres(url: &str) -> bool {
    ["postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme))
}

/// Where a database is, and who logs in. Shown without the password.
#[derive(Clone)]
pub struct Address(PgConnectOptions);

impl Address {
    pub(super) fn options(&self) -> PgConnectOptions {
        self.0.clone()
    }
}

impl FromStr for Address {
    type Err = String;

    /// The error says what is wrong, without the address, which has a password in it.
    fn from_str(url: &str) -> Result<Self, String> {
        const SHAPE: &str = "must be like postgres://user:password@host/database?sslmode=verify-full";
        let parsed = Url::parse(url).map_err(|error| format!("{SHAPE} ({error})"))?;
        if !is_postgres(url) {
            return Err(SHAPE.to_owned());
        }
        if let Some((unknown, _)) = parsed.query_pairs().find(|(key, _)| !PARAMETERS.contains(&&**key)) {
            return Err(format!("has a parameter {unknown:?} that nobody knows; known are {}", PARAMETERS.join(", ")));
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| format!("{SHAPE} ({error})"))?;
        let named = options.get_application_name().is_some();
        Ok(Self(if named { options } else { options.application_name("imagestore") }))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        match options.get_socket() {
            Some(socket) => write!(f, "{} behind {}", database(options), socket.display()),
            None => write!(f, "{} at {}:{}", database(options), options.get_host(), options.get_port()),
        }
    }
}

fn database(options: &PgConnectOptions) -> &str {
    options.get_database().unwrap_or_else(|| options.get_username())
}
