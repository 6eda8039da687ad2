//! From a configuration to an `App`: the database is opened, the root secret read, and the two are held against each
//! other. Nothing is guessed: a database without its secret, a secret without its database, or two that do not fit stop
//! the start with one line, and nothing is ever made over something that is there.
//!
//! Why the secret has a first name: it is written beside its place, the database takes its check value, and then it is
//! moved there. A start that was cut off in between is taken up where it ended.

use crate::address_limit::AddressLimit;
use crate::app::{App, Lifetimes};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::identifier::Random;
use crate::crypto::password_hash::Hasher;
use crate::crypto::root_secret::{RootSecret, create_root_secret, read_root_secret};
use crate::domain::error::told;
use crate::start_error::StartError;
use crate::store::{DatabaseSettings, SchemaState, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a sentence of the store waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// The name of the key check value in the database.
const CHECK_VALUE: &str = "root_secret_check";

/// Opens what lives as long as the process; on an empty data folder, makes it.
pub async fn open(config: &Config, clock: Clock, random: Random) -> Result<Arc<App>, StartError> {
    make_data_folder(&config.data_dir)?;
    let place = SecretPlace::of(config);
    let kept = place.read()?;
    let store = open_store(config, &kept).await?;
    let root_secret = match migrated(config, &store, &place, kept, &random).await {
        Ok(secret) => secret,
        Err(error) => {
            store.close().await;
            return Err(error);
        }
    };
    let hasher = Hasher::start(config.hashing.clone());
    let address_limit = AddressLimit::per_minute(config.address_limit);
    let app = Arc::new(App::new(store, hasher, root_secret, clock, random, lifetimes(config)?, address_limit));
    crate::operations::housekeeping::refresh_common_parameters(&app).await;
    Ok(app)
}

fn lifetimes(config: &Config) -> Result<Lifetimes, StartError> {
    let whole = |duration: Duration| time::Duration::try_from(duration).map_err(|error| StartError(error.to_string()));
    Ok(Lifetimes {
        session_idle: whole(config.session_idle)?,
        session_absolute: whole(config.session_absolute)?,
        temporary_password: whole(config.temporary_password_lifetime)?,
    })
}

fn make_data_folder(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| StartError(format!("MSC_DATA_DIR: cannot make the folder {}: {error}", folder.display())))
}

async fn open_store(config: &Config, kept: &KeptSecret) -> Result<Store, StartError> {
    let settings = DatabaseSettings {
        url: config.database_url.expose().to_owned(),
        connections: config.database_connections,
        acquire_timeout: ACQUIRE_TIMEOUT,
        // A secret in its place belongs to a database: where that is gone, a new one is not what anybody wants.
        create_if_missing: !matches!(kept, KeptSecret::InPlace(_)),
    };
    Store::open(&settings).await.map_err(|error| {
        let hint = match kept {
            KeptSecret::InPlace(_) => {
                " (the root secret is there; if its database is gone, restore both from a back-up)"
            }
            _ => "",
        };
        StartError(format!("MSC_DATABASE_URL: {}{hint}", told(&error)))
    })
}

async fn migrated(
    config: &Config,
    store: &Store,
    place: &SecretPlace,
    kept: KeptSecret,
    random: &Random,
) -> Result<RootSecret, StartError> {
    let database = |error: crate::store::StoreError| StartError(format!("MSC_DATABASE_URL: {}", told(&error)));
    let state = store.schema_state().await.map_err(database)?;
    let is_new = matches!(state, SchemaState::Empty);
    if matches!(state, SchemaState::Empty | SchemaState::Behind) && !config.migrate {
        let message = "MSC_MIGRATE=off: the database is not up to date; run `my-security-credentials migrate`";
        return Err(StartError(message.to_owned()));
    }
    let is_fresh = matches!(kept, KeptSecret::Fresh(_) | KeptSecret::Nowhere);
    let secret = place.choose(kept, is_new, random)?;
    if !is_new {
        // Before anything is written, so that a wrong secret or a newer database changes nothing.
        fits(store, &secret).await?;
    }
    match state {
        SchemaState::Newer { compatible: false } => {
            return Err(StartError(
                "MSC_DATABASE_URL: the database belongs to a newer version of this program, which this one does not understand".to_owned(),
            ));
        }
        SchemaState::Empty | SchemaState::Behind => store.migrate().await.map_err(database)?,
        SchemaState::Current | SchemaState::Newer { compatible: true } => {}
    }
    let stands = store.set_installation_value(CHECK_VALUE, &secret.check_value()).await.map_err(database)?;
    if !secret.fits(&stands) {
        return Err(does_not_fit());
    }
    place.settle(is_fresh)?;
    Ok(secret)
}

