//! The key that names the buckets in which tries of passwords are counted: random, made once for an installation, and kept
//! in its database as text, sealed.
//!
//! Why it is not derived from the root secret: while that is exchanged, nodes with the old one and nodes with the new one
//! would each have a count of their own, and every count would begin anew with the exchange.

use super::identifier::Random;
use super::root_secret::Key32;
use super::sealed::{KEY_ID, Place, SealError, Sealer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const PLACE: Place<'static> = Place { table: "installation", column: "value", row: "throttle_key", owner: "" };

/// As it is kept.
pub fn seal(sealer: &Sealer, random: &Random, key: &Key32) -> String {
    STANDARD.encode(sealer.seal(random, PLACE, key.expose()))
}

pub fn open(sealer: &Sealer, kept: &str) -> Result<Key32, SealError> {
    let clear = sealer.open(PLACE, &bytes(kept)?)?;
    let exact: [u8; 32] = clear.as_slice().try_into().map_err(|_| SealError::Damaged)?;
    Ok(Key32::from(Zeroizing::new(exact)))
}

/// Whether it is sealed with the current root secret.
pub fn is_current(sealer: &Sealer, kept: &str) -> bool {
    bytes(kept).is_ok_and(|sealed| sealed.get(..KEY_ID) == Some(&sealer.current_id()[..]))
}

fn bytes(kept: &str) -> Result<Vec<u8>, SealError> {
    STANDARD.decode(kept).map_err(|_| SealError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::root_secret::{RootSecret, RootSecrets};

    #[test]
    fn the_key_comes_back_under_every_root_secret_that_is_listed_and_under_no_other() {
        let [old, new, other] = [1, 2, 3].map(|seed| RootSecret::generate(&Random::seeded(seed)));
        let random = Random::seeded(4);
        let key = Key32::generate(&random);
        let sealer = Sealer::new(&old.clone().into());
        let kept = seal(&sealer, &random, &key);
        assert!(is_current(&sealer, &kept));
        let exchanged = Sealer::new(&RootSecrets::new(new, vec![old]));
        assert_eq!(open(&exchanged, &kept).unwrap().expose(), key.expose());
        assert!(!is_current(&exchanged, &kept));
        let anew = seal(&exchanged, &random, &open(&exchanged, &kept).unwrap());
        assert!(is_current(&exchanged, &anew));
        let stranger = Sealer::new(&other.into());
        assert_eq!(open(&stranger, &kept).unwrap_err(), SealError::UnknownKey);
        for damaged in ["", "?", &kept[..kept.len() - 4], &kept[4..]] {
            assert!(open(&exchanged, damaged).is_err(), "{damaged}");
            assert!(!is_current(&sealer, "") && !is_current(&sealer, "?"));
        }
    }
}
