//! Where values come from: command line over environment over file over default; and the one line that an operator reads
//! when one of them cannot be used.

use super::settings::{Care, DefaultValue, GlobalFlags, SETTINGS, Setting};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    CommandLine,
    Environment,
    File(PathBuf),
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment => f.write_str("environment"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Why the program does not start: one line with the setting, where it was given, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    fn new(what: impl fmt::Display, source: &Source, problem: impl fmt::Display) -> Self {
        // Whatever stands in a value, the line stays one line.
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        Self(format!("{what} ({source}): {problem}").chars().map(clean).collect())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Variables that are not settings of ours: the libraries read them by themselves, whatever we make of them.
const FOREIGN: [&str; 2] = ["SSL_CERT_FILE", "PGSSLROOTCERT"];

/// The values of all settings that have one.
pub(super) struct Values {
    given: BTreeMap<&'static str, (String, Source)>,
    foreign: BTreeMap<&'static str, OsString>,
}

impl Values {
    pub(super) fn gather<K, V>(flags: &GlobalFlags, env: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let env: Vec<(OsString, OsString)> = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let foreign = FOREIGN.into_iter().filter_map(|name| {
            let (_, value) = env.iter().find(|(own, _)| own == name)?;
            Some((name, value.clone()))
        });
        let foreign = foreign.collect();
        let environment = read_environment(env)?;
        let on_command_line: Dict =
            flags.given().iter().map(|(key, value)| ((*key).to_owned(), value.clone().into())).collect();
        let mut figment = Figment::new();
        let file = [(&on_command_line, Source::CommandLine), (&environment, Source::Environment)]
            .into_iter()
            .find_map(|(layer, source)| Some((PathBuf::from(layer.get("config")?.as_str()?), source)));
        if let Some((path, source)) = file {
            figment = figment.merge(Layer(Source::File(path.clone()), read_file(&path, &source)?));
        }
        let figment =
            figment.merge(Layer(Source::Environment, environment)).merge(Layer(Source::CommandLine, on_command_line));
        let mut given = BTreeMap::new();
        for setting in SETTINGS {
            if let Ok(value) = figment.find_value(setting.key) {
                let source = figment.get_metadata(value.tag()).map_or(Source::Default, source_of);
                let text = text_of(&value).ok_or_else(|| {
                    ConfigError::new(setting.key, &source, "has to be a text, a number or a list of them")
                })?;
                given.insert(setting.key, (text, source));
            } else if let DefaultValue::Value(text) = setting.default {
                given.insert(setting.key, (text.to_owned(), Source::Default));
            }
        }
        Ok(Self { given, foreign })
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(|(text, _)| text.as_str())
    }

    /// `None` where the setting has no value.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        self.text(key).map(|text| read(text).map_err(|problem| self.error(key, problem))).transpose()
    }

    /// For a setting whose default is a value.
    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        self.optional(key, read)?.ok_or_else(|| self.error(key, "is needed"))
    }

    /// Two ways to say one thing.
    pub(super) fn at_most_one(&self, one: &str, other: &str) -> Result<(), ConfigError> {
        if self.text(one).is_some() && self.text(other).is_some() {
            return Err(self.error(one, format!("give either this or {}", setting_named(other).variable())));
        }
        Ok(())
    }

    /// What a variable holds that a library reads by itself.
    pub(super) fn foreign(&self, name: &str) -> Option<&OsStr> {
        self.foreign.get(name).map(OsString::as_os_str)
    }

    pub(super) fn foreign_error(&self, name: &str, problem: impl fmt::Display) -> ConfigError {
        let value = self.foreign(name).unwrap_or_default();
        ConfigError::new(format!("{name}={}", value.display()), &Source::Environment, problem)
    }

    /// The line about a setting, in the spelling of the place where it was given.
    pub(super) fn error(&self, key: &str, problem: impl fmt::Display) -> ConfigError {
        let setting = setting_named(key);
        let Some((text, source)) = self.given.get(key) else {
            return ConfigError::new(setting.variable(), &Source::Default, problem);
        };
        let name = match source {
            Source::CommandLine => setting.flag().unwrap_or_else(|| setting.variable()),
            Source::File(_) => key.to_owned(),
            Source::Environment | Source::Default => setting.variable(),
        };
        let shown = if setting.care == Care::Open { format!("{name}={text}") } else { name };
        ConfigError::new(shown, source, problem)
    }
}

