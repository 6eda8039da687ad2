//! Every setting, its default and its check. The only room that reads the environment.
//!
//! The command line wins over the environment, the environment over the file, the file over the default. What is unknown,
//! malformed or unsafe stops the start with one line: nothing is guessed, nothing is ignored.

mod authorities;
mod read;
mod secrets;
mod settings;
mod source;

pub use settings::{Care, DefaultValue, GlobalFlags, SETTINGS, Setting};
pub use source::ConfigError;

use crate::audit_log::AuditLog;
use crate::crypto::password_hash::HashingSettings;
use crate::crypto::root_secret::RootSecret;
use crate::domain::account::AccountAlias;
use crate::domain::common_passwords::CommonPasswords;
use ipnet::IpNet;
use source::Values;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: Option<PublicUrl>,
    pub data_dir: PathBuf,
    pub database_url: DatabaseUrl,
    pub database_connections: u32,
    pub migrate: bool,
    pub brand_name: String,
    pub first_account_alias: AccountAlias,
    pub help_url: Option<String>,
    pub privacy_url: Option<String>,
    pub accessibility_url: Option<String>,
    pub session_idle: Duration,
    pub session_absolute: Duration,
    pub temporary_password_lifetime: Duration,
    /// Password checks that one address may ask for in a minute; none is without a limit.
    pub address_limit: Option<NonZeroU32>,
    pub common_passwords: CommonPasswords,
    pub hashing: HashingSettings,
    /// Given as a setting; otherwise it stands in the file.
    pub root_secret: Option<RootSecret>,
    pub root_secret_file: PathBuf,
    /// Others whose work is still read: of before, or about to be the current one.
    pub previous_root_secrets: Vec<RootSecret>,
    pub tls: Option<TlsFiles>,
    pub trusted_proxies: Vec<IpNet>,
    pub shutdown_delay: Duration,
    pub metrics_listen: Option<SocketAddr>,
    pub deadlines: Deadlines,
    pub log: String,
    pub log_format: LogFormat,
    pub audit_log: AuditShipping,
    /// None: for ever.
    pub audit_retention: Option<Duration>,
}

/// Whether audit records are written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditShipping {
    /// Not by this process.
    Unset,
    /// By nobody any more: none is kept for it.
    Off,
    To(AuditLog),
}

/// By when what has to be done. Not settings: nobody needs others, but a test that does not want to wait.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For the head of a request to arrive.
    pub head: Duration,
    /// For its body.
    pub body: Duration,
    /// From its head to its answer.
    pub request: Duration,
    /// For the last answer, once nothing new is taken. The process is gone 2 seconds later.
    pub last_answer: Duration,
    /// For a client to ask something more on its connection.
    pub idle: Duration,
    /// For a client to take something of what waits to be sent to it.
    pub taking: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            head: seconds(5),
            body: seconds(5),
            request: seconds(10),
            last_answer: seconds(8),
            idle: seconds(5),
            taking: seconds(10),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// May hold a password: it prints no more than its scheme.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({}:..)", self.0.split(':').next().unwrap_or_default())
    }
}

/// Where browsers find the console: a scheme, a host, perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// As browsers send it: `https://console.example.com`.
    pub origin: String,
    pub host: String,
    pub https: bool,
}

impl PublicUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let has_user = !url.username().is_empty() || url.password().is_some();
        let Some(host) = url.host() else { return Err("has no host".to_owned()) };
        if !matches!(url.scheme(), "http" | "https") || !is_bare || has_user {
            return Err("has to be a scheme and a host alone, as https://console.example.com".to_owned());
        }
        let https = url.scheme() == "https";
        if !https && !read::is_loopback(&host) {
            return Err("has to be https: plain HTTP is for loopback only".to_owned());
        }
        Ok(Self { origin: url.origin().ascii_serialization(), host: host.to_string(), https })
    }
}

