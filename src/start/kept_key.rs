//! The throttle key at the start of the program: made by the first start that finds none, opened by every other.

use super::{database, sealed_with_another};
use crate::crypto::identifier::Random;
use crate::crypto::root_secret::{Key32, RootSecrets};
use crate::crypto::sealed::{SealError, Sealer};
use crate::crypto::throttle_key;
use crate::start_error::StartError;
use crate::store::Store;
use crate::store::installation::THROTTLE_KEY;

/// That which stands: of two nodes that begin at once, the first one's.
pub(super) async fn throttle_key(store: &Store, secrets: &RootSecrets, random: &Random) -> Result<Key32, StartError> {
    let sealer = Sealer::new(secrets);
    let stands = store.installation_value(THROTTLE_KEY).await.map_err(database)?;
    let kept = if let Some(kept) = stands {
        kept
    } else {
        let own = throttle_key::seal(&sealer, random, &Key32::generate(random));
        store.set_installation_value(THROTTLE_KEY, &own).await.map_err(database)?
    };
    throttle_key::open(&sealer, &kept).map_err(|error| match error {
        SealError::UnknownKey => sealed_with_another("values (the key that tries of passwords are counted by)"),
        SealError::Damaged => StartError(
            "MSC_DATABASE_URL: the key that tries of passwords are counted by was changed in the database; \
             `replace-lost-root-secret` makes another one"
                .to_owned(),
        ),
    })
}

/// The same where the root secret is lost, and whether the key is lost with it: a new one then, which is kept nowhere yet.
pub(super) async fn throttle_key_or_new(
    store: &Store,
    secrets: &RootSecrets,
    random: &Random,
) -> Result<(Key32, bool), StartError> {
    let kept = store.installation_value(THROTTLE_KEY).await.map_err(database)?;
    let opened = kept.as_deref().map(|kept| throttle_key::open(&Sealer::new(secrets), kept));
    Ok(match opened {
        Some(Ok(key)) => (key, false),
        Some(Err(_)) => (Key32::generate(random), true),
        None => (Key32::generate(random), false),
    })
}
