//! Names, IDs, paths, ARNs and tags against the patterns that AWS publishes (botocore's service model for IAM): what is
//! taken is what fits, and comes back as it was; what is refused says why.

use super::access_key::AccessKeyId;
use super::account::{AccountAlias, AccountId, AccountName};
use super::arn::{Arn, PolicyArn};
use super::error::ParseError;
use super::group::{GroupId, GroupName};
use super::name::PolicyName;
use super::tag::Tag;
use super::user::{Path, UserId, UserName};
use proptest::prelude::*;
use proptest::sample::Index;
use regex::Regex;
use std::sync::LazyLock;

/// Any text, or one that nearly fits: what the pattern makes, with perhaps one character in it that is anything.
fn near(pattern: &'static str) -> impl Strategy<Value = String> {
    let spoilt = (
        pattern,
        any::<Index>(),
        proptest::option::weighted(0.3, prop_oneof![any::<char>(), proptest::char::range(' ', '\u{7f}')]),
    )
        .prop_map(|(text, at, other)| {
            let mut characters: Vec<char> = text.chars().collect();
            if let Some(other) = other {
                characters.insert(at.index(characters.len() + 1), other);
            }
            characters.into_iter().collect()
        });
    prop_oneof![8 => spoilt, 1 => any::<String>()]
}

fn whole(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a pattern")
}

fn judge<T>(
    text: &str,
    fits: bool,
    parsed: Result<T, ParseError>,
    shown: impl Fn(&T) -> &str,
) -> Result<(), TestCaseError> {
    match parsed {
        Ok(value) => prop_assert!(fits && shown(&value) == text, "{:?} is taken", text),
        Err(error) => prop_assert!(!fits && !error.message().is_empty(), "{:?} is refused: {}", text, error),
    }
    Ok(())
}

/// `$kind`'s parser takes exactly what `$fits` does.
macro_rules! takes_exactly {
    ($($test:ident: $kind:ty, $parse:ident, $near:literal, $fits:literal;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $test(text in near($near)) {
                    static FITS: LazyLock<Regex> = LazyLock::new(|| whole($fits));
                    judge(&text, FITS.is_match(&text), <$kind>::$parse(&text), |value| value.as_str())?;
                }
            )*
        }
    };
}