impl Config {
    /// From the command line, the environment of the process and the file that they name.
    pub fn from_environment(flags: &GlobalFlags) -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let environment = std::env::vars_os();
        Self::load(flags, environment)
    }

    pub fn load<K, V>(flags: &GlobalFlags, env: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let values = &Values::gather(flags, env)?;
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let days = |count: u64| minutes(60 * 24 * count);
        let data_dir = values.required("data_dir", path)?;
        let config = Self {
            listen: values.required("listen", read::address)?,
            public_url: values.optional("public_url", PublicUrl::parse)?,
            database_url: database_url(values, &data_dir)?,
            database_connections: values.required("database_connections", read::number(2, 1000))?,
            migrate: values.required("migrate", read::switch)?,
            brand_name: values.required("brand_name", read::short_text)?,
            first_account_alias: values
                .required("first_account_alias", |text| AccountAlias::parse(text).map_err(|error| error.to_string()))?,
            help_url: values.optional("help_url", read::link)?,
            privacy_url: values.optional("privacy_url", read::link)?,
            accessibility_url: values.optional("accessibility_url", read::link)?,
            session_idle: values.required("session_idle", read::duration(minutes(1), days(30)))?,
            session_absolute: values.required("session_absolute", read::duration(minutes(1), days(30)))?,
            temporary_password_lifetime: values
                .required("temporary_password_lifetime", read::duration(minutes(5), days(90)))?,
            address_limit: values.required("address_limit", read::limit)?,
            common_passwords: common_passwords(values)?,
            hashing: secrets::hashing(values)?,
            root_secret: values.optional("root_secret", |text| RootSecret::parse(text).map_err(str::to_owned))?,
            root_secret_file: values
                .optional("root_secret_file", path)?
                .unwrap_or_else(|| data_dir.join("root-secret")),
            previous_root_secrets: secrets::previous_root_secrets(values)?,
            tls: tls(values)?,
            trusted_proxies: values.optional("trusted_proxies", read::networks)?.unwrap_or_default(),
            shutdown_delay: values.required("shutdown_delay", read::duration(Duration::ZERO, minutes(1)))?,
            metrics_listen: values.optional("metrics_listen", read::address)?,
            deadlines: Deadlines::default(),
            log: values.required("log", read::log_filter)?,
            log_format: values.required("log_format", log_format)?,
            audit_log: values.optional("audit_log", audit_log)?.unwrap_or(AuditShipping::Unset),
            audit_retention: values.required("audit_retention", audit_retention)?,
            data_dir,
        };
        config.check_together(values)?;
        Ok(config)
    }

    /// What no setting can know alone.
    fn check_together(&self, values: &Values) -> Result<(), ConfigError> {
        let is_near = self.listen.ip().to_canonical().is_loopback();
        if !is_near && self.public_url.is_none() {
            return Err(values.error("listen", "an address that others can reach needs MSC_PUBLIC_URL"));
        }
        if !is_near && self.tls.is_none() && self.trusted_proxies.is_empty() {
            let problem = "plain HTTP is for loopback only: give MSC_TLS_CERTIFICATE and MSC_TLS_KEY, or the proxy that speaks HTTPS as MSC_TRUSTED_PROXIES";
            return Err(values.error("listen", problem));
        }
        if self.tls.is_some() && self.public_url.as_ref().is_some_and(|url| !url.https) {
            return Err(values.error("public_url", "is http, but a TLS certificate is configured"));
        }
        if self.session_idle > self.session_absolute {
            return Err(values.error("session_idle", "is longer than MSC_SESSION_ABSOLUTE"));
        }
        authorities::check(values, self.database_url.expose())?;
        values.at_most_one("root_secret", "root_secret_file")
    }

    /// Browsers speak HTTPS to us, directly or through a proxy: cookies are Secure and their names begin with `__Host-`.
    pub fn is_https(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(|url| url.https)
    }

    /// The hosts that a request may be meant for; a request for another one is misdirected (421).
    pub fn known_hosts(&self) -> Vec<String> {
        match &self.public_url {
            Some(url) => vec![url.host.clone()],
            None => ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec(),
        }
    }

    /// Whether a `Host` header names one of them. The port does not matter: it is whichever one the request came in by.
    pub fn knows_host(&self, header: &str) -> bool {
        let end_of_address = header.rfind(']').map_or(0, |at| at + 1);
        let host = match header[end_of_address..].split_once(':') {
            Some((rest, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                &header[..end_of_address + rest.len()]
            }
            Some(_) => return false,
            None => header,
        };
        self.known_hosts().iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(PathBuf::from(text)) }
}

/// A file of one of these names is written with its folder: `./off`.
fn audit_log(text: &str) -> Result<AuditShipping, String> {
    Ok(match text {
        "off" => AuditShipping::Off,
        "stdout" => AuditShipping::To(AuditLog::Stdout),
        file => AuditShipping::To(AuditLog::File(path(file)?)),
    })
}

/// Not less than a day: a shipper that stands still is noticed by then.
fn audit_retention(text: &str) -> Result<Option<Duration>, String> {
    const DAY: Duration = Duration::from_hours(24);
    if text == "forever" {
        return Ok(None);
    }
    let kept = read::duration(Duration::ZERO, Duration::MAX)(text)
        .map_err(|_| "has to be forever, or a duration such as 365d".to_owned())?;
    if (DAY..=DAY * 36_500).contains(&kept) {
        Ok(Some(kept))
    } else {
        Err("has to be from 1d to 36500d, or forever".to_owned())
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("has to be text or json".to_owned()),
    }
}

fn database_url(values: &Values, data_dir: &Path) -> Result<DatabaseUrl, ConfigError> {
    if let Some(url) = values.optional("database_url", read::database_url)? {
        return Ok(DatabaseUrl(url));
    }
    let file = data_dir.join("my-security-credentials.db");
    let Some(file) = file.to_str() else { return Err(values.error("data_dir", "is not valid UTF-8")) };
    // The three that mean something in such a URL.
    let file = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Ok(DatabaseUrl(format!("sqlite://{file}")))
}

fn tls(values: &Values) -> Result<Option<TlsFiles>, ConfigError> {
    match (values.optional("tls_certificate", path)?, values.optional("tls_key", path)?) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(values.error("tls_certificate", "needs MSC_TLS_KEY")),
        (None, Some(_)) => Err(values.error("tls_key", "needs MSC_TLS_CERTIFICATE")),
    }
}

/// A file counts whether the built-in list does or not: so an operator can exchange it.
fn common_passwords(values: &Values) -> Result<CommonPasswords, ConfigError> {
    let is_on = values.required("common_passwords", read::switch)?;
    let common = if is_on { CommonPasswords::built_in() } else { CommonPasswords::default() };
    let with_own = |text: &str| common.clone().with_own(&read::password_list(text)?);
    Ok(values.optional("common_passwords_file", with_own)?.unwrap_or(common))
}

#[cfg(test)]
mod tests;
