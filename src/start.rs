//! From a configuration to an `App`: the database is opened, the root secret read, and the two are held against each
//! other. Nothing is guessed: a database without its secret, a secret without its database, or two that do not fit stop
//! the start with one line, and nothing is ever made over something that is there.
//!
//! Why another root secret than that of the database may be the current one: while it is exchanged, some nodes seal with
//! the one and some with the other, and each knows both. That of the database has to be among those that are given; it
//! becomes the current one when `rotate-keys` has found nothing that is sealed with another.

mod kept_key;
mod secret_place;

use crate::address_limit::AddressLimit;
use crate::app::{App, Keys, Lifetimes, Settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::identifier::Random;
use crate::crypto::password_hash::Hasher;
use crate::crypto::root_secret::RootSecrets;
use crate::crypto::sealed::Sealer;
use crate::domain::error::told;
use crate::domain::refused_words::RefusedWords;
use crate::start_error::StartError;
use crate::store::installation::ROOT_SECRET_CHECK;
use crate::store::sealed_values::SEALED_COLUMNS;
use crate::store::{DatabaseSettings, SchemaState, Store, StoreError};
use secret_place::{KeptSecret, SecretPlace};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a sentence of the store waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Opens what lives as long as the process; on an empty data folder, makes it.
pub async fn open(config: &Config, clock: Clock, random: Random) -> Result<Arc<App>, StartError> {
    make_data_folder(&config.data_dir)?;
    let place = SecretPlace::of(config);
    let kept = place.read()?;
    // A secret in its place belongs to a database: where that is gone, a new one is not what anybody wants.
    let store = open_store(config, &kept, !matches!(kept, KeptSecret::InPlace(_))).await?;
    let keys = migrated(config, &store, &place, kept, &random).await;
    finish(config, store, keys, clock, random).await
}

/// Opens a database whose root secret is lost. Nothing in it is changed yet: that is what the operation is for.
pub async fn open_without_its_secret(config: &Config, clock: Clock, random: Random) -> Result<Arc<App>, StartError> {
    let place = SecretPlace::of(config);
    let kept = place.read()?;
    let store = open_store(config, &kept, false).await?;
    let keys = without_its_secret(config, &store, &place, kept, &random).await;
    finish(config, store, keys, clock, random).await
}

/// The secret that has taken the place of the lost one gets its name.
pub fn settle_secret(config: &Config) -> Result<(), StartError> {
    let place = SecretPlace::of(config);
    let is_fresh = matches!(place.read()?, KeptSecret::Fresh(_));
    place.settle(is_fresh)
}

async fn finish(
    config: &Config,
    store: Store,
    keys: Result<Keys, StartError>,
    clock: Clock,
    random: Random,
) -> Result<Arc<App>, StartError> {
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => {
            store.close().await;
            return Err(error);
        }
    };
    let hasher = Hasher::start(config.hashing.clone());
    let settings = Settings {
        lifetimes: lifetimes(config)?,
        address_limit: AddressLimit::per_minute(config.address_limit),
        refused_words: RefusedWords::new(config.common_passwords.clone(), &config.brand_name),
    };
    let app = Arc::new(App::new(store, hasher, keys, clock, random, settings));
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

async fn open_store(config: &Config, kept: &KeptSecret, create_if_missing: bool) -> Result<Store, StartError> {
    let settings = DatabaseSettings {
        url: config.database_url.expose().to_owned(),
        connections: config.database_connections,
        acquire_timeout: ACQUIRE_TIMEOUT,
        create_if_missing,
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
) -> Result<Keys, StartError> {
    let state = store.schema_state().await.map_err(database)?;
    let is_new = matches!(state, SchemaState::Empty);
    if matches!(state, SchemaState::Empty | SchemaState::Behind) && !config.migrate {
        let message = "MSC_MIGRATE=off: the database is not up to date; run `my-security-credentials migrate`";
        return Err(StartError(message.to_owned()));
    }
    let is_fresh = matches!(kept, KeptSecret::Fresh(_) | KeptSecret::Nowhere);
    let secret = place.choose(kept, is_new, random)?;
    let secrets = RootSecrets::new(secret, config.previous_root_secrets.clone());
    if !is_new {
        // Before anything is written, so that a wrong secret or a newer database changes nothing.
        let stands = store.installation_value(ROOT_SECRET_CHECK).await.map_err(database)?;
        if stands.is_some_and(|value| !secrets.any_fits(&value)) {
            return Err(does_not_fit());
        }
    }
    migrate(store, state).await?;
    let own = secrets.current.check_value();
    let stands = store.set_installation_value(ROOT_SECRET_CHECK, &own).await.map_err(database)?;
    if !secrets.any_fits(&stands) {
        return Err(does_not_fit());
    }
    match sealed_with_others(store, &secrets).await? {
        0 => {}
        values => return Err(sealed_with_another(&format!("access keys ({values})"))),
    }
    let throttle_key = kept_key::throttle_key(store, &secrets, random).await?;
    place.settle(is_fresh)?;
    Ok(Keys { root_secrets: secrets, throttle_key })
}

async fn migrate(store: &Store, state: SchemaState) -> Result<(), StartError> {
    match state {
        SchemaState::Newer { compatible: false } => Err(StartError(
            "MSC_DATABASE_URL: the database belongs to a newer version of this program, which this one does not understand".to_owned(),
        )),
        SchemaState::Empty | SchemaState::Behind => store.migrate().await.map_err(database),
        SchemaState::Current | SchemaState::Newer { compatible: true } => Ok(()),
    }
}

async fn without_its_secret(
    config: &Config,
    store: &Store,
    place: &SecretPlace,
    kept: KeptSecret,
    random: &Random,
) -> Result<Keys, StartError> {
    let state = store.schema_state().await.map_err(database)?;
    if matches!(state, SchemaState::Empty) {
        return Err(StartError("MSC_DATABASE_URL: the database is empty: it has lost no root secret".to_owned()));
    }
    migrate(store, state).await?;
    let stands = store.installation_value(ROOT_SECRET_CHECK).await.map_err(database)?;
    let secrets = RootSecrets::new(place.choose_anew(kept, random)?, config.previous_root_secrets.clone());
    let (throttle_key, is_lost) = kept_key::throttle_key_or_new(store, &secrets, random).await?;
    if stands.is_none_or(|value| secrets.any_fits(&value))
        && !is_lost
        && sealed_with_others(store, &secrets).await? == 0
    {
        let message = "MSC_ROOT_SECRET: nothing is lost: the database belongs to a root secret that is given, and so does all that is sealed in it";
        return Err(StartError(message.to_owned()));
    }
    Ok(Keys { root_secrets: secrets, throttle_key })
}

/// How many values are sealed with a root secret that is not given.
async fn sealed_with_others(store: &Store, secrets: &RootSecrets) -> Result<u64, StartError> {
    let sealer = Sealer::new(secrets);
    let mut values = 0;
    for column in &SEALED_COLUMNS {
        for key_id in store.sealing_keys(column).await.map_err(database)? {
            if !sealer.knows(&key_id) {
                values += store.count_sealed_with(column, &key_id).await.map_err(database)?;
            }
        }
    }
    Ok(values)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn database(error: StoreError) -> StartError {
    StartError(format!("MSC_DATABASE_URL: {}", told(&error)))
}

fn does_not_fit() -> StartError {
    let message = "MSC_ROOT_SECRET: the root secret does not belong to this database; restore the one that does; \
        after an exchange, give the one before as MSC_PREVIOUS_ROOT_SECRETS until `rotate-keys` has said that it can be taken away; \
        if it is lost, see `my-security-credentials replace-lost-root-secret --help`";
    StartError(message.to_owned())
}

fn sealed_with_another(what: &str) -> StartError {
    StartError(format!(
        "MSC_PREVIOUS_ROOT_SECRETS: the database holds {what} that are sealed with a root secret that is not given; \
         give it here, run `rotate-keys`, and take it away when that says so"
    ))
}
