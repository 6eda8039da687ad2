//! The token of a form: an HMAC of what identifies the browser's session, or its visit before there is one.
//! Nothing is stored. It is masked anew in every response, because pages are compressed (BREACH).

use crate::crypto::identifier::Random;
use crate::crypto::root_secret::{Key32, RootSecret, RootSecrets};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const LENGTH: usize = 32;

/// The key of all tokens; and those of other root secrets, so that a form that is open while the secret is exchanged can
/// still be sent.
pub struct TokenKey {
    current: Key32,
    previous: Vec<Key32>,
}

impl TokenKey {
    pub fn new(secrets: &RootSecrets) -> Self {
        let derive = |root: &RootSecret| root.derive("csrf token");
        Self { current: derive(&secrets.current), previous: secrets.previous.iter().map(derive).collect() }
    }

    /// A token for `subject`: a session's hash or a visit's value.
    pub fn token(&self, subject: &str, random: &Random) -> String {
        let mask = random.bytes::<LENGTH>();
        let masked = xor(&self.current.mac(&[subject.as_bytes()]), &mask);
        URL_SAFE_NO_PAD.encode([mask, masked].concat())
    }

    pub fn accepts(&self, subject: &str, token: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
        let Some((mask, masked)) = bytes.split_first_chunk::<LENGTH>() else { return false };
        let Ok(masked) = <[u8; LENGTH]>::try_from(masked) else { return false };
        let tag = xor(&masked, mask);
        std::iter::once(&self.current).chain(&self.previous).any(|key| key.verifies(&[subject.as_bytes()], &tag))
    }
}

fn xor(a: &[u8; LENGTH], b: &[u8; LENGTH]) -> [u8; LENGTH] {
    std::array::from_fn(|i| a[i] ^ b[i])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_is_taken_for_its_subject_whatever_that_is_and_no_text_is_a_token(
            subject in any::<String>(), other in any::<String>(), text in "\\PC{0,120}|[A-Za-z0-9_-]{86}",
        ) {
            let (key, random) = key();
            let token = key.token(&subject, &random);
            prop_assert!(key.accepts(&subject, &token));
            prop_assert_eq!(key.accepts(&other, &token), other == subject);
            prop_assert!(!key.accepts(&subject, &text));
        }
    }

    fn key() -> (TokenKey, Random) {
        let random = Random::seeded(1);
        (TokenKey::new(&RootSecret::generate(&random).into()), random)
    }

    #[test]
    fn a_token_is_taken_for_its_own_subject_only() {
        let (key, random) = key();
        let token = key.token("alice", &random);
        assert!(key.accepts("alice", &token));
        assert!(!key.accepts("bob", &token));
        assert!(!TokenKey::new(&RootSecret::generate(&random).into()).accepts("alice", &token));
    }

    #[test]
    fn a_token_of_a_previous_root_secret_is_taken_and_none_is_made() {
        let random = Random::seeded(1);
        let [old, new] = [(); 2].map(|()| RootSecret::generate(&random));
        let (before, after) = (TokenKey::new(&old.clone().into()), TokenKey::new(&RootSecrets::new(new, vec![old])));
        let token = before.token("alice", &random);
        assert!(after.accepts("alice", &token) && !after.accepts("bob", &token));
        assert!(!before.accepts("alice", &after.token("alice", &random)));
    }

    #[test]
    fn no_two_responses_hold_the_same_token() {
        let (key, random) = key();
        assert_ne!(key.token("alice", &random), key.token("alice", &random));
    }

    #[test]
    fn a_token_with_one_bit_turned_or_cut_is_refused() {
        let (key, random) = key();
        let token = key.token("alice", &random);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut turned = bytes.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.accepts("alice", &URL_SAFE_NO_PAD.encode(turned)), "bit {bit}");
        }
        for wrong in ["", "a", &token[..token.len() - 2], &format!("{token}AA"), "%%%"] {
            assert!(!key.accepts("alice", wrong), "{wrong}");
        }
    }
}
