//! Secrets at rest that have to come back in clear: access-key secrets and MFA seeds, under XChaCha20-Poly1305.
//! A sealed value opens only in the place it was made for, so that a row copied over another one gives nothing.
//!
//! Layout: the key's id (8 bytes), the nonce (24 bytes, random: 192 bits never meet), the ciphertext with its tag (16 bytes).
//! The id tells which root secret a value belongs to, so that the root secret can be exchanged while values are read.

use super::identifier::Random;
use super::root_secret::{RootSecret, RootSecrets};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

pub const KEY_ID: usize = 8;
const NONCE: usize = 24;

/// Where a sealed value stands. `owner` is the user's ID: it binds the value to a person even if row IDs were used again.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
    pub owner: &'a str,
}

impl Place<'_> {
    /// Each part with its length, so that no two places read the same.
    fn associated_data(self) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [self.table, self.column, self.row, self.owner] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealError {
    /// Sealed under a root secret that is not given.
    UnknownKey,
    /// Changed since it was sealed, or moved from another place.
    Damaged,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKey => "a sealed value belongs to a root secret that is not given",
            Self::Damaged => "a sealed value was changed or moved",
        })
    }
}

impl std::error::Error for SealError {}

struct SealingKey {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID],
}

impl SealingKey {
    fn new(root: &RootSecret) -> Self {
        let key = root.derive("sealed values");
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&root.derive("id of the key of sealed values").expose()[..KEY_ID]);
        Self { cipher: XChaCha20Poly1305::new(key.expose().into()), id }
    }
}

/// Seals with the current root secret, opens what any of them has sealed. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    current: Arc<SealingKey>,
    previous: Arc<[SealingKey]>,
}

impl Sealer {
    pub fn new(secrets: &RootSecrets) -> Self {
        Self {
            current: Arc::new(SealingKey::new(&secrets.current)),
            previous: secrets.previous.iter().map(SealingKey::new).collect(),
        }
    }

    /// The id with which every value begins that is sealed from now on.
    pub fn current_id(&self) -> &[u8; KEY_ID] {
        &self.current.id
    }

