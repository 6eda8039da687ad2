//! Parameters of any names and values: each is taken as what it is or refused by name; none is passed over in silence.

use super::*;
use crate::query_api::members::{MARKER, MAX_ITEMS, TAG_KEYS, TAGS, USER_NAME, flag, not_served, one_of};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

const MEMBERS: [Member; 8] = [
    USER_NAME,
    TAGS,
    TAG_KEYS,
    MARKER,
    MAX_ITEMS,
    flag("Forced"),
    one_of("Status", &["Active", "Inactive"]),
    not_served("PermissionsBoundary"),
];

fn pairs(pairs: &[(String, String)]) -> Pairs {
    pairs.iter().map(|(name, value)| (Zeroizing::new(name.clone()), Zeroizing::new(value.clone()))).collect()
}

fn message(error: &ApiError) -> String {
    format!("{error:?}")
}

/// Names that are nearly those of the members.
fn name() -> impl Strategy<Value = String> {
    let whole =
        select(vec!["UserName", "Marker", "MaxItems", "Forced", "Status", "PermissionsBoundary", "Tags", "TagKeys"]);
    let list = (
        select(vec!["Tags.member.", "TagKeys.member.", "Tags.", "tags.member.", "Tags.member"]),
        select(vec!["1", "2", "3", "0", "01", "+1", "-1", "", "18446744073709551616", "1x", "\u{661}"]),
        select(vec!["", ".Key", ".Value", ".Key.x", ".", ".key"]),
    );
    let list = list.prop_map(|(list, number, part)| format!("{list}{number}{part}"));
    prop_oneof![4 => whole.prop_map(str::to_owned), 6 => list, 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![select(vec!["", "a", "true", "false", "Active", "7", "1001"]).prop_map(str::to_owned), any::<String>()]
}

#[test]
fn a_name_that_goes_on_with_a_dot_and_nothing_is_not_the_one_before_it() {
    for name in ["TagKeys.member.1.", "Tags.member.1.", "Tags.member.1.Key."] {
        let given = [(name.to_owned(), "a".to_owned())];
        let error = Parameters::check(Fields::of(pairs(&given)).unwrap(), &MEMBERS).err().expect(name);
        assert!(message(&error).contains(name) && message(&error).contains("is not recognized"), "{}", message(&error));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_name_stands_once_and_there_are_no_more_than_150(names in vec("[a-z]{1,3}", 0..MOST_FIELDS + 10)) {
        let given: Vec<(String, String)> = names.iter().map(|name| (name.clone(), String::new())).collect();
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        match Fields::of(pairs(&given)) {
            Ok(fields) => prop_assert!(distinct.len() == names.len() && names.len() <= MOST_FIELDS && fields.0.len() == names.len()),
            Err(error) => {
                let says = if names.len() > MOST_FIELDS { "more than 150 parameters" } else { "stands more than once" };
                prop_assert!(message(&error).contains(says) && (names.len() > MOST_FIELDS || distinct.len() < names.len()));
            }
        }
    }

    /// What was taken, put together again, is all that was sent.
    #[test]
    fn nothing_that_was_sent_is_passed_over(given in btree_map(name(), value(), 0..8)) {
        let given: Vec<(String, String)> = given.into_iter().collect();
        let taken = Parameters::check(Fields::of(pairs(&given)).unwrap(), &MEMBERS);
        match taken {
            Ok(mut taken) => {
                let mut back: BTreeMap<String, String> =
                    taken.values.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
                for (number, tag) in (1..).zip(taken.tags()) {
                    back.insert(format!("Tags.member.{number}.Key"), tag.key.as_str().to_owned());
                    back.insert(format!("Tags.member.{number}.Value"), tag.value);
                }
                for (number, key) in (1..).zip(taken.tag_keys()) {
                    back.insert(format!("TagKeys.member.{number}"), key.as_str().to_owned());
                }
                // An empty list is sent as the name alone.
                let sent = given.into_iter().filter(|(name, _)| name != "Tags" && name != "TagKeys");
                prop_assert_eq!(back, sent.collect::<BTreeMap<_, _>>());
                let is_known = |name: &str, known: bool| taken.text(name).is_none() || known;
                prop_assert!(is_known("MaxItems", taken.number("MaxItems").is_some_and(|number| (1..=1000).contains(&number))));
                prop_assert!(is_known("Forced", taken.flag("Forced").is_some()));
            }
            Err(error) => {
                prop_assert_eq!(error.code(), "ValidationError");
                let says = ["is not recognized", "failed to satisfy constraint", "is invalid"];
                prop_assert!(says.iter().any(|says| message(&error).contains(says)), "{:?}", error);
            }
        }
    }

    #[test]
    fn tags_come_in_the_order_of_their_numbers_however_they_are_sent(
        tags in btree_map("[a-z]{1,8}", "[a-z]{0,8}", 1..=MOST_TAGS),
        turned in any::<proptest::sample::Index>(),
    ) {
        let mut given = Vec::new();
        for (number, (key, value)) in (1..).zip(&tags) {
            given.push((format!("Tags.member.{number}.Value"), value.clone()));
            given.push((format!("Tags.member.{number}.Key"), key.clone()));
        }
        let by = turned.index(given.len());
        given.rotate_left(by);
        let mut taken = Parameters::check(Fields::of(pairs(&given)).unwrap(), &[TAGS]).unwrap();
        let read: Vec<(String, String)> =
            taken.tags().into_iter().map(|tag| (tag.key.as_str().to_owned(), tag.value)).collect();
        prop_assert_eq!(read, tags.clone().into_iter().collect::<Vec<_>>());
        // A number that is left out is told, whichever it is.
        let hole = turned.index(tags.len()) + 1;
        given.retain(|(name, _)| !name.starts_with(&format!("Tags.member.{hole}.")));
        let outcome = Parameters::check(Fields::of(pairs(&given)).unwrap(), &[TAGS]);
        prop_assert_eq!(outcome.is_ok(), hole == tags.len());
    }
}

#[test]
fn no_value_comes_back_in_a_message() {
    let secret = "wJalrXUtnFEMI\u{1}";
    for name in
        ["UserName", "Marker", "MaxItems", "Forced", "Status", "Tags", "Tags.member.1.Key", "PermissionsBoundary"]
    {
        let given = [(name.to_owned(), secret.to_owned())];
        let error = Parameters::check(Fields::of(pairs(&given)).unwrap(), &MEMBERS).err().expect(name);
        assert!(!message(&error).contains("wJalr"), "{error:?}");
    }
}
