//! The table of all settings: from it come the names in the environment, in the file and on the command line, the help text,
//! the defaults, and (by a test) README's table. A new setting is one row here and one field of `Config`.

use clap::{Arg, ArgMatches, Command};
use std::collections::BTreeMap;

/// How carefully a value is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    Open,
    /// May hold a password: never printed.
    Hidden,
    /// Never printed, and no flag: every process of a machine can read the command lines of the others.
    Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// As one would write it.
    Value(&'static str),
    /// Depends on the machine or on other settings; here in words.
    Computed(&'static str),
    Unset,
}

/// One setting. `key` is its name in the file; `MSC_` and the key in capitals in the environment; with hyphens as a flag.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub key: &'static str,
    pub default: DefaultValue,
    pub care: Care,
    pub help: &'static str,
}

use Care::{Hidden, Open, Secret};
use DefaultValue::{Computed, Unset, Value};

const fn row(key: &'static str, default: DefaultValue, care: Care, help: &'static str) -> Setting {
    Setting { key, default, care, help }
}

#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    row("config", Unset, Open, "TOML file with settings (not itself a setting of the file)"),
    row("listen", Value("127.0.0.1:8080"), Open, "Address and port to listen on; port 0 takes a free one"),
    row("public_url", Unset, Open, "Where browsers find the console, as https://console.example.com; needed off loopback"),
    row("data_dir", Value("./data"), Open, "Folder of the SQLite database and the root secret"),
    row("database_url", Computed("SQLite in the data folder"), Hidden, "sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full"),
    row("database_connections", Value("10"), Open, "How many connections to the database are kept at most"),
    row("migrate", Value("on"), Open, "Whether a start brings the database up to date: on or off"),
    row("brand_name", Value("Identity Console"), Open, "The name in the title of every page"),
    row("first_account_alias", Value("my-account"), Open, "Alias of the account that the first start makes"),
    row("help_url", Unset, Open, "Where the link \"Help\" leads"),
    row("privacy_url", Unset, Open, "Where the link \"Privacy\" leads"),
    row("accessibility_url", Unset, Open, "Where the link \"Accessibility\" leads"),
    row("session_idle", Value("1h"), Open, "A session ends after so long without a request"),
    row("session_absolute", Value("12h"), Open, "A session ends so long after the sign-in, whatever happens"),
    row("temporary_password_lifetime", Value("7d"), Open, "A password that an administrator or the command line has set can be used for so long"),
    row("address_limit", Value("60"), Open, "How many password checks one address may ask for in a minute; off for no limit"),
    row("argon2_memory_kib", Value("19456"), Open, "Memory of one password hash, in KiB"),
    row("argon2_passes", Value("2"), Open, "Passes of one password hash"),
    row("argon2_lanes", Value("1"), Open, "Lanes of one password hash"),
    row("hashing_threads", Computed("one per core"), Open, "How many passwords are hashed at once; each takes its memory"),
    row("hashing_queue", Value("64"), Open, "How many passwords may wait to be hashed; more are answered with 503"),
    row("hashing_patience", Value("2s"), Open, "How long a password may wait to be hashed before the answer is 503"),
    row("pepper", Unset, Secret, "Secret mixed into every password hash: at least 32 bytes, in hex or base64"),
    row("pepper_file", Unset, Open, "File with the pepper, mode 0600"),
    row("pepper_id", Computed("1, with a pepper"), Open, "Name of the pepper, kept in each hash: 1 to 8 letters, digits, - or _"),
    row("previous_peppers", Unset, Secret, "Peppers of older hashes, as ID:SECRET,ID:SECRET"),
    row("previous_peppers_file", Unset, Open, "File with peppers of older hashes, one ID:SECRET a line, mode 0600"),
    row("root_secret", Unset, Secret, "The secret of all keys: 32 bytes, in hex or base64"),
    row("root_secret_file", Computed("root-secret in the data folder"), Open, "File with the root secret, mode 0600; the first start makes it"),
    row("tls_certificate", Unset, Open, "PEM file with the certificate chain; together with the key"),
    row("tls_key", Unset, Open, "PEM file with the private key of the certificate"),
    row("trusted_proxies", Unset, Open, "Networks whose forwarded headers are believed, as 10.0.0.0/8,192.0.2.7"),
    row("log", Value("info"), Open, "What is logged: a level, or a list such as info,my_security_credentials=debug"),
    row("log_format", Value("text"), Open, "How it is logged: text or json"),
];

impl Setting {
    /// As `MSC_SESSION_IDLE`.
    pub fn variable(&self) -> String {
        format!("MSC_{}", self.key.to_ascii_uppercase())
    }

    /// As `--session-idle`; a secret has none.
    pub fn flag(&self) -> Option<String> {
        (self.care != Secret).then(|| format!("--{}", self.key.replace('_', "-")))
    }
}

/// The settings on the command line, before or after the subcommand.
#[derive(Debug, Clone, Default)]
pub struct GlobalFlags(BTreeMap<&'static str, String>);

impl GlobalFlags {
    /// As if the flag stood on the command line.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(key, value.into());
        self
    }

    pub(super) fn given(&self) -> &BTreeMap<&'static str, String> {
        &self.0
    }
}

impl clap::Args for GlobalFlags {
    fn augment_args(command: Command) -> Command {
        let (secrets, flags): (Vec<&Setting>, Vec<&Setting>) =
            SETTINGS.iter().partition(|setting| setting.care == Secret);
        let secrets: Vec<String> =
            secrets.iter().map(|setting| format!("  {}  {}", setting.variable(), setting.help)).collect();
        let after = format!("Settings without a flag, for the environment or the file:\n{}", secrets.join("\n"));
        let command = command.next_help_heading("Settings").after_long_help(after);
        flags.into_iter().fold(command, |command, setting| {
            let default = match setting.default {
                Value(text) | Computed(text) => format!(" [default: {text}]"),
                Unset => String::new(),
            };
            command.arg(
                Arg::new(setting.key)
                    .long(setting.key.replace('_', "-"))
                    .value_name("VALUE")
                    .global(true)
                    .hide_short_help(true)
                    .help(format!("{}{default} [env: {}]", setting.help, setting.variable())),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for GlobalFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS.iter().filter(|setting| setting.care != Secret) {
            if let Some(value) = matches.get_one::<String>(setting.key) {
                self.0.insert(setting.key, value.clone());
            }
        }
        Ok(())
    }
}