    /// Whether values that begin with this id can be opened.
    pub fn knows(&self, id: &[u8]) -> bool {
        self.keys().any(|key| key.id == id)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&*self.current).chain(&*self.previous)
    }

    #[expect(clippy::missing_panics_doc, reason = "no secret is so long")]
    pub fn seal(&self, random: &Random, place: Place<'_>, clear: &[u8]) -> Vec<u8> {
        let nonce = random.bytes::<NONCE>();
        let payload = Payload { msg: clear, aad: &place.associated_data() };
        let cipher = &self.current.cipher;
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).expect("a secret is far below 256 GiB");
        [&self.current.id[..], &nonce, &sealed].concat()
    }

    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (id, rest) = sealed.split_first_chunk::<KEY_ID>().ok_or(SealError::Damaged)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Damaged)?;
        let key = self.keys().find(|key| key.id == *id).ok_or(SealError::UnknownKey)?;
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        key.cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| SealError::Damaged)
    }

    /// The same secret in the same place, under the current root secret.
    pub fn reseal(&self, random: &Random, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(self.seal(random, place, &self.open(place, sealed)?))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const PLACE: Place<'_> =
        Place { table: "access_keys", column: "secret", row: "AKIAIOSFODNN7EXAMPLE", owner: "AIDACKCEVSQ6C2EXAMPLE" };

    fn sealer() -> Sealer {
        Sealer::new(&RootSecret::generate(&Random::seeded(1)).into())
    }

    #[test]
    fn what_was_sealed_comes_back() {
        for clear in [&b""[..], b"x", b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"] {
            let sealed = sealer().seal(&Random::system(), PLACE, clear);
            assert_eq!(sealer().open(PLACE, &sealed).unwrap().as_slice(), clear);
        }
    }

    #[test]
    fn a_sealed_value_holds_nothing_of_its_clear_text() {
        let sealed = sealer().seal(&Random::system(), PLACE, b"wJalrXUtnFEMI/K7MDENG");
        assert!(!sealed.windows(4).any(|part| b"wJalrXUtnFEMI/K7MDENG".windows(4).any(|clear| part == clear)));
    }

    #[test]
    fn an_operator_can_tell_a_wrong_root_secret_from_a_damaged_row() {
        assert!(SealError::UnknownKey.to_string().contains("root secret"));
        assert!(SealError::Damaged.to_string().contains("changed or moved"));
        assert_eq!(format!("{:?}", sealer()), "Sealer(..)");
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_place_only() {
        let sealed = sealer().seal(&Random::system(), PLACE, b"secret");
        let others = [
            Place { table: "mfa_devices", ..PLACE },
            Place { column: "seed", ..PLACE },
            Place { row: "AKIAI44QH8DHBEXAMPLE", ..PLACE },
            Place { owner: "AIDAIOSFODNN7EXAMPLE1", ..PLACE },
            Place { table: "access_keyss", column: "ecret", ..PLACE },
        ];
        for other in others {
            assert_eq!(sealer().open(other, &sealed).unwrap_err(), SealError::Damaged, "{other:?}");
        }
    }

    #[test]
    fn a_changed_bit_anywhere_is_refused() {
        let sealed = sealer().seal(&Random::system(), PLACE, b"secret");
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(sealer().open(PLACE, &forged).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(sealer().open(PLACE, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn another_root_secret_is_told_from_damage() {
        let sealed = sealer().seal(&Random::system(), PLACE, b"secret");
        let other = Sealer::new(&RootSecret::generate(&Random::seeded(2)).into());
        assert_eq!(other.open(PLACE, &sealed).unwrap_err(), SealError::UnknownKey);
        assert!(!other.knows(&sealed[..KEY_ID]) && sealer().knows(&sealed[..KEY_ID]));
    }

    #[test]
    fn after_an_exchange_what_was_sealed_before_opens_and_is_sealed_anew() {
        let [old, new] = [1, 2].map(|seed| RootSecret::generate(&Random::seeded(seed)));
        let sealed = sealer().seal(&Random::system(), PLACE, b"secret");
        let exchanged = Sealer::new(&RootSecrets::new(new.clone(), vec![old]));
        assert_eq!(exchanged.open(PLACE, &sealed).unwrap().as_slice(), b"secret");
        let resealed = exchanged.reseal(&Random::system(), PLACE, &sealed).unwrap();
        assert_eq!(resealed[..KEY_ID], exchanged.current_id()[..]);
        let alone = Sealer::new(&new.into());
        assert_eq!(alone.open(PLACE, &resealed).unwrap().as_slice(), b"secret");
        assert_eq!(alone.reseal(&Random::system(), PLACE, &sealed), Err(SealError::UnknownKey));
        let elsewhere = Place { row: "AKIAI44QH8DHBEXAMPLE", ..PLACE };
        assert_eq!(exchanged.reseal(&Random::system(), elsewhere, &sealed), Err(SealError::Damaged));
    }

    #[test]
    fn under_a_previous_root_secret_too_a_value_opens_in_its_own_place_only_and_unchanged() {
        let [old, new] = [1, 2].map(|seed| RootSecret::generate(&Random::seeded(seed)));
        let exchanged = Sealer::new(&RootSecrets::new(new, vec![old]));
        let sealed = sealer().seal(&Random::system(), PLACE, b"secret");
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(exchanged.open(PLACE, &forged).is_err(), "bit {bit}");
        }
        let mut relabelled = sealed.clone();
        relabelled[..KEY_ID].copy_from_slice(exchanged.current_id());
        assert_eq!(exchanged.open(PLACE, &relabelled).unwrap_err(), SealError::Damaged);
    }

    #[test]
    fn no_nonce_comes_twice() {
        let random = Random::system();
        let nonces: HashSet<Vec<u8>> =
            (0..1000).map(|_| sealer().seal(&random, PLACE, b"secret")[KEY_ID..KEY_ID + NONCE].to_vec()).collect();
        assert_eq!(nonces.len(), 1000);
    }
}
