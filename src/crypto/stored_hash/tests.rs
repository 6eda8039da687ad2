//! PHC strings of any kind: what is taken is bounded and says the same when it is written again.

use super::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn parse(text: &str) -> Result<StoredHash, HashingError> {
    StoredHash::parse(&PasswordHash::from_phc(text.to_owned()))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// Put together by hand, so that nothing of the library's is believed.
fn phc((memory, passes, lanes): (u32, u32, u32), key_id: &str, salt: &[u8], output: &[u8]) -> String {
    let key_id = if key_id.is_empty() { String::new() } else { format!(",keyid={}", base64(key_id.as_bytes())) };
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}{key_id}${}${}", base64(salt), base64(output))
}

#[test]
fn the_pepper_of_a_hash_is_read_from_its_parameters() {
    let encoded = base64(b"k1");
    assert_eq!(pepper_id(&format!("m=19456,t=2,p=1,keyid={encoded}")).as_deref(), Some("k1"));
    assert_eq!(pepper_id("m=19456,t=2,p=1,keyid=?"), Some("?".to_owned()), "no pepper of ours is shown as it stands");
    assert_eq!(pepper_id("m=19456,t=2,p=1"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_hash_is_taken_if_it_costs_what_a_hash_may_cost_and_says_what_it_said(
        cost in (0_u32..300_000, 0_u32..70, 0_u32..20),
        key_id in "[a-z0-9]{0,8}",
        salt in proptest::collection::vec(any::<u8>(), 8..=48),
        output in proptest::collection::vec(any::<u8>(), 10..=64),
    ) {
        let text = phc(cost, &key_id, &salt, &output);
        let (memory, passes, lanes) = cost;
        let is_cheap = (1..=16).contains(&lanes) && (1..=64).contains(&passes) && memory >= 8 * lanes && memory <= 262_144
            && u64::from(memory) * u64::from(passes) <= 4_194_304;
        match parse(&text) {
            Ok(stored) => {
                prop_assert!(is_cheap && output.len() >= 16, "{}", text);
                prop_assert_eq!(stored.parameters(), Parameters { memory_kib: memory, passes, lanes });
                let written = stored.recipe.phc(&output).unwrap();
                prop_assert_eq!(written.as_phc(), text.as_str());
                prop_assert!(bool::from(stored.equals(&output)) && !bool::from(stored.equals(&output[1..])));
            }
            Err(error) => prop_assert!(!is_cheap || output.len() < 16, "{}: {}", text, error),
        }
        // What the database counts by says the same, or nothing.
        let counted = Parameters::parse(&format!("m={memory},t={passes},p={lanes}"));
        prop_assert_eq!(counted, is_cheap.then_some(Parameters { memory_kib: memory, passes, lanes }));
    }

    #[test]
    fn a_hash_with_another_character_in_it_is_refused_or_bounded_and_never_the_same(
        at in any::<Index>(), other in prop_oneof![any::<char>(), select(vec!['$', '=', ',', '0', 'A', '/'])],
    ) {
        let text = phc((19_456, 2, 1), "1", &[7; 16], &[9; 32]);
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        prop_assume!(characters[at] != other);
        characters[at] = other;
        if let Ok(stored) = parse(&characters.into_iter().collect::<String>()) {
            prop_assert!(stored.parameters().are_bounded());
            let original = parse(&text).unwrap();
            let same_recipe = stored.recipe == original.recipe;
            prop_assert!(!same_recipe || !bool::from(stored.equals(&[9; 32])), "position {}", at);
        }
    }

    #[test]
    fn any_text_is_refused_with_a_reason(
        text in any::<String>(),
        pieces in proptest::collection::vec(select(vec![
            "$", "argon2id", "argon2i", "v=19", "v=16", "m=19456", "m=4294967296", "t=2", "p=1", ",", "keyid=", "data=AAAA", "c2FsdHNhbHQ", "=", " ",
        ]), 0..14),
    ) {
        for text in [text, pieces.concat()] {
            let parameters = Parameters::parse(&text);
            prop_assert!(parameters.is_none_or(Parameters::are_bounded));
            match parse(&text) {
                Ok(stored) => prop_assert!(stored.parameters().are_bounded()),
                Err(error) => prop_assert!(error.to_string().len() > 10),
            }
        }
    }
}
