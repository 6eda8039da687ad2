//! The random source, and all that is made of it: identifiers, tokens, one-time passwords. Also the comparison of secrets.
//! The only file that asks the system for randomness (but for salts): tests give a seeded source instead.

use crate::domain::access_key::{AccessKeyId, SecretAccessKey};
use crate::domain::account::AccountId;
use crate::domain::group::GroupId;
use crate::domain::managed_policy::PolicyId;
use crate::domain::user::UserId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::{OsRng, StdRng};
use rand::{RngCore, SeedableRng, TryRngCore};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The alphabet of AWS's unique identifiers: RFC 4648 base32.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The alphabet of AWS's secret access keys: RFC 4648 base64.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Without what is easily mistaken for something else when it is read aloud or copied by hand.
const UPPERCASE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWERCASE: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
/// Of the symbols that IAM counts, those that no shell and no web page treats as its own.
const SYMBOLS: &[u8] = b"%+-=@_";

/// Where randomness comes from. Cheap to clone; clones of a seeded source share its sequence.
#[derive(Clone)]
pub struct Random(Option<Arc<Mutex<StdRng>>>);

impl Random {
    /// The operating system's source.
    pub fn system() -> Self {
        Self(None)
    }

    /// The same sequence for the same seed: for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done then.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            None => OsRng.try_fill_bytes(bytes).expect("the operating system gives randomness"),
            Some(seeded) => seeded.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes),
        }
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Below `bound`, every number equally likely.
    fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize has at most 64 bits");
        // The last, incomplete round of the bound would prefer small numbers.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = u64::from_le_bytes(self.bytes());
            if drawn < limit {
                return usize::try_from(drawn % bound).expect("it is below a usize");
            }
        }
    }

    fn one_of(&self, alphabet: &[u8]) -> char {
        char::from(alphabet[self.below(alphabet.len())])
    }

    fn text(&self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| self.one_of(alphabet)).collect()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Random(seeded)" } else { "Random(system)" })
    }
}

/// `AIDA` and 17 characters: 85 bits.
#[expect(clippy::missing_panics_doc, reason = "what it makes has the form")]
pub fn user_id(random: &Random) -> UserId {
    UserId::parse(&format!("AIDA{}", random.text(BASE32, 17))).expect("it is made in the form of a user ID")
}

/// `AGPA` and 17 characters.
#[expect(clippy::missing_panics_doc, reason = "what it makes has the form")]
pub fn group_id(random: &Random) -> GroupId {
    GroupId::parse(&format!("AGPA{}", random.text(BASE32, 17))).expect("it is made in the form of a group ID")
}

/// `ANPA` and 17 characters.
#[expect(clippy::missing_panics_doc, reason = "what it makes has the form")]
pub fn policy_id(random: &Random) -> PolicyId {
    PolicyId::parse(&format!("ANPA{}", random.text(BASE32, 17))).expect("it is made in the form of a policy ID")
}

/// `AKIA` and 16 characters: a long-term key.
#[expect(clippy::missing_panics_doc, reason = "what it makes has the form")]
pub fn access_key_id(random: &Random) -> AccessKeyId {
    AccessKeyId::parse(&format!("AKIA{}", random.text(BASE32, 16))).expect("it is made in the form of a key ID")
}

/// 40 characters of base64's alphabet, as AWS makes them: 240 bits.
pub fn secret_access_key(random: &Random) -> SecretAccessKey {
    let mut secret = Zeroizing::new(String::with_capacity(40));
    (0..40).for_each(|_| secret.push(random.one_of(BASE64)));
    SecretAccessKey::new(secret)
}

/// Twelve digits, the first not 0, so that no spreadsheet shortens it.
#[expect(clippy::missing_panics_doc, reason = "what it makes has the form")]
pub fn account_id(random: &Random) -> AccountId {
    let text = format!("{}{}", random.one_of(b"123456789"), random.text(b"0123456789", 11));
    AccountId::parse(&text).expect("it is made in the form of an account ID")
}

/// 64 hexadecimal digits: what S3 calls an account.
pub fn canonical_user_id(random: &Random) -> String {
    hex(&random.bytes::<32>())
}

/// 256 bits in URL-safe base64, 43 characters: session keys, device IDs, what must not be guessed.
pub fn token(random: &Random) -> String {
    URL_SAFE_NO_PAD.encode(random.bytes::<32>())
}

/// A UUID of version 4, in the form of AWS's request IDs.
pub fn request_id(random: &Random) -> String {
    uuid(4, random.bytes())
}

/// A UUID of version 7 (RFC 9562, 5.7): 48 bits are the milliseconds of `now`, 74 are random. What is written at the same time
/// has its place side by side in an index, however much is in it; CloudTrail says of its event IDs only that they are UUIDs.
pub fn event_id(random: &Random, now: OffsetDateTime) -> String {
    let mut bytes = random.bytes::<16>();
    let milliseconds = now.unix_timestamp_nanos() / 1_000_000;
    bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[10..]);
    uuid(7, bytes)
}