takes_exactly! {
    a_user_name_is_what_awss_pattern_says: UserName, parse, "[A-Za-z0-9_+=,.@-]{0,66}", "[A-Za-z0-9_+=,.@-]{1,64}";
    a_user_name_that_is_asked_for_may_be_longer: UserName, asked_for, "[A-Za-z0-9_+=,.@-]{0,130}", "[A-Za-z0-9_+=,.@-]{1,128}";
    a_group_name_is_what_awss_pattern_says: GroupName, parse, "[A-Za-z0-9_+=,.@-]{0,130}", "[A-Za-z0-9_+=,.@-]{1,128}";
    a_policy_name_is_what_awss_pattern_says: PolicyName, parse, "[A-Za-z0-9_+=,.@-]{0,130}", "[A-Za-z0-9_+=,.@-]{1,128}";
    a_path_is_what_awss_pattern_says: Path, parse, "/{1,2}[!-~]{0,20}/?|/[!-\u{7f}]{505,515}/", "(/)|(/[\\x21-\\x7f]{1,510}/)";
    a_user_id_is_its_prefix_and_17_more: UserId, parse, "AIDA[A-Z0-9]{16,18}|AGPA[A-Z0-9]{17}", "AIDA[A-Z0-9]{17}";
    a_group_id_is_its_prefix_and_17_more: GroupId, parse, "AGPA[A-Z0-9]{16,18}|AIDA[A-Z0-9]{17}", "AGPA[A-Z0-9]{17}";
    an_access_key_id_is_what_awss_pattern_says: AccessKeyId, parse, "[A-Za-z0-9_]{14,18}|[A-Za-z0-9_]{126,130}", "[A-Za-z0-9_]{16,128}";
    an_account_id_is_12_digits: AccountId, parse, "[0-9]{11,13}", "[0-9]{12}";
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_alias_is_what_awss_pattern_says_and_never_looks_like_an_id(
        text in prop_oneof![near("-?[a-z0-9]{1,3}(--?[a-z0-9]{1,10}){0,7}-?"), near("[0-9]{4}-?[0-9]{4}-?[0-9]{3,5}")],
    ) {
        static FITS: LazyLock<Regex> = LazyLock::new(|| whole("[a-z0-9]+(-[a-z0-9]+)*"));
        static ID: LazyLock<Regex> = LazyLock::new(|| whole("-*([0-9]-*){12}"));
        let fits = FITS.is_match(&text) && (3..=63).contains(&text.len()) && !ID.is_match(&text);
        judge(&text, fits, AccountAlias::parse(&text), AccountAlias::as_str)?;
    }

    #[test]
    fn one_text_names_one_account_however_it_is_typed(id in "[0-9]{12}", alias in "[a-z]{3,20}", typed in near("[ A-Za-z0-9-]{0,30}")) {
        let account = AccountId::parse(&id).unwrap();
        let grouped = account.grouped();
        for text in [&id, &grouped, &format!(" {} ", grouped.replace('-', " "))] {
            prop_assert_eq!(AccountName::parse(text).unwrap(), AccountName::Id(account.clone()), "{:?}", text);
        }
        let name = AccountName::parse(&format!("\t{}\n", alias.to_uppercase())).unwrap();
        prop_assert_eq!(name.as_str(), alias.as_str());
        // Whatever is typed and taken is taken again as it is shown.
        if let Ok(name) = AccountName::parse(&typed) {
            prop_assert_eq!(AccountName::parse(name.as_str()).unwrap(), name);
        }
    }

    #[test]
    fn a_policys_arn_is_its_path_and_name_put_together(
        text in near("arn:aws:iam::(aws|[0-9]{11,12}|x):policy/[a-z]{0,5}(/[!-~]{0,9}){0,2}"),
    ) {
        static FITS: LazyLock<Regex> = LazyLock::new(|| whole("arn:aws:iam::(aws|[0-9]{12}):policy/[\\x21-\\x7e]+"));
        let fits = FITS.is_match(&text) && (20..=2048).contains(&text.len());
        let parsed = PolicyArn::parse(&text);
        if let Ok(arn) = &parsed {
            let (start, resource) = text.split_once(":policy").unwrap();
            prop_assert_eq!(format!("{}{}", arn.path(), arn.policy_name()), resource);
            prop_assert_eq!(arn.is_awss(), start == "arn:aws:iam::aws");
            prop_assert!(Arn::from(arn).as_str() == text);
        }
        judge(&text, fits, parsed, PolicyArn::as_str)?;
    }

    #[test]
    fn a_users_arn_says_who_it_is_and_no_two_users_have_one(
        path in "/([a-z]{1,4}/){0,2}", name in "[A-Za-z0-9_+=,.@-]{1,64}", other in "[A-Za-z0-9_+=,.@-]{1,64}",
    ) {
        let account = AccountId::parse("123456789012").unwrap();
        let arn = |name: &str| Arn::user(&account, &Path::parse(&path).unwrap(), &UserName::parse(name).unwrap());
        let expected = format!("arn:aws:iam::123456789012:user{path}{name}");
        prop_assert!(arn(&name).as_str() == expected);
        prop_assert_eq!(arn(&name) == arn(&other), name == other);
    }

    #[test]
    fn a_tag_is_kept_as_it_is_or_refused(key in near("[Aa][Ww][Ss]:?[a-z]{0,3}|[a-z\u{e9}\u{6f22}0-9 _.:/=+@-]{0,130}"), value in near("[a-z\u{e9} _.:/=+@-]{0,20}|[a-z]{254,258}")) {
        static KEY: LazyLock<Regex> = LazyLock::new(|| whole(r"[\p{Alphabetic}\p{Z}\p{N}_.:/=+\-@]+"));
        static VALUE: LazyLock<Regex> = LazyLock::new(|| whole(r"[\p{Alphabetic}\p{Z}\p{N}_.:/=+\-@]*"));
        // The standard library may know a newer Unicode than the patterns do.
        static NOT_YET: LazyLock<Regex> = LazyLock::new(|| whole(r"(?s).*\p{Cn}.*"));
        prop_assume!(!NOT_YET.is_match(&key) && !NOT_YET.is_match(&value));
        let reserved = key.chars().take(4).flat_map(char::to_lowercase).eq("aws:".chars());
        let lengths_fit = key.chars().count() <= 128 && value.chars().count() <= 256;
        let fits = KEY.is_match(&key) && !reserved && VALUE.is_match(&value) && lengths_fit;
        match Tag::parse(&key, &value) {
            Ok(tag) => prop_assert!(fits && tag.key.as_str() == key && tag.value == value, "{:?}={:?}", key, value),
            Err(error) => prop_assert!(!fits && !error.message().is_empty(), "{:?}={:?}", key, value),
        }
    }
}
