//! What lives as long as the process: the store, the hasher, the keys, the clock, the random source, the settings
//! that operations read. No door and no operation makes one of these for itself.

use crate::address_limit::AddressLimit;
use crate::clock::Clock;
use crate::crypto::identifier::Random;
use crate::crypto::password_hash::Hasher;
use crate::crypto::password_hash::Parameters;
use crate::crypto::root_secret::{Key32, RootSecret};
use crate::crypto::sealed::Sealer;
use crate::store::Store;
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

/// What every request shares.
pub struct App {
    pub store: Store,
    pub hasher: Hasher,
    pub root_secret: RootSecret,
    pub sealer: Sealer,
    pub clock: Clock,
    pub random: Random,
    pub lifetimes: Lifetimes,
    pub address_limit: AddressLimit,
    /// Names the buckets in which tries of passwords are counted.
    pub throttle_key: Key32,
    /// Somebody chose a password of their own: what was kept for their first sign-in is no longer needed.
    pub password_chosen: Notify,
    common_parameters: RwLock<Option<Parameters>>,
}

impl App {
    pub fn new(
        store: Store,
        hasher: Hasher,
        root_secret: RootSecret,
        clock: Clock,
        random: Random,
        lifetimes: Lifetimes,
        address_limit: AddressLimit,
    ) -> Self {
        Self {
            store,
            hasher,
            sealer: Sealer::new(&root_secret),
            throttle_key: root_secret.derive("throttle"),
            root_secret,
            clock,
            random,
            lifetimes,
            address_limit,
            password_chosen: Notify::new(),
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