async fn fits(store: &Store, secret: &RootSecret) -> Result<(), StartError> {
    match store.installation_value(CHECK_VALUE).await {
        Ok(Some(value)) if !secret.fits(&value) => Err(does_not_fit()),
        Ok(_) => Ok(()),
        Err(error) => Err(StartError(format!("MSC_DATABASE_URL: {}", told(&error)))),
    }
}

fn does_not_fit() -> StartError {
    StartError(
        "MSC_ROOT_SECRET: the root secret does not belong to this database; restore the one that does".to_owned(),
    )
}

/// Where the root secret is kept.
struct SecretPlace {
    given: Option<RootSecret>,
    file: PathBuf,
    /// Where it is until the database has its check value.
    fresh: PathBuf,
}

/// What is there.
enum KeptSecret {
    Given(RootSecret),
    InPlace(RootSecret),
    /// Of a first start that was cut off.
    Fresh(RootSecret),
    Nowhere,
}

impl SecretPlace {
    fn of(config: &Config) -> Self {
        let file = config.root_secret_file.clone();
        let mut fresh = file.clone().into_os_string();
        fresh.push(".new");
        Self { given: config.root_secret.clone(), file, fresh: fresh.into() }
    }

    fn read(&self) -> Result<KeptSecret, StartError> {
        if let Some(given) = &self.given {
            return Ok(KeptSecret::Given(given.clone()));
        }
        let read =
            |path: &Path| read_root_secret(path).map_err(|error| StartError(format!("MSC_ROOT_SECRET_FILE: {error}")));
        Ok(match (read(&self.file)?, read(&self.fresh)?) {
            (Some(secret), _) => KeptSecret::InPlace(secret),
            (None, Some(secret)) => KeptSecret::Fresh(secret),
            (None, None) => KeptSecret::Nowhere,
        })
    }

    fn choose(&self, kept: KeptSecret, is_new: bool, random: &Random) -> Result<RootSecret, StartError> {
        match kept {
            KeptSecret::Given(secret) | KeptSecret::Fresh(secret) => Ok(secret),
            KeptSecret::InPlace(secret) if !is_new => Ok(secret),
            KeptSecret::InPlace(_) => Err(StartError(format!(
                "MSC_DATABASE_URL: the database is empty, but {} holds a root secret; restore its database, or move the secret away",
                self.file.display()
            ))),
            KeptSecret::Nowhere if is_new => match create_root_secret(&self.fresh, random) {
                Ok(secret) => Ok(secret),
                // Another process begins at the same moment: its secret is ours.
                Err(error) if error.already_exists() => match self.read()? {
                    KeptSecret::InPlace(secret) | KeptSecret::Fresh(secret) => Ok(secret),
                    _ => Err(StartError(format!("MSC_ROOT_SECRET_FILE: {error}"))),
                },
                Err(error) => Err(StartError(format!("MSC_ROOT_SECRET_FILE: {error}"))),
            },
            KeptSecret::Nowhere => match self.read()? {
                // It was made between our look at its place and that at the database.
                KeptSecret::InPlace(secret) | KeptSecret::Fresh(secret) => Ok(secret),
                _ => Err(StartError(format!(
                    "MSC_ROOT_SECRET_FILE: the database is in use, but its root secret is not at {}; restore it, or give it as MSC_ROOT_SECRET",
                    self.file.display()
                ))),
            },
        }
    }

    /// The database holds the check value: the fresh secret gets its name, which is nobody's yet. A draft that is left
    /// beside a secret in its place is of no use and of no harm.
    fn settle(&self, is_fresh: bool) -> Result<(), StartError> {
        if !is_fresh {
            return Ok(());
        }
        // Unlike a renaming, a link never replaces what is there. Another process may have done the same.
        let linked = match std::fs::hard_link(&self.fresh, &self.file) {
            Err(_) if self.file.exists() => Ok(()),
            other => other,
        };
        let removed = linked.and_then(|()| match std::fs::remove_file(&self.fresh) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        });
        removed.map_err(|error| StartError(format!("MSC_ROOT_SECRET_FILE: {}: {error}", self.file.display())))
    }
}