fn setting_named(key: &str) -> &'static Setting {
    SETTINGS.iter().find(|setting| setting.key == key).expect("every key that is read stands in the table")
}

/// One source for figment, which remembers for every value where it came from.
struct Layer(Source, Dict);

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        match &self.0 {
            Source::File(path) => Metadata::from("file", path.as_path()),
            other => Metadata::named(other.to_string()),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.1.clone()))
    }
}

fn source_of(metadata: &Metadata) -> Source {
    match (metadata.source.as_ref(), metadata.name.as_ref()) {
        (Some(figment::Source::File(path)), _) => Source::File(path.clone()),
        (_, "command line") => Source::CommandLine,
        _ => Source::Environment,
    }
}

/// A list is joined by commas: the form in which the environment has it.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Bool(_, flag) => Some(flag.to_string()),
        Value::Num(_, number) => number.to_i128().map(|n| n.to_string()).or_else(|| Some(number.to_f64()?.to_string())),
        Value::Array(_, items) => items.iter().map(text_of).collect::<Option<Vec<_>>>().map(|texts| texts.join(",")),
        _ => None,
    }
}

/// A variable that is set to nothing counts as not set: compose files cannot leave one out.
fn read_environment<K, V>(env: impl IntoIterator<Item = (K, V)>) -> Result<Dict, ConfigError>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let mut given = Dict::new();
    for (name, value) in env {
        let Some(name) = name.into().to_str().filter(|name| name.starts_with("MSC_")).map(str::to_owned) else {
            continue;
        };
        if is_service_link(&name) {
            continue;
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) else {
            let names = SETTINGS.iter().map(Setting::variable);
            return Err(unknown(&name, &Source::Environment, names));
        };
        let value = value.into().into_string();
        let value = value.map_err(|_| ConfigError::new(&name, &Source::Environment, "is not valid UTF-8"))?;
        if !value.is_empty() {
            given.insert(setting.key.to_owned(), value.into());
        }
    }
    Ok(given)
}

/// What Kubernetes puts into every container for a service that is called `msc`.
fn is_service_link(name: &str) -> bool {
    name == "MSC_PORT"
        || ["MSC_PORT_", "MSC_SERVICE_HOST", "MSC_SERVICE_PORT"].iter().any(|start| name.starts_with(start))
}

fn read_file(path: &Path, named_by: &Source) -> Result<Dict, ConfigError> {
    let source = Source::File(path.to_owned());
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(format!("MSC_CONFIG={}", path.display()), named_by, error))?;
    let dict: Dict = Toml::from_str(&text).map_err(|error| {
        // The lines between quote the file, and with it perhaps a secret.
        let message = error.to_string();
        let (first, last) = (message.lines().next().unwrap_or_default(), message.lines().last().unwrap_or_default());
        ConfigError::new("MSC_CONFIG", &source, format!("{first}: {last}"))
    })?;
    for (key, value) in &dict {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key && key != "config") else {
            let names = SETTINGS.iter().skip(1).map(|setting| setting.key.to_owned());
            return Err(unknown(key, &source, names));
        };
        let has_password =
            || value.as_str().and_then(|text| url::Url::parse(text).ok()?.password().map(drop)).is_some();
        let secret = setting.care == Care::Secret || setting.care == Care::Hidden && has_password();
        if secret && is_open_to_others(path) {
            return Err(ConfigError::new(
                key,
                &source,
                "others can use this file, and here is a secret in it; chmod 600 it",
            ));
        }
    }
    Ok(dict)
}

fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).map_or(true, |about| about.permissions().mode() & 0o077 != 0)
}

fn unknown(name: &str, source: &Source, names: impl Iterator<Item = String>) -> ConfigError {
    let nearest = names.map(|other| (distance(name, &other), other)).min();
    let hint = match nearest {
        Some((steps, other)) if steps <= 1 + name.len() / 5 => format!("; did you mean {other}?"),
        _ => String::new(),
    };
    ConfigError::new(name, source, format!("no such setting{hint}"))
}

/// How many letters must be put in, taken out or replaced (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.chars().count()]
}