fn uuid(version: u8, mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A password for one sign-in, with all four kinds of character. `length` is kept between 12 (about 70 bits) and 128.
pub fn one_time_password(random: &Random, length: usize) -> Zeroizing<String> {
    let length = length.clamp(12, 128);
    let kinds = [UPPERCASE, LOWERCASE, DIGITS, SYMBOLS];
    let any = kinds.concat();
    let mut password = Zeroizing::new(vec![0; length]);
    // Drawn again until every kind is there: which place has which kind stays random.
    loop {
        for place in password.iter_mut() {
            *place = any[random.below(any.len())];
        }
        if kinds.iter().all(|kind| password.iter().any(|byte| kind.contains(byte))) {
            return Zeroizing::new(password.iter().copied().map(char::from).collect());
        }
    }
}

/// In small letters.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{AccountAlias, AccountId};
    use crate::domain::common_passwords::CommonPasswords;
    use crate::domain::password::TypedPassword;
    use crate::domain::refused_words::{Owner, RefusedWords};
    use crate::domain::user::UserName;
    use std::collections::HashSet;

    #[test]
    fn a_seeded_source_repeats_itself_and_clones_share_it() {
        let (one, two) = (Random::seeded(5), Random::seeded(5));
        assert_eq!(token(&one), token(&two));
        assert_ne!(token(&one), token(&Random::seeded(6)));
        let mut expected = HashSet::new();
        for _ in 0..3 {
            expected.insert(token(&two.clone()));
        }
        assert_eq!(expected.len(), 3);
    }

    #[test]
    fn the_system_source_does_not_repeat_itself() {
        let tokens: HashSet<String> = (0..1000).map(|_| token(&Random::system())).collect();
        assert_eq!(tokens.len(), 1000);
    }

    #[test]
    fn identifiers_have_awss_form() {
        let random = Random::seeded(1);
        for _ in 0..200 {
            let user = user_id(&random);
            let user = user.as_str();
            assert!(
                user.len() == 21 && user.starts_with("AIDA") && user.bytes().all(|b| BASE32.contains(&b)),
                "{user}"
            );
            assert!(!account_id(&random).as_str().starts_with('0'));
            let key = access_key_id(&random);
            assert!(key.as_str().len() == 20 && key.as_str().starts_with("AKIA"), "{key}");
            let secret = secret_access_key(&random);
            assert!(secret.expose().len() == 40 && secret.expose().bytes().all(|b| BASE64.contains(&b)));
            assert!(group_id(&random).as_str().starts_with("AGPA"));
            assert!(policy_id(&random).as_str().starts_with("ANPA"));
        }
    }

    #[test]
    fn event_ids_are_in_the_order_of_their_time_and_are_never_the_same() {
        // The example of RFC 9562, A.6.
        let (random, now) = (Random::seeded(4), time::macros::datetime!(2022-02-22 14:22:22 -5));
        assert!(event_id(&random, now).starts_with("017f22e2-79b0-7"), "{}", event_id(&random, now));
        let mut ids: Vec<_> = (0..1000).map(|n| event_id(&random, now + time::Duration::milliseconds(n))).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 36 && "89ab".contains(&id[19..20])));
        ids.extend((0..1000).map(|_| event_id(&random, now)));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 2000);
    }

    #[test]
    fn every_character_of_an_alphabet_is_equally_likely() {
        let random = Random::seeded(2);
        let mut counts = [0_u32; 32];
        for character in random.text(BASE32, 32_000).bytes() {
            counts[BASE32.iter().position(|b| *b == character).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn only_numbers_of_the_last_incomplete_round_are_drawn_again() {
        let half = (1 << 63) + 1;
        for bound in [1, 6, 10, 32, 64, half] {
            let (random, source) = (Random::seeded(8), Random::seeded(8));
            let below = u64::try_from(bound).unwrap();
            for _ in 0..500 {
                let mut drawn = u64::from_le_bytes(source.bytes());
                while bound == half && drawn >= below {
                    drawn = u64::from_le_bytes(source.bytes());
                }
                assert_eq!(u64::try_from(random.below(bound)).unwrap(), drawn % below, "{bound}");
            }
        }
    }

    #[test]
    fn a_canonical_user_id_is_64_hexadecimal_digits_and_another_for_each_account() {
        let random = Random::seeded(9);
        let (one, two) = (canonical_user_id(&random), canonical_user_id(&random));
        assert!(one.len() == 64 && one.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{one}");
        assert_ne!(one, two);
        assert_eq!(hex(&[0x00, 0x09, 0xaf, 0xf0]), "0009aff0");
    }

    #[test]
    fn a_source_prints_what_it_is_and_not_what_it_gives() {
        assert_eq!(format!("{:?} {:?}", Random::system(), Random::seeded(1)), "Random(system) Random(seeded)");
    }

    #[test]
    fn a_token_has_256_bits_and_fits_a_url() {
        let token = token(&Random::system());
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let random = Random::seeded(3);
        for _ in 0..100 {
            let id = request_id(&random);
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(parts[2].starts_with('4') && "89ab".contains(&parts[3][..1]), "{id}");
        }
    }

    #[test]
    fn a_one_time_password_has_all_four_kinds_at_any_length() {
        let random = Random::seeded(4);
        for (asked, given) in [(0, 12), (12, 12), (20, 20), (128, 128), (500, 128)] {
            for _ in 0..50 {
                let password = one_time_password(&random, asked);
                assert_eq!(password.len(), given);
                for kind in [UPPERCASE, LOWERCASE, DIGITS, SYMBOLS] {
                    assert!(password.bytes().any(|b| kind.contains(&b)), "{}", *password);
                }
            }
        }
    }

    #[test]
    fn a_one_time_password_is_never_refused_for_its_words() {
        let random = Random::seeded(8);
        let user_name = UserName::parse("zora.quimby@example.com").unwrap();
        let (account_id, alias) =
            (AccountId::parse("314159265358").unwrap(), AccountAlias::parse("kettle-works").unwrap());
        let owner = Owner { user_name: &user_name, account_id: &account_id, account_alias: Some(&alias) };
        let words = RefusedWords::new(CommonPasswords::built_in(), "Blue Harbour");
        for length in [24, 25, 64, 128] {
            for _ in 0..200 {
                let password = one_time_password(&random, length);
                assert_eq!(words.violations(&TypedPassword::new(&password), &owner), [], "{}", *password);
            }
        }
    }
}
