//! What lives as long as the process: the store, the hasher, the keys, the clock, the random source, the settings
//! that operations read. No door and no operation makes one of these for itself.

use crate::address_limit::AddressLimit;
use crate::clock::Clock;
use crate::crypto::identifier::Random;
use crate::crypto::password_hash::Hasher;
use crate::crypto::password_hash::Parameters;
use crate::crypto::root_secret::{Key32, RootSecrets};
use crate::crypto::sealed::Sealer;
use crate::domain::refused_words::RefusedWords;
use crate::stopping::Stopping;
use crate::store::Store;
use crate::turns::Turns;
use std::sync::{PoisonError, RwLock};
use time::Duration;
use tokio::sync::Notify;

/// How long things live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// A session that is not used ends after this.
    pub session_idle: Duration,
    /// Every session ends after this.
    pub session_absolute: Duration,
    /// A password that somebody else chose opens nothing after this.
    pub temporary_password: Duration,
}

/// Of the configuration, what operations go by.
pub struct Settings {
    pub lifetimes: Lifetimes,
    pub address_limit: AddressLimit,
    pub refused_words: RefusedWords,
}

/// The root secrets, and what is kept sealed with them.
pub struct Keys {
    pub root_secrets: RootSecrets,
    pub throttle_key: Key32,
}

/// What every request shares.
pub struct App {
    pub store: Store,
    pub hasher: Hasher,
    pub root_secrets: RootSecrets,
    pub sealer: Sealer,
    pub clock: Clock,
    pub random: Random,
    pub lifetimes: Lifetimes,
    pub address_limit: AddressLimit,
    /// Names the buckets in which tries of passwords are counted: the same on every node, whatever its root secret.
    pub throttle_key: Key32,
    pub turns: Turns,
    /// What a new password is held against.
    pub refused_words: RefusedWords,
    /// Somebody chose a password of their own: what was kept for their first sign-in is no longer needed.
    pub password_chosen: Notify,
    pub stopping: Stopping,
    common_parameters: RwLock<Option<Parameters>>,
}

impl App {
    pub fn new(store: Store, hasher: Hasher, keys: Keys, clock: Clock, random: Random, settings: Settings) -> Self {
        let Settings { lifetimes, address_limit, refused_words } = settings;
        let Keys { root_secrets, throttle_key } = keys;
        Self {
            store,
            hasher,
            sealer: Sealer::new(&root_secrets),
            throttle_key,
            turns: Turns::default(),
            root_secrets,
            clock,
            random,
            lifetimes,
            address_limit,
            refused_words,
            password_chosen: Notify::new(),
            stopping: Stopping::default(),
            common_parameters: RwLock::default(),
        }
    }

    /// Those that most stored password hashes have: a hash that stands for none costs as much.
    pub fn common_parameters(&self) -> Option<Parameters> {
        *self.common_parameters.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_common_parameters(&self, parameters: Option<Parameters>) {
        *self.common_parameters.write().unwrap_or_else(PoisonError::into_inner) = parameters;
    }
}
